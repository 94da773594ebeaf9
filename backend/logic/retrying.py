"""When a failed delivery is tried again."""

from collections.abc import Sequence


def next_due(retries: int, waits_s: Sequence[float], jitter: float, now: float, chance: float) -> float | None:
    """Due time (epoch seconds) of the next retry, or None when all waits are used up.

    ``jitter`` is the fraction by which a wait may be longer or shorter, spread by ``chance`` in [0, 1), so that nodes
    that
    failed together do not come back together.
    """
    if retries >= len(waits_s):
        return None
    wait_s = waits_s[retries]
    return now + wait_s * (1.0 + jitter * (2.0 * chance - 1.0))


def clamped_due(due_at: float, retries: int, waits_s: Sequence[float], jitter: float, now: float) -> float:
    """A due time no further away than its longest possible wait: what a clock that was stepped back leaves behind."""
    longest = waits_s[min(retries, len(waits_s) - 1)] * (1.0 + jitter) if waits_s else 0.0
    return min(due_at, now + longest)
