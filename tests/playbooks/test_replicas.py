"""Replicas of catalog and rows: what is told, to whom, and that everybody comes to know everything."""

import pytest

from backend.model import messages
from backend.model.delivery import Ready
from tests.support.sim import Sim, SimNode, archive

V1 = archive("v1", "app:1")
V2 = archive("v2", "app:2")


def said(sim: Sim, kind: type) -> int:
    """How many messages of that kind were sent so far."""
    return sum(count for told, count in sim.said.items() if told is kind)


def agree(sim: Sim) -> bool:
    """Every node that is alive knows the same entries, and the same rows of every node."""
    alive = [node.state for node in sim.nodes.values() if node.alive]
    return all(state.entries == alive[0].entries and state.rows == alive[0].rows for state in alive)


def test_equal_replicas_cost_one_small_message_a_partner() -> None:
    """A sweep of a fleet at rest sends nothing but summaries."""
    sim = Sim(6)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(120)
    assert agree(sim)
    before = dict(sim.said)
    sim.sweep()
    sim.run(5)
    told = {kind: count - before.get(kind, 0) for kind, count in sim.said.items() if count != before.get(kind, 0)}
    assert set(told) == {messages.Digests}
    assert told[messages.Digests] <= 6 * 6


@pytest.mark.parametrize("limit", [48, 3])
def test_at_rest_nothing_is_said_between_sweeps(limit: int) -> None:
    """Not even where a node is dead and two cannot hear each other, so that others tell them on."""
    sim = Sim(12, full_mesh_nodes=limit)
    sim.separate(sim[0], sim[3])
    sim.kill(sim[7])
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(450)
    before = sum(sim.said.values())
    sim.run(200)
    assert sum(sim.said.values()) == before


def test_a_node_that_comes_back_is_sent_only_what_it_lacks() -> None:
    """Of a hundred archives it knows all but one."""
    sim = Sim(2, runtimes=False)
    for number in range(100):
        sim.drop(sim[0], f"{number}.tar", archive(f"{number}", size_bytes=1000))
    sim.run(200)
    sim.kill(sim[1])
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(5)
    sim.sent_entries = sim.sent_rows = 0
    sim.restart(sim[1])
    sim.run(1)
    assert agree(sim)
    assert sim.sent_entries <= 100 // 4
    assert sim.sent_rows < 20


def test_rows_of_a_node_out_of_reach_come_through_others() -> None:
    """Node 0 and node 3 cannot hear each other; node 0's console knows all the same, and so does node 3."""
    sim = Sim(4)
    sim.separate(sim[0], sim[3])
    sim.run(12)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(60)
    assert sim.states(V1.hashes.digest) == ["ready"] * 4
    for here, there in ((sim[0], sim[3]), (sim[3], sim[0])):
        assert here.state.cell(there.id, V1.hashes.digest) == there.state.own(V1.hashes.digest)
        peer = here.state.peers[there.id]
        assert not peer.up
        assert peer.in_touch


def test_a_node_that_died_out_of_reach_is_down_for_all() -> None:
    """Through others its end is heard of as well."""
    sim = Sim(4)
    sim.separate(sim[0], sim[3])
    sim.run(12)
    assert sim[0].state.peers[sim[3].id].in_touch
    sim.kill(sim[3])
    sim.run(12)
    assert not sim[0].state.peers[sim[3].id].in_touch
    sim.restart(sim[3])
    sim.run(12)
    assert sim[0].state.peers[sim[3].id].in_touch


def test_two_hops() -> None:
    """A chain of four: each hears only its neighbours, and all hear of all."""
    sim = Sim(4)
    for one, other in ((0, 2), (0, 3), (1, 3)):
        sim.separate(sim[one], sim[other])
    sim.run(12)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(90)
    sim.sweep()
    sim.run(10)
    assert sim.states(V1.hashes.digest) == ["ready"] * 4
    assert agree(sim)
    assert sim[0].state.peers[sim[3].id].in_touch


def test_an_unheard_relay_lets_go() -> None:
    """Once both hear each other again nobody is asked to tell on."""
    sim = Sim(4)
    sim.separate(sim[0], sim[3])
    sim.run(12)
    assert sim[0].state.mesh.asked
    sim.mend()
    sim.run(12)
    for node in sim.nodes.values():
        assert not node.state.mesh.asked
        assert not node.state.mesh.listeners


# --- a ledger that was lost -------------------------------------------------------------------------------------------


def test_a_node_without_a_ledger_learns_before_it_publishes() -> None:
    """Its store holds a known archive, a superseded and a withdrawn one: none of them is news."""
    sim = Sim(3)
    old, new = archive("old", "app:latest"), archive("new", "app:latest")
    sim.drop(sim[2], "app.tar", old)
    sim.run(30)
    sim.drop(sim[2], "app.tar", new)
    sim.drop(sim[2], "v1.tar", V1)
    sim.run(60)
    before = sim[0].state.entries[new.hashes.digest]
    sim.kill(sim[2])
    sim.forget(sim[2])
    sim.put(sim[2], "found.tar", old)
    sim.restart(sim[2])
    sim.run(120)
    assert sim[0].state.entries[new.hashes.digest] == before
    assert not sim[2].state.entries[old.hashes.digest].active
    assert agree(sim)
    assert sim.states(new.hashes.digest) == sim.states(V1.hashes.digest) == ["ready"] * 3
    assert "found.tar" in sim[2].store
    assert sim[2].state.file_of(old.hashes.digest) is not None


def test_alone_it_waits_a_bounded_time_and_goes_on() -> None:
    """Nobody answers: after a few seconds it works by itself."""
    sim = Sim(2)
    sim.kill(sim[1])
    sim.kill(sim[0])
    sim.forget(sim[0])
    sim.restart(sim[0])
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(3)
    assert not sim[0].state.entries
    sim.run(20)
    assert sim.states(V1.hashes.digest)[0] == "ready"


def test_a_file_that_goes_while_it_waits_is_never_published() -> None:
    """Nothing is made of what is not there."""
    from backend.model.events import FileVanished

    sim = Sim(2)
    sim.kill(sim[1])
    sim.kill(sim[0])
    sim.forget(sim[0])
    sim.restart(sim[0])
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(1)
    del sim[0].store["v1.tar"]
    sim.post(sim[0], FileVanished("v1.tar"))
    sim.run(20)
    assert not sim[0].state.entries


def test_rows_of_a_lost_ledger_are_outranked() -> None:
    """The others' replicas are of higher versions than a fresh ledger would write: it goes on above them."""
    sim = Sim(3)
    for number in range(5):
        sim.drop(sim[0], f"{number}.tar", archive(f"{number}", f"x:{number}"))
    sim.run(120)
    known = sim[0].state.head_of(sim[1].id)
    sim.kill(sim[1])
    sim.forget(sim[1])
    sim.restart(sim[1])
    sim.run(60)
    assert sim[1].state.row_version > known
    assert agree(sim)


@pytest.mark.parametrize("ended", [False, True])
def test_a_cell_of_a_lost_ledger_whose_archive_ended_meanwhile_is_ended(ended: bool) -> None:
    """Else everybody would show for ever that it is being fetched."""
    sim = Sim(3)
    old, new = archive("old", "app:latest", size_bytes=3_000_000_000), archive("new", "app:latest")
    sim.drop(sim[0], "app.tar", old)
    sim.run(120 if ended else 2)
    assert sim.cell(sim[1], old).state_name == ("ready" if ended else "transferring")
    sim.kill(sim[1])
    sim.forget(sim[1])
    sim.drop(sim[0], "app.tar", new)
    sim.run(30)
    sim.restart(sim[1])
    sim.run(120)
    assert sim.states(new.hashes.digest) == ["ready"] * 3
    assert sim.cell(sim[1], old).state_name == "cancelled"
    assert agree(sim)


def test_foreign_and_malformed_rows_change_nothing() -> None:
    """A row for another node in one's own name; versions out of order or beyond all bounds; times that no calendar
    has, of which no document could tell.
    """
    from backend.model.delivery import Delivery, Waiting
    from backend.model.errors import Problem
    from backend.model.events import PeerSpoke

    sim = Sim(3)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(60)
    digest, me, liar, victim = V1.hashes.digest, sim[0], sim[1], sim[2]
    before = {who: dict(rows) for who, rows in me.state.rows.items()}

    def row(node: SimNode, version: int, at: float = 0.0) -> Delivery:
        return Delivery(digest, node.id, Ready(), version=version, updated_at=at)

    never = Delivery(digest, liar.id, Waiting(1e300, Problem("disk-full")), version=900)

    for message in (
        messages.Rows((row(victim, 900),), liar.id, liar.state.row_version, 900),
        messages.Rows((row(liar, 902), row(liar, 901)), liar.id, liar.state.row_version, 902),
        messages.Rows((row(liar, 1 << 60),), liar.id, liar.state.row_version, 1 << 60),
        messages.Rows((row(liar, 950),), liar.id, liar.state.row_version, 940),
        *(
            messages.Rows((row(liar, 900, at),), liar.id, liar.state.row_version, 900)
            for at in (float("nan"), float("inf"), -1.0, 1e18)
        ),
        messages.Rows((never,), liar.id, liar.state.row_version, 900),
    ):
        sim.post(me, PeerSpoke(liar.id, message))
    sim.run(0)
    assert me.state.rows == before


@pytest.mark.parametrize("limit", [3, 100])
def test_summaries_of_nodes_that_keep_few_rows(limit: int) -> None:
    """In a fleet above the limit of the full mesh: hubs know all, the others those whom they hear."""
    sim = Sim(40, runtimes=False, full_mesh_nodes=limit)
    sim.drop(sim[5], "v1.tar", V1)
    sim.run(200)
    sim.sweep()
    sim.run(10)
    assert sim.states(V1.hashes.digest) == ["stored"] * 40
    for node in sim.nodes.values():
        whole = limit == 100 or node.id in node.state.mesh.hubs
        for other in sim.nodes.values():
            if whole or other.id in node.state.mesh.standing:
                known = node.state.cell(other.id, V1.hashes.digest)
                assert known == other.state.own(V1.hashes.digest)


def test_a_console_in_a_large_fleet_hears_of_everything_while_it_is_open() -> None:
    """It asks a hub; afterwards the node keeps those rows no longer."""
    from backend.model.events import WatchersChanged

    sim = Sim(40, runtimes=False, full_mesh_nodes=3)
    sim.drop(sim[5], "v1.tar", V1)
    sim.run(200)
    watcher = sim[9]
    assert len(watcher.state.mesh.standing) < 39
    sim.post(watcher, WatchersChanged(1))
    sim.run(2)
    for node in sim.nodes.values():
        assert watcher.state.cell(node.id, V1.hashes.digest) == node.state.own(V1.hashes.digest)
        assert node is watcher or watcher.state.peers[node.id].in_touch
    sim.post(watcher, WatchersChanged(0))
    sim.run(2)
    heard = {watcher.id, *watcher.state.mesh.standing}
    sim.sweep()
    sim.run(2)
    assert set(watcher.state.rows) <= heard | set(watcher.state.mesh.standing)
