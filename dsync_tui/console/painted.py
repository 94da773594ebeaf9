"""The base of all that is made of finished lines: it paints only what has changed, the short way where it can."""

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from dsync_tui.console.direct import Way, difference, way_to
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, paint
from dsync_tui.console.pen import FADED


class Painted(Widget):
    """A widget that knows its lines. Subclasses say in ``line_at`` what stands where."""

    def __init__(self, kit: Kit, id: str | None = None) -> None:
        super().__init__(id=id)
        self.kit = kit
        self.faded = False
        self._written: dict[int, Sequence[Segment]] = {}
        """What was written the short way and not painted over since; else the terminal's line is not known."""

    def line_at(self, y: int) -> tuple[Line, str]:
        """A line of the window as it should be now, and the style of its ground."""
        raise LookupError(type(self).__name__)

    def fade(self, faded: bool) -> None:
        """Dim what is old news, or stop that."""
        if self.faded != faded:
            self.faded = faded
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the window, for the compositor."""
        self._written.pop(y, None)
        return self._strip(y, self.size.width)

    def _strip(self, y: int, width: int) -> Strip:
        line, place = self.line_at(y)
        strip = paint(line, width, self.kit.palette, place)
        return strip.apply_style(FADED) if self.faded else strip

    def paint_lines(self, lines: Iterable[int]) -> None:
        """Paint these lines of the window, as far as they have changed."""
        way, (width, height) = self.way(), self.size
        if way is None:
            regions = [Region(0, y, width, 1) for y in lines if 0 <= y < height]
            if regions:
                self.refresh(*regions)
            return
        for y in lines:
            if 0 <= y < height:
                self._paint_line(way, y, width)
        way.send()

    def _paint_line(self, way: Way, y: int, width: int) -> None:
        after = list(self._strip(y, width))
        x, changed = difference(self._written.get(y, ()), after)
        if changed:
            way.write(x, y, way.sequence(way.filtered(changed)))
        self._written[y] = after

    def way(self) -> Way | None:
        """The short way to the terminal, where it is open."""
        return way_to(self, self.kit.inks) if self.size and self.is_attached else None
