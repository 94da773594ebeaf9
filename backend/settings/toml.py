"""Values as TOML text: the standard library reads TOML and does not write it."""

import datetime
import math
from collections.abc import Mapping

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def inline(value: object) -> str:
    """Return ``value`` as TOML on one line. Raises TypeError for what TOML has not."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # Python refuses to write thousands of digits in decimal (hexadecimal TOML may hold them).
        return str(value) if value.bit_length() < 1000 else hex(value)[:40] + "…"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(inline(item) for item in value)}]"
    if isinstance(value, Mapping):
        return _table(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    raise TypeError(f"TOML has no {type(value).__name__}")


def key_text(key: str) -> str:
    """Return ``key`` as it stands left of the equals sign."""
    return key if key and _BARE.issuperset(key) else _string(key)


def _string(text: str) -> str:
    # Control characters and DEL must be escaped: toml.io/en/v1.0.0#string
    return '"' + "".join(_ESCAPES.get(char) or _character(char) for char in text) + '"'


def _character(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 0x20 or ord(char) == 0x7F else char


def _float(value: float) -> str:
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    text = repr(value)
    return text if any(mark in text for mark in ".e") else f"{text}.0"


def _table(table: Mapping[str, object]) -> str:
    if not table:
        return "{}"
    return "{ " + ", ".join(f"{key_text(key)} = {inline(item)}" for key, item in table.items()) + " }"
