"""What happens where nobody who could be asked holds an archive: its holders are away, or there are none."""

from backend.logic.state import Policy
from backend.model.delivery import Delivery
from backend.model.events import ArchiveArrived
from backend.model.messages import Synced
from tests.support.sim import Sim, SimNode, archive
from tests.support.turns import ONE, TWO, OneNode, entry_of, key_of

V1 = archive("v1", "app:1")
DIGEST = V1.hashes.digest


def delivered(sim: Sim) -> Sim:
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(100)
    return sim


def code_of(row: Delivery) -> str | None:
    return row.problem.code if row.problem is not None else None


def told(node: SimNode) -> int:
    return node.codes().count("last-copy-gone")


def lose_images(node: SimNode) -> None:
    assert node.runtime is not None
    node.runtime.remove(V1.images[0].config)


def test_the_removal_of_the_last_copy_is_told() -> None:
    sim = delivered(Sim(3))
    sim.unlink(sim[0], "v1.tar")
    sim.run(5)
    sim.unlink(sim[1], "v1.tar")
    sim.run(5)
    assert [told(node) for node in sim.nodes.values()] == [0, 0, 0]
    sim.unlink(sim[2], "v1.tar")
    sim.run(5)
    assert told(sim[2]) == 1


def test_copies_that_are_removed_at_one_time_are_the_last_as_well() -> None:
    """None of the nodes has heard from the others when it sees its own loss."""
    sim = delivered(Sim(2))
    for number in (0, 1):
        sim.unlink(sim[number], "v1.tar")
    sim.run(5)
    assert [told(node) for node in sim.nodes.values()] == [1, 1]


def test_a_copy_on_a_node_that_is_down_is_one() -> None:
    sim = delivered(Sim(2))
    sim.kill(sim[1])
    sim.unlink(sim[0], "v1.tar")
    sim.run(60)
    assert told(sim[0]) == 0


def test_what_nobody_holds_waits_fails_and_comes_back_with_its_file() -> None:
    """Images that vanish where no copy is left: as long as the waits last, then a person is told."""
    sim = delivered(Sim(2))
    for number in (0, 1):
        sim.unlink(sim[number], "v1.tar")
    sim.run(5)
    lose_images(sim[1])
    sim.sweep()
    sim.run(10)
    assert sim.cell(sim[1], V1).state_name == "queued"
    sim.run(60)
    assert (sim.cell(sim[1], V1).state_name, code_of(sim.cell(sim[1], V1))) == ("waiting", "no-holder")
    sim.run(600)
    assert (sim.cell(sim[1], V1).state_name, code_of(sim.cell(sim[1], V1))) == ("failed", "no-holder")
    assert sim.cell(sim[1], V1).retries == 3
    assert sim[1].codes().count("delivery-failed") == 1
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(60)
    assert sim.states(DIGEST) == ["ready", "ready"]
    assert sim.cell(sim[1], V1).stored


def test_a_sync_of_what_nobody_holds_says_so() -> None:
    """Its cell was cancelled when its file was removed; an operator wants it back."""
    sim = delivered(Sim(2, runtimes=False))
    for number in (0, 1):
        sim.unlink(sim[number], "v1.tar")
    sim.run(5)
    sim.act(sim[0], "sync", DIGEST)
    sim.run(60)
    assert (sim.cell(sim[0], V1).state_name, code_of(sim.cell(sim[0], V1))) == ("waiting", "no-holder")
    sim.run(600)
    assert sim.cell(sim[0], V1).state_name == "failed"


def test_what_a_node_out_of_reach_holds_waits_for_it_and_says_so() -> None:
    """However long: no retry is used up."""
    sim = delivered(Sim(2))
    sim.unlink(sim[1], "v1.tar")
    sim.run(5)
    sim.kill(sim[0])
    lose_images(sim[1])
    sim.sweep()
    sim.run(3600)
    row = sim.cell(sim[1], V1)
    assert (row.state_name, row.note, row.retries) == ("queued", "holder-away", 0)
    sim.restart(sim[0])
    sim.run(60)
    row = sim.cell(sim[1], V1)
    assert (row.state_name, row.note, row.stored) == ("ready", None, True)


def test_a_node_that_was_never_heard_may_hold_it() -> None:
    """The entry is known; its origin's rows are not. Once all have told what they hold, nobody does."""
    entry = entry_of("v1", "app:1")
    node = OneNode((entry,), policy=Policy(has_runtime=False))
    node.start()
    node.tick(60)
    assert (node.state_of(entry), node.row(entry).note) == ("queued", "holder-away")
    node.greet(ONE, TWO)
    node.tick(60)
    assert (node.state_of(entry), node.row(entry).note) == ("queued", "holder-away")
    for peer in (ONE, TWO):
        node.hear(peer, Synced())
    node.tick(60)
    assert (node.state_of(entry), node.row(entry).note) == ("waiting", None)
    assert code_of(node.row(entry)) == "no-holder"


def test_a_file_that_is_dropped_in_ends_the_waiting() -> None:
    entry = entry_of("v1", "app:1")
    node = OneNode((entry,), policy=Policy(has_runtime=False))
    node.start()
    node.tick(60)
    node.see(ArchiveArrived("v1.tar", key_of(1), V1))
    assert (node.state_of(entry), node.row(entry).note) == ("stored", None)
