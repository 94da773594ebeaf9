"""The store: what messages make of it, what it marks as changed, and that its counts never drift."""

import random
import tracemalloc

import pytest

from backend.api.wire import Beat, Delta, JobResult, LogLine
from dsync_tui.console.cells import CELL_CHARACTERS, KIND_COUNT, KIND_OF, Kind
from dsync_tui.console.dirty import CELLS_LIMIT
from dsync_tui.console.store import JOBS_KEPT, LOG_LINES, FleetStore
from tests.support.console_fleets import (
    MIB,
    SMALL_TAGS,
    START,
    archive_row,
    detail,
    digest_of,
    greeting,
    large_fleet,
    node_row,
    quiet,
    small_fleet,
    snapshot,
)


def filled() -> FleetStore:
    store = FleetStore()
    store.apply(greeting())
    store.apply(small_fleet())
    store.take_dirty()
    return store


def recounted(store: FleetStore) -> None:
    """Counts kept along are what counting anew gives."""
    totals = [0] * KIND_COUNT
    for archive, column in enumerate(store.columns):
        kinds = [KIND_OF[code] for code in column]
        assert store.archive_counts[archive].by_kind == [kinds.count(kind) for kind in range(KIND_COUNT)]
        for kind in kinds:
            totals[Kind.NONE if archive in store.past else kind] += 1
    assert store.totals.by_kind == totals
    for node in range(len(store.nodes)):
        kinds = [
            Kind.NONE if archive in store.past else KIND_OF[column[node]]
            for archive, column in enumerate(store.columns)
        ]
        assert store.node_counts[node].by_kind == [kinds.count(kind) for kind in range(KIND_COUNT)]


def test_an_empty_store_is_incomplete_and_counts_as_well() -> None:
    store = FleetStore()
    assert not store.complete
    assert store.totals.share() == 1.0
    assert not store.take_dirty()


def test_a_snapshot_brings_everything() -> None:
    store = filled()
    assert store.complete
    assert [node.name for node in store.nodes[:2]] == ["master", "worker-01"]
    assert store.kind(store.node_index["SHA256:worker-01"], store.archive_index[digest_of(4)]) is Kind.TRANSFERRING
    assert store.kind(store.node_index["SHA256:edge-berlin"], store.archive_index[digest_of(3)]) is Kind.FAILED
    assert store.throughput.rate_bps == 180 * MIB
    assert len(store.log) == 6
    recounted(store)


def test_a_snapshot_marks_everything_once() -> None:
    store = FleetStore()
    store.apply(small_fleet())
    assert store.take_dirty().everything
    assert not store.take_dirty()


def test_a_cell_that_changes_is_marked_and_counted() -> None:
    store = filled()
    before = store.totals.happy
    node, archive = store.node_index["SHA256:worker-01"], store.archive_index[digest_of(4)]
    store.apply(Delta(sequence=2, at=START + 1, cells=[(digest_of(4), "SHA256:worker-01", ".")]))
    dirty = store.take_dirty()
    assert dirty.cells == {(node, archive)}
    assert not dirty.everything
    assert not dirty.layout
    assert store.totals.happy == before + 1
    assert (node, archive) not in store.details, "a cell without a detail in the same frame has none any more"
    recounted(store)


def test_a_cell_that_is_told_again_unchanged_marks_nothing() -> None:
    store = filled()
    store.apply(Delta(sequence=2, at=START, cells=[(digest_of(1), "SHA256:master", ".")]))
    assert not store.take_dirty().cells


def test_a_detail_of_the_same_frame_stays() -> None:
    store = filled()
    moved = detail(4, "worker-01", "transferring", progress=0.8, rate_bps=9 * MIB)
    store.apply(Delta(sequence=2, at=START, cells=[(digest_of(4), "SHA256:worker-01", "8")], details=[moved]))
    at = store.node_index["SHA256:worker-01"], store.archive_index[digest_of(4)]
    assert store.details[at].progress == 0.8
    assert store.take_dirty().details


def test_a_new_node_has_blank_cells_until_they_are_told() -> None:
    store = filled()
    store.apply(
        Delta(
            sequence=2, at=START, nodes=[node_row("late")], cells=[(digest_of(1), "SHA256:late", "o")]
        )
    )  # fmt: skip
    node = store.node_index["SHA256:late"]
    assert store.kind(node, store.archive_index[digest_of(1)]) is Kind.QUEUED
    assert store.kind(node, store.archive_index[digest_of(2)]) is Kind.NONE
    assert store.take_dirty().layout
    recounted(store)


def test_a_new_archive_has_blank_cells_until_they_are_told() -> None:
    store = filled()
    store.apply(Delta(sequence=2, at=START, archives=[archive_row(9)], cells=[(digest_of(9), "SHA256:master", ".")]))
    assert store.kind(0, store.archive_index[digest_of(9)]) is Kind.READY
    assert store.take_dirty().layout
    recounted(store)


def test_an_archive_that_is_gone_takes_its_cells_along_and_moves_no_other() -> None:
    store = filled()
    third = store.archive_index[digest_of(3)]
    store.apply(Delta(sequence=2, at=START, gone=[digest_of(4), "sha256:unknown"]))
    assert digest_of(4) not in store.archive_index
    assert store.archive_index[digest_of(3)] == third
    assert all(store.archives[archive] is not None for _, archive in store.details)
    recounted(store)
    store.apply(Delta(sequence=3, at=START, archives=[archive_row(4)], cells=[(digest_of(4), "SHA256:master", "o")]))
    recounted(store)


def test_a_rejected_archive_counts_for_nothing_and_takes_no_cells() -> None:
    store = filled()
    column = store.archive_index["file:broken.tar"]
    assert column in store.rejected
    assert store.archive_counts[column].wanted == 0
    store.apply(Delta(sequence=2, at=START, cells=[("file:broken.tar", "SHA256:master", "!")]))
    assert store.archive_counts[column].wanted == 0
    store.apply(Delta(sequence=3, at=START, gone=["file:broken.tar"]))
    assert not store.rejected


@pytest.mark.parametrize("state", ["superseded", "withdrawn"])
def test_what_nobody_wants_any_more_counts_in_its_own_column_alone(state: str) -> None:
    store = filled()
    failed, node = digest_of(3), store.node_index["SHA256:edge-berlin"]
    before = (store.totals.failed, store.node_counts[node].failed)
    store.apply(Delta(sequence=2, at=START, archives=[archive_row(3, SMALL_TAGS[2], state=state)]))
    column = store.archive_index[failed]
    assert store.archive_counts[column].failed == 1
    assert (store.totals.failed, store.node_counts[node].failed) == (before[0] - 1, before[1] - 1)
    assert store.take_dirty().figures
    recounted(store)
    store.apply(Delta(sequence=3, at=START, cells=[(failed, "SHA256:master", "X")]))
    assert store.archive_counts[column].failed == 2
    recounted(store)
    store.apply(Delta(sequence=4, at=START, archives=[archive_row(3, SMALL_TAGS[2])]))
    assert (store.totals.failed, store.node_counts[node].failed) == (before[0] + 1, before[1])
    store.apply(Delta(sequence=5, at=START, archives=[archive_row(3, SMALL_TAGS[2], state=state)], gone=[failed]))
    assert not store.past
    assert store.totals.failed == before[0] - 1
    recounted(store)


def test_a_snapshot_brings_history_that_counts_for_nothing() -> None:
    store = FleetStore()
    store.apply(snapshot([node_row("a")], [archive_row(1), archive_row(2, state="superseded")], [".", "X"]))
    assert (store.totals.failed, store.totals.wanted, store.archive_counts[1].failed) == (0, 1, 1)
    recounted(store)


def test_cells_of_unknown_nodes_and_archives_are_passed_over() -> None:
    store = filled()
    store.apply(Delta(sequence=2, at=START, cells=[("sha256:no", "SHA256:master", "."), (digest_of(1), "no", ".")]))
    store.apply(Delta(sequence=3, at=START, details=[detail(99, "master", "failed"), detail(1, "nobody", "failed")]))
    assert not store.take_dirty().cells


def test_characters_that_nobody_knows_are_unknown() -> None:
    store = filled()
    for odd in ("é", "☃", "~"):
        store.apply(Delta(sequence=2, at=START, cells=[(digest_of(1), "SHA256:master", odd)]))
        assert store.kind(0, store.archive_index[digest_of(1)]) is Kind.UNKNOWN
    store.apply(Delta(sequence=3, at=START, cells=[(digest_of(1), "SHA256:master", "")]))
    recounted(store)


def test_a_node_whose_facts_change_is_marked() -> None:
    store = filled()
    store.apply(Delta(sequence=2, at=START, nodes=[node_row("worker-03", rate_bps=5)]))
    dirty = store.take_dirty()
    assert dirty.nodes == {3}
    assert not dirty.layout
    store.apply(Delta(sequence=3, at=START, nodes=[node_row("worker-03", state="down")]))
    assert store.take_dirty().layout


def test_many_changes_at_once_mark_everything() -> None:
    store = FleetStore()
    store.apply(large_fleet(100, 100))
    store.take_dirty()
    cells = [(digest_of(number), f"SHA256:{node.name}", "X") for number in range(1, 101) for node in store.nodes]
    assert len(cells) > CELLS_LIMIT
    store.apply(Delta(sequence=2, at=START, cells=cells))
    dirty = store.take_dirty()
    assert dirty.everything
    assert not dirty.cells
    recounted(store)


def test_the_log_is_bounded_and_tells_what_was_lost() -> None:
    store = filled()
    lines = [LogLine(START, "info", "ready", {}, f"line {number}") for number in range(LOG_LINES + 10)]
    store.apply(Delta(sequence=2, at=START, log=lines, dropped=7))
    assert len(store.log) == LOG_LINES
    assert store.log_total == LOG_LINES + 16
    assert store.log_dropped == 7
    assert store.take_dirty().log


def test_jobs_are_bounded() -> None:
    store = filled()
    for number in range(JOBS_KEPT + 5):
        store.apply(JobResult(str(number), "sync", True, ""))
    assert len(store.jobs) == JOBS_KEPT
    assert "0" not in store.jobs


def test_rates_are_kept_by_the_second_also_while_nothing_changes() -> None:
    store = FleetStore()
    store.apply(snapshot([node_row("master")], [], [], throughput=quiet(rate_bps=10)))
    store.apply(Beat(sequence=1, at=START + 3))
    store.apply(Delta(sequence=2, at=START + 3.2, throughput=quiet(rate_bps=40)))
    assert store.rates.latest(10) == [10, 10, 10, 40]
    store.apply(greeting(epoch="another life"))
    assert store.rates.latest(10) == [10, 10, 10, 40], "the first greeting of a store forgets nothing"
    store.apply(greeting(epoch="a third life"))
    assert store.rates.latest(10) == []


@pytest.mark.parametrize("seed", range(8))
def test_counts_never_drift(seed: int) -> None:
    chance = random.Random(seed)
    store = FleetStore()
    store.apply(large_fleet(9, 7))
    for step in range(200):
        choice = chance.random()
        number = chance.randrange(1, 12)
        node = f"late-{chance.randrange(6)}" if chance.random() < 0.3 else store.nodes[chance.randrange(9)].name
        if choice < 0.1:
            message = Delta(sequence=step, at=START, nodes=[node_row(node)])
        elif choice < 0.2:
            state = chance.choice(("active", "superseded", "withdrawn"))
            message = Delta(sequence=step, at=START, archives=[archive_row(number, state=state)])
        elif choice < 0.3:
            message = Delta(sequence=step, at=START, gone=[digest_of(number)])
        else:
            cell = (digest_of(number), f"SHA256:{node}", chance.choice(CELL_CHARACTERS))
            message = Delta(sequence=step, at=START, cells=[cell])
        store.apply(message)
    recounted(store)


def test_a_large_fleet_is_small() -> None:
    fleet = large_fleet(500, 1000)
    tracemalloc.start()
    store = FleetStore()
    store.apply(fleet)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 8 * MIB, f"{held} bytes for half a million cells"
