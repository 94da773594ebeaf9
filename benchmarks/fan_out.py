"""One archive to several nodes, beside the same to one: what a further node costs on one machine.

All nodes share this machine's processors, disk and loopback, so that each copy costs its own share of them: rsync at
both ends, both hashes, writing. It shows what the engine adds or saves, not what a fleet of machines would take.
"""

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.benchmark import Benchmark
from benchmarks.figures import Figure, number
from benchmarks.group import Group
from benchmarks.samples import median, spread

MB = 1_000_000
SETTLE_S = 3.0


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Seconds from the drop, without the settle time, until each target had its copy, the first one first."""

    seconds: tuple[float, ...]

    @property
    def last_s(self) -> float:
        """Until all had it."""
        return self.seconds[-1]


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--mb", type=int, default=300, help="size of the archive in MB (300)")
    parser.add_argument("--targets", type=int, default=3, help="nodes that it goes to (3)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of one copy and of all (5)")
    parser.add_argument("--directory", type=Path, help="where the stores lie (the temporary directory)")


def run(arguments: argparse.Namespace) -> list[Figure]:
    """Measure one copy and several, in turn."""
    with tempfile.TemporaryDirectory(prefix="bench", dir=arguments.directory) as name:
        rounds = asyncio.run(_rounds(Path(name), arguments))
    one, several = [each.last_s for each, _ in rounds], [each.last_s for _, each in rounds]
    first = [each.seconds[0] for _, each in rounds]
    many = f"{arguments.targets} nodes"
    ratio = [last / alone for last, alone in zip(several, one, strict=True)]
    return [
        Figure(f"{number(arguments.mb)} MB to one node", median(one), "s", note=spread(one)),
        Figure(f"to {many}, the first of them", median(first), "s", note=spread(first)),
        Figure(f"to {many}, all of them", median(several), "s", note=spread(several)),
        Figure(f"{many} beside one", median(ratio), "times", note=spread(ratio)),
    ]


async def _rounds(directory: Path, arguments: argparse.Namespace) -> list[tuple[Arrivals, Arrivals]]:
    """Two fleets stand all the time; the one that isn't measured is idle."""
    rounds = []
    async with (
        Group(directory / "one", 1, SETTLE_S) as one,
        Group(directory / "several", arguments.targets, SETTLE_S) as several,
    ):
        for place in range(arguments.rounds):
            pair = [Arrivals(await group.arrivals("fan-out", arguments.mb * MB, place)) for group in (one, several)]
            rounds.append((pair[0], pair[1]))
            print(f"fan-out, round {place + 1} of {arguments.rounds}: {rounds[-1]}", file=sys.stderr)
    return rounds


BENCHMARK = Benchmark(
    name="fan-out",
    title="One archive to several nodes on one machine, beside the same to one node",
    help="what further nodes cost when all share one machine",
    describe=describe,
    run=run,
)
