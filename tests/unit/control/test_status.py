"""The public status document's parts."""

import msgspec

from backend.control.projection.fleet import Own, node_document, node_row
from backend.control.projection.status import archive_document, columns, rejected_document
from backend.logic.peer_states import Isolation, Stage
from backend.model.archive import Order
from backend.model.delivery import Cancelled, Failed, Ready, Stored, Transferring, Waiting
from backend.model.errors import RuntimeSickError, TruncatedError
from backend.model.node import NodeReport
from tests.support.engine import NOW, FakeEngine, entry_of, node_id

SICK = RuntimeSickError(runtime="docker 28.2", detail="no answer").problem()
OWN = Own("192.168.1.100", {"zone": "a"})


def _fleet() -> FakeEngine:
    engine = FakeEngine(nodes=5)
    entry = engine.add(entry_of(0, tags=("docker.io/library/app:1",)))
    engine.set(0, entry, Ready())
    engine.set(1, entry, Stored())
    engine.set(2, entry, Transferring(node_id(0)), bytes_received=5)
    engine.progress(2, entry, 250, 77)
    engine.set(3, entry, Failed(SICK))
    return engine


def test_without_full_only_what_has_not_ended_well_is_listed() -> None:
    engine = _fleet()
    entry = next(iter(engine.state.entries.values()))
    document = archive_document(engine.state, entry, columns(engine.state), full=False)
    assert [(d.node, d.state) for d in document.deliveries] == [
        ("node-2", "transferring"),
        ("node-3", "failed"),
        ("node-4", "queued"),
    ]
    assert document.counts == {"ready": 1, "stored": 1, "transferring": 1, "failed": 1, "queued": 1}


def test_full_lists_every_cell_with_its_figures() -> None:
    engine = _fleet()
    entry = next(iter(engine.state.entries.values()))
    document = archive_document(engine.state, entry, columns(engine.state), full=True)
    by_node = {delivery.node: delivery for delivery in document.deliveries}
    assert list(by_node) == ["node-0", "node-1", "node-2", "node-3", "node-4"]
    moving = by_node["node-2"]
    assert (moving.progress, moving.rate_bps, moving.source) == (0.25, 77, "node-0")
    assert by_node["node-0"].progress == 1.0
    assert by_node["node-3"].error == "the runtime docker 28.2 does not answer: no answer"
    silent = by_node["node-4"]
    assert (silent.state, silent.version, silent.updated_at) == ("queued", 0, None)
    assert by_node["node-0"].updated_at == "2027-01-15T08:00:00Z"
    assert document.images[0].platform == "linux/amd64"
    assert (document.origin, document.order, document.state) == ("node-0", 1, "active")


def test_cells_that_ended_with_their_archive_are_not_listed() -> None:
    engine = FakeEngine(nodes=3)
    entry = engine.add(entry_of(0, superseded_by=Order(5, node_id(0))))
    engine.set(1, entry, Cancelled(), note="superseded")
    engine.set(2, entry, Failed(SICK))
    document = archive_document(engine.state, entry, columns(engine.state), full=False)
    assert document.deliveries == []
    assert (document.state, document.counts) == ("superseded", {"cancelled": 2, "failed": 1})


def test_what_has_not_ended_with_its_archive_is_listed() -> None:
    engine = FakeEngine(nodes=3)
    entry = engine.add(entry_of(0, superseded_by=Order(5, node_id(0))))
    engine.set(1, entry, Transferring(node_id(0)))
    document = archive_document(engine.state, entry, columns(engine.state), full=False)
    assert [(d.node, d.state) for d in document.deliveries] == [("node-1", "transferring")]


def test_cells_outside_the_selector_are_absent() -> None:
    engine = FakeEngine(nodes=4)
    entry = engine.add(entry_of(0, nodes=(node_id(2),)))
    document = archive_document(engine.state, entry, columns(engine.state), full=True)
    assert [delivery.node for delivery in document.deliveries] == ["node-0", "node-2"]


def test_a_rejected_file_tells_its_reason() -> None:
    engine = FakeEngine()
    engine.reject("half.tar", TruncatedError(name="half.tar", detail="at byte 5").problem())
    document = rejected_document(engine.state, engine.state.rejected["half.tar"])
    assert (document.state, document.name, document.order, document.deliveries) == ("rejected", "half.tar", 0, [])
    assert document.reason == "half.tar ends too early: at byte 5"
    assert document.remedy is not None
    assert document.remedy.startswith("copy it again in full")


def test_node_states_as_seen_from_here() -> None:
    engine = FakeEngine(nodes=6)
    engine.state.peers[node_id(1)].up = False
    engine.state.isolated[node_id(4)] = Isolation(Stage.PROBING, NOW, misbehaved=False)
    heard_of = engine.state.peers[node_id(5)]
    heard_of.up, heard_of.last_seen, heard_of.told_by = False, NOW + 5, {node_id(2): NOW + 5}
    engine.state.peers[node_id(2)].report = NodeReport(paused=True, runtime_problem=SICK, runtime="docker 28.2")
    rows = [node_row(engine.state, node_id(number), OWN, NOW + 9, 0) for number in range(6)]
    assert [row.state for row in rows] == ["up", "down", "paused", "up", "isolated", "up"]
    assert [row.seen_at for row in rows] == [NOW + 9, NOW, NOW + 9, NOW + 9, NOW + 9, NOW + 5]
    engine.state.isolated[node_id(4)] = Isolation(Stage.TRIAL, NOW, misbehaved=False)
    assert node_row(engine.state, node_id(4), OWN, NOW, 0).state == "up"
    assert rows[2].sick == "the runtime docker 28.2 does not answer: no answer"
    assert (rows[0].address, rows[0].labels) == ("192.168.1.100", {"zone": "a"})
    assert rows[1].address == "127.0.0.1:8731"
    engine.state.report = NodeReport(paused=True)
    assert node_row(engine.state, node_id(0), OWN, NOW, 0).state == "paused"
    assert [row.linked for row in rows] == [True, False, True, True, True, False]


def test_a_node_that_was_never_heard_of_is_pending_until_it_is() -> None:
    engine = FakeEngine(nodes=2)
    silent = engine.state.peers[node_id(1)]
    silent.up, silent.last_seen, silent.report = False, 0.0, NodeReport()
    row = node_row(engine.state, node_id(1), OWN, NOW, 0)
    assert (row.state, row.seen_at, row.linked) == ("pending", 0.0, False)
    entry = engine.add(entry_of(1))
    engine.set(1, entry, Ready())
    assert node_row(engine.state, node_id(1), OWN, NOW, 0).state == "down", "an earlier life was told of its cells"


def test_a_node_that_has_published_was_heard_of_although_its_cells_are_not_kept_here() -> None:
    engine = FakeEngine(nodes=2)
    silent = engine.state.peers[node_id(1)]
    silent.up, silent.last_seen, silent.report = False, 0.0, NodeReport()
    engine.add(entry_of(1))
    assert node_row(engine.state, node_id(1), OWN, NOW, 0).state == "pending", "another node published that"
    engine.add(entry_of(2, order=Order(2, node_id(1))))
    assert node_row(engine.state, node_id(1), OWN, NOW, 0).state == "down"


def test_a_node_never_seen_has_no_time() -> None:
    engine = FakeEngine(nodes=2)
    peer = engine.state.peers[node_id(1)]
    peer.up, peer.last_seen = False, 0.0
    assert node_document(engine.state, node_id(1), OWN, NOW).last_seen is None


def test_documents_are_json_of_the_published_shape() -> None:
    engine = _fleet()
    entry = next(iter(engine.state.entries.values()))
    engine.set(3, entry, Waiting(NOW, SICK))
    document = msgspec.to_builtins(archive_document(engine.state, entry, columns(engine.state), full=True))
    assert set(document) == {
        *("fingerprint", "digest", "name", "aliases", "size_bytes", "tags", "images", "origin", "order", "state"),
        *("reason", "counts", "deliveries", "remedy"),
    }
    engine.add(entry_of(1, tags=("docker.io/library/app:1",)))
    overtaken = msgspec.to_builtins(archive_document(engine.state, entry, columns(engine.state), full=True))
    assert set(overtaken) - set(document) == {"overtaken_tags"}
    assert overtaken["overtaken_tags"] == ["docker.io/library/app:1"]
    waiting = document["deliveries"][3]
    shape = {
        *("node", "state", "version", "attempts", "retries", "note", "progress", "rate_bps", "bytes_received"),
        *("bytes_saved", "source", "transport", "due_at", "error", "remedy", "updated_at", "trace"),
    }
    assert set(document["deliveries"][0]) == shape
    assert set(waiting) == shape | {"code", "params"}
    assert waiting["code"] == SICK.code
    assert waiting["due_at"] == "2027-01-15T08:00:00Z"
