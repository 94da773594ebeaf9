"""The event log: what happened, as it happens; bounded, filtered, followed until the cursor is moved away."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import ClassVar

from backend.api.wire import LogLine
from dsync_tui import saying
from dsync_tui.console.dirty import Dirty
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, Span, fitted, wrapped
from dsync_tui.console.records import Record, log_record
from dsync_tui.console.screens.view import TableView
from dsync_tui.console.session import Session
from dsync_tui.console.table import TableColumn

NAME_CELLS = 13
_STYLES = {"debug": "dim", "info": "text", "warning": "warn", "error": "bad", "alert": "failed"}


class EventsView(TableView):
    """One row a line of the log; keys are the lines' numbers."""

    NAME: ClassVar[str] = "events"

    def __init__(self, kit: Kit, session: Session) -> None:
        super().__init__(kit, session)
        self.table.follow = True
        self.trace = ""
        """Only lines of this trace are shown; "": all."""

    def columns(self) -> Sequence[TableColumn]:
        """Captions and widths."""
        say = self.kit.say
        return (
            TableColumn(say("column.time"), 8),
            TableColumn(say("column.level"), 7, shown_from=60),
            TableColumn(say("column.event"), 20, 1),
        )

    def keys(self) -> Sequence[Hashable]:
        """Numbers of the lines that are kept."""
        store = self.kit.store
        kept = range(store.log_total - len(store.log), store.log_total)
        return kept if not self.trace else [key for key in kept if store.log[key - kept.start].trace == self.trace]

    def at(self, key: Hashable) -> LogLine | None:
        """The line of that number; None where it fell out of the ring."""
        store = self.kit.store
        if not isinstance(key, int):
            return None
        place = key - (store.log_total - len(store.log))
        return store.log[place] if 0 <= place < len(store.log) else None

    @property
    def line(self) -> LogLine | None:
        """The line under the cursor."""
        return self.at(self.table.current)

    def _words(self, line: LogLine) -> str:
        return saying.event(self.kit.texts, line)

    def build(self, key: Hashable) -> Sequence[Line]:
        """A row's cells."""
        line = self.at(key)
        if line is None:
            return [[] for _ in self.columns()]
        style = _STYLES.get(line.level, "text")
        return (
            [(self.kit.time_of_day(line.at), "dim")],
            [(self.kit.say(f"level.{line.level}"), style)],
            [(self._words(line), "text" if style == "failed" else style)],
        )

    def record(self, key: Hashable) -> Record | None:
        """The line as data."""
        line = self.at(key)
        return None if line is None else log_record(self.kit, line)

    def haystack(self, key: Hashable) -> str:
        """What the row shows, and its trace."""
        line = self.at(key)
        return "" if line is None else f"{line.level} {line.code} {self._words(line)} {line.trace}"

    def flush(self, dirty: Dirty) -> None:
        """New lines."""
        if dirty.everything or dirty.log:
            self.rebuild()

    def move(self, rows: int, columns: int) -> None:
        """Moving up stops following; the last line starts it again."""
        super().move(rows, columns)
        self._follow_at_end()

    def page(self, rows: int, columns: int) -> None:
        """Likewise."""
        super().page(rows, columns)
        self._follow_at_end()

    def edge(self, direction: int) -> None:
        """Likewise."""
        super().edge(direction)
        self._follow_at_end()

    def _follow_at_end(self) -> None:
        self.table.follow = self.table.row >= len(self.table.keys) - 1

    def toggle_follow(self) -> None:
        """Follow the log, or stay."""
        self.table.follow = not self.table.follow
        if self.table.follow:
            self.table.move_to(len(self.table.keys) - 1)

    def toggle_trace(self) -> bool:
        """Show only what has the trace of the line under the cursor, or everything again; tell whether it has one."""
        line = self.line
        if self.trace:
            self.trace = ""
        elif line is not None and line.trace:
            self.trace = line.trace
        else:
            return False
        self.rebuild()
        return True

    def cursor_line(self) -> Line:
        """The line under the cursor, in full."""
        return [] if self.line is None else [(self._words(self.line), "text")]

    def detail(self, width: int) -> Iterable[Line]:
        """The line under the cursor, with all that it carries."""
        return () if self.line is None else self.lines_of(self.line, width)

    def lines_of(self, line: LogLine, width: int) -> Iterator[Line]:
        """A line with all that it carries."""
        yield [(self.kit.time_of_day(line.at), "dim"), ("  ", "text"), (line.code, "title")]
        yield []
        yield from wrapped(self._words(line), width, "text")
        yield []
        for name, value in sorted(line.params.items()):
            yield from self._fact(name, value, width)
        if line.trace:
            yield from self._fact(self.kit.say("event.trace"), line.trace, width)

    def _fact(self, name: str, value: str, width: int) -> Iterator[Line]:
        for piece in wrapped(value, max(8, width - NAME_CELLS - 1)):
            yield [(fitted(name, NAME_CELLS) + " ", "dim"), *piece]
            name = ""

    def standing(self) -> Iterator[Span]:
        """Following or not, and what was lost."""
        if self.trace:
            yield self.kit.say("standing.trace", trace=self.trace), "warn"
        if self.kit.store.log_dropped:
            yield self.kit.say("standing.dropped", count=self.kit.store.log_dropped), "warn"
        yield self.kit.say("standing.following" if self.table.follow else "standing.staying"), "dim"
