"""On a daemon's path it lets that daemon's wall clock be off by as many seconds as a file says.

Python imports a module of this name at its start. A preloaded library that does the same for the C library's clocks
makes every wait with a time-out spin, so that a dozen daemons drown; Python's own clock is the one that decides.
"""

import os
import time
from pathlib import Path

_LOOK_EVERY_S = 0.5


class _SteppedClock:
    """What ``time.time`` and ``time.time_ns`` say instead."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._true_ns = time.time_ns
        self._offset_ns = 0
        self._look_at = 0.0

    def time_ns(self) -> int:
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + _LOOK_EVERY_S
            try:
                self._offset_ns = int(float(self._path.read_text(encoding="ascii")) * 1e9)
            except (OSError, ValueError):
                pass  # it is being written: the next look finds it
        return self._true_ns() + self._offset_ns

    def time(self) -> float:
        return self.time_ns() / 1e9


if "DSYNC_TEST_CLOCK" in os.environ:
    _clock = _SteppedClock(os.environ["DSYNC_TEST_CLOCK"])
    time.time, time.time_ns = _clock.time, _clock.time_ns
