"""Waits: 60, 120, 180 s, spread a little, never longer than they can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.logic.retrying import clamped_due, next_due

WAITS = (60.0, 120.0, 180.0)


@pytest.mark.parametrize(("retries", "wait_s"), [(0, 60.0), (1, 120.0), (2, 180.0)])
def test_the_waits_in_their_order(retries: int, wait_s: float) -> None:
    """Without jitter the due time is exact."""
    assert next_due(retries, WAITS, 0.0, 1000.0, 0.5) == 1000.0 + wait_s


def test_after_the_last_wait_there_is_none() -> None:
    """A person is told instead; with no waits at all, at once."""
    assert next_due(3, WAITS, 0.1, 1000.0, 0.5) is None
    assert next_due(0, (), 0.1, 1000.0, 0.5) is None


@given(st.floats(0, 0.999999), st.floats(0, 0.9))
def test_jitter_spreads_within_its_fraction(chance: float, jitter: float) -> None:
    """Longer or shorter by at most that fraction."""
    due = next_due(0, WAITS, jitter, 0.0, chance)
    assert due is not None
    assert 60.0 * (1 - jitter) - 1e-6 <= due <= 60.0 * (1 + jitter) + 1e-6


def test_a_clock_stepped_back_does_not_make_a_wait_of_years() -> None:
    """The due time lies no further away than the wait could have been."""
    assert clamped_due(5_000_000.0, 0, WAITS, 0.1, 1000.0) == 1000.0 + 66.0
    assert clamped_due(1030.0, 0, WAITS, 0.1, 1000.0) == 1030.0
