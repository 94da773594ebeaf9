"""What every view of the home screen can do, and the base of those that are a list."""

from abc import abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from dsync_tui.console.boxes import LinesBox
from dsync_tui.console.dirty import Dirty
from dsync_tui.console.filters import Filter, parse_filter
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, Span, wrapped
from dsync_tui.console.records import Record
from dsync_tui.console.session import Phase, Session
from dsync_tui.console.table import Table, TableColumn
from dsync_tui.console.targets import Targets

Subject = tuple[int | None, int | None]
"""Store indices of the node and the archive that the cursor stands on; None where it stands on neither."""


class View(Vertical):
    """One view. It is painted only while it is the active one; its cursor and filter stay when it is left."""

    NAME: ClassVar[str]
    PANE_FROM: ClassVar[int] = 110
    """At this width of the terminal there is room for the detail pane beside the view."""
    DEFAULT_CSS = """
    View { height: 1fr; width: 1fr; }
    View .notice { display: none; height: 1fr; padding: 1 3; }
    View.-empty .notice { display: block; }
    View.-empty .main { display: none; }
    """

    def __init__(self, kit: Kit, session: Session) -> None:
        super().__init__(id=self.NAME)
        self.kit = kit
        self.session = session
        self.filter_text = ""
        self.sought_text = ""

    @property
    def filter(self) -> Filter:
        """The filter in force."""
        return parse_filter(self.filter_text)

    def set_filter(self, text: str) -> None:
        """Filter as it is typed. What was filtered by last can be looked for once everything is shown again."""
        self.filter_text = text
        self.sought_text = text or self.sought_text
        self.rebuild()

    def find(self, direction: int) -> bool:
        """Go to the next row that the last filter would show; tell whether there is one."""
        return False

    # --- painting ------------------------------------------------------------------------------------------

    @abstractmethod
    def rebuild(self) -> None:
        """Look at the whole store anew: the view becomes active, or its filter has changed."""

    @abstractmethod
    def flush(self, dirty: Dirty) -> None:
        """Paint what has changed."""

    def tick(self) -> None:
        """A second has passed."""

    @abstractmethod
    def fade(self, faded: bool) -> None:
        """Dim what is old news, or stop that."""

    @abstractmethod
    def shown(self) -> tuple[int, int]:
        """How many rows are shown, of how many."""

    def empty_text(self) -> str:
        """Why nothing is shown, and the next key."""
        count, of = self.shown()
        if self.filter_text and of:
            return self.kit.say("empty.filter", shown=count, count=of)
        if not self.kit.store.complete:
            lost = self.session.bond.phase is Phase.LOST
            return self.kit.say("empty.disconnected" if lost else "empty.connecting")
        return self.kit.say(f"empty.{self.NAME}")

    def show_notice(self, empty: bool) -> None:
        """Say why nothing is shown, or take that away."""
        self.set_class(empty, "-empty")
        if empty:
            width = max(20, min(72, self.room() - 6))
            box = self.query_one(".notice", LinesBox)
            box.set_lines(list(wrapped(self.empty_text(), width, "dim")))

    def room(self) -> int:
        """Cells across. A view that is shown for the first time has none yet: it will have the terminal's."""
        return self.size.width or self.app.size.width

    def on_resize(self) -> None:
        """Break the notice's lines for the new width."""
        self.show_notice(self.has_class("-empty"))

    # --- the cursor ----------------------------------------------------------------------------------------

    @abstractmethod
    def move(self, rows: int, columns: int) -> None:
        """Move the cursor."""

    @abstractmethod
    def page(self, rows: int, columns: int) -> None:
        """Move the cursor by windows."""

    @abstractmethod
    def edge(self, direction: int) -> None:
        """Move the cursor to the first (-1) or last (1) row."""

    def subject(self) -> Subject:
        """What the cursor stands on."""
        return None, None

    def cursor_line(self) -> Line:
        """What is under the cursor, in one line."""
        return []

    def detail(self, width: int) -> Iterable[Line]:
        """What is under the cursor, at length; nothing where the view shows that itself."""
        return ()

    @abstractmethod
    def records(self) -> Iterator[Record]:
        """What is shown, as data."""

    def copy_text(self) -> str:
        """What ``copy`` puts on the clipboard."""
        return "".join(text for text, _ in self.cursor_line()).strip()

    # --- acting --------------------------------------------------------------------------------------------

    def targets(self) -> Targets | None:
        """What an action is to be done on; None where there is nothing."""
        node, archive = self.subject()
        if node is None and archive is None:
            return None
        return Targets(nodes=None if node is None else (node,), archives=None if archive is None else (archive,))

    def nodes_meant(self) -> tuple[int, ...]:
        """The nodes that an action on nodes is to be done on; none: the daemon's own."""
        node, _ = self.subject()
        return () if node is None else (node,)

    def marked(self) -> int:
        """How many things are marked."""
        return 0

    def marks_text(self) -> str:
        """The same in words; "" for none."""
        count = self.marked()
        return self.kit.say("marked", count=count) if count else ""

    def toggle_mark(self) -> None:
        """Mark what is under the cursor, or take its mark away."""

    def toggle_column_mark(self) -> None:
        """Mark the archive under the cursor, where marks are of nodes."""

    def toggle_range(self) -> None:
        """Mark from here on to wherever the cursor goes, or end that."""

    def mark_shown(self) -> None:
        """Mark all that is shown."""

    def clear_marks(self) -> None:
        """Take all marks away."""

    def next_sort(self) -> None:
        """Order in the next way."""

    def next_column_sort(self) -> None:
        """Order columns in the next way."""

    def standing(self) -> Iterator[Span]:
        """What is peculiar about the view beside its filter: its order, its modes."""
        return iter(())


class TableView(View):
    """A view that is one list of rows. Keys are IDs, never indices: a new snapshot moves those."""

    MARKS: ClassVar[bool] = True
    """Whether rows can be marked."""

    def __init__(self, kit: Kit, session: Session) -> None:
        super().__init__(kit, session)
        self._of = 0
        # It gets its columns when it is first shown: what they need of room is in a thousand names.
        self.table = Table(kit, (), self.build, id=f"{self.NAME}-table")
        self.table.add_class("main")

    def compose(self) -> ComposeResult:
        """The list, or the notice in its place."""
        yield self.table
        notice = LinesBox(self.kit)
        notice.add_class("notice")
        yield notice

    @abstractmethod
    def columns(self) -> Sequence[TableColumn]:
        """The list's columns."""

    @abstractmethod
    def keys(self) -> Sequence[Hashable]:
        """All rows' keys in order, without regard to the filter."""

    @abstractmethod
    def build(self, key: Hashable) -> Sequence[Line]:
        """A row's cells."""

    def record(self, key: Hashable) -> Record | None:
        """A row as data; None for one that is gone."""
        return None

    def records(self) -> Iterator[Record]:
        """All rows that the filter shows."""
        return (record for key in self.table.keys if (record := self.record(key)) is not None)

    def haystack(self, key: Hashable) -> str:
        """What the filter looks at in a row: what it shows."""
        return " ".join(text for cell in self.build(key) for text, _ in cell)

    def rebuild(self) -> None:
        """Choose and order the rows anew."""
        self.table.set_columns(self.columns())
        keys = list(self.keys())
        self._of = len(keys)
        wanted = self.filter
        if wanted:
            keys = [key for key in keys if wanted.matches(self.haystack(key))]
        self.table.set_keys(keys)
        self.show_notice(not keys)

    def fade(self, faded: bool) -> None:
        """Dim the list."""
        self.table.fade(faded)

    def shown(self) -> tuple[int, int]:
        """Rows shown, rows there are."""
        return len(self.table.keys), self._of

    def move(self, rows: int, columns: int) -> None:
        """Move by rows."""
        self.table.move(rows)

    def page(self, rows: int, columns: int) -> None:
        """Move by windows."""
        self.table.page(rows)

    def edge(self, direction: int) -> None:
        """First or last row."""
        self.table.move_to(0 if direction < 0 else len(self.table.keys) - 1)

    def marked(self) -> int:
        """Marked rows."""
        return len(self.table.marks) if self.MARKS else 0

    def toggle_mark(self) -> None:
        """Mark the row."""
        if self.MARKS:
            self.table.toggle_mark()

    def toggle_range(self) -> None:
        """Mark rows as the cursor passes them."""
        if self.MARKS:
            self.table.toggle_range()

    def mark_shown(self) -> None:
        """Mark every row that the filter shows."""
        if self.MARKS:
            self.table.mark_shown()

    def clear_marks(self) -> None:
        """Take all marks away."""
        self.table.clear_marks()

    def find(self, direction: int) -> bool:
        """Go round the rows shown."""
        wanted = parse_filter(self.sought_text)
        keys, here = self.table.keys, self.table.row
        for step in range(1, len(keys) + 1 if wanted else 0):
            place = (here + direction * step) % len(keys)
            if wanted.matches(self.haystack(keys[place])):
                self.table.move_to(place)
                return True
        return False
