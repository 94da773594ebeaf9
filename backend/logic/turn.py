"""One turn of the single writer: the state, the moment, and the commands that come out."""

from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import msgspec

from backend.logic import lifecycle
from backend.logic.state import NodeState
from backend.model.archive import CatalogEntry, Order
from backend.model.commands import Broadcast, Cmd, Remark, SaveEntry, SaveRow, SaveValue, Send, StopWork
from backend.model.delivery import Delivery, State, state_name
from backend.model.errors import Problem
from backend.model.events import Level, Note
from backend.model.ids import Digest, NodeId, Trace
from backend.model.messages import Entries, Report, Rows

K = TypeVar("K")
V = TypeVar("V")

NO_TRACE = Trace("")


@dataclass(slots=True)
class Turn:
    """What the handlers of one event share.

    ``now``: epoch seconds, for what is persisted or shown; ``clock``: the same moment on a clock that nobody sets, for
    whatever is measured or waited for while this process lives. ``chance``: in [0, 1).
    """

    state: NodeState
    now: float
    chance: float
    clock: float
    commands: list[Cmd] = field(default_factory=list)
    _since: int = field(init=False)
    _rows: dict[Digest, Delivery] = field(default_factory=dict)
    _entries: dict[Digest, CatalogEntry] = field(default_factory=dict)
    _report: bool = False
    _holds_otherwise: bool = False
    _steps_back: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Remember up to which version the peers have heard of this node's rows."""
        self._since = self.state.row_version
        self.state.work.touched.clear()

    def add(self, command: Cmd) -> None:
        """Give a command."""
        self.commands.append(command)

    def on_failure(self, step_back: Callable[[], object]) -> None:
        """Whoever changes what the ledger mirrors names how that is taken back, should this turn break off."""
        self._steps_back.append(step_back)

    def take_back(self) -> None:
        """The turn broke off: let the state be again what the ledger says. Nothing of it was persisted or done.

        What lives only at run time stays as it is; ``state.torn`` names the deliveries of which it may be wrong.
        """
        self.state.torn.update(self._rows, self.state.work.touched)
        while self._steps_back:
            self._steps_back.pop()()

    def note(
        self,
        level: Level,
        code: str,
        trace: Trace = NO_TRACE,
        problem: Problem | None = None,
        **params: object,
    ) -> None:
        """Tell people."""
        texts = {key: str(value) for key, value in params.items()}
        self.add(Remark(Note(at=self.now, level=level, code=code, params=texts, trace=trace, problem=problem)))

    def put(self, row: Delivery, state: State | None = None, **changes: Any) -> Delivery:
        """Write an own row (its version rises); it is persisted and told to the peers at the end of the turn."""
        if state is not None:
            lifecycle.check(row.state, state)
            changes["state"] = state
        former, version = self.state.own(row.digest), self.state.row_version
        self.on_failure(partial(self._unput, row.digest, former, version))
        self.state.row_version += 1
        written = msgspec.structs.replace(row, version=self.state.row_version, updated_at=self.now, **changes)
        self.state.write_row(written)
        if state_name(written.state) != "transferring":
            self.state.progress.pop((self.state.me, row.digest), None)
        self._rows[row.digest] = written
        self._holds_otherwise = self._holds_otherwise or written.stored != row.stored
        return written

    def _unput(self, digest: Digest, former: Delivery | None, version: int) -> None:
        self.state.row_version = version
        self.state.rewrite_row(self.state.me, digest, former)

    def publish(self, entry: CatalogEntry) -> None:
        """Write a catalog entry that changed here; it is persisted and told to the peers at the end of the turn."""
        self.keep(entry)
        self._entries[entry.digest] = entry

    def keep(self, entry: CatalogEntry) -> None:
        """Write a catalog entry that a peer told: persisted, telling it on is the caller's."""
        self.on_failure(partial(put_or_drop, self.state.entries, entry.digest, self.state.entries.get(entry.digest)))
        self.state.outages.learned_at.setdefault(entry.digest, self.clock)
        self.state.entries[entry.digest] = entry
        self.add(SaveEntry(entry))

    def report(self, **changes: Any) -> None:
        """Change what this node says of itself; the peers are told at the end of the turn."""
        changed = msgspec.structs.replace(self.state.report, **changes)
        if changed != self.state.report:
            self.on_failure(partial(setattr, self.state, "report", self.state.report))
            self.state.report = changed
            self._report = True

    def next_order(self) -> Order:
        """The next place in the publish order."""
        self.see_count(self.state.count + 1)
        return Order(self.state.count, self.state.me)

    def see_count(self, count: int) -> None:
        """Learn of a Lamport count: the next order comes after it."""
        if count > self.state.count:
            self.on_failure(partial(setattr, self.state, "count", self.state.count))
            self.state.count = count
            self.add(SaveValue("count", str(count)))

    def drop_work(self, digest: Digest) -> None:
        """Forget what runs for a delivery, ending it if need be."""
        work = self.state.work.pop(digest, None)
        if digest in self.state.load_line:
            self.state.load_line.remove(digest)
        if work is not None and work.step in ("looking", "fetching", "verifying", "loading"):
            self.add(StopWork(digest))

    def finish(self) -> list[Cmd]:
        """Close the turn: all that changed goes to the ledger once, and to the peers."""
        if self._rows:
            self.commands.extend(SaveRow(row) for row in self._rows.values())
        if self._entries:
            self.commands.extend(Broadcast(Entries((entry,))) for entry in self._entries.values())
        if self._rows:
            self._tell_rows()
        if self._report:
            self.commands.append(Broadcast(Report(self.state.report)))
        return self.commands

    def _tell_rows(self) -> None:
        """Tell all peers; in a large fleet the hubs, and the others only when there is news of who holds what."""
        state, mesh = self.state, self.state.mesh
        latest = _rows_after(self._rows.values(), self._since, state.row_version)
        if not state.is_sparse:
            self.commands.append(Broadcast(latest))
            return
        hubs = tuple(hub for hub in mesh.hubs if hub in mesh.standing)
        self.commands.extend(Send(hub, latest) for hub in hubs)
        if self._holds_otherwise:
            own = state.rows.get(state.me, {}).values()
            untold = _rows_after((row for row in own if row.version > mesh.told), mesh.told, state.row_version)
            mesh.told = state.row_version
            self.commands.append(Broadcast(untold, but=hubs))


def put_or_drop(items: MutableMapping[K, V], key: K, former: V | None) -> None:
    """Let ``former`` stand at ``key`` again; None: nothing."""
    if former is not None:
        items[key] = former
    elif key in items:
        del items[key]


def _rows_after(rows: Iterable[Delivery], since: int, upto: int) -> Rows:
    return Rows(tuple(sorted(rows, key=lambda row: row.version)), NodeId(""), since, upto)


def name_of(state: NodeState, node: NodeId) -> str:
    """A node's name as people know it."""
    if node == state.me:
        return state.name
    peer = state.peers.get(node)
    return peer.node.name if peer is not None else str(node)


def trace_of(digest: Digest) -> Trace:
    """The trace of a rollout: the same on every node, so that one filter follows it through the fleet."""
    return Trace(digest.removeprefix("sha256:")[:12])
