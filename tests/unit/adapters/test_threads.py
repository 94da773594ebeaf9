"""Blocking work aside: its result, its error, and its end when nobody waits any more."""

import asyncio
import gc
import threading

import pytest

from backend.adapters.threads import in_thread
from backend.ports.tasks import TaskOwner


async def test_the_result_and_the_error_come_back() -> None:
    assert await in_thread(lambda stop: threading.current_thread().name, "by name") == "by name"
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda stop: 1 // 0, "error")


async def test_a_cancelled_caller_waits_until_the_work_has_ended() -> None:
    began, ended = threading.Event(), threading.Event()

    def work(stop: threading.Event) -> None:
        began.set()
        assert stop.wait(30)
        ended.set()

    owner = TaskOwner("test")
    owner.start(in_thread(work, "slow"), "caller")
    assert await asyncio.to_thread(began.wait, 30)
    await owner.close()
    assert ended.is_set()


async def test_a_thread_that_hangs_keeps_nobody_for_long() -> None:
    """A read from a dead network disk may never return."""
    began, free = threading.Event(), threading.Event()

    def hang(stop: threading.Event) -> None:
        began.set()
        free.wait(60)

    owner = TaskOwner("test")
    owner.start(in_thread(hang, "hang", patience_s=0.01), "caller")
    assert await asyncio.to_thread(began.wait, 30)
    await asyncio.wait_for(owner.close(), 30)
    free.set()


async def test_how_cancelled_work_ends_is_no_news() -> None:
    """Each file that changes while it is read would else put a traceback into the log."""
    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))
    began = threading.Event()

    def work(stop: threading.Event) -> None:
        began.set()
        stop.wait(30)
        raise ZeroDivisionError

    owner = TaskOwner("test")
    owner.start(in_thread(work, "stopped"), "caller")
    assert await asyncio.to_thread(began.wait, 30)
    await owner.close()
    gc.collect()
    await asyncio.sleep(0)
    assert told == []
