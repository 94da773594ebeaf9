"""Widgets that show finished lines: one-line bars, and boxes of many. They paint only what has changed."""

from collections.abc import Sequence
from itertools import zip_longest

from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, Span
from dsync_tui.console.painted import Painted


class Bar(Painted):
    """One line across the screen. Subclasses make it in ``line``."""

    DEFAULT_CSS = """
    Bar { height: 1; width: 1fr; }
    """
    PLACE = ""

    def __init__(self, kit: Kit, id: str | None = None) -> None:
        super().__init__(kit, id)
        self._told: tuple[list[Span], str] | None = None
        """What ``update`` has written; None where the compositor has made the line since: it need not have shown it."""

    def line(self, width: int) -> list[Span]:
        """The line as it should be now."""
        raise LookupError(type(self).__name__)

    def place(self) -> str:
        """The style of the bar's ground."""
        return self.PLACE

    def update(self) -> None:
        """Paint anew if the line has changed."""
        if not self.size.width:
            return
        now = self.line(self.size.width), self.place()
        if now != self._told:
            self._told = now
            self.paint_lines([0])

    def line_at(self, y: int) -> tuple[Line, str]:
        """The line."""
        return self.line(self.size.width), self.place()

    def render_line(self, y: int) -> Strip:
        """The line, for the compositor."""
        self._told = None
        return super().render_line(y)


class LinesBox(Painted, ScrollView, can_focus=False):
    """Many lines, to be scrolled where they are more than fit."""

    DEFAULT_CSS = """
    LinesBox { width: 1fr; height: 1fr; layout: vertical; scrollbar-size: 0 0; overflow: hidden scroll; }
    """

    def __init__(self, kit: Kit, id: str | None = None, place: str = "") -> None:
        super().__init__(kit, id)
        self.lines: list[Line] = []
        self._place = place

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Show these lines; what is as before is not painted again."""
        before, self.lines = self.lines, [list(line) for line in lines]
        if len(before) != len(self.lines) and not self._grow():
            return
        top = self.scroll_offset.y
        pairs = zip_longest(before, self.lines, fillvalue=())
        self.paint_lines([row - top for row, (old, new) in enumerate(pairs) if old != new])

    def _grow(self) -> bool:
        """There are more lines, or fewer; tell whether they are still to be painted."""
        size = Size(self.size.width, len(self.lines))
        height = self.styles.height
        if height is None or height.is_auto:
            self.virtual_size = size
            self.refresh()
            return False
        # The box stays as it is: another layout would be for nothing.
        self.set_reactive(LinesBox.virtual_size, size)
        if self.scroll_offset.y > self.max_scroll_y:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
            self.refresh()
            return False
        return True

    def scroll_by_lines(self, count: int) -> None:
        """Scroll by so many lines."""
        self.scroll_to(y=self.scroll_offset.y + count, animate=False, force=True)

    def line_at(self, y: int) -> tuple[Line, str]:
        """One line of the window."""
        row = y + self.scroll_offset.y
        return (self.lines[row] if row < len(self.lines) else []), self._place
