"""Nodes that are away: told of once, by one, with what they lack; and what happens when they are back."""

from tests.support.sim import Sim, SimNode, archive

V1 = archive("v1", "app:1")
V2 = archive("v2", "app:2")
PATIENCE_S = 60 + 120 + 180


def alerts(sim: Sim) -> list[tuple[str, str]]:
    """Who told of whose absence, in the order of the nodes."""
    return [
        (node.name, note.params["peer"])
        for node in sim.nodes.values()
        for note in node.notes
        if note.code == "node-away"
    ]


def away(sim: Sim, *nodes: SimNode) -> None:
    for node in nodes:
        sim.kill(node)


def test_the_lowest_that_is_up_tells_once_what_is_lacking() -> None:
    """After the sum of the waits, and never again while the outage lasts."""
    sim = Sim(4)
    away(sim, sim[0], sim[3])
    sim.drop(sim[1], "v1.tar", V1)
    sim.run(PATIENCE_S - 20)
    assert alerts(sim) == []
    sim.run(60)
    assert alerts(sim) == [("n1", "n0"), ("n1", "n3")]
    note = next(note for note in sim[1].notes if note.code == "node-away")
    assert (note.params["count"], note.params["names"], note.level) == ("1", "v1.tar", "alert")
    sim.drop(sim[1], "v2.tar", V2)
    sim.run(2 * PATIENCE_S)
    assert len(alerts(sim)) == 2
    # The cell itself never changes: what its node did not say nobody knows.
    assert sim[1].state.cell(sim[3].id, V1.hashes.digest) is None


def test_a_node_that_lacks_nothing_is_nobodys_trouble() -> None:
    """It is down; people see that. It is told of some time after something was published that it lacks."""
    sim = Sim(3)
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(60)
    away(sim, sim[2])
    sim.run(2 * PATIENCE_S)
    assert alerts(sim) == []
    sim.drop(sim[0], "v2.tar", V2)
    sim.run(PATIENCE_S - 20)
    assert alerts(sim) == []
    sim.run(40)
    assert alerts(sim) == [("n0", "n2")]


def test_each_outage_is_told_of_and_a_return_in_time_is_none() -> None:
    """The clock of an outage begins anew with each."""
    sim = Sim(3)
    away(sim, sim[2])
    sim.drop(sim[0], "big.tar", archive("big", size_bytes=10_000_000_000))
    for _ in range(3):
        sim.run(PATIENCE_S - 60)
        sim.restart(sim[2])
        sim.run(1)
        away(sim, sim[2])
    assert alerts(sim) == []
    sim.run(PATIENCE_S + 10)
    assert alerts(sim) == [("n0", "n2")]
    sim.restart(sim[2])
    sim.run(1)
    away(sim, sim[2])
    sim.run(PATIENCE_S + 10)
    assert alerts(sim) == [("n0", "n2")] * 2


def test_another_teller_and_a_restart_repeat_nothing() -> None:
    """What was told stands in the ledger, and in the teller's report to the others."""
    sim = Sim(4)
    away(sim, sim[3])
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(PATIENCE_S + 10)
    assert alerts(sim) == [("n0", "n3")]
    sim.kill(sim[0])
    sim.run(2 * PATIENCE_S)
    assert [who for who, whom in alerts(sim) if whom == "n3"] == ["n0"]
    sim.restart(sim[0])
    sim.run(2 * PATIENCE_S)
    assert [who for who, whom in alerts(sim) if whom == "n3"] == ["n0"]


def test_admins_tell_where_there_are_some() -> None:
    """Other nodes do not, however low their IDs."""
    sim = Sim(4, admins=2)
    away(sim, sim[0], sim[3])
    sim.drop(sim[2], "v1.tar", V1)
    sim.run(PATIENCE_S + 10)
    assert alerts(sim) == [("n1", "n0"), ("n1", "n3")]
    sim.kill(sim[1])
    sim.run(2 * PATIENCE_S)
    assert len(alerts(sim)) == 2


def test_a_node_that_others_reach_is_not_away() -> None:
    """Only the line between the two is down."""
    sim = Sim(4)
    sim.separate(sim[0], sim[3])
    sim.drop(sim[0], "big.tar", archive("big", size_bytes=40_000_000_000))
    for _ in range(8):
        sim.run(120)
        sim.sweep()
    assert alerts(sim) == []


def test_both_halves_of_a_partition_tell_of_the_other() -> None:
    """Each has its own lowest."""
    sim = Sim(4)
    for one in (sim[0], sim[1]):
        for other in (sim[2], sim[3]):
            sim.separate(one, other)
    sim.drop(sim[0], "v1.tar", V1)
    sim.drop(sim[2], "v2.tar", V2)
    sim.run(PATIENCE_S + 10)
    assert alerts(sim) == [("n0", "n2"), ("n0", "n3"), ("n2", "n0"), ("n2", "n1")]


def test_a_node_down_during_the_rollout_is_ready_soon_after_its_return() -> None:
    """Without waiting for a sweep."""
    sim = Sim(3)
    away(sim, sim[2])
    sim.drop(sim[0], "v1.tar", V1)
    sim.run(100)
    sim.restart(sim[2])
    sim.run(20)
    assert sim.states(V1.hashes.digest) == ["ready"] * 3


def test_what_a_cut_off_node_had_given_up_is_begun_anew_when_the_line_is_back() -> None:
    """Retries were used up; the cause is gone, so no hand is needed."""
    sim, big = Sim(2, waits_s=(), link_bps=1_000_000), archive("big", "big:1", size_bytes=1_000_000_000)
    sim.drop(sim[0], "big.tar", big)
    sim.run(185)
    sim.flows_broken(sim[0], sim[1])
    sim.run(1000)
    sim.sweep()
    sim.run(10)
    assert sim.cell(sim[1], big).state_name == "failed"
    sim.separate(sim[0], sim[1])
    sim.run(30)
    sim.mend()
    sim.run(1000)
    assert sim.states(big.hashes.digest) == ["ready"] * 2
    assert sim.cell(sim[1], big).bytes_received < 1_010_000_000
