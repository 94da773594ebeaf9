"""What ends an archive, what brings it back, and whom a selector names."""

from backend.model.events import FileVanished, SelectorWidened
from backend.model.messages import Command
from tests.support.sim import Sim, SimNode, archive

APP = "docker.io/library/app:latest"
V1 = archive("v1", "app:latest")
V2 = archive("v2", "app:latest")
BIG = archive("big", "big:1", size_bytes=3_000_000_000)


def tag_of(node: SimNode) -> str | None:
    assert node.runtime is not None
    return node.runtime.tags.get(APP)


def test_withdrawing_the_newer_gives_its_tags_back_on_every_node() -> None:
    """Also where the older one was never loaded."""
    sim = Sim(3)
    sim.kill(sim[2])
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(30)
    sim.drop(sim[1], "v2.tar", V2)
    sim.run(30)
    sim.restart(sim[2])
    sim.run(60)
    assert sim.cell(sim[2], V1).note == "overtaken"
    sim.act(sim[0], "withdraw", V2.hashes.digest)
    sim.run(60)
    assert [tag_of(node) for node in sim.nodes.values()] == [V1.images[0].config] * 3
    assert sim.states(V1.hashes.digest) == ["ready"] * 3
    assert sim.states(V2.hashes.digest) == ["ready"] * 3
    assert all(V2.hashes.digest in {digest for _, digest in node.store.values()} for node in sim.nodes.values())
    assert [result.count for result in sim[0].results] == [1]


def test_withdrawal_ends_what_is_open_and_sweeps_leave_it_alone() -> None:
    """Nobody is sent it again, and no byte of it stays behind."""
    sim = Sim(4)
    sim.drop(sim[0], "big.tar", BIG)
    sim.run(5)
    sim.act(sim[3], "withdraw", BIG.hashes.digest)
    sim.run(30)
    sim.sweep()
    sim.run(120)
    assert sim.states(BIG.hashes.digest)[1:] == ["cancelled"] * 3
    assert {sim.cell(node, BIG).note for node in sim.nodes.values()} <= {None, "withdrawn"}
    assert not any(node.incoming or node.state.work or node.state.serving.slots for node in sim.nodes.values())
    sim.act(sim[1], "retry", BIG.hashes.digest)
    sim.run(30)
    assert sim.cell(sim[1], BIG).state_name == "cancelled"


def test_purge_removes_the_copies_on_every_node_also_where_it_was_down() -> None:
    """The file that an operator dropped in goes too: that is what purging says."""
    sim = Sim(3)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(60)
    sim.kill(sim[2])
    sim.act(sim[1], "withdraw", V1.hashes.digest, argument="purge")
    sim.run(10)
    sim.restart(sim[2])
    sim.run(10)
    assert not any(node.store for node in sim.nodes.values())
    assert sim.states(V1.hashes.digest) == ["ready"] * 3
    assert not any(sim.cell(node, V1).stored for node in sim.nodes.values())


def test_a_later_purge_removes_what_an_earlier_withdrawal_left() -> None:
    """And without archives nothing at all is withdrawn."""
    sim = Sim(2, runtimes=False)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(30)
    sim.act(sim[0], "withdraw", V1.hashes.digest)
    sim.act(sim[0], "withdraw", V1.hashes.digest)
    sim.act(sim[0], "withdraw")
    sim.run(10)
    assert all(node.store for node in sim.nodes.values())
    sim.act(sim[1], "withdraw", V1.hashes.digest, argument="purge")
    sim.run(10)
    assert not any(node.store for node in sim.nodes.values())
    assert [result.count for result in sim[0].results] == [1, 0, 0]
    assert sim.states(V1.hashes.digest) == ["cancelled"] * 2
    assert sim.cell(sim[0], V1).note == "withdrawn"


def test_dropping_a_withdrawn_archive_in_again_publishes_it_anew() -> None:
    """Also after a purge: that one belonged to the withdrawal, and a new one without it purges nothing."""
    sim = Sim(3)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(60)
    sim.act(sim[0], "withdraw", V1.hashes.digest, argument="purge")
    sim.run(10)
    sim.drop(sim[2], "again.tar", V1)
    sim.run(60)
    assert sim.states(V1.hashes.digest) == ["ready"] * 3
    entry = sim[1].state.entries[V1.hashes.digest]
    assert (entry.active, entry.origin, entry.name) == (True, sim[2].id, "again.tar")
    stored = [sorted(node.store) for node in sim.nodes.values()]
    sim.act(sim[2], "withdraw", V1.hashes.digest)
    sim.run(10)
    assert [sorted(node.store) for node in sim.nodes.values()] == stored


def test_withdrawal_and_republication_in_two_halves_of_a_partition() -> None:
    """After it heals the later order stands everywhere, on tags too."""
    sim = Sim(4)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(60)
    for one in (sim[0], sim[1]):
        for other in (sim[2], sim[3]):
            sim.separate(one, other)
    sim.act(sim[0], "withdraw", V1.hashes.digest)
    sim.drop(sim[3], "v2.tar", V2)
    sim.run(60)
    assert tag_of(sim[0]) == V1.images[0].config
    assert tag_of(sim[3]) == V2.images[0].config
    sim.mend()
    sim.run(60)
    for node in sim.nodes.values():
        assert node.state.entries == sim[0].state.entries
        assert not node.state.entries[V1.hashes.digest].active
        assert tag_of(node) == V2.images[0].config


def test_a_peer_that_is_no_admin_may_not_command_where_there_are_admins() -> None:
    """Its request is refused, that of an admin is done."""
    from backend.model.events import PeerSpoke
    from backend.model.ids import JobId

    sim = Sim(3, admins=1)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(60)
    for asker in (sim[2], sim[0]):
        command = Command(JobId("j"), "pause", None, None, "root")
        sim.post(sim[1], PeerSpoke(asker.id, command))
        sim.run(0)
        assert sim[1].state.report.paused is (asker is sim[0])


# --- superseding ------------------------------------------------------------------------------------------------------


def test_another_nodes_file_of_the_same_name_supersedes_nothing() -> None:
    """Two files of one name from two nodes: both kept, both delivered, tags by order."""
    sim = Sim(4)
    sim.drop(sim[0], "app.tar", V1)
    sim.drop(sim[1], "app.tar", V2)
    sim.run(90)
    owner = sim[0].state.owners[APP]
    for node in sim.nodes.values():
        assert {digest for _, digest in node.store.values()} == {V1.hashes.digest, V2.hashes.digest}
        assert len(node.store) == 2
        assert node.state.owners[APP] == owner
        assert {sim.cell(node, facts).state_name for facts in (V1, V2)} <= {"ready", "stored"}
    assert len({tag_of(node) for node in sim.nodes.values()}) == 1


def test_a_copy_stays_where_its_successor_has_not_ended_well() -> None:
    """And goes as soon as it has."""
    sim = Sim(2)
    sim.drop(sim[0], "app.tar", V1)
    sim.run(40)
    sick = sim[1].runtime
    assert sick is not None
    sick.sick = True
    sim.drop(sim[0], "app.tar", V2)
    sim.run(40)
    assert {digest for _, digest in sim[1].store.values()} == {V1.hashes.digest, V2.hashes.digest}
    sick.sick = False
    sim.run(40)
    assert {digest for _, digest in sim[1].store.values()} == {V2.hashes.digest}


def test_a_copy_goes_also_where_its_direct_successor_never_arrived() -> None:
    """Two newer files came in quick succession: the last of them counts."""
    sim, v3 = Sim(2, runtimes=False), archive("v3", "app:latest")
    sim.drop(sim[0], "app.tar", V1)
    sim.run(30)
    sim.drop(sim[0], "app.tar", V2)
    sim.run(0.5)
    sim.drop(sim[0], "app.tar", v3)
    sim.run(60)
    assert sim.cell(sim[1], V2).state_name == "cancelled"
    assert {digest for _, digest in sim[1].store.values()} == {v3.hashes.digest}


def test_a_renamed_copy_goes_by_the_name_under_which_it_was_published() -> None:
    """The target had a file of that name already."""
    sim = Sim(2, runtimes=False)
    sim.drop(sim[1], "app.tar", archive("other", "other:1"))
    sim.run(20)
    sim.drop(sim[0], "app.tar", V1)
    sim.run(40)
    assert f"app.tar.{V1.hashes.fingerprint[:8]}" in sim[1].store
    sim.drop(sim[0], "app.tar", V2)
    sim.run(60)
    held = {digest for _, digest in sim[1].store.values()}
    assert V1.hashes.digest not in held
    assert V2.hashes.digest in held


# --- local drops ------------------------------------------------------------------------------------------------------


def test_a_file_deleted_by_hand_ends_nothing_for_the_fleet() -> None:
    """The others keep theirs; the runtime has the images, so the cell stays ready."""
    sim = Sim(3)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(60)
    sim.unlink(sim[0], "v1.tar")
    sim.run(10)
    sim.sweep()
    sim.run(60)
    assert sim.states(V1.hashes.digest) == ["ready"] * 3
    assert not sim.cell(sim[0], V1).stored
    assert sim[1].store
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(10)
    assert sim.cell(sim[0], V1).stored
    assert sum(len(node.fetches) for node in sim.nodes.values()) == 2


def test_a_stored_cell_without_its_file_is_not_stored_any_more() -> None:
    """It is left alone by sweeps; putting the file back is enough."""
    sim = Sim(2, runtimes=False)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(30)
    name = next(iter(sim[1].store))
    sim.unlink(sim[1], name)
    sim.run(1)
    sim.sweep()
    sim.run(60)
    assert (sim.cell(sim[1], V1).state_name, sim.cell(sim[1], V1).note) == ("cancelled", "dropped")
    sim.drop(sim[1], name, V1)
    sim.run(10)
    assert sim.cell(sim[1], V1).state_name == "stored"


# --- selectors --------------------------------------------------------------------------------------------------------


def test_a_selector_names_who_gets_it_and_only_widens() -> None:
    """A node that is not named has no cell; the origin always has one."""
    from backend.model.events import ArchiveArrived

    sim = Sim(5)
    sim.put(sim[0], "v1.tar", V1)
    key = sim[0].store["v1.tar"][0]
    sim.post(sim[0], ArchiveArrived("v1.tar", key, V1, nodes=(sim[1].id,)))
    sim.run(60)
    digest = V1.hashes.digest
    assert sim.states(digest) == ["ready", "ready", "-", "-", "-"]
    sim.post(sim[1], SelectorWidened(digest, (sim[2].id,), "root"))
    sim.run(60)
    assert sim.states(digest) == ["ready", "ready", "ready", "-", "-"]
    sim.post(sim[0], SelectorWidened(digest, (sim[2].id,), "root"))
    sim.run(10)
    assert sim[0].state.entries[digest].selector.nodes == (sim[1].id, sim[2].id)
    sim.post(sim[3], SelectorWidened(digest, None, "root"))
    sim.run(60)
    assert sim.states(digest) == ["ready"] * 5


def test_a_vanished_file_that_nobody_knew_is_no_news() -> None:
    """Nothing changes, nothing is told."""
    sim = Sim(2)
    sim.run(1)
    before = dict(sim.said)
    sim.post(sim[0], FileVanished("ghost.tar"))
    sim.run(1)
    assert dict(sim.said) == before
