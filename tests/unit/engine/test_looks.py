"""Looks that come together share a call of the runtime, and none is answered by what was seen before it was asked."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from backend.engine.looks import ARCHIVES_A_CALL, CALLS_AT_ONCE, Looks
from backend.model.archive import CatalogEntry
from backend.model.errors import RuntimeSickError
from backend.model.runtime import RuntimeInfo, RuntimeView
from backend.ports.fake_runtime import FakeRuntime
from backend.ports.runtime import Question
from backend.ports.tasks import TaskOwner
from tests.support.engine import entry_of

ENTRIES = [entry_of(number, tags=(f"docker.io/library/app:{number}",)) for number in range(500)]


class GatedRuntime(FakeRuntime):
    """Sees what is there, then waits for ``answering`` before it tells. ``probes`` counts the other questions."""

    def __init__(self) -> None:
        super().__init__()
        self.answering = asyncio.Event()
        self.answering.set()
        self.at_once = 0
        self.most_at_once = 0
        self.probes = 0

    async def look_at_all(self, questions: Sequence[Question]) -> list[RuntimeView]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            views = await super().look_at_all(questions)
            await asyncio.sleep(0)
            await self.answering.wait()
            return views
        finally:
            self.at_once -= 1

    async def probe(self) -> RuntimeInfo:
        self.probes += 1
        return await super().probe()


class Desk:
    """Looks at a runtime that holds each even-numbered archive."""

    def __init__(self) -> None:
        self.runtime = GatedRuntime()
        for entry in ENTRIES[::2]:
            self.bring_in(entry)
        self.looks = Looks(self.runtime)
        self.owner = TaskOwner("test")

    def bring_in(self, entry: CatalogEntry) -> None:
        (image,) = entry.images
        self.runtime.images[image.config] = image
        self.runtime.tags[image.tags[0]] = image.config

    def ask(self, entry: CatalogEntry) -> "asyncio.Task[RuntimeView]":
        return self.owner.start(self.looks.look(entry), entry.name)

    async def ask_all(self, entries: Sequence[CatalogEntry]) -> list[RuntimeView | BaseException]:
        return await asyncio.gather(*(self.looks.look(entry) for entry in entries), return_exceptions=True)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    yield made
    await made.owner.close()
    await made.looks.close()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_sweep_of_hundreds_is_a_few_calls_and_each_gets_its_own_answer(desk: Desk) -> None:
    for entry, view in zip(ENTRIES, await desk.ask_all(ENTRIES), strict=True):
        assert view == await desk.runtime.look(entry.images, entry.tags)
    calls = desk.runtime.asked[: -len(ENTRIES)]
    assert sum(calls) == len(ENTRIES)
    assert max(calls) == ARCHIVES_A_CALL
    assert len(calls) == len(ENTRIES) / ARCHIVES_A_CALL
    assert desk.runtime.most_at_once == CALLS_AT_ONCE


async def test_a_question_is_not_answered_by_a_call_that_began_before_it(desk: Desk) -> None:
    desk.runtime.answering.clear()
    running = [desk.ask(entry) for entry in ENTRIES[: CALLS_AT_ONCE * ARCHIVES_A_CALL]]
    await settle()
    entry = ENTRIES[1]
    later = desk.ask(entry)
    await settle()
    desk.bring_in(entry)
    desk.runtime.answering.set()
    assert (await running[1]).present == {}
    assert list((await later).present) == [entry.images[0].config]


async def test_who_waits_no_more_is_not_asked_for(desk: Desk) -> None:
    desk.runtime.answering.clear()
    running = [desk.ask(entry) for entry in ENTRIES[: CALLS_AT_ONCE * ARCHIVES_A_CALL]]
    await settle()
    waiting = [desk.ask(entry) for entry in ENTRIES[200:203]]
    await settle()
    waiting[1].cancel()
    running[0].cancel()
    await settle()
    desk.runtime.answering.set()
    assert (await waiting[0]).present
    assert (await waiting[2]).present
    assert (await running[1]).present == {}
    assert desk.runtime.asked == [ARCHIVES_A_CALL] * CALLS_AT_ONCE + [2]


async def test_a_runtime_that_does_not_answer_tells_nobody_that_images_are_missing(desk: Desk) -> None:
    desk.runtime.sick = True
    answers = await desk.ask_all(ENTRIES[:100])
    assert {type(answer) for answer in answers} == {RuntimeSickError}
    # One question more for each call, not one for each archive.
    assert desk.runtime.probes == CALLS_AT_ONCE


async def test_an_archive_whose_answer_cannot_be_read_harms_no_other(desk: Desk) -> None:
    desk.runtime.poison = ENTRIES[7].images[0].config
    answers = await desk.ask_all(ENTRIES[:20])
    assert [number for number, answer in enumerate(answers) if isinstance(answer, RuntimeSickError)] == [7]
    there = [number for number, answer in enumerate(answers) if isinstance(answer, RuntimeView) and answer.present]
    assert there == list(range(0, 20, 2))


async def test_what_nobody_thought_of_reaches_those_who_asked(desk: Desk) -> None:
    async def broken(questions: Sequence[Question]) -> list[RuntimeView]:
        raise ZeroDivisionError

    desk.runtime.look_at_all = broken  # type: ignore[method-assign]
    answers = await desk.ask_all(ENTRIES[:3])
    assert {type(answer) for answer in answers} == {ZeroDivisionError}
    del desk.runtime.look_at_all
    assert (await desk.looks.look(ENTRIES[0])).present
