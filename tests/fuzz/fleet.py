"""The fleet that the walked console is shown: an engine whose state is changed at random, and answers as it is told."""

import asyncio
import random
import time
from collections.abc import Callable

import msgspec

from backend.engine.touched import Touched
from backend.logic.state import PeerState
from backend.model.archive import CatalogEntry, Image, Order
from backend.model.delivery import (
    Attempt,
    Cancelled,
    Failed,
    Held,
    Loading,
    Queued,
    Ready,
    State,
    Stored,
    Transferring,
    Verifying,
    Waiting,
)
from backend.model.errors import (
    DigestMismatchError,
    DiskFullError,
    NodeUnreachableError,
    Problem,
    RefusedError,
    RuntimeSickError,
    TruncatedError,
)
from backend.model.events import Level, Note
from backend.model.ids import Digest, NodeId, Trace
from backend.model.node import Check, NodeReport, RosterNode
from tests.support.engine import FakeEngine, entry_of, node_id

MOST_NODES, MOST_ARCHIVES, MOST_NOTES = 14, 30, 1000
HOSTILE = (
    "[@click=app.quit]x[/]", "a\x1b[2J\x1b]0;owned\x07b", "evil\u202egnp.exe", "zero\u200b\u2060width", "東京-一号機",
    "한국-서울", "é" * 40, "👩‍👩‍👧‍👦", "x" * 250, "", " ", "\\", "[/]", "[bold", "a\nb", "\t", "'; rm -rf ~ #", "=1+1",
)  # fmt: skip
_SLOW_S = 0.3


class MoodyEngine(FakeEngine):
    """Answers as its mood is: ``good``, ``refusing``, ``away``, ``silent`` (its peers), ``slow``, ``sick``."""

    def __init__(self, nodes: int = 1) -> None:
        super().__init__(nodes)
        self.mood = "good"
        self._dice = random.Random(nodes)

    def feel(self, mood: str) -> None:
        """Be in another mood from now on."""
        self.mood = mood
        others = set(self.state.peers)
        self.away = others if mood == "away" else set()
        self.silent = others if mood == "silent" else set()
        self.sick_checks = mood == "sick"

    async def _answer(self) -> None:
        if self.mood == "refusing":
            raise RefusedError(what=self._dice.choice(HOSTILE), why="not now")
        if self.mood == "slow":
            await asyncio.sleep(_SLOW_S)

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
        """Record and answer, as the mood is."""
        await self._answer()
        await super().act(job, verb, digests, nodes, expected, operator, argument)
        del self.acts[:-10]

    async def clean(self, dry_run: bool) -> list[str]:
        """Find something each time."""
        await self._answer()
        self.leftovers = [f"{number} {name}.part" for number, name in enumerate(HOSTILE)]
        return await super().clean(dry_run)

    async def checks(self) -> tuple[Check, ...]:
        """The checks."""
        await self._answer()
        return await super().checks()

    async def attempts(self, digest: Digest) -> tuple[Attempt, ...]:
        """The timeline."""
        await self._answer()
        return await super().attempts(digest)

    async def peer_attempts(self, node: NodeId, digest: Digest) -> tuple[Attempt, ...]:
        """The timeline of another's."""
        await self._answer()
        return await super().peer_attempts(node, digest)

    async def peer_checks(self, node: NodeId) -> tuple[Check, ...]:
        """Another's checks."""
        await self._answer()
        if self.mood == "sick":
            raise NodeUnreachableError(node=self._dice.choice(HOSTILE))
        return await super().peer_checks(node)


class Fleet:
    """Changes of the engine's state, each drawn from the number that comes with it."""

    def __init__(self, engine: MoodyEngine) -> None:
        """Begin with a few nodes and archives."""
        self.engine = engine
        self._count = 0
        self._ways: dict[str, Callable[[random.Random], None]] = {
            "add-node": lambda dice: self._add_node(f"node-{self._next()}", dice),
            "hostile-node": lambda dice: self._add_node(dice.choice(HOSTILE), dice),
            "drop-node": self._drop_node,
            "rename-node": self._rename_node,
            "node-down": lambda dice: self._set_up(dice, False),
            "node-up": lambda dice: self._set_up(dice, True),
            "node-sick": self._sicken,
            "pause": lambda dice: self._report(dice, paused=dice.random() < 0.5),
            "limit": lambda dice: self._report(dice, bandwidth_bps=dice.choice((0, 1, 10**6, 10**12))),
            "add-archive": lambda dice: self._add_archive(f"app-{self._next()}", dice, 1),
            "hostile-archive": lambda dice: self._add_archive(dice.choice(HOSTILE), dice, 1),
            "many-images": lambda dice: self._add_archive(f"many-{self._next()}", dice, dice.randint(2, 9)),
            "withdraw": lambda dice: self._end(dice, "withdrawn_at"),
            "supersede": lambda dice: self._end(dice, "superseded_by"),
            "reject": self._reject,
            "forgive": self._forgive,
            "cell": self._set_cell,
            "progress": self._progress,
            "note": self._note,
            "burst": self._burst,
        }
        dice = random.Random(0)
        for way in ("add-node", "add-archive") * 4:
            self._ways[way](dice)

    def change(self, what: str, number: int) -> None:
        """Change something. Raises LookupError for an unknown word."""
        self._ways[what](random.Random(number))

    def _next(self) -> int:
        self._count += 1
        return self._count

    # --- nodes ------------------------------------------------------------------------------------------------

    def _nodes(self) -> list[NodeId]:
        state = self.engine.state
        return [state.me, *state.peers]

    def _peer(self, dice: random.Random) -> PeerState | None:
        peers = list(self.engine.state.peers.values())
        return dice.choice(peers) if peers else None

    def _add_node(self, name: str, dice: random.Random) -> None:
        if len(self.engine.state.peers) >= MOST_NODES:
            return
        number = 100 + self._next()
        node = RosterNode(node_id(number), name, dice.choice(("10.0.0.1", "node.example", "fd00::1")), 8730, "ssh-x A")
        report = NodeReport(
            runtime=dice.choice(("docker 28.2", "none", "", *HOSTILE)), free_bytes=dice.randrange(10**13)
        )
        self.engine.state.peers[node.id] = PeerState(node, up=dice.random() < 0.8, last_seen=time.time(), report=report)
        self.engine.emit(Touched(nodes={node.id}))

    def name(self, name: str) -> None:
        """Call some node so: something that must be seen."""
        if not self.engine.state.peers:
            self._add_node(name, random.Random(0))
            return
        peer = next(iter(self.engine.state.peers.values()))
        peer.node = msgspec.structs.replace(peer.node, name=name)
        self.engine.emit(Touched(nodes={peer.node.id}))

    def _drop_node(self, dice: random.Random) -> None:
        """A node leaves the roster; consoles learn it with the next snapshot, as settings are read at a start."""
        peer = self._peer(dice)
        if peer is not None:
            del self.engine.state.peers[peer.node.id]
            self.engine.state.rows.pop(peer.node.id, None)

    def _rename_node(self, dice: random.Random) -> None:
        peer = self._peer(dice)
        if peer is not None:
            name = dice.choice((*HOSTILE, "same", "same", f"node-{self._next()}"))
            peer.node = msgspec.structs.replace(peer.node, name=name)
            self.engine.emit(Touched(nodes={peer.node.id}))

    def _set_up(self, dice: random.Random, up: bool) -> None:
        peer = self._peer(dice)
        if peer is not None:
            peer.up, peer.last_seen = up, dice.choice((0.0, 1.0, time.time(), time.time() + 10**6))
            self.engine.emit(Touched(nodes={peer.node.id}))

    def _sicken(self, dice: random.Random) -> None:
        runtime = RuntimeSickError(runtime="docker", detail=dice.choice(HOSTILE)).problem()
        disk = DiskFullError(path="/data", needed_bytes=1 << 40, free_bytes=0).problem()
        self._report(
            dice,
            runtime_problem=dice.choice((None, runtime)),
            disk_problem=dice.choice((None, disk)),
            free_bytes=dice.choice((0, 1, 10**15)),
        )

    def _report(self, dice: random.Random, **changes: object) -> None:
        peer, state = self._peer(dice), self.engine.state
        if peer is None or dice.random() < 0.2:
            state.report = msgspec.structs.replace(state.report, **changes)
            self.engine.emit(Touched(nodes={state.me}))
        else:
            peer.report = msgspec.structs.replace(peer.report, **changes)
            self.engine.emit(Touched(nodes={peer.node.id}))

    # --- archives ---------------------------------------------------------------------------------------------

    def _entry(self, dice: random.Random) -> CatalogEntry | None:
        entries = list(self.engine.state.entries.values())
        return dice.choice(entries) if entries else None

    def _add_archive(self, name: str, dice: random.Random, images: int) -> None:
        if len(self.engine.state.entries) >= MOST_ARCHIVES:
            return
        number = self._next()
        made = tuple(
            Image(f"sha256:{number * 100 + place:064x}", ("sha256:aa",), tags, dice.choice(("linux/amd64", "")))
            for place in range(images)
            for tags in [dice.choice(((f"docker.io/library/{name}:{place}",), (), (f"r.example/{name}:1", "b:2")))]
        )
        nodes = dice.choice((None, None, tuple(self._nodes()[:2])))
        size_bytes = dice.choice((1, 4096, 10**9, 10**14))
        self.engine.add(entry_of(number, f"{name}.tar", nodes=nodes, images=made, size_bytes=size_bytes))

    def tag(self, tag: str) -> None:
        """Publish an archive under that tag: something that must be seen."""
        number = self._next()
        while len(self.engine.state.entries) >= MOST_ARCHIVES:
            self.forget(next(iter(self.engine.state.entries)))
        self.engine.add(entry_of(number, f"{number}.tar", tags=(f"docker.io/library/{tag}",)))

    def forget(self, digest: Digest) -> None:
        """An archive is gone; consoles learn it with the next snapshot."""
        del self.engine.state.entries[digest]
        for rows in self.engine.state.rows.values():
            rows.pop(digest, None)
        self.engine.state.progress = {key: each for key, each in self.engine.state.progress.items() if key[1] != digest}

    def _end(self, dice: random.Random, how: str) -> None:
        entry = self._entry(dice)
        if entry is not None:
            order = Order(entry.order.count + 10**6 + self._next(), entry.order.node)
            self.engine.add(msgspec.structs.replace(entry, **{how: order}))

    def _reject(self, dice: random.Random) -> None:
        if len(self.engine.state.rejected) < 5:
            name = dice.choice((*HOSTILE, "bad.tar"))
            self.engine.reject(name, TruncatedError(name=name, detail=dice.choice(HOSTILE)).problem())

    def _forgive(self, dice: random.Random) -> None:
        names = sorted(self.engine.state.rejected)
        if names:
            name = dice.choice(names)
            del self.engine.state.rejected[name]
            self.engine.emit(Touched(rejected={name}))

    # --- cells and events -------------------------------------------------------------------------------------

    def _set_cell(self, dice: random.Random) -> None:
        entry = self._entry(dice)
        if entry is None:
            return
        node = dice.choice(self._nodes())
        number = int(node.rpartition(":")[2])
        self.engine.set(
            number,
            entry,
            self._state(dice),
            stored=dice.random() < 0.5,
            attempts=dice.randrange(9),
            retries=dice.randrange(4),
            note=dice.choice((None, None, "overtaken", "withdrawn", "no-such-note", "\x1b[2J")),
            source=dice.choice((None, *self._nodes())),
            bytes_received=dice.randrange(10**12),
            bytes_saved=dice.randrange(10**12),
            trace=Trace(f"{dice.randrange(1 << 40):012x}"),
        )

    def _state(self, dice: random.Random) -> State:
        problem = dice.choice((
            DiskFullError(path="/data", needed_bytes=10**10, free_bytes=3).problem(),
            RuntimeSickError(runtime="docker", detail=dice.choice(HOSTILE)).problem(),
            DigestMismatchError(source="x", name="y").problem(),
            Problem("no-such-code", {"name": dice.choice(HOSTILE)}),
            Problem("disk-full", {"needed_bytes": "many"}),
        ))  # fmt: skip
        due = time.time() + dice.choice((-(10**6), -1, 0, 1, 60, 10**7))
        source = dice.choice(self._nodes())
        states: tuple[State, ...] = (
            Queued(), Transferring(source), Transferring(source), Verifying(source), Loading(), Ready(), Ready(),
            Stored(), Waiting(due, problem), Held(problem), Failed(problem), Cancelled(),
        )  # fmt: skip
        return dice.choice(states)

    def _progress(self, dice: random.Random) -> None:
        state = self.engine.state
        moving = [
            (node, entry)
            for node, rows in state.rows.items()
            for digest, row in rows.items()
            if isinstance(row.state, Transferring) and (entry := state.entries.get(digest)) is not None
        ]
        if moving:
            node, entry = dice.choice(moving)
            done = dice.choice((0, entry.size_bytes // 3, entry.size_bytes, entry.size_bytes * 2))
            self.engine.progress(int(node.rpartition(":")[2]), entry, done, dice.choice((0, 100, 10**8, 10**13)))

    def _note(self, dice: random.Random) -> None:
        code = dice.choice(("published", "ready", "delivery-failed", "peer-down", "no-such-code", "archive-rejected"))
        params = {dice.choice(("name", "peer", "node", "x")): dice.choice(HOSTILE) for _ in range(3)}
        problem = dice.choice((None, Problem("disk-full", {"free_bytes": "1"}), Problem("nobody-knows")))
        at = time.time() + dice.choice((0, 0, -(10**7), 10**7))
        trace = Trace(dice.choice(("", "4f1d2c3b4a59", "zz")))
        self.engine.note(Note(at, dice.choice(list(Level)), code, params, trace, problem))
        del self.engine.recorded[:-MOST_NOTES]

    def _burst(self, dice: random.Random) -> None:
        for _ in range(40):
            self._set_cell(dice)
            self._note(dice)
