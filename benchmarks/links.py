"""One archive to eight nodes behind equal links, beside one copy over one such link: what the relay tree is worth.

Each node has a network namespace of its own, joined by a link that ``tc tbf`` keeps to one rate both ways; daemons and
rsync are real, nothing is loaded. One source alone would need as many copies one after the other as there are targets.
Needs root.
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
from tests.support.lab import MIB, Lab

MB = 1_000_000
SETTLE_S = 0.5
TIME_AT_MOST = 5.0
UPLINK_AT_MOST = 4.0
HEADERS_SHARE = 1.05
"""What frames, TCP and rsync add to the bytes of an archive on a link."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """``last_s``: seconds from the drop, without the settle time, until all targets had their copy; ``busiest``: what
    the busiest uplink carried, in archives, headers and all.
    """

    last_s: float
    busiest: float


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--mb", type=int, default=200, help="size of the archive in MB (200)")
    parser.add_argument("--nodes", type=int, default=8, help="nodes, the source among them (8)")
    parser.add_argument("--mib-per-s", type=int, default=25, help="rate of every link in MiB/s (25)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of one copy and of all (3)")
    parser.add_argument("--directory", type=Path, help="where the stores lie (the temporary directory)")


def run(arguments: argparse.Namespace) -> list[Figure]:
    """Measure one copy and all, in turn."""
    with tempfile.TemporaryDirectory(prefix="bench", dir=arguments.directory) as name:
        rounds = asyncio.run(_rounds(Path(name), arguments))
    one, several = [alone.last_s for alone, _ in rounds], [every.last_s for _, every in rounds]
    ratio = [last / alone for last, alone in zip(several, one, strict=True)]
    busiest = [every.busiest for _, every in rounds]
    every = f"all {arguments.nodes} nodes"
    return [
        Figure(
            f"{number(arguments.mb)} MB over one link of {arguments.mib_per_s} MiB/s",
            median(one),
            "s",
            note=spread(one),
        ),
        Figure(f"{every} `stored`", median(several), "s", note=spread(several)),
        Figure(
            f"{every} beside one copy", max(ratio), "times", at_most=TIME_AT_MOST, note=f"the worst; {spread(ratio)}"
        ),
        Figure(
            "busiest uplink, headers and all",
            max(busiest),
            "copies",
            at_most=UPLINK_AT_MOST * HEADERS_SHARE,
            note=f"the worst; {spread(busiest)}",
        ),
    ]


async def _rounds(directory: Path, arguments: argparse.Namespace) -> list[tuple[Delivered, Delivered]]:
    """Two fleets stand all the time; the one that isn't measured is idle."""
    rate_bps = arguments.mib_per_s * MIB
    rounds = []
    with Lab(2, rate_bps) as narrow, Lab(arguments.nodes, rate_bps) as wide:
        async with (
            Group(directory / "one", 1, SETTLE_S, narrow.hosts) as one,
            Group(directory / "every", arguments.nodes - 1, SETTLE_S, wide.hosts) as every,
        ):
            for place in range(arguments.rounds):
                pair = [
                    await _delivered(group, lab, arguments.mb * MB, place)
                    for group, lab in ((one, narrow), (every, wide))
                ]
                rounds.append((pair[0], pair[1]))
                print(f"links, round {place + 1} of {arguments.rounds}: {rounds[-1]}", file=sys.stderr)
    return rounds


async def _delivered(group: Group, lab: Lab, size_bytes: int, place: int) -> Delivered:
    before = [lab.sent_bytes(host) for host in lab.hosts]
    arrivals = await group.arrivals("links", size_bytes, place)
    sent = [lab.sent_bytes(host) - was for host, was in zip(lab.hosts, before, strict=True)]
    return Delivered(arrivals[-1], max(sent) / size_bytes)


BENCHMARK = Benchmark(
    name="links",
    title="One archive to a fleet behind equal links, beside one copy over one link",
    help="what relaying is worth where links are slow (root)",
    describe=describe,
    run=run,
)
