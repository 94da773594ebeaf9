"""Fetching and verifying: what the transport is asked for, what is checked, and in which order it becomes known."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from backend.engine.fetcher import SLOW_LINK_BPS
from backend.model import events
from backend.model.archive import CatalogEntry, Compression
from backend.model.commands import Fetch, Verify
from backend.model.errors import (
    DigestMismatchError,
    DiskFullError,
    LedgerError,
    StoreError,
    TransferFailedError,
    VanishedError,
)
from backend.model.ids import Digest, Fingerprint, Hashes, NodeId
from backend.model.messages import Ticket
from backend.ports.fake_store import FakeStore
from tests.support.engine import entry_of
from tests.support.engine_room import PEER, EngineRoom

DATA = b"x" * 200_000
ENTRY = msgspec.structs.replace(entry_of(1), size_bytes=len(DATA), fingerprint=Fingerprint("0" * 31 + "1"))


class FullStore(FakeStore):
    """No directory can be made in it."""

    def incoming_path(self, fingerprint: Fingerprint) -> Path:
        raise DiskFullError(path="/store", needed_bytes="", free_bytes=0)


def order(room: EngineRoom, entry: CatalogEntry = ENTRY) -> Fetch:
    """A fetch of ``DATA`` with a good ticket."""
    room.served["path"] = DATA
    room.source_door.admit("user", "secret", "10.0.0.1", frozenset({"path"}))
    return Fetch(entry, PEER, Ticket(room.source_door.port, "dsync", "path", "user", "secret"))


def incoming(room: EngineRoom, data: bytes = DATA, hashes: Hashes | None = None) -> None:
    """A fetch is over."""
    room.store.fetch(ENTRY.fingerprint, data)
    path = room.store.incoming_path(ENTRY.fingerprint)
    room.inspector.put(path, hashes or Hashes(ENTRY.fingerprint, ENTRY.digest, len(data)))


@pytest.fixture
async def room() -> AsyncIterator[EngineRoom]:
    made = EngineRoom()
    await made.source_door.open()
    yield made
    await made.close()


# --- fetching ---------------------------------------------------------------------------------


async def test_a_fetch_asks_for_what_the_entry_says(room: EngineRoom) -> None:
    room.limit_bps = 50_000_000
    ended = await room.fetcher.fetch(order(room))
    assert ended == events.FetchEnded(ENTRY.digest, len(DATA), 0, None)
    (job,) = room.transport.jobs
    assert (job.source_name, job.host) == ("source", "10.0.0.2")
    assert job.target == Path("/store/.incoming") / ENTRY.fingerprint / "data"
    assert (job.size_bytes, job.bandwidth_bps, job.timeout_s) == (len(DATA), 50_000_000, 300.0)


async def test_a_peer_without_a_host_is_reached_where_it_came_from(room: EngineRoom) -> None:
    peer = room.state.peers[PEER]
    peer.node, peer.address = msgspec.structs.replace(peer.node, host=""), "10.9.9.9"
    await room.fetcher.fetch(order(room))
    assert room.transport.jobs[0].host == "10.9.9.9"


@pytest.mark.parametrize(
    ("setting", "limit_bps", "packing", "compressed"),
    [
        ("on", 0, Compression.NONE, True),
        ("off", 1, Compression.NONE, False),
        ("auto", 0, Compression.NONE, False),
        ("auto", SLOW_LINK_BPS - 1, Compression.NONE, True),
        ("auto", SLOW_LINK_BPS, Compression.NONE, False),
        ("auto", SLOW_LINK_BPS - 1, Compression.ZSTD, False),
    ],
)
async def test_compression_only_where_it_pays(
    room: EngineRoom, setting: str, limit_bps: int, packing: Compression, compressed: bool
) -> None:
    room.limit_bps = limit_bps
    await room.make_fetcher(setting).fetch(order(room, msgspec.structs.replace(ENTRY, compression=packing)))
    assert room.transport.jobs[0].compress is compressed


async def test_progress_is_to_be_seen_while_it_runs_and_no_longer(room: EngineRoom) -> None:
    seen = []
    fetch = room.fetcher.fetch(order(room))

    def look(path: Path, data: bytes) -> None:
        seen.append(room.fetcher.progress[ENTRY.digest].bytes_done)

    room.transport._write = look
    await fetch
    assert seen[0] == 0
    assert seen == sorted(seen)
    assert len(set(seen)) > 1
    assert room.fetcher.progress == {}


async def test_a_failed_fetch_tells_what_came_over_the_wire(room: EngineRoom) -> None:
    """Bytes of an earlier try are not counted again: the row sums up what each try brought."""
    error = TransferFailedError(source="source", detail="connection unexpectedly closed", exit_code=12)
    room.transport._read = lambda path: DATA[:100_000]
    room.transport.fail_next(error, after_bytes=60_000)
    ended = await room.fetcher.fetch(order(room))
    assert ended == events.FetchEnded(ENTRY.digest, 65_536, 0, error.problem())
    assert room.fetcher.progress == {}


async def test_a_full_store_is_a_failed_fetch() -> None:
    room = EngineRoom(FullStore())
    await room.source_door.open()
    ended = await room.fetcher.fetch(order(room))
    assert isinstance(ended, events.FetchEnded)
    assert ended.problem is not None
    assert ended.problem.code == "disk-full"
    assert room.transport.jobs == []
    await room.close()


async def test_a_ticket_that_is_void_is_told_as_such(room: EngineRoom) -> None:
    command = order(room)
    room.source_door.dismiss("user")
    ended = await room.fetcher.fetch(command)
    assert isinstance(ended, events.FetchEnded)
    assert ended.problem is not None
    assert ended.problem.code == "transfer-refused"


# --- verifying --------------------------------------------------------------------------------


async def test_the_disk_takes_the_bytes_in_while_they_are_hashed(room: EngineRoom) -> None:
    incoming(room)
    room.inspector.hold()
    reading_when_flushed = []

    async def flush(fingerprint: Fingerprint) -> None:
        await asyncio.sleep(0)
        reading_when_flushed.append(room.inspector.reading)
        room.inspector.release()

    room.store.flush_incoming = flush  # type: ignore[method-assign]
    assert isinstance(await room.fetcher.verify(Verify(ENTRY, PEER)), events.Verified)
    assert reading_when_flushed == [1]


async def test_what_the_disk_did_not_take_is_not_placed(room: EngineRoom) -> None:
    incoming(room)

    async def flush(fingerprint: Fingerprint) -> None:
        raise DiskFullError(path="/store", needed_bytes="", free_bytes=0)

    room.store.flush_incoming = flush  # type: ignore[method-assign]
    with pytest.raises(DiskFullError):
        await room.fetcher.verify(Verify(ENTRY, PEER))
    assert (room.store.files, room.told) == ({}, [])


async def test_what_was_verified_is_known_before_it_is_placed(room: EngineRoom) -> None:
    """A crash between the two finds the file by its inode."""
    incoming(room)
    files_when_submitted = []
    room.loop.on_submit = lambda event: files_when_submitted.append(dict(room.store.files))
    ended = await room.fetcher.verify(Verify(ENTRY, PEER))
    key = room.store.key_of(ENTRY.name)
    assert key is not None
    assert room.told == [events.HashesMatched(ENTRY.digest, key)]
    assert files_when_submitted == [{}]
    assert ended == events.Verified(ENTRY.digest, ENTRY.name, key)


async def test_nothing_is_placed_that_the_ledger_does_not_know(room: EngineRoom) -> None:
    incoming(room)
    room.loop.refusal = LedgerError(path="ledger.db", detail="disk I/O error")
    with pytest.raises(LedgerError):
        await room.fetcher.verify(Verify(ENTRY, PEER))
    assert room.store.files == {}


@pytest.mark.parametrize(
    "hashes",
    [
        Hashes(ENTRY.fingerprint, Digest("sha256:" + "f" * 64), len(DATA)),
        Hashes(Fingerprint("f" * 32), ENTRY.digest, len(DATA)),
    ],
    ids=["other SHA-256", "other MD5"],
)
async def test_other_bytes_are_not_placed_and_the_source_is_named(room: EngineRoom, hashes: Hashes) -> None:
    incoming(room, hashes=hashes)
    with pytest.raises(DigestMismatchError) as caught:
        await room.fetcher.verify(Verify(ENTRY, PEER))
    assert caught.value.params["source"] == "source"
    assert (room.store.files, room.told) == ({}, [])


async def test_a_source_that_left_the_roster_is_named_by_its_key(room: EngineRoom) -> None:
    incoming(room, hashes=Hashes(ENTRY.fingerprint, Digest("sha256:" + "f" * 64), 1))
    with pytest.raises(DigestMismatchError) as caught:
        await room.fetcher.verify(Verify(ENTRY, NodeId("SHA256:gone")))
    assert caught.value.params["source"] == "SHA256:gone"


async def test_a_second_name_of_the_incoming_file_is_refused(room: EngineRoom) -> None:
    """Somebody who can link to it may be able to write it."""
    incoming(room)
    file = room.store.fetched[ENTRY.fingerprint]
    assert file is not None
    room.store.fetched[ENTRY.fingerprint] = type(file)(file.key, file.data, links=2)
    with pytest.raises(StoreError):
        await room.fetcher.verify(Verify(ENTRY, PEER))
    assert room.store.files == {}


async def test_an_incoming_file_that_is_gone_is_an_error_that_is_tried_again(room: EngineRoom) -> None:
    with pytest.raises(StoreError):
        await room.fetcher.verify(Verify(ENTRY, PEER))
    incoming(room)
    room.inspector.put(room.store.incoming_path(ENTRY.fingerprint), VanishedError(name="data"))
    with pytest.raises(VanishedError):
        await room.fetcher.verify(Verify(ENTRY, PEER))


async def test_a_taken_name_is_not_written_over(room: EngineRoom) -> None:
    room.store.put(ENTRY.name, b"an operator's")
    incoming(room)
    ended = await room.fetcher.verify(Verify(ENTRY, PEER))
    assert isinstance(ended, events.Verified)
    assert ended.name == f"{ENTRY.name}.{ENTRY.fingerprint[:8]}"
    assert room.store.files[ENTRY.name].data == b"an operator's"
