"""The clock that timers go by."""

from hypothesis import given
from hypothesis import strategies as st

from backend.logic.steady import LONGEST_S, STEP_S, SteadyClock


def test_it_goes_with_the_wall_clock_and_leaves_out_its_steps() -> None:
    """An hour forward or back, or a night asleep, is a second."""
    clock = SteadyClock()
    assert clock.at(1000.0) == 1000.0
    assert clock.at(1000.5) == 1000.5
    assert clock.at(1000.0 - 3600) == 1000.5 + STEP_S
    assert clock.at(1010.0 - 3600) == 1010.5 + STEP_S
    assert clock.at(1010.0 + 3600) == 1010.5 + 2 * STEP_S


@given(st.lists(st.floats(-1e9, 1e9), max_size=20))
def test_it_never_goes_back_and_never_leaps(walls: list[float]) -> None:
    """Whatever the wall clock does."""
    clock, before = SteadyClock(), None
    for wall in walls:
        now = clock.at(wall)
        assert before is None or before <= now <= before + LONGEST_S
        before = now
