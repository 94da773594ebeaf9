"""A fleet that falls in two in the middle of a rollout, for a minute: how long after the end all nodes agree.

Real daemons behind links in namespaces. Each half publishes an archive with the same tag, and one withdraws what
both had before. Agreement: every node tells one and the same catalog (archives, order, tags, withdrawals), and that
every delivery of what stands has ended well. Needs root.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from backend.api.wire import StatusDocument
from backend.demo.archives import make_archive
from backend.demo.fleet import Fleet, FleetNode, NodePlan
from benchmarks.benchmark import Benchmark
from benchmarks.figures import Figure
from benchmarks.samples import spread
from tests.support.fleet import act
from tests.support.fleet_states import HAPPY, archive, catalog, ended_well, until
from tests.support.lab import MIB, Lab

SWEEP_S = 15.0
SWEEPS_AT_MOST = 2.0
RATE_BPS = 25 * MIB
WITHIN_S = 300.0
STANDING = ("way.tar", "left.tar", "right.tar")
SIZES = {"old.tar": 4 * MIB, "way.tar": 200_000_000, "left.tar": 20 * MIB, "right.tar": 20 * MIB}


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--nodes", type=int, default=8, help="nodes (8)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the halves are apart (60)")
    parser.add_argument("--rounds", type=int, default=2, help="fleets that go through it, one after the other (2)")
    parser.add_argument("--directory", type=Path, help="where the stores lie (the temporary directory)")


def run(arguments: argparse.Namespace) -> list[Figure]:
    """Measure some partitions."""
    took: list[float] = []
    for place in range(arguments.rounds):
        with tempfile.TemporaryDirectory(prefix="bench", dir=arguments.directory) as name:
            took.append(asyncio.run(_agreed_s(Path(name), arguments.nodes, arguments.seconds)))
        print(f"partition, round {place + 1} of {arguments.rounds}: {took[-1]:.1f} s", file=sys.stderr)
    sweeps = [each / SWEEP_S for each in took]
    return [
        Figure(
            f"{arguments.nodes} nodes, {arguments.seconds:g} s apart: agreement after",
            max(sweeps),
            "sweeps",
            at_most=SWEEPS_AT_MOST,
            note=f"of {SWEEP_S:g} s, the worst; {spread(sweeps)}",
        )
    ]


async def _agreed_s(directory: Path, count: int, apart_s: float) -> float:
    settings: dict[str, object] = {"store.settle_s": 0.5, "store.min_free": "0", "retry.sweep_s": SWEEP_S}
    with Lab(count, RATE_BPS) as lab:
        plans = [NodePlan(f"node-{place}", settings, host.address, host.enter) for place, host in enumerate(lab.hosts)]
        async with Fleet(directory / "fleet", plans) as fleet:
            left, right = fleet.nodes[: count // 2], fleet.nodes[count // 2 :]
            await _drop(directory, left[0], "old.tar")
            for node in fleet.nodes:
                await until(node, ended_well("old.tar", fleet.nodes), "old.tar everywhere", WITHIN_S)
            await _drop(directory, left[0], "way.tar")
            await until(right[0], lambda told: archive(told, "way.tar") is not None, "published")
            lab.split(lab.hosts[: len(left)], lab.hosts[len(left) :])
            began = time.monotonic()
            await _drop(directory, left[-1], "left.tar")
            await _drop(directory, right[-1], "right.tar")
            await _withdraw(right[0], "old.tar")
            await asyncio.sleep(max(0.0, apart_s - (time.monotonic() - began)))
            lab.join()
            joined = time.monotonic()
            await _agreement(fleet)
            return time.monotonic() - joined


async def _drop(directory: Path, node: FleetNode, name: str) -> None:
    tag = "bench/app:1" if name in ("left.tar", "right.tar") else f"bench/{name}:1"
    made = directory / name
    await asyncio.to_thread(make_archive, made, tag, SIZES[name], sorted(SIZES).index(name))
    (node.store / name).hardlink_to(made)


async def _withdraw(node: FleetNode, name: str) -> None:
    found = archive(await until(node, lambda told: archive(told, name) is not None, name), name)
    if found is not None:
        await act(node, "withdraw", found.digest)


async def _agreement(fleet: Fleet) -> None:
    """Return when all agree."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        told = await asyncio.gather(*(until(node, lambda _: True, "an answer") for node in fleet.nodes))
        if _alike(told) and all(_well(document, len(told)) for document in told):
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"no agreement within {WITHIN_S:g} s")


def _alike(told: Sequence[StatusDocument]) -> bool:
    catalogs = [catalog(document) for document in told]
    return len(catalogs[0]) == len(SIZES) and all(each == catalogs[0] for each in catalogs)


def _well(document: StatusDocument, count: int) -> bool:
    old = archive(document, "old.tar")
    standing = [archive(document, name) for name in STANDING]
    return (old is not None and old.state == "withdrawn") and all(
        found is not None and len(found.deliveries) == count and all(each.state in HAPPY for each in found.deliveries)
        for found in standing
    )


BENCHMARK = Benchmark(
    name="partition",
    title="A fleet in two halves in the middle of a rollout",
    help="how soon all agree after a partition (root)",
    describe=describe,
    run=run,
)
