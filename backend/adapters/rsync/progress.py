"""What rsync says while it fetches (``--info=progress2,stats2 --no-human-readable``), turned into figures."""

import re

_PROGRESS = re.compile(r"\s*([0-9][0-9,]{0,24})\s+[0-9]{1,3}%\s", re.ASCII)
_STATISTIC = re.compile(r"(Literal data|Matched data|Total bytes received): ([0-9][0-9,]{0,24})\b", re.ASCII)
SMOOTHING = 0.4
"""Weight of the latest interval in the shown rate: rsync reports about once a second."""


class Meter:
    """Follows one fetch. All figures are bytes of the archive unless they say otherwise.

    ``bytes_done`` counts what is at the target, so it starts with what a cut-off fetch left there; it never steps
    back, and stays within the announced size though rsync counts twice what it sends twice.
    """

    def __init__(self, size_bytes: int, present_bytes: int, now_s: float) -> None:
        """Begin at ``now_s`` (monotonic seconds) with ``present_bytes`` at the target."""
        self._size = size_bytes
        self._present = min(present_bytes, size_bytes)
        # A target of full length is compared from its first byte on; a shorter one goes on where it ends.
        self.bytes_done = self._present if present_bytes < size_bytes else 0
        self.rate_bps = 0
        self._seen_at = now_s
        self._seen_bytes = self.bytes_done
        self._statistics: dict[str, int] = {}

    @property
    def bytes_brought(self) -> int:
        """Bytes that came over the wire so far, as far as can be told while it runs."""
        return max(0, self.bytes_done - self._present)

    @property
    def wire_bytes(self) -> int | None:
        """All bytes received over the wire, protocol included; None before the end."""
        return self._statistics.get("Total bytes received")

    @property
    def saved_bytes(self) -> int:
        """Bytes of the archive that did not have to come; 0 before the end."""
        literal = self._statistics.get("Literal data")
        return max(0, self._size - literal) if literal is not None else 0

    def feed(self, line: str, now_s: float) -> bool:
        """Read one piece of output; True when it was a progress report."""
        progress = _PROGRESS.match(line)
        if progress is not None:
            self.advance(_number(progress[1]), now_s)
            return True
        for name, number in _STATISTIC.findall(line):
            self._statistics[name] = _number(number)
        return False

    def advance(self, bytes_done: int, now_s: float) -> None:
        """Take a new count of bytes at the target."""
        self.bytes_done = max(self.bytes_done, min(bytes_done, self._size))
        elapsed_s = now_s - self._seen_at
        if elapsed_s <= 0:
            return
        latest_bps = (self.bytes_done - self._seen_bytes) / elapsed_s
        smoothed = latest_bps if self.rate_bps == 0 else SMOOTHING * latest_bps + (1 - SMOOTHING) * self.rate_bps
        self.rate_bps = round(smoothed)
        self._seen_at, self._seen_bytes = now_s, self.bytes_done


def _number(text: str) -> int:
    return int(text.replace(",", ""))
