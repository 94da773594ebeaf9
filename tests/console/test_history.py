"""Rates over time: one sample a second, of the fleet and of nodes."""

from dsync_tui.console.history import HISTORY_S, NODE_HISTORY_S, NodeRates, RateHistory
from dsync_tui.console.spark import trend


def test_a_rate_holds_until_the_next_one() -> None:
    history = RateHistory()
    history.note(100.2, 5)
    history.note(103.9, 7)
    history.pass_time(105.0)
    assert history.latest(10) == [5, 5, 5, 7, 7, 7]
    assert history.latest(2) == [7, 7]
    assert history.latest(0) == []


def test_a_long_pause_is_no_long_loop_and_leaves_the_last_rate() -> None:
    history = RateHistory(5)
    history.note(1.0, 3)
    history.pass_time(10**9)
    assert history.latest(100) == [3] * 5
    history.clear()
    assert history.latest(5) == []
    assert HISTORY_S >= 60


def test_nodes_at_rest_cost_nothing() -> None:
    rates = NodeRates()
    rates.note(1.0, "still", 0)
    rates.note(1.0, "busy", 4)
    rates.pass_time(3.0)
    assert rates.latest("still", 5) == []
    assert rates.latest("busy", 5) == [4, 4, 4]


def test_a_node_that_came_to_rest_is_forgotten_once_nothing_of_it_would_be_drawn() -> None:
    rates = NodeRates()
    rates.note(1.0, "busy", 4)
    rates.note(2.0, "busy", 0)
    rates.pass_time(NODE_HISTORY_S)
    assert rates.latest("busy", NODE_HISTORY_S)[0] == 4
    rates.pass_time(1 + NODE_HISTORY_S)
    assert rates.latest("busy", 5) == []


def test_another_daemon_is_another_story() -> None:
    rates = NodeRates()
    rates.note(1.0, "busy", 4)
    rates.clear()
    assert rates.latest("busy", 5) == []


def test_a_trend_shows_all_samples_the_highest_of_those_that_share_a_column() -> None:
    rising = [0] * 60 + [10] * 55 + [0, 0, 0, 0, 20]
    drawn = trend(rising, 12, ascii_only=True)
    assert drawn == "______+++++@"
    assert trend([5], 12, ascii_only=True) == "           @"
    assert trend([], 12, ascii_only=True) == " " * 12
    assert len(trend(list(range(120)), 12, ascii_only=False)) == 12
