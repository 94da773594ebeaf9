"""One node's engine: puts the parts together, starts and ends them, and shows one face to the control API."""

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from backend.engine.fetcher import Fetcher
from backend.engine.hands import Hands
from backend.engine.health import Health
from backend.engine.intake import Intake
from backend.engine.loader import Loader
from backend.engine.loop import EventLoop
from backend.engine.mirroring import Mirroring
from backend.engine.ports import Ports
from backend.engine.remote import Remote
from backend.engine.sweeper import Sweeper
from backend.engine.tickets import Tickets
from backend.engine.touched import Touched
from backend.logic.state import NodeState
from backend.model.commands import Act, Remark
from backend.model.delivery import Attempt
from backend.model.errors import DsyncError, UsageError
from backend.model.events import (
    Note,
    OperatorActed,
    PeerCame,
    PeerLeft,
    PeerSpoke,
    SelectorWidened,
    Started,
    StrangerRefused,
    WatchersChanged,
)
from backend.model.ids import Digest, JobId, NodeId
from backend.model.messages import PROTOCOL_NEWEST, PROTOCOL_OLDEST, Hello
from backend.model.node import Check
from backend.model.plain import plain
from backend.ports.peers import ChannelDown, ChannelUp, PeerEvent, Said, Stranger
from backend.ports.store import safe_store_name
from backend.ports.tasks import TaskOwner

_log = logging.getLogger("dsync.engine")

_MOVING_STEPS = frozenset({"fetching", "verifying", "load-queued", "loading"})


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Settings that the engine needs beside the logic's policy. ``address``: this node's own, for mirrors."""

    software: str
    address: str
    settle_s: float
    timeout_s: float
    compress: str
    bandwidth_bps: Callable[[], int]


class Engine:
    """Recovers, runs, and stops one node."""

    def __init__(self, state: NodeState, ports: Ports, options: EngineOptions, on_fatal: Callable[[str], None]) -> None:
        """``state`` as read from the ledger; ``on_fatal`` is told when the engine cannot go on."""
        self._ports = ports
        self._options = options
        self._owner = TaskOwner("engine", on_failure=lambda name, error: on_fatal(f"{name}: {error}"))
        self.loop = EventLoop(state, ports.ledger, ports.clock, self._carry_out)
        self._fetcher = Fetcher(
            self.loop,
            ports.store,
            ports.inspector,
            ports.transport,
            options.timeout_s,
            options.compress,
            self._limit_bps,
        )
        self._intake = Intake(
            ports.store, ports.watcher, ports.inspector, ports.clock, state, self.loop.post, options.settle_s
        )
        loader = Loader(ports.runtime, ports.locks) if ports.runtime is not None else None
        self._health = Health(state, ports.store, ports.door, ports.peers, self._intake, ports.clock)
        self._remote = Remote(self.loop, ports, self._health)
        tickets = Tickets(self.loop, ports.store, ports.door)
        self._hands = Hands(self.loop, ports, self._fetcher, tickets, loader)
        self._sweeper = Sweeper(self.loop, ports.clock, ports.store, ports.runtime, self._intake)
        self._mirroring = Mirroring(ports.mirrors, state, ports.clock, options.address)
        self.on_stop: Callable[[str], None] = lambda how: None

    # --- life -------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Recover from the last end, open the doors, and begin. Raises DsyncError when a door stays shut."""
        ports = self._ports
        await self._end_survivors()
        await ports.store.prepare()
        await ports.store.recover()
        await ports.door.open()
        self.loop.subscribe(self._mirroring.see)
        self._owner.start(self.loop.run(), "loop")
        self._sweeper.measure_disk_once()
        await self._sweeper.probe_once()
        await self.loop.submit(Started(dict(await ports.store.list())))
        await ports.peers.open(self._on_peer_event, self._make_hello)
        self._owner.start(self._intake.run(), "intake")
        self._owner.start(self._sweeper.tick(), "tick")
        self._owner.start(self._sweeper.sweep(), "sweep")
        self._owner.start(self._sweeper.measure_disk(), "disk")
        self._owner.start(self._sweeper.probe_runtime(), "probe")
        self._owner.start(self._sweeper.tell_progress(self._fetcher), "progress")
        self._owner.start(self._mirroring.run(), "mirrors")

    async def _end_survivors(self) -> None:
        for record in self._ports.children.survivors():
            # A loader is let finish: killing it could leave half an image, and its lock makes ours wait for it.
            if record.purpose != "load":
                await self._ports.children.end(record)

    async def stop(self) -> None:
        """End all work and close the doors; what was under way is taken up by recovery."""
        await self._ports.peers.close()
        await self._hands.close()
        await self._remote.close()
        await self._owner.close()
        await self._ports.door.close()
        try:
            await self._mirroring.write()
        except DsyncError as error:
            _log.warning("mirrors cannot be written: %s", error)
        await self._ports.ledger.close()

    async def drained(self) -> None:
        """Return once what moves here now has ended, and who reads from here now has done so.

        What begins meanwhile is not waited for: a busy node would never come to its end.
        """
        state = self.state
        moving = {digest for digest, work in state.work.items() if work.step in _MOVING_STEPS}
        reading = {(slot.node, slot.digest) for slot in state.serving.slots}
        while moving or reading:
            await self._ports.clock.sleep(0.2)
            moving &= {digest for digest, work in state.work.items() if work.step in _MOVING_STEPS}
            reading &= {(slot.node, slot.digest) for slot in state.serving.slots}

    def request_stop(self, how: str) -> None:
        """End the daemon: ``now`` or ``drain``."""
        self.on_stop(how)

    def _carry_out(self, command: Act) -> None:
        self._hands.carry_out(command)

    def _limit_bps(self) -> int:
        limits = [limit for limit in (self._options.bandwidth_bps(), self.state.report.bandwidth_bps) if limit > 0]
        return min(limits, default=0)

    # --- peers ------------------------------------------------------------------------------------------------------

    def _make_hello(self, peer: NodeId) -> Hello:
        return Hello(
            protocol_oldest=PROTOCOL_OLDEST,
            protocol_newest=PROTOCOL_NEWEST,
            software=self._options.software,
            name=self.state.name,
            rsync_port=self._ports.door.port,
            count=self.state.count,
            your_row_version=self.state.head_of(peer),
            your_count=self.state.entries.highest_count_of(peer),
            abilities=("rsync",),
        )

    def _on_peer_event(self, event: PeerEvent) -> None:
        match event:
            case ChannelUp(node=node, hello=hello, address=address):
                self.loop.post(PeerCame(node, hello, address))
            case ChannelDown(node=node, problem=problem):
                self.loop.post(PeerLeft(node, problem))
                self._remote.peer_left(node)
            case Said(node=node, message=message):
                if not self._remote.takes(node, message):
                    self.loop.post(PeerSpoke(node, message))
            case Stranger(address=address, problem=problem):
                self.loop.post(StrangerRefused(address, problem))

    # --- the face to the control API ---------------------------------------------------------------------------------

    @property
    def state(self) -> NodeState:
        """The node's state, to be read only."""
        return self.loop.state

    @property
    def notes(self) -> tuple[Note, ...]:
        """The latest notes, oldest first."""
        return tuple(self._hands.notes)

    def remark(self, note: Note) -> None:
        """Tell people something that no event of the loop tells."""
        self._hands.carry_out(Remark(note))

    def subscribe(self, listener: Callable[[Touched], None]) -> Callable[[], None]:
        """Call ``listener`` after every applied event."""
        return self.loop.subscribe(listener)

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
        """Act on the named nodes' cells; one CommandResult a node follows (its job is ``<job>/<node id>``)."""
        for node in nodes:
            part = JobId(f"{job}/{node}")
            if node == self.state.me:
                await self.loop.submit(OperatorActed(part, verb, digests, expected, operator, argument))
            else:
                self._remote.command(node, part, verb, digests, expected, operator, argument)

    async def widen(self, digest: Digest, nodes: tuple[NodeId, ...] | None, operator: str) -> None:
        """``sync --to`` of a known archive."""
        await self.loop.submit(SelectorWidened(digest, nodes, operator))

    async def take_file(
        self, name: str, chunks: AsyncIterator[bytes], nodes: tuple[NodeId, ...] | None
    ) -> tuple[Path, str]:
        """Stream a file into the store; it is inspected at once. Returns its path and its name there.

        Raises UsageError (a name that may not stand in a store), DiskFullError, StoreError.
        """
        if safe_store_name(name, "") != name:
            raise UsageError(what=f'"{plain(name, 120)}" cannot be the name of an archive in a store')
        received = await self._ports.store.receive(chunks)
        known = self.state.files.get(name)
        entry = self.state.entries.get(known.digest) if known is not None else None
        ours = entry is not None and entry.origin == self.state.me
        placed, _ = await self._ports.store.admit(received, name, replace=ours)
        self._intake.offer(placed, published=name if placed != name else "", nodes=nodes)
        return self._ports.store.directory / placed, placed

    async def clean(self, dry_run: bool) -> list[str]:
        """Remove temporary files and unfinished fetches that nobody needs; one line each: size, path."""
        return await self._remote.clean(dry_run)

    async def checks(self) -> tuple[Check, ...]:
        """The six local health checks."""
        return await self._health.checks()

    async def peer_checks(self, node: NodeId) -> tuple[Check, ...]:
        """Another node's checks. Raises NodeUnreachableError."""
        return await self._remote.checks_of(node)

    async def attempts(self, digest: Digest) -> tuple[Attempt, ...]:
        """The timeline of an own delivery."""
        return await self._ports.ledger.attempts(digest)

    async def peer_attempts(self, node: NodeId, digest: Digest) -> tuple[Attempt, ...]:
        """The timeline of another node's delivery. Raises RefusedError when it cannot be had."""
        return await self._remote.attempts_of(node, digest)

    def watch(self, consoles: int) -> None:
        """Tell how many consoles follow."""
        if consoles != self.state.console_count:
            self.loop.post(WatchersChanged(consoles))
