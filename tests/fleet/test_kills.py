"""``kill -9`` of a daemon at every state of a delivery, then a restart: nothing is lost, done twice or left behind."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from backend.adapters.locks import LoadLocks
from tests.support.fleet import Archive, Fleet, FleetNode, act, build, cell, reached, until, visible, with_settings
from tests.support.fleet_crashes import (
    StoreWatch,
    is_locked,
    killed_there,
    left_by,
    nothing_left,
    row_of,
    stop_at,
    stoppable,
    written,
)
from tests.support.fleet_runtimes import HeldClient, Point
from tests.support.runtimes import PrivateDocker, PrivatePodman

pytestmark = [
    pytest.mark.fleet,
    pytest.mark.real("root", "rsync", "docker", "dockerd", "podman"),
    pytest.mark.asyncio(loop_scope="module"),
]

SLOW = "300KiB/s"
LARGE_BYTES = 1_500_000
"""At ``SLOW`` it takes some seconds."""


@dataclass
class Rig:
    """``origin`` has no runtime and serves one at a time; ``dock`` has docker, ``pod`` has podman."""

    fleet: Fleet
    watch: StoreWatch
    directory: Path
    runtimes: dict[str, HeldClient]
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def __getitem__(self, name: str) -> FleetNode:
        return self.fleet[name]

    def drop(self, size_bytes: int = 200_000, at: str = "origin") -> Archive:
        """Drop an archive that nobody has seen yet."""
        number = next(self.numbers)
        archive = build(
            self.directory / f"a{number}.tar", f"a{number}:1", seed=9000 + number * 7, size_bytes=size_bytes
        )
        self.watch.expect(archive).drop(self.fleet[at])
        return archive

    async def ends_well(self, archive: Archive) -> None:
        """The rollout completes: one copy and one load on each node, and nothing lies about."""
        await reached(archive, "stored", [self["origin"]])
        await reached(archive, "ready", [self["dock"], self["pod"]])
        for node in self.fleet.nodes:
            assert list(visible(node).values()).count(archive.sha256) == 1, node.name
            await until(partial(_no_incoming, node, archive), f"{node.name} clears up")
        for name, runtime in self.runtimes.items():
            assert runtime.loads(archive.name) == 1, name
            assert runtime.image_of(f"docker.io/library/{archive.name.removesuffix('.tar')}:1") == archive.config
        assert self.watch.faults == []

    async def limit(self, *names: str, rate: str = SLOW) -> None:
        for name in names:
            await act(self[name], "limit", nodes=[name], argument=rate)


def _no_incoming(node: FleetNode, archive: Archive) -> bool:
    return not (node.store / ".incoming" / archive.fingerprint).exists()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_rig(
    tmp_path_factory: pytest.TempPathFactory, private_docker: PrivateDocker, private_podman: PrivatePodman
) -> AsyncIterator[Rig]:
    directory = tmp_path_factory.mktemp("kills")
    dock = HeldClient(directory / "dock-client", "docker", private_docker.command)
    pod = HeldClient(directory / "pod-client", "podman", private_podman.command)
    waits = {"retry.waits_s": [2.0, 2.0, 2.0], "retry.sweep_s": 3600.0}
    plans = [
        with_settings("origin", waits, {"limits.serve": 1}),
        with_settings("dock", waits, dock.settings),
        with_settings("pod", waits, pod.settings),
    ]
    fleet = Fleet(directory / "nodes", plans, keep=True, environment=stoppable())
    fleet.prepare()
    with StoreWatch(node.store for node in fleet.nodes) as watch:
        try:
            await fleet.start()
            yield Rig(fleet, watch, directory, {"dock": dock, "pod": pod})
        finally:
            for runtime in (dock, pod):
                for point in ("before-load", "after-load", "before-look"):
                    runtime.let_go(point)
            await fleet.close()
            private_docker.clear()
            private_podman.clear()
    assert watch.looks > 100
    assert watch.faults == []
    for node in fleet.nodes:
        assert left_by(node) == []


@pytest_asyncio.fixture(loop_scope="module")
async def rig(whole_rig: Rig) -> AsyncIterator[Rig]:
    """The shared fleet, all nodes up and without limits."""
    await whole_rig.fleet.start()
    for node in whole_rig.fleet.nodes:
        await whole_rig.limit(node.name, rate="0")
    yield whole_rig
    for runtime in whole_rig.runtimes.values():
        for point in ("before-load", "after-load", "before-look"):
            runtime.let_go(point)
        runtime.mend_loads()


async def test_while_the_origin_reads_the_file(rig: Rig) -> None:
    stop_at(rig["origin"], "open", "/store/a1.tar")
    archive = rig.drop()
    assert archive.name == "a1.tar"
    await killed_there(rig["origin"], "reading")
    assert row_of(rig["origin"], archive) is None
    await nothing_left(rig["origin"])
    await rig["origin"].start()
    await rig.ends_well(archive)


async def test_queued_in_a_holders_line(rig: Rig) -> None:
    await rig.limit("dock", "pod")
    archive = rig.drop(LARGE_BYTES)
    line: dict[str, str] = {}

    async def one_waits() -> bool:
        line.clear()
        for name in ("dock", "pod"):
            found = await cell(rig[name], archive.digest)
            line[found.state if found is not None else ""] = name
        return {"queued", "transferring"} <= line.keys()

    await until(one_waits, "one fetches and the other stands in line")
    waiting = rig[line["queued"]]
    await written(waiting, archive, "queued")
    await waiting.kill()
    assert row_of(waiting, archive) == ("queued", False)
    await nothing_left(waiting)
    await waiting.start()
    await rig.ends_well(archive)


async def test_transferring(rig: Rig) -> None:
    await rig.limit("dock")
    archive = rig.drop(LARGE_BYTES)
    incoming = rig["dock"].store / ".incoming" / archive.fingerprint / "data"
    await until(lambda: incoming.exists() and incoming.stat().st_size > 100_000, "bytes come in")
    await rig["dock"].kill()
    assert row_of(rig["dock"], archive) == ("transferring", False)
    await nothing_left(rig["dock"])
    had_bytes = incoming.stat().st_size
    assert 0 < had_bytes < archive.size_bytes
    await rig["dock"].start()
    await rig.ends_well(archive)
    found = await cell(rig["dock"], archive.digest)
    assert found is not None
    assert found.bytes_saved > 0, "it began anew instead of going on"


VERIFYING = {
    "hashing": ("open", "{fingerprint}/data", False),
    "before its link": ("os.link", "data", False),
    "linked twice": ("os.remove", "data", True),
    "placed, not told": ("os.rmdir", "{fingerprint}", True),
}


@pytest.mark.parametrize("point", VERIFYING)
async def test_verifying(rig: Rig, point: str) -> None:
    event, ending, placed = VERIFYING[point]
    dock = rig["dock"]
    archive = rig.drop()
    stop_at(dock, event, ending.format(fingerprint=archive.fingerprint))
    await killed_there(dock, point)
    assert row_of(dock, archive) == ("verifying", False)
    assert (archive.name in visible(dock)) is placed
    await nothing_left(dock)
    await dock.start()
    await rig.ends_well(archive)


@pytest.mark.parametrize("name", ["dock", "pod"])
@pytest.mark.parametrize("point", ["before-load", "after-load"])
async def test_loading(rig: Rig, name: str, point: Point) -> None:
    node, runtime = rig[name], rig.runtimes[name]
    lock = LoadLocks().path(await _endpoint(rig, name))
    runtime.hold(point)
    archive = rig.drop()
    await until(lambda: runtime.record(point, archive.name), f"{name} loads")
    await node.kill()
    assert row_of(node, archive) == ("loading", True)
    # The loader goes on, and with it its lock.
    await nothing_left(node, but=["load"])
    assert any(left.startswith("load ") for left in left_by(node))
    assert is_locked(lock)
    await node.start()
    if point == "before-load":
        await reached(archive, "loading", [node])
        assert runtime.loads(archive.name) == 0
    runtime.let_go(point)
    await rig.ends_well(archive)
    await until(lambda: not is_locked(lock), "the lock is free")


async def _endpoint(rig: Rig, name: str) -> str:
    if name == "dock":
        return f"docker:{rig.runtimes[name].by_hand('info', '--format', '{{.ID}}').strip()}"
    return f"podman:{rig.runtimes[name].by_hand('info', '--format', '{{.Store.GraphRoot}}').strip()}"


async def test_loaded_before_the_runtime_confirmed_it(rig: Rig) -> None:
    dock, runtime = rig["dock"], rig.runtimes["dock"]
    runtime.hold("before-load")
    archive = rig.drop()
    await until(lambda: runtime.record("before-load", archive.name), "dock loads")
    runtime.hold("before-look")
    asked = len(runtime.record("before-look"))
    runtime.let_go("before-load")
    await until(lambda: runtime.record("loaded", archive.name), "the load ends")
    await until(lambda: len(runtime.record("before-look")) > asked, "dock asks what is there now")
    await dock.kill()
    assert row_of(dock, archive) == ("loading", True)
    assert runtime.has_image(archive.config)
    runtime.let_go("before-look")
    await dock.start()
    await nothing_left_but_the_living(dock)
    await rig.ends_well(archive)


async def nothing_left_but_the_living(node: FleetNode) -> None:
    """A started daemon ends the questions of the one before; its own children and ports stay."""
    await until(lambda: not [left for left in left_by(node) if left.startswith("ask ")], "old questions are ended")


async def test_ready_before_anybody_was_told(rig: Rig) -> None:
    dock, runtime = rig["dock"], rig.runtimes["dock"]
    runtime.hold("before-load")
    archive = rig.drop()
    await until(lambda: runtime.record("before-load", archive.name), "dock loads")
    await reached(archive, "ready", [rig["pod"]])
    await asyncio.gather(rig["origin"].kill(), rig["pod"].kill())
    runtime.let_go("before-load")
    await written(dock, archive, "ready")
    await dock.kill()
    assert row_of(dock, archive) == ("ready", True)
    await nothing_left(dock)
    await rig.fleet.start()

    async def told() -> bool:
        found = await cell(rig["origin"], archive.digest, "dock")
        return found is not None and found.state == "ready"

    await until(told, "the origin learns that dock is ready")
    await rig.ends_well(archive)


async def test_waiting(rig: Rig) -> None:
    dock, runtime = rig["dock"], rig.runtimes["dock"]
    runtime.fail_loads("out of luck")
    archive = rig.drop()
    await written(dock, archive, "waiting")
    await dock.kill()
    assert row_of(dock, archive) == ("waiting", True)
    await nothing_left(dock)
    runtime.mend_loads()
    await dock.start()
    await rig.ends_well(archive)


async def test_the_origin_while_it_serves(rig: Rig) -> None:
    await rig.limit("dock", "pod")
    archive = rig.drop(LARGE_BYTES)
    await _one_fetches(rig, archive)
    await rig["origin"].kill()
    await until(lambda: f"port {rig['origin'].rsync_port}" not in left_by(rig["origin"]), "the data door is gone")
    await rig["origin"].start()
    await rig.ends_well(archive)


async def _one_fetches(rig: Rig, archive: Archive) -> str:
    """Wait until one of the targets has some bytes; its name."""
    fetching: list[str] = []

    def begun() -> bool:
        for name in ("dock", "pod"):
            incoming = rig[name].store / ".incoming" / archive.fingerprint / "data"
            if incoming.exists() and incoming.stat().st_size > 100_000:
                fetching.append(name)
        return bool(fetching)

    await until(begun, "bytes come in")
    return fetching[0]


async def test_the_origin_for_good_once_another_node_has_the_archive(rig: Rig) -> None:
    await rig.limit("pod")
    await act(rig["pod"], "pause", nodes=["pod"])
    archive = rig.drop(LARGE_BYTES)
    await reached(archive, "ready", [rig["dock"]])
    await act(rig["dock"], "pause", nodes=["dock"])
    await act(rig["pod"], "resume", nodes=["pod"])
    assert await _one_fetches(rig, archive) == "pod"
    await rig["origin"].kill()
    (found,) = await reached(archive, "ready", [rig["pod"]])
    assert found.source == "dock"
    await act(rig["dock"], "resume", nodes=["dock"])
    await rig["origin"].start()
    await rig.ends_well(archive)
