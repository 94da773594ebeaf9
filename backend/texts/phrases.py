"""The entry of ``EXPECTED`` that words were made from, found by these words, as gettext finds a text. Pure."""

import re
from functools import cache

from backend.texts.expected import EXPECTED

_PARAMETER = re.compile(r"\\\{([a-z_]+)\\\}")


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Each entry's words as a pattern; those with the most words of their own first."""
    made = []
    for key, entry in EXPECTED.items():
        pattern = _PARAMETER.sub(r"(?P<\1>.+)", re.escape(entry.message))
        made.append((key, re.compile(pattern, re.DOTALL)))
    return sorted(made, key=lambda item: -len(re.sub(r"\(\?P<[^)]*\)", "", item[1].pattern)))


def found(words: str) -> tuple[str, dict[str, str]] | None:
    """Return the key and the parameters that ``words`` were made from; None where no entry has them."""
    for key, pattern in _patterns():
        match = pattern.fullmatch(words)
        if match is not None:
            return key, match.groupdict()
    return None


def phrased(name: str, words: str) -> dict[str, str]:
    """Return ``words`` as the parameter ``name`` of an error, as ``told`` does, with the entry they were made from."""
    where = found(words)
    if where is None:
        return {name: words}
    key, params = where
    said = {name: words, f"{name}.key": key}
    for param, value in params.items():
        said |= {f"{name}.{inner}": text for inner, text in phrased(param, value).items()}
    return said
