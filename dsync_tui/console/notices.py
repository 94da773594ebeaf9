"""What toasts are made from: short words to an operator, for some seconds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic

from textual.notifications import Notification

SHORTEST_S = 0.05
SHOWN = 3
"""Toasts at a time: more would cover what the operator is working on, and nobody reads them."""


@dataclass
class Notice(Notification):
    """Its time goes by a clock that nobody sets, and is never less than nothing.

    A toast that is made in the very moment in which its notice expires would start a timer with a negative interval,
    and Textual's timers (8.2) then never give the loop back: the console stands still for good.
    """

    raised_at: float = field(default_factory=monotonic)

    @property
    def time_left(self) -> float:
        """Seconds until it expires."""
        return max(SHORTEST_S, self._left_s)

    @property
    def has_expired(self) -> bool:
        """Tell whether its time is over."""
        return self._left_s <= 0

    @property
    def _left_s(self) -> float:
        return self.raised_at + self.timeout - monotonic()


def crowded_out(shown: Sequence[Notification], new: Notification) -> list[Notification]:
    """Of those shown, oldest first, what a new one takes the place of: the same said before, and the oldest beyond
    ``SHOWN``, failures last of all.
    """
    words = (new.severity, new.title, new.message)
    said = [notice for notice in shown if (notice.severity, notice.title, notice.message) == words]
    others = sorted((notice for notice in shown if notice not in said), key=_fails)
    return said + others[: max(0, len(others) + 1 - SHOWN)]


def _fails(notice: Notification) -> bool:
    return notice.severity == "error"
