"""Named background tasks with an owner that awaits them: the only way to start one."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_log = logging.getLogger("dsync.tasks")


class TaskOwner:
    """Owns background tasks: each has a name, its failure is logged and told, and ``close`` ends and awaits them all.

    ``on_failure`` is called with the task's name and the exception that it died of.
    """

    def __init__(self, name: str, on_failure: Callable[[str, BaseException], None] | None = None) -> None:
        """Name the owner; its tasks are called ``<owner>:<task>``."""
        self._name = name
        self._tasks: set[asyncio.Task[Any]] = set()
        self._on_failure = on_failure

    def start(self, coroutine: Coroutine[Any, Any, T], name: str) -> "asyncio.Task[T]":
        """Start ``coroutine`` as a task of this owner."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(coroutine, name=f"{self._name}:{name}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        _log.error("task %s died", task.get_name(), exc_info=error)
        if self._on_failure is not None:
            self._on_failure(task.get_name(), error)

    @property
    def running(self) -> int:
        """How many tasks are alive."""
        return len(self._tasks)

    async def drain(self) -> None:
        """Await all tasks without ending them."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    async def close(self) -> None:
        """Cancel all tasks and await their end."""
        while self._tasks:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
