"""Lines of styled text: the only way in which anything reaches the screen.

A span is a text and the name of a style of the theme. Text is never markup, and ``paint`` escapes control and bidi
characters of whatever it is given, so that nothing from outside can act on the terminal.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.strip import Strip

from backend.model.plain import plain
from dsync_tui.console.glyphs import CUT
from dsync_tui.console.palette import Palette
from dsync_tui.wrapping import wrap_cells

Span = tuple[str, str]
Line = Sequence[Span]
_style_of = itemgetter(1)

_LONGEST = 20_000


def width_of(line: Line) -> int:
    """Cells that a line takes."""
    return sum(cell_len(text) for text, _ in line)


def clipped(text: str, width: int) -> str:
    """Cut a text to ``width`` cells, saying so."""
    text = plain(text, _LONGEST)
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return CUT[:width]
    return set_cell_size(text, width - 1).rstrip() + CUT


def fitted(text: str, width: int, right: bool = False) -> str:
    """Cut or pad a text to exactly ``width`` cells."""
    cut = clipped(text, width)
    gap = " " * (width - cell_len(cut))
    return gap + cut if right else cut + gap


def paint(line: Line, width: int, palette: Palette, place: str = "") -> Strip:
    """Draw a line into a strip of exactly ``width`` cells; ``place`` names the style of its ground."""
    segments = []
    left = width
    for style, spans in groupby(line, _style_of):
        if left <= 0:
            break
        # Neighbours of one style are one piece: a header has hundreds.
        shown = palette.sign(plain("".join([text for text, _ in spans]), _LONGEST))
        cells = cell_len(shown)
        if cells > left:
            shown = set_cell_size(shown, left)
            cells = left
        segments.append(Segment(shown, palette.style(style, place)))
        left -= cells
    if left > 0:
        segments.append(Segment(" " * left, palette.style("text", place)))
    return Strip(segments, width)


def spread(left: Line, right: Line, width: int) -> list[Span]:
    """Put ``right`` at the end of a line of ``width`` cells; where both don't fit the left one is cut."""
    room = width - width_of(right)
    if room <= 0:
        return list(left)
    kept = cut_line(left, max(0, room - 1))
    gap = room - width_of(kept)
    return [*kept, (" " * gap, "text"), *right]


def cut_line(line: Line, width: int) -> list[Span]:
    """Cut a line to ``width`` cells, saying so."""
    if width_of(line) <= width:
        return list(line)
    kept: list[Span] = []
    room = width
    for text, style in line:
        cells = cell_len(text)
        if cells < room:
            kept.append((text, style))
            room -= cells
            continue
        if room > 0:
            kept.append((clipped(text + " ", room), style))
        break
    return kept


def joined(parts: Iterable[Line], between: str = "  ") -> list[Span]:
    """Join lines into one with a gap between them; empty ones fall away."""
    result: list[Span] = []
    for part in parts:
        if not part:
            continue
        if result:
            result.append((between, "text"))
        result.extend(part)
    return result


def fitting(parts: Iterable[Line], width: int, between: str = "  ") -> list[Span]:
    """Join as many lines, from the first on, as fit whole into ``width`` cells."""
    result: list[Span] = []
    for part in parts:
        longer = joined([result, part], between)
        if width_of(longer) > width:
            break
        result = longer
    return result


def wrapped(text: str, width: int, style: str = "text", indent: str = "") -> Iterator[list[Span]]:
    """Break a text into lines of at most ``width`` cells, where its script lets lines break."""
    for line in wrap_cells(plain(text, _LONGEST), max(1, width - cell_len(indent))):
        yield [(indent + line, style)]
