"""Where n and N go in the matrix."""

import pytest

from dsync_tui.console.filters import parse_filter
from dsync_tui.console.frame import Arrangement, Frame, arrange
from dsync_tui.console.seeking import Place, matching_after, troubled_after
from dsync_tui.console.store import FleetStore
from tests.support.console_fleets import archive_row, node_row, small_fleet, snapshot


@pytest.fixture
def store() -> FleetStore:
    made = FleetStore()
    made.apply(small_fleet())
    return made


def told(store: FleetStore, frame: Frame, place: Place | None) -> tuple[str, str]:
    assert place is not None
    return store.nodes[frame.rows[place[0]]].name, store.archive(frame.columns[place[1]]).name


def test_troubles_are_gone_through_line_by_line_and_round_again(store: FleetStore) -> None:
    frame = arrange(store, Arrangement())
    seen: list[tuple[str, str]] = []
    place: Place = (0, 0)
    for _ in range(7):
        found = troubled_after(store, frame, place, 1)
        seen.append(told(store, frame, found))
        assert found is not None
        place = found
    assert seen == [
        ("edge-berlin", "app-3.tar"),
        ("edge-oslo", "app-4.tar"),
        ("edge-paris", "app-2.tar"),
        ("edge-paris", "app-1.tar"),
        ("worker-03", "app-5.tar"),
        ("edge-berlin", "app-3.tar"),
        ("edge-oslo", "app-4.tar"),
    ]
    back = []
    for _ in range(5):
        found = troubled_after(store, frame, place, -1)
        assert found is not None
        back.append(told(store, frame, found))
        place = found
    assert back == [*reversed(seen[:1]), *reversed(seen[2:5]), seen[1]]


def test_failures_of_history_are_passed_over() -> None:
    made = FleetStore()
    past = archive_row(2, state="withdrawn")
    made.apply(snapshot([node_row("a"), node_row("b")], [archive_row(1), past], ["rr", "XX"]))
    frame = arrange(made, Arrangement())
    found = troubled_after(made, frame, (0, 0), 1)
    assert told(made, frame, found) == ("b", "app-1.tar")


def test_without_troubles_there_is_nowhere_to_go() -> None:
    store = FleetStore()
    store.apply(snapshot([node_row("a")], [archive_row(1)], ["."]))
    assert troubled_after(store, arrange(store, Arrangement()), (0, 0), 1) is None
    assert troubled_after(store, Frame(), (0, 0), 1) is None


def test_the_one_cell_in_trouble_is_found_from_itself() -> None:
    store = FleetStore()
    store.apply(snapshot([node_row("a"), node_row("b")], [archive_row(1), archive_row(2)], [".X", ".."]))
    frame = arrange(store, Arrangement())
    here = troubled_after(store, frame, (0, 0), 1)
    assert here == (1, 1)
    assert troubled_after(store, frame, here, 1) == here
    assert troubled_after(store, frame, here, -1) == here


def test_matches_are_nodes_else_archives(store: FleetStore) -> None:
    frame = arrange(store, Arrangement())
    workers = parse_filter("worker")
    rows = []
    place: Place = (0, 2)
    for _ in range(4):
        found = matching_after(store, frame, place, workers, 1)
        assert found is not None
        assert found[1] == 2
        rows.append(store.nodes[frame.rows[found[0]]].name)
        place = found
    assert rows == ["worker-01", "worker-02", "worker-03", "worker-01"]
    assert matching_after(store, frame, place, workers, -1) == (7, 2)
    assert told(store, frame, matching_after(store, frame, (3, 0), parse_filter("postgres"), 1)) == (
        "master",
        "app-3.tar",
    )
    assert matching_after(store, frame, (0, 0), parse_filter("nobody"), 1) is None
