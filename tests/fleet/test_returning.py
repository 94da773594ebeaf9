"""A node that was down while archives went round has them, loaded by a real docker, before its next sweep."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.fleet import Fleet, build, reached, until, with_settings
from tests.support.fleet_runtimes import HeldClient
from tests.support.runtimes import PrivateDocker

pytestmark = [
    pytest.mark.fleet,
    pytest.mark.real("root", "rsync", "docker", "dockerd"),
    pytest.mark.asyncio(loop_scope="module"),
]

NEVER = {"retry.sweep_s": 3600.0}
"""After that of its start no node sweeps while the test runs: what it waits for needs none."""


@dataclass
class Trio:
    """``dock`` has docker; ``one`` and ``two`` only keep copies."""

    fleet: Fleet
    directory: Path
    dock: HeldClient


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def trio(tmp_path_factory: pytest.TempPathFactory, private_docker: PrivateDocker) -> AsyncIterator[Trio]:
    directory = tmp_path_factory.mktemp("returning")
    dock = HeldClient(directory / "dock-client", "docker", private_docker.command)
    plans = [with_settings("dock", dock.settings, NEVER), *(with_settings(name, NEVER) for name in ("one", "two"))]
    async with Fleet(directory / "nodes", plans, keep=True) as fleet:
        await fleet.connected()
        yield Trio(fleet, directory, dock)
    private_docker.clear()


async def test_a_node_that_was_down_is_ready_within_one_sweep_of_its_return(trio: Trio) -> None:
    fleet, dock = trio.fleet, trio.fleet["dock"]
    before = build(trio.directory / "before.tar", "before:1", seed=301)
    before.drop(fleet["one"])
    await reached(before, "ready", [dock])
    await dock.kill()
    meanwhile = [build(trio.directory / f"late{number}.tar", f"late{number}:1", seed=310 + number) for number in (1, 2)]
    for archive, origin in zip(meanwhile, ("one", "two"), strict=True):
        archive.drop(fleet[origin])
    for archive in meanwhile:
        await reached(archive, "stored", [fleet["one"], fleet["two"]])
    await until(partial(_down, trio), "the others see that it is down")
    await dock.start()
    for archive in meanwhile:
        await reached(archive, "ready", [dock])
        assert trio.dock.image_of(f"{archive.path.stem}:1") == archive.config
    assert [trio.dock.loads(archive.name) for archive in (before, *meanwhile)] == [1, 1, 1]


async def _down(trio: Trio) -> bool:
    async with trio.fleet["one"].client() as client:
        rows = (await client.status(full=True)).nodes
    return {row.name: row.state for row in rows}["dock"] == "down"
