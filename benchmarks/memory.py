"""How much memory the daemons of a delivery take at most, for a small archive and for a large one.

Each size gets a fleet of its own, so that a peak (the kernel's own count, VmHWM) is that of one delivery and nothing
else. rsync's processes are told apart: they are children of the daemons, not the daemons.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from backend.demo.archives import make_archive
from backend.demo.fleet import Fleet, NodePlan
from backend.ports.tasks import TaskOwner
from benchmarks.benchmark import Benchmark
from benchmarks.by_hand import dropped
from benchmarks.figures import Figure, number
from benchmarks.follower import Follower
from benchmarks.process import descendants, name_of, peak_rss_mb

MB = 1_000_000
MOST_MORE_MB = 30.0
WITHIN_S = 900.0
LOOK_EVERY_S = 0.1
_ROOM = 3
"""Copies that the disk must have room for: the source's, the target's, and some air."""


class NoRoomError(Exception):
    """The disk can't hold what is to be measured."""


@dataclass(slots=True)
class Peaks:
    """In MB of 1,000,000 bytes. ``rsync``: the largest single rsync process that was seen."""

    source: float = 0.0
    target: float = 0.0
    rsync: float = 0.0


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--small-mb", type=int, default=10, help="size of the small archive in MB (10)")
    parser.add_argument("--large-mb", type=int, default=4000, help="size of the large archive in MB (4000)")
    parser.add_argument("--directory", type=Path, help="where the stores lie (the temporary directory)")


def run(arguments: argparse.Namespace) -> list[Figure]:
    """Measure the small one, then the large one."""
    small, large = arguments.small_mb, arguments.large_mb
    first = _delivered(arguments.directory, small * MB)
    second = _delivered(arguments.directory, large * MB)
    figures = []
    parts: list[tuple[str, Callable[[Peaks], float], float | None]] = [
        ("source's daemon", lambda peaks: peaks.source, MOST_MORE_MB),
        ("target's daemon", lambda peaks: peaks.target, MOST_MORE_MB),
        ("largest rsync process", lambda peaks: peaks.rsync, None),
    ]
    for who, of, most in parts:
        figures.append(Figure(f"{who}, {number(small)} MB", of(first), "MB"))
        figures.append(Figure(f"{who}, {number(large)} MB", of(second), "MB"))
        figures.append(Figure(f"{who}, difference", of(second) - of(first), "MB", most))
    return figures


def _delivered(directory: Path | None, size_bytes: int) -> Peaks:
    with tempfile.TemporaryDirectory(prefix="bench", dir=directory) as name:
        place = Path(name)
        free_bytes = shutil.disk_usage(place).free
        if free_bytes < _ROOM * size_bytes:
            raise NoRoomError(f"{place}: {_ROOM * size_bytes / MB:,.0f} MB are needed, {free_bytes / MB:,.0f} are free")
        print(f"memory: an archive of {size_bytes / MB:,.0f} MB", file=sys.stderr)
        return asyncio.run(_measured(place, size_bytes))


async def _measured(place: Path, size_bytes: int) -> Peaks:
    made = place / "made.tar"
    await asyncio.to_thread(make_archive, made, "bench/memory:1", size_bytes, 1)
    async with Fleet(place, [NodePlan("source"), NodePlan("target")]) as fleet:
        source, target = fleet["source"], fleet["target"]
        peaks = Peaks()
        tasks = TaskOwner("memory")
        tasks.start(_watch_children((source.pid, target.pid), peaks), "rsync")
        try:
            async with Follower(target) as follower:
                dropped(made, source)
                await follower.happy(made.name, WITHIN_S)
        finally:
            await tasks.close()
        peaks.source, peaks.target = peak_rss_mb(source.pid), peak_rss_mb(target.pid)
        return peaks


async def _watch_children(daemons: tuple[int, ...], peaks: Peaks) -> None:
    while True:
        for daemon in daemons:
            for pid in descendants(daemon):
                if name_of(pid) == "rsync":
                    peaks.rsync = max(peaks.rsync, peak_rss_mb(pid))
        await asyncio.sleep(LOOK_EVERY_S)


BENCHMARK = Benchmark(
    name="memory",
    title="Peak memory (RSS) of two daemons over one delivery, by the archive's size",
    help="peak memory of the daemons while a small and a large archive are delivered",
    describe=describe,
    run=run,
)
