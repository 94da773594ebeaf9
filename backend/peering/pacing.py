"""When to dial again."""

from backend.peering.limits import PeerLimits


class Backoff:
    """Delays before the next dial: at once after a channel that stood long, then doubling, and long when refused."""

    def __init__(self, limits: PeerLimits) -> None:
        """Begin with no delay but a little scatter."""
        self._limits = limits
        self._delay_s = 0.0

    def grow(self) -> None:
        """A dial failed, or its channel did not last."""
        first, longest = self._limits.redial_first_s, self._limits.redial_longest_s
        self._delay_s = min(longest, max(first, 2 * self._delay_s))

    def refuse(self) -> None:
        """Only a person can mend it."""
        self._delay_s = self._limits.redial_refused_s

    def reset(self) -> None:
        """All was well for long."""
        self._delay_s = 0.0

    def next_s(self, chance: float) -> float:
        """The delay from now, scattered by ``chance`` in [0, 1) so that a fleet does not dial in step."""
        if self._delay_s == 0.0:
            return self._limits.redial_first_s * chance
        return self._delay_s * (0.75 + 0.25 * chance)
