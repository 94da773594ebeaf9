"""What a cell is shown as."""

import msgspec
import pytest

from backend.api.wire import CELL_CODES, CELL_NONE, CELL_REJECTED
from backend.control.projection.cells import cell_detail, cell_of, character, fraction_done, wants_detail
from backend.model.archive import Order
from backend.model.delivery import (
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
)
from backend.model.errors import DigestMismatchError, DiskFullError, Problem
from tests.support.engine import NOW, FakeEngine, entry_of, node_id

FULL = DiskFullError(path="/store", needed_bytes=2048, free_bytes=1).problem()
STATES: list[State] = [
    Queued(),
    Transferring(node_id(1)),
    Verifying(node_id(1)),
    Loading(),
    Ready(),
    Stored(),
    Waiting(NOW, FULL),
    Held(FULL),
    Failed(FULL),
    Cancelled(),
]


@pytest.mark.parametrize(("name", "state"), zip(STATE_NAMES, STATES, strict=True))
def test_each_state_has_its_character(name: str, state: State) -> None:
    engine = FakeEngine()
    entry = engine.add(entry_of(0))
    engine.set(1, entry, state)
    assert character(engine.state, entry, node_id(1)) == CELL_CODES[name]


def test_a_transfer_shows_its_tenths_and_never_ten_of_them() -> None:
    engine = FakeEngine()
    entry = engine.add(entry_of(0))
    engine.set(1, entry, Transferring(node_id(0)))
    shown = []
    for done_bytes in (0, 99, 100, 555, 999, 1000, 1500):
        engine.progress(1, entry, done_bytes)
        shown.append(character(engine.state, entry, node_id(1)))
    assert shown == ["0", "0", "1", "5", "9", "9", "9"]


def test_progress_of_an_older_row_does_not_count() -> None:
    engine = FakeEngine()
    entry = engine.add(entry_of(0))
    engine.set(1, entry, Transferring(node_id(0)))
    engine.progress(1, entry, 900)
    row = engine.set(1, entry, Transferring(node_id(2)))
    assert fraction_done(engine.state, entry, row) == 0.0


def test_a_digest_mismatch_looks_like_a_rejection() -> None:
    engine = FakeEngine()
    entry = engine.add(entry_of(0))
    engine.set(1, entry, Failed(Problem(DigestMismatchError.code)))
    assert character(engine.state, entry, node_id(1)) == CELL_REJECTED


def test_an_unreported_cell_is_queued_and_one_outside_the_selector_is_none() -> None:
    engine = FakeEngine(nodes=3)
    entry = engine.add(entry_of(0, nodes=(node_id(1),)))
    assert [character(engine.state, entry, node_id(n)) for n in range(3)] == ["o", "o", CELL_NONE]
    cell = cell_of(engine.state, entry, node_id(1))
    assert cell is not None
    assert (cell.state_name, cell.version) == ("queued", 0)
    assert cell_of(engine.state, entry, node_id(2)) is None


@pytest.mark.parametrize(("change", "note"), [("superseded_by", "superseded"), ("withdrawn_at", "withdrawn")])
def test_an_unreported_cell_of_an_ended_archive_has_ended_with_it(change: str, note: str) -> None:
    engine = FakeEngine()
    entry = engine.add(msgspec.structs.replace(entry_of(0), **{change: Order(9, node_id(0))}))
    cell = cell_of(engine.state, entry, node_id(1))
    assert cell is not None
    assert (cell.state_name, cell.note) == ("cancelled", note)


def test_details_are_for_what_moves_or_is_in_trouble() -> None:
    engine = FakeEngine()
    entry = engine.add(entry_of(0))
    wanted = {row.state_name for row in (engine.set(1, entry, state) for state in STATES) if wants_detail(row)}
    assert wanted == {"transferring", "verifying", "loading", "waiting", "held", "failed"}
    assert wants_detail(engine.set(1, entry, Queued(), attempts=1))
    assert wants_detail(engine.set(1, entry, Queued(), note="holder-away"))


def test_a_detail_names_cause_remedy_source_and_due_time() -> None:
    engine = FakeEngine()
    entry = engine.add(entry_of(0))
    row = engine.set(1, entry, Waiting(NOW + 60, FULL), source=node_id(2), attempts=3, retries=1)
    detail = cell_detail(engine.state, entry, row)
    assert detail.code == "disk-full"
    assert detail.error == "disk full at /store: 2.0 KiB needed, 1 B free"
    assert detail.remedy is not None
    assert detail.remedy.startswith("make room")
    assert (detail.source, detail.due_at, detail.attempts, detail.retries) == ("node-2", NOW + 60, 3, 1)
