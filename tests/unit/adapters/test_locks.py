"""Load locks outlive the process that took them, as long as a child holds the descriptor."""

import asyncio
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from backend.adapters.children import ChildRegister
from backend.adapters.locks import LoadLocks, default_directory
from backend.model.errors import LocalError

DAEMON = """
import asyncio, sys
from pathlib import Path
from backend.adapters.children import ChildRegister
from backend.adapters.locks import LoadLocks
async def main():
    lock = await LoadLocks(Path(sys.argv[1])).acquire("docker:a")
    register = ChildRegister(Path(sys.argv[1]))
    child = await register.spawn(["sleep", "60"], purpose="load", about="x", pass_fds=(lock.fileno(),))
    other = await register.spawn(["sleep", "60"], purpose="ask", about="x")
    print(other.pid, flush=True)
    await child.wait()
asyncio.run(main())
"""


def killed_daemon(directory: Path) -> None:
    argv = [sys.executable, "-c", DAEMON, str(directory)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        daemon.stdout.readline()
        daemon.kill()


async def test_a_killed_daemons_loader_keeps_the_lock_until_it_ends(tmp_path: Path) -> None:
    killed_daemon(tmp_path)
    locks, children = LoadLocks(tmp_path), ChildRegister(tmp_path)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(locks.acquire("docker:a"), 0.2)
    by_purpose = {record.purpose: record for record in children.survivors()}
    assert set(by_purpose) == {"load", "ask"}
    await children.end(by_purpose["load"])
    # The other child lives on, and was not given the descriptor.
    locks.release(await asyncio.wait_for(locks.acquire("docker:a"), 30))
    await children.end(by_purpose["ask"])


async def test_releasing_takes_nothing_from_a_loader_that_still_runs(tmp_path: Path) -> None:
    locks, children = LoadLocks(tmp_path), ChildRegister(tmp_path)
    lock = await locks.acquire("docker:a")
    child = await children.spawn(["sleep", "60"], purpose="load", about="x", pass_fds=(lock.fileno(),))
    locks.release(lock)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(locks.acquire("docker:a"), 0.2)
    await child.end()
    locks.release(await asyncio.wait_for(locks.acquire("docker:a"), 30))


async def test_the_file_is_ours_alone_and_named_by_a_hash(tmp_path: Path) -> None:
    locks = LoadLocks(tmp_path / "lock")
    lock = await locks.acquire("podman:/a b/../c\n")
    (file,) = (tmp_path / "lock").iterdir()
    assert file == locks.path("podman:/a b/../c\n")
    assert file.name.startswith("dsync-load-")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    locks.release(lock)


async def test_a_link_in_the_lock_directory_is_refused(tmp_path: Path) -> None:
    locks = LoadLocks(tmp_path)
    locks.path("docker:a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LocalError, match="dsync-load-"):
        await locks.acquire("docker:a")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.real("root")
async def test_another_users_file_is_refused(tmp_path: Path) -> None:
    locks = LoadLocks(tmp_path)
    path = locks.path("docker:a")
    path.touch()
    os.chown(path, 65534, 65534)
    with pytest.raises(LocalError, match="belongs to user 65534"):
        await locks.acquire("docker:a")


def test_root_uses_run_lock_and_others_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_directory() == Path("/run/lock")
    monkeypatch.setattr(os, "geteuid", lambda: 1234567)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert default_directory() == tmp_path
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
    assert default_directory().name == "dsync-1234567"
