"""A small fleet of peer networks, fake or over real SSH on loopback, with cables that can be cut."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import asyncssh

from backend.model.ids import NodeId
from backend.model.messages import PROTOCOL_NEWEST, PROTOCOL_OLDEST, Hello, Message
from backend.model.node import RosterNode
from backend.peering.keys import NodeKey, load_or_create_key
from backend.peering.limits import PeerLimits
from backend.peering.network import SshPeerNetwork
from backend.ports.clock import FakeClock
from backend.ports.fake_peers import FakePeerHub
from backend.ports.peers import ChannelDown, ChannelUp, PeerEvent, PeerNetwork, Said, Stranger
from tests.support.data_plane import WallClock

HOST = "127.0.0.1"
NAMES = ("alpha", "beta", "gamma")
PATIENCE_S = 60.0
"""What a real fleet is given for anything."""

QUICK = PeerLimits(
    heartbeat_s=0.2,
    lost_after_s=0.6,
    tick_s=0.05,
    dial_timeout_s=2.0,
    settle_s=0.2,
    courtesy_s=0.05,
    redial_first_s=0.05,
    redial_longest_s=0.3,
    redial_refused_s=0.5,
    hello_timeout_s=2.0,
    login_timeout_s=2.0,
)
"""All that a test waits for, shortened; a busy machine still greets in time."""


def hello(name: str, **changes: int) -> Hello:
    """A hello that shows its sender."""
    plain = Hello(
        protocol_oldest=PROTOCOL_OLDEST,
        protocol_newest=PROTOCOL_NEWEST,
        software="1.0",
        name=name,
        rsync_port=873,
        abilities=("rsync",),
    )
    return Hello(**({f: getattr(plain, f) for f in plain.__struct_fields__} | changes))


@dataclass
class Seat:
    """One node: its network and what it told."""

    name: str
    id: NodeId
    network: PeerNetwork
    first: Message | None = None
    """Said to each peer from within its ``ChannelUp``."""
    events: list[PeerEvent] = field(default_factory=list)

    def take(self, event: PeerEvent) -> None:
        """Hear an event."""
        self.events.append(event)
        if isinstance(event, ChannelUp) and self.first is not None:
            assert self.network.send(event.node, self.first)

    def said_by(self, other: "Seat") -> list[Message]:
        """Messages from ``other``, in order."""
        return [event.message for event in self.events if isinstance(event, Said) and event.node == other.id]

    def channel_events(self, other: "Seat") -> str:
        """E.g. ``up down up``."""
        words = {ChannelUp: "up", ChannelDown: "down"}
        return " ".join(
            words[type(event)]
            for event in self.events
            if isinstance(event, ChannelUp | ChannelDown) and event.node == other.id
        )

    def strangers(self) -> list[Stranger]:
        """Who was refused."""
        return [event for event in self.events if isinstance(event, Stranger)]

    def sees(self, *others: "Seat") -> bool:
        """Tell whether just these have a standing channel here."""
        return self.network.connected == {other.id for other in others}


class Fleet(Protocol):
    """What the conformance suite needs."""

    async def start(self, name: str, *, first: Message | None = None) -> Seat:
        """Open a node's network, anew after ``stop``."""
        ...

    async def stop(self, seat: Seat) -> None:
        """Close a node's network."""
        ...

    def cut(self, one: Seat, other: Seat) -> None:
        """Pull the cable; nobody is told."""
        ...

    def mend(self, one: Seat, other: Seat) -> None:
        """Put it back."""
        ...

    async def until(self, condition: Callable[[], bool], within_s: float = 15.0) -> None:
        """Let time pass until ``condition`` holds; fail when it does not within ``within_s`` of virtual time.

        Real time is only bounded, not measured: a busy machine is no fault.
        """
        ...

    async def rest(self, delay_s: float) -> None:
        """Let time pass."""
        ...


class FakeFleet:
    """On a ``FakePeerHub``, in virtual time."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.hub = FakePeerHub(self.clock)
        self.roster = tuple(
            RosterNode(id=NodeId(f"SHA256:{name}"), name=name, host=HOST, port=1, public_key=name) for name in NAMES
        )

    async def start(self, name: str, *, first: Message | None = None) -> Seat:
        me = next(node for node in self.roster if node.name == name)
        seat = Seat(name, me.id, self.hub.network(me, self.roster), first)
        await seat.network.open(seat.take, lambda peer: hello(name))
        return seat

    async def stop(self, seat: Seat) -> None:
        await seat.network.close()

    def cut(self, one: Seat, other: Seat) -> None:
        self.hub.cut(one.id, other.id)

    def mend(self, one: Seat, other: Seat) -> None:
        self.hub.mend(one.id, other.id)

    async def until(self, condition: Callable[[], bool], within_s: float = 15.0) -> None:
        deadline = self.clock.monotonic() + within_s
        while not condition():
            assert self.clock.monotonic() < deadline, "not in time"
            await self.clock.advance(0.1)

    async def rest(self, delay_s: float) -> None:
        await self.clock.advance(delay_s)

    async def close(self) -> None:
        await self.hub.close()


class Cable:
    """A TCP relay. While it is cut nothing passes and nobody is told, as with a firewall that drops packets."""

    def __init__(self) -> None:
        self.target_port = 0
        self.port = 0
        self._gate = asyncio.Event()
        self._gate.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Let nothing pass."""
        self._gate.clear()

    def mend(self) -> None:
        """Let all pass, also what waited."""
        self._gate.set()

    def forget(self) -> None:
        """Cut what stands for good, and let pass what comes later: so it is when a machine loses its power."""
        self._gate.clear()
        self._gate = asyncio.Event()
        self._gate.set()

    async def close(self) -> None:
        """End all."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        gate = self._gate
        try:
            await gate.wait()
            far_reader, far_writer = await asyncio.open_connection(HOST, self.target_port)
            async with asyncio.TaskGroup() as both:
                both.create_task(_relay(reader, far_writer, gate))
                both.create_task(_relay(far_reader, writer, gate))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._tasks.discard(task)


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event) -> None:
    try:
        while data := await reader.read(65536):
            await gate.wait()
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    await gate.wait()
    writer.transport.abort()


def sorted_keys(directory: Path, count: int = len(NAMES)) -> list[NodeKey]:
    """Fresh keys, in the order of their node IDs: which end decides is then no chance."""
    keys = [load_or_create_key(directory / str(number)) for number in range(count)]
    return sorted(keys, key=lambda key: key.node_id)


class SshFleet:
    """Real networks on loopback; each dials each other through a cable of its own."""

    def __init__(self, directory: Path, limits: PeerLimits = QUICK) -> None:
        self.keys = dict(zip(NAMES, sorted_keys(directory), strict=True))
        self.limits = limits
        self.cables: dict[tuple[str, str], Cable] = {}
        self.clock = WallClock()
        self.networks: list[SshPeerNetwork] = []

    async def open(self) -> None:
        for one in NAMES:
            for other in NAMES:
                cable = self.cables[one, other] = Cable()
                await cable.open()

    def roster(self, name: str) -> tuple[RosterNode, ...]:
        """The roster as ``name`` has it, itself included."""
        return tuple(
            RosterNode(
                id=self.keys[other].node_id,
                name=other,
                host=HOST,
                port=self.cables[name, other].port,
                public_key=self.keys[other].public_line,
            )
            for other in NAMES
        )

    async def start(
        self,
        name: str,
        *,
        first: Message | None = None,
        make_hello: Callable[[str], Hello] = hello,
        backlog: Callable[[], int] = lambda: 0,
    ) -> Seat:
        key = self.keys[name]
        network = SshPeerNetwork(
            key=key,
            roster=self.roster(name),
            listen_host=HOST,
            listen_port=0,
            clock=self.clock,
            limits=self.limits,
            backlog=backlog,
        )
        seat = Seat(name, key.node_id, network, first)
        await network.open(seat.take, lambda peer: make_hello(name))
        self.networks.append(network)
        for one in NAMES:
            self.cables[one, name].target_port = network.port
        return seat

    async def stop(self, seat: Seat) -> None:
        await seat.network.close()

    def cut(self, one: Seat, other: Seat) -> None:
        self.cables[one.name, other.name].cut()
        self.cables[other.name, one.name].cut()

    def mend(self, one: Seat, other: Seat) -> None:
        self.cables[one.name, other.name].mend()
        self.cables[other.name, one.name].mend()

    def power_cut(self, seat: Seat) -> None:
        """Let the node's channels go silent on all ends at once; ``stop`` and ``start`` it then."""
        for (one, other), cable in self.cables.items():
            if seat.name in (one, other):
                cable.forget()

    async def until(self, condition: Callable[[], bool], within_s: float = 15.0) -> None:
        deadline = self.clock.monotonic() + max(within_s, PATIENCE_S)
        while not condition():
            assert self.clock.monotonic() < deadline, "not in time"
            await asyncio.sleep(0.01)

    async def rest(self, delay_s: float) -> None:
        await asyncio.sleep(delay_s)

    async def close(self) -> None:
        for network in self.networks:
            await network.close()
        for cable in self.cables.values():
            await cable.close()


@contextlib.asynccontextmanager
async def fake_fleet() -> AsyncIterator[FakeFleet]:
    """A fake fleet that ends."""
    fleet = FakeFleet()
    yield fleet
    await fleet.close()


@contextlib.asynccontextmanager
async def ssh_fleet(directory: Path, limits: PeerLimits = QUICK) -> AsyncIterator[SshFleet]:
    """A real fleet that ends."""
    asyncssh.set_log_level("WARNING")
    fleet = SshFleet(directory, limits)
    await fleet.open()
    try:
        yield fleet
    finally:
        await fleet.close()
