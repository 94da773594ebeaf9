"""Whole engines among fakes, under one virtual clock: ledgers, stores and runtimes outlive their engines."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from backend.engine.engine import Engine, EngineOptions
from backend.engine.ports import Ports
from backend.engine.restoring import restore
from backend.logic.state import Policy
from backend.model.archive import ArchiveFacts, FileKey
from backend.model.delivery import Delivery
from backend.model.errors import DsyncError, VanishedError
from backend.model.ids import Digest, Fingerprint, Hashes, NodeId
from backend.model.node import NodeReport, RosterNode
from backend.ports.children import FakeChildren
from backend.ports.clock import FakeClock
from backend.ports.fake_intake import FakeWatcher
from backend.ports.fake_ledger import FakeDisk, FakeLedger
from backend.ports.fake_mirrors import FakeMirrors
from backend.ports.fake_peers import FakePeerHub
from backend.ports.fake_runtime import FakeLoadLocks, FakeRuntime
from backend.ports.fake_store import FakeStore
from backend.ports.fake_wire import FakeDoor, FakeTransport, FakeWire
from tests.support.sim import archive

SETTLE_S = 3.0


class Contents:
    """What files hold: bytes stand for the archive that ``pack`` made them of."""

    def __init__(self) -> None:
        self.facts: dict[bytes, ArchiveFacts | DsyncError] = {}

    def pack(self, label: str, *tags: str, size_bytes: int = 300_000) -> bytes:
        """An archive's bytes."""
        data = label.encode().ljust(size_bytes, b".")
        facts = archive(label, *tags)
        self.facts[data] = ArchiveFacts(
            hashes_of(data), facts.layout, facts.compression, facts.images, unpacked_bytes=size_bytes
        )
        return data


class ContentInspector:
    """Reads the files of a store in memory."""

    def __init__(self, store: FakeStore, contents: Contents) -> None:
        self._store = store
        self._contents = contents

    async def inspect(self, path: Path) -> ArchiveFacts:
        file = self._store.files.get(path.name)
        if file is None:
            raise VanishedError(name=path.name)
        found = self._contents.facts[file.data]
        if isinstance(found, DsyncError):
            raise found
        return found

    async def hash(self, path: Path) -> Hashes:
        file = self._store.fetched.get(Fingerprint(path.parent.name))
        if file is None:
            raise VanishedError(name=path.name)
        return hashes_of(file.data)


class ServedFiles(Mapping[str, bytes]):
    """What a store serves: a link's bytes, also when the name in the store is gone."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self._seen: dict[FileKey, bytes] = {}

    def __getitem__(self, path: str) -> bytes:
        key = self._store.served[path]
        self._seen.update({file.key: file.data for file in self._store.files.values()})
        return self._seen[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._store.served)

    def __len__(self) -> int:
        return len(self._store.served)


class Node:
    """One machine. What is in ``engine`` is lost when it is killed; all else stays."""

    def __init__(self, fleet: "EngineFleet", number: int) -> None:
        self.fleet = fleet
        self.roster_node = fleet.roster[number]
        self.store = FakeStore()
        self.disk = FakeDisk()
        self.runtime = FakeRuntime()
        self.children = FakeChildren()
        self.watcher = FakeWatcher()
        self.fatal: list[str] = []
        self.ledger = FakeLedger(self.disk)
        self.transport: FakeTransport | None = None
        self.engine: Engine | None = None

    @property
    def me(self) -> NodeId:
        return self.roster_node.id

    async def make(self) -> Engine:
        """A new life, not begun."""
        fleet = self.fleet
        self.ledger = FakeLedger(self.disk)
        snapshot = await self.ledger.open()
        state = restore(snapshot, self.me, self.roster_node.name, Policy(), fleet.roster, NodeReport())
        self.transport = FakeTransport(fleet.wire, self._read, self._write)
        self.watcher = FakeWatcher()
        ports = Ports(
            clock=fleet.clock,
            ledger=self.ledger,
            store=self.store,
            inspector=ContentInspector(self.store, fleet.contents),
            watcher=self.watcher,
            transport=self.transport,
            door=FakeDoor(fleet.wire, ServedFiles(self.store)),
            peers=fleet.hub.network(self.roster_node, fleet.roster),
            children=self.children,
            mirrors=FakeMirrors(),
            runtime=self.runtime,
            locks=fleet.locks[self.me],
        )
        options = EngineOptions("test", self.roster_node.host, SETTLE_S, 300.0, "auto", lambda: 0)
        self.engine = Engine(state, ports, options, self.fatal.append)
        return self.engine

    async def start(self) -> None:
        """Begin a life."""
        await (await self.make()).start()

    async def stop(self) -> None:
        """End it."""
        engine, self.engine = self.engine, None
        if engine is not None:
            await engine.stop()

    def drop(self, name: str, data: bytes) -> None:
        """An operator puts a file into the store."""
        self.store.put(name, data)
        self.watcher.tell(name)

    def row(self, data: bytes) -> Delivery | None:
        """This node's own cell."""
        assert self.engine is not None
        return self.engine.state.own(digest_of(data))

    def _read(self, path: Path) -> bytes:
        file = self.store.fetched.get(Fingerprint(path.parent.name))
        return file.data if file is not None else b""

    def _write(self, path: Path, data: bytes) -> None:
        self.store.fetch(Fingerprint(path.parent.name), data)


class EngineFleet:
    """``count`` nodes that know each other; ``admins`` are numbers of some."""

    def __init__(self, count: int, admins: tuple[int, ...] = ()) -> None:
        self.clock = FakeClock()
        self.hub = FakePeerHub(self.clock)
        self.wire = FakeWire()
        self.contents = Contents()
        self.roster = tuple(
            RosterNode(NodeId(f"SHA256:{number}"), f"n{number}", f"10.0.0.{number}", 8730, "", admin=number in admins)
            for number in range(count)
        )
        self.locks = {node.id: FakeLoadLocks() for node in self.roster}
        self.nodes = [Node(self, number) for number in range(count)]

    async def start(self) -> None:
        """Begin all lives."""
        for node in self.nodes:
            await node.start()

    async def close(self) -> None:
        """End all."""
        for node in self.nodes:
            await node.stop()
        await self.hub.close()

    async def run(self, duration_s: float) -> None:
        """Let time pass."""
        await self.clock.advance(duration_s)

    def states(self, data: bytes) -> list[str]:
        """The words of all cells; ``-`` where there is none, or no engine."""
        rows = [node.row(data) if node.engine is not None else None for node in self.nodes]
        return [row.state_name if row is not None else "-" for row in rows]


def hashes_of(data: bytes) -> Hashes:
    """Real hashes."""
    return Hashes(Fingerprint(hashlib.md5(data).hexdigest()), digest_of(data), len(data))


def digest_of(data: bytes) -> Digest:
    """The key of rows."""
    return Digest(f"sha256:{hashlib.sha256(data).hexdigest()}")
