"""The decisions at fleet scale: 100, 500 and 2,000 nodes in one process, under a virtual clock, over simulated links.

Nothing of rsync, disks or channels is measured here; those have benchmarks of their own. It shows that a rollout's time
grows no faster than the logarithm of the fleet, its messages no faster than the fleet, and the planning of all nodes
together no faster than n log n.
"""

import argparse
import math
import sys
from collections.abc import Sequence

from benchmarks.benchmark import Benchmark
from benchmarks.figures import Figure
from tests.support.simulation.rollouts import Cost, roll_out

SIZES = (100, 500, 2000)
WITHIN = 1.15
"""Slack of the growth: the smallest fleet has a few channels less a node, and processor time is never the same."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--nodes", type=int, nargs="+", default=list(SIZES), help="sizes of fleets (100 500 2000)")
    parser.add_argument("--seed", type=int, default=1, help="what chance decides comes from it (1)")


def run(arguments: argparse.Namespace) -> list[Figure]:
    """Simulate one rollout for each size."""
    small = roll_out(8, arguments.seed)
    figures = [
        _complete(small),
        Figure("8 nodes: time, in copies", small.copies, "", at_most=5),
        Figure("8 nodes: busiest uplink, in copies", small.uplink_copies, "", at_most=4),
    ]
    costs: list[Cost] = []
    for nodes in sorted(arguments.nodes):
        print(f"simulating {nodes} nodes", file=sys.stderr)
        costs.append(roll_out(nodes, arguments.seed))
        figures += _figures(costs[-1], costs[0])
    return figures


def _complete(cost: Cost) -> Figure:
    return Figure(f"{cost.nodes} nodes: rollout complete", float(cost.complete), "", at_least=1)


def _figures(cost: Cost, first: Cost) -> Sequence[Figure]:
    logarithm = math.log(cost.nodes) / math.log(first.nodes)
    bounds: tuple[float | None, ...] = (None, None, None)
    if cost is not first:
        bounds = (
            WITHIN * first.copies * logarithm,
            WITHIN * first.messages_each,
            WITHIN * first.planner_us_each * logarithm,
        )
    name = f"{cost.nodes} nodes"
    return (
        _complete(cost),
        Figure(f"{name}: time, in copies", cost.copies, "", bounds[0], note="at most as log n"),
        Figure(f"{name}: busiest uplink, in copies", cost.uplink_copies),
        Figure(f"{name}: control messages a delivery", cost.messages_each, "", bounds[1], note="in all at most as n"),
        Figure(f"{name}: planning a delivery", cost.planner_us_each, "us", bounds[2], note="in all at most as n log n"),
        Figure(f"{name}: decisions a delivery", cost.decisions / cost.nodes),
    )


BENCHMARK = Benchmark(
    name="simulation",
    title="One 200 MB archive to fleets of 8 to 2,000 nodes, simulated",
    help="rollouts at fleet scale: time, messages and planning",
    describe=describe,
    run=run,
)
