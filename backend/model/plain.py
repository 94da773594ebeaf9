"""The one function through which text from outside passes before a person, a log or a file sees it."""

import unicodedata

# Categories that a terminal or a log reader may act on: controls, formats (bidi overrides,
# zero-width joiners), surrogates, private use, line and paragraph separators.
_HOSTILE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})

ELLIPSIS = "⋯"
"""Narrow in every terminal, unlike the usual one."""


def plain(text: str, limit_chars: int = 2000) -> str:
    """Escape control, bidi and other invisible characters of ``text`` and cap its length.

    A backslash stays as it is: the result is for reading, not for parsing back.
    Markup is not touched: whoever renders must render plain text, never markup.
    """
    cut = text if len(text) <= limit_chars else text[: limit_chars - 1] + ELLIPSIS
    if cut.isprintable():
        # No character of the hostile categories is.
        return cut
    return "".join(_escaped(char) if unicodedata.category(char) in _HOSTILE_CATEGORIES else char for char in cut)


def _escaped(char: str) -> str:
    code = ord(char)
    if char in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[char]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def safe_file_name(name: str, fallback: str) -> str:
    """Turn a published name into one that may stand in a store: no controls, slashes or leading dots.

    ``fallback`` is used when nothing is left. The result has at most 200 bytes in UTF-8, so that a
    suffix of 9 bytes and the temporary endings still fit into the 255 bytes of a directory entry.
    """
    kept = "".join(char for char in name if char not in "/\\" and unicodedata.category(char) not in _HOSTILE_CATEGORIES)
    kept = kept.strip().lstrip(".")
    encoded = kept.encode("utf-8", "ignore")
    if len(encoded) > 200:
        kept = _shortened(kept)
    return kept or fallback


def _shortened(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:
        stem, dot, ending = name, "", ""
    room = 200 - len((dot + ending).encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + dot + ending
