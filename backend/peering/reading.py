"""Reads a channel at the pace of this node: frames out of the stream, and the peer waits when it says too much."""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

import asyncssh

from backend.model.errors import PeerError
from backend.peering.flow import Allowance
from backend.peering.limits import PeerLimits
from backend.peering.wire import FrameReader
from backend.ports.clock import Clock

SshChannel: TypeAlias = asyncssh.SSHClientChannel[bytes] | asyncssh.SSHServerChannel[bytes]

_LOOK_S = 0.02
"""How often a full queue of the engine is looked at again."""


class PacedReader:
    """Hands on frames one by one. It does not read on while the peer is over its allowance or ``backlog()`` is high.

    What the peer sends meanwhile stays in SSH's window, and then with the peer.
    """

    def __init__(
        self,
        peer: str,
        limits: PeerLimits,
        clock: Clock,
        backlog: Callable[[], int],
        on_frame: Callable[[bytes], None],
        on_error: Callable[[PeerError], None],
    ) -> None:
        """``on_frame`` may raise PeerError; that and what is no frame goes to ``on_error``."""
        self._limits = limits
        self._clock = clock
        self._backlog = backlog
        self._on_frame = on_frame
        self._on_error = on_error
        now = clock.monotonic()
        self._frames = FrameReader(peer)
        self._messages = Allowance(limits.messages_per_s, limits.message_burst, now)
        self._bytes = Allowance(limits.bytes_per_s, limits.byte_burst, now)
        self._chan: SshChannel | None = None
        self._until = now
        self._closed = False
        self.heard_at = now
        """When something came in last, on the clock's monotonic time."""
        self.deaf = False
        """Not reading at present: silence says nothing of the peer."""

    def attach(self, chan: SshChannel) -> None:
        """Pause and resume this SSH channel."""
        self._chan = chan

    def feed(self, data: bytes) -> None:
        """Take bytes of the stream."""
        if self._closed:
            return
        now = self.heard_at = self._clock.monotonic()
        self._frames.feed(data)
        self._wait(self._bytes.take(len(data), now))
        self._read_on()

    def close(self) -> None:
        """Hand on no more."""
        self._closed = True

    def _read_on(self) -> None:
        try:
            while not self.deaf and not self._closed:
                payload = self._frames.next()
                if payload is None:
                    return
                self._on_frame(payload)
                flooded = self._backlog() >= self._limits.backlog_high
                delay_s = self._messages.take(1, self._clock.monotonic())
                self._wait(max(delay_s, _LOOK_S) if flooded else delay_s)
        except PeerError as error:
            self._on_error(error)

    def _wait(self, delay_s: float) -> None:
        if delay_s <= 0 or self._closed:
            return
        self._until = max(self._until, self._clock.monotonic() + delay_s)
        if not self.deaf:
            self.deaf = True
            if self._chan is not None:
                self._chan.pause_reading()
            self._look_in(delay_s)

    def _look_in(self, delay_s: float) -> None:
        asyncio.get_running_loop().call_later(delay_s, self._look)

    def _look(self) -> None:
        if self._closed:
            return
        now = self._clock.monotonic()
        delay_s = self._until - now
        if self._backlog() > self._limits.backlog_low:
            delay_s = max(delay_s, _LOOK_S)
        if delay_s > 0:
            self._look_in(delay_s)
            return
        self.deaf = False
        self.heard_at = now
        self._read_on()
        # What was held back may have brought the next pause, or the end.
        if self._chan is not None and not (self.deaf or self._closed):
            self._chan.resume_reading()
