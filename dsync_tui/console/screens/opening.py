"""Which screen is pushed for what is under the cursor."""

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from textual.screen import Screen

from backend.api.plans import PlanRequest
from backend.api.wire import LogLine
from dsync_tui.console import describe
from dsync_tui.console.asking import Stage
from dsync_tui.console.deeds import Deeds
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line
from dsync_tui.console.screens.archive import ArchiveScreen
from dsync_tui.console.screens.delivery import DeliveryScreen
from dsync_tui.console.screens.event import EventScreen
from dsync_tui.console.screens.node import NodeScreen
from dsync_tui.console.screens.plan import PlanScreen, sync_command
from dsync_tui.console.screens.settings import SettingsScreen
from dsync_tui.console.screens.view import Subject
from dsync_tui.planned_file import planned_file


class Opening:
    """Pushes screens; each keeps itself up to date."""

    def __init__(self, kit: Kit, deeds: Deeds, stage: Stage, push: Callable[[Screen[None]], object]) -> None:
        self._kit = kit
        self._deeds = deeds
        self._stage = stage
        self._push = push

    def subject(self, subject: Subject) -> None:
        """A delivery, a node or an archive; a refused file is an archive on whatever node."""
        node, archive = subject
        kit, deeds, store = self._kit, self._deeds, self._kit.store
        digest = "" if archive is None else store.archive(archive).digest
        if archive is not None and (node is None or archive in store.rejected):
            self._push(ArchiveScreen(kit, deeds, digest))
        elif node is not None and archive is not None:
            self._push(DeliveryScreen(kit, deeds, store.nodes[node].id, digest))
        elif node is not None:
            self._push(NodeScreen(kit, deeds, store.nodes[node].id))

    def event(self, line: LogLine, lines: Callable[[LogLine, int], Iterable[Line]]) -> None:
        """A line of the log."""
        self._push(EventScreen(self._kit, self._deeds, line, lines))

    def plan(self, archive: int | None) -> None:
        """What syncing an archive would move."""
        if archive is None or archive in self._kit.store.rejected:
            self._stage.tell(self._kit.say("none.plan"), False)
            return
        entry = self._kit.store.archive(archive)

        async def question() -> PlanRequest:
            return PlanRequest(archive=entry.digest)

        self._push_plan(self._kit.label(entry), question, sync_command(describe.archive_name(entry)))

    def plan_of_file(self, path: str) -> None:
        """What dropping a file of this machine into the daemon's store would move."""
        file = Path(path).expanduser()

        async def question() -> PlanRequest:
            return PlanRequest(file=await planned_file(file))

        self._push_plan(path, question, sync_command(path))

    def _push_plan(self, title: str, question: Callable[[], Awaitable[PlanRequest]], command: str) -> None:
        self._push(PlanScreen(self._kit, self._deeds, title, question, command))

    def settings(self) -> None:
        """Every setting of the daemon, and where it came from."""
        self._push(SettingsScreen(self._kit, self._deeds))
