"""A list of rows under captions: virtual, with a cursor that stays on its row's key."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView

from dsync_tui.console.glyphs import POINTER
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, Span, cut_line, width_of
from dsync_tui.console.marks import Marks
from dsync_tui.console.messages import RIGHT_BUTTON, MenuAsked
from dsync_tui.console.painted import Painted

_PREFIX_CELLS = 2


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column: its caption, its least width, its share of what is left, and the least width to be shown at."""

    title: str
    width: int
    flex: int = 0
    right: bool = False
    shown_from: int = 0


Build = Callable[[Hashable], Sequence[Line]]
"""Makes a row's cells, one line each; called for what is seen only."""


class Table(Painted, ScrollView, can_focus=False):
    """The list widget."""

    DEFAULT_CSS = """
    Table { width: 1fr; height: 1fr; layout: vertical; scrollbar-size: 0 0; overflow: hidden scroll; }
    """

    class Moved(Message):
        """The cursor stands elsewhere."""

        def can_replace(self, message: Message) -> bool:
            """One is enough."""
            return isinstance(message, Table.Moved)

    class Opened(Message):
        """The row under the cursor was clicked once more."""

    def __init__(
        self, kit: Kit, columns: Sequence[TableColumn], build: Build, id: str | None = None, place: str = ""
    ) -> None:
        super().__init__(kit, id)
        self._place = place
        self.keys: list[Hashable] = []
        self.marks: Marks[Hashable] = Marks()
        self.follow = False
        self._columns = tuple(columns)
        self._build = build
        self._key: Hashable | None = None
        self._row = 0
        self._row_of: dict[Hashable, int] = {}

    # --- rows ----------------------------------------------------------------------------------------------

    @property
    def current(self) -> Hashable | None:
        """The key under the cursor; None in an empty list."""
        return self.keys[self._row] if self._row < len(self.keys) else None

    @property
    def row(self) -> int:
        """The cursor's row."""
        return self._row

    def set_columns(self, columns: Sequence[TableColumn]) -> None:
        """Use other widths."""
        if tuple(columns) != self._columns:
            self._columns = tuple(columns)
            self.refresh()

    def set_keys(self, keys: Sequence[Hashable]) -> None:
        """Show these rows; the cursor stays on its key, or near where that was."""
        on_screen = self._row - self.scroll_offset.y
        before, same = self.current, self.keys == list(keys)
        self.keys = list(keys)
        self._row_of = {key: row for row, key in enumerate(self.keys)}
        last = max(0, len(self.keys) - 1)
        if self.follow:
            self._row = last
        else:
            self._row = self._row_of.get(self._key, min(self._row, last)) if self._key is not None else 0
        if same and not self.follow:
            self.paint_lines(range(self.size.height))
            return
        self.virtual_size = Size(self.size.width, len(self.keys) + 1)
        self._scroll(self._row - max(0, on_screen))
        self._show_cursor()
        self.refresh()
        if self.current != before:
            self.post_message(self.Moved())

    def refresh_keys(self, keys: Sequence[Hashable]) -> None:
        """Paint some rows anew, if they are seen."""
        top = self.scroll_offset.y
        self.paint_lines(
            [
                row - top + 1
                for key in keys
                if (row := self._row_of.get(key)) is not None and top <= row < top + self._body
            ]
        )

    # --- moving --------------------------------------------------------------------------------------------

    def move(self, rows: int) -> None:
        """Move the cursor by so many rows."""
        self.move_to(self._row + rows)

    def move_to(self, row: int) -> None:
        """Put the cursor on a row."""
        before = self._row
        self._row = max(0, min(row, len(self.keys) - 1))
        self._key = self.current
        if self._row == before:
            return
        if self.marks.ranging and self.marks.reach(self.keys, self._row_of, self._row):
            self._show_cursor()
            self.refresh()
        elif not self._show_cursor():
            self.refresh_keys([self.keys[before], self.keys[self._row]])
        self.post_message(self.Moved())

    def page(self, pages: int) -> None:
        """Move by windows."""
        self.move(pages * max(1, self._body - 1))

    @property
    def _body(self) -> int:
        return max(0, self.size.height - 1)

    def _scroll(self, row: int) -> None:
        limit = max(0, len(self.keys) - self._body)
        self.scroll_to(y=max(0, min(row, limit)), animate=False, force=True)

    def _show_cursor(self) -> bool:
        before = self.scroll_offset
        if self._row < before.y:
            self._scroll(self._row)
        elif self._body and self._row >= before.y + self._body:
            self._scroll(self._row - self._body + 1)
        return self.scroll_offset != before

    def on_resize(self, event: Resize) -> None:
        """Keep the cursor in sight."""
        self.virtual_size = Size(self.size.width, len(self.keys) + 1)
        self._show_cursor()

    def on_click(self, event: Click) -> None:
        """Put the cursor where the mouse points; a second click opens; ctrl marks."""
        row = event.y - 1 + self.scroll_offset.y
        if event.y == 0 or row >= len(self.keys):
            return
        again = row == self._row and event.button == 1
        self.move_to(row)
        if event.button == RIGHT_BUTTON:
            self.post_message(MenuAsked())
        elif event.ctrl:
            self.toggle_mark(stay=True)
        elif again:
            self.post_message(self.Opened())

    def toggle_mark(self, stay: bool = False) -> None:
        """Mark the cursor's row, or take its mark away, and go on to the next."""
        if self.current is not None:
            self.marks.toggle(self.current)
            self.refresh_keys([self.current])
            if not stay:
                self.move(1)

    def toggle_range(self) -> None:
        """Begin to mark from the cursor's row on, or end that."""
        if self.marks.ranging:
            self.marks.end_range()
        elif self.current is not None:
            self.marks.begin_range(self.current)
            self.refresh_keys([self.current])

    def mark_shown(self) -> None:
        """Mark every row."""
        self.marks.choose(self.keys)
        self.refresh()

    def clear_marks(self) -> None:
        """Take all marks away."""
        self.marks.clear()
        self.refresh()

    # --- painting ------------------------------------------------------------------------------------------

    def _widths(self, width: int) -> list[tuple[TableColumn, int, int]]:
        """The columns that fit: each with its place among the cells and its width."""
        shown = [(place, column) for place, column in enumerate(self._columns) if width >= column.shown_from]
        room = width - _PREFIX_CELLS - sum(column.width + 1 for _, column in shown)
        shares = sum(column.flex for _, column in shown)
        widths = []
        for place, column in shown:
            extra = max(0, room) * column.flex // shares if shares else 0
            widths.append((column, place, column.width + extra))
        if widths and room < 0:
            # What is cut says so: the last one gives way, rather than run over the edge.
            column, place, width = widths[-1]
            widths[-1] = column, place, max(0, width + room)
        return widths

    def width_of(self, place: int) -> int:
        """The present width of the column at that place among all."""
        return next((width for _, at, width in self._widths(self.size.width) if at == place), 0)

    def line_at(self, y: int) -> tuple[Line, str]:
        """One line of the window: captions, then rows."""
        width = self.size.width
        if y == 0:
            return self._captions(width), self._place
        row = y - 1 + self.scroll_offset.y
        if row >= len(self.keys):
            return [], self._place
        key = self.keys[row]
        here = row == self._row
        line: list[Span] = [(POINTER if here else " ", "key"), ("*" if key in self.marks else " ", "key")]
        cells = self._build(key)
        for column, place, cell_width in self._widths(width):
            line.extend(_fitted(cells[place], cell_width, column.right))
            line.append((" ", "text"))
        return line, "cursor-row" if here else self._place

    def _captions(self, width: int) -> list[Span]:
        line: list[Span] = [(" " * _PREFIX_CELLS, "title")]
        for column, _, cell_width in self._widths(width):
            line.extend(_fitted([(column.title, "title")], cell_width, column.right))
            line.append((" ", "title"))
        return line


def _fitted(cell: Line, width: int, right: bool) -> list[Span]:
    """Cut or pad a cell to its width."""
    cut = cut_line(cell, width)
    gap: Span = (" " * (width - width_of(cut)), "text")
    return [gap, *cut] if right else [*cut, gap]


assert cell_len(POINTER) == 1
