"""The frame of screens that lie on top of the home screen: a title, lines to scroll, escape to leave."""

from collections.abc import Callable, Iterable
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding
from textual.events import Click
from textual.screen import Screen

from dsync_tui.console.boxes import Bar, LinesBox
from dsync_tui.console.chrome import connection_spans
from dsync_tui.console.deeds import Deeds
from dsync_tui.console.keys import ACTS, BY_ID, key_names
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, Span, joined, spread
from dsync_tui.console.session import Phase
from dsync_tui.console.targets import Targets

MARGIN_CELLS = 2


class TitleBar(Bar):
    """Title at the left, the way out at the right; the connection between them while the daemon is away."""

    def __init__(self, kit: Kit, deeds: Deeds | None, id: str) -> None:
        super().__init__(kit, id)
        self._deeds = deeds
        self.title_line: list[Span] = []
        self.position = ""

    @property
    def lost(self) -> bool:
        """Tell whether the daemon is away."""
        return self._deeds is not None and self._deeds.session.bond.phase is Phase.LOST

    def place(self) -> str:
        """Reverse while disconnected."""
        return "banner" if self.lost else "bar"

    def line(self, width: int) -> list[Span]:
        """The title."""
        style = self.place()
        away: list[Line] = []
        if self._deeds is not None and self.lost:
            away = [connection_spans(self.kit, self._deeds.session)]
        position: list[Line] = [[(self.position, style)]] if self.position else []
        right = joined([*away, *position, [(self.kit.say("pushed.back") + " ", style)]])
        title = [(text, style) for text, _ in self.title_line] if self.lost else self.title_line
        return spread([(" ", style), *title], right, width)


class ActsBar(Bar):
    """What can be done on what the screen is about; a click does it."""

    PLACE = "bar"

    def __init__(self, kit: Kit, deeds: Deeds, acts: tuple[str, ...], possible: Callable[[str], bool], id: str) -> None:
        super().__init__(kit, id)
        self._deeds = deeds
        self._acts = acts
        self._possible = possible
        self._places: list[tuple[int, int, str]] = []

    def line(self, width: int) -> list[Span]:
        """As many as fit."""
        spans: list[Span] = [(" ", "text")]
        self._places = []
        x = 1
        for id in self._acts:
            names = key_names(self._deeds.keys_of(id))
            name, word = names[0] if names else "?", self.kit.say(f"key.{id}")
            cells = cell_len(name) + 1 + cell_len(word)
            if x + cells > width:
                break
            on = self._possible(id)
            spans += [(name, "key" if on else "dim"), (f" {word}  ", "text" if on else "dim")]
            self._places.append((x, x + cells, id))
            x += cells + 2
        return spans

    async def on_click(self, event: Click) -> None:
        """Do what was clicked."""
        for first, end, id in self._places:
            if first <= event.x < end:
                await self.screen.run_action(BY_ID[id].action)


class PushedScreen(Screen[None], inherit_bindings=False):
    """Base of Help and of details. Made anew once a second, painting only what has changed.

    ``ACTS``: ids of keys that act on what the screen is about; they are the same keys as on the home screen.
    """

    DEFAULT_CSS = """
    PushedScreen #pushed-lines { height: 1fr; margin: 1 2 0 2; }
    """
    ACTS: ClassVar[tuple[str, ...]] = ()
    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]  # Textual allows tuples too
        Binding("escape,q,ctrl+c", "leave", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("pageup", "scroll(-15)", show=False),
        Binding("pagedown,space", "scroll(15)", show=False),
        Binding("g,home", "scroll(-100000)", show=False),
        Binding("G,end", "scroll(100000)", show=False),
        BY_ID["copy"].binding(),
        *(key.binding() for key in BY_ID.values() if key.action.startswith("act(") and key.id != "retry-all"),
    ]

    def __init__(self, kit: Kit, deeds: Deeds | None = None) -> None:
        super().__init__()
        self.kit = kit
        self.deeds = deeds
        self._title = TitleBar(kit, deeds, id="pushed-title")
        self._box = LinesBox(kit, id="pushed-lines")

    def title_spans(self) -> list[Span]:
        """What the screen is about."""
        return []

    def content(self, width: int) -> Iterable[Line]:
        """The lines, for a width."""
        return ()

    def compose(self) -> ComposeResult:
        """Title and lines."""
        yield self._title
        yield self._box
        if self.deeds is not None and self.ACTS:
            yield ActsBar(self.kit, self.deeds, self.ACTS, self.possible, id="pushed-acts")

    def on_mount(self) -> None:
        """Show, and keep up to date."""
        self.show()
        self.set_interval(1.0, self.show)

    def on_resize(self) -> None:
        """Break lines for the new width."""
        self.call_after_refresh(self.show)

    def show(self) -> None:
        """Make title and lines anew."""
        width = max(10, self.app.size.width - 2 * MARGIN_CELLS)
        self._title.title_line = self.title_spans()
        self._box.set_lines(list(self.content(width)))
        if self.deeds is not None:
            self._box.fade(self.deeds.session.bond.stale(self.kit.now()))
        for bar in self.query(ActsBar):
            bar.update()
        self._tell_position()

    def _tell_position(self) -> None:
        """Which lines are seen, where it is not all."""
        first, seen, of = self._box.scroll_offset.y, self._box.size.height, len(self._box.lines)
        more = bool(seen) and of > seen
        self._title.position = (
            self.kit.say("pushed.position", first=first + 1, last=min(of, first + seen), count=of) if more else ""
        )
        self._title.update()

    # --- acting --------------------------------------------------------------------------------------------

    def targets(self) -> Targets | None:
        """The cells that the screen is about."""
        return None

    def nodes_meant(self) -> tuple[int, ...]:
        """The nodes that the screen is about."""
        return ()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what the screen is made for, and only while it can be done."""
        if action != "act":
            return True
        id = str(parameters[0])
        return id in self.ACTS and self.possible(id)

    def possible(self, id: str) -> bool:
        """Tell whether a key does something now: acting also needs something to act on."""
        if self.deeds is None or not self.deeds.can(id):
            return False
        return id not in ACTS or self.targets() is not None or bool(self.nodes_meant())

    def action_act(self, what: str) -> None:
        """Do something on what the screen is about."""
        if self.deeds is not None:
            self.run_worker(self.deeds.acting.do(what, self), group="acting")

    # --- keys ----------------------------------------------------------------------------------------------

    def action_copy(self) -> None:
        """Put the whole text on the clipboard (OSC 52)."""
        lines = ["".join(text for text, _ in line).rstrip() for line in self._box.lines]
        self.app.copy_to_clipboard("\n".join(lines).strip())
        self.app.notify(self.kit.say("copied-lines", count=len(lines)), markup=False)

    def action_scroll(self, lines: int) -> None:
        """Scroll."""
        self._box.scroll_by_lines(lines)
        self.call_after_refresh(self._tell_position)

    def action_leave(self) -> None:
        """Back to where one came from."""
        self.dismiss()
