"""A fleet of any size in an engine's state, and changes to it at a steady rate: what a console is measured on."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from backend.engine.touched import Touched
from backend.logic.state import PeerState
from backend.model.archive import CatalogEntry
from backend.model.delivery import (
    Cancelled,
    Delivery,
    Failed,
    Held,
    Loading,
    Progress,
    Queued,
    Ready,
    State,
    Stored,
    Transferring,
    Verifying,
    Waiting,
)
from backend.model.errors import DiskFullError, RuntimeSickError
from backend.model.events import Level, Note
from backend.model.ids import NodeId
from backend.model.node import NodeReport, RosterNode
from tests.support.engine import FakeEngine, entry_of, node_id

SITES = ("ap-s", "eu-n", "eu-w", "us-e")
APPS = ("api", "web", "worker", "db-migrate", "gateway", "auth", "billing", "report")
SIZE_BYTES = 400 * 1024**2
ACTIVE_CELLS = 1000
"""Cells under way at a time where changes come from everywhere: two transfers for each of 500 nodes."""
NOTES_EVERY = 100
"""One line of the event log for so many changes."""

Cell = tuple[int, int]
"""Numbers of a node and of an archive."""


def name_of(number: int) -> str:
    """A node's name; sorted by name, nodes stand in the order of their numbers."""
    return f"{SITES[number // 125 % len(SITES)]}-{number:04d}"


def large_engine(nodes: int, archives: int) -> FakeEngine:
    """An engine that knows a whole fleet: nearly all of it ready, some of everything else."""
    engine, now = FakeEngine(nodes=1), time.time()
    engine.state.name = name_of(0)
    report = NodeReport(runtime="docker 28.2.1", free_bytes=120 * 1024**3)
    engine.state.report = report
    for number in range(1, nodes):
        peer = RosterNode(
            node_id(number), name_of(number), f"10.0.{number // 250}.{number % 250 + 1}", 8730, "ssh-ed25519 AAAA"
        )
        engine.state.peers[peer.id] = PeerState(peer, up=True, last_seen=now, report=report)
    entries = [
        entry_of(
            number,
            name=f"{APPS[number % len(APPS)]}-{number}.tar",
            tags=(f"registry.example/team-{number % 13}/{APPS[number % len(APPS)]}:2.{number}",),
            size_bytes=SIZE_BYTES,
        )
        for number in range(archives)
    ]
    for entry in entries:
        engine.state.entries[entry.digest] = entry
    mixed = _mixture(now)
    for number in range(nodes):
        node = node_id(number)
        engine.state.rows[node] = {
            entry.digest: Delivery(
                entry.digest, node, mixed[(number * 7919 + place * 104729) % len(mixed)], 1, updated_at=now
            )
            for place, entry in enumerate(entries)
        }
    return engine


def _mixture(now: float) -> list[State]:
    """2,000 states in the proportions of a fleet that is well: of half a million cells some hundreds are in trouble."""
    full = DiskFullError(path="/data/docker-tar", needed_bytes=1 << 30, free_bytes=1 << 28).problem()
    sick = RuntimeSickError(runtime="docker", detail="timed out after 60 s").problem()
    rare: list[State] = [
        Waiting(now + 60, full),
        Waiting(now + 120, full),
        Failed(full),
        Held(sick),
        *[Queued()] * 12,
        *[Cancelled()] * 20,
        *[Stored()] * 64,
    ]
    states = [Ready()] * (2000 - len(rare)) + rare
    random.Random(1).shuffle(states)
    return states


@dataclass(slots=True)
class _Delivered:
    cell: Cell
    step: int = 0


STEPS = 10
"""Of one delivery: queued, six of a transfer, verified, loaded, ready."""


class Drive:
    """Takes deliveries of chosen cells through their lives, one change at a time, and tells the engine's listeners."""

    def __init__(self, engine: FakeEngine, cells: Sequence[Cell], active: int, seed: int = 1) -> None:
        """``cells``: where changes may happen; ``active``: how many of them at a time."""
        self._engine = engine
        self._entries: list[CatalogEntry] = list(engine.state.entries.values())
        self._chance = random.Random(seed)
        self._cells = cells
        chosen = self._chance.sample(cells, min(active, len(cells)))
        self._active = [_Delivered(cell) for cell in chosen]
        self._all = len(self._active) == len(cells)
        self.changes = 0

    def change(self) -> None:
        """One change that a console sees: another state, or another tenth of a transfer."""
        under_way = self._chance.choice(self._active)
        self._apply(under_way)
        under_way.step = (under_way.step + 1) % STEPS
        if not under_way.step and not self._all:
            under_way.cell = self._chance.choice(self._cells)
        self.changes += 1
        if self.changes % NOTES_EVERY == 0:
            self._engine.emit(Touched(notes=[self._note(under_way.cell)]))

    def _apply(self, under_way: _Delivered) -> None:
        number, place = under_way.cell
        node, entry, step = node_id(number), self._entries[place], under_way.step
        if 2 <= step <= 6:
            self._progress(node, entry, step)
            return
        source = node_id(0)
        states: dict[int, State] = {
            0: Queued(),
            1: Transferring(source),
            7: Verifying(source),
            8: Loading(),
            9: Ready(),
        }
        self.set(under_way.cell, states[step])

    def set(self, cell: Cell, state: State) -> None:
        """Write a cell."""
        number, place = cell
        node, digest = node_id(number), self._entries[place].digest
        row = self._engine.state.rows[node][digest]
        self._engine.state.rows[node][digest] = msgspec.structs.replace(row, state=state, version=row.version + 1)
        if not isinstance(state, Transferring):
            self._engine.state.progress.pop((node, digest), None)
        self._engine.emit(Touched(rows={(node, digest)}))

    def _progress(self, node: NodeId, entry: CatalogEntry, step: int) -> None:
        row = self._engine.state.rows[node][entry.digest]
        if not isinstance(row.state, Transferring):
            return
        done = entry.size_bytes * (step * 2 - 3) // 10
        rate = self._chance.randrange(20, 120) * 1024**2
        self._engine.state.progress[(node, entry.digest)] = Progress(entry.digest, row.version, done, rate)
        self._engine.emit(Touched(progress={(node, entry.digest)}))

    def write_notes(self, count: int) -> None:
        """Write lines of the event log, all at once."""
        self._engine.emit(Touched(notes=[self._note(self._chance.choice(self._cells)) for _ in range(count)]))

    def _note(self, cell: Cell) -> Note:
        entry = self._entries[cell[1]]
        return Note(time.time(), Level.INFO, "ready", {"name": entry.name, "node": name_of(cell[0])})
