"""What an action is done on, and how much that is."""

import pytest

from backend.api.wire import Verb
from dsync_tui.console.store import FleetStore
from dsync_tui.console.targets import Targets, weigh
from tests.support.console_fleets import MIB, digest_of, small_fleet


@pytest.fixture
def store() -> FleetStore:
    made = FleetStore()
    made.apply(small_fleet())
    return made


@pytest.mark.parametrize(("verb", "cells"), [("sync", 39), ("retry", 4), ("cancel", 13)])
def test_all_that_a_verb_concerns_is_counted(store: FleetStore, verb: Verb, cells: int) -> None:
    counted = [
        (node, archive)
        for archive in store.live_archives()
        if store.archive(archive).state == "active"
        for node in range(len(store.nodes))
        if _concerned(verb, chr(store.code(node, archive)))
    ]
    assert weigh(store, verb, Targets()).cells == len(counted) == cells


def _concerned(verb: str, code: str) -> bool:
    if code == " ":
        return False
    return {"sync": True, "retry": code in "rXc!", "cancel": code in "ovlrh0123456789"}[verb]


def test_bytes_are_those_of_cells_that_are_not_well(store: FleetStore) -> None:
    archive = store.archive_index[digest_of(3)]
    assert weigh(store, "sync", Targets(archives=(archive,))).size_bytes == 3 * 350 * MIB


def test_a_sync_of_a_named_cell_that_is_blank_widens(store: FleetStore) -> None:
    node, archive = store.node_index["SHA256:store"], store.archive_index[digest_of(5)]
    assert weigh(store, "sync", Targets((node,), (archive,))).cells == 1
    assert weigh(store, "retry", Targets((node,), (archive,))).cells == 0
    assert weigh(store, "sync", Targets(archives=(archive,))).cells == 7


def test_refused_files_are_no_targets(store: FleetStore) -> None:
    assert weigh(store, "sync", Targets(archives=(store.archive_index["file:broken.tar"],))).cells == 0


def test_targets_go_out_by_name_and_digest(store: FleetStore) -> None:
    targets = Targets((1,), (0,))
    assert targets.node_names(store) == ["worker-01"]
    assert targets.digests(store) == [digest_of(1)]
    assert Targets().node_names(store) is None
    assert Targets().digests(store) is None


def test_single_cells_go_out_as_few_requests_that_mean_just_them() -> None:
    cells = ((0, 1), (2, 1), (0, 4), (2, 4), (1, 3), (2, 3))
    blocks = Targets(single=cells).blocks()
    assert blocks == [Targets((0, 2), (1, 4)), Targets((1, 2), (3,))]
    meant = {(node, archive) for block in blocks for node in block.nodes or () for archive in block.archives or ()}
    assert meant == set(cells)
    assert Targets((1,), None).blocks() == [Targets((1,), None)]


def test_single_cells_name_their_nodes_and_archives_once(store: FleetStore) -> None:
    targets = Targets(single=((0, 1), (0, 2), (3, 1)))
    assert targets.node_names(store) == ["master", "worker-03"]
    assert targets.digests(store) == [digest_of(2), digest_of(3)]
    assert weigh(store, "sync", targets).cells == 3
