"""A small engine for tests of the control API: a state to arrange, actions that are recorded and answered."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from backend.engine.touched import Touched
from backend.logic import tags
from backend.logic.operating import CELL_VERBS, concerned
from backend.logic.state import NodeState, PeerState, Policy
from backend.logic.turn import name_of
from backend.model.archive import CatalogEntry, FileKey, Image, Order, RejectedFile, Selector
from backend.model.delivery import Attempt, Delivery, Progress, Queued, Ready, State
from backend.model.errors import DiskFullError, NodeUnreachableError, Problem, RefusedError, UsageError
from backend.model.events import Note
from backend.model.ids import Digest, Fingerprint, JobId, NodeId
from backend.model.messages import CommandResult
from backend.model.node import Check, RosterNode
from backend.texts import told

NOW = 1_800_000_000.0


def node_id(number: int) -> NodeId:
    """A node's ID as long as a real one."""
    return NodeId(f"SHA256:{number:043d}")


def digest_of(number: int) -> Digest:
    """A digest; its first digits tell ``number``, so that prefixes can be tried."""
    return Digest(f"sha256:{number:06x}{'0' * 58}")


def entry_of(
    number: int, name: str = "", tags: tuple[str, ...] = (), nodes: tuple[NodeId, ...] | None = None, **changes: object
) -> CatalogEntry:
    """An archive of node 0."""
    order = Order(number + 1, node_id(0))
    entry = CatalogEntry(
        digest=digest_of(number),
        fingerprint=Fingerprint(f"{number:06x}{'f' * 26}"),
        name=name or f"app-{number}.tar",
        size_bytes=1000,
        origin=node_id(0),
        order=order,
        selector=Selector(order, nodes),
        images=(Image(f"sha256:{number:064x}", ("sha256:aa",), tags, "linux/amd64"),),
    )
    return msgspec.structs.replace(entry, **changes)


class FakeEngine:
    """Fulfils ``EngineFace``. Node 0 is this one; ``silent`` nodes never answer, ``away`` ones are unreachable."""

    def __init__(self, nodes: int = 3) -> None:
        self.state = NodeState(me=node_id(0), name="node-0", policy=Policy(), started=True)
        for number in range(1, nodes):
            peer = RosterNode(node_id(number), f"node-{number}", "127.0.0.1", 8730 + number, "ssh-ed25519 AAAA")
            self.state.peers[peer.id] = PeerState(peer, up=True, last_seen=NOW)
        self.recorded: list[Note] = []
        self.acts: list[tuple[str, str, tuple[Digest, ...] | None, tuple[NodeId, ...], int | None, str, str]] = []
        self.widened: list[tuple[Digest, tuple[NodeId, ...] | None, str]] = []
        self.files: dict[str, bytes] = {}
        self.file_nodes: dict[str, tuple[NodeId, ...] | None] = {}
        self.begun: list[str] = []
        self.broken: list[str] = []
        self.leftovers = ["5 app.tar.part"]
        self.consoles: list[int] = []
        self.stopped: list[str] = []
        self.silent: set[NodeId] = set()
        self.away: set[NodeId] = set()
        self.room_bytes = 1 << 40
        self.sick_checks = False
        self.stop_event = asyncio.Event()
        self._listeners: list[Callable[[Touched], None]] = []

    # --- arranging --------------------------------------------------------------------------------------------------

    def add(self, entry: CatalogEntry) -> CatalogEntry:
        self.state.entries[entry.digest] = entry
        self.state.owners = tags.owners(self.state.entries.values())
        self.emit(Touched(entries={entry.digest}))
        return entry

    def set(self, number: int, entry: CatalogEntry, state: State, **changes: object) -> Delivery:
        """Write the cell of node ``number``."""
        rows = self.state.rows.setdefault(node_id(number), {})
        before = rows.get(entry.digest, Delivery(entry.digest, node_id(number), Queued()))
        row = msgspec.structs.replace(before, state=state, version=before.version + 1, updated_at=NOW, **changes)
        rows[entry.digest] = row
        self.emit(Touched(rows={(row.node, row.digest)}))
        return row

    def progress(self, number: int, entry: CatalogEntry, bytes_done: int, rate_bps: int = 100) -> None:
        node = node_id(number)
        row = self.state.rows[node][entry.digest]
        self.state.progress[(node, entry.digest)] = Progress(entry.digest, row.version, bytes_done, rate_bps)
        self.emit(Touched(progress={(node, entry.digest)}))

    def reject(self, name: str, problem: Problem) -> None:
        key = FileKey(1, 2, 300, 4)
        self.state.rejected[name] = RejectedFile(name, key, problem, Fingerprint("e" * 32), Digest(""), NOW)
        self.emit(Touched(rejected={name}))

    def note(self, note: Note) -> None:
        self.recorded.append(note)
        self.emit(Touched(notes=[note]))

    def emit(self, touched: Touched) -> None:
        for listener in list(self._listeners):
            listener(touched)

    # --- the face ---------------------------------------------------------------------------------------------------

    @property
    def notes(self) -> tuple[Note, ...]:
        return tuple(self.recorded)

    def subscribe(self, listener: Callable[[Touched], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def act(
        self,
        job: str,
        verb: str,
        digests: tuple[Digest, ...] | None,
        nodes: tuple[NodeId, ...],
        expected: int | None,
        operator: str,
        argument: str,
    ) -> None:
        self.acts.append((job, verb, digests, nodes, expected, operator, argument))
        await asyncio.sleep(0)
        for node in nodes:
            if node not in self.silent:
                self.emit(Touched(results=[self._result(JobId(f"{job}/{node}"), verb, node, digests)]))

    def _result(self, job: JobId, verb: str, node: NodeId, digests: tuple[Digest, ...] | None) -> CommandResult:
        if node in self.away:
            return CommandResult(job, "unreachable", 0, Problem("node-unreachable", {"node": "node"}))
        count = len(concerned(self.state, node, verb, digests)) if verb in CELL_VERBS else 1
        return CommandResult(job, "done", count, lines=("7 old.part",) if verb == "clean" else ())

    async def widen(self, digest: Digest, nodes: tuple[NodeId, ...] | None, operator: str) -> None:
        self.widened.append((digest, nodes, operator))

    async def take_file(
        self, name: str, chunks: AsyncIterator[bytes], nodes: tuple[NodeId, ...] | None
    ) -> tuple[Path, str]:
        if "/" in name:
            raise UsageError(what=f"{name} is no file name")
        content = bytearray()
        try:
            async for chunk in chunks:
                self.begun.append(name)
                content += chunk
                if len(content) > self.room_bytes:
                    raise DiskFullError(path="/store", needed_bytes=len(content), free_bytes=self.room_bytes)
        except BaseException:
            self.broken.append(name)
            raise
        self.files[name], self.file_nodes[name] = bytes(content), nodes
        return Path("/store") / name, name

    async def clean(self, dry_run: bool) -> list[str]:
        found = list(self.leftovers)
        if not dry_run:
            self.leftovers.clear()
        return found

    async def checks(self) -> tuple[Check, ...]:
        problem = DiskFullError(path="/store", needed_bytes=1, free_bytes=0).problem() if self.sick_checks else None
        names = ("store", "daemon", "rsync", "watch", "peers")
        return (*(Check(name, True, "good") for name in names), Check("disk", problem is None, "0 B free", problem))

    async def attempts(self, digest: Digest) -> tuple[Attempt, ...]:
        return (Attempt(digest, 1, node_id(1), "rsync", NOW, NOW + 1, 10, None),)

    async def peer_attempts(self, node: NodeId, digest: Digest) -> tuple[Attempt, ...]:
        if node in self.away:
            raise RefusedError(what="attempts", why="out of reach")
        return (Attempt(digest, 2, node_id(0), "rsync", NOW, NOW + 2, 20, None),)

    async def peer_checks(self, node: NodeId) -> tuple[Check, ...]:
        if node in self.away:
            name = name_of(self.state, node)
            raise NodeUnreachableError(node=name, **told("why", "peer-failed", peer=name, detail="silent for 9 s"))
        return await self.checks()

    def watch(self, consoles: int) -> None:
        self.consoles.append(consoles)

    def request_stop(self, how: str) -> None:
        self.stopped.append(how)
        self.stop_event.set()


def ready_fleet() -> FakeEngine:
    """Three nodes, and one archive that is ready on all of them."""
    engine = FakeEngine(nodes=3)
    entry = engine.add(entry_of(0, name="app.tar", tags=("docker.io/library/app:1",)))
    for number in range(3):
        engine.set(number, entry, Ready())
    return engine
