"""Port ``PeerNetwork`` over asyncssh: a door, a dialler, and a link per node of the roster."""

import logging
from collections.abc import Callable

import asyncssh

from backend.model.errors import PeerError, Problem, ProtocolError, SlowPeerError
from backend.model.ids import NodeId
from backend.model.messages import Hello, Message, ProgressBatch
from backend.model.node import NodeKind, RosterNode
from backend.model.plain import plain
from backend.peering.channel import PeerChannel
from backend.peering.dialler import Dialler
from backend.peering.door import PeerDoor
from backend.peering.keys import NodeKey
from backend.peering.limits import PeerLimits
from backend.peering.link import PeerLink
from backend.peering.strangers import Strangers
from backend.peering.wire import frames_of
from backend.ports.clock import Clock
from backend.ports.peers import PeerEvent, Stranger
from backend.ports.tasks import TaskOwner
from backend.texts import message_of

_log = logging.getLogger("dsync.peering")

_OVERSLEPT = 1 / 3
"""A tick that is late by this part of a heartbeat: this process did not run, and the silence is not the peers'."""


class SshPeerNetwork:
    """Channels to all agents of ``roster``. This node's own entry in it, if any, is left out: nobody dials itself.

    ``listen_port`` 0 takes a free port, told by ``port``. ``backlog`` says how many events wait for the engine:
    reading from peers pauses while they are too many.
    """

    def __init__(
        self,
        *,
        key: NodeKey,
        roster: tuple[RosterNode, ...],
        listen_host: str,
        listen_port: int,
        clock: Clock,
        limits: PeerLimits | None = None,
        backlog: Callable[[], int] = lambda: 0,
    ) -> None:
        """Take what is needed; nothing listens or dials before ``open``."""
        peers = tuple(node for node in roster if node.kind is NodeKind.AGENT and node.id != key.node_id)
        self._key = key
        self._peers = peers
        self._clock = clock
        self._limits = limits if limits is not None else PeerLimits()
        self._backlog = backlog
        self._door = PeerDoor(key, listen_host, listen_port, peers, self._limits, self._admit, self._tell_stranger)
        self._dialler = Dialler(key, self._limits)
        self._links: dict[NodeId, PeerLink] = {}
        self._kept: frozenset[NodeId] | None = None
        self._strangers = Strangers()
        self._tasks = TaskOwner("peering")
        self._on_event: Callable[[PeerEvent], None] | None = None
        self._encoded: tuple[Message, list[bytes]] | None = None

    @property
    def port(self) -> int:
        """The port that listens (known after ``open``)."""
        return self._door.port

    async def open(self, on_event: Callable[[PeerEvent], None], make_hello: Callable[[NodeId], Hello]) -> None:
        """Listen and start dialling. Raises DoorError."""
        # asyncssh tells of every connection at INFO; what matters of that is said here.
        asyncssh.set_log_level(logging.WARNING)
        self._on_event = on_event
        for peer in self._peers:
            self._links[peer.id] = PeerLink(
                self._key.node_id,
                peer,
                self._limits,
                self._clock,
                dial=self._dialler.dial,
                emit=self._emit,
                refused=self._tell_stranger,
                make_hello=make_hello,
                backlog=self._backlog,
                wanted=self._kept is None or peer.id in self._kept,
            )
        await self._door.open()
        self._tasks.start(self._tick(), "ticker")
        for link in self._links.values():
            self._tasks.start(link.keep_dialling(), f"dial {link.peer.name}")

    def send(self, node: NodeId, message: Message) -> bool:
        """Queue a message; False when no channel stands, or when it cannot be sent at all (that is logged).

        ``Entries`` and ``Rows`` too large for one message go in several. Of unsent ``ProgressBatch`` messages the
        latest stays. A peer that does not keep up loses its channel.
        """
        link = self._links.get(node)
        channel = link.standing if link is not None else None
        if link is None or channel is None:
            return False
        try:
            frames = self._frames_of(message, link.peer)
        except ProtocolError as error:
            _log.error("not sent to %s: %s", link.peer.name, message_of(error.problem()))
            return False
        latest = isinstance(message, ProgressBatch)
        return all(channel.send(frame, latest) for frame in frames)

    def keep(self, nodes: frozenset[NodeId]) -> None:
        """Dial just these nodes from now on, and let go of channels to others that this end dialled."""
        self._kept = nodes
        for node, link in self._links.items():
            link.want(node in nodes)

    @property
    def connected(self) -> frozenset[NodeId]:
        """Peers with a standing channel."""
        return frozenset(node for node, link in self._links.items() if link.standing is not None)

    def problem_of(self, node: NodeId) -> Problem | None:
        """Why no channel to ``node`` stands, as far as it is known; None while one does."""
        link = self._links.get(node)
        return link.problem if link is not None and link.standing is None else None

    async def close(self) -> None:
        """Close all channels and the listener; no event comes after this was called."""
        self._on_event = None
        await self._tasks.close()
        for link in self._links.values():
            link.close()
        await self._door.close()
        self._dialler.close()

    def _admit(self, node: RosterNode) -> PeerChannel:
        return self._links[node.id].admit()

    def _emit(self, event: PeerEvent) -> None:
        if self._on_event is None:
            return
        try:
            self._on_event(event)
        except Exception:
            # asyncssh would end the channel for it, or the ticker of all channels would end.
            _log.exception("%s was not taken", type(event).__name__)

    def _tell_stranger(self, address: str, error: PeerError) -> None:
        # A node that is slow, or whose roster is behind, must not hide a stranger at its address, nor be hidden by one.
        if self._strangers.is_news(f"{address} {error.code}", self._clock.monotonic()):
            level = logging.INFO if isinstance(error, SlowPeerError) else logging.WARNING
            _log.log(level, "no channel with %s: %s", plain(address), message_of(error.problem()))
            self._emit(Stranger(address=address, problem=error.problem()))

    def _frames_of(self, message: Message, peer: RosterNode) -> list[bytes]:
        # A broadcast hands over the same message for every peer: it is encoded once, and the frames are shared.
        if self._encoded is None or self._encoded[0] is not message:
            self._encoded = (message, frames_of(message, peer.name))
        return self._encoded[1]

    async def _tick(self) -> None:
        tick_s = self._limits.tick_s
        forgiven_s = self._limits.heartbeat_s * _OVERSLEPT
        while True:
            began = self._clock.monotonic()
            await self._clock.sleep(tick_s)
            late_s = self._clock.monotonic() - began - tick_s
            for link in self._links.values():
                link.tick(late_s if late_s > forgiven_s else 0.0)
