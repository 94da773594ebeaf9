"""Peer networks in memory: a hub joins several, cuts and mends what lies between them, and takes its time."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator

import msgspec

from backend.model.errors import PeerError, Problem
from backend.model.ids import NodeId
from backend.model.messages import MESSAGE_LIMIT_BYTES, Hello, Message, ProgressBatch, halves_of
from backend.model.node import RosterNode
from backend.ports.clock import Clock
from backend.ports.peers import ChannelDown, ChannelUp, PeerEvent, Said
from backend.ports.tasks import TaskOwner

_LOST_AFTER_S = 9.0
_REDIAL_S = 0.2

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


class _Pipe:
    """One direction of a standing channel: encoded messages on their way, in order."""

    def __init__(self) -> None:
        self.items: deque[tuple[float, bytes, bool]] = deque()


class FakePeerHub:
    """Joins the networks that ``network`` makes. ``latency_s`` is the time from one to the other, one way.

    ``cut`` is a cable pulled: nobody is told, and both ends lose the channel after 9 s without a sign. ``mend`` puts it
    back. What is on its way when a channel goes is lost, as on a real one.
    """

    def __init__(self, clock: Clock, latency_s: float = 0.0) -> None:
        """Time comes from ``clock``."""
        self.latency_s = latency_s
        self._clock = clock
        self._networks: dict[NodeId, FakePeerNetwork] = {}
        self._cut_at: dict[frozenset[NodeId], float] = {}
        self._pipes: dict[tuple[NodeId, NodeId], _Pipe] = {}
        self._tasks = TaskOwner("fake-peers")
        self._running = False

    def network(self, node: RosterNode, roster: tuple[RosterNode, ...]) -> "FakePeerNetwork":
        """Make the network of ``node``, which knows ``roster``."""
        return FakePeerNetwork(self, node, roster)

    def cut(self, one: NodeId, other: NodeId) -> None:
        """Pull the cable between two nodes."""
        self._cut_at.setdefault(frozenset((one, other)), self._clock.monotonic())

    def mend(self, one: NodeId, other: NodeId) -> None:
        """Put the cable back."""
        self._cut_at.pop(frozenset((one, other)), None)

    async def close(self) -> None:
        """End the hub's tasks."""
        await self._tasks.close()

    # For FakePeerNetwork.

    def join(self, network: "FakePeerNetwork") -> None:
        """A node is up."""
        self._networks[network.me.id] = network
        if not self._running:
            self._running = True
            self._tasks.start(self._run(), "wire")

    def leave(self, network: "FakePeerNetwork") -> None:
        """A node is down; its peers see the end of their channels unless the cable is cut."""
        self._networks.pop(network.me.id, None)
        for other in tuple(network.connected):
            if frozenset((network.me.id, other)) not in self._cut_at:
                self._lose(other, network.me.id, "closed by the peer")

    def release(self, node: NodeId, other: NodeId) -> None:
        """``node`` does not dial ``other`` any more: their channel goes, unless the other end made it."""
        network = self._networks.get(other)
        if network is None or not network.dials(node):
            self._lose(node, other, "not needed")
            self._lose(other, node, "closed by the peer")

    def carry(self, sender: NodeId, receiver: NodeId, payload: bytes, latest: bool) -> None:
        """Put a message on its way."""
        items = self._pipes[sender, receiver].items
        if latest and frozenset((sender, receiver)) in self._cut_at:
            # Nothing leaves a node whose cable is cut: there the latest replaces the one that waits.
            kept = [item for item in items if not item[2]]
            items.clear()
            items.extend(kept)
        items.append((self._clock.monotonic() + self.latency_s, payload, latest))
        if self.latency_s:
            self._tasks.start(self._deliver_later(), "message")
        else:
            asyncio.get_running_loop().call_soon(self._deliver)

    async def _deliver_later(self) -> None:
        await self._clock.sleep(self.latency_s)
        self._deliver()

    async def _run(self) -> None:
        while True:
            self._deliver()
            self._look_at_links()
            await self._clock.sleep(_REDIAL_S)

    def _deliver(self) -> None:
        now = self._clock.monotonic()
        for (sender, receiver), pipe in tuple(self._pipes.items()):
            if frozenset((sender, receiver)) in self._cut_at:
                continue
            while pipe.items and pipe.items[0][0] <= now and self._pipes.get((sender, receiver)) is pipe:
                _, payload, _ = pipe.items.popleft()
                self._networks[receiver].hear(sender, _decoder.decode(payload))

    def _look_at_links(self) -> None:
        now = self._clock.monotonic()
        for pair, cut_at in tuple(self._cut_at.items()):
            if now - cut_at >= _LOST_AFTER_S:
                one, other = pair
                self._lose(one, other, "silent for 9 s")
                self._lose(other, one, "silent for 9 s")
        for first, second in self._pairs():
            if second.me.id not in first.connected and first.me.id not in second.connected:
                self._join_two(first, second)

    def _pairs(self) -> Iterator[tuple["FakePeerNetwork", "FakePeerNetwork"]]:
        networks = sorted(self._networks.values(), key=lambda network: network.me.id)
        for at, one in enumerate(networks):
            for other in networks[at + 1 :]:
                cut = frozenset((one.me.id, other.me.id)) in self._cut_at
                dialled = one.dials(other.me.id) or other.dials(one.me.id)
                if not cut and dialled and one.knows(other.me) and other.knows(one.me):
                    yield one, other

    def _join_two(self, one: "FakePeerNetwork", other: "FakePeerNetwork") -> None:
        hellos = one.hello_for(other.me.id), other.hello_for(one.me.id)
        self._pipes[one.me.id, other.me.id] = _Pipe()
        self._pipes[other.me.id, one.me.id] = _Pipe()
        one.up(other.me, hellos[1])
        other.up(one.me, hellos[0])

    def _lose(self, node: NodeId, peer: NodeId, detail: str) -> None:
        self._pipes.pop((node, peer), None)
        self._pipes.pop((peer, node), None)
        network = self._networks.get(node)
        if network is not None:
            network.down(peer, detail)


class FakePeerNetwork:
    """A ``PeerNetwork`` on a hub."""

    def __init__(self, hub: FakePeerHub, me: RosterNode, roster: tuple[RosterNode, ...]) -> None:
        """``me`` is this node; it may stand in ``roster``."""
        self.me = me
        self._hub = hub
        self._roster = {node.id: node for node in roster if node.id != me.id}
        self._connected: set[NodeId] = set()
        self._problems: dict[NodeId, Problem] = {}
        self._kept: frozenset[NodeId] | None = None
        self._on_event: Callable[[PeerEvent], None] | None = None
        self._make_hello: Callable[[NodeId], Hello] | None = None

    async def open(self, on_event: Callable[[PeerEvent], None], make_hello: Callable[[NodeId], Hello]) -> None:
        """Join the hub."""
        self._on_event = on_event
        self._make_hello = make_hello
        self._hub.join(self)

    def send(self, node: NodeId, message: Message) -> bool:
        """Put a message on its way; False when no channel stands or it cannot be sent."""
        if node not in self._connected:
            return False
        payloads = _payloads_of(message)
        for payload in payloads or ():
            self._hub.carry(self.me.id, node, payload, isinstance(message, ProgressBatch))
        return payloads is not None

    def keep(self, nodes: frozenset[NodeId]) -> None:
        """Dial just these nodes, and let go of channels to others that this end dialled."""
        self._kept = nodes
        for other in self._connected - nodes:
            self._hub.release(self.me.id, other)

    @property
    def connected(self) -> frozenset[NodeId]:
        """Peers with a standing channel."""
        return frozenset(self._connected)

    def problem_of(self, node: NodeId) -> Problem | None:
        """Why no channel stands, as far as it is known."""
        return None if node in self._connected else self._problems.get(node)

    async def close(self) -> None:
        """Leave the hub; no event comes afterwards."""
        self._on_event = None
        self._hub.leave(self)
        self._connected.clear()

    # For the hub.

    def knows(self, node: RosterNode) -> bool:
        """Tell whether ``node`` stands in the roster with just that key."""
        known = self._roster.get(node.id)
        return known is not None and known.public_key == node.public_key

    def dials(self, node: NodeId) -> bool:
        """Tell whether this end dials ``node``."""
        return self._kept is None or node in self._kept

    def hello_for(self, peer: NodeId) -> Hello:
        """Make a hello."""
        assert self._make_hello is not None
        return self._make_hello(peer)

    def up(self, peer: RosterNode, hello: Hello) -> None:
        """A channel stands."""
        self._connected.add(peer.id)
        self._tell(ChannelUp(node=peer.id, hello=hello, address=peer.host))

    def down(self, peer: NodeId, detail: str) -> None:
        """A channel is gone."""
        if peer not in self._connected:
            return
        self._connected.discard(peer)
        problem = PeerError(peer=self._roster[peer].name, detail=detail).problem()
        self._problems[peer] = problem
        self._tell(ChannelDown(node=peer, problem=problem))

    def hear(self, peer: NodeId, message: Message) -> None:
        """A message came."""
        if peer in self._connected:
            self._tell(Said(node=peer, message=message))

    def _tell(self, event: PeerEvent) -> None:
        if self._on_event is not None:
            self._on_event(event)


def _payloads_of(message: Message) -> list[bytes] | None:
    """The encoded message, in parts where it is too large; None when it cannot be sent."""
    try:
        payload = _encoder.encode(message)
    except (UnicodeError, OverflowError):
        return None
    if len(payload) <= MESSAGE_LIMIT_BYTES:
        return [payload]
    halves = halves_of(message)
    if halves is None:
        return None
    parts = [_payloads_of(half) for half in halves]
    return None if None in parts else [payload for part in parts if part is not None for payload in part]
