"""Channels between nodes: who dials whom, what is cut, and messages on their way."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable

from backend.model import events, messages
from backend.model.errors import Problem
from backend.model.ids import NodeId
from tests.support.simulation.clock import VirtualClock
from tests.support.simulation.machines import SimNode

LATENCY_S = 0.01
DIAL_S = 0.05
LOST = Problem("peer-failed")


class Channels:
    """One channel a pair at most: it stands while both live, nothing is cut, and one of them dials."""

    def __init__(
        self, clock: VirtualClock, nodes: dict[NodeId, SimNode], post: Callable[[SimNode, events.Event], None]
    ) -> None:
        """``post`` brings an event to a node."""
        self._clock = clock
        self._nodes = nodes
        self._post = post
        self._standing: dict[frozenset[NodeId], int] = {}
        self._of: dict[NodeId, dict[NodeId, None]] = {node: {} for node in nodes}
        self._kept: dict[NodeId, dict[NodeId, None]] = {}
        self._numbers = itertools.count(1)
        self.cut: set[frozenset[NodeId]] = set()
        self.islands: dict[NodeId, int] = {}
        self.said: Counter[type] = Counter()

    def keep(self, node: SimNode, others: Iterable[NodeId]) -> None:
        """The command ``KeepChannels``."""
        self._kept[node.id] = dict.fromkeys(others)
        for other in [other for other in self._of[node.id] if not self._wanted(node.id, other)]:
            self._lose(node.id, other)
        for other in self._kept[node.id]:
            self._clock.after(DIAL_S, lambda other=other: self._join(node.id, other))  # type: ignore[misc]

    def _wanted(self, one: NodeId, other: NodeId) -> bool:
        return other in self._kept.get(one, self._nodes) or one in self._kept.get(other, self._nodes)

    def died(self, node: SimNode) -> None:
        """Its peers see the end of their channels."""
        for other in tuple(self._of[node.id]):
            self._lose(node.id, other)
        self._kept.pop(node.id, None)

    def separate(self, one: NodeId, other: NodeId) -> None:
        """Cut what lies between two nodes."""
        self.cut.add(frozenset((one, other)))
        self._lose(one, other)

    def part(self, islands: dict[NodeId, int]) -> None:
        """Cut whatever lies between nodes of different islands."""
        self.islands = dict(islands)
        for pair in tuple(self._standing):
            one, other = sorted(pair)
            if not self._line(one, other):
                self._lose(one, other)

    def _line(self, one: NodeId, other: NodeId) -> bool:
        return frozenset((one, other)) not in self.cut and self.islands.get(one) == self.islands.get(other)

    def mend(self) -> None:
        """Nothing is cut any more."""
        self.cut.clear()
        self.islands.clear()
        self.connect()

    def connect(self, only: SimNode | None = None) -> None:
        """Join all that dial each other (those of ``only``)."""
        for one in [only.id] if only is not None else self._nodes:
            for other in self._nodes if only is not None else self._kept.get(one, self._nodes):
                self._join(one, other)

    def _join(self, one: NodeId, other: NodeId) -> None:
        pair, first, second = frozenset((one, other)), self._nodes[one], self._nodes[other]
        if len(pair) == 1 or pair in self._standing or not self._line(one, other) or not self._wanted(one, other):
            return
        if not (first.alive and second.alive):
            return
        self._standing[pair] = next(self._numbers)
        self._of[one][other] = None
        self._of[other][one] = None
        hellos = [_hello(first, second), _hello(second, first)]
        self._post(first, events.PeerCame(other, hellos[1], "127.0.0.1"))
        self._post(second, events.PeerCame(one, hellos[0], "127.0.0.1"))

    def _lose(self, one: NodeId, other: NodeId) -> None:
        if self._standing.pop(frozenset((one, other)), None) is None:
            return
        self._of[one].pop(other, None)
        self._of[other].pop(one, None)
        for here, there in ((one, other), (other, one)):
            if self._nodes[here].alive:
                self._post(self._nodes[here], events.PeerLeft(there, LOST))

    def send(self, node: SimNode, to: NodeId, message: messages.Message) -> None:
        """Put a message on its way; it is lost with its channel."""
        pair = frozenset((node.id, to))
        channel = self._standing.get(pair)
        if channel is None:
            return
        self.said[type(message)] += 1

        def arrive() -> None:
            if self._standing.get(pair) == channel:
                self._post(self._nodes[to], events.PeerSpoke(node.id, message))

        self._clock.after(LATENCY_S, arrive)

    def reaches(self, one: SimNode, other: SimNode) -> bool:
        """Tell whether there is a line between two nodes."""
        return self._line(one.id, other.id)

    def peers_of(self, node: SimNode) -> list[NodeId]:
        """With whom a node has a channel."""
        return list(self._of[node.id])


def _hello(sender: SimNode, receiver: SimNode) -> messages.Hello:
    state = sender.state
    return messages.Hello(
        messages.PROTOCOL_OLDEST,
        messages.PROTOCOL_NEWEST,
        "sim",
        sender.name,
        873,
        count=state.count,
        your_row_version=state.head_of(receiver.id),
        your_count=state.entries.highest_count_of(receiver.id),
    )
