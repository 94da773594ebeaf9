"""Which language to speak: the settings', else the terminal's."""

import os
from collections.abc import Sequence
from pathlib import Path

from backend.model.errors import DsyncError
from backend.settings import load_settings
from backend.texts import LANGUAGES, Texts, language_of
from backend.texts.languages import supported

AUTO = "auto"
"""What ``console.language`` says where the terminal is to decide."""
_KERNEL_CONSOLE = "linux"
"""``TERM`` of Linux' own console, whose fonts hold at most 512 characters: no script of East Asia can be shown."""


def texts_of_terminal() -> Texts:
    """The catalogue in the terminal's language."""
    return Texts("en" if os.environ.get("TERM") == _KERNEL_CONSOLE else language_of(os.environ))


def texts_of_setting(language: str) -> Texts:
    """The catalogue in the language that ``console.language`` names."""
    return texts_of_terminal() if language == AUTO else Texts(language)


def missing_language(texts: Texts, language: str) -> str | None:
    """What to tell where ``console.language`` names a language that there is not; None where there is nothing to."""
    if language == AUTO or supported(language) is not None:
        return None
    known = ", ".join(f"{code} ({title})" for code, title in LANGUAGES.items())
    return texts.text("language.none", name=language, known=known)


def texts_of_call(argv: Sequence[str]) -> Texts:
    """The catalogue for a call, before its arguments are understood: what they mean may have to be told in it.

    Settings that cannot be read decide nothing; the command that needs them says what is wrong.
    """
    try:
        return texts_of_setting(load_settings(_config_of(argv)).console.language)
    except DsyncError:
        return texts_of_terminal()


def _config_of(argv: Sequence[str]) -> Path | None:
    for place, word in enumerate(argv):
        if word == "--config" and place + 1 < len(argv):
            return Path(argv[place + 1])
        if word.startswith("--config="):
            return Path(word.partition("=")[2])
    return None
