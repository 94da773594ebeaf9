"""The frame of the home screen: its bars, views and pane, what of them is painted when, and which view is shown."""

import asyncio
from collections.abc import Mapping
from time import monotonic

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Input

from dsync_tui.console.boxes import Bar, LinesBox
from dsync_tui.console.chrome import CursorBar, KeyBar, RateBar, StatusBar, TabsBar, TinyBar
from dsync_tui.console.direct import waiting_writes
from dsync_tui.console.keys import ACTS, VIEWS
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line
from dsync_tui.console.screens.archives import ArchivesView
from dsync_tui.console.screens.deliveries import RetriesView, TransfersView
from dsync_tui.console.screens.events import EventsView
from dsync_tui.console.screens.health import HealthView
from dsync_tui.console.screens.matrix import MatrixView
from dsync_tui.console.screens.nodes import NodesView
from dsync_tui.console.screens.view import View
from dsync_tui.console.session import Phase, Session
from dsync_tui.console.text_line import TextLine

BARS_EVERY = 5
"""Bars are painted every so many flushes: nobody reads a figure that changes faster."""
PANE_CELLS = 42
TINY_WIDTH, TINY_HEIGHT = 40, 10


class HomeFrame(Screen[None], inherit_bindings=False):
    """What an operator sees; what keys mean stands in its subclasses."""

    AUTO_FOCUS = ""
    DEFAULT_CSS = f"""
    HomeFrame #frame {{ height: 1fr; }}
    HomeFrame #middle {{ height: 1fr; }}
    HomeFrame #views {{ width: 1fr; height: 1fr; }}
    HomeFrame #pane {{ width: {PANE_CELLS}; height: 1fr; padding: 0 1 0 2; display: none; }}
    HomeFrame.-pane #pane {{ display: block; }}
    HomeFrame #filter {{ display: none; }}
    HomeFrame.-filtering #filter {{ display: block; }}
    HomeFrame.-filtering #rates {{ display: none; }}
    HomeFrame #tiny {{ display: none; }}
    HomeFrame.-tiny #tiny {{ display: block; }}
    HomeFrame.-tiny #frame {{ display: none; }}
    """

    def __init__(self, kit: Kit, session: Session, keys: Mapping[str, str]) -> None:
        super().__init__()
        self.kit = kit
        self._keys = keys
        self.session = session
        self.active = VIEWS[0]
        self._flushes = 0
        self._flushed_at = 0.0
        self._flush_due = False
        self._pane = LinesBox(kit, id="pane")
        self._bars: tuple[Bar, ...] = (
            StatusBar(kit, self, id="status"),
            TabsBar(kit, self, id="tabs"),
            RateBar(kit, id="rates"),
            CursorBar(kit, self, id="cursor"),
            KeyBar(kit, self, self.can, id="keys"),
            TinyBar(kit, self, id="tiny"),
        )
        self.views: dict[str, View] = {
            view.NAME: view(kit, session)
            for view in (
                MatrixView,
                TransfersView,
                RetriesView,
                HealthView,
                NodesView,
                ArchivesView,
                EventsView,
            )
        }

    def compose(self) -> ComposeResult:
        """Bars above, view and pane between, cursor and keys below. Views are mounted when they are first shown."""
        *above, cursor, keys, tiny = self._bars
        with Vertical(id="frame"):
            yield from above
            yield TextLine(id="filter", compact=True, placeholder=self.kit.say("filter.placeholder"))
            with Horizontal(id="middle"):
                with ContentSwitcher(id="views", initial=VIEWS[0]):
                    yield self.views[VIEWS[0]]
                yield self._pane
            yield cursor
            yield keys
        yield tiny

    def on_mount(self) -> None:
        """Begin to paint."""
        box = self.query_one("#filter", Input)
        box.cursor_blink = False
        self._fit()
        self.view.rebuild()
        # All that has come so far is in the first picture.
        self.kit.store.take_dirty()
        self.session.on_news = self._news
        self.set_interval(1.0, self.tick)

    @property
    def view(self) -> View:
        """The active view."""
        return self.views[self.active]

    # --- painting ------------------------------------------------------------------------------------------

    def _news(self) -> None:
        """The stream has brought something: paint it soon, and together with what else comes until then.

        Where the store's indices have moved, at once: a key in between would be for another node or archive.
        """
        if self.kit.store.dirty.moved:
            self.flush()
        elif not self._flush_due:
            self._flush_later(monotonic())

    def _flush_later(self, now: float) -> None:
        self._flush_due = True
        due_at = self._flushed_at + self.kit.pace.interval_s(now)
        # Not by ``set_timer``: one that is due before its task runs, as short ones are on a busy machine, never fires,
        # and nothing would be painted any more.
        loop = asyncio.get_running_loop()
        loop.call_later(max(0.0, due_at - now), self.call_next, self._flush_if_taken)

    def _flush_if_taken(self) -> None:
        """Paint, unless the terminal has yet to take what was painted before: then what has changed can wait."""
        now = monotonic()
        if self.kit.pace.held(waiting_writes(self.app), now):
            self._flushed_at = now
            self._flush_later(now)
        else:
            self.flush()

    def flush(self) -> None:
        """Paint what has changed since the last time; the only way from the stream to the screen."""
        self._flush_due, self._flushed_at = False, monotonic()
        covered = not self.is_current and not self.app.screen.is_modal
        if covered and not self.kit.store.dirty.moved:
            return  # what nobody sees is painted when it is seen again
        dirty = self.kit.store.take_dirty()
        if not dirty:
            return
        self.view.flush(dirty)
        self._flushes += 1
        if dirty.everything or self._flushes % BARS_EVERY == 0:
            self.update_bars()

    def on_screen_resume(self) -> None:
        """What lay above is gone."""
        self.flush()

    def tick(self) -> None:
        """A second has passed: ages and countdowns."""
        self.view.tick()
        self.view.fade(self.session.bond.stale(self.kit.now()))
        self.update_bars()

    def phase_changed(self) -> None:
        """The daemon was lost or found: at once, not with the next second."""
        self.view.fade(self.session.bond.stale(self.kit.now()))
        for bar in self._bars:
            bar.refresh()
        if self.session.bond.phase is not Phase.ATTACHED and not self.kit.store.complete:
            self.view.rebuild()

    def update_bars(self) -> None:
        """Bars and pane, where their text has changed."""
        for bar in self._bars:
            bar.update()
        self._update_pane()

    def _update_cursor(self) -> None:
        """What tells of the cursor, at once; the other bars can wait for the next flush."""
        *_, cursor, keys, _ = self._bars
        cursor.update()
        self._update_pane()
        keys.update()

    def _update_pane(self) -> None:
        if self.has_class("-pane"):
            self._pane.fade(self.session.bond.stale(self.kit.now()))
            self._pane.set_lines(list(self.view.detail(PANE_CELLS - 3)))

    def repaint(self) -> None:
        """Everything, with other colours."""
        for widget in self.walk_children():
            widget.refresh()

    def retell(self) -> None:
        """Everything, in another language."""
        self.query_one("#filter", Input).placeholder = self.kit.say("filter.placeholder")
        for view in self.views.values():
            if view.is_attached:
                view.rebuild()
        self.update_bars()
        self.repaint()

    def on_resize(self) -> None:
        """Room for the pane, for cells, or for one line."""
        self._fit()
        self.call_after_refresh(self.update_bars)

    def _fit(self) -> None:
        width, height = self.app.size
        self.set_class(width < TINY_WIDTH or height < TINY_HEIGHT, "-tiny")
        self.set_class(width >= self.view.PANE_FROM, "-pane")

    # --- what the bars read --------------------------------------------------------------------------------

    def standing(self) -> list[Line]:
        """Filter, order and modes of the view."""
        parts: list[Line] = []
        if self.view.filter_text:
            count, of = self.view.shown()
            parts.append([(f"/{self.view.filter_text}", "key"), (f" {count}/{of}", "dim")])
        parts.extend([span] for span in self.view.standing())
        return parts

    def cursor_line(self) -> Line:
        """What is under the cursor."""
        return self.view.cursor_line()

    def marked(self) -> str:
        """How much is marked."""
        return self.view.marks_text()

    def keys_of(self, id: str) -> str:
        """The keys that an action is bound to now."""
        return self._keys.get(id, "")

    def can(self, id: str) -> bool:
        """Tell whether a key does something now: acting needs a daemon that is there and lets this operator act."""
        return id not in ACTS or (self.session.attached and not self.session.read_only)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Some keys do nothing now."""
        return True if self.can(str(parameters[0]) if action == "act" else action) else None

    # --- views ---------------------------------------------------------------------------------------------

    async def action_show(self, name: str) -> None:
        """Show a view; it is as it was left."""
        if name == self.active:
            return
        self._end_filter()
        switcher = self.query_one("#views", ContentSwitcher)
        view = self.views[name]
        if not view.is_attached:
            await switcher.add_content(view)
        self.active = name
        switcher.current = name
        self.on_resize()
        view.rebuild()
        view.fade(self.session.bond.stale(self.kit.now()))
        self.update_bars()
        self.view_shown()

    def view_shown(self) -> None:
        """Another view is the active one."""

    async def action_turn(self, direction: int) -> None:
        """The next view, or the one before."""
        await self.action_show(VIEWS[(VIEWS.index(self.active) + direction) % len(VIEWS)])

    async def on_tabs_bar_chosen(self, message: TabsBar.Chosen) -> None:
        """A tab was clicked."""
        await self.action_show(message.view)

    async def on_key_bar_pressed(self, message: KeyBar.Pressed) -> None:
        """A key of the footer was clicked."""
        await self.run_action(message.action)

    def _health(self) -> HealthView:
        view = self.views["health"]
        if not isinstance(view, HealthView):
            raise LookupError("health")
        return view

    def _matrix(self) -> MatrixView:
        view = self.views["matrix"]
        if not isinstance(view, MatrixView):
            raise LookupError("matrix")
        return view

    def _end_filter(self) -> None:
        try:
            box = self.query_one("#filter", Input)
        except NoMatches:
            return
        self.remove_class("-filtering")
        if box.has_focus:
            self.set_focus(None)
