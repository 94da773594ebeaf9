"""What bounds a channel's appetite: the queue towards a slow peer, the allowance of a fast one."""

from collections import OrderedDict


class Outbox:
    """Frames that wait for the peer, in order. A frame put as ``latest`` replaces the one put so before it."""

    def __init__(self, limit_bytes: int, limit_count: int) -> None:
        """Bound the bytes and the number of waiting frames."""
        self._limit_bytes = limit_bytes
        self._limit_count = limit_count
        self._frames: OrderedDict[int, bytes] = OrderedDict()
        self._number = 0
        self._latest: int | None = None
        self.size_bytes = 0

    def put(self, frame: bytes, latest: bool) -> bool:
        """Add a frame; False, with nothing added, when a bound would be passed."""
        if latest and self._latest is not None:
            self.size_bytes -= len(self._frames.pop(self._latest))
            self._latest = None
        if self.size_bytes + len(frame) > self._limit_bytes or len(self._frames) >= self._limit_count:
            return False
        self._number += 1
        self._frames[self._number] = frame
        self.size_bytes += len(frame)
        if latest:
            self._latest = self._number
        return True

    def pop(self) -> bytes | None:
        """Take the oldest frame; None when there is none."""
        if not self._frames:
            return None
        number, frame = self._frames.popitem(last=False)
        if number == self._latest:
            self._latest = None
        self.size_bytes -= len(frame)
        return frame

    def __len__(self) -> int:
        """How many frames wait."""
        return len(self._frames)


class Allowance:
    """A token bucket that may run into debt: what came in is taken, then the peer waits until the debt is paid."""

    def __init__(self, rate_per_s: float, burst: float, now: float) -> None:
        """Begin with a full bucket of ``burst`` tokens that fills at ``rate_per_s``."""
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._tokens = burst
        self._at = now

    def take(self, amount: float, now: float) -> float:
        """Spend ``amount`` tokens; return for how many seconds no more may be spent."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate_per_s)
        self._at = now
        self._tokens -= amount
        return max(0.0, -self._tokens / self._rate_per_s)
