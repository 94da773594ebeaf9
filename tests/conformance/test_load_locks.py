"""Port ``LoadLocks``: files with flock and locks in memory behave alike."""

import asyncio
from pathlib import Path

import pytest

from backend.adapters.locks import LoadLocks
from backend.ports import runtime as port
from backend.ports.fake_runtime import FakeLoadLocks


@pytest.fixture(params=["fake", "real"])
def locks(request: pytest.FixtureRequest, tmp_path: Path) -> port.LoadLocks:
    return FakeLoadLocks() if request.param == "fake" else LoadLocks(tmp_path)


async def test_a_lock_is_held_by_one_at_a_time(locks: port.LoadLocks) -> None:
    first = await locks.acquire("docker:a")
    assert first.fileno() >= 0
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(locks.acquire("docker:a"), 0.1)
    locks.release(first)
    assert first.fileno() == -1
    second = await asyncio.wait_for(locks.acquire("docker:a"), 30)
    locks.release(second)


async def test_other_endpoints_are_free(locks: port.LoadLocks) -> None:
    first = await locks.acquire("docker:a")
    second = await asyncio.wait_for(locks.acquire("podman:/var/lib/containers/storage"), 30)
    locks.release(first)
    assert (first.fileno(), second.fileno() >= 0) == (-1, True), "each is held by itself"
    locks.release(second)
    assert second.fileno() == -1


async def test_who_waits_gets_it(locks: port.LoadLocks) -> None:
    first = await locks.acquire("docker:a")
    waiting = asyncio.gather(locks.acquire("docker:a"))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    locks.release(first)
    (second,) = await asyncio.wait_for(waiting, 30)
    locks.release(second)


async def test_giving_up_leaves_nothing_held(locks: port.LoadLocks) -> None:
    first = await locks.acquire("docker:a")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(locks.acquire("docker:a"), 0.1)
    locks.release(first)
    locks.release(first)
    locks.release(await asyncio.wait_for(locks.acquire("docker:a"), 30))
