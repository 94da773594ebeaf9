"""Port ``Store``: the fake and the real directory behave alike."""

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import msgspec
import pytest

from backend.adapters.store import DirectoryStore
from backend.model.archive import FileKey
from backend.model.errors import FolderError, StoreError, UnstableError
from backend.model.ids import Fingerprint
from backend.ports.fake_store import FakeStore
from backend.ports.store import Store

ONE = Fingerprint("1" * 32)
TWO = Fingerprint("2" * 32)


class House(Protocol):
    """A store, and the world's side of it."""

    @property
    def store(self) -> Store: ...
    def put(self, name: str, data: bytes) -> FileKey: ...
    def fetch(self, fingerprint: Fingerprint, data: bytes) -> None: ...
    def second_name(self, fingerprint: Fingerprint) -> None: ...
    def crash_while_placing(self, fingerprint: Fingerprint, name: str) -> FileKey: ...
    def make_folder(self, name: str) -> None: ...
    def files(self) -> Mapping[str, bytes]: ...
    def served(self) -> frozenset[str]: ...
    def writing(self, name: str) -> AbstractContextManager[None]: ...


class FakeHouse:
    def __init__(self) -> None:
        self.store = FakeStore()

    def put(self, name: str, data: bytes) -> FileKey:
        return self.store.put(name, data)

    def fetch(self, fingerprint: Fingerprint, data: bytes) -> None:
        self.store.incoming_path(fingerprint)
        self.store.fetch(fingerprint, data)

    def second_name(self, fingerprint: Fingerprint) -> None:
        file = self.store.fetched[fingerprint]
        assert file is not None
        self.store.fetched[fingerprint] = type(file)(file.key, file.data, links=2)

    def crash_while_placing(self, fingerprint: Fingerprint, name: str) -> FileKey:
        file = self.store.fetched[fingerprint]
        assert file is not None
        linked = type(file)(file.key, file.data, links=2)
        self.store.fetched[fingerprint] = self.store.files[name] = linked
        return file.key

    def make_folder(self, name: str) -> None:
        self.store.odd[name] = FolderError(name=name)

    def files(self) -> Mapping[str, bytes]:
        return {name: file.data for name, file in self.store.files.items()}

    def served(self) -> frozenset[str]:
        return frozenset(self.store.served)

    @contextmanager
    def writing(self, name: str) -> Iterator[None]:
        self.store.writers.add(name)
        yield
        self.store.writers.discard(name)


class RealHouse:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.store = DirectoryStore(directory)

    def put(self, name: str, data: bytes) -> FileKey:
        path = self.directory / name
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        key = self.store.key_of(name)
        assert key is not None
        return key

    def fetch(self, fingerprint: Fingerprint, data: bytes) -> None:
        self.store.incoming_path(fingerprint).write_bytes(data)

    def second_name(self, fingerprint: Fingerprint) -> None:
        os.link(self.store.incoming_path(fingerprint), self.directory.parent / "second")

    def crash_while_placing(self, fingerprint: Fingerprint, name: str) -> FileKey:
        os.link(self.store.incoming_path(fingerprint), self.directory / name)
        key = self.store.key_of(name)
        assert key is not None
        return key

    def make_folder(self, name: str) -> None:
        (self.directory / name).mkdir()

    def files(self) -> Mapping[str, bytes]:
        return {path.name: path.read_bytes() for path in self.directory.iterdir() if path.is_file()}

    def served(self) -> frozenset[str]:
        return frozenset(path.name for path in (self.directory / ".serving").iterdir())

    @contextmanager
    def writing(self, name: str) -> Iterator[None]:
        with (self.directory / name).open("r+b"):
            yield


@pytest.fixture(params=["fake", "real"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> House:
    house: House = FakeHouse() if request.param == "fake" else RealHouse(tmp_path / "store")
    await house.store.prepare()
    return house


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


# --- what lies there --------------------------------------------------------------------------


async def test_candidates_are_listed_with_their_keys(house: House) -> None:
    key = house.put("app.tar", b"one")
    for ignored in (".hidden", "a.tmp", "b.part", "c.rsync-tmp", ".app.tar.swp"):
        house.put(ignored, b"x")
    other = house.put("app 2.tar.gz", b"two")
    assert await house.store.list() == {"app.tar": key, "app 2.tar.gz": other}
    assert key.size_bytes == 3


async def test_a_key_tells_one_state_from_another(house: House) -> None:
    key = house.put("app.tar", b"one")
    assert house.store.key_of("app.tar") == key
    assert house.put("app.tar", b"two") != key
    assert house.store.key_of("gone.tar") is None


@pytest.mark.parametrize("name", ["", ".", "..", "../store/app.tar", "a/b"])
async def test_only_plain_names_name_files(house: House, name: str) -> None:
    house.put("app.tar", b"one")
    assert house.store.key_of(name) is None


async def test_a_writer_is_noticed(house: House) -> None:
    house.put("app.tar", b"one")
    assert house.store.quiet("app.tar")
    with house.writing("app.tar"):
        assert not house.store.quiet("app.tar")
    assert house.store.quiet("app.tar")
    assert house.store.quiet("gone.tar")


async def test_a_file_is_removed_only_in_the_state_that_was_seen(house: House) -> None:
    seen = house.put("app.tar", b"one")
    now = house.put("app.tar", b"two")
    assert not await house.store.remove("app.tar", seen)
    assert house.files() == {"app.tar": b"two"}
    assert await house.store.remove("app.tar", now)
    assert not await house.store.remove("app.tar", now)
    assert house.files() == {}


# --- fetched files ----------------------------------------------------------------------------


async def test_a_fetched_file_is_placed_under_its_name(house: House) -> None:
    house.fetch(ONE, b"data")
    key = house.store.check_incoming(ONE)
    assert await house.store.place(ONE, "app.tar") == ("app.tar", key)
    assert house.files() == {"app.tar": b"data"}
    assert await house.store.list() == {"app.tar": key}
    assert await house.store.incoming_bytes() == {}


async def test_a_file_that_was_written_to_after_its_bytes_were_checked_is_not_let_in(house: House) -> None:
    house.fetch(ONE, b"data")
    key = house.store.check_incoming(ONE)
    with pytest.raises(UnstableError):
        await house.store.place(ONE, "app.tar", msgspec.structs.replace(key, mtime_ns=key.mtime_ns - 1))
    assert house.files() == {}
    assert await house.store.place(ONE, "app.tar", key) == ("app.tar", key)


async def test_placing_replaces_nothing(house: House) -> None:
    house.put("app.tar", b"an operator's")
    placed = []
    for fingerprint in (ONE, TWO, ONE):
        house.fetch(fingerprint, fingerprint.encode())
        name, _ = await house.store.place(fingerprint, "app.tar")
        placed.append(name)
    assert placed == ["app.tar.11111111", "app.tar.22222222", "app.tar.11111111.2"]
    assert house.files()["app.tar"] == b"an operator's"


@pytest.mark.parametrize(
    ("published", "safe"),
    [
        ("../../etc/passwd", "etcpasswd"),
        ("/abs/app.tar", "absapp.tar"),
        (".hidden.tar", "hidden.tar"),
        ("a\nb\x1b[31m.tar", "ab[31m.tar"),
        ("evil\u202erat.tar", "evilrat.tar"),
        ("app.tar.part", "app.tar.part.tar"),
        ("..", f"{ONE}.tar"),
    ],
)
async def test_names_lose_what_may_not_stand_in_a_store(house: House, published: str, safe: str) -> None:
    house.fetch(ONE, b"data")
    assert (await house.store.place(ONE, published))[0] == safe
    assert list(await house.store.list()) == [safe]


async def test_a_long_name_still_fits(house: House) -> None:
    house.put("ä" * 98 + ".tar", b"taken")
    house.fetch(ONE, b"data")
    name, _ = await house.store.place(ONE, "ä" * 500 + ".tar")
    assert name.endswith(".tar.11111111")
    assert len(name.encode()) <= 255


async def test_a_placing_that_a_crash_interrupted_is_finished_not_repeated(house: House) -> None:
    house.fetch(ONE, b"data")
    key = house.crash_while_placing(ONE, "app.tar")
    assert await house.store.place(ONE, "app.tar") == ("app.tar", key)
    assert house.files() == {"app.tar": b"data"}
    assert await house.store.incoming_bytes() == {}


async def test_recovery_finishes_placings_and_leaves_fetches_alone(house: House) -> None:
    house.fetch(ONE, b"data")
    key = house.crash_while_placing(ONE, "app.tar")
    house.fetch(TWO, b"half")
    await house.store.recover()
    assert await house.store.list() == {"app.tar": key}
    assert await house.store.incoming_bytes() == {TWO: 4}


async def test_a_file_with_a_second_name_is_neither_verified_nor_placed(house: House) -> None:
    """Whoever made that name may still write to it."""
    house.fetch(ONE, b"data")
    house.second_name(ONE)
    with pytest.raises(StoreError, match="hard links"):
        house.store.check_incoming(ONE)
    with pytest.raises(StoreError, match="hard links"):
        await house.store.place(ONE, "app.tar")
    assert house.files() == {}


async def test_flushing_changes_nothing_that_is_to_be_seen(house: House) -> None:
    house.fetch(ONE, b"data")
    key = house.store.check_incoming(ONE)
    await house.store.flush_incoming(ONE)
    assert house.store.check_incoming(ONE) == key
    assert await house.store.place(ONE, "app.tar") == ("app.tar", key)


async def test_what_was_never_fetched_is_an_error(house: House) -> None:
    with pytest.raises(StoreError):
        house.store.check_incoming(ONE)
    with pytest.raises(StoreError):
        await house.store.flush_incoming(ONE)
    with pytest.raises(StoreError):
        await house.store.place(ONE, "app.tar")
    assert house.files() == {}


@pytest.mark.parametrize("fingerprint", ["..", "a/b", "", "A" * 32, "1" * 31, "received-1"])
async def test_only_fingerprints_lead_into_incoming(house: House, fingerprint: str) -> None:
    hostile = Fingerprint(fingerprint)
    with pytest.raises(StoreError):
        house.store.incoming_path(hostile)
    with pytest.raises(StoreError):
        house.store.check_incoming(hostile)
    with pytest.raises(StoreError):
        await house.store.place(hostile, "app.tar")
    with pytest.raises(StoreError):
        await house.store.discard_incoming(hostile)
    with pytest.raises(StoreError):
        await house.store.flush_incoming(hostile)


async def test_unfinished_fetches_are_counted_and_discarded(house: House) -> None:
    house.store.incoming_path(TWO)
    house.fetch(ONE, b"half")
    assert await house.store.incoming_bytes() == {ONE: 4, TWO: 0}
    assert await house.store.discard_incoming(ONE) == 4
    assert await house.store.discard_incoming(ONE) == 0
    assert await house.store.incoming_bytes() == {TWO: 0}


async def test_discarding_a_placed_file_s_other_name_frees_nothing(house: House) -> None:
    house.fetch(ONE, b"data")
    house.crash_while_placing(ONE, "app.tar")
    assert await house.store.discard_incoming(ONE) == 0
    assert house.files() == {"app.tar": b"data"}


async def test_fetches_are_no_candidates(house: House) -> None:
    house.fetch(ONE, b"data")
    assert await house.store.list() == {}


# --- serving ----------------------------------------------------------------------------------


async def test_a_served_file_outlives_its_removal(house: House) -> None:
    key = house.put("app.tar", b"one")
    assert house.store.serve("app.tar", key, "ticket")
    assert house.store.serve("app.tar", key, "ticket")
    await house.store.remove("app.tar", key)
    assert house.served() == {"ticket"}
    house.store.unserve("ticket")
    house.store.unserve("ticket")
    assert house.served() == frozenset()


async def test_a_file_that_is_another_now_is_not_served(house: House) -> None:
    seen = house.put("app.tar", b"one")
    house.put("app.tar", b"two")
    assert not house.store.serve("app.tar", seen, "ticket")
    assert not house.store.serve("gone.tar", seen, "ticket")
    assert house.served() == frozenset()


@pytest.mark.parametrize("path", ["", ".", "..", "../app.tar", "a/b"])
async def test_only_plain_names_are_served(house: House, path: str) -> None:
    key = house.put("app.tar", b"one")
    with pytest.raises(StoreError):
        house.store.serve("app.tar", key, path)
    house.store.unserve(path)
    assert house.files() == {"app.tar": b"one"}


async def test_a_start_serves_nothing(house: House) -> None:
    """Tickets live in memory: links of the last life lead nowhere."""
    key = house.put("app.tar", b"one")
    house.store.serve("app.tar", key, "ticket")
    await house.store.prepare()
    assert house.served() == frozenset()
    assert await house.store.list() == {"app.tar": key}


# --- received files ---------------------------------------------------------------------------


async def test_a_received_file_comes_in_under_a_free_name(house: House) -> None:
    received = await house.store.receive(chunks(b"da", b"ta"))
    assert await house.store.list() == {}
    name, key = await house.store.admit(received, "app.tar", replace=False)
    assert (name, key.size_bytes) == ("app.tar", 4)
    again = await house.store.receive(chunks(b"more"))
    assert (await house.store.admit(again, "app.tar", replace=False))[0] == "app.tar.2"
    assert house.files() == {"app.tar": b"data", "app.tar.2": b"more"}


async def test_a_received_file_replaces_only_if_told(house: House) -> None:
    before = house.put("app.tar", b"one")
    received = await house.store.receive(chunks(b"two"))
    name, key = await house.store.admit(received, "app.tar", replace=True)
    assert name == "app.tar"
    assert key != before
    assert house.files() == {"app.tar": b"two"}


async def test_a_received_file_s_name_is_made_safe(house: House) -> None:
    received = await house.store.receive(chunks(b"data"))
    assert (await house.store.admit(received, "../.evil\n.tar", replace=True))[0] == "evil.tar"


async def test_a_broken_stream_leaves_nothing(house: House) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await house.store.receive(broken())
    assert house.files() == {}
    assert house.store.leftovers() == []


async def test_only_received_files_are_admitted_and_once(house: House) -> None:
    received = await house.store.receive(chunks(b"data"))
    await house.store.admit(received, "app.tar", replace=False)
    with pytest.raises(StoreError):
        await house.store.admit(received, "app.tar", replace=False)
    house.put("mine.tar", b"mine")
    with pytest.raises(StoreError):
        await house.store.admit(house.store.directory / "mine.tar", "app.tar", replace=False)
    assert house.files() == {"app.tar": b"data", "mine.tar": b"mine"}


async def test_room_is_counted(house: House) -> None:
    assert house.store.free_bytes() > 0


async def test_a_folder_with_an_archive_s_name_is_no_file_and_told_as_what_it_is(house: House) -> None:
    key = house.put("app.tar", b"x")
    house.make_folder("folder.tar")
    assert await house.store.list() == {"app.tar": key}
    assert house.store.key_of("folder.tar") is None
    told = FolderError(name="folder.tar").problem()
    assert {name: error.problem() for name, error in (await house.store.oddities()).items()} == {"folder.tar": told}
    assert [house.store.oddity_of(name) for name in ("app.tar", "none.tar")] == [None, None]
    one = house.store.oddity_of("folder.tar")
    assert one is not None
    assert one.problem() == told
