"""The matrix, home of the console: every node, every image, and how each stands to the other."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult

from dsync_tui.console import describe
from dsync_tui.console.boxes import LinesBox
from dsync_tui.console.dirty import Dirty
from dsync_tui.console.filters import parse_filter
from dsync_tui.console.frame import Arrangement, ColumnSort, RowSort, following
from dsync_tui.console.geometry import Zoom
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, Span
from dsync_tui.console.matrix import Matrix
from dsync_tui.console.records import Record, matrix_record
from dsync_tui.console.screens.view import Subject, View
from dsync_tui.console.session import Session
from dsync_tui.console.targets import Targets


class MatrixView(View):
    """The matrix with what an operator asked of it."""

    NAME: ClassVar[str] = "matrix"

    def __init__(self, kit: Kit, session: Session) -> None:
        super().__init__(kit, session)
        self.matrix = Matrix(kit, id="matrix-cells")
        self.matrix.add_class("main")

    def compose(self) -> ComposeResult:
        """The matrix, or the notice in its place."""
        yield self.matrix
        notice = LinesBox(self.kit)
        notice.add_class("notice")
        yield notice

    def rebuild(self) -> None:
        """Choose and order rows and columns anew."""
        self._arrange(replace(self.matrix.wanted, filter=self.filter))

    def _arrange(self, wanted: Arrangement) -> None:
        self.matrix.rearrange(wanted)
        self._notice()

    def _notice(self) -> None:
        frame = self.matrix.layout_of
        # Nodes without a single archive are worth seeing; archives without nodes cannot be.
        hidden = not frame.columns and frame.of_columns > 0
        self.show_notice(not frame.rows or hidden or not frame.of_columns)

    def empty_text(self) -> str:
        """Why nothing is shown."""
        store = self.kit.store
        if store.complete and not self.filter_text:
            if self.matrix.wanted.troubles_only and store.archive_index:
                return self.kit.say("empty.troubles")
            if not store.archive_index:
                return self.kit.say("empty.archives")
        return super().empty_text()

    def flush(self, dirty: Dirty) -> None:
        """Paint what has changed."""
        self.matrix.flush(dirty)
        if dirty.everything or dirty.layout:
            self._notice()

    def tick(self) -> None:
        """Countdowns, ages, live orders."""
        self.matrix.tick()
        self._notice()

    def fade(self, faded: bool) -> None:
        """Dim the matrix."""
        self.matrix.fade(faded)

    def shown(self) -> tuple[int, int]:
        """Nodes shown, nodes there are."""
        frame = self.matrix.layout_of
        return len(frame.rows) if frame.columns or not frame.of_columns else 0, frame.of_rows

    def move(self, rows: int, columns: int) -> None:
        """Move the cursor."""
        self.matrix.move(rows, columns)

    def page(self, rows: int, columns: int) -> None:
        """Move by windows."""
        self.matrix.page(rows, columns)

    def edge(self, direction: int) -> None:
        """First or last node."""
        self.matrix.move_to(0 if direction < 0 else len(self.matrix.layout_of.rows) - 1, self.matrix.position[1])

    def subject(self) -> Subject:
        """Node and archive under the cursor."""
        return self.matrix.cursor_node, self.matrix.cursor_archive

    def cursor_line(self) -> Line:
        """The cell under the cursor."""
        cursor = self.matrix.cursor
        if cursor is not None and not self.has_class("-empty"):
            return describe.cell_line(self.kit, *cursor)
        return []

    def detail(self, width: int) -> Iterable[Line]:
        """The cell under the cursor, at length."""
        cursor = self.matrix.cursor
        if cursor is None or self.has_class("-empty"):
            return ()
        return describe.cell_lines(self.kit, *cursor, width)

    def records(self) -> Iterator[Record]:
        """A row for each node shown, with a word for each archive shown."""
        frame = self.matrix.layout_of
        return (matrix_record(self.kit, node, frame.columns, frame.parts) for node in frame.rows)

    def targets(self) -> Targets | None:
        """The marked archives on the marked nodes; where none are marked, the cursor's."""
        if self.has_class("-empty"):
            return None
        node, archive = self.subject()
        nodes, archives = self._marked()
        nodes = nodes or (() if node is None else (node,))
        archives = archives or (() if archive is None else (archive,))
        return Targets(nodes=nodes, archives=archives) if nodes and archives else None

    def nodes_meant(self) -> tuple[int, ...]:
        """The marked nodes, or the cursor's."""
        return self._marked()[0] or super().nodes_meant()

    def _marked(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        store = self.kit.store
        nodes = sorted(index for id in self.matrix.marks if (index := store.node_index.get(id)) is not None)
        archives = sorted(
            index for digest in self.matrix.column_marks if (index := store.archive_index.get(digest)) is not None
        )
        return tuple(nodes), tuple(archives)

    def marked(self) -> int:
        """Marked nodes and archives."""
        return len(self.matrix.marks) + len(self.matrix.column_marks)

    def marks_text(self) -> str:
        """Each by itself."""
        nodes, archives = len(self.matrix.marks), len(self.matrix.column_marks)
        return self.kit.say("marked-cells", nodes=nodes or "", archives=archives or "") if nodes or archives else ""

    def toggle_mark(self) -> None:
        """Mark the cursor's node."""
        self.matrix.toggle_mark()

    def toggle_column_mark(self) -> None:
        """Mark the cursor's archive."""
        self.matrix.toggle_column_mark()

    def toggle_range(self) -> None:
        """Mark nodes as the cursor passes them."""
        self.matrix.toggle_range()

    def mark_shown(self) -> None:
        """Mark all nodes shown."""
        self.matrix.mark_shown()

    def clear_marks(self) -> None:
        """Take all marks away."""
        self.matrix.clear_marks()

    def next_sort(self) -> None:
        """Order the nodes in the next way."""
        wanted = self.matrix.wanted
        self._arrange(replace(wanted, rows=following(RowSort, wanted.rows)))

    def next_column_sort(self) -> None:
        """Order the archives in the next way."""
        wanted = self.matrix.wanted
        self._arrange(replace(wanted, columns=following(ColumnSort, wanted.columns)))

    def toggle_troubles(self) -> None:
        """Show troubles only, or everything."""
        wanted = self.matrix.wanted
        self._arrange(replace(wanted, troubles_only=not wanted.troubles_only))

    def toggle_images(self) -> bool:
        """Give each image of the cursor's archive a column of its own, or end that; tell whether it has several."""
        archive = self.matrix.cursor_archive
        if archive is None or not self.kit.store.archive(archive).parts:
            return False
        wanted = self.matrix.wanted
        self._arrange(replace(wanted, expanded=wanted.expanded ^ {self.kit.store.archive(archive).digest}))
        return True

    def go_to(self, node_id: str | None, digest: str | None) -> None:
        """Put the cursor on a node, or an archive; what hides it is taken away."""
        if not self.matrix.go_to(node_id, digest):
            self.filter_text = ""
            self._arrange(replace(self.matrix.wanted, filter=self.filter, troubles_only=False))
            self.matrix.go_to(node_id, digest)

    def find(self, direction: int) -> bool:
        """The next node or archive that the last filter would show; without one the next cell in trouble."""
        wanted = parse_filter(self.sought_text)
        if wanted:
            return self.matrix.next_match(wanted, direction)
        return self.matrix.next_trouble(direction)

    def next_zoom(self) -> None:
        """The next zoom that looks different."""
        before = self.matrix.geometry.pitch
        for _ in Zoom:
            self.matrix.set_zoom(following(Zoom, self.matrix.zoom))
            if self.matrix.geometry.pitch != before:
                return

    def standing(self) -> Iterator[Span]:
        """Order and modes, where they are not the usual ones."""
        wanted = self.matrix.wanted
        if wanted.troubles_only:
            yield self.kit.say("standing.troubles"), "warn"
        if wanted.rows is not RowSort.NAME:
            yield self.kit.say("standing.sort", order=self.kit.say(f"sort.{wanted.rows.value}")), "dim"
        if wanted.columns is not ColumnSort.NEWEST:
            yield self.kit.say("standing.columns", order=self.kit.say(f"sort.{wanted.columns.value}")), "dim"
        if self.matrix.marks.ranging:
            yield self.kit.say("standing.range"), "warn"
        if self.matrix.frozen:
            yield self.kit.say("standing.frozen"), "warn"
