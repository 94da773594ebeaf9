"""How often a console is told what changes, and paints it. It stands by itself: it is needed before the console is."""

from dataclasses import dataclass

FRAMES_HZ = 12.0
"""Frames a second. What changes between two travels together; an eye sees no more."""
SLOW_HZ = 2.0
"""The same over a slow link."""
PAINT_S = 1 / 15
"""Between two paints of what the stream brings, at least: as often as frames come."""
LATE_S = 0.25
"""A terminal that has not taken a paint for so long is at the end of a slow link."""
CALM_S = 10.0
"""A link that was slow counts as slow until it has kept up for so long."""


def frames_hz(slow_link: bool) -> float:
    """How many frames a second to ask the daemon for."""
    return SLOW_HZ if slow_link else FRAMES_HZ


@dataclass
class Pace:
    """When to paint what the stream brings. Pure: seconds of a clock that only goes forward come in with each call.

    ``slow_link``: what the operator said. Beside that the terminal itself tells: what it has not taken yet must not
    grow, for whatever is written behind it is seen only when it has been taken, the answer to a key as well.
    """

    slow_link: bool = False
    _behind_since: float | None = None
    _slow_until: float | None = None

    def held(self, waiting: int, now: float) -> bool:
        """Tell whether to leave the next paint out: ``waiting`` earlier ones have not been taken by the terminal."""
        if not waiting:
            self._behind_since = None
            return False
        if self._behind_since is None:
            self._behind_since = now
        if now - self._behind_since >= LATE_S:
            self._slow_until = now + CALM_S
        return True

    def slow(self, now: float) -> bool:
        """Tell whether the link is, or counts as, a slow one."""
        return self.slow_link or (self._slow_until is not None and now < self._slow_until)

    def interval_s(self, now: float) -> float:
        """Seconds between two paints, at least."""
        return 1 / SLOW_HZ if self.slow(now) else PAINT_S
