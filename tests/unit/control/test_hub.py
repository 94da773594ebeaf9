"""From changes to frames: latest wins, readers go on where they were, totals and rates follow."""

import msgspec

from backend.api.wire import Delta, JobResult, Snapshot
from backend.control.hub import Hub, Reader
from backend.control.journal import MARKS_LIMIT
from backend.control.projection.fleet import Own
from backend.engine.touched import Touched
from backend.model.archive import Order
from backend.model.delivery import Cancelled, Failed, Queued, Ready, Transferring
from backend.model.errors import DiskFullError, NotAnImageError
from backend.model.events import Level, Note
from backend.model.node import NodeReport
from tests.support.engine import NOW, FakeEngine, digest_of, entry_of, node_id

FULL = DiskFullError(path="/store", needed_bytes=2048, free_bytes=1).problem()


def _hub(engine: FakeEngine) -> Hub:
    hub = Hub(engine, Own(), lambda: NOW)
    hub.open()
    return hub


def _reader(engine: FakeEngine) -> Reader:
    """One that has its snapshot."""
    reader = _hub(engine).join()
    reader.frames()
    return reader


def _delta(frames: list[Snapshot | Delta | JobResult]) -> Delta:
    (frame,) = frames
    assert isinstance(frame, Delta)
    return frame


def test_a_new_reader_gets_a_snapshot_then_what_changes() -> None:
    engine = FakeEngine(nodes=2)
    entry = engine.add(entry_of(0))
    hub = _hub(engine)
    reader = hub.join()
    (first,) = reader.frames()
    assert isinstance(first, Snapshot)
    assert first.cells == ["oo"]
    assert reader.frames() == []
    assert not reader.news.is_set()
    engine.set(1, entry, Transferring(node_id(0)))
    assert reader.news.is_set()
    delta = _delta(reader.frames())
    assert delta.cells == [(entry.digest, node_id(1), "0")]
    assert delta.sequence == hub.journal.sequence
    assert delta.throughput is not None
    assert (delta.throughput.moving, delta.throughput.queued) == (1, 1)


def test_latest_wins_within_a_frame() -> None:
    engine = FakeEngine(nodes=2)
    entry = engine.add(entry_of(0))
    reader = _reader(engine)
    engine.set(1, entry, Transferring(node_id(0)))
    engine.set(1, entry, Failed(FULL))
    engine.set(1, entry, Queued())
    engine.set(1, entry, Ready())
    delta = _delta(reader.frames())
    assert delta.cells == [(entry.digest, node_id(1), ".")]
    assert delta.details == []


def test_a_cell_comes_with_its_detail_or_has_none() -> None:
    engine = FakeEngine(nodes=2)
    entry = engine.add(entry_of(0))
    reader = _reader(engine)
    engine.set(1, entry, Failed(FULL))
    delta = _delta(reader.frames())
    assert [(d.digest, d.node, d.code) for d in delta.details] == [(entry.digest, node_id(1), "disk-full")]
    engine.set(1, entry, Cancelled())
    delta = _delta(reader.frames())
    assert (delta.cells, delta.details) == ([(entry.digest, node_id(1), "c")], [])


def test_a_new_archive_brings_all_its_cells() -> None:
    engine = FakeEngine(nodes=3)
    reader = _reader(engine)
    entry = engine.add(entry_of(0, nodes=(node_id(1),)))
    delta = _delta(reader.frames())
    assert [row.name for row in delta.archives] == ["app-0.tar"]
    assert sorted(delta.cells) == sorted(
        [(entry.digest, node_id(0), "o"), (entry.digest, node_id(1), "o"), (entry.digest, node_id(2), " ")]
    )


def test_who_loses_a_tag_or_gets_it_back_is_told_anew() -> None:
    tags = ("docker.io/library/app:1", "docker.io/library/app:latest")
    engine = FakeEngine(nodes=2)
    old = engine.add(entry_of(0, tags=tags))
    engine.add(entry_of(1, tags=("docker.io/library/other:1",)))
    reader = _reader(engine)
    new = engine.add(entry_of(2, tags=tags[1:]))
    told = {row.digest: row.overtaken_tags for row in _delta(reader.frames()).archives}
    assert told == {old.digest: tags[1:], new.digest: ()}
    gone = engine.add(msgspec.structs.replace(new, withdrawn_at=Order(9, node_id(0))))
    told = {row.digest: row.overtaken_tags for row in _delta(reader.frames()).archives}
    assert told == {old.digest: (), gone.digest: tags[1:]}
    engine.add(gone)
    assert [row.digest for row in _delta(reader.frames()).archives] == [gone.digest], "no tag has moved"


def test_rejected_files_come_and_go() -> None:
    engine = FakeEngine()
    reader = _reader(engine)
    engine.reject("bad.tar", NotAnImageError(name="bad.tar", detail="").problem())
    delta = _delta(reader.frames())
    assert [(row.digest, row.state) for row in delta.archives] == [("file:bad.tar", "rejected")]
    del engine.state.rejected["bad.tar"]
    engine.emit(Touched(rejected={"bad.tar"}))
    delta = _delta(reader.frames())
    assert (delta.archives, delta.gone) == ([], ["file:bad.tar"])


def test_a_nodes_rate_follows_its_transfers_to_their_end() -> None:
    engine = FakeEngine(nodes=2)
    entry = engine.add(entry_of(0))
    reader = _reader(engine)
    engine.set(1, entry, Transferring(node_id(0)))
    engine.progress(1, entry, 100, 70)
    delta = _delta(reader.frames())
    assert [(row.id, row.rate_bps) for row in delta.nodes] == [(node_id(1), 70)]
    assert delta.throughput is not None
    assert delta.throughput.rate_bps == 70
    del engine.state.progress[(node_id(1), entry.digest)]
    engine.set(1, entry, Ready())
    delta = _delta(reader.frames())
    assert [(row.id, row.rate_bps) for row in delta.nodes] == [(node_id(1), 0)]
    engine.set(1, entry, Ready())
    assert _delta(reader.frames()).nodes == []


def test_a_rate_ends_also_where_a_frame_was_made_between_the_end_and_the_news_of_it() -> None:
    engine = FakeEngine(nodes=3)
    entry = engine.add(entry_of(1))
    reader = _reader(engine)
    engine.set(1, entry, Transferring(node_id(0)))
    engine.progress(1, entry, 100, 70)
    assert [row.rate_bps for row in _delta(reader.frames()).nodes] == [70]
    del engine.state.progress[(node_id(1), entry.digest)]
    engine.emit(Touched(nodes={node_id(2)}))
    assert [row.id for row in _delta(reader.frames()).nodes] == [node_id(2)]
    engine.set(1, entry, Ready())
    assert [(row.id, row.rate_bps) for row in _delta(reader.frames()).nodes] == [(node_id(1), 0)]


def test_a_touched_node_comes_anew() -> None:
    engine = FakeEngine(nodes=2)
    reader = _reader(engine)
    engine.state.peers[node_id(1)].up = False
    engine.state.report = NodeReport(runtime="podman 5.0")
    engine.emit(Touched(nodes={node_id(0), node_id(1)}))
    states = {row.id: (row.state, row.runtime) for row in _delta(reader.frames()).nodes}
    assert states == {node_id(0): ("up", "podman 5.0"), node_id(1): ("down", "")}


def test_log_lines_come_once_and_what_was_lost_is_counted() -> None:
    engine = FakeEngine()
    reader = _reader(engine)
    engine.note(Note(NOW, Level.INFO, "ready", {"name": "a.tar"}))
    (line,) = _delta(reader.frames()).log
    assert (line.text, line.level, line.params) == ("a.tar is ready", "info", {"name": "a.tar"})
    for _ in range(600):
        engine.note(Note(NOW, Level.INFO, "ready", {"name": "b.tar"}))
    delta = _delta(reader.frames())
    assert (len(delta.log), delta.dropped) == (500, 100)


def test_a_reader_goes_on_where_it_was() -> None:
    engine = FakeEngine(nodes=3)
    entry = engine.add(entry_of(0))
    hub = _hub(engine)
    first = hub.join()
    first.frames()
    engine.set(1, entry, Ready())
    engine.note(Note(NOW, Level.INFO, "ready", {"name": "before"}))
    first.frames()
    since = first.sequence
    hub.leave(first)
    engine.set(2, entry, Ready())
    engine.note(Note(NOW, Level.INFO, "ready", {"name": "after"}))
    hub.finish(JobResult("j", "sync", True, "done"))
    second = hub.join()
    second.resume(since)
    delta, result = second.frames()
    assert isinstance(delta, Delta)
    assert delta.cells == [(entry.digest, node_id(2), ".")]
    assert [line.params["name"] for line in delta.log] == ["after"]
    assert isinstance(result, JobResult)


def test_a_reader_from_too_long_ago_or_from_the_future_gets_a_snapshot() -> None:
    engine = FakeEngine(nodes=2)
    hub = _hub(engine)
    for number in range(MARKS_LIMIT + 2):
        engine.emit(Touched(rows={(node_id(1), digest_of(number))}))
    for since in (1, hub.journal.sequence + 5):
        reader = hub.join()
        reader.resume(since)
        assert isinstance(reader.frames()[0], Snapshot)


def test_too_many_whole_rows_are_sent_as_a_snapshot() -> None:
    engine = FakeEngine(nodes=200)
    reader = _reader(engine)
    for number in range(MARKS_LIMIT // 200 + 1):
        engine.add(entry_of(number))
    assert isinstance(reader.frames()[0], Snapshot)


def test_the_engine_knows_how_many_watch() -> None:
    engine = FakeEngine()
    hub = _hub(engine)
    first, second = hub.join(), hub.join()
    hub.leave(first)
    hub.leave(second)
    assert engine.consoles == [1, 2, 1, 0]


def test_changes_of_unknown_nodes_and_archives_harm_nothing() -> None:
    engine = FakeEngine(nodes=2)
    entry = engine.add(entry_of(0))
    reader = _reader(engine)
    engine.set(7, entry, Ready())
    engine.emit(Touched(rows={(node_id(1), digest_of(99))}, entries={digest_of(98)}, nodes={node_id(55)}))
    delta = _delta(reader.frames())
    assert (delta.cells, delta.archives, delta.nodes) == ([], [], [])
