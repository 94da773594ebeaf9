"""One line of the event log, with all that it carries."""

from collections.abc import Callable, Iterable

from backend.api.wire import LogLine
from dsync_tui.console.deeds import Deeds
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, Span
from dsync_tui.console.screens.pushed import PushedScreen


class EventScreen(PushedScreen):
    """Stays as it is, also when the line has fallen out of the log."""

    def __init__(self, kit: Kit, deeds: Deeds, line: LogLine, lines: Callable[[LogLine, int], Iterable[Line]]) -> None:
        super().__init__(kit, deeds)
        self._line = line
        self._lines = lines

    def title_spans(self) -> list[Span]:
        """When it was, and what."""
        return [(self.kit.time_of_day(self._line.at) + " ", "bar"), (self._line.code, "bar-strong")]

    def content(self, width: int) -> Iterable[Line]:
        """All of it."""
        return self._lines(self._line, width)
