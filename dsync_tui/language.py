"""Which language to speak: the settings', else the terminal's."""

import os
from collections.abc import Sequence
from pathlib import Path

from backend.model.errors import DsyncError
from backend.settings import load_settings
from backend.texts import LANGUAGES, Call, Texts, language_of
from backend.texts.calls import PLAIN_CALL
from backend.texts.languages import supported

AUTO = "auto"
"""What ``console.language`` says where the terminal is to decide."""
_KERNEL_CONSOLE = "linux"
"""``TERM`` of Linux' own console, whose fonts hold at most 512 characters: no script of East Asia can be shown."""


def texts_of_terminal(call: Call = PLAIN_CALL) -> Texts:
    """The catalogue in the terminal's language."""
    return Texts("en" if os.environ.get("TERM") == _KERNEL_CONSOLE else language_of(os.environ), call)


def texts_of_setting(language: str, call: Call = PLAIN_CALL) -> Texts:
    """The catalogue in the language that ``console.language`` names."""
    return texts_of_terminal(call) if language == AUTO else Texts(language, call)


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
    call = Call(_option(argv, "--config"), _option(argv, "--host"), _option(argv, "--ssh-config"))
    try:
        settings = load_settings(Path(call.config) if call.config else None)
        return texts_of_setting(settings.console.language, call)
    except DsyncError:
        return texts_of_terminal(call)


def _option(argv: Sequence[str], name: str) -> str:
    """The value of an option; "" where it is not there."""
    for place, word in enumerate(argv):
        if word == name and place + 1 < len(argv):
            return argv[place + 1]
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""
