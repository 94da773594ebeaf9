"""Whole rows of the matrix where each cell is a sign and a gap: put together from a table, not span by span.

A page of a large terminal has ten thousand cells; scrolling must not take longer than a key may.
"""

from rich.style import Style

from dsync_tui.console.direct import Way
from dsync_tui.console.glyphs import RULE
from dsync_tui.console.kit import Kit
from dsync_tui.console.matrix_paint import MatrixPainter, Shown, place_of
from dsync_tui.console.palette import Palette
from dsync_tui.console.pen import Pen

_TEXT, _RULE, _CURSOR = 256, 257, 258
"""Styles that are no cell's, beside the codes of cells."""


class _Table:
    """What draws each code on one ground: its sign, its style, and the steps from style to style as they turn up."""

    def __init__(self, signs: list[str], styles: list[Style | None]) -> None:
        self.signs = signs
        self._styles = styles
        self._steps: dict[int, str] = {}
        text = styles[_TEXT]
        self.alike = [_blank_alike(style, text) for style in styles]
        """Codes whose gaps look the same in their own style as in the text's: they need no step."""

    def step(self, way: Way, before: int, after: int) -> str:
        """From one code's style to another's."""
        key = before << 10 | after
        step = self._steps.get(key)
        if step is None:
            step = self._steps[key] = way.step(self._styles[before], self._styles[after])
        return step

    def edge(self, way: Way, code: int, begin: bool) -> str:
        """From no style to a code's, or back."""
        style = self._styles[code]
        return way.step(None, style) if begin else way.step(style, None)


class DenseRows:
    """Makes the cells of rows, from the rule to the right edge."""

    def __init__(self, kit: Kit, painter: MatrixPainter, pen: Pen) -> None:
        self._kit = kit
        self._painter = painter
        self._pen = pen
        self._palette: Palette | None = None
        self._tables: dict[tuple[str, bool, bool], _Table] = {}

    def cells(self, way: Way, shown: Shown, row: int, width: int, faded: bool) -> str:
        """What draws a row's cells."""
        place, node = place_of(shown, row), shown.frame.rows[row]
        table = self._table(way, place, self._painter.is_down(node), faded)
        cursor = shown.cursor_column - shown.first_column if row == shown.cursor_row else -1
        signs, alike, step = table.signs, table.alike, table.step
        parts = [table.edge(way, _RULE, begin=True), f" {RULE} "]
        before = _RULE
        for offset, code in enumerate(self._painter.codes(node, shown.columns)):
            here = offset == cursor
            style = _CURSOR if here else code
            if style != before:
                parts.append(step(way, before, style))
                before = style
            if here or alike[code]:
                parts.append(signs[code] + " ")
            else:
                parts += signs[code], step(way, code, _TEXT), " "
                before = _TEXT
        left = width - shown.geometry.column_x(len(shown.columns))
        parts += step(way, before, _TEXT), " " * left, table.edge(way, _TEXT, begin=False)
        return "".join(parts)

    def _table(self, way: Way, place: str, down: bool, faded: bool) -> _Table:
        if self._palette is not self._kit.palette:
            self._palette = self._kit.palette
            self._tables.clear()
        key = (place, down, faded)
        table = self._tables.get(key)
        if table is None:
            looks = [self._painter.look(code, down) for code in range(256)]
            names = [*(name for _, name in looks), "text", "rule", "cursor"]
            styles = [self._pen.style(way, name, place, faded) for name in names]
            table = self._tables[key] = _Table([self._kit.palette.sign(sign) for sign, _ in looks], styles)
        return table


def _blank_alike(style: Style | None, text: Style | None) -> bool:
    if style is None or text is None:
        return style is text
    lines = style.underline or style.underline2 or style.overline or style.strike or style.reverse
    return not lines and style.bgcolor == text.bgcolor
