"""A full disk holds what needs it, says so, uses up no retry and no effort, and lets it go on once there is room."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from dsync_tui import exit_codes
from tests.support.fleet import (
    Archive,
    Fleet,
    FleetNode,
    act,
    build,
    cell,
    command,
    logged,
    reached,
    until,
    with_settings,
)
from tests.support.fleet_runtimes import HeldClient
from tests.support.runtimes import PrivatePodman, run, unmount_below

pytestmark = [
    pytest.mark.fleet,
    pytest.mark.real("root", "rsync", "podman"),
    pytest.mark.asyncio(loop_scope="module"),
]

MIB = 1 << 20
STORE_BYTES = 40 * MIB
ROOT_BYTES = 64 * MIB
ARCHIVE_BYTES = 6 * MIB


@dataclass
class Rig:
    """``narrow`` has a small disk for its store and no runtime; ``pod`` has a podman on a small disk."""

    fleet: Fleet
    directory: Path
    pod: HeldClient
    pod_root: Path

    def __getitem__(self, name: str) -> FleetNode:
        return self.fleet[name]

    def archive(self, number: int) -> Archive:
        return build(self.directory / f"f{number}.tar", f"f{number}:1", seed=400 + number, size_bytes=ARCHIVE_BYTES)


@contextmanager
def small_disk(path: Path, size_bytes: int) -> Iterator[None]:
    """Mount a tmpfs of that size."""
    run("mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=0755", "tmpfs", str(path))
    try:
        yield
    finally:
        unmount_below(path)


def fill(directory: Path, leave_bytes: int) -> Path:
    """Write a file that leaves just so much room."""
    found = os.statvfs(directory)
    filler = directory / ".filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - leave_bytes)
    return filler


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    directory = tmp_path_factory.mktemp("full")
    podman = PrivatePodman(ROOT_BYTES)
    podman.start()
    pod = HeldClient(directory / "pod-client", "podman", podman.command)
    plans = [with_settings("origin"), with_settings("narrow"), with_settings("pod", pod.settings)]
    fleet = Fleet(directory / "nodes", plans, keep=True)
    try:
        fleet.prepare()
        with small_disk(fleet["narrow"].store, STORE_BYTES):
            try:
                await fleet.start()
                yield Rig(fleet, directory, pod, Path(podman.command[podman.command.index("--root") + 1]))
            finally:
                await fleet.close()
    finally:
        podman.close()


async def test_no_room_for_an_archive_holds_it_before_a_byte_moves(rig: Rig) -> None:
    narrow, archive = rig["narrow"], rig.archive(1)
    filler = fill(narrow.store, 3 * MIB)
    await until(partial(_says_free, narrow, 3 * MIB), "narrow has measured its disk")
    archive.drop(rig["origin"])
    (held,) = await reached(archive, "held", [narrow])
    needed = f"{(archive.size_bytes + MIB) / MIB:.1f} MiB"
    kept = "store.min_free keeps 1.0 MiB free"
    assert held.error == f"disk full at {narrow.store}: {needed} needed, 3.0 MiB free; {kept}"
    assert held.remedy == (
        "make room: dsync-tui clean --dry-run, docker image prune; it then goes on by itself; "
        "or ask for less than 1.0 MiB in store.min_free"
    )
    called = await command(narrow, "status")
    assert called.code == exit_codes.NOT_WELL
    shown = held.remedy.replace("dsync-tui", f"dsync-tui --config {narrow.config}")
    assert f"{held.error}; try: {shown}" in called.out
    assert (held.attempts, held.retries) == (0, 0)
    filler.unlink()
    (stored,) = await reached(archive, "stored", [narrow])
    assert (stored.attempts, stored.retries) == (1, 0)


async def _says_free(node: FleetNode, free_bytes: int) -> bool:
    async with node.client() as client:
        me = next(each for each in (await client.status()).nodes if each.name == node.name)
    return abs(me.free_bytes - free_bytes) < MIB


async def test_a_disk_that_fills_up_in_the_midst_is_not_run_against(rig: Rig) -> None:
    narrow, archive = rig["narrow"], rig.archive(2)
    await act(narrow, "limit", nodes=["narrow"], argument="1MiB/s")
    archive.drop(rig["origin"])
    incoming = narrow.store / ".incoming" / archive.fingerprint / "data"
    await until(lambda: incoming.exists() and incoming.stat().st_size > MIB, "bytes come in")
    filler = fill(narrow.store, 0)
    (held,) = await reached(archive, "held", [narrow])
    assert held.error is not None
    assert held.error.startswith(f"disk full at {narrow.store}")
    await until(partial(_says_free, narrow, 0), "narrow has measured its disk")
    before = await cell(narrow, archive.digest)
    assert before is not None
    assert (before.state, before.retries) == ("held", 0)
    assert len(logged(narrow, "fetch-began", archive.name)) <= 2
    # Held is quiet: no try, and no row that says again what was said.
    await reached(_dropped(rig, 3), "stored", [rig["origin"]])
    assert await cell(narrow, archive.digest) == before
    filler.unlink()
    (stored,) = await reached(archive, "stored", [narrow])
    assert stored.retries == 0
    assert stored.bytes_saved > 0


def _dropped(rig: Rig, number: int) -> Archive:
    archive = rig.archive(number)
    archive.drop(rig["origin"])
    return archive


async def test_a_runtimes_full_disk_holds_loading_until_there_is_room(rig: Rig) -> None:
    pod, archive = rig["pod"], rig.archive(4)
    filler = fill(rig.pod_root, MIB)
    archive.drop(rig["origin"])
    (held,) = await reached(archive, "held", [pod])
    assert held.error is not None
    assert held.error.startswith(f"disk full at {rig.pod_root}: ")
    tries = len(rig.pod.record("load", archive.name))
    assert tries == 1
    # Several probes of the runtime later it has not been tried again, and the cell has said nothing new.
    before = await cell(pod, archive.digest)
    probed = len(rig.pod.record("probe")) + 2
    await until(lambda: len(rig.pod.record("probe")) >= probed, "the runtime is probed several times")
    assert await cell(pod, archive.digest) == before
    assert len(rig.pod.record("load", archive.name)) == tries
    assert len(logged(pod, "runtime-sick")) == 1
    assert not logged(pod, "runtime-well")
    filler.unlink()
    (ready,) = await reached(archive, "ready", [pod])
    assert ready.retries == 0
    assert rig.pod.image_of(f"docker.io/library/{archive.name.removesuffix('.tar')}:1") == archive.config
    assert len(logged(pod, "runtime-well")) == 1
