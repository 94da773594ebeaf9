"""One node's decisions, an event at a time: what a ledger remembers, what happens, what is to be done."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from backend.engine.restoring import restore
from backend.logic.core import decide
from backend.logic.state import Policy
from backend.model import commands, events, messages
from backend.model.archive import CatalogEntry, FileKey, KnownFile, Order, Selector
from backend.model.delivery import Delivery, State
from backend.model.errors import Problem
from backend.model.ids import Digest, NodeId
from backend.model.node import NodeReport, RosterNode
from backend.ports.ledger import Snapshot
from tests.support.sim import archive

ME = NodeId("SHA256:5-me")
ONE = NodeId("SHA256:1-one")
TWO = NodeId("SHA256:2-two")
STRANGER = NodeId("SHA256:9-stranger")
NOW = 1_800_000_000.0
PEERS = {ONE: "one", TWO: "two"}
LINK_DOWN = Problem("peer-failed")

C = TypeVar("C", bound=commands.Cmd)


def entry_of(label: str, *tags: str, origin: NodeId = ONE, count: int = 1, **changes: object) -> CatalogEntry:
    """The catalog's entry of ``archive(label, *tags)``."""
    facts, order = archive(label, *tags), Order(count, origin)
    entry = CatalogEntry(
        digest=facts.hashes.digest,
        fingerprint=facts.hashes.fingerprint,
        name=f"{label}.tar",
        size_bytes=facts.hashes.size_bytes,
        origin=origin,
        order=order,
        selector=Selector(order),
        images=facts.images,
        unpacked_bytes=facts.unpacked_bytes,
    )
    return msgspec.structs.replace(entry, **changes)


def key_of(number: int) -> FileKey:
    """A file's key."""
    return FileKey(1, number, 100_000_000, number)


def file_of(entry: CatalogEntry, number: int = 1, placed: bool = True) -> KnownFile:
    """A stored copy of an entry under its name."""
    return KnownFile(entry.name, key_of(number), entry.digest, placed)


class OneNode:
    """Node ``me``, as its ledger lets it begin. ``ledger`` is what a restart would read now."""

    def __init__(
        self,
        entries: Iterable[CatalogEntry] = (),
        rows: Iterable[Delivery] = (),
        files: Iterable[KnownFile] = (),
        values: Mapping[str, str] | None = None,
        policy: Policy | None = None,
    ) -> None:
        roster = [RosterNode(node, name, "10.0.0.1", 8730, "") for node, name in PEERS.items()]
        snapshot = Snapshot(tuple(entries), tuple(rows), tuple(files), values=dict(values or {}))
        self.state = restore(snapshot, ME, "me", policy or Policy(store="/store"), roster, NodeReport())
        self.now = NOW
        self.last: list[commands.Cmd] = []

    def see(self, event: events.Event, chance: float = 0.5) -> list[commands.Cmd]:
        """Let something happen; what is to be done."""
        self.last = decide(self.state, event, self.now, chance)
        return self.last

    def start(self, files: Mapping[str, FileKey] | None = None) -> list[commands.Cmd]:
        """The node stands; ``files`` lie in its store (None: those that the ledger knows)."""
        known = {file.name: file.key for file in self.state.files.values() if "/" not in file.name}
        return self.see(events.Started(dict(known if files is None else files)))

    def greet(self, *nodes: NodeId) -> None:
        """Channels stand."""
        for node in nodes:
            hello = messages.Hello(1, 1, "test", PEERS[node], 873)
            self.see(events.PeerCame(node, hello, f"10.0.0.{node[7]}"))

    def hear(self, node: NodeId, message: messages.Message) -> list[commands.Cmd]:
        """A peer says something."""
        return self.see(events.PeerSpoke(node, message))

    def tick(self, delay_s: float) -> list[commands.Cmd]:
        """Time passes, with a tick at least each half minute; what all of them give."""
        given: list[commands.Cmd] = []
        while delay_s > 0:
            step_s = min(delay_s, 30.0)
            self.now, delay_s = self.now + step_s, delay_s - step_s
            given += self.see(events.Ticked())
        self.last = given
        return given

    def done(self, kind: type[C]) -> list[C]:
        """Commands of a kind that the last event gave."""
        return [command for command in self.last if isinstance(command, kind)]

    def said(self, node: NodeId) -> list[messages.Message]:
        """What the last event told one peer, but for replicas and rows that all are told."""
        return [command.message for command in self.done(commands.Send) if command.node == node]

    def notes(self) -> list[str]:
        """Codes of the last event's notes."""
        return [command.note.code for command in self.done(commands.Remark)]

    def row(self, entry: CatalogEntry) -> Delivery:
        """The node's own cell."""
        found = self.state.own(entry.digest)
        assert found is not None
        return found

    def state_of(self, entry: CatalogEntry) -> str:
        """Its word."""
        return self.row(entry).state_name


def row_of(digest: Digest, state: State, **changes: object) -> Delivery:
    """An own row as the ledger remembers it."""
    return msgspec.structs.replace(Delivery(digest, ME, state, version=7), **changes)
