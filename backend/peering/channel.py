"""One authenticated channel to a peer, from the hello of both ends until it is gone."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import asyncssh

from backend.model.errors import DsyncError, PeerError, ProtocolError
from backend.model.messages import Hello, Message
from backend.model.node import RosterNode
from backend.peering.flow import Outbox
from backend.peering.limits import PeerLimits
from backend.peering.reading import PacedReader, SshChannel
from backend.peering.wire import BEAT, check_versions, frames_of, message_of
from backend.peering.words import address_of, words_of
from backend.ports.clock import Clock

SUBSYSTEM = "dsync-peer"
"""The only thing that a peer may ask the SSH server for."""

_WRITE_HIGH_BYTES = 64 * 1024


class ChannelOwner(Protocol):
    """Who decides which of a peer's channels stands."""

    def hello_for(self) -> Hello:
        """Make this node's hello for the peer."""
        ...

    def backlog(self) -> int:
        """How many events wait for the engine."""
        ...

    def greeted(self, channel: "PeerChannel") -> None:
        """The peer's hello came and its version fits."""
        ...

    def chosen(self, channel: "PeerChannel") -> None:
        """A beat came on a channel that does not stand yet: the lower node has chosen it."""
        ...

    def said(self, channel: "PeerChannel", message: Message) -> None:
        """A message came on the standing channel."""
        ...

    def ended(self, channel: "PeerChannel", error: PeerError) -> None:
        """The channel is gone by itself; told once, and not after ``close``."""
        ...


class PeerChannel:
    """A channel. It is greeted when the peer's hello is in, and stands when its owner says so.

    Only a standing channel beats and carries messages. Whatever comes in is a sign of life.
    """

    def __init__(
        self, peer: RosterNode, owner: ChannelOwner, limits: PeerLimits, clock: Clock, *, dialled: bool
    ) -> None:
        """``dialled``: by this node."""
        self.peer = peer
        self.dialled = dialled
        self.hello: Hello | None = None
        self.address = ""
        self.standing = False
        self.closed = False
        self.changed = asyncio.Event()
        """Set when the channel stands or is closed."""
        self.since = clock.monotonic()
        """When the present stage began: made, greeted, standing."""
        self._owner = owner
        self._limits = limits
        self._clock = clock
        self._own_hello: Hello | None = None
        self._beaten_at = self.since
        self._reader = PacedReader(peer.name, limits, clock, owner.backlog, self._take, self._fail)
        self._outbox = Outbox(limits.queue_bytes, limits.queue_messages)
        self._chan: SshChannel | None = None
        self._hang_up: Callable[[int, str], None] | None = None
        self._window_full = False
        self._link_full = False

    # What asyncssh tells.

    def opened(self, chan: SshChannel) -> None:
        """The SSH channel is open; its subsystem is not started yet."""
        self._chan = chan
        self._reader.attach(chan)
        self.address = address_of(chan.get_extra_info("peername"))
        chan.set_write_buffer_limits(high=_WRITE_HIGH_BYTES)
        # asyncssh leaves these two hooks of asyncio's transport empty: for a peer that announces a huge window
        # and does not read it would buffer without bound.
        connection = chan.get_connection()
        connection.pause_writing = self._link_fills  # type: ignore[method-assign]
        connection.resume_writing = self._link_empties  # type: ignore[method-assign]
        self._hang_up = connection.disconnect
        if self.closed:
            # Another channel was chosen while this one was being connected.
            self._hang_up(asyncssh.DISC_BY_APPLICATION, "another channel stands")

    def started(self) -> None:
        """The subsystem runs: say hello."""
        try:
            self._own_hello = self._owner.hello_for()
            frames = frames_of(self._own_hello, self.peer.name)
        except DsyncError as error:
            self._fail(PeerError(peer=self.peer.name, detail=f"no hello to send: {error}"))
            return
        for frame in frames:
            self._write(frame)

    def received(self, data: bytes) -> None:
        """Take bytes of the stream."""
        self._reader.feed(data)

    def lost(self, error: Exception | None) -> None:
        """The SSH channel, or the whole connection, is gone."""
        detail = "closed by the peer" if error is None else words_of(error)
        self._end(PeerError(peer=self.peer.name, detail=detail))

    def finished(self) -> None:
        """The peer says that it sends no more."""
        self._fail(PeerError(peer=self.peer.name, detail="closed by the peer"))

    def window_fills(self) -> None:
        """The peer does not take more."""
        self._window_full = True

    def window_empties(self) -> None:
        """The peer takes more."""
        self._window_full = False
        self._pump()

    def _link_fills(self) -> None:
        self._link_full = True

    def _link_empties(self) -> None:
        self._link_full = False
        self._pump()

    # What the owner asks for.

    def stand(self) -> None:
        """Carry messages from now on; the first beat tells the peer so."""
        self.standing = True
        self.since = self._clock.monotonic()
        self.changed.set()
        self._beaten_at = self.since
        self._outbox.put(BEAT, latest=False)
        self._pump()

    def send(self, frame: bytes, latest: bool = False) -> bool:
        """Queue a frame; False when the channel is gone, or goes now because the peer does not keep up."""
        if self.closed or not self.standing:
            return False
        if not self._outbox.put(frame, latest):
            waiting = f"{len(self._outbox)} messages of {self._outbox.size_bytes} bytes wait"
            self._fail(PeerError(peer=self.peer.name, detail=f"does not keep up: {waiting}"))
            return False
        self._pump()
        return not self.closed

    def tick(self, overslept_s: float) -> None:
        """Look at heartbeats and deadlines. ``overslept_s``: how long this process itself did not run."""
        if self.closed:
            return
        if isinstance(self._chan, asyncssh.SSHServerChannel) and self._chan.get_environment_bytes():
            self._fail(ProtocolError(peer=self.peer.name, detail="an environment; none is taken"))
        elif self.standing:
            self._reader.heard_at += overslept_s
            self._tick_standing(self._clock.monotonic())
        else:
            self.since += overslept_s
            self._tick_waiting(self._clock.monotonic())

    def _tick_standing(self, now: float) -> None:
        silent_s = 0.0 if self._reader.deaf else now - self._reader.heard_at
        if silent_s > self._limits.lost_after_s:
            detail = f"silent for {self._limits.lost_after_s:g} s"
            self._fail(PeerError(peer=self.peer.name, detail=detail))
        elif now - self._beaten_at >= self._limits.heartbeat_s:
            self._beat(now)

    def _tick_waiting(self, now: float) -> None:
        greeted = self.hello is not None
        patience_s = self._limits.decide_timeout_s if greeted else self._limits.hello_timeout_s
        if now - self.since > patience_s:
            what = "no decision" if greeted else "no hello"
            self._fail(PeerError(peer=self.peer.name, detail=f"{what} within {patience_s:g} s"))

    def close(self, reason: str) -> None:
        """End the channel without telling the owner; the peer is told ``reason``."""
        if not self.closed:
            self._mark_closed()
            self._disconnect(asyncssh.DISC_BY_APPLICATION, reason)

    # Inside.

    def _beat(self, now: float) -> None:
        self._beaten_at = now
        # What waits to be sent is a sign of life itself as soon as the peer takes it.
        if not (self._outbox or self._window_full or self._link_full):
            self._write(BEAT)

    def _pump(self) -> None:
        while not (self._window_full or self._link_full or self.closed):
            frame = self._outbox.pop()
            if frame is None:
                return
            self._write(frame)

    def _write(self, frame: bytes) -> None:
        if self._chan is None or self.closed:
            return
        try:
            self._chan.write(frame)
        except OSError as error:
            self._end(PeerError(peer=self.peer.name, detail=words_of(error)))

    def _take(self, payload: bytes) -> None:
        if self.hello is None:
            self._greet(payload)
        elif not payload:
            if not self.standing:
                self._owner.chosen(self)
        elif not self.standing:
            raise ProtocolError(peer=self.peer.name, detail="a message before the channel stands")
        else:
            message = message_of(payload, self.peer.name)
            if isinstance(message, Hello):
                raise ProtocolError(peer=self.peer.name, detail="a second hello")
            self._owner.said(self, message)

    def _greet(self, payload: bytes) -> None:
        message = message_of(payload, self.peer.name)
        if not isinstance(message, Hello) or self._own_hello is None:
            raise ProtocolError(peer=self.peer.name, detail="something before the hello")
        check_versions(self._own_hello, message, self.peer.name)
        self.hello = message
        self.since = self._clock.monotonic()
        self._owner.greeted(self)

    def _fail(self, error: PeerError) -> None:
        if not self.closed:
            self._end(error)
            self._disconnect(asyncssh.DISC_PROTOCOL_ERROR, error.code)

    def _end(self, error: PeerError) -> None:
        if not self.closed:
            self._mark_closed()
            self._owner.ended(self, error)

    def _mark_closed(self) -> None:
        self.closed = True
        self._reader.close()
        self.changed.set()

    def _disconnect(self, code: int, reason: str) -> None:
        if self._hang_up is not None:
            self._hang_up(code, reason)


class _Session:
    """Either end's SSH session: hands on to its channel."""

    def __init__(self, channel: PeerChannel) -> None:
        """``channel`` is told everything."""
        self._channel = channel

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes] | asyncssh.SSHServerChannel[bytes]) -> None:
        """Tell that the SSH channel is open."""
        self._channel.opened(chan)

    def session_started(self) -> None:
        """Tell that the subsystem runs."""
        self._channel.started()

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        """Hand on the stream; there is no second one."""
        if datatype is None:
            self._channel.received(data)

    def eof_received(self) -> bool:
        """Hand on; nothing half-closed is kept."""
        self._channel.finished()
        return False

    def pause_writing(self) -> None:
        """Hand on."""
        self._channel.window_fills()

    def resume_writing(self) -> None:
        """Hand on."""
        self._channel.window_empties()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand on."""
        self._channel.lost(exc)


class ClientSession(_Session, asyncssh.SSHClientSession[bytes]):
    """The dialling end's session."""


class ServerSession(_Session, asyncssh.SSHServerSession[bytes]):
    """The listening end's session: one subsystem, and no shell, command or terminal (asyncssh's defaults)."""

    def subsystem_requested(self, subsystem: str) -> bool:
        """Take the one subsystem."""
        return subsystem == SUBSYSTEM
