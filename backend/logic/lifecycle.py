"""Which state of a delivery may follow which."""

from backend.model.delivery import State, state_name

_ASIDE = frozenset({"waiting", "held", "failed", "cancelled"})

ALLOWED: dict[str, frozenset[str]] = {
    "queued": frozenset({"transferring", "loading", "ready", "stored"}) | _ASIDE,
    "transferring": frozenset({"queued", "verifying"}) | _ASIDE,
    "verifying": frozenset({"queued"}) | _ASIDE,
    "loading": frozenset({"queued", "ready", "stored"}) | _ASIDE,
    "ready": frozenset({"queued", "stored", "failed"}),
    "stored": frozenset({"queued", "ready", "failed", "cancelled"}),
    "waiting": frozenset({"queued", "held", "cancelled"}),
    "held": frozenset({"queued", "cancelled"}),
    "failed": frozenset({"queued", "cancelled"}),
    "cancelled": frozenset({"queued"}),
}
"""State word -> the words that may follow. A state may always follow itself with new data."""


class IllegalTransitionError(Exception):
    """A decision asked for a step that the lifecycle does not know: a bug, never an operator's doing."""


def check(before: State, after: State) -> None:
    """Raise IllegalTransitionError unless ``after`` may follow ``before``."""
    old, new = state_name(before), state_name(after)
    if old != new and new not in ALLOWED[old]:
        raise IllegalTransitionError(f"{old} -> {new}")
