"""Which languages the texts are to be had in, and which of them a setting or an environment asks for. Pure."""

from collections.abc import Mapping

ENGLISH = "en"
CHINESE = "zh_CN"

LANGUAGES: Mapping[str, str] = {ENGLISH: "English", CHINESE: "简体中文"}
"""Code (as in a locale's name) -> what its speakers call it."""

_TRADITIONAL = frozenset({"tw", "hk", "mo", "hant"})
"""Territories and the script that write Traditional Chinese: English serves their readers better than a mix."""
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In the order in which the C library looks at them: locale(7)."""
_NO_LANGUAGE = frozenset({"", "C", "POSIX"})


def supported(code: str) -> str | None:
    """Return the language that serves a code such as ``zh_CN.UTF-8``, ``zh-Hans`` or ``en_GB``; None for none."""
    words = code.partition(".")[0].partition("@")[0].replace("-", "_").casefold().split("_")
    if words[0] == ENGLISH:
        return ENGLISH
    if words[0] == "zh" and not _TRADITIONAL.intersection(words[1:]):
        return CHINESE
    return None


def language_of(environ: Mapping[str, str]) -> str:
    """Return the language that an environment asks for; English where it names none that there is.

    ``LANGUAGE``, a list of languages in the order of preference, counts only where the locale is not that of C: GNU
    gettext's manual, "The LANGUAGE variable".
    """
    locale = next((value for name in _VARIABLES if (value := environ.get(name))), "")
    if locale.partition(".")[0] in _NO_LANGUAGE:
        return ENGLISH
    preferred = [code for code in environ.get("LANGUAGE", "").split(":") if code]
    return next((found for code in [*preferred, locale] if (found := supported(code))), ENGLISH)
