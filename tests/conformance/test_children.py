"""Port ``Children``: the fake and the real register behave alike."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from backend.adapters.children import Child, ChildRegister
from backend.ports.children import ChildRecord, Children, FakeChildren

Start = Callable[[str, str], Awaitable[ChildRecord]]
Finish = Callable[[ChildRecord], Awaitable[None]]


class House:
    """A register, and a way to let children begin and finish by themselves."""

    def __init__(self, children: Children, start: Start, finish: Finish) -> None:
        self.children = children
        self.start = start
        self.finish = finish


def fake_house() -> House:
    children = FakeChildren()

    async def start(purpose: str, about: str) -> ChildRecord:
        return children.add(purpose, about)

    async def finish(record: ChildRecord) -> None:
        children.finish(record)

    return House(children, start, finish)


def real_house(directory: Path, started: dict[int, Child]) -> House:
    register = ChildRegister(directory)

    async def start(purpose: str, about: str) -> ChildRecord:
        child = await register.spawn(["sleep", "60"], purpose=purpose, about=about)
        started[child.pid] = child
        return child.record

    async def finish(record: ChildRecord) -> None:
        killer = await register.spawn(["kill", "-KILL", str(record.pid)], purpose="ask", about="")
        async with killer:
            assert await killer.wait() == 0

    return House(register, start, finish)


@pytest.fixture(params=["fake", "real"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    started: dict[int, Child] = {}
    yield fake_house() if request.param == "fake" else real_house(tmp_path, started)
    for child in started.values():
        await child.end()


async def test_living_children_are_survivors(house: House) -> None:
    first = await house.start("load", "sha256:a")
    second = await house.start("rsync", "sha256:b")
    assert set(house.children.survivors()) == {first, second}
    assert (first.purpose, first.about) == ("load", "sha256:a")


async def test_ended_children_are_none(house: House) -> None:
    first = await house.start("load", "sha256:a")
    second = await house.start("rsync", "sha256:b")
    await house.children.end(second)
    assert house.children.survivors() == [first]


async def test_ending_twice_is_no_error(house: House) -> None:
    record = await house.start("rsync", "sha256:b")
    await house.children.end(record)
    await house.children.end(record)
    assert house.children.survivors() == []


async def test_wait_lasts_as_long_as_the_child(house: House) -> None:
    record = await house.start("load", "sha256:a")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(house.children.wait(record), 0.05)
    await house.finish(record)
    await asyncio.wait_for(house.children.wait(record), 30)
    await house.children.wait(record)
    assert house.children.survivors() == []
