"""Who keeps a copy, who lets go of it, and disks on which others write too."""

import pytest

from backend.logic.retention import keepers_of
from backend.model.archive import FileKey
from backend.model.errors import StoreError
from backend.model.events import ArchiveArrived, DiskMeasured, FetchEnded, Swept
from tests.support.sim import Sim, SimNode, archive

V1 = archive("v1", "app:latest")
DIGEST = V1.hashes.digest
DAY_S = 86_400.0
GIB = 1 << 30


def holders(sim: Sim, digest: str = DIGEST) -> set[str]:
    return {node.id for node in sim.nodes.values() if any(held == digest for _, held in node.store.values())}


def keepers(sim: Sim) -> set[str]:
    return set(keepers_of(sim[0].state, sim[0].state.entries[DIGEST]))


def days(sim: Sim, count: float) -> None:
    """Time passes without a tick a second; everybody sweeps afterwards."""
    sim.clock.run_until(sim.now + count * DAY_S)
    sim.sweep()
    sim.run(5)


@pytest.mark.parametrize("limit", [48, 3])
def test_copies_go_when_their_time_is_over_but_for_those_that_keep_them(limit: int) -> None:
    """And the file that an operator dropped in, which is not a daemon's to remove. In a large fleet a hub is asked."""
    sim = Sim(30, keep_s=14 * DAY_S, full_mesh_nodes=limit)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(200)
    days(sim, 13)
    assert len(holders(sim)) == 30
    days(sim, 1.5)
    assert len(keepers(sim)) == 2
    assert holders(sim) == keepers(sim) | {sim[0].id}
    assert sim.states(DIGEST) == ["ready"] * 30
    gone = next(node for node in sim.nodes.values() if node.id not in holders(sim))
    assert sim.cell(gone, V1).note == "expired"
    assert "dropped-locally" not in gone.codes()


def test_keep_all_lets_nothing_go() -> None:
    """The default."""
    sim = Sim(5)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(100)
    days(sim, 400)
    assert len(holders(sim)) == 5


def test_loaded_lets_go_at_the_next_sweep_and_nobody_goes_short() -> None:
    """A node that comes late is served by those who keep."""
    sim = Sim(6, keep_s=0.0, replicas=2)
    sim.kill(sim[5])
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(100)
    sim.sweep()
    sim.run(5)
    # One of those that keep may be the node that is down: then nobody lets go before it has a copy.
    sim.restart(sim[5])
    sim.run(60)
    sim.sweep()
    sim.run(5)
    assert sim.states(DIGEST) == ["ready"] * 6
    assert holders(sim) == keepers(sim) | {sim[0].id}


def test_nobody_lets_go_before_all_keepers_say_that_they_have_it() -> None:
    """One of them is down: it says nothing."""
    sim = Sim(6, keep_s=0.0)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(100)
    sim.kill(sim.nodes[sorted(keepers(sim))[0]])  # type: ignore[index]
    sim.sweep()
    sim.run(5)
    assert len(holders(sim)) == 6


def test_a_keeper_that_had_the_images_gets_a_copy_without_leaving_ready() -> None:
    """Nothing was to be fetched there; keeping is."""
    sim = Sim(4)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(60)
    keeper = next(node for node in sim.nodes.values() if node.id in keepers(sim) and node is not sim[0])
    sim.kill(keeper)
    keeper.store.clear()
    sim.forget(keeper)
    sim.restart(keeper)
    sim.run(20)
    assert (sim.cell(keeper, V1).state_name, sim.cell(keeper, V1).stored) == ("ready", False)
    seen = set()
    sim.sweep()
    for _ in range(20):
        sim.run(0.5)
        seen.add(sim.cell(keeper, V1).state_name)
    assert seen == {"ready"}
    assert sim.cell(keeper, V1).stored
    assert keeper.runtime is not None
    assert len(keeper.runtime.loads) == 1


def test_a_keeper_that_is_restarted_before_any_sweep_gets_its_copy_all_the_same() -> None:
    """Also after a try that its own store put an end to; the bytes that had come are used."""
    sim = Sim(4)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(60)
    keeper = next(node for node in sim.nodes.values() if node.id in keepers(sim) and node is not sim[0])
    sim.kill(keeper)
    keeper.store.clear()
    sim.forget(keeper)
    sim.restart(keeper)
    sim.run(20)
    sim.post(keeper, Swept())
    for _ in range(50):
        sim.run(0.1, tick_s=0.1)
        if keeper.state.work.at("fetching"):
            break
    sim.post(keeper, FetchEnded(DIGEST, 5, 0, StoreError(path="/store", detail="gone").problem()))
    sim.run(1)
    assert not keeper.state.work
    assert not sim.cell(keeper, V1).stored
    sim.kill(keeper)
    sim.restart(keeper)
    sim.run(60)
    assert (sim.cell(keeper, V1).state_name, sim.cell(keeper, V1).stored) == ("ready", True)


def test_a_copy_that_a_sick_disk_put_off_is_asked_for_when_it_is_well() -> None:
    """Not at the next sweep only."""
    sim = Sim(4)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(60)
    keeper = next(node for node in sim.nodes.values() if node.id in keepers(sim) and node is not sim[0])
    sim.kill(keeper)
    keeper.store.clear()
    sim.forget(keeper)
    sim.restart(keeper)
    sim.run(20)
    sim.post(keeper, DiskMeasured(0, StoreError(path="/store", detail="gone").problem()))
    sim.run(60)
    assert not sim.cell(keeper, V1).stored
    sim.post(keeper, DiskMeasured(100 * GIB, None))
    sim.run(60)
    assert sim.cell(keeper, V1).stored


def test_a_copy_deleted_by_hand_on_a_keeper_is_not_forced_upon_it() -> None:
    """Another node keeps one in its place."""
    sim = Sim(6, keep_s=0.0)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(100)
    keeper = next(node for node in sim.nodes.values() if node.id in keepers(sim) and node is not sim[0])
    sim.unlink(keeper, "v1.tar")
    sim.run(1)
    sim.sweep()
    sim.run(30)
    assert keeper.id not in holders(sim)
    assert keeper.id not in keepers(sim)
    assert len(keepers(sim)) == 2
    assert keepers(sim) <= holders(sim)


def test_a_selector_bounds_who_keeps() -> None:
    """Nodes that have no cell keep nothing."""
    sim = Sim(8, keep_s=0.0)
    sim.put(sim[0], "v1.tar", V1)
    key: FileKey = sim[0].store["v1.tar"][0]
    named = (sim[1].id, sim[2].id, sim[3].id)
    sim.post(sim[0], ArchiveArrived("v1.tar", key, V1, nodes=named))
    sim.run(100)
    sim.sweep()
    sim.run(5)
    assert keepers(sim) <= {sim[0].id, *named}
    assert holders(sim) == keepers(sim) | {sim[0].id}


def test_images_that_vanish_where_the_copy_is_gone_are_fetched_again_three_times_a_day() -> None:
    """And a restart forgets none of the three."""
    sim = Sim(6, keep_s=0.0)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(100)
    sim.sweep()
    sim.run(5)
    node = next(node for node in sim.nodes.values() if node.id not in holders(sim))
    runtime = node.runtime
    assert runtime is not None
    for number in range(6):
        runtime.remove(V1.images[0].config)
        sim.sweep()
        sim.run(30)
        if number == 2:
            sim.kill(node)
            sim.restart(node)
            sim.run(5)
    assert len(runtime.loads) == 4
    assert len(node.fetches) <= 5
    assert sim.cell(node, V1).state_name == "failed"
    assert node.codes().count("images-keep-vanishing") == 1


# --- disks that others fill -------------------------------------------------------------------------------------------


def test_a_disk_that_falls_below_its_floor_takes_nothing_more_until_it_is_clearly_above() -> None:
    """What comes in stops where it is, and goes on from there."""
    big = archive("big", "big:1", size_bytes=2_000_000_000)
    sim = Sim(2, runtimes=False)
    node = sim[1]
    node.faults.disk_bytes = 20 * GIB
    sim.run(1)
    sim.drop(sim[0], "big.tar", big)
    sim.run(20)
    assert sim.cell(node, big).state_name == "transferring"
    node.faults.foreign_bytes = node.free_bytes - GIB // 2
    sim.run(2)
    held = sim.cell(node, big)
    assert (held.state_name, held.retries) == ("held", 0)
    assert held.problem is not None
    assert held.problem.code == "disk-full"
    assert not sim.flows.into(node)
    got = held.bytes_received
    assert got > 0
    node.faults.foreign_bytes -= int(GIB * 0.6)
    sim.run(30)
    assert sim.cell(node, big).state_name == "held"
    node.faults.foreign_bytes = 0
    sim.run(60)
    assert sim.states(big.hashes.digest) == ["stored"] * 2
    assert sim.cell(node, big).bytes_received < 2_000_000_000 + 200_000_000
    assert [code for code in node.codes() if code.startswith("intake-")] == ["intake-paused", "intake-resumed"]


def test_room_is_reserved_for_all_that_is_under_way() -> None:
    """Two archives, room for one: the second waits until the first has ended, and no byte too many comes in."""
    sim = Sim(2, runtimes=False)
    node: SimNode = sim[1]
    node.faults.disk_bytes = int(2.5 * GIB)
    sim.run(1)
    for name in ("one", "two"):
        sim.drop(sim[0], f"{name}.tar", archive(name, size_bytes=GIB))
    sim.run(10)
    states = sorted(row.state_name for row in node.state.rows[node.id].values())
    assert states == ["held", "transferring"]
    sim.run(60)
    assert sorted(row.state_name for row in node.state.rows[node.id].values()) == ["held", "stored"]
    node.faults.disk_bytes = 10 * GIB
    sim.run(60)
    assert all(row.state_name == "stored" for row in node.state.rows[node.id].values())
