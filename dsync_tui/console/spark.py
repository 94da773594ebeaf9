"""Sparklines and bars from braille, whose width is Neutral; block elements are Ambiguous and break CJK terminals."""

from collections.abc import Sequence

from dsync_tui.bars import bar
from dsync_tui.console.history import NODE_HISTORY_S

__all__ = ["bar", "samples_of", "sparkline", "trend"]

_BLANK = 0x2800
_LEFT = (0x40, 0x44, 0x46, 0x47)
_RIGHT = (0x80, 0xA0, 0xB0, 0xB8)
_LEVELS_ASCII = "_.-=+*#@"


def samples_of(width: int, ascii_only: bool) -> int:
    """How many samples a sparkline of ``width`` cells shows."""
    return width if ascii_only else width * 2


def sparkline(values: Sequence[float], width: int, ascii_only: bool) -> str:
    """Draw the newest samples, scaled to the highest, right-aligned in ``width`` cells."""
    wanted = samples_of(width, ascii_only)
    shown = list(values)[-wanted:] if wanted else []
    top = max(shown, default=0)
    if ascii_only:
        return "".join(_LEVELS_ASCII[_level(value, top, len(_LEVELS_ASCII))] for value in shown).rjust(width)
    levels: list[int | None] = [None] * (wanted - len(shown)) + [_level(value, top, 4) for value in shown]
    cells = []
    for left, right in zip(levels[::2], levels[1::2], strict=True):
        dots = (0 if left is None else _LEFT[left]) | (0 if right is None else _RIGHT[right])
        cells.append(chr(_BLANK + dots) if dots else " ")
    return "".join(cells)


def trend(samples: Sequence[float], width: int, ascii_only: bool) -> str:
    """Draw all of a node's samples in ``width`` cells: the highest of as many neighbours as must share a column."""
    columns = samples_of(width, ascii_only)
    share = -(-NODE_HISTORY_S // columns)
    # From the newest backwards, so that what is drawn moves on by whole columns only.
    ends = range(len(samples), 0, -share)
    return sparkline([max(samples[max(0, end - share) : end]) for end in reversed(ends)], width, ascii_only)


def _level(value: float, top: float, count: int) -> int:
    if top <= 0 or value <= 0:
        return 0
    return min(count - 1, max(1, round(value / top * (count - 1))))
