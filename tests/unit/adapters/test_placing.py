"""What a start makes of a placing that a crash cut off, at each of its steps."""

import os
from pathlib import Path

import pytest

from backend.adapters.store import DirectoryStore
from backend.model.ids import Fingerprint

FINGERPRINT = Fingerprint("0" * 32)
NAME = "app.tar"


@pytest.fixture
async def store(tmp_path: Path) -> DirectoryStore:
    """A store with a fetched file in ``.incoming``."""
    store = DirectoryStore(tmp_path / "store")
    await store.prepare()
    store.incoming_path(FINGERPRINT).write_bytes(b"image")
    return store


def _names(store: DirectoryStore) -> set[str]:
    return {path.name for path in store.directory.iterdir() if not path.name.startswith(".")}


async def test_bytes_that_were_not_placed_yet_stay(store: DirectoryStore) -> None:
    await store.recover()
    assert store.incoming_path(FINGERPRINT).read_bytes() == b"image"
    assert _names(store) == set()


async def test_a_file_with_both_names_keeps_the_one_in_the_store(store: DirectoryStore) -> None:
    incoming = store.incoming_path(FINGERPRINT)
    os.link(incoming, store.directory / NAME)
    await store.recover()
    assert _names(store) == {NAME}
    assert await store.incoming_bytes() == {}
    assert not incoming.parent.exists()


async def test_an_empty_room_goes(store: DirectoryStore) -> None:
    incoming = store.incoming_path(FINGERPRINT)
    incoming.rename(store.directory / NAME)
    await store.recover()
    assert _names(store) == {NAME}
    assert not incoming.parent.exists()


async def test_a_file_of_the_same_bytes_is_no_placing(store: DirectoryStore) -> None:
    (store.directory / NAME).write_bytes(b"image")
    await store.recover()
    assert store.incoming_path(FINGERPRINT).exists()
