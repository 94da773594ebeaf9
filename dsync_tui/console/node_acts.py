"""Actions on nodes: pause, clean, bandwidth, checks."""

import asyncio
from typing import Protocol

from backend.api.wire import HealthDocument
from backend.model.errors import DsyncError
from backend.model.plain import plain
from dsync_tui.console import figures
from dsync_tui.console.asking import Answer, Ask, Stage
from dsync_tui.console.bandwidth import as_argument, next_limit
from dsync_tui.console.jobs import Jobs, Outcome, Request
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line
from dsync_tui.console.session import Session

LISTED = 200
"""Files of a clean that the dialog lists."""
AT_A_TIME = 8
"""Nodes that are asked at a time: each takes some seconds."""


class CheckBoard(Protocol):
    """Where nodes' checks are shown."""

    def begin_check(self, node_id: str) -> None:
        """A node's checks are being run."""
        ...

    def end_check(self, node_id: str, found: HealthDocument | None, problem: str = "") -> None:
        """They ran, or could not be."""
        ...


class NodeActs:
    """What is done on nodes, several at a time. Every method is run as a worker."""

    def __init__(self, kit: Kit, session: Session, stage: Stage, jobs: Jobs) -> None:
        self._kit = kit
        self._session = session
        self._stage = stage
        self._jobs = jobs

    def _meant(self, nodes: tuple[int, ...]) -> tuple[int, ...]:
        """The nodes that are meant: the daemon's own where none is. It is told where there is not even that one."""
        store = self._kit.store
        if nodes:
            return nodes
        own = store.node_index.get(store.greeting.node_id if store.greeting is not None else "")
        if own is None:
            self._stage.tell(self._kit.say("done.nothing-here"), False)
        return () if own is None else (own,)

    def _names(self, nodes: tuple[int, ...]) -> list[str]:
        return [self._kit.store.nodes[node].name for node in nodes]

    def _tell(self, outcome: Outcome) -> None:
        self._stage.tell(outcome.text, outcome.ok)

    async def pause(self, nodes: tuple[int, ...]) -> None:
        """Pause nodes, or let them go on where all of them are paused."""
        meant = self._meant(nodes)
        if meant:
            paused = all(self._kit.store.nodes[node].state == "paused" for node in meant)
            self._tell(await self._jobs.run("resume" if paused else "pause", Request(None, self._names(meant))))

    async def bandwidth(self, nodes: tuple[int, ...], direction: int) -> None:
        """Raise or lower limits by one step; of several nodes the first one's tells which step that is."""
        kit = self._kit
        meant = self._meant(nodes)
        if not meant:
            return
        names = ", ".join(self._names(meant))
        present = kit.store.nodes[meant[0]].bandwidth_bps
        limit = next_limit(present, direction)
        if limit is None:
            key = "bandwidth.lowest" if present else "bandwidth.free"
            self._stage.tell(kit.say(key, node=names, rate=figures.rate(present)), True)
            return
        outcome = await self._jobs.run("limit", Request(None, self._names(meant)), as_argument(limit))
        if outcome.ok:
            key = "bandwidth.now" if limit else "bandwidth.free"
            self._stage.tell(kit.say(key, node=names, rate=figures.rate(limit)), True)
        else:
            self._tell(outcome)

    async def clean(self, nodes: tuple[int, ...]) -> None:
        """List what a clean would remove, node by node; remove it once that is confirmed."""
        kit = self._kit
        names = self._names(self._meant(nodes))
        if not names:
            return
        looks = [(name, await self._jobs.run("clean", Request(None, [name]), "dry-run")) for name in names]
        for _, look in looks:
            if not look.ok:
                self._tell(look)
        found = [(name, look.lines) for name, look in looks if look.ok and look.lines]
        if not found:
            if all(look.ok for _, look in looks):
                self._stage.tell(kit.say("clean.nothing", node=", ".join(names)), True)
            return
        dirty = [name for name, _ in found]
        answers = [Answer("cancel", kit.say("answer.cancel")), Answer("yes", kit.texts.text("verb.clean"))]
        title = kit.say("clean.title", node=", ".join(dirty))
        if await self._stage.ask(Ask(title, self._listed(found), answers)) == "yes":
            self._tell(await self._jobs.run("clean", Request(None, dirty)))

    def _listed(self, found: list[tuple[str, tuple[str, ...]]]) -> list[Line]:
        count = sum(len(lines) for _, lines in found)
        body: list[Line] = [[(self._kit.say("clean.body", count=count), "text")], [("", "text")]]
        room = LISTED
        for name, lines in found:
            if len(found) > 1:
                body.append([(plain(name), "title")])
            body += [[(plain(line), "warn")] for line in lines[:room]]
            room = max(0, room - len(lines))
        if count > LISTED:
            body.append([(self._kit.say("clean.more", count=count - LISTED), "dim")])
        return body

    async def check(self, board: CheckBoard, nodes: tuple[int, ...]) -> None:
        """Run nodes' checks and show them as they come in."""
        at_a_time = asyncio.Semaphore(AT_A_TIME)
        store = self._kit.store
        asked = [(store.nodes[node].id, store.nodes[node].name) for node in self._meant(nodes)]
        for node_id, _ in asked:
            board.begin_check(node_id)

        async def one(node_id: str, name: str) -> None:
            async with at_a_time:
                await self._check(board, node_id, name)

        await asyncio.gather(*(one(node_id, name) for node_id, name in asked))

    async def _check(self, board: CheckBoard, node_id: str, name: str) -> None:
        try:
            found = await self._session.link.health(name)
        except DsyncError as error:
            board.end_check(node_id, None, self._kit.texts.message_of(error.problem()))
        else:
            board.end_check(node_id, found)
