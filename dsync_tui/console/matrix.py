"""The matrix of nodes and archives: virtual in both directions, frozen header and node column, painted by cells.

Lines are made when they are asked for: a DataTable of this size takes seconds to show and saturates a core at ten
updates a second. What changes is written cell by cell (``dsync_tui.console.direct``), and scrolling is a matter of this
widget alone: for Textual it would be another layout. Nothing here posts a message for a change: the screen calls
``flush`` some times a second.
"""

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize
from textual.geometry import Region
from textual.message import Message

from dsync_tui import naming
from dsync_tui.console.cells import Kind
from dsync_tui.console.dense import DenseRows
from dsync_tui.console.direct import Way, difference
from dsync_tui.console.dirty import Dirty
from dsync_tui.console.filters import Filter
from dsync_tui.console.frame import Arrangement, Frame, arrange
from dsync_tui.console.geometry import CELLS_LEAST_WIDTH, Geometry, Zoom, measure
from dsync_tui.console.kit import Kit
from dsync_tui.console.labels import labels_across, labels_down, part_label, shortened
from dsync_tui.console.lines import Line
from dsync_tui.console.marks import Marks
from dsync_tui.console.matrix_paint import MatrixPainter, Shown
from dsync_tui.console.messages import RIGHT_BUTTON, MenuAsked
from dsync_tui.console.painted import Painted
from dsync_tui.console.pen import Pen
from dsync_tui.console.seeking import matching_after, troubled_after

LIVE_ARRANGE_S = 2.0
"""Orders that depend on cells are looked at again at most this often: rows must not dance under the cursor."""
HEADS_EVERY = 8
"""What stands left of the cells is painted with every so manyth flush: nobody reads a figure that changes faster."""
WHEEL_ROWS, WHEEL_COLUMNS = 3, 4


class Matrix(Painted, can_focus=False):
    """The matrix widget. The cursor stands on a node and an archive, by their ids, and survives every update."""

    DEFAULT_CSS = """
    Matrix { height: 1fr; width: 1fr; }
    """

    class Moved(Message):
        """The cursor stands elsewhere, or what it stands on is gone."""

        def can_replace(self, message: Message) -> bool:
            """One is enough."""
            return isinstance(message, Matrix.Moved)

    class Opened(Message):
        """The cell under the cursor was clicked once more."""

    def __init__(self, kit: Kit, id: str | None = None) -> None:
        super().__init__(kit, id)
        self.layout_of = Frame()
        self.wanted = Arrangement()
        self.zoom = Zoom.AUTO
        self.marks: Marks[str] = Marks()
        """Marked nodes, by ID."""
        self.column_marks: Marks[str] = Marks()
        """Marked archives, by digest."""
        self.frozen = False
        self.geometry: Geometry = measure(80, 20, [], [], Zoom.AUTO)
        self._measured = False
        self._node_id: str | None = None
        self._digest: str | None = None
        self._part = 0
        self._row = 0
        self._column = 0
        self._top = 0
        self._first = 0
        self._labels: list[list[str]] = []
        self._arranged_at = 0.0
        self._stale_order = False
        self._painter = MatrixPainter(kit)
        self._view: Shown | None = None
        """What the window shows, while several lines are painted."""
        self._flushes = 0
        self._stale_totals = False
        self._stale_heads: set[int] = set()
        """Nodes whose heads are to be painted when that is due."""
        self._heads_written: dict[int, Sequence[Segment]] = {}
        self._rows_written: dict[int, str] = {}
        self._pen = Pen(kit)
        self._rows = DenseRows(kit, self._painter, self._pen)

    # --- what is under the cursor --------------------------------------------------------------------------

    @property
    def cursor(self) -> tuple[int, int] | None:
        """Store indices of node and archive under the cursor; None where there is no cell."""
        node, archive = self.cursor_node, self.cursor_archive
        return None if node is None or archive is None else (node, archive)

    @property
    def cursor_node(self) -> int | None:
        """Store index of the node under the cursor."""
        rows = self.layout_of.rows
        return rows[self._row] if self._row < len(rows) else None

    @property
    def cursor_archive(self) -> int | None:
        """Store index of the archive under the cursor."""
        columns = self.layout_of.columns
        return columns[self._column] if self._column < len(columns) else None

    @property
    def cursor_part(self) -> int | None:
        """Which image of the archive the cursor stands on, where it is expanded."""
        parts = self.layout_of.parts
        return parts[self._column] if self._column < len(parts) else None

    @property
    def position(self) -> tuple[int, int]:
        """Row and column of the cursor, in display order."""
        return self._row, self._column

    # --- arranging -----------------------------------------------------------------------------------------

    def rearrange(self, wanted: Arrangement | None = None) -> None:
        """Choose and order rows and columns anew; the cursor stays on its node and archive if they are shown."""
        if wanted is not None:
            self.wanted = wanted
        on_screen = self._row - self._top
        self.layout_of = arrange(self.kit.store, self.wanted)
        self._arranged_at = self.kit.now()
        self._stale_order = False
        self._find_cursor()
        self._measure()
        if self.layout_of.rows:
            # The cursor's row keeps its place on the screen while others pass by.
            self._look_at(self._row - max(0, on_screen), self._first)
        self._show_cursor()
        self.paint_lines(range(self.size.height))
        self.post_message(self.Moved())

    def _find_cursor(self) -> None:
        """Go back to the remembered node and archive; where one is gone or hidden, stay near, and remember it."""
        frame, store = self.layout_of, self.kit.store
        node = store.node_index.get(self._node_id or "")
        archive = store.archive_index.get(self._digest or "")
        row = None if node is None else frame.row_of.get(node)
        column = None if archive is None else frame.column_of.get(archive)
        if archive is not None and column is not None:
            column += min(self._part, frame.spans.get(archive, 1) - 1)
        self._row = min(self._row, max(0, len(frame.rows) - 1)) if row is None else row
        self._column = min(self._column, max(0, len(frame.columns) - 1)) if column is None else column
        if self._node_id is None:
            self._remember()

    def _remember(self) -> None:
        node, archive = self.cursor_node, self.cursor_archive
        if node is not None:
            self._node_id = self.kit.store.nodes[node].id
        if archive is not None:
            self._digest = self.kit.store.archive(archive).digest
            self._part = self.cursor_part or 0

    def set_zoom(self, zoom: Zoom) -> None:
        """Show cells as words, as characters, or as it fits."""
        self.zoom = zoom
        self._measure()
        self._show_cursor()
        self.refresh()

    def _measure(self) -> None:
        # Not laid out yet, or no room at all: what there is room for is worked out when there is some again.
        self._measured = bool(self.size)
        if not self._measured:
            return
        frame, store = self.layout_of, self.kit.store
        names = [store.nodes[row].name for row in frame.rows]
        archives = [store.archive(column) for column in frame.columns]
        labels = [
            self.kit.short_label(archive) if part is None else shortened(part_label(archive, part))
            for archive, part in zip(archives, frame.parts, strict=True)
        ]
        prints = [archive.fingerprint or archive.name for archive in archives]
        labels = naming.distinct(labels, prints)
        cells = self.app.size.width >= CELLS_LEAST_WIDTH
        self.geometry = geometry = measure(*self.size, names, labels, self.zoom, cells)
        if geometry.spread:
            self._labels = labels_across(labels, prints, geometry.pitch - 1, geometry.labels)
        else:
            self._labels = [[label] for label in labels_down(labels, prints, geometry.labels)]
        self._look_at(self._top, self._first)

    def on_resize(self, event: Resize) -> None:
        """Lay out for the new size."""
        if self._fit():
            self.refresh()

    def _fit(self) -> bool:
        """Measure anew where the size is another; tell whether it was."""
        if self._measured and (self.geometry.width, self.geometry.height) == self.size:
            return False
        self._measure()
        self._show_cursor()
        return True

    # --- painting ------------------------------------------------------------------------------------------

    def shown(self) -> Shown:
        """What the window shows now, for the painter."""
        if not self._measured:
            self._fit()
        geometry, first = self.geometry, self._first
        return Shown(
            geometry=geometry,
            frame=self.layout_of,
            first_row=self._top,
            first_column=first,
            columns=self.layout_of.columns[first : first + geometry.columns],
            labels=self._labels[first : first + geometry.columns],
            cursor_row=self._row,
            cursor_column=self._column,
            marks=self.marks,
            column_marks=self.column_marks,
        )

    def line_at(self, y: int) -> tuple[Line, str]:
        """One line of the window."""
        self._heads_written.pop(y, None)
        self._rows_written.pop(y, None)
        if self._view is not None:
            return self._painter.line(self._view, y)
        # The compositor may ask before this widget has been told its size.
        self._fit()
        return self._painter.line(self.shown(), y)

    def paint_lines(self, lines: Iterable[int]) -> None:
        """Paint these lines of the window, as far as they have changed."""
        self._view = self.shown()
        super().paint_lines(lines)
        self._view = None

    def _paint_line(self, way: Way, y: int, width: int) -> None:
        geometry, shown = self.geometry, self._view or self.shown()
        row = self._top + y - geometry.header
        if y < geometry.header or geometry.spread or not geometry.pitch or row not in self._seen_rows:
            super()._paint_line(way, y, width)
            return
        head = list(self._pen.strip(*self._painter.head(shown, row), self.faded))
        line = way.sequence(way.filtered(head)) + self._rows.cells(way, shown, row, width, self.faded)
        if self._rows_written.get(y) != line:
            way.write(0, y, line)
        self._rows_written[y], self._heads_written[y] = line, head
        self._written.pop(y, None)

    def flush(self, dirty: Dirty) -> None:
        """Paint what has changed, as small as can be."""
        if dirty.moved or (dirty.layout and not self.frozen):
            self.rearrange()
            return
        if dirty.cells and self.wanted.live:
            self._stale_order = True
        self._flushes += 1
        heads = self._flushes % HEADS_EVERY == 0
        self._stale_totals = self._stale_totals or bool(dirty.cells or dirty.figures)
        self._paint(self._seen_cells(dirty.cells, dirty.nodes), heads)
        if heads:
            self._paint_totals()

    def tick(self) -> None:
        """Once a second: live orders, countdowns, ages of nodes that are down."""
        due = self.kit.now() - self._arranged_at >= LIVE_ARRANGE_S
        if self._stale_order and due and not self.frozen:
            self.rearrange()
            return
        store, spread = self.kit.store, self.geometry.spread
        cells = []
        for row in self._seen_rows:
            node = self.layout_of.rows[row]
            if store.nodes[node].state == "down":
                self._stale_heads.add(node)
            elif spread and store.node_counts[node].of(Kind.WAITING):
                cells += [(row, self._first + offset) for offset in range(self.geometry.columns)]
        self._paint(cells, heads=True)
        self._paint_totals()

    def _paint_totals(self) -> None:
        if self._stale_totals and self.geometry.totals:
            self.paint_lines([self.geometry.header - 1])
        self._stale_totals = False

    @property
    def _seen_rows(self) -> range:
        return range(self._top, min(self._top + self.geometry.body, len(self.layout_of.rows)))

    def _seen_cells(self, cells: Iterable[tuple[int, int]], nodes: Iterable[int]) -> list[tuple[int, int]]:
        """Rows and columns of cells that are in the window. Their nodes' heads, and those of ``nodes``, are stale."""
        rows, row_of, column_of = self._seen_rows, self.layout_of.row_of, self.layout_of.column_of
        spans = self.layout_of.spans
        columns = range(self._first, self._first + self.geometry.columns)
        self._stale_heads.update(nodes)
        seen = []
        for node, archive in cells:
            row = row_of.get(node, -1)
            if row in rows:
                self._stale_heads.add(node)
                column = column_of.get(archive, -1)
                if column in columns:
                    seen.append((row, column))
                for further in range(column + 1, column + spans.get(archive, 1) if spans else 0):
                    if further in columns:
                        seen.append((row, further))
        return seen

    def _paint(self, cells: Iterable[tuple[int, int]], heads: bool, whole: bool = False) -> None:
        """Paint cells (row, column), ``whole`` with the gaps after them; and ``heads`` of rows where they are stale."""
        way = self.way()
        nodes, self._stale_heads = (self._stale_heads, set()) if heads else (set[int](), self._stale_heads)
        rows = {row for node in nodes if (row := self.layout_of.row_of.get(node, -1)) in self._seen_rows}
        if way is None:
            self._refresh(cells, rows)
            return
        shown, header = self.shown(), self.geometry.header
        for row, column in cells:
            offset, y = column - self._first, header + row - self._top
            if offset < len(shown.columns):
                line, place = self._painter.cell(shown, row, offset, whole)
                way.write(self.geometry.column_x(offset), y, self._pen.sequence(way, line, place, self.faded))
                self._written.pop(y, None)
                self._rows_written.pop(y, None)
        for row in rows:
            self._paint_head(way, shown, row)
        way.send()

    def _paint_head(self, way: Way, shown: Shown, row: int) -> None:
        y = self.geometry.header + row - self._top
        line, place = self._painter.head(shown, row)
        after = list(self._pen.strip(line, place, self.faded))
        x, changed = difference(self._heads_written.get(y, ()), after)
        if changed:
            way.write(x, y, way.sequence(way.filtered(changed)))
            self._written.pop(y, None)
            self._rows_written.pop(y, None)
        self._heads_written[y] = after

    def _refresh(self, cells: Iterable[tuple[int, int]], rows: Iterable[int]) -> None:
        """Leave it to the compositor."""
        geometry = self.geometry
        regions = [Region(0, geometry.header + row - self._top, geometry.left, 1) for row in rows]
        regions += [
            Region(geometry.column_x(column - self._first), geometry.header + row - self._top, geometry.pitch, 1)
            for row, column in cells
        ]
        if regions:
            self.refresh(*regions)

    # --- moving --------------------------------------------------------------------------------------------

    def move(self, rows: int = 0, columns: int = 0) -> None:
        """Move the cursor by so many rows and columns, as far as there are any."""
        self.move_to(self._row + rows, self._column + columns)

    def move_to(self, row: int, column: int) -> None:
        """Put the cursor on a row and a column of the display."""
        before = self._row, self._column
        self._row = max(0, min(row, len(self.layout_of.rows) - 1))
        self._column = max(0, min(column, len(self.layout_of.columns) - 1))
        self._remember()
        if (self._row, self._column) == before:
            return
        marked = self.marks.ranging and self.marks.reach(*self._node_ids(), self._row)
        if self._show_cursor() or marked:
            self.paint_lines(range(self.size.height))
        else:
            self._paint_cursor(*before)
        self.post_message(self.Moved())

    def _paint_cursor(self, row: int, column: int) -> None:
        """Paint where it was and where it is."""
        if row != self._row:
            self._paint_rows(row, self._row)
        else:
            self._paint([(row, column), (row, self._column)], heads=False, whole=True)
        if column != self._column:
            self._paint_labels(column, self._column)

    def _paint_labels(self, *columns: int) -> None:
        """Paint the labels of some columns."""
        way = self.way()
        if way is None:
            self.refresh(Region(0, 0, self.geometry.width, self.geometry.header))
            return
        shown = self.shown()
        for y in range(self.geometry.labels):
            for column in columns:
                offset = column - self._first
                if 0 <= offset < len(shown.labels):
                    line, place = self._painter.label(shown, y, offset)
                    way.write(self.geometry.column_x(offset), y, self._pen.sequence(way, line, place, self.faded))
                    self._written.pop(y, None)
        way.send()

    def page(self, rows: int = 0, columns: int = 0) -> None:
        """Move by windows."""
        self.move(rows * max(1, self.geometry.body - 1), columns * max(1, self.geometry.columns - 1))

    def _paint_rows(self, *rows: int) -> None:
        self.paint_lines([self.geometry.header + row - self._top for row in rows if row in self._seen_rows])

    def _show_cursor(self) -> bool:
        """Scroll so that the cursor is seen; tell whether that moved anything."""
        geometry = self.geometry
        top, first = self._top, self._first
        if geometry.body:
            top = min(max(top, self._row - geometry.body + 1), self._row)
        if geometry.columns:
            first = min(max(first, self._column - geometry.columns + 1), self._column)
        return self._look_at(top, first)

    def _look_at(self, top: int, first: int) -> bool:
        """Let the window begin with a row and a column, as far as there are so many; tell whether that is another."""
        before = self._top, self._first
        self._top = max(0, min(top, len(self.layout_of.rows) - self.geometry.body))
        self._first = max(0, min(first, len(self.layout_of.columns) - self.geometry.columns))
        return (self._top, self._first) != before

    def _scroll(self, rows: int = 0, columns: int = 0) -> None:
        """Move the window; the cursor stays where it is."""
        if self._look_at(self._top + rows, self._first + columns):
            self.paint_lines(range(self.size.height))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Down, or with shift or ctrl to the right."""
        sideways = event.shift or event.ctrl
        self._scroll(0 if sideways else WHEEL_ROWS, WHEEL_COLUMNS if sideways else 0)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Up, or with shift or ctrl to the left."""
        sideways = event.shift or event.ctrl
        self._scroll(0 if sideways else -WHEEL_ROWS, -WHEEL_COLUMNS if sideways else 0)

    def on_click(self, event: Click) -> None:
        """Put the cursor where the mouse points, in the header on a column; a second click opens; ctrl marks."""
        row = event.y - self.geometry.header + self._top
        offset = self.geometry.hit_column(event.x)
        column = self._column if offset is None else self._first + offset
        if event.y < self.geometry.header:
            row = self._row
        elif row >= len(self.layout_of.rows):
            return
        again = (row, column) == self.position and event.button == 1
        self.move_to(row, column)
        if event.button == RIGHT_BUTTON:
            self.post_message(MenuAsked())
        elif event.ctrl:
            self.toggle_mark(stay=True)
        elif again and event.y >= self.geometry.header:
            self.post_message(self.Opened())

    # --- marks ---------------------------------------------------------------------------------------------

    def _node_ids(self) -> tuple[list[str], dict[str, int]]:
        """IDs of the nodes shown, in order, and where each stands."""
        ids = [self.kit.store.nodes[row].id for row in self.layout_of.rows]
        return ids, {id: place for place, id in enumerate(ids)}

    def toggle_mark(self, stay: bool = False) -> None:
        """Mark the cursor's node, or take its mark away, and go on to the next."""
        node = self.cursor_node
        if node is None:
            return
        self.marks.toggle(self.kit.store.nodes[node].id)
        self._paint_rows(self._row)
        if not stay:
            self.move(rows=1)

    def toggle_column_mark(self) -> None:
        """Mark the cursor's archive, or take its mark away, and go on to the next."""
        archive = self.cursor_archive
        if archive is None or archive in self.kit.store.rejected:
            return
        self.column_marks.toggle(self.kit.store.archive(archive).digest)
        self.paint_lines(range(self.geometry.header))
        span = self.layout_of.spans.get(archive, 1)
        self.move(columns=self.layout_of.column_of[archive] + span - self._column)

    def toggle_range(self) -> None:
        """Begin to mark from the cursor's node on, or end that."""
        node = self.cursor_node
        if self.marks.ranging:
            self.marks.end_range()
        elif node is not None:
            self.marks.begin_range(self.kit.store.nodes[node].id)
            self._paint_rows(self._row)

    def mark_shown(self) -> None:
        """Mark all nodes that the filter shows."""
        self.marks.choose(self._node_ids()[0])
        self.refresh()

    def clear_marks(self) -> None:
        """Take all marks away."""
        self.marks.clear()
        self.column_marks.clear()
        self.refresh()

    def go_to(self, node_id: str | None, digest: str | None) -> bool:
        """Put the cursor on a node, or an archive; tell whether it is shown."""
        store, frame = self.kit.store, self.layout_of
        row, column = self.position
        if node_id is not None:
            row = frame.row_of.get(store.node_index.get(node_id, -1), -1)
        if digest is not None:
            column = frame.column_of.get(store.archive_index.get(digest, -1), -1)
        return row >= 0 and column >= 0 and self._go_to((row, column))

    # --- finding -------------------------------------------------------------------------------------------

    def next_trouble(self, direction: int) -> bool:
        """Go to the next cell in trouble, line by line; tell whether there is one."""
        return self._go_to(troubled_after(self.kit.store, self.layout_of, self.position, direction))

    def next_match(self, wanted: Filter, direction: int) -> bool:
        """Go to the next node that a filter would show, or to the next archive where it speaks of those."""
        return self._go_to(matching_after(self.kit.store, self.layout_of, self.position, wanted, direction))

    def _go_to(self, place: tuple[int, int] | None) -> bool:
        if place is not None:
            self.move_to(*place)
        return place is not None
