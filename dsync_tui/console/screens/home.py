"""The home screen: what each key means that moves, looks or acts."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding

from dsync_tui.console.acting import Acting
from dsync_tui.console.asking import Stage
from dsync_tui.console.commands import Command
from dsync_tui.console.deeds import Deeds
from dsync_tui.console.exporting import Exporting
from dsync_tui.console.keys import KEYS
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line
from dsync_tui.console.matrix import Matrix
from dsync_tui.console.messages import MenuAsked
from dsync_tui.console.offers import offers
from dsync_tui.console.screens.commands import PaletteScreen
from dsync_tui.console.screens.events import EventsView
from dsync_tui.console.screens.health import HealthView
from dsync_tui.console.screens.home_finding import HomeFinding
from dsync_tui.console.screens.opening import Opening
from dsync_tui.console.session import Session
from dsync_tui.console.table import Table


class HomeScreen(HomeFinding, inherit_bindings=False):
    """What an operator sees, with all its keys."""

    BINDINGS: ClassVar[list[Binding]] = [key.binding() for key in KEYS]  # type: ignore[assignment]

    def __init__(
        self,
        kit: Kit,
        session: Session,
        stage: Stage,
        keys: Mapping[str, str],
        more_commands: Callable[[], Sequence[Command]],
    ) -> None:
        super().__init__(kit, session, stage, keys)
        self._more_commands = more_commands
        self._acting = Acting(kit, session, stage)
        self._exporting = Exporting(kit, stage, self._picture, Path())
        deeds = Deeds(session, self._acting, self.keys_of, self.can)
        self._opening = Opening(kit, deeds, stage, lambda screen: self.app.push_screen(screen))

    def view_shown(self) -> None:
        """Health begins with a look."""
        if self.active == "health":
            self._begin_health()

    def _begin_health(self) -> None:
        """The first look at health: the daemon's own checks, at once."""
        view, greeting = self._health(), self.kit.store.greeting
        if greeting is not None and greeting.node_id in view.table.keys and not view.examined and self.can("check"):
            view.select(greeting.node_id)
            self._go(self._acting.check(view, ()))

    # --- moving and looking --------------------------------------------------------------------------------

    def action_move(self, rows: int, columns: int) -> None:
        """Move the cursor."""
        self.view.move(rows, columns)

    def action_page(self, rows: int, columns: int) -> None:
        """Move the cursor by windows."""
        self.view.page(rows, columns)

    def action_edge(self, direction: int) -> None:
        """First or last row."""
        self.view.edge(direction)

    def on_matrix_moved(self, message: Matrix.Moved) -> None:
        """The cursor stands elsewhere."""
        self._update_cursor()

    def on_table_moved(self, message: Table.Moved) -> None:
        """The cursor stands elsewhere."""
        if isinstance(self.view, HealthView):
            self.view.show_checks()
        self._update_cursor()

    def on_matrix_opened(self, message: Matrix.Opened) -> None:
        """A cell was clicked twice."""
        self.action_open()

    def on_table_opened(self, message: Table.Opened) -> None:
        """A row was clicked twice."""
        self.action_open()

    def action_open(self) -> None:
        """Details of what is under the cursor; on the health view its checks."""
        if isinstance(self.view, EventsView):
            line = self.view.line
            if line is not None:
                self._opening.event(line, self.view.lines_of)
        elif not isinstance(self.view, HealthView):
            self._opening.subject(self.view.subject())
        elif self.can("check"):
            self.action_check()

    def action_plan(self) -> None:
        """What syncing the archive under the cursor would move."""
        self._opening.plan(self.view.subject()[1])

    def plan_of_file(self, path: str) -> None:
        """What a file would move."""
        self._opening.plan_of_file(path)

    def action_settings(self) -> None:
        """The daemon's settings."""
        self._opening.settings()

    def action_export(self) -> None:
        """Write what is shown to a file."""
        self._go(self._exporting.export(self.active, self.view.records))

    def action_copy(self) -> None:
        """Put what is under the cursor on the clipboard (OSC 52)."""
        text = self.view.copy_text()
        if text:
            self.app.copy_to_clipboard(text)
            self._stage.tell(self.kit.say("copied", text=text[:60]), True)

    def _picture(self) -> str:
        return self.app.export_screenshot(title=self.kit.say("title"))

    def action_freeze(self) -> None:
        """Hold rows where they are; on the events stop following."""
        if isinstance(self.view, EventsView):
            self.view.toggle_follow()
        else:
            matrix = self._matrix().matrix
            matrix.frozen = not matrix.frozen
            if not matrix.frozen:
                self._matrix().rebuild()
        self.update_bars()

    # --- commands ------------------------------------------------------------------------------------------

    def action_palette(self) -> None:
        """Offer everything that can be done."""
        self.app.push_screen(PaletteScreen(self.kit, self._offered, self._aim()), self._chosen)

    def on_menu_asked(self, message: MenuAsked) -> None:
        """The right button: what can be done here."""
        self.action_palette()

    def _offered(self, text: str) -> Sequence[Command]:
        return list(offers(self, self._more_commands, text))

    def _aim(self) -> Line:
        marks = self.view.marks_text()
        return [(marks, "key")] if marks else self.view.cursor_line()

    async def _chosen(self, command: Command | None) -> None:
        if command is not None:
            done = command.run()
            if isinstance(done, Awaitable):
                await done

    def press(self, action: str) -> Awaitable[object]:
        """Do what a key does."""
        return self.run_action(action)

    async def go_to(self, node_id: str | None, digest: str | None) -> None:
        """Show a node, or an archive, in the matrix."""
        await self.action_show("matrix")
        self._matrix().go_to(node_id, digest)
        self.update_bars()

    # --- acting --------------------------------------------------------------------------------------------

    def _go(self, work: Awaitable[object]) -> None:
        self.run_worker(work, group="acting", exit_on_error=True)

    def action_act(self, what: str) -> None:
        """Do something on what is marked, else on what is under the cursor."""
        self._go(self._acting.do(what, self.view))

    def action_check(self) -> None:
        """Run the checks of the marked nodes, or of the cursor's."""
        if self.active == "health":
            self._go(self._acting.check(self._health(), self.view.nodes_meant()))

    async def stop_engine(self, how: str) -> bool:
        """End the engine; tell whether it agreed, and why not."""
        outcome = await self._acting.stop(how)
        if not outcome.ok:
            self._stage.tell(outcome.text, False)
        return outcome.ok
