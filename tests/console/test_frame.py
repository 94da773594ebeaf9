"""Which rows and columns are shown, in which order."""

import pytest

from backend.api.wire import Delta
from dsync_tui.console.filters import parse_filter
from dsync_tui.console.frame import Arrangement, ColumnSort, RowSort, arrange, following, natural
from dsync_tui.console.store import FleetStore
from tests.support.console_fleets import START, archive_row, node_row, small_fleet, snapshot


@pytest.fixture
def store() -> FleetStore:
    made = FleetStore()
    made.apply(small_fleet())
    return made


def names(store: FleetStore, wanted: Arrangement) -> list[str]:
    return [store.nodes[row].name for row in arrange(store, wanted).rows]


def images(store: FleetStore, wanted: Arrangement) -> list[str]:
    return [store.archive(column).name for column in arrange(store, wanted).columns]


def test_names_are_ordered_as_people_count() -> None:
    assert sorted(["node-10", "node-2", "Node-1", "a"], key=natural) == ["a", "Node-1", "node-2", "node-10"]


def test_the_usual_order_is_by_name_and_newest_first_with_refused_files_after(store: FleetStore) -> None:
    assert names(store, Arrangement())[:3] == ["edge-berlin", "edge-oslo", "edge-paris"]
    assert images(store, Arrangement()) == [*(f"app-{n}.tar" for n in (5, 4, 3, 2, 1)), "broken.tar"]


def test_history_stands_behind_what_the_fleet_should_hold(store: FleetStore) -> None:
    store.apply(Delta(sequence=2, at=START, archives=[archive_row(5, state="superseded")]))
    assert images(store, Arrangement())[-1] == "app-5.tar"


def test_the_worst_come_first(store: FleetStore) -> None:
    assert names(store, Arrangement(rows=RowSort.WORST))[0] == "edge-berlin"
    assert names(store, Arrangement(rows=RowSort.WORST))[1] in ("edge-oslo", "edge-paris", "store")
    assert images(store, Arrangement(columns=ColumnSort.WORST))[0] == "app-3.tar"


def test_other_orders(store: FleetStore) -> None:
    assert names(store, Arrangement(rows=RowSort.RATE))[:2] == ["worker-01", "worker-02"]
    assert names(store, Arrangement(rows=RowSort.BEHIND))[0] in ("edge-oslo", "edge-paris")
    assert names(store, Arrangement(rows=RowSort.BEHIND))[-1] in ("master", "store")
    by_name = images(store, Arrangement(columns=ColumnSort.NAME))
    assert by_name[0] == "broken.tar"


def test_orders_go_round() -> None:
    order = RowSort.NAME
    seen = []
    for _ in RowSort:
        seen.append(order)
        order = following(RowSort, order)
    assert seen == list(RowSort)
    assert order is RowSort.NAME


@pytest.mark.parametrize(
    ("text", "rows", "columns"),
    [
        ("worker", 3, 6),
        ("!worker", 5, 6),
        ("postgres", 8, 1),
        ("worker postgres", 3, 1),
        ("!postgres", 8, 5),
        ("nothing-of-this", 0, 0),
        ("!nothing-of-this", 8, 6),
        ("192.168.1.101", 1, 6),
        ("down", 1, 6),
        ("-f edgbrln", 1, 6),
        ("WORKER-01", 1, 6),
    ],
)
def test_words_filter_the_axis_where_they_are_found(store: FleetStore, text: str, rows: int, columns: int) -> None:
    frame = arrange(store, Arrangement(filter=parse_filter(text)))
    assert (len(frame.rows), len(frame.columns)) == (rows, columns)
    assert (frame.of_rows, frame.of_columns) == (8, 6)


@pytest.mark.parametrize(
    ("text", "rows", "columns"),
    [
        ("failed", {"edge-berlin"}, {"app-3.tar"}),
        ("retry", {"edge-oslo", "worker-03"}, {"app-4.tar", "app-5.tar"}),
        ("moving", {"worker-01", "worker-02", "worker-03", "edge-berlin"}, {"app-4.tar"}),
        ("failed worker", set(), set()),
        ("held paris", {"edge-paris"}, {"app-1.tar", "app-2.tar"}),
    ],
)
def test_states_are_words_too(store: FleetStore, text: str, rows: set[str], columns: set[str]) -> None:
    wanted = Arrangement(filter=parse_filter(text))
    assert wanted.live
    assert set(names(store, wanted)) == rows
    assert set(images(store, wanted)) == columns


def test_refused_files_have_their_word_in_filters_too() -> None:
    store = FleetStore()
    bad = archive_row(3, "", name="broken.tar", digest="file:broken.tar", state="rejected", order=0)
    rows = [node_row("a"), node_row("b")]
    store.apply(snapshot(rows, [archive_row(1), archive_row(2), bad], ["..", ".!", "!!"]))
    shown = {
        text: (names(store, wanted), images(store, wanted))
        for text in ("rejected", "trouble", "!rejected", "rejected app-1", "rejected broken", "ready")
        for wanted in [Arrangement(filter=parse_filter(text))]
    }
    assert shown == {
        "rejected": (["b"], ["app-2.tar", "broken.tar"]),
        "trouble": (["b"], ["app-2.tar", "broken.tar"]),
        "!rejected": (["a", "b"], ["app-2.tar", "app-1.tar"]),
        "rejected app-1": ([], []),
        "rejected broken": (["a", "b"], ["broken.tar"]),
        "ready": (["a", "b"], ["app-2.tar", "app-1.tar"]),
    }


def test_not_ready_keeps_what_is_not_ready_throughout() -> None:
    store = FleetStore()
    store.apply(snapshot([node_row("a"), node_row("b")], [archive_row(1), archive_row(2)], ["..", ".X"]))
    wanted = Arrangement(filter=parse_filter("!ready"))
    assert names(store, wanted) == ["b"]
    assert images(store, wanted) == ["app-2.tar"]


def test_troubles_only_keeps_ill_nodes_and_refused_files(store: FleetStore) -> None:
    wanted = Arrangement(troubles_only=True)
    assert set(names(store, wanted)) == {"edge-berlin", "edge-oslo", "edge-paris", "store", "worker-03"}
    assert "broken.tar" in images(store, wanted)


def test_troubles_only_shows_all_images_where_only_nodes_are_ill() -> None:
    store = FleetStore()
    store.apply(snapshot([node_row("a"), node_row("b", state="down")], [archive_row(1)], [".."]))
    frame = arrange(store, Arrangement(troubles_only=True))
    assert len(frame.rows) == 1
    assert len(frame.columns) == 1


def test_troubles_only_of_a_well_fleet_is_empty() -> None:
    store = FleetStore()
    store.apply(snapshot([node_row("a")], [archive_row(1)], ["."]))
    assert not arrange(store, Arrangement(troubles_only=True)).rows


def test_failures_of_history_are_no_troubles_and_not_the_worst() -> None:
    store = FleetStore()
    past = archive_row(2, state="superseded")
    store.apply(snapshot([node_row("a"), node_row("b")], [archive_row(1), past], ["r.", "XX"]))
    assert images(store, Arrangement(troubles_only=True)) == ["app-1.tar"]
    assert names(store, Arrangement(troubles_only=True)) == ["a"]
    assert images(store, Arrangement(columns=ColumnSort.WORST)) == ["app-1.tar", "app-2.tar"]


def test_labels_can_be_asked_for() -> None:
    store = FleetStore()
    store.apply(snapshot([node_row("a", labels={"zone": "x"}), node_row("b")], [], []))
    assert names(store, Arrangement(filter=parse_filter("zone=x"))) == ["a"]


def test_positions_lead_back_to_indices(store: FleetStore) -> None:
    frame = arrange(store, Arrangement(rows=RowSort.WORST))
    assert [frame.row_of[row] for row in frame.rows] == list(range(len(frame.rows)))
    assert [frame.column_of[column] for column in frame.columns] == list(range(len(frame.columns)))


def test_only_orders_and_filters_by_cells_are_live() -> None:
    assert not Arrangement().live
    assert not Arrangement(filter=parse_filter("worker")).live
    assert Arrangement(rows=RowSort.WORST).live
    assert Arrangement(troubles_only=True).live
