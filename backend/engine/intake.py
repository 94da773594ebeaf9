"""From a change in the store to a settled, inspected archive: notice, settle, inspect."""

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from backend.logic.state import NodeState
from backend.model.archive import ArchiveFacts, FileKey
from backend.model.errors import ArchiveError, DsyncError, LeftAloneError, UnstableError, VanishedError
from backend.model.events import ArchiveArrived, ArchiveRejected, Event, FileLeftAlone, FileRenamed, FileVanished
from backend.model.ids import Digest, Fingerprint, NodeId
from backend.model.plain import plain
from backend.ports.clock import Clock
from backend.ports.inspecting import Inspector
from backend.ports.store import PROBE_PREFIX, Store
from backend.ports.tasks import TaskOwner
from backend.ports.watching import Watcher

_log = logging.getLogger("dsync.intake")

HASH_AFTER_S = 0.5
"""Quiet after which hashing starts beside the settle window; it is thrown away if the file moves."""
LOOK_EVERY_S = 0.5
"""How often a settling file is looked at, beside the watcher's news."""
TRY_AGAIN_S = (5.0, 10.0, 30.0, 60.0)
"""Waits before a file that could not be read is tried again, unless something happens to it earlier."""
ODDITIES_AT_ONCE = 20
"""Of so many things that are left alone people are told at one look: the others' turn comes at the next."""


@dataclass(slots=True)
class Candidate:
    """A file on its way in. ``changed_at``: monotonic seconds of the last change seen; ``key``: its state."""

    name: str
    changed_at: float
    nodes: tuple[NodeId, ...] | None = None
    published: str = ""
    complete: bool = False
    key: FileKey | None = None
    failures: int = 0
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Intake:
    """Follows every file of the store from its first notice; reading goes two files at a time."""

    def __init__(
        self,
        store: Store,
        watcher: Watcher,
        inspector: Inspector,
        clock: Clock,
        state: NodeState,
        submit: Callable[[Event], None],
        settle_s: float,
    ) -> None:
        """``state`` is only read: to know which files are known."""
        self._store = store
        self._watcher = watcher
        self._inspector = inspector
        self._clock = clock
        self._state = state
        self._submit = submit
        self._settle_s = settle_s
        self._candidates: dict[str, Candidate] = {}
        self._odd: dict[str, str] = {}
        self._readers = asyncio.Semaphore(2)
        self._tasks = TaskOwner("intake")
        self.last_event_at: float | None = None

    async def run(self) -> None:
        """Follow the watcher until cancelled."""
        try:
            await self.look_at_all()
            async for names in self._watcher.changes(self._store.directory):
                self.last_event_at = self._clock.monotonic()
                if names:
                    self.notice(names)
                else:
                    await self.look_at_all()
        finally:
            await self._tasks.close()

    async def look_at_all(self) -> None:
        """Notice whatever the store holds, and what it holds no more."""
        try:
            listed = await self._store.list()
            odd = await self._store.oddities()
        except DsyncError as error:
            _log.warning("the store cannot be listed: %s", error)
            return
        known = self._state.files
        news = [name for name, key in listed.items() if name not in known or known[name].key != key]
        # A look is no change: where looks come often, as without a watch, no file would ever have been quiet.
        news = [name for name in news if not self._follows(name, listed[name])]
        gone = [name for name in (*known, *self._state.rejected) if name not in listed and "/" not in name]
        self.notice((*news, *gone))
        self._odd = {name: code for name, code in self._odd.items() if name in odd}
        untold = [name for name, oddity in odd.items() if self._odd.get(name) != oddity.code]
        for name in untold[:ODDITIES_AT_ONCE]:
            self._leave_alone(name, odd[name])

    def _follows(self, name: str, key: FileKey) -> bool:
        candidate = self._candidates.get(name)
        return candidate is not None and candidate.key == key

    def offer(self, name: str, published: str, nodes: tuple[NodeId, ...] | None) -> None:
        """A complete file that this daemon itself received: no need to wait until it settles."""
        former = self._candidates.get(name)
        if former is not None and former.task is not None:
            # The watcher was quicker: what it began knows neither selector nor published name.
            former.task.cancel()
        self._follow(Candidate(name, self._clock.monotonic(), nodes, published, complete=True))

    def notice(self, names: Iterable[str]) -> None:
        """Something may have happened to these files."""
        try:
            keys = {name: self._store.key_of(name) for name in names if not name.startswith(PROBE_PREFIX)}
            odd = {name: self._store.oddity_of(name) for name, key in keys.items() if key is None}
        except DsyncError as error:
            _log.warning("the store cannot be looked at: %s", error)
            return
        # What is there before what is gone: a rename is seen as one, not as a loss and an arrival.
        for name, key in keys.items():
            if key is not None:
                self._see(name, key)
        for name, key in keys.items():
            if key is None:
                self._miss(name)
        for name, oddity in odd.items():
            self._leave_alone(name, oddity)

    def _leave_alone(self, name: str, oddity: LeftAloneError | None) -> None:
        """Tell of what is never taken, once while it lies there."""
        if oddity is None:
            self._odd.pop(name, None)
        elif self._odd.get(name) != oddity.code:
            self._odd[name] = oddity.code
            self._submit(FileLeftAlone(oddity.problem()))

    def _see(self, name: str, key: FileKey) -> None:
        candidate, under_that_name = self._candidates.get(name), self._state.files.get(name)
        if candidate is not None:
            self._touch(candidate)
        elif under_that_name is not None and under_that_name.key == key:
            pass
        elif not self._state.knows(name, key):
            self._follow(Candidate(name, self._clock.monotonic()))
        elif (known := self._state.known_by(key)) is not None and "/" not in known.name:
            self._submit(FileRenamed(name, key))

    def _miss(self, name: str) -> None:
        candidate = self._candidates.get(name)
        if candidate is not None:
            self._touch(candidate)
        if name in self._state.files or name in self._state.rejected:
            self._submit(FileVanished(name))

    def _touch(self, candidate: Candidate) -> None:
        candidate.changed_at = self._clock.monotonic()
        candidate.moved.set()

    def _follow(self, candidate: Candidate) -> None:
        self._candidates[candidate.name] = candidate
        candidate.task = self._tasks.start(self._bring_in(candidate), plain(candidate.name))

    async def _bring_in(self, candidate: Candidate) -> None:
        try:
            for wait_s in itertools.chain(TRY_AGAIN_S, itertools.repeat(TRY_AGAIN_S[-1])):
                try:
                    if await self._try(candidate):
                        return
                except DsyncError as error:
                    _log.warning("the store cannot be looked at: %s", error)
                candidate.complete = False
                await self._pause(candidate, wait_s)
        finally:
            if self._candidates.get(candidate.name) is candidate:
                del self._candidates[candidate.name]

    async def _pause(self, candidate: Candidate, wait_s: float) -> None:
        """Wait, or less if something happens to the file: the right to read it may have been given."""
        waits = [
            self._tasks.start(self._clock.sleep(wait_s), "pause"),
            self._tasks.start(candidate.moved.wait(), "moved"),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _try(self, candidate: Candidate) -> bool:
        """One try; False when the file is there and could not be read, so that another try is due.

        Raises StoreError when the store cannot be looked at.
        """
        while (key := self._store.key_of(candidate.name)) is not None:
            candidate.key = key
            candidate.moved.clear()
            reading = self._tasks.start(self._read(candidate), f"read {plain(candidate.name)}")
            try:
                if not await self._settled(candidate, key):
                    continue
                outcome = await reading
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
            same = self._store.key_of(candidate.name) == key
            if same and isinstance(outcome, ArchiveFacts):
                self._submit(ArchiveArrived(candidate.name, key, outcome, candidate.nodes, candidate.published))
                return True
            if same and isinstance(outcome, DsyncError):
                return self._refuse(candidate, key, outcome)
            # It moved on while it was read: what was found is of another state.
            candidate.complete = False
            candidate.changed_at = self._clock.monotonic()
        return True

    async def _read(self, candidate: Candidate) -> ArchiveFacts | DsyncError:
        """Inspect; an error is an answer like any other."""
        if not candidate.complete:
            await self._clock.sleep(HASH_AFTER_S)
        async with self._readers:
            try:
                return await self._inspector.inspect(self._store.directory / candidate.name)
            except DsyncError as error:
                return error
            except Exception as error:
                # A file that the inspection chokes on is shown with a reason, and harms no other.
                _log.exception("inspecting %s failed", plain(candidate.name))
                return DsyncError(name=candidate.name, detail=plain(f"{type(error).__name__}: {error}", 200))

    async def _settled(self, candidate: Candidate, key: FileKey) -> bool:
        """Wait for quiet and for the last writer to close; False as soon as the file has moved on."""
        told = False
        while not candidate.complete:
            left_s = candidate.changed_at + self._settle_s - self._clock.monotonic()
            if left_s <= 0:
                if self._store.quiet(candidate.name):
                    return self._store.key_of(candidate.name) == key
                if not told:
                    told = True
                    _log.info("%s waits: a process has it open for writing", plain(candidate.name))
            await self._clock.sleep(min(LOOK_EVERY_S, left_s) if left_s > 0 else LOOK_EVERY_S)
            if self._store.key_of(candidate.name) != key:
                candidate.changed_at = self._clock.monotonic()
                return False
        return True

    def _refuse(self, candidate: Candidate, key: FileKey, error: DsyncError) -> bool:
        """Tell why the file is not taken; True when that is final."""
        candidate.failures += 1
        if isinstance(error, VanishedError | UnstableError) and candidate.failures == 1:
            return False  # its key says otherwise: looked at again before anything is said
        hashes = error.hashes if isinstance(error, ArchiveError) else None
        fingerprint = hashes.fingerprint if hashes is not None else Fingerprint("")
        digest = hashes.digest if hashes is not None else Digest("")
        self._submit(ArchiveRejected(candidate.name, key, error.problem(), fingerprint, digest))
        return isinstance(error, ArchiveError)
