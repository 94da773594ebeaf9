"""Port ``Inspector``: the fake and the real one behave alike."""

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Protocol

import pytest

from backend.adapters.inspecting.inspector import FileInspector
from backend.adapters.inspecting.limits import Limits
from backend.model.archive import ArchiveFacts, Compression, Image, Layout
from backend.model.errors import ArchiveError, StoreError, TruncatedError, VanishedError
from backend.model.ids import Digest, Fingerprint, Hashes
from backend.ports.fake_intake import FakeInspector
from backend.ports.inspecting import Inspector
from backend.ports.tasks import TaskOwner
from tests.support.archives import old_docker, picture

PICTURE = picture()
GOOD = old_docker(PICTURE).data()
BAD = GOOD[: len(GOOD) // 2]
IMAGE = Image(PICTURE.digest, PICTURE.diff_ids, ("docker.io/library/app:1",), "linux/amd64")


def hashes_of(data: bytes) -> Hashes:
    digest = Digest(f"sha256:{hashlib.sha256(data).hexdigest()}")
    return Hashes(Fingerprint(hashlib.md5(data).hexdigest()), digest, len(data))


class House(Protocol):
    """An inspector, and files for it."""

    @property
    def inspector(self) -> Inspector: ...
    def good(self, path: Path) -> None: ...
    def bad(self, path: Path) -> None: ...
    def linked(self, path: Path) -> None: ...
    def hold(self) -> None: ...
    @property
    def reading(self) -> bool: ...


class FakeHouse:
    def __init__(self) -> None:
        self.inspector = FakeInspector()

    def good(self, path: Path) -> None:
        facts = ArchiveFacts(hashes_of(GOOD), Layout.DOCKER, Compression.NONE, (IMAGE,), unpacked_bytes=len(GOOD))
        self.inspector.put(path, facts)

    def bad(self, path: Path) -> None:
        error = TruncatedError(name=path.name, detail="ends too early")
        error.hashes = hashes_of(BAD)
        self.inspector.put(path, error)

    def linked(self, path: Path) -> None:
        self.inspector.put(path, StoreError(path=path, detail="the file has 2 names"))

    def hold(self) -> None:
        self.inspector.hold()

    @property
    def reading(self) -> bool:
        return self.inspector.reading > 0


class RealHouse:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.inspector = FileInspector(Limits())
        self._patch = monkeypatch
        self.reading = False

    def good(self, path: Path) -> None:
        path.write_bytes(GOOD)

    def bad(self, path: Path) -> None:
        path.write_bytes(BAD)

    def linked(self, path: Path) -> None:
        path.write_bytes(GOOD)
        os.link(path, path.with_name("second"))

    def hold(self) -> None:
        """Reads give the same block for ever, as a disk that never comes to an end."""
        real = os.pread

        def endless(descriptor: int, length_bytes: int, offset_bytes: int) -> bytes:
            self.reading = True
            return real(descriptor, length_bytes, offset_bytes % 512)

        self._patch.setattr(os, "pread", endless)


@pytest.fixture(params=["fake", "real"])
def house(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> House:
    made: House = FakeHouse() if request.param == "fake" else RealHouse(monkeypatch)
    return made


async def test_a_good_archive_is_told_in_full(house: House, tmp_path: Path) -> None:
    path = tmp_path / "app.tar"
    house.good(path)
    facts = await house.inspector.inspect(path)
    assert (facts.hashes, facts.images) == (hashes_of(GOOD), (IMAGE,))
    assert (facts.layout, facts.compression) == (Layout.DOCKER, Compression.NONE)
    assert facts.unpacked_bytes == len(GOOD)
    assert await house.inspector.hash(path) == hashes_of(GOOD)


async def test_a_bad_archive_is_an_error_that_carries_its_hashes(house: House, tmp_path: Path) -> None:
    path = tmp_path / "app.tar"
    house.bad(path)
    with pytest.raises(ArchiveError) as caught:
        await house.inspector.inspect(path)
    assert caught.value.code == "archive-truncated"
    assert caught.value.params["name"] == "app.tar"
    assert caught.value.hashes == hashes_of(BAD)
    assert await house.inspector.hash(path) == hashes_of(BAD)


async def test_a_file_that_is_not_there_has_vanished(house: House, tmp_path: Path) -> None:
    for ask in (house.inspector.inspect, house.inspector.hash):
        with pytest.raises(VanishedError):
            await ask(tmp_path / "gone.tar")


async def test_only_a_file_without_a_second_name_is_hashed(house: House, tmp_path: Path) -> None:
    path = tmp_path / "data"
    house.linked(path)
    with pytest.raises(StoreError):
        await house.inspector.hash(path)


async def test_cancelling_ends_the_read(house: House, tmp_path: Path) -> None:
    path = tmp_path / "app.tar"
    house.good(path)
    house.hold()
    owner = TaskOwner("test")
    owner.start(house.inspector.hash(path), "hash")
    async with asyncio.timeout(30):
        while not house.reading:  # noqa: ASYNC110 (the read runs in a thread, which tells nobody)
            await asyncio.sleep(0.001)
        await owner.close()
