"""Which state may follow which: the road, and what lies beside it."""

import itertools

import pytest

from backend.logic.lifecycle import ALLOWED, IllegalTransitionError, check
from backend.model.delivery import (
    ENDED_STATES,
    STATE_NAMES,
    Cancelled,
    Failed,
    Held,
    Loading,
    Queued,
    Ready,
    State,
    Stored,
    Transferring,
    Verifying,
    Waiting,
    state_name,
)
from backend.model.errors import Problem
from backend.model.ids import NodeId

PROBLEM = Problem("x")
SOURCE = NodeId("SHA256:a")
STATES: tuple[State, ...] = (
    Queued(),
    Transferring(SOURCE),
    Verifying(SOURCE),
    Loading(),
    Ready(),
    Stored(),
    Waiting(1.0, PROBLEM),
    Held(PROBLEM),
    Failed(PROBLEM),
    Cancelled(),
)
BY_NAME = {state_name(state): state for state in STATES}


def allowed(before: str, after: str) -> bool:
    try:
        check(BY_NAME[before], BY_NAME[after])
    except IllegalTransitionError:
        return False
    return True


def test_the_table_speaks_of_all_states() -> None:
    assert set(ALLOWED) == set(STATE_NAMES) == set(BY_NAME)
    assert set().union(*ALLOWED.values()) <= set(STATE_NAMES)


@pytest.mark.parametrize("name", STATE_NAMES)
def test_a_state_may_follow_itself(name: str) -> None:
    assert allowed(name, name)


@pytest.mark.parametrize("name", STATE_NAMES)
def test_every_state_can_begin_anew(name: str) -> None:
    """A retry, a sweep, a restart: nothing is stuck for ever."""
    assert allowed(name, "queued")


@pytest.mark.parametrize(
    "road",
    [
        ("queued", "transferring", "verifying", "queued", "loading", "ready"),
        ("queued", "ready"),
        ("queued", "stored"),
        ("queued", "loading", "stored"),
        ("queued", "transferring", "waiting", "queued"),
        ("queued", "transferring", "failed"),
        ("verifying", "waiting"),
        ("loading", "held", "queued"),
        ("ready", "stored"),
        ("ready", "failed"),
        ("waiting", "held"),
        ("waiting", "cancelled", "queued"),
    ],
)
def test_the_roads(road: tuple[str, ...]) -> None:
    for before, after in itertools.pairwise(road):
        assert allowed(before, after), f"{before} -> {after}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("transferring", "ready"),
        ("transferring", "stored"),
        ("transferring", "loading"),
        ("verifying", "ready"),
        ("verifying", "stored"),
        ("verifying", "transferring"),
        ("queued", "verifying"),
        ("ready", "transferring"),
        ("ready", "loading"),
        ("ready", "cancelled"),
        ("ready", "waiting"),
        ("waiting", "ready"),
        ("held", "ready"),
        ("failed", "ready"),
        ("failed", "waiting"),
        ("cancelled", "ready"),
        ("cancelled", "failed"),
    ],
)
def test_no_short_cuts(before: str, after: str) -> None:
    """``ready`` is the truth: only from where the runtime was asked."""
    with pytest.raises(IllegalTransitionError, match=f"{before} -> {after}"):
        check(BY_NAME[before], BY_NAME[after])


def test_only_what_the_runtime_answered_becomes_ready() -> None:
    assert {name for name in STATE_NAMES if allowed(name, "ready")} == {"queued", "loading", "stored", "ready"}


def test_what_has_ended_moves_only_by_beginning_anew() -> None:
    moving = {"transferring", "verifying", "loading"}
    assert not any(allowed(ended, name) for ended in ENDED_STATES for name in moving)
