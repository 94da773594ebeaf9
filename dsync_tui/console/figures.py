"""Figures as a console shows them: short, of steady width, and never rounded into a better truth."""

import math
from datetime import datetime, tzinfo

LATEST_AT = 253_370_764_800.0
"""The year 9999: no calendar goes further, and no clock that is right."""
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(size_bytes: float) -> str:
    """Bytes as ``812 MiB`` or ``1.2 GiB``."""
    number, unit = float(size_bytes), 0
    while abs(number) >= 1000 and unit < len(_UNITS) - 1:
        number /= 1024
        unit += 1
    return f"{number:.0f} {_UNITS[unit]}" if unit == 0 or number >= 9.95 else f"{number:.1f} {_UNITS[unit]}"


def rate(rate_bps: float) -> str:
    """Bytes a second as ``182 MiB/s``."""
    return f"{size(rate_bps)}/s"


def mebibytes(rate_bps: float) -> str:
    """Bytes a second as a bare number of MiB/s, for columns that say the unit; "" for none."""
    number = rate_bps / 1024 / 1024
    if number <= 0:
        return ""
    return f"{number:.1f}" if number < 9.95 else f"{number:.0f}"


def percent(share: float) -> str:
    """A share of 1 as ``98.2%``, rounded down: 100% means all."""
    if share >= 1:
        return "100%"
    return f"{math.floor(max(0.0, share) * 1000) / 10:.1f}%"


def tenth_percent(share: float) -> str:
    """A share of 1 as whole percents, rounded down, right-aligned to four cells."""
    return f"{math.floor(min(1.0, max(0.0, share)) * 100):3d}%"


def tally(count: int) -> str:
    """A count as ``987`` or ``12.3k``."""
    if count < 10_000:
        return str(count)
    if count < 1_000_000:
        return f"{math.floor(count / 100) / 10:.1f}k"
    return f"{math.floor(count / 100_000) / 10:.1f}M"


def countdown(left_s: float) -> str:
    """Seconds to come as ``0:42`` or ``1:02:03``, rounded up; never negative."""
    whole = max(0, math.ceil(left_s - 1e-6))
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def clock(left_s: float) -> str:
    """Seconds to come as ``00:04:10``."""
    whole = max(0, math.ceil(left_s - 1e-6))
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}"


def age(age_s: float) -> str:
    """Seconds gone by as ``12s``, ``3m``, ``2h`` or ``5d``, rounded down."""
    whole = max(0, int(age_s))
    if whole < 100:
        return f"{whole}s"
    if whole < 100 * 60:
        return f"{whole // 60}m"
    if whole < 48 * 3600:
        return f"{whole // 3600}h"
    return f"{whole // 86400}d"


def date_of(at: float, zone: tzinfo | None) -> datetime:
    """Epoch seconds as a date there (here for None); what no calendar has, as the first or last one that it has."""
    return datetime.fromtimestamp(min(max(at, 0.0), LATEST_AT), zone)
