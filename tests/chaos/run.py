"""One run: a plan on a world, then peace, then the verdict."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from backend.ports.tasks import TaskOwner
from tests.chaos.plan import Scale, make_plan, told
from tests.chaos.troubles import carry_out, start
from tests.chaos.verdict import Watchman, all_well
from tests.chaos.world import World, processes_of, suffering_world


async def run_chaos(
    seed: int, scale: Scale, loading: int, say: Callable[[str], None], peace_s: float = 180.0, keep: bool = False
) -> list[str]:
    """Let a fleet suffer; what was wrong during or after it. ``loading``: nodes with a runtime."""
    directory = Path(tempfile.mkdtemp(prefix="dsync-chaos-", dir="/tmp"))
    faults: list[str] = []
    try:
        async with suffering_world(directory, scale.nodes, scale.archives, loading) as world:
            faults += await _suffer(world, seed, scale, say, peace_s)
            if faults and keep:
                _keep_logs(world, directory, say)
        faults += [f"process {pid} is left" for pid in processes_of(directory)]
    finally:
        if not (faults and keep):
            await asyncio.to_thread(_remove, directory)
    return faults


async def _suffer(world: World, seed: int, scale: Scale, say: Callable[[str], None], peace_s: float) -> list[str]:
    watchman = Watchman(world)
    owner = TaskOwner("chaos")
    watching = owner.start(watchman.watch(), "watchman")
    began = time.monotonic()
    steps = []
    for step in make_plan(seed, scale):
        await asyncio.sleep(max(0.0, step.at_s - (time.monotonic() - began)))
        say(told(step, lambda number: world.nodes[number].node.name))
        steps.append(owner.start(carry_out(world, step), step.kind.value))
    await asyncio.gather(*steps)
    await _make_peace(world)
    calm = time.monotonic()
    say(f"{calm - began:7.1f} s  troubles are over")
    faults = await all_well(world, peace_s)
    say(
        f"{time.monotonic() - began:7.1f} s  verdict, {time.monotonic() - calm:.1f} s after the last trouble; "
        f"{watchman.looks} looks into all stores"
    )
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    await owner.close()
    return [*faults, *sorted(watchman.faults)]


async def _make_peace(world: World) -> None:
    world.lab.join()
    world.lab.mend(*world.lab.hosts)
    for sufferer in world.nodes:
        sufferer.free()
        sufferer.step_clock(0.0)
        await start(sufferer)


def _keep_logs(world: World, directory: Path, say: Callable[[str], None]) -> None:
    for sufferer in world.nodes:
        (directory / f"{sufferer.node.name}.log").write_bytes(sufferer.node.log.read_bytes())
    say(f"the daemons' logs are kept in {directory}")


def _remove(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
