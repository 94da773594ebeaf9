"""What is dropped decides: images from a real ``docker save``, the same bytes again, half a file, another layout."""

import asyncio
import os
import shlex
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from backend.model.archive import Layout
from backend.ports.tasks import TaskOwner
from dsync_tui import exit_codes
from tests.support.fleet import (
    Archive,
    Fleet,
    FleetNode,
    archive_of,
    archives,
    build,
    cell,
    command,
    known,
    log_of,
    logged,
    reached,
    until,
    visible,
    with_settings,
)
from tests.support.fleet_runtimes import HeldClient
from tests.support.runtimes import PrivateDocker, PrivatePodman

pytestmark = [
    pytest.mark.fleet,
    pytest.mark.real("root", "rsync", "docker", "dockerd", "podman", "skopeo"),
    pytest.mark.asyncio(loop_scope="module"),
]


@dataclass
class Rig:
    """``bare`` has no runtime; ``dock`` has docker with its classic store, ``pod`` has podman."""

    fleet: Fleet
    directory: Path
    dock: HeldClient
    pod: HeldClient

    def __getitem__(self, name: str) -> FleetNode:
        return self.fleet[name]

    async def everywhere(self, archive: Archive) -> None:
        await reached(archive, "stored", [self["bare"]])
        await reached(archive, "ready", [self["dock"], self["pod"]])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(
    tmp_path_factory: pytest.TempPathFactory, private_docker: PrivateDocker, private_podman: PrivatePodman
) -> AsyncIterator[Rig]:
    directory = tmp_path_factory.mktemp("archives")
    dock = HeldClient(directory / "dock-client", "docker", private_docker.command)
    pod = HeldClient(directory / "pod-client", "podman", private_podman.command)
    plans = [with_settings("bare"), with_settings("dock", dock.settings), with_settings("pod", pod.settings)]
    try:
        async with Fleet(directory / "nodes", plans, keep=True) as fleet:
            yield Rig(fleet, directory, dock, pod)
    finally:
        private_docker.clear()
        private_podman.clear()


async def test_an_image_that_docker_saved_is_ready_everywhere(rig: Rig) -> None:
    made = build(rig.directory / "made.tar", "saved:1", "saved:stable", seed=31, size_bytes=2_000_000)
    rig.dock.by_hand("load", "--input", str(made.path))
    path = rig["bare"].store / "saved.tar"
    rig.dock.by_hand("save", "--output", str(path), "saved:1", "saved:stable")
    rig.dock.by_hand("image", "rm", "saved:1", "saved:stable")
    assert not rig.dock.has_image(made.config)
    saved = archive_of(path)
    await rig.everywhere(saved)
    for runtime in (rig.dock, rig.pod):
        for tag in ("saved:1", "saved:stable"):
            assert runtime.image_of(f"docker.io/library/{tag}") == made.config
    for node in rig.fleet.nodes:
        assert visible(node) == {"saved.tar": saved.sha256}
        assert (node.store / "saved.tar").stat().st_mode & 0o777 == (0o600 if node.name == "bare" else 0o644)
    called = await command(rig["pod"], "status")
    assert called.code == exit_codes.DONE
    assert "all deliveries have ended well" in called.out


async def test_the_same_bytes_under_another_name_are_an_alias(rig: Rig) -> None:
    archive = build(rig.directory / "same.tar", "same:1", seed=32)
    archive.drop(rig["bare"])
    await rig.everywhere(archive)
    before = [await cell(node, archive.digest) for node in rig.fleet.nodes]
    archive.drop(rig["bare"], "copy of same.tar")
    archive.drop(rig["dock"], "again.tar")
    await until(lambda: logged(rig["bare"], "alias"), "bare knows the bytes")
    await until(lambda: logged(rig["dock"], "alias"), "dock knows the bytes")
    (line,) = logged(rig["bare"], "alias")
    assert "copy of same.tar has the bytes of same.tar: an alias, nothing to send" in line
    for name, alias in (("bare", "copy of same.tar"), ("dock", "again.tar")):
        found = await known(rig[name], archive.digest)
        assert found is not None
        assert (found.name, found.aliases) == ("same.tar", [alias])
        called = await command(rig[name], "status", alias, "--json")
        assert f'"digest":"{archive.digest}"' in called.out.replace(" ", "")
    assert [await cell(node, archive.digest) for node in rig.fleet.nodes] == before
    assert rig.dock.loads(archive.name) == rig.pod.loads(archive.name) == 1
    assert rig.dock.loads("again.tar") == 0
    for node in rig.fleet.nodes:
        assert len([found for found in await archives(node) if found.digest == archive.digest]) == 1


async def test_half_a_file_is_rejected_with_its_reason_and_goes_nowhere(rig: Rig) -> None:
    whole = build(rig.directory / "whole.tar", "half:1", seed=33, size_bytes=1_000_000)
    half = rig.directory / "half.tar"
    half.write_bytes(whole.path.read_bytes()[:600_000])
    cut = archive_of(half)
    cut.drop(rig["bare"])
    await until(lambda: logged(rig["bare"], "archive-rejected"), "bare rejects it")
    reason = "half.tar ends too early: ends after 600000 bytes, in the middle of a member: at least "
    assert reason in logged(rig["bare"], "archive-rejected", "code=archive-truncated")[0]
    called = await command(rig["bare"], "status")
    assert called.code == exit_codes.NOT_WELL
    assert f"rejected: {reason}" in called.out
    assert "try: copy it again in full: docker save -o half.tar IMAGE" in called.out
    # What is published later arrives after anything that had been sent before.
    later = build(rig.directory / "later.tar", "later:1", seed=34)
    later.drop(rig["bare"])
    await rig.everywhere(later)
    for node in (rig["dock"], rig["pod"]):
        assert not [found for found in await archives(node) if found.name == "half.tar"]
        assert cut.sha256 not in visible(node).values()
        assert "half.tar" not in log_of(node)
        assert (await command(node, "status")).code == exit_codes.DONE
    # The remedy works: the whole file under the same name.
    whole.drop(rig["bare"], "half.tar")
    await rig.everywhere(whole)
    assert (await command(rig["bare"], "status")).code == exit_codes.DONE


def type_in(line: str, directory: Path) -> None:
    """What an operator does with a command that an error gives."""
    subprocess.run(shlex.split(line), cwd=directory, check=True, capture_output=True, timeout=60)


async def test_a_layout_that_docker_does_not_take_names_the_command_that_converts_it(rig: Rig) -> None:
    oci = build(rig.directory / "oci.tar", "oci:1", seed=35, layout=Layout.OCI)
    oci.drop(rig["bare"])
    await reached(oci, "ready", [rig["pod"]])
    (failed,) = await reached(oci, "failed", [rig["dock"]])
    assert failed.error == "docker cannot load oci.tar: its layout is oci-layout"
    convert = "skopeo copy oci-archive:oci.tar docker-archive:oci.docker.tar:docker.io/library/oci:1"
    assert failed.remedy == f"convert it, then replace the file: {convert}"
    assert (failed.retries, rig.dock.loads(oci.name)) == (0, 0)
    called = await command(rig["bare"], "status", "oci.tar")
    assert called.code == exit_codes.NOT_WELL
    assert f"{failed.error}; try: {failed.remedy}" in called.out
    await until(lambda: logged(rig["dock"], "delivery-failed"), "a person is told")
    alerts = logged(rig["dock"], "delivery-failed", "code=layout-unsupported")
    assert len(alerts) == 1
    assert " CRITICAL " in alerts[0]

    type_in(convert, rig.directory)
    converted = archive_of(rig.directory / "oci.docker.tar")
    converted.drop(rig["bare"], "oci.tar")
    await rig.everywhere(converted)
    assert rig.dock.image_of("oci:1") == oci.config == rig.pod.image_of("docker.io/library/oci:1")
    # What the successor has replaced troubles nobody any more.
    assert (await command(rig["bare"], "status")).code == exit_codes.DONE


async def test_what_is_never_taken_is_told_once_and_hides_nothing_else(rig: Rig) -> None:
    """A link, a folder, and a name that is not UTF-8 under which somebody goes on writing."""
    node = rig["bare"]
    (node.store / "link.tar").symlink_to("/elsewhere/app.tar")
    (node.store / "folder.tar").mkdir()
    await until(lambda: logged(node, "left-alone", "code=file-is-folder"), "the folder is told")
    bad = node.store / os.fsdecode(b"caf\xe9.tar")
    writing = TaskOwner("writer")
    writing.start(_write_on(bad), "write")
    await until(lambda: logged(node, "left-alone", "code=file-name-bad"), "the bad name is told")
    beside = build(rig.directory / "beside.tar", "beside:1", seed=36)
    beside.drop(node)
    await rig.everywhere(beside)
    await writing.close()
    bad.unlink()
    assert "caf\\udce9.tar is not valid UTF-8" in logged(node, "left-alone", "code=file-name-bad")[0]
    assert "link.tar is a symbolic link, which is not followed" in logged(node, "left-alone", "code=file-is-link")[0]
    assert len(logged(node, "left-alone")) == 3
    called = await command(node, "explain", "file-is-link")
    assert "put the file itself in its place" in called.out


async def _write_on(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(descriptor, b"x")
            await asyncio.sleep(0.001)
    finally:
        os.close(descriptor)
