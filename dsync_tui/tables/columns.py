"""Aligned columns of plain text: for pipes, scripts and terminals alike."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from backend.model.plain import plain
from dsync_tui.wrapping import CUT

GAP = "  "


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the head and the rows with columns of equal width (in terminal cells; CJK takes two); the last runs free.

    What stands in cells is shown as plain text.
    """
    shown = [list(head), *([plain(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(row[column]) for row in shown) for column in range(len(head))]
    for row in shown:
        padded = [cell + " " * (width - cell_len(cell)) for cell, width in zip(row[:-1], widths, strict=False)]
        yield GAP.join([*padded, row[-1]]).rstrip()


def cut(text: str, width: int) -> str:
    """Shorten ``text`` to ``width`` terminal cells."""
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - 1:
        text = text[:-1]
    return text + CUT
