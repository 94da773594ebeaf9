"""All that goes on with one peer: which of its channels stands, and when it is dialled.

The node with the lower ID decides: it beats on the channel that is to stand, and on no other. The higher node
takes the first beat as that decision. So both ends agree without further words, and nothing is said on a channel
before. Of two channels the lower node prefers the one that it dialled. One that comes in while another stands is
taken once its peer has not let go of it for ``settle_s``, as it would if the standing one lived.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from backend.model.errors import KeyRefusedError, OtherKeyError, PeerError, Problem, VersionError
from backend.model.ids import NodeId
from backend.model.messages import Hello, Message
from backend.model.node import RosterNode
from backend.peering.channel import PeerChannel
from backend.peering.limits import PeerLimits
from backend.peering.pacing import Backoff
from backend.ports.clock import Clock
from backend.ports.peers import ChannelDown, ChannelUp, PeerEvent, Said
from backend.texts import message_of

_log = logging.getLogger("dsync.peering")

_INCOMING_LIMIT = 2
"""Channels beside the standing one that a peer may have open at a time."""

_REFUSALS = (OtherKeyError, KeyRefusedError, VersionError)


class PeerLink:
    """Keeps one channel to ``peer`` standing. Every ``ChannelUp`` is followed by a ``ChannelDown`` before the next."""

    def __init__(
        self,
        own_id: NodeId,
        peer: RosterNode,
        limits: PeerLimits,
        clock: Clock,
        *,
        dial: Callable[[PeerChannel], Awaitable[None]],
        emit: Callable[[PeerEvent], None],
        refused: Callable[[str, PeerError], None],
        make_hello: Callable[[NodeId], Hello],
        backlog: Callable[[], int],
        wanted: bool = True,
    ) -> None:
        """``dial`` connects a channel; ``refused`` hears of addresses that are not who they should be.

        Unless ``wanted`` the peer is not dialled; a channel that it dials is taken all the same.
        """
        self.peer = peer
        self.standing: PeerChannel | None = None
        self.problem: Problem | None = None
        """Why no channel stands, as far as it is known."""
        self._decides = own_id < peer.id
        self._limits = limits
        self._clock = clock
        self._dial = dial
        self._emit = emit
        self._refused = refused
        self._make_hello = make_hello
        self._backlog = backlog
        self._spares: list[PeerChannel] = []
        self._up = False
        self._dialling = False
        self._backoff = Backoff(limits)
        self._wanted = wanted
        self._lonely = asyncio.Event()
        self._see_whether_lonely()

    def admit(self) -> PeerChannel:
        """Make the channel of a connection by which the peer has logged in."""
        incoming = [channel for channel in self._spares if not channel.dialled]
        if len(incoming) >= _INCOMING_LIMIT:
            self._drop(incoming[0], "too many channels")
        return self._new_channel(dialled=False)

    async def keep_dialling(self) -> None:
        """Dial whenever there is no channel, until cancelled."""
        while True:
            await self._lonely.wait()
            delay_s = self._backoff.next_s(self._clock.chance())
            await self._clock.sleep(delay_s if self._decides else delay_s + self._limits.courtesy_s)
            if self._lonely.is_set():
                await self._dial_once()

    def want(self, wanted: bool) -> None:
        """Dial the peer from now on, or no more; a standing channel of this end's own making goes then."""
        self._wanted = wanted
        if not wanted:
            for spare in [spare for spare in self._spares if spare.dialled]:
                self._drop(spare, "not needed")
            if self.standing is not None and self.standing.dialled:
                self.standing.close("not needed")
                self.standing = None
                self._tell_down(PeerError(peer=self.peer.name, detail="not needed"))
        self._see_whether_lonely()

    def tick(self, overslept_s: float) -> None:
        """Look at deadlines and heartbeats."""
        for channel in (self.standing, *self._spares):
            if channel is not None:
                channel.tick(overslept_s)
        self._choose()

    def close(self) -> None:
        """End all channels without a word to the engine."""
        for channel in (self.standing, *self._spares):
            if channel is not None:
                channel.close("stopping")
        self.standing = None
        self._spares.clear()

    # What channels tell (ChannelOwner).

    def hello_for(self) -> Hello:
        """Make this node's hello for the peer."""
        return self._make_hello(self.peer.id)

    def backlog(self) -> int:
        """How many events wait for the engine."""
        return self._backlog()

    def greeted(self, channel: PeerChannel) -> None:
        """Decide, or wait for the peer's decision."""
        self._choose()

    def chosen(self, channel: PeerChannel) -> None:
        """Take the lower node's decision."""
        if not self._decides:
            self._stand(channel)

    def said(self, channel: PeerChannel, message: Message) -> None:
        """Hand a message on."""
        if channel is self.standing:
            self._emit(Said(node=self.peer.id, message=message))

    def ended(self, channel: PeerChannel, error: PeerError) -> None:
        """See to the next channel."""
        if channel is self.standing:
            self.standing = None
            if self._clock.monotonic() - channel.since >= self._limits.steady_s:
                self._backoff.reset()
            self._note(error, channel.address)
            self._tell_down(error)
        else:
            self._spares.remove(channel)
            self._note(error, channel.address)
        self._choose()
        self._see_whether_lonely()

    # Inside.

    async def _dial_once(self) -> None:
        channel = self._new_channel(dialled=True)
        self._dialling = True
        try:
            await self._dial(channel)
            await channel.changed.wait()
        except PeerError as error:
            if not channel.closed:
                self._drop(channel, "")
                self._note(error, self.peer.host)
        finally:
            self._dialling = False
            self._choose()

    def _new_channel(self, *, dialled: bool) -> PeerChannel:
        channel = PeerChannel(self.peer, self, self._limits, self._clock, dialled=dialled)
        self._spares.append(channel)
        self._see_whether_lonely()
        return channel

    def _choose(self) -> None:
        """Let the best greeted channel stand, if it is this node that decides."""
        if not self._decides or not self._spares:
            return
        greeted = [channel for channel in self._spares if channel.hello is not None]
        if not greeted:
            return
        # While a channel stands none is dialled, and of those that were being dialled none is left.
        best = next((channel for channel in greeted if channel.dialled), greeted[-1])
        preferring = self.standing is not None or self._dialling
        settled = self._clock.monotonic() - best.since >= self._limits.settle_s
        if best.dialled or settled or not preferring:
            self._stand(best)

    def _stand(self, channel: PeerChannel) -> None:
        self._spares.remove(channel)
        if self.standing is not None:
            self.standing.close("replaced by a newer channel")
            self.standing = None
            self._tell_down(PeerError(peer=self.peer.name, detail="replaced by a newer channel"))
        self.standing = channel
        channel.stand()
        for spare in tuple(self._spares):
            self._drop(spare, "another channel stands")
        self._see_whether_lonely()
        # A link that breaks at the first beat has been told as ended by now.
        if self.standing is channel and channel.hello is not None:
            self.problem = None
            self._up = True
            self._emit(ChannelUp(node=self.peer.id, hello=channel.hello, address=channel.address))

    def _tell_down(self, error: PeerError) -> None:
        if self._up:
            self._up = False
            self._emit(ChannelDown(node=self.peer.id, problem=error.problem()))

    def _drop(self, channel: PeerChannel, reason: str) -> None:
        self._spares.remove(channel)
        channel.close(reason)
        self._see_whether_lonely()

    def _note(self, error: PeerError, address: str) -> None:
        problem = error.problem()
        if problem != self.problem:
            _log.info("no channel to %s: %s", self.peer.name, message_of(problem))
        self.problem = problem
        if isinstance(error, _REFUSALS):
            self._backoff.refuse()
            self._refused(address, error)
        else:
            self._backoff.grow()

    def _see_whether_lonely(self) -> None:
        # A channel of one's own making is looked after by the task that dials.
        if self._wanted and self.standing is None and all(channel.dialled for channel in self._spares):
            self._lonely.set()
        else:
            self._lonely.clear()
