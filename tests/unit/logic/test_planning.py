"""What would move before it moves: every kind of step, and what would hinder it."""

from dataclasses import replace

import msgspec
import pytest

from backend.logic.planning import Does, Plan, Verdict, plan_file, plan_sync
from backend.logic.state import NodeState, Policy, RuntimeDisk
from backend.model.archive import ArchiveFacts, CatalogEntry, Compression, Image, Layout, Order
from backend.model.delivery import Cancelled, Failed, Queued, Ready, Stored, Transferring
from backend.model.errors import Problem
from backend.model.ids import Digest, Fingerprint, Hashes
from backend.model.node import NodeReport
from tests.support.engine import FakeEngine, digest_of, entry_of, node_id

GIB = 1 << 30
TAG = "docker.io/library/app:1"


def facts(number: int, *tags: str, config: str = "sha256:new") -> ArchiveFacts:
    """A file of 1,000 bytes with one image."""
    return ArchiveFacts(
        hashes=Hashes(Fingerprint(f"{number:06x}{'f' * 26}"), digest_of(number), 1000),
        layout=Layout.DOCKER,
        compression=Compression.NONE,
        images=(Image(config, ("sha256:aa",), tags, "linux/amd64"),),
        unpacked_bytes=1000,
    )


def does(state: NodeState, plan: Plan) -> dict[str, Does]:
    """Each node's part, by name."""
    names = {state.me: state.name, **{node: peer.node.name for node, peer in state.peers.items()}}
    return {names[step.node]: step.does for step in plan.steps}


def known(engine: FakeEngine, entry: CatalogEntry) -> CatalogEntry:
    """Put an archive into the fleet, with its tags."""
    engine.add(entry)
    engine.state.owners.update(dict.fromkeys(entry.tags, entry.digest))
    return entry


def test_a_new_file_is_loaded_here_and_copied_everywhere_else() -> None:
    engine = FakeEngine(nodes=3)
    plan = plan_file(engine.state, "app.tar", facts(7, TAG), None)
    assert plan.verdict is Verdict.NEW
    assert does(engine.state, plan) == {"node-0": Does.LOAD, "node-1": Does.COPY, "node-2": Does.COPY}
    assert [step.left_bytes for step in plan.steps] == [0, 1000, 1000]
    assert not engine.state.entries, "a plan changes nothing"


def test_named_nodes_and_the_origin_are_all_that_a_plan_mentions() -> None:
    engine = FakeEngine(nodes=4)
    plan = plan_file(engine.state, "app.tar", facts(7, TAG), (node_id(2),))
    assert does(engine.state, plan) == {"node-0": Does.LOAD, "node-2": Does.COPY}


def test_a_name_and_tags_that_change_hands_are_told() -> None:
    engine = FakeEngine(nodes=2)
    old = known(engine, entry_of(1, "app.tar", (TAG,)))
    plan = plan_file(engine.state, "app.tar", facts(7, TAG, "docker.io/library/other:1"), None)
    assert plan.supersedes == (old,)
    assert plan.takes == {TAG: old.digest}


def test_the_same_bytes_under_another_name_move_nothing() -> None:
    engine = FakeEngine(nodes=2)
    entry = known(engine, entry_of(1, "app.tar", (TAG,)))
    engine.set(0, entry, Ready(), stored=True)
    engine.set(1, entry, Stored(), stored=True)
    plan = plan_file(engine.state, "copy.tar", facts(1, TAG), None)
    assert plan.verdict is Verdict.KNOWN
    assert set(does(engine.state, plan).values()) == {Does.CHECK}
    assert not plan.takes


@pytest.mark.parametrize("ended", ["superseded_by", "withdrawn_at"])
def test_ended_bytes_are_published_anew_and_copies_that_lie_there_are_loaded(ended: str) -> None:
    engine = FakeEngine(nodes=3)
    entry = known(engine, msgspec.structs.replace(entry_of(1, "app.tar", (TAG,)), **{ended: Order(9, node_id(0))}))
    engine.set(1, entry, Cancelled(), stored=True)
    engine.state.count = 9
    plan = plan_file(engine.state, "app.tar", facts(1, TAG), None)
    assert plan.verdict is Verdict.AGAIN
    assert does(engine.state, plan) == {"node-0": Does.LOAD, "node-1": Does.LOAD, "node-2": Does.COPY}
    assert plan_sync(engine.state, entry, None) == Plan(Verdict.AGAIN, entry)


def test_other_bytes_with_a_known_fingerprint_are_refused() -> None:
    engine = FakeEngine(nodes=2)
    known(engine, entry_of(1, "app.tar"))
    forged = msgspec.structs.replace(
        facts(1, TAG), hashes=Hashes(entry_of(1).fingerprint, Digest(f"sha256:{'9' * 64}"), 1000)
    )
    plan = plan_file(engine.state, "app.tar", forged, None)
    assert plan.verdict is Verdict.REFUSED
    assert plan.problem is not None
    assert plan.problem.code == "fingerprint-collision"
    assert not plan.steps


def test_images_that_another_archive_has_brought_are_not_fetched_again() -> None:
    engine = FakeEngine(nodes=3)
    other = known(engine, entry_of(1, "other.tar", ("docker.io/library/other:1",)))
    engine.set(1, other, Ready())
    engine.set(2, other, Stored(), stored=True)
    plan = plan_file(engine.state, "app.tar", facts(7, TAG, config=other.images[0].config), None)
    assert does(engine.state, plan) == {"node-0": Does.LOAD, "node-1": Does.THERE, "node-2": Does.COPY}


def test_images_of_a_shared_runtime_say_nothing_of_bytes() -> None:
    engine = FakeEngine(nodes=2)
    engine.state.policy = replace(engine.state.policy, shared_runtime=True)
    other = known(engine, entry_of(1, "other.tar", ("docker.io/library/other:1",)))
    engine.set(1, other, Ready())
    plan = plan_file(engine.state, "app.tar", facts(7, TAG, config=other.images[0].config), None)
    assert does(engine.state, plan)["node-1"] is Does.COPY


def test_a_sync_brings_in_order_what_is_not_well() -> None:
    engine = FakeEngine(nodes=5)
    entry = known(engine, entry_of(1, "app.tar", (TAG,)))
    engine.set(0, entry, Ready(), stored=True)
    engine.set(1, entry, Transferring(node_id(0)))
    engine.progress(1, entry, 400)
    engine.set(2, entry, Failed(Problem("transfer-failed")))
    engine.set(3, entry, Failed(Problem("load-refused")), stored=True)
    plan = plan_sync(engine.state, entry, None)
    assert does(engine.state, plan) == {
        "node-0": Does.CHECK,
        "node-1": Does.MOVING,
        "node-2": Does.COPY,
        "node-3": Does.LOAD,
        "node-4": Does.COPY,
    }
    assert [step.left_bytes for step in plan.steps] == [0, 600, 1000, 0, 1000]


def test_a_sync_to_named_nodes_widens_and_tells_of_them_alone() -> None:
    engine = FakeEngine(nodes=4)
    entry = known(engine, entry_of(1, "app.tar", (TAG,), nodes=(node_id(1),)))
    assert set(does(engine.state, plan_sync(engine.state, entry, None))) == {"node-0", "node-1"}
    assert set(does(engine.state, plan_sync(engine.state, entry, (node_id(2),)))) == {"node-2"}


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (NodeReport(runtime="docker 28", free_bytes=40 * GIB), None),
        (NodeReport(runtime="docker 28", free_bytes=40 * GIB, paused=True), "paused"),
        (NodeReport(runtime="docker 28", free_bytes=GIB + 2999), "disk-full"),
        (NodeReport(runtime="docker 28", free_bytes=GIB + 3000), None),
        (NodeReport(runtime="none", free_bytes=GIB + 1000), None),
        (NodeReport(runtime="docker 28", disk_problem=Problem("store-unusable")), "store-unusable"),
        (NodeReport(runtime="docker 28", runtime_problem=Problem("runtime-sick")), None),
    ],
)
def test_what_would_hinder_a_copy(report: NodeReport, code: str | None) -> None:
    engine = FakeEngine(nodes=2)
    engine.state.peers[node_id(1)].report = report
    (_, step) = plan_file(engine.state, "app.tar", facts(7, TAG), None).steps
    assert step.does is Does.COPY
    assert (step.hindrance.code if step.hindrance is not None else None) == code


@pytest.mark.parametrize(
    ("images_bytes", "store_bytes", "path"),
    [(1999, 40 * GIB, "/images"), (2000, GIB + 1000, None), (2000, GIB + 999, "/store")],
)
def test_this_node_counts_images_where_it_keeps_them(images_bytes: int, store_bytes: int, path: str | None) -> None:
    engine = FakeEngine(nodes=2)
    state = engine.state
    state.policy = Policy(store="/store")
    state.runtime_disk = RuntimeDisk("/images", images_bytes)
    state.report = NodeReport(runtime="docker 28", free_bytes=store_bytes)
    entry = known(engine, entry_of(1, "app.tar", (TAG,), origin=node_id(1)))
    step = next(step for step in plan_sync(state, entry, None).steps if step.node == state.me)
    assert step.does is Does.COPY
    assert (step.hindrance.params["path"] if step.hindrance is not None else None) == path


def test_a_node_out_of_reach_and_a_sick_runtime_wait() -> None:
    engine = FakeEngine(nodes=2)
    engine.state.peers[node_id(1)].up = False
    engine.state.report = NodeReport(runtime="docker 28", runtime_problem=Problem("runtime-sick"))
    here, there = plan_file(engine.state, "app.tar", facts(7, TAG), None).steps
    assert here.hindrance == Problem("runtime-sick")
    assert there.hindrance is not None
    assert (there.hindrance.code, there.hindrance.params) == ("node-unreachable", {"node": "node-1"})


def test_queued_cells_without_a_copy_are_copies() -> None:
    engine = FakeEngine(nodes=2)
    entry = known(engine, entry_of(1, "app.tar", (TAG,)))
    engine.set(1, entry, Queued())
    assert does(engine.state, plan_sync(engine.state, entry, None))["node-1"] is Does.COPY
