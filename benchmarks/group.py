"""A fleet to measure: a source, and the targets that each of its archives goes to. Nothing is loaded."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from backend.demo.archives import make_archive
from backend.demo.fleet import Fleet, NodePlan
from backend.demo.node import FleetNode
from benchmarks.by_hand import dropped
from benchmarks.follower import happy_at
from tests.support.lab import Host

WITHIN_S = 600.0


class Group:
    """Use it as ``async with``. ``hosts``: where the nodes stand, the source first; without them all are on one."""

    def __init__(self, directory: Path, targets: int, settle_s: float, hosts: Sequence[Host] = ()) -> None:
        """Touch nothing yet. ``settle_s``: the nodes' settle time."""
        self._directory = directory
        self._settle_s = settle_s
        # All share one disk, which they may fill.
        settings: dict[str, object] = {"store.settle_s": settle_s, "store.min_free": "0"}
        names = ("source", *(f"target-{place}" for place in range(1, targets + 1)))
        if hosts:
            pairs = zip(names, hosts, strict=True)
            plans = [NodePlan(name, settings, host.address, host.enter) for name, host in pairs]
        else:
            plans = [NodePlan(name, settings) for name in names]
        self._fleet = Fleet(directory, plans)

    async def __aenter__(self) -> "Group":
        """Start all nodes and wait until they are connected. Raises FleetError, OSError."""
        await self._fleet.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End all and clear up."""
        await self._fleet.close()

    @property
    def source(self) -> FleetNode:
        """Where archives are dropped."""
        return self._fleet.nodes[0]

    @property
    def targets(self) -> tuple[FleetNode, ...]:
        """All others."""
        return self._fleet.nodes[1:]

    async def arrivals(self, name: str, size_bytes: int, seed: int) -> tuple[float, ...]:
        """Make an archive that nobody has and drop it; nothing of it stays. Raises UndeliveredError.

        Seconds from the drop, without the settle time, until each target had its copy, the first one first.
        """
        made = self._directory / f"{name}-{seed}.tar"
        await asyncio.to_thread(make_archive, made, f"bench/{name}:{seed}", size_bytes, seed)
        await asyncio.to_thread(os.sync)
        dropped_at = dropped(made, self.source)
        ends = await asyncio.gather(*(happy_at(target, made.name, WITHIN_S) for target in self.targets))
        for node in self._fleet.nodes:
            (node.store / made.name).unlink()
        return tuple(sorted(end - dropped_at - self._settle_s for end in ends))
