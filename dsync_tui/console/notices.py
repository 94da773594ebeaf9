"""What toasts are made from: short words to an operator, for some seconds."""

from dataclasses import dataclass, field
from time import monotonic

from textual.notifications import Notification

SHORTEST_S = 0.05


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
