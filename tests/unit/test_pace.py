"""How often a console paints: as the operator says, and as the terminal keeps up."""

from dsync_tui.pace import CALM_S, FRAMES_HZ, LATE_S, PAINT_S, SLOW_HZ, Pace, frames_hz


def test_a_terminal_that_keeps_up_is_painted_at_full_rate() -> None:
    pace = Pace()
    assert not pace.held(0, 10.0)
    assert not pace.slow(10.0)
    assert pace.interval_s(10.0) == PAINT_S
    assert frames_hz(False) == FRAMES_HZ


def test_a_paint_waits_for_the_one_before_it() -> None:
    pace = Pace()
    assert pace.held(1, 10.0)
    assert not pace.slow(10.0), "a moment says nothing of the link"
    assert not pace.held(0, 10.1)
    assert pace.held(1, 10.0 + LATE_S)
    assert not pace.slow(10.0 + LATE_S), "it had kept up in between"


def test_a_terminal_that_is_late_is_painted_at_a_slow_rate_until_it_has_kept_up_for_long() -> None:
    pace = Pace()
    pace.held(1, 10.0)
    assert pace.held(2, 10.0 + LATE_S)
    assert pace.slow(10.0 + LATE_S)
    assert pace.interval_s(10.0 + LATE_S) == 1 / SLOW_HZ
    assert not pace.held(0, 12.0)
    assert pace.slow(12.0)
    assert not pace.slow(10.0 + LATE_S + CALM_S)
    assert pace.interval_s(10.0 + LATE_S + CALM_S) == PAINT_S


def test_what_the_operator_says_holds() -> None:
    pace = Pace(slow_link=True)
    assert not pace.held(0, 10.0)
    assert pace.slow(1e9)
    assert pace.interval_s(1e9) == 1 / SLOW_HZ
    assert frames_hz(True) == SLOW_HZ
