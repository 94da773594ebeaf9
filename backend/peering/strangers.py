"""Who was refused at the door is told once per address, reason and minute: a scan must not flood the log."""

from collections import OrderedDict

_PERIOD_S = 60.0
_REMEMBERED = 1024


class Strangers:
    """Remembers who was told of lately, and of what; a bounded number of them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._told_at: OrderedDict[str, float] = OrderedDict()

    def is_news(self, who: str, now: float) -> bool:
        """Tell whether ``who`` is to be told of now; ``now`` in monotonic seconds."""
        while self._told_at and now - next(iter(self._told_at.values())) >= _PERIOD_S:
            self._told_at.popitem(last=False)
        if who in self._told_at or len(self._told_at) >= _REMEMBERED:
            return False
        self._told_at[who] = now
        return True
