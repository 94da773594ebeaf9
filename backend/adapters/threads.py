"""Blocking work in a thread of its own: named, told to stop when its caller is cancelled, awaited before that ends."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 5.0
"""How long a cancelled caller waits for its thread: a read from a dead network disk may never return."""


async def in_thread(work: Callable[[threading.Event], T], name: str, patience_s: float = PATIENCE_S) -> T:
    """Run ``work`` off the event loop and return its result or raise its error.

    ``work`` gets an event that is set when the caller is cancelled; it should then end soon, in whatever way.
    The thread is a daemon thread: one that hangs does not keep the process from ending.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    stop = threading.Event()

    def tell(how: Callable[[], None]) -> None:
        try:
            loop.call_soon_threadsafe(how)
        except RuntimeError:
            pass  # the loop was closed while the thread hung: nobody waits for the answer

    def run() -> None:
        try:
            result = work(stop)
        except BaseException as error:
            failure = error
            tell(lambda: None if future.done() else future.set_exception(failure))
        else:
            tell(lambda: None if future.done() else future.set_result(result))

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        stop.set()
        # Nobody asks for the answer any more: that it is an error is no news for the log.
        future.add_done_callback(lambda done: None if done.cancelled() else done.exception())
        await asyncio.wait([future], timeout=patience_s)
        raise
