"""A lifeline tells of its end once, and of nothing else."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.adapters.lifelines import when_cut

WITHIN_S = 30.0


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe that does not block; its writing end is the test's to close."""
    ends = os.pipe()
    os.set_blocking(ends[0], False)
    yield ends
    os.close(ends[0])


@pytest.fixture
def told() -> "asyncio.Queue[None]":
    return asyncio.Queue()


async def _turns() -> None:
    """Let the loop look at its descriptors."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_its_end_is_told_once(pipe: tuple[int, int], told: "asyncio.Queue[None]") -> None:
    when_cut(pipe[0], lambda: told.put_nowait(None))
    os.close(pipe[1])
    await asyncio.wait_for(told.get(), WITHIN_S)
    await _turns()
    assert told.empty()


async def test_what_comes_through_it_is_no_end(pipe: tuple[int, int], told: "asyncio.Queue[None]") -> None:
    when_cut(pipe[0], lambda: told.put_nowait(None))
    os.write(pipe[1], b"x" * 10)
    await _turns()
    assert told.empty()
    with pytest.raises(BlockingIOError):
        os.read(pipe[0], 1)
    os.close(pipe[1])
    await asyncio.wait_for(told.get(), WITHIN_S)


async def test_where_another_was_quicker_it_waits_on(
    pipe: tuple[int, int], told: "asyncio.Queue[None]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many daemons read one pipe: what one of them takes, the others no longer find."""
    read = os.read

    def late(descriptor: int, count: int) -> bytes:
        read(descriptor, count)
        return read(descriptor, count)

    when_cut(pipe[0], lambda: told.put_nowait(None))
    with monkeypatch.context() as patch:
        patch.setattr(os, "read", late)
        os.write(pipe[1], b"x")
        await _turns()
    assert told.empty()
    os.close(pipe[1])
    await asyncio.wait_for(told.get(), WITHIN_S)


async def test_a_file_cannot_be_watched(tmp_path: Path, told: "asyncio.Queue[None]") -> None:
    with (tmp_path / "file").open("wb") as file, pytest.raises(PermissionError):
        when_cut(file.fileno(), lambda: told.put_nowait(None))
    assert told.empty()
