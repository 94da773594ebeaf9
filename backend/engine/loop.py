"""The single-writer loop: events go through the decisions into the ledger, and only then are commands carried out."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from backend.engine.touched import Touched
from backend.logic.core import broke, decide
from backend.logic.state import NodeState
from backend.model.commands import Act, Change, Cmd
from backend.model.errors import DsyncError
from backend.model.events import DecisionBroke, Event, Started
from backend.model.plain import plain
from backend.ports.clock import Clock
from backend.ports.ledger import Ledger

_log = logging.getLogger("dsync.engine")

BATCH_EVENTS = 256
"""Events that one commit may carry: a grouped commit costs one fsync for all of them."""


class EventLoop:
    """Applies events one by one; whoever submitted one may await that it is applied and persisted."""

    def __init__(self, state: NodeState, ledger: Ledger, clock: Clock, carry_out: Callable[[Act], None]) -> None:
        """``carry_out`` must be quick: it starts work, or queues a message."""
        self.state = state
        self._ledger = ledger
        self._clock = clock
        self._carry_out = carry_out
        self._queue: deque[tuple[Event, asyncio.Future[None] | None]] = deque()
        self._awake = asyncio.Event()
        self._listeners: list[Callable[[Touched], None]] = []
        self._ended: DsyncError | None = None

    def subscribe(self, listener: Callable[[Touched], None]) -> Callable[[], None]:
        """Call ``listener`` after every commit; the result ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def post(self, event: Event) -> None:
        """Hand an event in."""
        self._queue.append((event, None))
        self._awake.set()

    async def submit(self, event: Event) -> None:
        """Hand an event in and wait until it is applied and persisted.

        Raises what ended the loop, LedgerError as a rule: nobody waits for a loop that is no more.
        """
        if self._ended is not None:
            raise self._ended
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((event, done))
        self._awake.set()
        await done

    @property
    def backlog(self) -> int:
        """Events that wait."""
        return len(self._queue)

    async def run(self) -> None:
        """Apply events until cancelled.

        A ledger that fails ends the loop: going on would act on what is not durable.
        """
        waiters: list[asyncio.Future[None]] = []
        try:
            while True:
                await self._awake.wait()
                self._awake.clear()
                while self._queue:
                    await self._apply_batch(waiters)
                    await asyncio.sleep(0)
        except DsyncError as error:
            self._ended = error
            raise
        except Exception as error:
            self._ended = DsyncError(detail=plain(f"{type(error).__name__}: {error}", 200))
            raise
        finally:
            self._ended = self._ended or DsyncError(detail="the daemon is stopping")
            for waiter in (*waiters, *(waiter for _, waiter in self._queue if waiter is not None)):
                if not waiter.done():
                    waiter.set_exception(self._ended)

    async def _apply_batch(self, waiters: list[asyncio.Future[None]]) -> None:
        """Apply what is queued; ``waiters`` is filled while they wait, and empty afterwards."""
        given: list[Cmd] = []
        touched = Touched()
        for _ in range(min(len(self._queue), BATCH_EVENTS)):
            event, waiter = self._queue.popleft()
            if waiter is not None:
                waiters.append(waiter)
            given.extend(self._decide(event, touched))
        changes: list[Change] = []
        acts: list[Act] = []
        for command in given:
            if isinstance(command, Change):
                changes.append(command)
            else:
                acts.append(command)
        if changes:
            await self._ledger.commit(tuple(changes))
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        waiters.clear()
        for act in acts:
            self._carry_out(act)
        touched.see_commands(given)
        self.tell(touched)

    def _decide(self, event: Event, touched: Touched) -> list[Cmd]:
        try:
            commands = decide(self.state, event, self._clock.now(), self._clock.chance())
        except Exception as error:
            if isinstance(event, Started):
                raise  # nothing can go on from there
            # A bug in one decision must not stop the node: it was taken back whole, and reconciling, which is
            # level-triggered, comes back to it.
            _log.exception("decision failed on %s", type(event).__name__)
            if not isinstance(event, DecisionBroke):
                self._queue.appendleft((broke(event, error), None))
            return []
        touched.see_event(event, self.state.me)
        return commands

    def tell(self, touched: Touched) -> None:
        """Tell the listeners."""
        for listener in tuple(self._listeners):
            try:
                listener(touched)
            except Exception:
                _log.exception("a listener failed")
