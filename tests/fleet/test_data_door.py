"""The real data door: what it refuses, how it is kept running, and that nothing stays behind."""

import asyncio
import os
import random
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from backend.adapters.children import ChildRegister
from backend.adapters.rsync.door import RsyncDoor
from backend.adapters.rsync.listening import holder_of
from backend.model.errors import DoorError, StoreError, ToolMissingError, TransferFailedError, TransferRefusedError
from backend.model.messages import Ticket
from backend.ports.clock import FakeClock
from backend.ports.tasks import TaskOwner
from backend.ports.transport import FetchJob, FetchProgress
from tests.support.data_plane import HOST, SECRET, Rig, opened, real_door, real_rig, rsyncs_about, until

pytestmark = [pytest.mark.real("rsync"), pytest.mark.fleet]

DATA = b"layer" * 1000
SIGHTS = ("victim2", "absolute", "upwards")


class Thief:
    """A plain rsync client with a valid ticket of its own, and ideas."""

    def __init__(self, rig: Rig, directory: Path) -> None:
        ticket = rig.admit("mine", user="thief")
        self.base = f"rsync://thief@{HOST}:{ticket.port}/dsync"
        self.loot = directory / "loot"
        self.loot.mkdir()
        self._register = ChildRegister(directory / "thief")

    async def run(self, *words: str) -> tuple[int, str]:
        """Run rsync; exit code and all that it said."""
        child = await self._register.spawn(
            ["rsync", *words], purpose="thief", about="", env={"RSYNC_PASSWORD": SECRET}, stderr_limit_bytes=65536
        )
        async with child:
            async with asyncio.timeout(60):
                code = await child.wait()
        return code, child.stdout + child.stderr

    @property
    def stolen(self) -> set[str]:
        return {path.name for path in self.loot.rglob("*") if not path.is_dir()}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = real_rig(tmp_path)
    for name in ("mine", "victim1", "deep/victim2"):
        made.put(name, DATA)
    serving = tmp_path / "holder" / "serving"
    (tmp_path / "holder" / "secret").write_bytes(b"outside the serving directory")
    (serving / "absolute").symlink_to("/etc/hostname")
    (serving / "upwards").symlink_to("../secret")
    async with opened(made):
        made.admit("victim1", user="other")
        yield made


@pytest.fixture
def thief(rig: Rig, tmp_path: Path) -> Thief:
    return Thief(rig, tmp_path)


async def test_the_thief_gets_its_own_file(thief: Thief) -> None:
    code, words = await thief.run(f"{thief.base}/mine", f"{thief.loot}/")
    assert code == 0, words
    assert thief.stolen == {"mine"}


STRANGE_PATHS = (
    "victim1",
    "deep/victim2",
    "mine/../victim1",
    "./victim1",
    "/victim1",
    "../secret",
    "../../../../../../etc/passwd",
    "absolute",
    "upwards",
    "victim?",
    "v*",
    "deep/*",
    "[uv]ictim1",
    "deep",
    "deep/",
    ".",
    "",
    "../run/rsync/secrets",
    "%RSYNC_USER_NAME%",
)


async def test_another_path_yields_nothing(thief: Thief) -> None:
    for path in STRANGE_PATHS:
        _, words = await thief.run(f"{thief.base}/{path}", f"{thief.loot}/")
        assert thief.stolen == set(), path
        assert not [name for name in SIGHTS if name in words and name not in path], path


async def test_a_pattern_finds_only_what_is_ones_own(thief: Thief) -> None:
    await thief.run(f"{thief.base}/*", f"{thief.loot}/")
    assert thief.stolen == {"mine"}


REFUSED_OPTIONS = (
    "--list-only",
    "-r",
    "-d",
    "-a",
    "-R",
    "-l",
    "-L",
    "-D",
    "-H",
    "-A",
    "-X",
    "--files-from=:/victim1",
    "--delete -r",
    "--copy-unsafe-links",
    "--remove-source-files",
    "--copy-devices",
    "--checksum",
    "--secluded-args -r",
    "--filter=+_/victim1 -r",
    "--iconv=utf8,latin1",
    "--remote-option=--list-only",
    "--remote-option=--daemon",
    "--remote-option=--log-file=/tmp/x",
)


async def test_options_that_list_follow_or_change_are_refused(thief: Thief) -> None:
    for options in REFUSED_OPTIONS:
        code, words = await thief.run(*options.split(), f"{thief.base}/", f"{thief.loot}/")
        assert code != 0, options
        assert thief.stolen == set(), options
        assert not [name for name in SIGHTS if name in words], options


async def test_options_that_only_the_client_heeds_gain_nothing(thief: Thief) -> None:
    for option in ("--write-devices", "--fuzzy", "--partial-dir=.x", "--temp-dir=/tmp", "--link-dest=/etc", "-s"):
        for path in ("", "victim1", "deep/"):
            _, words = await thief.run(option, f"{thief.base}/{path}", f"{thief.loot}/")
            assert thief.stolen == set(), (option, path)
            assert not [name for name in SIGHTS if name in words], (option, path)


async def test_the_module_is_not_listed(thief: Thief) -> None:
    code, words = await thief.run(thief.base.removesuffix("dsync"))
    assert (code, words) == (0, "")


async def test_nothing_can_be_written(thief: Thief, tmp_path: Path) -> None:
    source = tmp_path / "poison"
    source.write_bytes(b"poison")
    before = {path.name for path in (tmp_path / "holder").rglob("*")} | {"rsyncd.lock", "rsyncd.log"}
    for path in ("new", "mine", "victim1", "../secret"):
        code, words = await thief.run("--inplace", str(source), f"{thief.base}/{path}")
        assert code != 0, path
        assert "read only" in words or "refuse" in words, path
    assert {path.name for path in (tmp_path / "holder").rglob("*")} <= before
    assert (tmp_path / "holder" / "serving" / "mine").read_bytes() == DATA
    assert (tmp_path / "holder" / "secret").read_bytes() == b"outside the serving directory"


async def test_a_user_without_a_list_of_paths_reads_nothing(rig: Rig, tmp_path: Path) -> None:
    ticket = rig.admit("mine")
    (tmp_path / "holder" / "run" / "rsync" / "paths" / ticket.user).unlink()
    with pytest.raises(TransferFailedError, match="startup line"):
        await rig.fetch(rig.job(ticket, len(DATA)))
    assert not rig.target.exists()


async def test_secrets_are_nowhere_to_be_seen(rig: Rig, tmp_path: Path) -> None:
    rig.put("big", os.urandom(8_000_000))
    ticket = rig.admit("big", secret="a-very-special-secret")
    tasks = TaskOwner("test")
    tasks.start(rig.fetch(rig.job(ticket, 8_000_000, bandwidth_bps=1_000_000)), "fetch")
    await until(lambda: rig.target.exists() and rig.target.stat().st_size > 0)
    seen = _visible_words(tmp_path)
    await tasks.close()
    assert any(b"rsync://" in words for words in seen), "the client was not seen at work"
    assert not [words for words in seen if b"a-very-special-secret" in words]
    logged = (tmp_path / "holder" / "logs" / "rsyncd.log").read_text()
    assert "connect from" in logged
    assert "a-very-special-secret" not in logged


def _visible_words(directory: Path) -> list[bytes]:
    processes = [Path("/proc") / str(pid) for pid in rsyncs_about(directory)]
    return [(process / name).read_bytes() for process in processes for name in ("cmdline", "environ")]


async def test_rules_are_read_anew_at_each_connection_while_others_run(rig: Rig) -> None:
    size_bytes = 6_000_000
    rig.put("big", os.urandom(size_bytes))
    # It outlasts a dozen others, also on a busy machine.
    running = rig.job(rig.admit("big"), size_bytes, bandwidth_bps=500_000)
    other = rig.target.with_name("other")
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(rig.fetch(running))
        await until(lambda: rig.target.exists() and rig.target.stat().st_size > 0)
        rig.door.dismiss(running.ticket.user)
        for number in range(100):
            user = f"guest{number}"
            ticket = rig.admit("mine", user=user)
            if number % 20 == 0:
                job = rig.job(ticket, len(DATA), target=other)
                await rig.transport.fetch(job, lambda report: None)
                rig.door.dismiss(user)
                with pytest.raises(TransferRefusedError):
                    await rig.transport.fetch(job, lambda report: None)
                other.unlink()
            rig.door.dismiss(user)
        assert not slow.done()
    assert rig.target.stat().st_size == size_bytes


async def test_a_thousand_addresses_are_no_trouble(rig: Rig) -> None:
    for number in range(1000):
        rig.door.admit(f"far{number}", SECRET, f"10.1.{number // 250}.{number % 250}", frozenset({"victim1"}))
    await rig.fetch(rig.job(rig.admit("mine"), len(DATA)))
    assert rig.target.read_bytes() == DATA


async def test_a_caller_from_elsewhere_is_turned_away(tmp_path: Path) -> None:
    rig = real_rig(tmp_path)
    rig.put("mine", DATA)
    async with opened(rig):
        rig.door.admit("far", SECRET, "10.9.9.9", frozenset({"mine"}))
        ticket = msgspec.structs.replace(_ticket(rig, "mine"), user="far")
        with pytest.raises(TransferRefusedError):
            await rig.fetch(rig.job(ticket, len(DATA)))


def _ticket(rig: Rig, path: str) -> Ticket:
    ticket = rig.admit(path)
    rig.door.dismiss(ticket.user)
    return ticket


async def test_networks_may_connect_beside_the_guests_addresses(tmp_path: Path) -> None:
    rig = real_rig(tmp_path, networks=("127.0.0.0/8",))
    rig.put("mine", DATA)
    async with opened(rig):
        rig.door.admit("far", SECRET, "10.9.9.9", frozenset({"mine"}))
        await rig.fetch(rig.job(msgspec.structs.replace(_ticket(rig, "mine"), user="far"), len(DATA)))
        assert rig.target.read_bytes() == DATA


async def test_ipv6_is_served(tmp_path: Path) -> None:
    if not _has_ipv6():
        pytest.skip("real part missing: no IPv6 on the loopback interface")
    for host in ("::1", "::"):
        rig = real_rig(tmp_path / f"h{len(host)}", host=host)
        rig.put("mine", DATA)
        async with opened(rig):
            ticket = rig.admit("mine")
            rig.door.admit(ticket.user, SECRET, "::1", frozenset({"mine"}))
            assert await rig.door.answering()
            await rig.fetch(rig.job(ticket, len(DATA), host="::1"))
            assert rig.target.read_bytes() == DATA


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def let_through(directory: Path) -> None:
    """Anybody may pass to what lies below, as far as pytest's own directories go."""
    for folder in (directory, *directory.parents):
        if folder.stat().st_mode & 0o777 == 0o700:
            folder.chmod(0o711)


async def test_without_root_there_is_no_chroot(tmp_path: Path) -> None:
    rig = real_rig(tmp_path, as_root=False)
    for name in ("mine", "victim1"):
        rig.put(name, DATA)
        (tmp_path / "holder" / "serving" / name).chmod(0o644)
    (tmp_path / "holder" / "secret").write_bytes(b"outside")
    (tmp_path / "holder" / "serving" / "upwards").symlink_to("../secret")
    if os.geteuid() == 0:
        # Started by root without `uid`, rsync reads as nobody, who must get through to the files.
        let_through(tmp_path)
    async with opened(rig):
        thief = Thief(rig, tmp_path)
        for strange in ("victim1", "upwards", "../secret", "../../secret", ""):
            await thief.run(f"{thief.base}/{strange}", f"{thief.loot}/")
            assert thief.stolen == set(), strange
        await thief.run(f"{thief.base}/*", f"{thief.loot}/")
        assert thief.stolen == {"mine"}


async def test_a_taken_port_names_its_holder(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        door = real_door(tmp_path, port=port)
        with pytest.raises(DoorError) as caught:
            await door.open()
    assert f"(pid {os.getpid()})" in caught.value.params["detail"]
    assert caught.value.params["address"] == f"{HOST}:{port}"
    assert not await door.answering()
    assert not (tmp_path / "run" / "rsync" / "secrets").exists()


async def test_a_daemon_that_cannot_start_tells_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "bin" / "rsync"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'rsync: no luck today' >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken.parent}:{os.environ['PATH']}")
    with pytest.raises(DoorError, match="no luck today"):
        await real_door(tmp_path).open()


async def test_a_missing_rsync_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError) as caught:
        await real_door(tmp_path).open()
    assert caught.value.params == {"tool": "rsync", "package": "rsync"}


async def test_closing_leaves_nothing(rig: Rig, tmp_path: Path) -> None:
    port = rig.door.port
    assert rsyncs_about(tmp_path)
    assert holder_of(port) is not None
    await rig.door.close()
    assert rsyncs_about(tmp_path) == []
    assert holder_of(port) is None


async def test_closing_ends_transfers_that_run(rig: Rig, tmp_path: Path) -> None:
    rig.put("big", os.urandom(6_000_000))
    job = rig.job(rig.admit("big"), 6_000_000, bandwidth_bps=500_000)
    async with asyncio.TaskGroup() as group:
        fetching = group.create_task(_expect_failure(rig, job))
        await until(lambda: rig.target.exists() and rig.target.stat().st_size > 0)
        await rig.door.close()
    assert fetching.result()
    assert rsyncs_about(tmp_path) == []


async def _expect_failure(rig: Rig, job: FetchJob) -> str:
    with pytest.raises(TransferFailedError) as caught:
        await rig.fetch(job)
    return caught.value.params["exit_code"]


def _daemon_pid(door: RsyncDoor) -> int:
    child = door._child
    assert child is not None
    return child.pid


async def test_a_store_that_goes_away_under_a_fetch_is_not_the_sources_fault(rig: Rig) -> None:
    """rsync stands in its folder, follows it wherever it is moved, and ends content."""
    rig.put("large", random.Random(7).randbytes(2_000_000))
    gone = rig.target.parent.with_name("gone")

    def move_away(_: FetchProgress) -> None:
        if rig.target.exists():
            rig.target.parent.rename(gone)

    job = rig.job(rig.admit("large"), 2_000_000, bandwidth_bps=1_000_000)
    with pytest.raises(StoreError, match="not there"):
        await rig.transport.fetch(job, move_away)
    assert (gone / rig.target.name).stat().st_size == 2_000_000


async def test_a_daemon_that_dies_is_started_again_on_its_port(tmp_path: Path) -> None:
    clock = FakeClock()
    rig = real_rig(tmp_path, clock)
    rig.put("mine", DATA)
    async with opened(rig):
        door = rig.door
        assert isinstance(door, RsyncDoor)
        ticket = rig.admit("mine")
        first = _daemon_pid(door)
        os.killpg(first, signal.SIGKILL)
        await until(lambda: door.problem is not None)
        assert not await door.answering()
        await clock.advance(0.5)
        await until(door.answering)
        await until(lambda: door.problem is None)
        assert _daemon_pid(door) != first
        assert rig.door.port == ticket.port
        await rig.fetch(rig.job(ticket, len(DATA)))


async def test_restarts_wait_longer_each_time_and_tell_why(tmp_path: Path) -> None:
    clock = FakeClock()
    door = real_door(tmp_path, clock)
    await door.open()
    try:
        os.killpg(_daemon_pid(door), signal.SIGKILL)
        await until(lambda: door.problem is not None)
        with socket.create_server((HOST, door.port)):
            await clock.advance(0.5)
            await until(lambda: "taken by" in str(door.problem))
        await clock.advance(0.9)
        assert not await door.answering()
        await clock.advance(0.2)
        await until(lambda: door.problem is None)
        assert await door.answering()
    finally:
        await door.close()


async def test_the_log_is_kept_within_its_bound(tmp_path: Path) -> None:
    clock = FakeClock()
    door = real_door(tmp_path, clock, log_limit_bytes=500)
    log = tmp_path / "logs" / "rsyncd.log"
    await door.open()
    try:
        for _ in range(20):
            assert await door.answering()
        await until(lambda: log.stat().st_size > 1000)
        await clock.advance(31.0)
        await until(lambda: log.stat().st_size < 500)
        assert (tmp_path / "logs" / "rsyncd.log.1").stat().st_size == 500
        before = log.stat().st_size
        await door.answering()
        await until(lambda: log.stat().st_size > before)
    finally:
        await door.close()
