"""Full disks: what needs room is held, costs no retry and no effort, and goes on by itself once there is room."""

from backend.model import events
from backend.model.errors import DiskFullError, StoreError
from backend.texts import message_of, remedy_of
from tests.support.sim import Sim, archive
from tests.support.simulation.machines import SimNode, SimRuntime

GIB = 1 << 30
V1 = archive("v1", "app:latest", size_bytes=1_000_000_000)
V2 = archive("v2", "web:latest")


def _runtime(node: SimNode) -> SimRuntime:
    assert node.runtime is not None
    return node.runtime


def _full_at_the_runtime() -> Sim:
    """A fleet whose second node has two archives and room in its runtime for neither."""
    sim = Sim(2)
    _runtime(sim[1]).room_bytes = 10_000_000
    for name, facts in (("v1.tar", V1), ("v2.tar", V2)):
        sim.drop(sim[0], name, facts)
    sim.run(60)
    assert [sim.cell(sim[1], facts).state_name for facts in (V1, V2)] == ["held", "held"]
    return sim


def test_a_runtime_without_room_is_told_of_once_and_not_run_against() -> None:
    """A load takes minutes, and fails as slowly."""
    sim = _full_at_the_runtime()
    versions = [sim.cell(sim[1], facts).version for facts in (V1, V2)]
    sim.run(600)
    assert _runtime(sim[1]).tries == 1
    assert sim[1].codes().count("runtime-sick") == 1
    assert "runtime-well" not in sim[1].codes()
    held = sim.cell(sim[1], V1)
    assert (held.retries, held.stored) == (0, True)
    assert held.problem is not None
    assert held.problem.params["path"] == "/images"
    # Nothing new is said of what has not changed.
    assert [sim.cell(sim[1], facts).version for facts in (V1, V2)] == versions


def test_room_in_the_runtime_is_seen_by_the_next_probe() -> None:
    """All that was held for it goes on."""
    sim = _full_at_the_runtime()
    _runtime(sim[1]).room_bytes = 5 * GIB
    sim.run(30)
    assert [sim.states(facts.hashes.digest) for facts in (V1, V2)] == [["ready", "ready"]] * 2
    assert sim[1].codes().count("runtime-well") == 1
    assert sim.cell(sim[1], V1).retries == 0


def test_a_little_more_room_is_no_reason_to_load_again() -> None:
    """Free space moves all the time."""
    sim = _full_at_the_runtime()
    _runtime(sim[1]).room_bytes = 20_000_000
    sim.run(120)
    assert _runtime(sim[1]).tries == 1


def test_a_runtimes_disk_that_cannot_be_seen_is_tried_now_and_then() -> None:
    """It may lie on another machine."""
    sim = _full_at_the_runtime()
    runtime = _runtime(sim[1])
    for _ in range(3000):
        # What is loaded there fails; what is measured here tells nothing.
        sim.post(sim[1], events.RuntimeProbed("sim", None, None))
        sim.run(1)
    assert 2 <= runtime.tries <= 5


def test_an_operator_who_made_room_need_not_wait() -> None:
    """``sync`` of one archive lets all go on."""
    sim = _full_at_the_runtime()
    _runtime(sim[1]).room_bytes = None
    sim.act(sim[1], "sync", V1.hashes.digest)
    sim.run(30)
    assert [sim.states(facts.hashes.digest) for facts in (V1, V2)] == [["ready", "ready"]] * 2


def _with_two_disks(store_bytes: int, images_bytes: int) -> Sim:
    """A fleet whose second node keeps images on another disk than archives, with so much free on each."""
    sim = Sim(2)
    sim.post(sim[1], events.DiskMeasured(store_bytes, None))
    sim.post(sim[1], events.RuntimeProbed("sim", None, images_bytes, "/images"))
    sim.run(1)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(60)
    return sim


def test_room_for_images_is_sought_where_they_lie() -> None:
    """The store has room for the archive, and would not have it for the load."""
    sim = _with_two_disks(store_bytes=3 * GIB, images_bytes=2_000_000_000)
    assert sim.states(V1.hashes.digest) == ["ready"] * 2


def test_no_room_for_images_holds_a_delivery_before_it_is_fetched() -> None:
    """It goes on by itself once a probe sees room there."""
    sim = _with_two_disks(store_bytes=500 * GIB, images_bytes=1_999_999_999)
    held = sim.cell(sim[1], V1)
    assert held.problem is not None
    assert (held.state_name, held.retries, sim[1].fetches) == ("held", 0, [])
    params = held.problem.params
    assert (params["path"], params["needed_bytes"], params["free_bytes"]) == ("/images", "2000000000", "1999999999")
    sim.post(sim[1], events.RuntimeProbed("sim", None, 2_000_000_000, "/images"))
    sim.run(60)
    assert sim.states(V1.hashes.digest) == ["ready"] * 2


def test_room_for_images_is_reserved_for_what_is_coming_in() -> None:
    sim = _with_two_disks(store_bytes=500 * GIB, images_bytes=6_000_000_000)
    big = [archive(name, f"{name}:1", size_bytes=2_000_000_000) for name in ("a", "b")]
    for number, facts in enumerate(big):
        sim.drop(sim[0], f"{number}.tar", facts)
    sim.run(5)
    assert sorted(sim.cell(sim[1], facts).state_name for facts in big) == ["held", "transferring"]


def test_a_full_store_takes_nothing_however_much_room_there_is_for_images() -> None:
    sim = _with_two_disks(store_bytes=GIB + 999_999_999, images_bytes=500 * GIB)
    held = sim.cell(sim[1], V1)
    assert held.problem is not None
    assert held.problem.params["path"] == "/store"
    assert held.problem.params["needed_bytes"] == str(GIB + 1_000_000_000)
    assert held.problem.params["floor_bytes"] == str(GIB)
    assert message_of(held.problem).endswith("; store.min_free keeps 1.0 GiB free")
    assert "less than 1.0 GiB in store.min_free" in remedy_of(held.problem)


def test_images_that_move_to_the_stores_disk_are_counted_there_again() -> None:
    sim = _with_two_disks(store_bytes=3 * GIB, images_bytes=500 * GIB)
    sim.post(sim[1], events.RuntimeProbed("sim", None, 3 * GIB, ""))
    sim.drop(sim[0], "v3.tar", archive("v3", "new:1", size_bytes=1_000_000_000))
    sim.run(60)
    assert sim.states(archive("v3", "new:1", size_bytes=1_000_000_000).hashes.digest) == ["ready", "held"]


def _refused_by_the_store(free_bytes: int) -> Sim:
    """A fleet whose second node was fetching when its disk took no more, although 50 GiB were measured."""
    sim = Sim(2, runtimes=False)
    sim.post(sim[1], events.DiskMeasured(50 * GIB, None))
    sim.drop(sim[0], "v1.tar", V1)
    for _ in range(100):
        if sim[1].fetches:
            break
        sim.run(1)
    assert sim.cell(sim[1], V1).state_name == "transferring"
    full = DiskFullError(path="/store/.incoming/x", needed_bytes=1000, free_bytes=free_bytes).problem()
    sim.post(sim[1], events.FetchEnded(V1.hashes.digest, 0, 0, full))
    return sim


def test_a_store_that_fills_up_is_tried_again_when_it_was_measured_and_has_room() -> None:
    """Until then nobody knows better than the write that was refused."""
    sim = _refused_by_the_store(free_bytes=0)
    sim.run(5)
    held = sim.cell(sim[1], V1)
    assert (held.state_name, held.retries, len(sim[1].fetches)) == ("held", 0, 1)
    sim.post(sim[1], events.DiskMeasured(50 * GIB, None))
    sim.run(30)
    assert sim.states(V1.hashes.digest) == ["stored"] * 2
    assert len(sim[1].fetches) == 2


def test_a_quota_that_no_measurement_shows_is_tried_after_the_first_wait() -> None:
    """The disk says that it has room, and takes nothing."""
    sim = _refused_by_the_store(free_bytes=50 * GIB)
    for _ in range(50):
        sim.post(sim[1], events.DiskMeasured(50 * GIB, None))
        sim.run(1)
    assert len(sim[1].fetches) == 1
    sim.run(30)
    assert sim.states(V1.hashes.digest) == ["stored"] * 2


def test_a_sick_disk_holds_its_own_queue_says_so_once_and_costs_no_retry() -> None:
    """The store cannot be used: fetching is held until it can; the others go on, and are served by whoever can."""
    sick = StoreError(path="/store", detail="Input/output error").problem()
    sim, app = Sim(3, runtimes=False, link_bps=10_000_000), archive("app")
    sim.drop(sim[0], "app.tar", app)
    sim.run(5)
    for _ in range(3):
        sim.post(sim[1], events.DiskMeasured(0, sick))
        sim.run(20)
    held = sim.cell(sim[1], app)
    assert (held.state_name, held.retries) == ("held", 0)
    assert sim.cell(sim[2], app).state_name == "stored"
    assert not sim.flows.into(sim[1])
    assert [code for code in sim[1].codes() if code.startswith("disk-")] == ["disk-sick"]
    late = archive("late")
    sim.drop(sim[2], "late.tar", late)
    sim.run(5)
    assert sim.cell(sim[1], late).state_name == "held"
    sim.post(sim[1], events.DiskMeasured(50 * GIB, None))
    sim.run(60)
    assert sim.states(app.hashes.digest) == sim.states(late.hashes.digest) == ["stored"] * 3
    assert [code for code in sim[1].codes() if code.startswith("disk-")] == ["disk-sick", "disk-well"]
