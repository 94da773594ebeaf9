"""One archive to a whole fleet behind equal links, and what it cost."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.simulation.archives import archive
from tests.support.simulation.fleet import Sim

SIZE_BYTES = 200_000_000
LINK_BPS = 20_000_000
HASH_BPS = 700_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What a rollout cost. ``copies``: its time as a multiple of one copy over one link; ``uplink_copies``: what the
    busiest node sent. Of messages and planning this is all that all nodes did, in seconds of processor time.
    """

    nodes: int
    complete: bool
    copies: float
    uplink_copies: float
    messages: int
    planner_s: float
    decisions: int

    @property
    def messages_each(self) -> float:
        """Control messages a delivery."""
        return self.messages / self.nodes

    @property
    def planner_us_each(self) -> float:
        """Microseconds of planning a delivery."""
        return self.planner_s * 1e6 / self.nodes


def roll_out(nodes: int, seed: int = 1, within_copies: float = 100.0) -> Cost:
    """Drop one archive on a node in the middle of the roster of a fleet at rest; runtime ``none``."""
    sim = Sim(nodes, seed, runtimes=False, link_bps=LINK_BPS, flow_bps=10 * LINK_BPS, hash_bps=HASH_BPS)
    sim.run(2)
    with _no_collections():
        return _rolled_out(sim, nodes, within_copies)


@contextmanager
def _no_collections() -> Iterator[None]:
    """Keep the garbage collector out: it would look through the states of all nodes on behalf of one's decision."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _rolled_out(sim: Sim, nodes: int, within_copies: float) -> Cost:
    sim.forget_costs()
    facts, began, copy_s = archive("rollout", size_bytes=SIZE_BYTES), sim.now, SIZE_BYTES / LINK_BPS
    sim.drop(sim[nodes // 2], "rollout.tar", facts)
    complete = False
    while not complete and sim.now - began < within_copies * copy_s:
        sim.run(0.5)
        complete = all(state == "stored" for state in sim.states(facts.hashes.digest))
    busiest = max(sum(node.uplink_bytes.values()) for node in sim.nodes.values())
    return Cost(
        nodes=nodes,
        complete=complete,
        copies=(sim.now - began) / copy_s,
        uplink_copies=busiest / SIZE_BYTES,
        messages=sum(sim.said.values()),
        planner_s=sim.planner_s,
        decisions=sum(sim.decisions.values()),
    )
