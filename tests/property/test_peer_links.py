"""Whatever the network does, two links agree on one channel, tell of it in order, and lose nothing on it."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.model.errors import PeerError
from backend.model.ids import Digest, NodeId
from backend.model.messages import Request
from backend.model.node import RosterNode
from backend.peering.channel import PeerChannel
from backend.peering.limits import PeerLimits
from backend.peering.link import PeerLink
from backend.peering.wire import frames_of
from backend.ports.clock import FakeClock
from backend.ports.peers import ChannelDown, ChannelUp, PeerEvent, Said
from tests.support.peer_fleet import hello

NAMES = ("alpha", "beta")
TICK_S = 0.5


class Connection:
    """A simulated SSH connection: two ends, a latency each way, and a way to break."""

    def __init__(self, world: "World", latency_s: float) -> None:
        self.world = world
        self.latency_s = latency_s
        self.ends: list[End] = []
        self.silent = False
        """Half-open: nothing arrives any more, and nobody is told."""

    def break_off(self) -> None:
        """Reset: both ends hear of it."""
        for end in self.ends:
            end.lose("reset")


class End:
    """One end's SSH channel, as far as ``PeerChannel`` uses it."""

    def __init__(self, connection: Connection, channel: PeerChannel) -> None:
        self.connection = connection
        self.channel = channel
        self.gone = False
        # What PeerChannel sets on asyncssh's connection.
        self.pause_writing: Callable[[], None] = lambda: None
        self.resume_writing: Callable[[], None] = lambda: None

    def other(self) -> "End":
        first, second = self.connection.ends
        return second if self is first else first

    def write(self, data: bytes) -> None:
        self._later(lambda: self.other().arrive(data))

    def arrive(self, data: bytes) -> None:
        if not self.gone:
            self.channel.received(data)

    def lose(self, why: str) -> None:
        if not self.gone:
            self.gone = True
            self.channel.lost(ConnectionError(why))

    def disconnect(self, code: int, reason: str) -> None:
        if not self.gone:
            self.gone = True
            self._later(lambda: self.other().lose(reason))

    def _later(self, act: Callable[[], None]) -> None:
        world = self.connection.world

        def unless_silent() -> None:
            if not self.connection.silent:
                act()

        world.at(self.connection.latency_s, unless_silent)

    def get_extra_info(self, name: str) -> object:
        return ("127.0.0.1", 1)

    def set_write_buffer_limits(self, high: int) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def get_connection(self) -> "End":
        return self


@dataclass
class Side:
    """One node."""

    link: PeerLink
    events: list[PeerEvent] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    count: int = 0


class World:
    """Two links and what lies between them, in virtual time."""

    def __init__(self, latencies_s: list[float], dial_delays_s: list[float], limits: PeerLimits) -> None:
        self.clock = FakeClock()
        self.limits = limits
        self.latencies_s = latencies_s
        self.dial_delays_s = dial_delays_s
        self.connections: list[Connection] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.loop = asyncio.get_running_loop()
        self.sides: list[Side] = []
        for at in (0, 1):
            events: list[PeerEvent] = []
            self.sides.append(Side(self._link(at, events), events))
        self.keepers: list[asyncio.Task[None]] = []

    def _link(self, at: int, events: list[PeerEvent]) -> PeerLink:
        peer = NAMES[1 - at]
        return PeerLink(
            NodeId(f"SHA256:{NAMES[at]}"),
            RosterNode(id=NodeId(f"SHA256:{peer}"), name=peer, host="h", port=1, public_key="k"),
            self.limits,
            self.clock,
            dial=lambda channel: self._dial(at, channel),
            emit=lambda event: self._take(at, events, event),
            refused=lambda address, error: None,
            make_hello=lambda node: hello(NAMES[at]),
            backlog=lambda: 0,
        )

    def at(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do something later."""

        async def run() -> None:
            await self.clock.sleep(delay_s)
            act()

        task = self.loop.create_task(run())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _dial(self, at: int, channel: PeerChannel) -> None:
        number = len(self.connections)
        connection = Connection(self, self.latencies_s[number % len(self.latencies_s)])
        self.connections.append(connection)
        await self.clock.sleep(self.dial_delays_s[number % len(self.dial_delays_s)])
        if connection.silent:
            raise PeerError(peer="x", detail="no answer in time")
        admitted = self.sides[1 - at].link.admit()
        connection.ends = [End(connection, channel), End(connection, admitted)]
        for end in reversed(connection.ends):
            end.channel.opened(end)  # type: ignore[arg-type]
            end.channel.started()

    def _take(self, at: int, events: list[PeerEvent], event: PeerEvent) -> None:
        events.append(event)
        if isinstance(event, ChannelUp):
            self.say(at)

    def say(self, at: int) -> None:
        """Say the next number, if a channel stands."""
        side = self.sides[at]
        channel = side.link.standing
        if channel is None:
            return
        side.count += 1
        message = Request(Digest(str(side.count)))
        if all(channel.send(frame) for frame in frames_of(message, "x")):
            side.sent.append(side.count)

    async def run(self, script: list[tuple[float, str]]) -> None:
        """Dial, let the script happen, then leave all in peace."""
        self.keepers = [self.loop.create_task(side.link.keep_dialling()) for side in self.sides]
        for pause_s, what in script:
            await self._pass(pause_s)
            live = [connection for connection in self.connections if connection.ends]
            if what == "say":
                self.say(0)
                self.say(1)
            elif what == "break" and live:
                live[-1].break_off()
            elif what == "silence" and self.connections:
                self.connections[-1].silent = True
            elif what in NAMES:
                self.restart(NAMES.index(what))
        await self._pass(30.0)
        for task in (*self.keepers, *self.tasks):
            task.cancel()
        await asyncio.gather(*self.keepers, *self.tasks, return_exceptions=True)

    def restart(self, at: int) -> None:
        """A power cut: the node begins anew, and the other is told nothing."""
        for connection in self.connections:
            connection.silent = True
        self.keepers[at].cancel()
        side = self.sides[at]
        side.events = []
        side.link = self._link(at, side.events)
        self.keepers.append(self.keepers[at])
        self.keepers[at] = self.loop.create_task(side.link.keep_dialling())

    async def _pass(self, delay_s: float) -> None:
        steps = math.ceil(delay_s / TICK_S)
        for _ in range(steps):
            await self.clock.advance(delay_s / steps)
            for side in self.sides:
                side.link.tick(0.0)


def check_told_in_order(side: Side) -> None:
    up = False
    last = 0
    for event in side.events:
        if isinstance(event, ChannelUp):
            assert not up
            up = True
        elif isinstance(event, ChannelDown):
            assert up
            up = False
        else:
            assert isinstance(event, Said)
            assert up
            assert isinstance(event.message, Request)
            assert int(event.message.digest) > last
            last = int(event.message.digest)
    assert up


def heard_since_last_up(side: Side) -> list[int]:
    heard: list[int] = []
    for event in side.events:
        if isinstance(event, ChannelUp):
            heard = []
        elif isinstance(event, Said) and isinstance(event.message, Request):
            heard.append(int(event.message.digest))
    return heard


DELAYS = st.lists(st.sampled_from([0.0, 0.001, 0.02, 0.3, 0.7, 2.0]), min_size=1, max_size=6)
HAPPENINGS = st.tuples(
    st.sampled_from([0.0, 0.01, 0.3, 1.1, 4.0, 11.0]), st.sampled_from(["say", "break", "silence", *NAMES])
)


@settings(max_examples=60, deadline=None)
@given(DELAYS, DELAYS, st.lists(HAPPENINGS, max_size=8))
def test_two_links_agree(latencies_s: list[float], dial_delays_s: list[float], script: list[tuple[float, str]]) -> None:
    asyncio.run(agree(latencies_s, dial_delays_s, script))


async def agree(latencies_s: list[float], dial_delays_s: list[float], script: list[tuple[float, str]]) -> None:
    world = World(latencies_s, dial_delays_s, PeerLimits())
    await world.run(script)
    for side in world.sides:
        check_told_in_order(side)
    standing = [side.link.standing for side in world.sides]
    same = [
        connection
        for connection in world.connections
        if {id(end.channel) for end in connection.ends} == {id(channel) for channel in standing}
    ]
    assert len(same) == 1
    # What either said since its last channel came up has arrived, whole and in order.
    for at in (0, 1):
        heard = heard_since_last_up(world.sides[1 - at])
        assert heard
        assert heard == world.sides[at].sent[-len(heard) :]
        assert heard[-1] == world.sides[at].sent[-1]


def test_dialling_at_once_gives_one_channel_without_flapping() -> None:
    for latency_s in (0.0, 0.02, 0.3):
        for delays_s in ([0.0], [0.2, 0.0], [0.5, 0.01], [0.2, 0.3], [0.2, 0.6]):
            asyncio.run(no_flapping(latency_s, delays_s))


async def no_flapping(latency_s: float, dial_delays_s: list[float]) -> None:
    world = World([latency_s], dial_delays_s, PeerLimits(courtesy_s=0.0))
    await world.run([])
    for side in world.sides:
        assert [type(event) for event in side.events if not isinstance(event, Said)] == [ChannelUp]
