"""Read leases tell whether somebody writes, and cost nobody anything."""

import asyncio
import fcntl
import mmap
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from backend.adapters.leases import ignore_lease_signal, read_lease_granted

WRITER_IN_BETWEEN = """
import fcntl, os, sys
from backend.adapters import leases

path = sys.argv[1]
real = fcntl.fcntl
turned_away = []

def racing(descriptor, command, argument=0):
    result = real(descriptor, command, argument)
    if command == fcntl.F_SETLEASE and argument == fcntl.F_RDLCK:
        try:
            os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except BlockingIOError:
            turned_away.append(path)
    return result

fcntl.fcntl = racing
assert leases.read_lease_granted(os.open(path, os.O_RDONLY)) is True
assert turned_away
os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
print("alive")
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "app.tar"
    made.write_bytes(b"data")
    return made


def granted(path: Path) -> bool | None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return read_lease_granted(descriptor)
    finally:
        os.close(descriptor)


def test_a_file_that_nobody_writes_is_quiet(path: Path) -> None:
    assert granted(path) is True
    with path.open("rb"):
        assert granted(path) is True


def test_a_file_that_this_process_writes_is_not(path: Path) -> None:
    with path.open("ab"):
        assert granted(path) is False
    assert granted(path) is True


def test_a_file_that_another_process_writes_is_not(path: Path) -> None:
    with path.open("ab") as file, subprocess.Popen(["sleep", "60"], stdout=file) as writer:
        file.close()
        assert granted(path) is False
        writer.kill()
    assert granted(path) is True


def test_a_file_that_is_mapped_for_writing_is_not(path: Path) -> None:
    """Closed, and still written to."""
    with path.open("r+b") as file:
        mapping = mmap.mmap(file.fileno(), 0)
    with mapping:
        assert granted(path) is False
    assert granted(path) is True


def test_what_can_have_no_lease_is_unknown(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    descriptor = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert read_lease_granted(descriptor) is None
    os.close(descriptor)
    assert granted(tmp_path) is None


def test_no_lease_is_left_behind(path: Path) -> None:
    """A writer that comes afterwards waits for nobody."""
    descriptor = os.open(path, os.O_RDONLY)
    assert read_lease_granted(descriptor) is True
    assert fcntl.fcntl(descriptor, fcntl.F_GETLEASE) == fcntl.F_UNLCK
    os.close(descriptor)


async def test_a_writer_in_between_kills_nobody(path: Path) -> None:
    """The kernel sends a signal whose default is to kill the holder of a lease."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER_IN_BETWEEN, str(path), stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, out) == (0, b"alive\n")


def test_the_signal_is_ignored_from_the_main_thread_only() -> None:
    before = signal.getsignal(signal.SIGIO)
    try:
        signal.signal(signal.SIGIO, signal.SIG_DFL)
        other = threading.Thread(target=ignore_lease_signal)
        other.start()
        other.join()
        assert signal.getsignal(signal.SIGIO) is signal.SIG_DFL
        ignore_lease_signal()
        assert signal.getsignal(signal.SIGIO) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGIO, before)
