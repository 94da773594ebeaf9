"""One archive from a daemon to another, beside plain rsync of the same file on the same file system.

A round makes an archive and moves it twice: plain rsync from a plain rsync daemon to a directory, then one hash pass
and one fsync of that copy; and a drop into one daemon's store, followed until the other one says ``stored``. Rounds
alternate which comes first. Before each of the two what the machine still has to write is written (sync), and as the
daemons wait for the file to settle, so does plain rsync, off the clock. Each copy is removed before the other begins:
a machine that holds one more is slower, whoever copies (tried). The copies go into directories beside the stores: in a
watched one each block would wake the daemon, and slow plain rsync down.
"""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.demo.archives import make_archive
from backend.demo.node import FleetNode
from benchmarks.benchmark import Benchmark
from benchmarks.by_hand import dropped, timed_hash, timed_sync
from benchmarks.figures import Figure, number
from benchmarks.follower import Follower
from benchmarks.group import Group
from benchmarks.plain_rsync import PlainRsync
from benchmarks.samples import median, spread

MB = 1_000_000
SETTLE_S = 3.0
OVERHEAD_S = 1.0
WITHIN_S = 600.0


@dataclass(frozen=True, slots=True)
class Round:
    """All in seconds. ``whole_s``: from the drop to ``stored``; ``wire_s``: from transferring to verifying."""

    plain_s: float
    hash_s: float
    fsync_s: float
    wire_s: float
    whole_s: float

    @property
    def ratio(self) -> float:
        """The daemons' rate as a part of plain rsync's."""
        return self.plain_s / self.wire_s

    @property
    def over_s(self) -> float:
        """What the daemons took beyond plain rsync, one hash pass, one fsync and the settle time."""
        return self.whole_s - self.plain_s - self.hash_s - self.fsync_s - SETTLE_S


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--mb", type=int, default=1000, help="size of the archive in MB (1000)")
    parser.add_argument("--rounds", type=int, default=8, help="rounds of plain rsync and daemons (8)")
    parser.add_argument("--directory", type=Path, help="where stores and copies lie (the temporary directory)")


def run(arguments: argparse.Namespace) -> list[Figure]:
    """Measure all rounds."""
    with tempfile.TemporaryDirectory(prefix="bench", dir=arguments.directory) as name:
        rounds = asyncio.run(_rounds(Path(name), arguments.mb * MB, arguments.rounds))
    return _figures(rounds, arguments.mb)


async def _rounds(directory: Path, size_bytes: int, count: int) -> list[Round]:
    for place in ("made", "plain", "copies"):
        (directory / place).mkdir()
    async with (
        PlainRsync(directory / "plain", directory / "plain.conf") as plain,
        Group(directory, 1, SETTLE_S) as group,
        Follower(group.targets[0]) as follower,
    ):
        pair = _Pair(directory, plain, group.source, follower)
        rounds = []
        for number_ in range(count):
            rounds.append(await pair.round(number_, size_bytes))
            print(f"transfer, round {number_ + 1} of {count}: {rounds[-1]}", file=sys.stderr)
        return rounds


class _Pair:
    """Two daemons, and a plain rsync daemon beside them."""

    def __init__(self, directory: Path, plain: PlainRsync, source: FleetNode, follower: Follower) -> None:
        self._directory = directory
        self._plain = plain
        self._source = source
        self._follower = follower

    async def round(self, place: int, size_bytes: int) -> Round:
        name = f"round-{place}.tar"
        made = self._directory / "made" / name
        await asyncio.to_thread(make_archive, made, f"bench/transfer:{place}", size_bytes, place)
        served = self._directory / "plain" / name
        served.hardlink_to(made)
        if place % 2:
            wire_s, whole_s = await self._daemons(made)
            plain_s, hash_s, fsync_s = await self._by_hand(name)
        else:
            plain_s, hash_s, fsync_s = await self._by_hand(name)
            wire_s, whole_s = await self._daemons(made)
        served.unlink()
        (self._source.store / name).unlink()
        return Round(plain_s, hash_s, fsync_s, wire_s, whole_s)

    async def _by_hand(self, name: str) -> tuple[float, float, float]:
        copy = self._directory / "copies" / name
        await asyncio.to_thread(os.sync)
        await asyncio.sleep(SETTLE_S)
        plain_s = await self._plain.copy(name, copy)
        hash_s = await asyncio.to_thread(timed_hash, copy)
        fsync_s = await asyncio.to_thread(timed_sync, copy)
        copy.unlink()
        return plain_s, hash_s, fsync_s

    async def _daemons(self, made: Path) -> tuple[float, float]:
        await asyncio.to_thread(os.sync)
        dropped_at = dropped(made, self._source)
        stored_at = await self._follower.happy(made.name, WITHIN_S)
        began_at, ended_at = await self._follower.wire_phase(made.name)
        (self._follower.node.store / made.name).unlink()
        return ended_at - began_at, stored_at - dropped_at


def _figures(rounds: Sequence[Round], mb: int) -> list[Figure]:
    plain, wire = [each.plain_s for each in rounds], [each.wire_s for each in rounds]
    whole, over = [each.whole_s for each in rounds], [each.over_s for each in rounds]
    rates, ratios = [mb / each for each in wire], [each.ratio for each in rounds]
    parts = [("one hash pass (MD5, SHA-256)", [each.hash_s for each in rounds])]
    parts.append(("one fsync", [each.fsync_s for each in rounds]))
    middle_plain, middle_wire = median(plain), median(wire)
    ratio = middle_plain / middle_wire if middle_plain and middle_wire else None
    rate = mb / middle_wire if middle_wire else None
    return [
        Figure(f"plain rsync of {number(mb)} MB", middle_plain, "s", note=spread(plain)),
        *(Figure(what, median(values), "s", note=spread(values)) for what, values in parts),
        Figure("wire phase", middle_wire, "s", note=spread(wire)),
        Figure("rate of the wire phase", rate, "MB/s", at_least=50, note=spread(rates)),
        Figure("of plain rsync's rate", ratio, at_least=0.8, note=f"of the medians; by rounds {spread(ratios)}"),
        Figure("drop to stored", median(whole), "s", note=spread(whole)),
        Figure(
            f"beyond rsync, hash, fsync, {number(SETTLE_S)} s to settle",
            median(over),
            "s",
            at_most=OVERHEAD_S,
            note=spread(over),
        ),
    ]


BENCHMARK = Benchmark(
    name="transfer",
    title="One large archive from daemon to daemon on the loopback address, beside plain rsync",
    help="wire phase and end to end of a large archive, against plain rsync of the same file in the same run",
    describe=describe,
    run=run,
)
