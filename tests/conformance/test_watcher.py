"""Port ``Watcher``: the fake and the real one behave alike; and what only a real directory can do."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest

from backend.adapters import watching
from backend.adapters.watching import FileWatcher
from backend.ports.fake_intake import FakeWatcher
from backend.ports.tasks import TaskOwner
from backend.ports.watching import Watcher

WITHIN_S = 60
EVERYTHING: frozenset[str] = frozenset()


class House(Protocol):
    """A watcher and its directory, seen from the world."""

    @property
    def directory(self) -> Path: ...
    @property
    def watcher(self) -> Watcher: ...
    def write(self, name: str) -> None: ...
    def remove(self, name: str) -> None: ...
    def replace(self) -> None: ...


class FakeHouse:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.watcher = FakeWatcher()

    def write(self, name: str) -> None:
        self.watcher.tell(name)

    def remove(self, name: str) -> None:
        self.watcher.tell(name)

    def replace(self) -> None:
        self.watcher.renew()


class RealHouse:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.watcher = FileWatcher()

    def write(self, name: str) -> None:
        (self.directory / name).write_bytes(b"x")

    def remove(self, name: str) -> None:
        (self.directory / name).unlink()

    def replace(self) -> None:
        self.directory.rename(self.directory.with_name("old"))
        self.directory.mkdir()


class Listener:
    """Collects what a watcher tells, in a task of its own."""

    def __init__(self, watcher: Watcher, directory: Path) -> None:
        self._news: asyncio.Queue[frozenset[str]] = asyncio.Queue()
        self._owner = TaskOwner("listener")
        self._owner.start(self._listen(watcher, directory), "listen")

    async def _listen(self, watcher: Watcher, directory: Path) -> None:
        async for names in watcher.changes(directory):
            self._news.put_nowait(names)

    async def next(self) -> frozenset[str]:
        return await asyncio.wait_for(self._news.get(), WITHIN_S)

    async def until(self, wanted: str) -> list[frozenset[str]]:
        """All that is told up to the set that names ``wanted``."""
        told: list[frozenset[str]] = []
        while not told or wanted not in told[-1]:
            told.append(await self.next())
        return told

    async def until_anew(self) -> None:
        """Pass over names until the watch begins anew."""
        while await self.next() != EVERYTHING:
            pass

    @property
    def waiting(self) -> int:
        return self._news.qsize()

    async def close(self) -> None:
        await self._owner.close()


@pytest.fixture(params=["fake", "real"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> House:
    directory = tmp_path / "store"
    directory.mkdir()
    return FakeHouse(directory) if request.param == "fake" else RealHouse(directory)


@pytest.fixture
async def listener(house: House) -> AsyncIterator[Listener]:
    made = Listener(house.watcher, house.directory)
    yield made
    await made.close()


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[tuple[Path, Listener]]:
    directory = tmp_path / "store"
    directory.mkdir()
    listener = Listener(FileWatcher(), directory)
    yield directory, listener
    await listener.close()


async def test_at_first_everything_is_to_be_looked_at(house: House, listener: Listener) -> None:
    assert await listener.next() == EVERYTHING


async def test_names_are_told(house: House, listener: Listener) -> None:
    await listener.next()
    house.write("app.tar")
    assert await listener.next() == {"app.tar"}
    house.remove("app.tar")
    assert (await listener.until("app.tar"))[-1] == {"app.tar"}


async def test_names_that_cannot_be_archives_wake_nobody(house: House, listener: Listener) -> None:
    await listener.next()
    for name in (".hidden", "a.tmp", "b.part", "c.rsync-tmp", ".app.tar.Xy12"):
        house.write(name)
    house.write("app.tar")
    assert await listener.until("app.tar") == [{"app.tar"}]


async def test_a_directory_that_is_replaced_is_looked_at_anew_and_watched(house: House, listener: Listener) -> None:
    await listener.next()
    house.replace()
    await listener.until_anew()
    house.write("app.tar")
    await listener.until("app.tar")


# --- real directories -------------------------------------------------------------------------


async def test_what_lies_in_subdirectories_wakes_nobody(real: tuple[Path, Listener]) -> None:
    """2 GB that come in below .incoming would wake us hundreds of times."""
    directory, listener = real
    (directory / ".incoming" / "1").mkdir(parents=True)
    (directory / "folder").mkdir()
    await listener.next()
    for number in range(20):
        (directory / ".incoming" / "1" / "data").write_bytes(b"x" * number)
        (directory / "folder" / f"{number}.tar").write_bytes(b"x")
    (directory / "app.tar").write_bytes(b"x")
    assert "app.tar" in (await listener.until("app.tar"))[-1]
    assert listener.waiting == 0


async def test_both_names_of_a_rename_are_told(real: tuple[Path, Listener]) -> None:
    directory, listener = real
    (directory / "old.tar").write_bytes(b"x")
    await listener.next()
    (directory / "old.tar").rename(directory / "new.tar")
    told: set[str] = set()
    while not told >= {"old.tar", "new.tar"}:
        told |= await listener.next()
    assert told == {"old.tar", "new.tar"}


async def test_a_change_of_rights_is_told(real: tuple[Path, Listener]) -> None:
    """A file that could not be read may be readable now."""
    directory, listener = real
    (directory / "app.tar").write_bytes(b"x")
    await listener.next()
    (directory / "app.tar").chmod(0o600)
    assert await listener.next() == {"app.tar"}


async def test_a_directory_that_comes_later_and_goes_and_comes_back(tmp_path: Path) -> None:
    directory = tmp_path / "store"
    listener = Listener(FileWatcher(), directory)
    for _ in range(5):
        directory.mkdir()
        await listener.until_anew()
        (directory / "app.tar").write_bytes(b"x")
        await listener.until("app.tar")
        shutil.rmtree(directory)
    await listener.close()


async def test_a_link_that_is_pointed_elsewhere_is_followed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    link = tmp_path / "store"
    link.symlink_to("one")
    listener = Listener(FileWatcher(), link)
    await listener.next()
    (tmp_path / "fresh").symlink_to("two")
    (tmp_path / "fresh").rename(link)
    await listener.until_anew()
    (tmp_path / "two" / "app.tar").write_bytes(b"x")
    await listener.until("app.tar")
    await listener.close()


async def test_a_name_that_is_no_unicode_ends_no_watch(real: tuple[Path, Listener]) -> None:
    directory, listener = real
    await listener.next()
    os.close(os.open(os.fsencode(directory) + b"/caf\xe9.tar", os.O_CREAT | os.O_WRONLY))
    (directory / "app.tar").write_bytes(b"x")
    # Told by name, or by "look at everything": either leads to the file.
    assert await listener.next() in ({"app.tar"}, EVERYTHING)
    (directory / "later.tar").write_bytes(b"x")
    while not ({"later.tar"} <= (told := await listener.next()) or told == EVERYTHING):
        pass


async def test_a_file_under_such_a_name_that_is_being_written_leaves_nobody_blind(real: tuple[Path, Listener]) -> None:
    """It is written faster than a watch can begin."""
    directory, listener = real
    written = asyncio.Event()

    async def write() -> None:
        descriptor = os.open(os.fsencode(directory) + b"/caf\xe9.tar", os.O_CREAT | os.O_WRONLY)
        try:
            while True:
                os.write(descriptor, b"x")
                written.set()
                await asyncio.sleep(0.001)
        finally:
            os.close(descriptor)

    writer = TaskOwner("writer")
    writer.start(write(), "write")
    await written.wait()
    while listener.waiting:
        await listener.next()
    for number in range(5):
        (directory / f"{number}.tar").write_bytes(b"x")
        while not ({f"{number}.tar"} <= (told := await listener.next()) or told == EVERYTHING):
            pass
    await writer.close()


async def test_where_no_watch_can_be_had_it_is_looked_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """fs.inotify.max_user_watches is used up by others: slower, but not blind, and said once."""

    def refuse(*words: object, **more: object) -> object:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(watching, "awatch", refuse)
    monkeypatch.setattr(watching, "BLIND_S", 0.01)
    listener = Listener(FileWatcher(), tmp_path)
    for _ in range(3):
        assert await listener.next() == EVERYTHING
    assert len([record for record in caplog.records if "limit reached" in record.message]) == 1
    await listener.close()
