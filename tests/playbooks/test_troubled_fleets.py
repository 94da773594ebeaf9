"""A hundred nodes of the real decisions, with kills, partitions, broken transfers, wrong bytes and full disks.

Each seed is a whole story, and the same story every time. ``python -m benchmarks simulation`` goes to 2,000 nodes.
"""

import pytest

from tests.support.simulation.fleet import Sim
from tests.support.simulation.rollouts import roll_out
from tests.support.simulation.troubles import GIB, Troubles, faults_of


def troubled(nodes: int, seed: int, archives: int, runtimes: bool = True) -> tuple[Sim, Troubles]:
    """A fleet that has gone through it all and was then left alone for an hour."""
    sim = Sim(nodes, seed, runtimes, link_bps=50_000_000, sweeps=True, zones=3)
    for node in sim.nodes.values():
        node.faults.disk_bytes = 60 * GIB
    sim.run(1)
    troubles = Troubles(sim)
    troubles.happen(archives, apart_s=3.0)
    troubles.end()
    for _ in range(12):
        sim.run(300, tick_s=10)
    return sim, troubles


@pytest.mark.parametrize("seed", [1, 2])
def test_a_large_fleet_comes_to_rest_in_the_truth(seed: int) -> None:
    """Hubs and a few peers."""
    sim, troubles = troubled(100, seed, archives=6)
    assert faults_of(sim) == [], "\n".join(troubles.log)


@pytest.mark.parametrize("seed", range(3, 7))
def test_a_small_fleet_does_so_after_more_of_it(seed: int) -> None:
    """A full mesh."""
    sim, troubles = troubled(9, seed, archives=30, runtimes=bool(seed % 2))
    assert faults_of(sim) == [], "\n".join(troubles.log)


def test_one_seed_is_one_story() -> None:
    """Replayed, everything happens again in the same order."""
    (one, first), (other, second) = (troubled(7, 11, archives=8) for _ in range(2))
    assert first.log == second.log
    assert one.said == other.said
    assert [node.notes for node in one.nodes.values()] == [node.notes for node in other.nodes.values()]


def test_one_archive_to_eight_and_to_a_hundred() -> None:
    """Within five copies and four of any uplink; and then as the logarithm."""
    small, large = roll_out(8), roll_out(100)
    assert small.complete
    assert large.complete
    assert small.copies <= 5
    assert small.uplink_copies <= 4
    assert large.copies <= 5 * 2.2146  # log 100 / log 8
    assert large.messages_each <= 70
