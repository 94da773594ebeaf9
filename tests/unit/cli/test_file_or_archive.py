"""A word that may be a file of this machine and an archive of the fleet, in ``sync`` and ``plan``."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.model.archive import Order
from backend.model.errors import NotAnImageError
from dsync_tui import exit_codes
from tests.support.command_line import CommandLine
from tests.support.control import serving
from tests.support.engine import FakeEngine, entry_of, node_id
from tests.support.tiny import tiny_archive

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    """The current folder, with two archives and a folder in it."""
    folder = tmp_path / "here"
    (folder / "sub").mkdir(parents=True)
    (folder / "known.d").mkdir()
    tiny_archive(folder / "app.tar", {"one": ("app:1",)})
    tiny_archive(folder / "sub" / "app.tar", {"two": ("app:2",)})
    with contextlib.chdir(folder):
        yield folder


@pytest.fixture
def call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, capsys)


def fleet(name: str = "app.tar") -> FakeEngine:
    engine = FakeEngine()
    engine.add(entry_of(7, name=name, tags=("docker.io/team/web:1",)))
    return engine


@pytest.mark.parametrize("command", ["sync", "plan"])
async def test_a_bare_name_of_both_is_refused(tmp_path: Path, call: CommandLine, command: str) -> None:
    engine = fleet()
    async with serving(engine, tmp_path):
        called = await call(command, "app.tar")
    assert (called.code, called.out) == (exit_codes.USAGE, "")
    assert "say ./app.tar for the file, or the fingerprint (000007ff) for the archive" in called.err
    assert (engine.files, engine.acts) == ({}, [])


async def test_a_bare_name_of_a_file_and_of_several_archives_is_refused(tmp_path: Path, call: CommandLine) -> None:
    engine = fleet()
    engine.add(entry_of(8, name="app.tar", origin=node_id(1)))
    async with serving(engine, tmp_path):
        called = await call("sync", "app.tar")
    assert called.code == exit_codes.USAGE
    assert "the fingerprint (app.tar (000007ff), app.tar (000008ff)) for the archive" in called.err


async def test_an_archive_that_ended_is_known_too(tmp_path: Path, call: CommandLine) -> None:
    engine = FakeEngine()
    engine.add(entry_of(7, name="app.tar", withdrawn_at=Order(90, node_id(0))))
    async with serving(engine, tmp_path):
        assert (await call("sync", "app.tar")).code == exit_codes.USAGE


@pytest.mark.parametrize("word", ["./app.tar", "sub/app.tar"])
async def test_a_path_means_the_file(tmp_path: Path, call: CommandLine, here: Path, word: str) -> None:
    engine = fleet()
    async with serving(engine, tmp_path):
        called = await call("sync", word)
        planned = await call("plan", word)
    assert (called.code, engine.acts) == (exit_codes.DONE, [])
    assert engine.files == {"app.tar": (here / word).read_bytes()}
    assert planned.out.startswith("app.tar is new to the fleet")


async def test_a_path_that_leads_nowhere_is_no_archive(tmp_path: Path, call: CommandLine) -> None:
    async with serving(fleet("gone.tar"), tmp_path):
        for command in ("sync", "plan"):
            called = await call(command, "./gone.tar")
            assert (called.code, called.out) == (exit_codes.USAGE, "")
            assert "gone.tar cannot be read: No such file" in called.err


@pytest.mark.parametrize("word", ["gone.tar", "team/web:1", "known.d", "000007"])
async def test_what_only_the_catalog_knows_means_the_archive(tmp_path: Path, call: CommandLine, word: str) -> None:
    engine = fleet("known.d" if word == "known.d" else "gone.tar")
    async with serving(engine, tmp_path):
        called = await call("sync", word)
        planned = await call("plan", word)
    assert (called.code, planned.code, engine.files) == (exit_codes.DONE, exit_codes.DONE, {})
    assert engine.acts[0][1] == "sync"


async def test_a_bare_name_that_only_lies_here_means_the_file(tmp_path: Path, call: CommandLine, here: Path) -> None:
    engine = fleet("other.tar")
    # A rejected file is no archive: the one that lies here may be its good successor.
    engine.reject("app.tar", NotAnImageError(name="app.tar", detail="").problem())
    async with serving(engine, tmp_path):
        called = await call("sync", "app.tar")
    assert called.code == exit_codes.DONE
    assert engine.files == {"app.tar": (here / "app.tar").read_bytes()}
