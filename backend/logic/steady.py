"""A clock that nobody sets: what timers of a running process go by, whatever happens to the machine's."""

from dataclasses import dataclass

LONGEST_S = 60.0
"""Events come at least each second: a longer step forward is one of the machine's clock, or it was asleep."""

STEP_S = 1.0
"""What such a step, or one backward, counts for."""


@dataclass(slots=True)
class SteadyClock:
    """Goes on with the wall clock, and leaves out its steps. It begins at the wall clock's epoch seconds."""

    now: float = 0.0
    wall: float | None = None

    def at(self, wall: float) -> float:
        """The steady time when the wall clock says ``wall`` (epoch seconds)."""
        if self.wall is None:
            self.now = wall
        else:
            passed = wall - self.wall
            self.now += passed if 0.0 <= passed <= LONGEST_S else STEP_S
        self.wall = wall
        return self.now
