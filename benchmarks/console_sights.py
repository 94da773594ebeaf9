"""What is looked for on a console's screen, to know that something has been painted."""

import itertools
from dataclasses import dataclass

from backend.texts import Texts
from benchmarks.driven_fleet import name_of
from benchmarks.screen import Screen
from benchmarks.terminal import Sight
from dsync_tui.console.cells import glyph_table
from dsync_tui.console.geometry import SIGN_CELLS
from dsync_tui.console.glyphs import POINTER, RULE

_TEXTS = Texts("en")
_GLYPHS = glyph_table(ascii_only=False)
FAILED, READY = _GLYPHS[ord("X")], _GLYPHS[ord(".")]

SIGNS: dict[str, tuple[str, ...]] = {
    "matrix": ("ready", "rate"),
    "transfers": ("progress",),
    "retries": ("due",),
    "health": ("checked",),
    "nodes": ("free",),
    "archives": ("image", "moving"),
    "events": ("level",),
}
"""Captions by which each view is known, as keys of the texts."""


def banner(state: str) -> Sight:
    """The first line says how the console stands to its daemon (``disconnected``, ``live``)."""
    word = _TEXTS.text(f"console.status.{state}")
    return lambda screen: word in screen.line(0)


def view(name: str) -> Sight:
    """A view with its captions and at least one line below."""
    captions = [_TEXTS.text(f"console.column.{key}") for key in SIGNS[name]]

    def seen(screen: Screen) -> bool:
        for y in range(3, min(20, screen.height - 3)):
            line = screen.line(y)
            if all(caption in line for caption in captions):
                matrix = RULE in line
                return matrix == (name == "matrix") and bool(screen.line(y + 1).strip())
        return False

    return seen


def matrix_row(screen: Screen) -> int | None:
    """The line of the matrix' first row, if it is shown."""
    for y in range(4, screen.height - 2):
        line = screen.line(y)
        if RULE in line and "-0" in line.partition(RULE)[0]:
            return y
    return None


def first_matrix(screen: Screen) -> bool:
    """Rows with cells, down to the foot."""
    y = matrix_row(screen)
    return y is not None and RULE in screen.line(screen.height - 3) and bool(_cells(screen.line(y)))


@dataclass(frozen=True, slots=True)
class Window:
    """What of the matrix is seen: rows, columns of cells, and where the first cell stands."""

    rows: int
    columns: int
    y: int
    x: int


def window(screen: Screen) -> Window:
    """Look where the cells are. Raises LookupError where there is no matrix."""
    y = matrix_row(screen)
    if y is None:
        raise LookupError(screen.text())
    rows = sum(1 for line in range(y, screen.height - 2) if RULE in screen.line(line))
    columns = min(len(_cells(screen.line(line))) for line in range(y, y + rows))
    return Window(rows, columns, y, screen.line(y).index(RULE) + 2)


def _cells(line: str) -> list[str]:
    # A cell is a sign and a gap; what stands further right (the detail pane) has longer words.
    after = line.partition(RULE)[2]
    return list(itertools.takewhile(lambda word: len(word) == 1, after[: after.find("   ")].split()))


def pointer_at(y: int) -> Sight:
    """The cursor stands on a line."""
    return lambda screen: screen.line(y)[0] == POINTER


def cursor_on(text: str) -> Sight:
    """The line above the keys tells of the cell under the cursor."""
    return lambda screen: text in screen.line(screen.height - 2)


def other_page(number: int) -> Sight:
    """The cursor's line, and what is told of it below, begin with another node than before.

    Further on both may still name it: as what the cell under the cursor is fetched from, say.
    """
    before = f"{name_of(number)} "

    def seen(screen: Screen) -> bool:
        lines = (screen.line(y) for y in range(4, screen.height - 2))
        moved = any(line[0] == POINTER and not line[SIGN_CELLS:].startswith(before) for line in lines)
        return moved and not screen.line(screen.height - 2).lstrip().startswith(before)

    return seen


def cell_shows(at: Window, row: int, column: int, glyph: str) -> Sight:
    """A cell of the window has a sign."""
    y, x = at.y + row, at.x + 2 * column
    return lambda screen: screen.line(y)[x] == glyph
