"""Virtual time: what happens when, in a fixed order."""

import heapq
import itertools
from collections.abc import Callable

START = 1_800_000_000.0


class VirtualClock:
    """Calls that are due, by time and then in the order in which they were put in."""

    def __init__(self) -> None:
        """Begin at ``START`` (epoch seconds)."""
        self.now = START
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def after(self, delay_s: float, call: Callable[[], None]) -> None:
        """Call later."""
        heapq.heappush(self._due, (self.now + delay_s, next(self._numbers), call))

    def run_until(self, end: float) -> None:
        """Let everything happen that is due up to ``end``."""
        while self._due and self._due[0][0] <= end:
            self.now, _, call = heapq.heappop(self._due)
            call()
        self.now = max(self.now, end)
