"""Carries the logic's commands out: each becomes a quick call or a task of its own."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeAlias, TypeVar

from backend.engine.fetcher import Fetcher
from backend.engine.loader import Loader, LoadJob
from backend.engine.looks import Looks
from backend.engine.loop import EventLoop
from backend.engine.ports import Ports
from backend.engine.tickets import Tickets
from backend.model import commands
from backend.model.errors import DsyncError, Problem
from backend.model.events import Event, FetchEnded, Level, LoadBegan, LoadEnded, Note, RuntimeLooked, VerifyFailed
from backend.model.ids import Digest
from backend.model.plain import plain
from backend.ports.tasks import TaskOwner

C = TypeVar("C", bound=commands.Act)
Task: TypeAlias = asyncio.Task[None]

_log = logging.getLogger("dsync.hands")
_events_log = logging.getLogger("dsync.events")

NOTES_KEPT = 1000
_LEVELS = {
    Level.DEBUG: logging.DEBUG,
    Level.INFO: logging.INFO,
    Level.WARNING: logging.WARNING,
    Level.ERROR: logging.ERROR,
    Level.ALERT: logging.CRITICAL,
}


class Hands:
    """One task at most for each delivery; ``StopWork`` ends it."""

    def __init__(
        self,
        loop: EventLoop,
        ports: Ports,
        fetcher: Fetcher,
        tickets: Tickets,
        loader: Loader | None,
    ) -> None:
        """``loader`` is None where there is no runtime."""
        self._loop = loop
        self._ports = ports
        self._fetcher = fetcher
        self._tickets = tickets
        self._loader = loader
        self._owner = TaskOwner("deliveries")
        self._running: dict[Digest, Task] = {}
        self._unfinished: dict[Digest, set[Task]] = {}
        self._looks = Looks(ports.runtime) if ports.runtime is not None else None
        self.notes: deque[Note] = deque(maxlen=NOTES_KEPT)

    async def close(self) -> None:
        """End all work; what it would have told is told by recovery."""
        await self._owner.close()
        if self._looks is not None:
            await self._looks.close()

    def carry_out(self, command: commands.Act) -> None:
        """Start what a command asks for."""
        match command:
            case commands.Send(node=node, message=message):
                self._ports.peers.send(node, message)
            case commands.Broadcast(message=message, but=but):
                for node in self._ports.peers.connected.difference(but):
                    self._ports.peers.send(node, message)
            case commands.KeepChannels(nodes=nodes):
                self._ports.peers.keep(frozenset(nodes))
            case commands.Remark(note=note):
                self._remark(note)
            case commands.MakeTicket():
                self._tickets.make(command)
            case commands.DropTicket():
                self._tickets.drop(command)
            case commands.StopWork(digest=digest):
                running = self._running.get(digest)
                if running is not None:
                    running.cancel()
            case commands.Answer() | commands.NodeChanged():
                pass
            case _:
                self._start_work(command)

    def _start_work(self, command: commands.Act) -> None:
        match command:
            case commands.LookAtRuntime(entry=entry):
                self._work(entry.digest, "look", command, self._look, partial(RuntimeLooked, entry.digest, None))
            case commands.Fetch(entry=entry):
                self._work(entry.digest, "fetch", command, self._fetcher.fetch, partial(FetchEnded, entry.digest, 0, 0))
            case commands.Verify(entry=entry):
                self._work(entry.digest, "verify", command, self._fetcher.verify, partial(VerifyFailed, entry.digest))
            case commands.Load(entry=entry):
                self._work(entry.digest, "load", command, self._load, partial(LoadEnded, entry.digest, None, False))
            case commands.DiscardIncoming(digest=digest, fingerprint=fingerprint):
                # In line with the delivery's steps: neither under a fetch that still ends, nor into the next one.
                discard = partial(self._ports.store.discard_incoming, fingerprint)
                self._in_line(digest, partial(self._quietly, discard, "discard"), "discard")
            case commands.RemoveStored(name=name, key=key):
                remove = partial(self._ports.store.remove, name, key)
                self._owner.start(self._quietly(remove, "remove"), "remove")
            case _:
                _log.error("nobody carries out %s", type(command).__name__)

    def _work(
        self,
        digest: Digest,
        name: str,
        command: C,
        step: Callable[[C], Coroutine[Any, Any, Event]],
        failed: Callable[[Problem], Event],
    ) -> None:
        """Start a step; what it finds out, or how it failed, is told to the loop."""

        async def told() -> None:
            try:
                event = await step(command)
            except DsyncError as error:
                event = failed(error.problem())
            except Exception as error:
                # A delivery must not hang for ever on what nobody thought of.
                _log.exception("%s failed in an unexpected way", name)
                event = failed(DsyncError(detail=plain(f"{type(error).__name__}: {error}", 200)).problem())
            self._loop.post(event)

        self._running[digest] = self._in_line(digest, told, name)

    def _in_line(self, digest: Digest, begin: Callable[[], Coroutine[Any, Any, None]], name: str) -> Task:
        """Begin once all that was begun for the delivery is over: no two steps of it run side by side.

        What is stopped may take a while to end: its child has to go first.
        """
        unfinished = self._unfinished.setdefault(digest, set())
        before = frozenset(unfinished)

        async def after() -> None:
            if before:
                await asyncio.wait(before)
            await begin()

        task = self._owner.start(after(), f"{name}:{digest[7:15]}")
        unfinished.add(task)
        task.add_done_callback(partial(self._over, digest))
        return task

    def _over(self, digest: Digest, task: Task) -> None:
        unfinished = self._unfinished[digest]
        unfinished.discard(task)
        if not unfinished:
            del self._unfinished[digest]
        if self._running.get(digest) is task:
            del self._running[digest]

    async def _quietly(self, begin: Callable[[], Coroutine[Any, Any, object]], name: str) -> None:
        try:
            await begin()
        except DsyncError as error:
            _log.warning("%s failed: %s", name, error)

    def _remark(self, note: Note) -> None:
        self.notes.append(note)
        _events_log.log(_LEVELS[note.level], note.code, extra={"note": note})

    async def _look(self, command: commands.LookAtRuntime) -> Event:
        if self._looks is None:
            raise AssertionError("looked at a runtime where there is none")
        return RuntimeLooked(command.entry.digest, await self._looks.look(command.entry))

    async def _load(self, command: commands.Load) -> Event:
        entry = command.entry
        if self._loader is None:
            raise AssertionError("asked to load where there is no runtime")
        path = self._ports.store.directory / command.file if command.file is not None else None
        job = LoadJob(entry, path, command.owners, command.force, command.tags_before)

        async def began(tags_before: dict[str, str | None]) -> None:
            await self._loop.submit(LoadBegan(entry.digest, tags_before))

        outcome = await self._loader.settle(job, began)
        return LoadEnded(entry.digest, outcome.view, outcome.loaded, None)
