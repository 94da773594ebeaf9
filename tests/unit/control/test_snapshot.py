"""Snapshots: right, small and quick, also for 500 nodes x 1,000 archives."""

import msgspec
import pytest

from backend.api.wire import CELL_REJECTED, ImagePart, Snapshot
from backend.control.projection.cells import character
from backend.control.projection.fleet import Own
from backend.control.projection.snapshot import DETAILS_LIMIT, snapshot
from backend.control.projection.status import archive_document, columns
from backend.control.projection.throughput import Totals
from backend.model.archive import Image, Order
from backend.model.delivery import Delivery, Failed, Queued, Ready, Transferring
from backend.model.errors import DiskFullError, NotAnImageError
from tests.support.engine import NOW, FakeEngine, entry_of, node_id

OWN = Own()
FULL = DiskFullError(path="/store", needed_bytes=2048, free_bytes=1).problem()


def _snapshot(engine: FakeEngine) -> Snapshot:
    return snapshot(engine.state, OWN, NOW, 7, [], Totals(engine.state).throughput())


def test_its_cells_are_those_that_each_cell_shows_by_itself() -> None:
    engine = FakeEngine(nodes=6)
    entries = [
        engine.add(entry_of(0)),
        engine.add(entry_of(1, nodes=(node_id(1), node_id(3)))),
        engine.add(entry_of(2, superseded_by=Order(9, node_id(0)))),
    ]
    engine.set(1, entries[0], Ready())
    engine.set(2, entries[0], Transferring(node_id(0)))
    engine.progress(2, entries[0], 420)
    engine.set(3, entries[1], Failed(FULL))
    engine.set(4, entries[2], Ready())
    shown = _snapshot(engine)
    nodes = [node_id(number) for number in range(6)]
    assert [row.id for row in shown.nodes] == nodes
    assert shown.cells == ["".join(character(engine.state, entry, node) for node in nodes) for entry in entries]
    assert shown.cells == ["o.4ooo", "oo X  ", "cccc.c"]
    assert [(d.node, d.state) for d in shown.details] == [(nodes[2], "transferring"), (nodes[3], "failed")]


def test_rejected_files_stand_behind_the_archives() -> None:
    engine = FakeEngine(nodes=2)
    engine.add(entry_of(0))
    engine.reject("b.tar", NotAnImageError(name="b.tar", detail="").problem())
    shown = _snapshot(engine)
    assert [row.digest for row in shown.archives] == [entry_of(0).digest, "file:b.tar"]
    assert shown.archives[1].reason == "b.tar holds no container image"
    assert shown.cells[1] == CELL_REJECTED * 2


def test_an_archive_of_several_images_names_them_and_one_of_one_image_does_not() -> None:
    engine = FakeEngine(nodes=1)
    images = (Image("sha256:aa", (), ("docker.io/library/app:1",), "linux/amd64"), Image("sha256:bb", ()))
    engine.add(entry_of(0))
    engine.add(entry_of(1, images=images))
    one, two = _snapshot(engine).archives
    assert one.parts == ()
    assert two.parts == (ImagePart("sha256:aa", ("docker.io/library/app:1",), "linux/amd64"), ImagePart("sha256:bb"))


def test_rows_of_nodes_outside_the_roster_are_not_shown() -> None:
    engine = FakeEngine(nodes=2)
    entry = engine.add(entry_of(0))
    engine.set(9, entry, Ready())
    assert _snapshot(engine).cells == ["oo"]
    assert archive_document(engine.state, entry, columns(engine.state), True).counts == {"queued": 2}


def test_of_too_many_details_the_worst_are_sent() -> None:
    engine = FakeEngine(nodes=2)
    for number in range(DETAILS_LIMIT + 10):
        entry = entry_of(number)
        engine.state.entries[entry.digest] = entry
        state = Failed(FULL) if number >= DETAILS_LIMIT else Transferring(node_id(0))
        engine.state.rows.setdefault(node_id(1), {})[entry.digest] = Delivery(entry.digest, node_id(1), state)
    details = _snapshot(engine).details
    assert len(details) == DETAILS_LIMIT
    assert sum(detail.state == "failed" for detail in details) == 10


@pytest.fixture(scope="module")
def large() -> FakeEngine:
    """500 nodes x 1,000 archives, nearly all well."""
    engine = FakeEngine(nodes=500)
    for number in range(1000):
        tags = (f"docker.io/library/service-{number}:1.{number}",)
        entry = entry_of(number, name=f"service-{number:04}.tar", tags=tags)
        engine.state.entries[entry.digest] = entry
    for node in range(500):
        engine.state.rows[node_id(node)] = {
            digest: Delivery(
                digest, node_id(node), Queued() if (index + node) % 1000 == 0 else Ready(), 5, updated_at=NOW
            )
            for index, digest in enumerate(engine.state.entries)
        }
    return engine


def test_a_large_fleet_fits_into_a_megabyte(large: FakeEngine) -> None:
    totals = Totals(large.state)
    content = msgspec.json.encode(snapshot(large.state, OWN, NOW, 7, [], totals.throughput()))
    assert len(content) < 1_000_000


def test_a_large_status_without_full_lists_open_deliveries_alone(large: FakeEngine) -> None:
    fleet = columns(large.state)
    documents = [archive_document(large.state, entry, fleet, False) for entry in large.state.entries.values()]
    assert sum(len(document.deliveries) for document in documents) == 500
