"""From the rename of a finished file to the request that reaches its source: what the settle window does not explain.

Small archives are renamed into a daemon's store one after the other, a little apart, so that each meets the daemons at
another moment of their rounds. The source's event log tells when it answered the other node's request, which is a
little after that request came in. Large archives follow, one at a time, with a settle window that is shorter than the
hashing; each is hashed by hand before it is dropped and again after its delivery.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.demo.archives import make_archive
from backend.engine.intake import HASH_AFTER_S
from benchmarks.benchmark import Benchmark
from benchmarks.by_hand import dropped, timed_hash
from benchmarks.figures import Figure, number
from benchmarks.follower import Follower
from benchmarks.group import Group
from benchmarks.samples import median, percentile, spread

MB = 1_000_000
SETTLE_S = 3.0
SHORT_SETTLE_S = 0.6
MOST_MS = 150.0
APART_S = 0.73
WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Sample:
    """In seconds from the rename: when the source granted, when the target began to fetch, when it was stored there.

    ``hash_s``: one hash pass of the same file.
    """

    granted_s: float
    began_s: float
    stored_s: float
    hash_s: float = 0.0


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--samples", type=int, default=100, help="small archives (100)")
    parser.add_argument("--kb", type=int, default=100, help="size of a small archive in kB (100)")
    parser.add_argument("--large-samples", type=int, default=5, help="large archives (5)")
    parser.add_argument("--large-mb", type=int, default=1000, help="size of a large archive in MB (1000)")
    parser.add_argument("--directory", type=Path, help="where the stores lie (the temporary directory)")


def run(arguments: argparse.Namespace) -> list[Figure]:
    """Measure small archives, then large ones unless there are to be none."""
    small = _measure(arguments.directory, SETTLE_S, lambda site: site.stream(arguments.samples, arguments.kb * 1000))
    figures = _small_figures(small)
    if arguments.large_samples:
        count, size_bytes = arguments.large_samples, arguments.large_mb * MB
        large = _measure(arguments.directory, SHORT_SETTLE_S, lambda site: site.singly(count, size_bytes))
        figures += _large_figures(large, arguments.large_mb)
    return figures


def _measure(
    directory: Path | None, settle_s: float, series: Callable[["_Site"], Awaitable[list[Sample]]]
) -> list[Sample]:
    async def measured(place: Path) -> list[Sample]:
        async with (
            Group(place, 1, settle_s) as group,
            Follower(group.source) as source,
            Follower(group.targets[0]) as target,
        ):
            return await series(_Site(place, source, target))

    with tempfile.TemporaryDirectory(prefix="bench", dir=directory) as name:
        return asyncio.run(measured(Path(name)))


class _Site:
    """Two daemons and what they tell."""

    def __init__(self, directory: Path, source: Follower, target: Follower) -> None:
        self._made = directory / "made"
        self._made.mkdir()
        self._source = source
        self._target = target

    async def stream(self, count: int, size_bytes: int) -> list[Sample]:
        """Drop archives a little apart; what became of them is asked afterwards."""
        paths = [self._make(place, size_bytes) for place in range(count)]
        drops = []
        for path in paths:
            drops.append((path.name, dropped(path, self._source.node)))
            await asyncio.sleep(APART_S)
        return [await self._sample(name, at) for name, at in drops]

    async def singly(self, count: int, size_bytes: int) -> list[Sample]:
        """Drop archives one by one."""
        samples = []
        for place in range(count):
            path = await asyncio.to_thread(self._make, place, size_bytes)
            before_s = await asyncio.to_thread(timed_hash, path)
            sample = await self._sample(path.name, dropped(path, self._source.node))
            stored = self._target.node.store / path.name
            after_s = await asyncio.to_thread(timed_hash, stored)
            for follower in (self._source, self._target):
                (follower.node.store / path.name).unlink()
            samples.append(Sample(sample.granted_s, sample.began_s, sample.stored_s, hash_s=(before_s + after_s) / 2))
            print(f"notice, large archive {place + 1} of {count}: {samples[-1]}", file=sys.stderr)
        return samples

    def _make(self, place: int, size_bytes: int) -> Path:
        path = self._made / f"notice-{place}.tar"
        make_archive(path, f"bench/notice:{place}", size_bytes, place)
        return path

    async def _sample(self, name: str, dropped_at: float) -> Sample:
        stored_at = await self._target.happy(name, WITHIN_S)
        granted_at = await self._source.noted("granted", name, WITHIN_S)
        began_at, _ = await self._target.wire_phase(name)
        return Sample(granted_at - dropped_at, began_at - dropped_at, stored_at - dropped_at)


def _small_figures(samples: Sequence[Sample]) -> list[Figure]:
    requested = [1000 * (each.granted_s - SETTLE_S) for each in samples]
    begun = [1000 * (each.began_s - SETTLE_S) for each in samples]
    stored = [1000 * (each.stored_s - SETTLE_S) for each in samples]
    settle = f"beyond {number(SETTLE_S)} s to settle"
    return [
        Figure(f"request at the source, {settle}", median(requested), "ms", MOST_MS, note=spread(requested)),
        Figure(f"request at the source, {settle}, p95", percentile(requested, 95), "ms", MOST_MS),
        Figure(f"fetch begun, {settle}", median(begun), "ms", note=spread(begun)),
        Figure(f"stored on the target, {settle}", median(stored), "ms", note=spread(stored)),
    ]


def _large_figures(samples: Sequence[Sample], mb: int) -> list[Figure]:
    hashes = [each.hash_s for each in samples]
    over = [1000 * (each.granted_s - max(SHORT_SETTLE_S, HASH_AFTER_S + each.hash_s)) for each in samples]
    what = f"{number(mb)} MB: request at the source, beyond {number(HASH_AFTER_S)} s of quiet and the hashing"
    return [
        Figure(f"{number(mb)} MB: one hash pass", median(hashes), "s", note=spread(hashes)),
        Figure(what, median(over), "ms", MOST_MS, note=spread(over)),
    ]


BENCHMARK = Benchmark(
    name="notice",
    title="From the rename of a finished file to the other node's request at its source",
    help="how long after settling (or hashing) a new archive is asked for, many small ones and some large",
    describe=describe,
    run=run,
)
