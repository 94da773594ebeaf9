"""One archive to eight nodes behind equal links, beside one copy over one such link: what the relay tree is worth.

Each node has a network namespace of its own, joined by a link that ``tc tbf`` keeps to one rate both ways; daemons and
rsync are real, nothing is loaded. One source alone would need as many copies one after the other as there are targets.
Needs root.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from backend.demo.archives import make_archive
from backend.demo.fleet import Fleet, NodePlan
from benchmarks.benchmark import Benchmark
from benchmarks.by_hand import dropped
from benchmarks.figures import Figure, number
from benchmarks.follower import happy_at
from benchmarks.samples import median, spread
from tests.support.lab import MIB, Lab

MB = 1_000_000
SETTLE_S = 0.5
WITHIN_S = 600.0
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
        one, every = _Group(directory / "one", narrow), _Group(directory / "every", wide)
        async with one.fleet, every.fleet:
            for place in range(arguments.rounds):
                rounds.append(
                    (await one.delivered(place, arguments.mb * MB), await every.delivered(place, arguments.mb * MB))
                )
                print(f"links, round {place + 1} of {arguments.rounds}: {rounds[-1]}", file=sys.stderr)
    return rounds


class _Group:
    """A fleet on a lab's hosts; the first node is the source."""

    def __init__(self, directory: Path, lab: Lab) -> None:
        self._directory, self._lab = directory, lab
        settings: dict[str, object] = {"store.settle_s": SETTLE_S, "store.min_free": "0"}
        self.fleet = Fleet(
            directory,
            [NodePlan(f"node-{place}", settings, host.address, host.enter) for place, host in enumerate(lab.hosts)],
        )

    async def delivered(self, place: int, size_bytes: int) -> Delivered:
        source, *targets = self.fleet.nodes
        made = self._directory / f"links-{place}.tar"
        await asyncio.to_thread(make_archive, made, f"bench/links:{place}", size_bytes, place)
        await asyncio.to_thread(os.sync)
        before = [self._lab.sent_bytes(host) for host in self._lab.hosts]
        dropped_at = dropped(made, source)
        ends = await asyncio.gather(*(happy_at(target, made.name, WITHIN_S) for target in targets))
        sent = [self._lab.sent_bytes(host) - was for host, was in zip(self._lab.hosts, before, strict=True)]
        for node in self.fleet.nodes:
            (node.store / made.name).unlink()
        return Delivered(max(ends) - dropped_at - SETTLE_S, max(sent) / size_bytes)


BENCHMARK = Benchmark(
    name="links",
    title="One archive to a fleet behind equal links, beside one copy over one link",
    help="what relaying is worth where links are slow (root)",
    describe=describe,
    run=run,
)
