"""Rates over the last minutes, one sample a second: the fleet's and each node's."""

from collections import deque

HISTORY_S = 240


class RateHistory:
    """A ring of rates in bytes a second. Pure: time comes in with each call."""

    def __init__(self, length_s: int = HISTORY_S) -> None:
        """Keep ``length_s`` seconds."""
        self._samples: deque[int] = deque(maxlen=length_s)
        self._second: int | None = None
        self._rate_bps = 0

    def note(self, at: float, rate_bps: int) -> None:
        """Take the rate that holds from ``at`` (epoch seconds) on."""
        self.pass_time(at)
        self._rate_bps = rate_bps
        if self._samples:
            self._samples[-1] = rate_bps
        else:
            self._samples.append(rate_bps)

    def pass_time(self, at: float) -> None:
        """Fill the seconds up to ``at`` with the rate that held meanwhile."""
        second = int(at)
        if self._second is None:
            self._second = second
            return
        # Beyond the ring's length older samples would only push each other out.
        for _ in range(min(max(0, second - self._second), self._samples.maxlen or 0)):
            self._samples.append(self._rate_bps)
        self._second = max(self._second, second)

    def clear(self) -> None:
        """Forget everything: another daemon's figures are another story."""
        self._samples.clear()
        self._second = None
        self._rate_bps = 0

    def latest(self, count: int) -> list[int]:
        """Return the last ``count`` samples, oldest first; fewer where there are none yet."""
        if count <= 0:
            return []
        return list(self._samples)[-count:]

    @property
    def quiet(self) -> bool:
        """Tell whether nothing has moved for as long as samples are kept."""
        return not self._rate_bps and not any(self._samples)


NODE_HISTORY_S = 120


class NodeRates:
    """The rates of nodes, by ID. Of a node at rest nothing is kept, so that a large fleet costs what moves in it."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._histories: dict[str, RateHistory] = {}
        self._at = 0

    def note(self, at: float, node: str, rate_bps: int) -> None:
        """Take the rate that holds at ``node`` from ``at`` (epoch seconds) on."""
        history = self._histories.get(node)
        if history is None:
            if not rate_bps:
                return
            history = self._histories[node] = RateHistory(NODE_HISTORY_S)
        history.note(at, rate_bps)

    def pass_time(self, at: float) -> None:
        """Fill the seconds up to ``at``; forget who has come to rest."""
        if int(at) == self._at:
            return
        self._at = int(at)
        for node, history in list(self._histories.items()):
            history.pass_time(at)
            if history.quiet:
                del self._histories[node]

    def clear(self) -> None:
        """Forget everything."""
        self._histories.clear()

    def latest(self, node: str, count: int) -> list[int]:
        """Return a node's last ``count`` samples, oldest first; none for a node at rest."""
        history = self._histories.get(node)
        return [] if history is None else history.latest(count)
