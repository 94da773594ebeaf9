"""The entry of ``EXPECTED`` or ``INSPECTED`` that words were made from, found by these words, as gettext finds a text.

Pure.
"""

import re
from collections.abc import Mapping
from functools import cache

from backend.texts.entry import Text
from backend.texts.expected import EXPECTED
from backend.texts.inspected import INSPECTED

_PARAMETER = re.compile(r"\\\{([a-z_]+)\\\}")
_TEXTS: Mapping[str, Mapping[str, Text]] = {"expected": EXPECTED, "detail": INSPECTED}
"""By the parameter whose value such words are."""
_PHRASES = frozenset({"what", "kind", "missing"})
"""Parameters of ``INSPECTED`` that are words in their turn; others may be names that only look like such."""


@cache
def _patterns(name: str) -> list[tuple[str, re.Pattern[str]]]:
    """Each entry's words as a pattern; those with the most words of their own first."""
    made = []
    for key, entry in _TEXTS[name].items():
        pattern = _PARAMETER.sub(r"(?P<\1>.+)", re.escape(entry.message))
        made.append((key, re.compile(pattern, re.DOTALL)))
    return sorted(made, key=lambda item: -len(re.sub(r"\(\?P<[^)]*\)", "", item[1].pattern)))


def found(words: str, name: str = "expected") -> tuple[str, dict[str, str]] | None:
    """Return the key and the parameters that ``words``, the value of ``name``, were made from; None where no entry has
    them.
    """
    for key, pattern in _patterns(name):
        match = pattern.fullmatch(words)
        if match is not None:
            return key, match.groupdict()
    return None


def phrased(name: str, words: str) -> dict[str, str]:
    """Return ``words`` as the parameter ``name`` (``expected``, or an inspection's ``detail``) of an error, as ``told``
    does, with the entry they were made from.
    """
    return _phrased(name, words, name)


def _phrased(param: str, words: str, name: str) -> dict[str, str]:
    where = found(words, name)
    if where is None:
        return {param: words}
    key, params = where
    said = {param: words, f"{param}.key": key}
    for inner, value in params.items():
        within = {inner: value} if name == "detail" and inner not in _PHRASES else _phrased(inner, value, name)
        said |= {f"{param}.{each}": text for each, text in within.items()}
    return said
