"""``plan`` over a real archive on this machine: told, not done."""

import asyncio
import contextlib
import gc
import json
import os
import sys
from pathlib import Path

import pytest

from backend.model.archive import CatalogEntry
from backend.model.delivery import Ready
from backend.model.errors import FolderError, TruncatedError, UnreadableError
from backend.ports.tasks import TaskOwner
from dsync_tui import exit_codes
from dsync_tui import planned_file as reading
from dsync_tui.planned_file import planned_file
from tests.support.command_line import CommandLine
from tests.support.control import serving
from tests.support.engine import FakeEngine, entry_of
from tests.support.tiny import tiny_archive

TAG = "docker.io/library/app:1"


@pytest.fixture
def call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, capsys)


@pytest.fixture
def made(tmp_path: Path) -> CatalogEntry:
    """A real archive, ``app.tar``."""
    return tiny_archive(tmp_path / "app.tar", {"one": ("app:1",)})


def fleet() -> FakeEngine:
    """Three nodes; one does not answer. Another archive was published as app.tar."""
    engine = FakeEngine(nodes=3)
    entry = engine.add(entry_of(1, "app.tar", (TAG,), size_bytes=2048))
    engine.state.owners[TAG] = entry.digest
    engine.set(0, entry, Ready(), stored=True)
    next(peer for peer in engine.state.peers.values() if peer.node.name == "node-2").up = False
    return engine


async def test_a_file_is_read_here_and_told_what_it_would_do(
    tmp_path: Path, call: CommandLine, made: CatalogEntry
) -> None:
    engine = fleet()
    async with serving(engine, tmp_path, read_only=True):
        called = await call("plan", str(tmp_path / "app.tar"))
    assert called.code == exit_codes.DONE
    size = f"{made.size_bytes / 1024:.1f} KiB"
    assert called.out.splitlines() == [
        f"app.tar is new to the fleet: {size}, {TAG}",
        "supersedes app.tar, which was published under the same name",
        f"takes the tag {TAG} from app.tar",
        "",
        f"NODE    DOES            {'SIZE':<{len(size)}}  WHY",
        "node-0  loads its copy  -",
        f"node-1  gets a copy     {size}",
        f"node-2  gets a copy     {size}  node-2 does not answer",
        "",
        f"over the wire: {size}, and {size} once nothing hinders",
    ]
    assert not engine.files


async def test_an_archive_and_named_nodes(tmp_path: Path, call: CommandLine) -> None:
    async with serving(fleet(), tmp_path):
        called = await call("plan", "app.tar", "--to", "node-1", "--json")
    assert called.code == exit_codes.DONE
    document = json.loads(called.out)
    assert (document["verdict"], document["known_as"], document["moving_bytes"]) == ("known", "app.tar", 2048)
    assert [(step["node"], step["does"]) for step in document["steps"]] == [("node-1", "copy")]


@pytest.mark.parametrize("word", ["", "here", "./here"])
async def test_a_folder_is_said_to_be_one(tmp_path: Path, call: CommandLine, word: str) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    async with serving(fleet(), tmp_path):
        with contextlib.chdir(tmp_path):
            called = await call("plan", word or str(folder))
    assert (called.code, called.out) == (exit_codes.USAGE, "")
    assert f"{word.removeprefix('./') or folder} is no regular file, but a folder" in called.err
    assert "chmod" not in called.err


async def test_what_would_be_rejected_is_not_well(tmp_path: Path, call: CommandLine, made: CatalogEntry) -> None:
    engine = fleet()
    engine.add(entry_of(5, "known.tar", fingerprint=made.fingerprint))
    async with serving(engine, tmp_path):
        called = await call("plan", str(tmp_path / "app.tar"))
    assert called.code == exit_codes.NOT_WELL
    assert called.out.splitlines()[0] == "app.tar would be rejected"
    assert made.fingerprint in called.out.splitlines()[1]


async def test_files_that_are_no_archives_say_why(tmp_path: Path, made: CatalogEntry) -> None:
    whole = (tmp_path / "app.tar").read_bytes()
    (tmp_path / "half.tar").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TruncatedError) as truncated:
        await planned_file(tmp_path / "half.tar")
    assert truncated.value.params["name"] == "half.tar"
    with pytest.raises(FolderError):
        await planned_file(tmp_path)
    os.mkfifo(tmp_path / "pipe.tar")
    with pytest.raises(UnreadableError):
        await planned_file(tmp_path / "pipe.tar")


def test_a_console_that_goes_while_a_file_is_read_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "pid"
    slow = f"import os, time; f = open({str(told)!r}, 'w'); f.write(f'{{os.getpid()}}\\n'); f.close(); time.sleep(300)"
    monkeypatch.setattr(reading, "backend_command", lambda *_: [sys.executable, "-c", slow])
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)

    async def leave() -> None:
        task = TaskOwner("screen").start(planned_file(tmp_path / "app.tar"), "plan")
        async with asyncio.timeout(60):
            while not told.exists() or not told.read_text().endswith("\n"):  # noqa: ASYNC110 (a file of another process)
                await asyncio.sleep(0.01)
        # The screen goes, and a moment after it the loop: each cancels what is left.
        task.cancel()
        for _ in range(5):
            await asyncio.sleep(0)

    asyncio.run(leave())
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)
    gc.collect()
    assert complaints == []


async def test_what_the_back_end_reads_is_what_the_archive_is(tmp_path: Path, made: CatalogEntry) -> None:
    file = await planned_file(tmp_path / "app.tar")
    assert (file.name, file.fingerprint, file.digest) == ("app.tar", made.fingerprint, made.digest)
    assert file.size_bytes == made.size_bytes
    assert [(image.config, image.tags) for image in file.images] == [(made.images[0].config, (TAG,))]
