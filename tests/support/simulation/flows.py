"""Transfers over links: each end shares its bandwidth fairly among its transfers, and the slower end decides."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from backend.model.archive import CatalogEntry
from tests.support.simulation.clock import VirtualClock
from tests.support.simulation.machines import Incoming, SimNode


@dataclass(eq=False)
class Flow:
    """One transfer. ``cap_bps``: what it takes at most; ``turn``: what was planned before it rose is void."""

    source: SimNode
    target: SimNode
    entry: CatalogEntry
    into: Incoming
    ended: Callable[["Flow"], None]
    cap_bps: float
    rate_bps: float = 0.0
    received_bytes: float = 0.0
    at: float = 0.0
    turn: int = 0


@dataclass
class Link:
    """One direction of a node's line, in bytes a second."""

    bps: float
    flows: list[Flow] = field(default_factory=list)

    @property
    def share_bps(self) -> float:
        """What each transfer may have."""
        return self.bps / len(self.flows) if self.flows else self.bps


class Flows:
    """All running transfers. Unused shares are not handed on: a transfer is never faster than on a real link."""

    def __init__(self, clock: VirtualClock, link_bps: float | None, flow_bps: float) -> None:
        """``link_bps``: each node's uplink and downlink (None: no bound); ``flow_bps``: bound of a single transfer."""
        self._clock = clock
        self._link_bps = inf if link_bps is None else link_bps
        self._flow_bps = flow_bps
        self._up: dict[str, Link] = {}
        self._down: dict[str, Link] = {}

    def uplink(self, node: SimNode) -> Link:
        """What a node sends through."""
        return self._up.setdefault(node.id, Link(self._link_bps))

    def downlink(self, node: SimNode) -> Link:
        """What a node receives through."""
        return self._down.setdefault(node.id, Link(self._link_bps))

    def start(
        self, source: SimNode, target: SimNode, entry: CatalogEntry, into: Incoming, ended: Callable[[Flow], None]
    ) -> Flow:
        """Begin where ``into`` stands; ``ended`` is called when all bytes are there."""
        slow = source.faults.slow_bps
        cap = self._flow_bps if slow is None else min(slow, self._flow_bps)
        flow = Flow(source, target, entry, into, ended, cap, at=self._clock.now)
        self.uplink(source).flows.append(flow)
        self.downlink(target).flows.append(flow)
        self._share_anew(flow)
        return flow

    def stop(self, flow: Flow) -> None:
        """End a transfer where it is."""
        self._move(flow)
        flow.turn += 1
        self.uplink(flow.source).flows.remove(flow)
        self.downlink(flow.target).flows.remove(flow)
        self._share_anew(flow)

    def into(self, target: SimNode) -> list[Flow]:
        """What a node receives now, brought up to date."""
        flows = self.downlink(target).flows
        for flow in flows:
            self._move(flow)
        return list(flows)

    def touching(self, node: SimNode) -> list[Flow]:
        """All transfers from and to a node."""
        return [*self.uplink(node).flows, *self.downlink(node).flows]

    def _share_anew(self, flow: Flow) -> None:
        for other in dict.fromkeys((*self.uplink(flow.source).flows, *self.downlink(flow.target).flows)):
            rate = min(other.cap_bps, self.uplink(other.source).share_bps, self.downlink(other.target).share_bps)
            if rate != other.rate_bps or other is flow:
                self._move(other)
                other.rate_bps = rate
                other.turn += 1
                left = max(0.0, other.entry.size_bytes - other.into.bytes_done)
                self._clock.after(left / rate if rate > 0 else inf, self._due(other, other.turn))

    def _due(self, flow: Flow, turn: int) -> Callable[[], None]:
        def due() -> None:
            if flow.turn == turn:
                self.stop(flow)
                flow.into.bytes_done = flow.entry.size_bytes
                flow.ended(flow)

        return due

    def _move(self, flow: Flow) -> None:
        moved = min(flow.rate_bps * (self._clock.now - flow.at), flow.entry.size_bytes - flow.into.bytes_done)
        flow.at = self._clock.now
        flow.into.bytes_done += moved
        flow.received_bytes += moved
        flow.source.uplink_bytes[flow.entry.digest] += round(moved)
