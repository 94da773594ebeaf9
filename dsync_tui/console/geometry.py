"""Where things stand in the matrix at a given size. Pure."""

from dataclasses import dataclass
from enum import Enum

from rich.cells import cell_len

from dsync_tui.console.labels import halves
from dsync_tui.wrapping import pieces

READY_CELLS = 9
RATE_CELLS = 6
COUNT_CELLS = 7
SIGN_CELLS = 3
"""Pointer, mark, and one sign for a node that is not well."""
NAME_LEAST, NAME_MOST = 8, 28
NAME_FAIR = 12
"""Beside counts, so much of a name is worth more than a further figure."""
DENSE_PITCH = 2
SPREAD_LEAST = 6
"""From this pitch on labels run across, and cells say more than a sign."""
WIDE_LEAST, PITCH_MOST = 13, 24
TOTALS_LEAST_HEIGHT = 8
"""From this height on there is a line for totals."""
CELLS_LEAST_WIDTH = 80
"""Below this width of the terminal the matrix shows nodes and counts only."""
ACROSS_MOST, DOWN_MOST = 5, 14
"""Lines of a header whose labels run across, or down."""


class Zoom(Enum):
    """One character a cell, or a cell with words, progress and rate; ``AUTO`` takes what fits."""

    AUTO = "auto"
    WIDE = "wide"
    DENSE = "dense"


@dataclass(frozen=True, slots=True)
class Geometry:
    """Cells and lines of the matrix. ``pitch`` is 0 where only counts are shown.

    ``header``: lines that stay above the nodes; ``totals``: the last of them sums up the columns. ``counts``: how many
    of the counts stand there in place of cells, the last ones; ``rate``: there is room for what comes in.
    """

    width: int
    height: int
    name: int
    pitch: int
    header: int
    totals: bool = False
    rate: bool = True
    counts: int = 0

    @property
    def spread(self) -> bool:
        """Tell whether labels run across and cells say more than a sign."""
        return self.pitch >= SPREAD_LEAST

    @property
    def labels(self) -> int:
        """Lines for the columns' labels."""
        return self.header - self.totals

    @property
    def left(self) -> int:
        """Cells of the frozen left part, its rule included."""
        return SIGN_CELLS + self.name + 1 + READY_CELLS + RATE_CELLS * self.rate + (3 if self.pitch else 0)

    @property
    def body(self) -> int:
        """Lines for nodes."""
        return max(0, self.height - self.header)

    @property
    def columns(self) -> int:
        """How many archives can be seen at a time."""
        return max(0, (self.width - self.left) // self.pitch) if self.pitch else 0

    def column_x(self, offset: int) -> int:
        """Where the column stands that is ``offset`` after the first seen one."""
        return self.left + offset * self.pitch

    def hit_column(self, x: int) -> int | None:
        """Which column (counted from the first seen one) stands at ``x``; None beside the cells."""
        if not self.pitch or x < self.left:
            return None
        offset = (x - self.left) // self.pitch
        return offset if offset < self.columns else None


def measure(width: int, height: int, names: list[str], labels: list[str], zoom: Zoom, cells: bool = True) -> Geometry:
    """Lay out the matrix for nodes and archives of these names; ``cells``: there is room for more than counts."""
    longest = max((cell_len(name) for name in names), default=NAME_LEAST)
    fixed = SIGN_CELLS + 1 + READY_CELLS + RATE_CELLS
    totals = height >= TOTALS_LEAST_HEIGHT and bool(names)
    if not cells:
        return _counted(width, height, max(longest, NAME_LEAST), totals)
    # The cells are what the screen is for: names get at most a third.
    name = min(max(longest, NAME_LEAST), NAME_MOST, max(1, width // 3))
    pitch = _pitch(width - fixed - name - 3, len(labels), zoom)
    room = height - totals
    header = _across(room, labels, pitch) if pitch >= SPREAD_LEAST else _down(room, len(names), labels)
    return Geometry(width, height, name, pitch, header + totals, totals)


def _counted(width: int, height: int, longest: int, totals: bool) -> Geometry:
    """Counts in place of cells, as many as leave the names room: what has failed and what waits before what moves."""

    def room(counts: int, rate: bool) -> int:
        return width - SIGN_CELLS - 1 - READY_CELLS - RATE_CELLS * rate - COUNT_CELLS * counts

    choices = ((3, True), (2, True), (2, False), (1, False), (0, False))
    counts, rate = next((each for each in choices if room(*each) >= min(longest, NAME_FAIR)), choices[-1])
    name = max(1, min(longest, room(counts, rate)))
    return Geometry(width, height, name, 0, 1 + totals, totals, rate, counts)


def _pitch(room: int, column_count: int, zoom: Zoom) -> int:
    if zoom is Zoom.DENSE:
        return DENSE_PITCH
    if zoom is Zoom.WIDE:
        shown = max(1, min(column_count, room // WIDE_LEAST))
        return min(PITCH_MOST, max(WIDE_LEAST, room // shown))
    fair = room // max(1, column_count)
    return min(PITCH_MOST, fair) if fair >= SPREAD_LEAST else DENSE_PITCH


def _across(height: int, labels: list[str], pitch: int) -> int:
    """Lines for labels that run across: what the longest needs, within a quarter of the height."""
    needed = max((label_lines(label, pitch - 1) for label in labels), default=2)
    return max(3 if height > 12 else 2, min(needed, ACROSS_MOST, height // 4))


def _down(height: int, row_count: int, labels: list[str]) -> int:
    """Lines for labels that run downwards: all that they need where nodes leave room, else a good third."""
    longest = max((len(label) for label in labels), default=2)
    return max(2, min(longest, DOWN_MOST, max(height * 2 // 5, height - row_count)))


def label_lines(label: str, room: int) -> int:
    """How many lines of ``room`` cells a label takes: its tag begins a line of its own where it needs more than one."""
    if cell_len(label) <= room:
        return 1
    return sum(len(list(pieces(part, room))) for part in halves(label) if part)
