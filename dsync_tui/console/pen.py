"""Draws short lines over and over: what a cell's look costs in colours and escape sequences is worked out once."""

from rich.style import Style
from textual.strip import Strip

from dsync_tui.console.direct import Way
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, paint, width_of
from dsync_tui.console.palette import Palette

FADED = Style(dim=True)
_KEPT_MOST = 4096


class Pen:
    """Keeps what it has drawn, for as long as the colours are the same."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._palette: Palette | None = None
        self._sequences: dict[tuple[Line, str, bool], str] = {}
        self._styles: dict[tuple[str, str, bool], Style | None] = {}

    def strip(self, line: Line, place: str, faded: bool) -> Strip:
        """A line, as wide as it is."""
        strip = paint(line, width_of(line), self._kit.palette, place)
        return strip.apply_style(FADED) if faded else strip

    def sequence(self, way: Way, line: Line, place: str, faded: bool) -> str:
        """What draws a line, as wide as it is."""
        self._look_at_palette()
        key = (tuple(line), place, faded)
        known = self._sequences.get(key)
        if known is None:
            known = self._sequences[key] = way.sequence(way.filtered(self.strip(line, place, faded)))
        return known

    def style(self, way: Way, name: str, place: str, faded: bool) -> Style | None:
        """A style with the colours that this terminal is to have."""
        self._look_at_palette()
        key = (name, place, faded)
        if key not in self._styles:
            (segment,) = way.filtered(self.strip([("-", name)], place, faded))
            self._styles[key] = segment.style
        return self._styles[key]

    def _look_at_palette(self) -> None:
        if self._palette is not self._kit.palette or len(self._sequences) > _KEPT_MOST:
            self._palette = self._kit.palette
            self._sequences.clear()
            self._styles.clear()
