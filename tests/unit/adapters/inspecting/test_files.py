"""Reading a file that may be gone, another's, moving, or no file at all; and always in flat memory."""

import errno
import hashlib
import os
import socket
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.adapters.inspecting.files import BLOCK_BYTES, StoppedError
from backend.adapters.inspecting.inspector import FileInspector, hash_alone, inspect_file
from backend.adapters.inspecting.limits import Limits
from backend.model.archive import ArchiveFacts, Compression
from backend.model.errors import DsyncError, StoreError, UnreadableError, UnstableError, VanishedError
from backend.ports.tasks import TaskOwner
from tests.support.archives import BLOCK, Tar, old_docker, picture

MIB = 1 << 20


def inspect(path: Path) -> ArchiveFacts:
    return inspect_file(path, Limits(), threading.Event())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return old_docker().write(tmp_path / "app.tar")


def while_reading(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen right after the first read."""
    real, waiting = os.pread, [happens]

    def read(descriptor: int, length_bytes: int, offset_bytes: int) -> bytes:
        data = real(descriptor, length_bytes, offset_bytes)
        if waiting:
            waiting.pop()()
        return data

    monkeypatch.setattr(os, "pread", read)


def test_both_hashes_are_of_all_bytes(path: Path) -> None:
    data = path.read_bytes()
    for hashes in (inspect(path).hashes, hash_alone(path, threading.Event())):
        assert hashes.fingerprint == hashlib.md5(data).hexdigest()
        assert hashes.digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
        assert hashes.size_bytes == len(data)


# --- what is no file of ours ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda path: path.symlink_to("/etc/hostname"), "a symbolic link"),
        (lambda path: path.symlink_to("nowhere"), "a symbolic link"),
        (lambda path: path.mkdir(), "a directory"),
        (os.mkfifo, "a named pipe"),
        (lambda path: socket.socket(socket.AF_UNIX).bind(os.path.relpath(path)), "a socket"),
    ],
    ids=["link", "dangling link", "directory", "pipe", "socket"],
)
def test_only_regular_files_are_read(tmp_path: Path, make: Callable[[Path], object], what: str) -> None:
    """A pipe must not keep the reader waiting for its other end."""
    path = tmp_path / "app.tar"
    make(path)
    with pytest.raises(UnreadableError) as caught:
        inspect(path)
    assert caught.value.params == {"name": "app.tar", "detail": f"{what}, not a regular file"}
    with pytest.raises(StoreError):
        hash_alone(path, threading.Event())


@pytest.mark.parametrize(
    ("number", "kind", "detail"),
    [
        (errno.EACCES, UnreadableError, "Permission denied"),
        (errno.EIO, UnreadableError, "Input/output error"),
        (errno.EMFILE, UnreadableError, "Too many open files"),
        (errno.ENOENT, VanishedError, None),
        (errno.ESTALE, VanishedError, None),
    ],
)
@pytest.mark.parametrize("call", ["open", "pread"])
def test_what_the_kernel_refuses_is_told_with_its_reason(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, kind: type[DsyncError], detail: str | None
) -> None:
    def refuse(*words: object, **more: object) -> object:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(kind) as caught:
        inspect(path)
    assert caught.value.params["name"] == "app.tar"
    assert caught.value.params.get("detail") == detail


@pytest.mark.real("root")
def test_a_file_without_permission_is_unreadable(path: Path) -> None:
    """Truly: by a process that is not root."""
    path.chmod(0o000)
    path.parent.chmod(0o755)
    script = (
        "import os, sys, threading; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "from pathlib import Path\n"
        "from backend.adapters.inspecting.inspector import inspect_file\n"
        "from backend.adapters.inspecting.limits import Limits\n"
        "from backend.model.errors import UnreadableError\n"
        "try:\n    inspect_file(Path('app.tar'), Limits(), threading.Event())\n"
        "except UnreadableError as error:\n    print(error.params['detail'])\n"
    )
    command = [sys.executable, "-c", _imports() + script]
    told = subprocess.run(command, cwd=path.parent, stdout=subprocess.PIPE, timeout=30, check=True).stdout
    assert told == b"Permission denied\n"


# --- files that move --------------------------------------------------------------------------


def test_a_file_that_vanishes_while_it_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    while_reading(monkeypatch, path.unlink)
    with pytest.raises(VanishedError):
        inspect(path)


@pytest.mark.parametrize("what", ["grows", "shrinks", "is touched", "is replaced"])
def test_a_file_that_moves_while_it_is_read(path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    def happens() -> None:
        match what:
            case "grows":
                with path.open("ab") as file:
                    file.write(b"x")
            case "shrinks":
                os.truncate(path, 100)
            case "is touched":
                os.utime(path, (1, 1))
            case _:
                fresh = old_docker(picture("two")).write(path.with_name("fresh"))
                fresh.rename(path)

    while_reading(monkeypatch, happens)
    with pytest.raises(UnstableError):
        inspect(path)


def test_a_verdict_on_a_moving_file_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a file that is being written is truncated: nobody is told so."""
    path = tmp_path / "app.tar"
    data = old_docker().data()
    path.write_bytes(data[:3000])
    while_reading(monkeypatch, lambda: path.write_bytes(data))
    with pytest.raises(UnstableError):
        inspect(path)


def test_a_second_name_for_serving_disturbs_no_inspection(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    while_reading(monkeypatch, lambda: os.link(path, path.with_name("ticket")))
    assert len(inspect(path).images) == 1


def test_a_stopped_read_ends(path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        inspect_file(path, Limits(), stop)


# --- many and large ---------------------------------------------------------------------------


async def test_a_few_files_are_read_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_now, most = [0], [0]
    real_open, real_close = os.open, os.close
    descriptors = set()

    def opened(name: object, *words: int, **more: int) -> int:
        descriptor = real_open(name, *words, **more)  # type: ignore[arg-type]
        if str(name).endswith(".tar"):
            descriptors.add(descriptor)
            open_now[0] += 1
            most[0] = max(most[0], open_now[0])
        return descriptor

    def closed(descriptor: int) -> None:
        if descriptor in descriptors:
            descriptors.discard(descriptor)
            open_now[0] -= 1
        real_close(descriptor)

    paths = [old_docker(picture(str(number))).write(tmp_path / f"{number}.tar") for number in range(12)]
    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "close", closed)
    inspector, owner = FileInspector(parallel=3), TaskOwner("test")
    tasks = [owner.start(inspector.inspect(path), path.name) for path in paths]
    facts = [await task for task in tasks]
    assert len({found.images[0].config for found in facts}) == 12
    assert 1 <= most[0] <= 3
    assert open_now == [0]


@pytest.mark.parametrize("packing", [Compression.NONE, Compression.GZIP, Compression.ZSTD])
def test_memory_is_flat_in_the_archive_s_size(tmp_path: Path, packing: Compression) -> None:
    """A layer of 40 MB, of zeros so that the file is quickly made."""
    large = bytes(40 * MIB)
    tar = old_docker()
    path = Tar({**tar.members, "large": large}).write(tmp_path / "app.tar", packing)
    del large
    tracemalloc.start()
    try:
        facts = inspect(path)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert facts.unpacked_bytes > 40 * MIB
    # Blocks that wait for both hashes; zstd's pieces are as large as what 1 KiB of zeros unpacks to.
    assert peak_bytes < 24 * BLOCK_BYTES + (64 * MIB if packing is Compression.ZSTD else 4 * MIB)


def test_an_uncompressed_archive_is_not_read_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for the hashes; the walk reads headers and documents only."""
    path = Tar({**old_docker().members, "large": bytes(8 * MIB)}).write(tmp_path / "app.tar")
    real, read_bytes = os.pread, [0]

    def counted(descriptor: int, length_bytes: int, offset_bytes: int) -> bytes:
        data = real(descriptor, length_bytes, offset_bytes)
        read_bytes[0] += len(data)
        return data

    monkeypatch.setattr(os, "pread", counted)
    inspect(path)
    assert read_bytes[0] < path.stat().st_size + 100 * BLOCK


def _imports() -> str:
    """The project's packages, loaded before the rights are dropped: its folder may be root's alone."""
    return (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[4])!r})\n"
        "import backend.adapters.inspecting.inspector\n"
    )
