"""The command palette: type what is wanted, or point at it."""

from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.events import Click
from textual.screen import ModalScreen
from textual.widgets import Input

from dsync_tui.console.boxes import LinesBox
from dsync_tui.console.commands import Command, ranked
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, clipped
from dsync_tui.console.table import Table, TableColumn
from dsync_tui.console.text_line import TextLine

WIDEST, TALLEST = 86, 26
KEYS_CELLS = 12


class Choices(Table):
    """A list where one click is enough."""

    def on_click(self, event: Click) -> None:
        """Take the row that the mouse points at."""
        event.prevent_default()
        row = event.y - 1 + self.scroll_offset.y
        if event.y > 0 and row < len(self.keys):
            self.move_to(row)
            self.post_message(self.Opened())


class PaletteScreen(ModalScreen[Command | None], inherit_bindings=False):
    """Returns the command that was chosen. ``offered`` makes them anew for every text: some depend on it.

    ``aim``: what actions would be done on.
    """

    DEFAULT_CSS = """
    PaletteScreen { align: center top; }
    PaletteScreen #palette { width: auto; height: auto; max-width: 100%; max-height: 100%; margin: 2 0 0 0; }
    PaletteScreen #palette { padding: 1 2; background: $panel; }
    PaletteScreen #palette-text { height: 1; border: none; padding: 0; background: $panel; }
    PaletteScreen #palette-aim { height: 1; margin: 0 0 1 0; }
    """
    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]  # Textual allows tuples too
        Binding("escape,ctrl+c", "leave", show=False),
        Binding("up,ctrl+up", "move(-1)", show=False),
        Binding("down,ctrl+down,tab", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    def __init__(self, kit: Kit, offered: Callable[[str], Sequence[Command]], aim: Line) -> None:
        super().__init__()
        self.kit = kit
        self._offered = offered
        self._aim = aim
        self._found: list[Command] = []
        columns = (TableColumn("", 20, 1), TableColumn("", KEYS_CELLS, right=True))
        self._list = Choices(kit, columns, self._row, id="palette-list", place="dialog")

    def compose(self) -> ComposeResult:
        """The text, what it is done on, the list."""
        with Vertical(id="palette"):
            text = TextLine(id="palette-text", compact=True, placeholder=self.kit.say("palette.placeholder"))
            text.cursor_blink = False
            yield text
            yield LinesBox(self.kit, id="palette-aim", place="dialog")
            yield self._list

    def on_mount(self) -> None:
        """Offer everything."""
        # At once: the next key belongs to it.
        self.set_focus(self.query_one("#palette-text", Input), scroll_visible=False)
        self._lay_out()
        self._find("")

    def on_resize(self) -> None:
        """Lay out for the new size."""
        self._lay_out()

    def _lay_out(self) -> None:
        width = max(1, min(WIDEST, self.app.size.width - 6))
        aim = self.query_one("#palette-aim", LinesBox)
        for widget in (self.query_one("#palette-text", Input), aim, self._list):
            widget.styles.width = width
        self._list.styles.height = max(1, min(TALLEST, self.app.size.height - 8))
        self._tell()

    def _tell(self) -> None:
        """What it would be done on; or that nothing is called like that."""
        aim, say = self.query_one("#palette-aim", LinesBox), self.kit.say
        words = "".join(text for text, _ in self._aim).strip()
        told = (say("palette.aim", what=words) if words else "") if self._found else say("palette.nothing")
        width = max(1, min(WIDEST, self.app.size.width - 6))
        aim.set_lines([[(clipped(told, width), "dim" if self._found else "warn")]])

    def _row(self, key: Hashable) -> Sequence[Line]:
        command = self._found[key] if isinstance(key, int) and key < len(self._found) else None
        if command is None:
            return [[], []]
        style = "text" if command.enabled else "dim"
        return [[(command.title, style)], [(command.keys, "key" if command.enabled else "dim")]]

    def _find(self, text: str) -> None:
        self._found = ranked(self._offered(text), text)
        self._list.set_keys(range(len(self._found)))
        self._list.move_to(0)
        self._tell()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look as it is typed."""
        event.stop()
        self._find(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do what stands first, or where the cursor is."""
        event.stop()
        self._take()

    def on_table_opened(self, event: Table.Opened) -> None:
        """A row was clicked."""
        event.stop()
        self._take()

    def on_table_moved(self, event: Table.Moved) -> None:
        """The list's own affair."""
        event.stop()

    def _take(self) -> None:
        row = self._list.row
        if row < len(self._found) and self._found[row].enabled:
            self.dismiss(self._found[row])

    def action_move(self, rows: int) -> None:
        """Move through the list."""
        self._list.move(rows)

    def action_page(self, pages: int) -> None:
        """By windows."""
        self._list.page(pages)

    def action_leave(self) -> None:
        """Do nothing."""
        self.dismiss(None)
