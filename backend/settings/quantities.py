"""Sizes, rates and times of day: how people write them, and the exact way back."""

import re
from decimal import Decimal

from backend.settings.reading import Expected

_UNITS = {
    "B": 1,
    "kB": 1000,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "TB": 1000**4,
    "KiB": 1024,
    "MiB": 1024**2,
    "GiB": 1024**3,
    "TiB": 1024**4,
}
_BINARY_UNITS = ("TiB", "GiB", "MiB", "KiB")
_QUANTITY = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,9})?)\s*([A-Za-z]{1,3})", re.ASCII)
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_AGE = re.compile(r"([1-9][0-9]{0,4})\s*([hdw])", re.ASCII)
_AGE_UNITS = {"w": 7 * 86400, "d": 86400, "h": 3600}

MINUTES_PER_DAY = 24 * 60
LARGEST_BYTES = 2**63 - 1
"""The largest size that the ledger's SQLite integers hold."""

SIZE_EXPECTED = 'a size such as "1GiB", "500MB" or "0B"'
RATE_EXPECTED = 'a rate such as "80MiB/s", or "0" for no limit'
TIME_EXPECTED = 'a time of day such as "08:00"'


def parse_size(text: str) -> int:
    """Return the bytes that ``text`` names ("1GiB", "1.5 GB", "0"). Raises Expected."""
    if text.strip() == "0":
        return 0
    match = _QUANTITY.fullmatch(text.strip())
    factor = _UNITS.get(match[2]) if match else None
    if match is None or factor is None:
        raise Expected(SIZE_EXPECTED)
    # Decimal, not float: "0.1GB" is exactly 100,000,000 bytes.
    size_bytes = int(Decimal(match[1]) * factor)
    if size_bytes > LARGEST_BYTES:
        raise Expected(f"{SIZE_EXPECTED}, at most 8 EiB")
    return size_bytes


def format_size(size_bytes: int) -> str:
    """Return the shortest exact text of ``size_bytes``: the largest binary unit that divides it."""
    for unit in _BINARY_UNITS:
        if size_bytes and size_bytes % _UNITS[unit] == 0:
            return f"{size_bytes // _UNITS[unit]}{unit}"
    return f"{size_bytes}B"


def parse_rate(text: str) -> int:
    """Return bytes a second; "0" is no limit. Raises Expected.

    A limit below 1 KiB/s is refused: rsync counts limits in KiB/s, and such a one would round to none.
    """
    stripped = text.strip()
    if stripped == "0":
        return 0
    size, slash, second = stripped.rpartition("/")
    if slash and second.strip() == "s":
        try:
            rate_bps = parse_size(size)
        except Expected:
            rate_bps = -1
        if rate_bps == 0 or rate_bps >= 1024:
            return rate_bps
    raise Expected(f"{RATE_EXPECTED} (at least 1KiB/s)")


def format_rate(rate_bps: int) -> str:
    """Return the exact text of a rate in bytes a second; 0 is "0", no limit."""
    return f"{format_size(rate_bps)}/s" if rate_bps else "0"


def parse_minute(text: str) -> int:
    """Return the minute of the day of "HH:MM" (0 to 1439). Raises Expected."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise Expected(TIME_EXPECTED)
    return int(match[1]) * 60 + int(match[2])


def format_minute(minute: int) -> str:
    """Return "HH:MM" of a minute of the day."""
    return f"{minute // 60:02}:{minute % 60:02}"


def parse_age(text: str) -> int:
    """Return the seconds of an age such as "14d", "36h" or "2w". Raises Expected."""
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise Expected('an age such as "14d", "36h" or "2w"')
    return int(match[1]) * _AGE_UNITS[match[2]]


def format_age(age_s: int) -> str:
    """Return the exact text of an age in whole hours, days or weeks."""
    for letter, unit_s in _AGE_UNITS.items():
        if age_s % unit_s == 0:
            return f"{age_s // unit_s}{letter}"
    raise ValueError(f"not whole hours: {age_s}")


def parse_seconds(value: object) -> float:
    """Return a finite, non-negative number of seconds. Raises Expected."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Expected("a number of seconds")
    # Compared before it is made a float: TOML's integers may be larger than any. NaN is in no range.
    if not 0 <= value <= 10 * 365 * 86400:
        raise Expected("a number of seconds from 0 up to ten years")
    return float(value)
