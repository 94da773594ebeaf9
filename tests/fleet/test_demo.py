"""The demo as a user runs it: real daemons, real archives, real runtimes, and nothing left of it."""

import asyncio
import json
import os
import re
import shlex
import signal
import sys
from pathlib import Path

import pytest

from backend.adapters.locks import LoadLocks
from backend.adapters.runtimes.podman import endpoint_of
from backend.api.client import ControlClient
from backend.demo.archives import make_archive
from backend.settings import load_settings
from tests.support.demo_run import WITHIN_S, DemoRun, assert_gone, call, gone, processes_of, running
from tests.support.pseudo_terminal import PseudoTerminal
from tests.support.runtimes import PrivateDocker, run

pytestmark = [pytest.mark.fleet, pytest.mark.real("rsync"), pytest.mark.timeout(2 * WITHIN_S)]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """What the demo says on stderr."""
    return tmp_path / "stderr"


def _archive(directory: Path, name: str = "app.tar", tag: str = "app:1") -> Path:
    return make_archive(directory / name, tag, 2_000_000, seed=7).path


async def test_three_nodes_without_a_runtime_end_stored(log: Path) -> None:
    ended = await call(log, "--nodes", "3", "--runtime", "none", "--headless", "--once", "--json")
    assert ended.code == 0, ended.err
    states = ended.states()
    assert set(states) == {"web-1.tar", "cron.tar", "tools.tar", "web-2.tar"}
    assert all(cells == ["stored"] * 3 for cells in states.values())
    assert ended.document.node == "node-1"
    assert sorted(node.name for node in ended.document.nodes) == ["node-1", "node-2", "node-3"]
    assert ended.err.count("runtime none, archives end as stored") == 3
    assert_gone(ended.directory)


@pytest.mark.real("root", "podman", "namespaces", "nsenter")
async def test_two_podmans_hold_the_tags_until_a_signal_ends_all(log: Path, tmp_path: Path) -> None:
    file = _archive(tmp_path)
    async with running(log, "--nodes", "2", "--headless", "--json", str(file)) as demo:
        directory = await demo.directory()
        await demo.standing()
        assert await _ended_well(directory / "node-1/run/control.sock", nodes=2) == {"ready"}
        looks = re.findall(r"images +(podman .*)$", demo.err, re.M)
        assert len(looks) == 2
        for look in looks:
            assert "docker.io/library/app:1" in run(*shlex.split(look), "--format", "{{.Repository}}:{{.Tag}}").split()
        locks = [LoadLocks().path(endpoint_of(f"{directory}/podman/node-{number}")) for number in (1, 2)]
        assert all(lock.exists() for lock in locks)
        demo.process.send_signal(signal.SIGTERM)
        ended = await demo.ended()
    assert ended.code == 0
    assert ended.states() == {"app.tar": ["ready", "ready"]}
    assert_gone(directory)
    assert not any(lock.exists() for lock in locks)
    assert file.exists()


async def _ended_well(socket: Path, nodes: int) -> set[str]:
    """Wait until the one archive has ended well on all nodes; how."""
    async with asyncio.timeout(WITHIN_S), ControlClient(socket) as client:
        while True:
            archives = (await client.status(full=True)).archives
            states = [cell.state for cell in archives[0].deliveries] if archives else []
            if len(states) == nodes and {"ready", "stored"}.issuperset(states):
                return set(states)
            await asyncio.sleep(0.1)


@pytest.mark.real("root", "docker", "dockerd", "namespaces", "nsenter")
async def test_a_node_with_a_dockerd_of_its_own(log: Path) -> None:
    ended = await call(log, "--nodes", "1", "--runtime", "dockerd", "--once", "--json")
    assert ended.code == 0, ended.err
    assert all(cells == ["ready"] for cells in ended.states().values())
    assert ended.document.nodes[0].runtime.startswith("docker ")
    assert_gone(ended.directory)


@pytest.mark.real("root", "docker", "dockerd")
async def test_a_docker_that_is_shared_gets_each_archive_once_and_keeps_no_image(
    log: Path, private_docker: PrivateDocker
) -> None:
    private_docker.clear()
    host = f"unix://{private_docker.socket}"
    ended = await call(log, "--nodes", "2", "--once", "--json", DOCKER_HOST=host)
    assert ended.code == 0, ended.err
    for archive in ended.document.archives:
        assert all(tag.startswith("docker.io/dsync-demo/") for tag in archive.tags)
        for cell in archive.deliveries:
            assert cell.state == "ready"
            # Also the second node fetches its own copy, although the image is there already.
            assert (cell.bytes_received > 0) == (cell.node != archive.origin)
    assert run(*private_docker.command, "image", "ls", "--all", "--quiet") == ""
    assert_gone(ended.directory)


async def test_a_docker_that_was_named_and_does_not_answer_is_no_reason_for_another(log: Path, tmp_path: Path) -> None:
    ended = await call(log, "--nodes", "1", "--once", DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert ended.code == 2
    assert "does not answer" in ended.err
    assert_gone(ended.directory)


async def test_files_good_twice_and_truncated(log: Path, tmp_path: Path) -> None:
    """The same bytes are one archive under all its names; what ends too early is rejected with its reason."""
    good, whole = _archive(tmp_path), _archive(tmp_path, "whole.tar", "other:1")
    copy, cut = tmp_path / "copy.tar", tmp_path / "cut.tar"
    copy.write_bytes(good.read_bytes())
    cut.write_bytes(whole.read_bytes()[:-700_000])
    files = (str(good), str(copy), str(cut), str(good))
    ended = await call(log, "--nodes", "2", "--runtime", "none", "--once", "--json", *files)
    assert ended.code == 1
    archives = {archive.state: archive for archive in ended.document.archives}
    assert len(archives) == len(ended.document.archives) == 2
    assert {archives["active"].name, *archives["active"].aliases} == {"app.tar", "copy.tar", "app-2.tar"}
    assert [cell.state for cell in archives["active"].deliveries] == ["stored", "stored"]
    rejected = archives["rejected"]
    assert (rejected.name, rejected.deliveries) == ("cut.tar", [])
    assert (rejected.reason or "").startswith("cut.tar ends too early")
    assert "docker save" in (rejected.remedy or "")
    assert_gone(ended.directory)


async def test_when_time_is_up_the_document_tells_how_far_it_came_and_what_is_kept_is_only_files(
    log: Path, tmp_path: Path
) -> None:
    words = ("--nodes", "2", "--runtime", "none", "--once", "--json", "--timeout", "0.05", "--keep")
    ended = await call(log, *words, TMPDIR=str(tmp_path))
    assert ended.code == 1
    assert len(ended.document.nodes) == 2
    assert "not every delivery has ended within 0.05 s" in ended.err
    assert f"everything is left in {ended.directory}" in ended.err
    assert processes_of(ended.directory) == []
    assert (ended.directory / "node-2/dsync.toml").is_file()
    assert not (ended.directory / "node-1/run/control.sock").exists()


async def test_a_kill_leaves_nothing(log: Path) -> None:
    """With runtimes where they can be had; without root the nodes have none."""
    async with running(log, "--nodes", "2", "--headless") as demo:
        directory = await demo.directory()
        await demo.saying(r"is in the store of")
        assert len(processes_of(directory)) >= 4, "two daemons and their data doors"
        demo.process.kill()
        await demo.process.wait()
        await gone(directory)


async def test_a_kill_while_the_fleet_starts_leaves_nothing(log: Path) -> None:
    async with running(log, "--nodes", "3", "--headless", "--runtime", "none") as demo:
        directory = await demo.directory()
        await _until_one_starts(demo, directory)
        demo.process.kill()
        await demo.process.wait()
        await gone(directory)


async def _until_one_starts(demo: DemoRun, directory: Path) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await asyncio.to_thread(_has_log, directory):
            assert demo.process.returncode is None
            await asyncio.sleep(0.01)


def _has_log(directory: Path) -> bool:
    return any(directory.glob("node-*/daemon.log"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
async def test_a_signal_before_the_end_is_told_by_the_exit_code(log: Path, number: signal.Signals) -> None:
    async with running(log, "--nodes", "2", "--once", "--runtime", "none") as demo:
        directory = await demo.directory()
        await _until_one_starts(demo, directory)
        demo.process.send_signal(number)
        ended = await demo.ended()
    assert ended.code == 128 + number
    assert_gone(directory)


async def test_it_ends_with_the_command_that_started_it(log: Path) -> None:
    async with running(log, "--nodes", "1", "--runtime", "none", "--announce") as demo:
        assert demo.process.stdout is not None
        assert demo.process.stdin is not None
        line = await asyncio.wait_for(demo.process.stdout.readline(), WITHIN_S)
        socket = Path(json.loads(line)["socket"])
        async with ControlClient(socket) as client:
            assert (await client.greeting()).node == "node-1"
        demo.process.stdin.close()
        ended = await demo.ended()
    assert (ended.code, ended.out) == (0, b"")
    assert_gone(ended.directory)


async def test_a_kill_of_the_command_line_ends_its_fleet(log: Path) -> None:
    words = ("--nodes", "1", "--runtime", "none", "--once")
    async with running(log, *words, module="dsync_tui") as demo:
        directory = await demo.directory()
        await _until_one_starts(demo, directory)
        demo.process.kill()
        await demo.process.wait()
        await gone(directory)


async def test_a_long_temporary_directory(log: Path, tmp_path: Path) -> None:
    """Sockets need short paths: those go elsewhere, and nowhere is anything left, also after a kill."""
    long = tmp_path / ("long" * 20)
    long.mkdir()
    file = _archive(tmp_path)
    environment = {"TMPDIR": str(long)}
    async with running(log, "--nodes", "2", "--headless", str(file), environment=environment) as demo:
        directory = await demo.directory()
        assert directory.is_relative_to(long)
        await demo.standing()
        socket = load_settings(directory / "node-1/dsync.toml").control_socket
        assert not socket.is_relative_to(directory)
        await _ended_well(socket, nodes=2)
        demo.process.kill()
        await demo.process.wait()
        await gone(directory)
        await gone(socket.parent)


def test_leaving_the_demos_console_ends_the_fleet_and_says_so() -> None:
    environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    command = (sys.executable, "-m", "dsync_tui", "demo", "--nodes", "2", "--runtime", "none")
    with PseudoTerminal(command, environment) as terminal:
        terminal.until_shown("ATTACHED")
        terminal.press("q")
        assert terminal.ended(WITHIN_S) == 0
        assert "The console was left; what it showed ends with it." in terminal.text()
        assert "The engine goes on" not in terminal.text()
