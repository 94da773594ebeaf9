"""Channels to the other agents."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

import msgspec

from backend.model.errors import Problem
from backend.model.ids import NodeId
from backend.model.messages import Hello, Message


class ChannelUp(msgspec.Struct, frozen=True):
    """A channel stands and both hellos were exchanged. ``address``: the peer's IP as seen on it, for the data door."""

    node: NodeId
    hello: Hello
    address: str


class ChannelDown(msgspec.Struct, frozen=True):
    """The channel is gone; it is dialled again by itself."""

    node: NodeId
    problem: Problem


class Said(msgspec.Struct, frozen=True):
    """A peer's message, decoded and within limits."""

    node: NodeId
    message: Message


class Stranger(msgspec.Struct, frozen=True):
    """Somebody was refused, or refused this node, before a channel stood: told once per address, code and minute."""

    address: str
    problem: Problem


PeerEvent: TypeAlias = ChannelUp | ChannelDown | Said | Stranger


class PeerNetwork(Protocol):
    """Keeps one channel to every agent of the roster, dialling, listening, beating and mending by itself."""

    async def open(self, on_event: Callable[[PeerEvent], None], make_hello: Callable[[NodeId], Hello]) -> None:
        """Listen and start dialling. ``make_hello(peer)`` is asked for each new channel."""
        ...

    def send(self, node: NodeId, message: Message) -> bool:
        """Queue a message; False when no channel stands, or when the message cannot be sent (too large, no Unicode).

        ``ProgressBatch`` messages replace an unsent one before them. ``Entries`` and ``Rows`` that are too large for
        one message arrive as several, in order.
        """
        ...

    def keep(self, nodes: frozenset[NodeId]) -> None:
        """Dial just these nodes of the roster from now on, and let go of channels to others that this end dialled.

        Until it is called all are dialled. Channels that others dial are taken from everybody in the roster.
        """
        ...

    @property
    def connected(self) -> frozenset[NodeId]:
        """Peers with a standing channel."""
        ...

    def problem_of(self, node: NodeId) -> Problem | None:
        """Why no channel to ``node`` stands, as far as it is known; None while one does."""
        ...

    async def close(self) -> None:
        """Close all channels and the listener; no event comes afterwards."""
        ...
