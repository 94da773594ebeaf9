"""What lies in a store and is never taken is named, with what to do about it."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from backend.adapters.store import DirectoryStore
from backend.model.errors import BadNameError, FolderError, LinkError, SpecialFileError
from backend.model.plain import plain
from backend.texts import message_of, remedy_of


async def paste(shell: str, command: str, directory: Path) -> None:
    child = await asyncio.create_subprocess_exec(shell, "-c", command, cwd=directory)
    assert await child.wait() == 0


def make_file(directory: Path, name: bytes) -> None:
    os.close(os.open(os.fsencode(directory) + b"/" + name, os.O_CREAT | os.O_WRONLY))


@pytest.fixture
async def store(tmp_path: Path) -> DirectoryStore:
    made = DirectoryStore(tmp_path / "it's a \\ $(store)")
    await made.prepare()
    return made


async def test_what_is_never_taken_is_named_and_what_nobody_waits_for_is_not(store: DirectoryStore) -> None:
    directory = store.directory
    (directory / "link.tar").symlink_to("/elsewhere/app.tar")
    (directory / "folder.tar.gz").mkdir()
    os.mkfifo(directory / "pipe.TGZ")
    with socket.socket(socket.AF_UNIX) as made:
        here = os.open(directory, os.O_RDONLY)
        made.bind(f"/proc/self/fd/{here}/socket.tar")
        os.close(here)
    make_file(directory, b"caf\xe9")
    for name in ("notes", ".app.tar", "app.tar.part"):
        (directory / name).mkdir()
    (directory / "latest").symlink_to("app.tar")
    make_file(directory, b"app.tar")
    make_file(directory, b"caf\xe9.tar.part")
    assert list(await store.list()) == ["app.tar"]
    odd = await store.oddities()
    assert {name: type(error) for name, error in odd.items()} == {
        "link.tar": LinkError,
        "folder.tar.gz": FolderError,
        "pipe.TGZ": SpecialFileError,
        "socket.tar": SpecialFileError,
        "caf\udce9": BadNameError,
    }
    assert all(error.params["name"] == plain(name) for name, error in odd.items())
    for name in (path.name for path in directory.iterdir()):
        one = store.oddity_of(name)
        assert (one.problem() if one else None) == (odd[name].problem() if name in odd else None)
    assert store.oddity_of("none.tar") is None
    assert store.oddity_of("../none.tar") is None


@pytest.mark.parametrize("name", [b"caf\xe9 ab\n'c.tar", b"\xff", b"-\xe9.tar"])
async def test_the_remedy_for_a_bad_name_can_be_pasted(store: DirectoryStore, tmp_path: Path, name: bytes) -> None:
    make_file(store.directory, name)
    (error,) = (await store.oddities()).values()
    assert message_of(error.problem()).isprintable()
    _, _, command = remedy_of(error.problem()).partition(": ")
    await paste("bash", command, tmp_path)
    assert (tmp_path / "NEW.tar").exists()
    assert await store.oddities() == {}


async def test_the_remedy_for_a_link_brings_the_file_in(store: DirectoryStore, tmp_path: Path) -> None:
    (tmp_path / "app.tar").write_bytes(b"whole")
    link = store.directory / "the app.tar"
    link.symlink_to(tmp_path / "app.tar")
    (error,) = (await store.oddities()).values()
    _, _, command = remedy_of(error.problem()).partition(": ")
    await paste("sh", command, store.directory)
    assert link.read_bytes() == b"whole"
    assert list(await store.list()) == ["the app.tar"]
