"""Who was refused at the door is told once per address and minute: a scan must not flood the log."""

from collections import OrderedDict

_PERIOD_S = 60.0
_REMEMBERED = 1024


class Strangers:
    """Remembers which addresses were told lately; a bounded number of them."""

    def __init__(self) -> None:
        """Begin with none."""
        self._told_at: OrderedDict[str, float] = OrderedDict()

    def is_news(self, address: str, now: float) -> bool:
        """Tell whether ``address`` is to be told now; ``now`` in monotonic seconds."""
        while self._told_at and now - next(iter(self._told_at.values())) >= _PERIOD_S:
            self._told_at.popitem(last=False)
        if address in self._told_at or len(self._told_at) >= _REMEMBERED:
            return False
        self._told_at[address] = now
        return True
