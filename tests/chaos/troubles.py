"""Carries a plan's steps out on a world, and undoes them."""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable

from backend.model.errors import FleetError
from tests.chaos.plan import Kind, Step
from tests.chaos.world import Suffering, World

_log = logging.getLogger("dsync.chaos")
DAY_S = 86_400.0
SHORTEST_PART = 2
_RESTARTS = 3


async def carry_out(world: World, step: Step) -> None:
    """Do it, wait, undo it. Troubles of one node come one after the other."""
    sufferer = world.nodes[step.node]
    if step.kind is Kind.DROP:
        await _drop(world, step, sufferer)
    elif step.kind is Kind.SPLIT:
        await _split(world, step)
    elif step.kind in _AT_ONCE:
        _AT_ONCE[step.kind](sufferer, step)
    else:
        async with sufferer.busy:
            await _LASTING[step.kind](world, sufferer, step)


async def _drop(world: World, step: Step, sufferer: Suffering) -> None:
    made = world.archives[step.archive]
    draft = sufferer.node.store / f"{made.path.name}.tmp"
    while True:
        try:
            await asyncio.to_thread(shutil.copyfile, made.path, draft)
            break
        except OSError:
            # The disk is full just now: a person would try again, too.
            draft.unlink(missing_ok=True)
            await asyncio.sleep(1.0)
    draft.rename(sufferer.node.store / made.path.name)
    world.dropped[step.archive] = sufferer.node.name


async def _split(world: World, step: Step) -> None:
    async with world.split:
        hosts = world.lab.hosts
        first = SHORTEST_PART + int(step.chance * max(1, len(hosts) - 2 * SHORTEST_PART))
        world.lab.split(hosts[:first], hosts[first:])
        await asyncio.sleep(step.lasts_s)
        world.lab.join()


async def _kill(world: World, sufferer: Suffering, step: Step) -> None:
    await sufferer.node.kill()
    await asyncio.sleep(step.lasts_s)
    await start(sufferer)


async def start(sufferer: Suffering) -> None:
    """Start a daemon as a service manager would: again when its disk was too full to start."""
    for _ in range(_RESTARTS):
        try:
            await sufferer.node.start()
            return
        except FleetError as error:
            _log.warning("%s does not start: %s", sufferer.node.name, error)
            await sufferer.node.stop()
            await asyncio.sleep(1.0)
    await sufferer.node.start()


async def _cut(world: World, sufferer: Suffering, step: Step) -> None:
    world.lab.cut(sufferer.host)
    await asyncio.sleep(step.lasts_s)
    world.lab.mend(sufferer.host)


async def _fill(world: World, sufferer: Suffering, step: Step) -> None:
    sufferer.fill()
    await asyncio.sleep(step.lasts_s)
    sufferer.free()


def _step_clock(sufferer: Suffering, step: Step) -> None:
    sufferer.step_clock((step.chance - 0.5) * 2 * DAY_S)


_AT_ONCE: dict[Kind, Callable[[Suffering, Step], object]] = {
    Kind.KILL_CHILD: lambda sufferer, step: sufferer.kill_client(),
    Kind.FLIP: lambda sufferer, step: sufferer.flip(step.chance),
    Kind.STEP: _step_clock,
}
_LASTING: dict[Kind, Callable[[World, Suffering, Step], Awaitable[None]]] = {
    Kind.KILL: _kill,
    Kind.CUT: _cut,
    Kind.FILL: _fill,
}
