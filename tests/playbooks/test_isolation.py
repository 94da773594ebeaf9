"""Bad sources and bad requesters: left out by those whom they hurt, probed, tried, taken back; rollouts go on."""

import pytest

from backend.model.delivery import Delivery, Stored
from backend.model.errors import Problem
from backend.model.events import PeerLeft, PeerSpoke
from backend.model.ids import Digest
from backend.model.messages import Digests, Entries, Granted, Message, Request, Rows
from tests.support.sim import Sim, SimNode, archive


def isolated(here: SimNode, there: SimNode) -> bool:
    return there.id in here.state.isolated


def drop_on(sim: Sim, label: str, *nodes: SimNode, size_bytes: int = 20_000_000) -> Digest:
    """One archive on several nodes at one instant: all of them hold it."""
    facts = archive(label, size_bytes=size_bytes)
    for node in nodes:
        sim.drop(node, f"{label}.tar", facts)
    return facts.hashes.digest


def hurt(sim: Sim, bad: SimNode, times: int) -> None:
    """Archives that only the bad node has, one at a time."""
    for number in range(times):
        drop_on(sim, f"{bad.name}-{number}", bad)
        sim.run(12)


def test_a_liar_is_isolated_by_whom_it_hurt_and_told_of() -> None:
    """Three archives with wrong bytes, from a node that nobody else is troubled by."""
    sim = Sim(3, runtimes=False)
    liar = sim[0]
    liar.faults.lies = True
    hurt(sim, liar, 3)
    for node in (sim[1], sim[2]):
        assert isolated(node, liar)
        assert node.codes().count("peer-isolated") == 1
    assert not isolated(sim[1], sim[2])
    assert not liar.state.isolated


def test_with_another_holder_the_rollout_does_not_even_wait() -> None:
    """The liar costs a try each time, until it is not asked any more."""
    sim = Sim(3, runtimes=False)
    sim[0].faults.lies = True
    for number in range(12):
        digest = drop_on(sim, f"a{number}", sim[0], sim[1])
        sim.run(12)
        assert sim.states(digest) == ["stored"] * 3
        assert sim[2].state.own(digest).retries == 0  # type: ignore[union-attr]
    tried = [source for _, source in sim[2].fetches]
    assert isolated(sim[2], sim[0])
    assert 3 <= tried.count(sim[0].id) <= 6


def test_it_comes_back_after_good_probes_and_one_good_fetch() -> None:
    """Pause, three probes over half a minute, a trial; what waited for it goes on without a hand."""
    sim = Sim(2, runtimes=False, jitter=0.0)
    liar, target = sim[0], sim[1]
    liar.faults.lies = True
    hurt(sim, liar, 3)
    assert isolated(target, liar)
    liar.faults.lies = False
    sim.run(29)
    assert "peer-on-trial" not in target.codes()
    sim.run(45)
    assert target.codes().count("peer-on-trial") == 1
    assert target.codes().count("peer-trusted") == 1
    assert not isolated(target, liar)
    sim.run(300)
    assert all(row.state_name == "stored" for row in target.state.rows[target.id].values())


def test_on_trial_it_serves_once_at_a_time_and_a_relapse_doubles_the_pause() -> None:
    """Still lying: out again at once, for twice as long."""
    sim = Sim(2, runtimes=False, jitter=0.0)
    liar, target = sim[0], sim[1]
    liar.faults.lies = True
    hurt(sim, liar, 3)
    began = [note for note in target.notes if note.code == "peer-isolated"]
    sim.run(80)
    again = [note for note in target.notes if note.code == "peer-isolated"]
    assert [note.params["pause_s"] for note in again] == ["30", "60"]
    assert len(again) == len(began) + 1
    before = len(target.fetches)
    sim.run(55)
    assert len(target.fetches) == before
    sim.run(3600)
    pauses = [float(note.params["pause_s"]) for note in target.notes if note.code == "peer-isolated"]
    assert pauses == [30.0 * 2**number for number in range(len(pauses))]


def test_a_poison_archive_isolates_nobody() -> None:
    """It comes wrong from whoever has it; those nodes are sound."""
    sim = Sim(4, runtimes=False, jitter=0.0)
    poison = archive("poison", size_bytes=20_000_000)
    for node in (sim[0], sim[1]):
        node.faults.lies_about.add(poison.hashes.digest)
        sim.drop(node, "poison.tar", poison)
    sim.run(700)
    assert sim.cell(sim[2], poison).state_name == "failed"
    assert not any(node.state.isolated for node in sim.nodes.values())
    digest = drop_on(sim, "good", sim[0])
    sim.run(30)
    assert sim.states(digest) == ["stored"] * 4


def test_should_it_be_got_after_all_those_who_failed_were_at_fault() -> None:
    """Two liars side by side do not cover each other."""
    sim = Sim(4, runtimes=False, jitter=0.0)
    sim[0].faults.lies = sim[1].faults.lies = True
    for number in range(10):
        digest = drop_on(sim, f"a{number}", sim[0], sim[1], sim[2])
        sim.run(25)
        assert sim.states(digest) == ["stored"] * 4
    assert isolated(sim[3], sim[0])
    assert isolated(sim[3], sim[1])
    assert not isolated(sim[3], sim[2])


def test_a_holder_that_never_answers_is_replaced_and_isolated() -> None:
    """Its silence costs twenty seconds each time, until it is not asked any more."""
    sim = Sim(3, runtimes=False)
    sim[0].faults.mute = True
    for number in range(8):
        digest = drop_on(sim, f"a{number}", sim[0], sim[1])
        sim.run(30)
        assert sim.states(digest) == ["stored"] * 3
    assert isolated(sim[2], sim[0])


def test_a_source_that_crawls_is_given_up_and_its_bytes_are_kept() -> None:
    """One byte a second for ever: abandoned after a minute, and blamed."""
    sim = Sim(3, runtimes=False)
    digest = drop_on(sim, "a", sim[0], sim[1])
    sim.kill(sim[1])
    sim[0].faults.slow_bps = 100.0
    sim.run(30)
    assert sim[2].fetches == [(digest, sim[0].id)]
    sim.restart(sim[1])
    sim.run(60)
    assert sim.states(digest) == ["stored"] * 3
    assert [source for _, source in sim[2].fetches] == [sim[0].id, sim[1].id]
    assert len(sim[2].state.peers[sim[0].id].failures) == 1
    row = sim[2].state.own(digest)
    assert row is not None
    assert row.bytes_saved > 0


def test_a_slow_source_is_left_for_a_much_faster_one_without_blame() -> None:
    """It does what it can."""
    sim = Sim(3, runtimes=False)
    fast, slow = sim[0], sim[1]
    drop_on(sim, "sample", fast)
    sim.run(20)
    digest = drop_on(sim, "big", slow, size_bytes=2_000_000_000)
    slow.faults.slow_bps = 1_000_000.0
    sim.run(5)
    assert {source for _, source in sim[2].fetches if _ == digest} == {slow.id}
    sim.drop(fast, "big.tar", archive("big", size_bytes=2_000_000_000))
    sim.run(160)
    assert sim.states(digest) == ["stored"] * 3
    assert not sim[2].state.peers[slow.id].failures


@pytest.mark.parametrize("done", [0.2, 0.8])
def test_a_source_that_dies_is_replaced_at_once_and_no_byte_is_fetched_twice(done: float) -> None:
    """No wait is used, and what has arrived stays."""
    sim = Sim(3, runtimes=False, link_bps=20_000_000)
    digest = drop_on(sim, "a", sim[0], sim[1], size_bytes=200_000_000)
    sim.run(10 * done + 0.5)
    source = sim.nodes[sim[2].fetches[0][1]]
    sim.kill(source)
    sim.run(0.5)
    row = sim[2].state.own(digest)
    assert row is not None
    assert (row.state_name, row.retries, row.attempts) == ("transferring", 0, 2)
    sim.run(15)
    row = sim[2].state.own(digest)
    assert row is not None
    assert row.state_name == "stored"
    assert abs(row.bytes_received - 200_000_000) < 1_000_000


def test_many_failures_in_ten_seconds_count_once() -> None:
    """A burst is one trouble."""
    sim = Sim(2, runtimes=False)
    sim[0].faults.lies = True
    for number in range(4):
        drop_on(sim, f"a{number}", sim[0], size_bytes=1_000_000)
    sim.run(8)
    assert len(sim[1].state.peers[sim[0].id].failures) == 1
    assert not isolated(sim[1], sim[0])


def test_failures_long_ago_are_forgotten() -> None:
    """Two a quarter of an hour apart never make three."""
    sim = Sim(2, runtimes=False, waits_s=())
    sim[0].faults.lies = True
    for number in range(6):
        drop_on(sim, f"a{number}", sim[0])
        sim.run(400)
    assert not isolated(sim[1], sim[0])


def test_a_line_that_is_down_speaks_against_nobody() -> None:
    """Links flap; nodes are sound."""
    sim = Sim(3, runtimes=False, link_bps=20_000_000)
    drop_on(sim, "a", sim[0], size_bytes=2_000_000_000)
    for _ in range(8):
        sim.run(12)
        sim.separate(sim[0], sim[1])
        sim.run(1)
        sim.mend()
    assert not any(node.state.isolated for node in sim.nodes.values())


# --- what a node says and asks ----------------------------------------------------------------------------------------


def say(sim: Sim, here: SimNode, there: SimNode, message: Message, times: int = 1) -> None:
    """``here`` hears it from ``there`` so often."""
    for _ in range(times):
        sim.post(here, PeerSpoke(there.id, message))
    sim.run(0)


def test_who_claims_what_it_does_not_have_is_isolated() -> None:
    """Once may be chance; who goes on claiming is blamed, and the real holder serves as soon as it is there."""
    sim = Sim(3, runtimes=False, link_bps=1_000_000)
    target, origin, liar = (sim[number] for number in range(3))
    sim.act(liar, "pause")
    digests = [drop_on(sim, f"a{number}", origin) for number in range(4)]
    sim.run(2)
    sim.kill(origin)
    sim.run(10)
    head = target.state.head_of(liar.id)
    rows = tuple(
        Delivery(digest, liar.id, Stored(), version=head + number, stored=True)
        for number, digest in enumerate(digests, start=1)
    )
    say(sim, target, liar, Rows(rows, liar.id, head, head + 4))
    sim.run(45)
    assert not target.state.peers[liar.id].rate_bps
    assert len(target.state.peers[liar.id].failures) == 1
    sim.run(180)
    assert isolated(target, liar)
    sim.restart(origin)
    sim.run(400)
    assert all(target.state.own(digest).state_name == "stored" for digest in digests)  # type: ignore[union-attr]


def test_a_flood_of_requests_is_not_answered_and_isolates() -> None:
    """Nobody else's slot is lost to it."""
    sim = Sim(3, runtimes=False)
    digest = drop_on(sim, "a", sim[0])
    sim.run(20)
    for _ in range(3):
        say(sim, sim[0], sim[1], Request(digest), 700)
        sim.run(11)
    assert isolated(sim[0], sim[1])
    before = sim.said[Granted]
    say(sim, sim[0], sim[1], Request(digest), 5)
    sim.run(1)
    assert sim.said[Granted] == before
    late = drop_on(sim, "late", sim[0])
    sim.run(20)
    assert sim.cell(sim[2], archive("late", size_bytes=20_000_000)).state_name == "stored"
    assert late in sim[2].state.entries


def test_more_places_in_line_than_a_sound_node_takes() -> None:
    """The line stays short, whatever one peer asks for."""
    sim = Sim(3, runtimes=False, serve_slots=1)
    digests = [drop_on(sim, f"a{number}", sim[0], size_bytes=1000) for number in range(200)]
    sim.run(60)
    for digest in digests:
        say(sim, sim[0], sim[1], Request(digest))
    assert sum(node == sim[1].id for node, _ in sim[0].state.serving.line) <= 64
    assert sim[0].state.peers[sim[1].id].failures


@pytest.mark.parametrize("message", [Digests((1,) * 16, (2,) * 16), Entries(())])
def test_floods_of_comparisons_are_bounded_and_news_is_not(message: Message) -> None:
    """Comparing costs; entries are cheap, and come in bursts where much is published."""
    sim = Sim(2, runtimes=False)
    sim.run(1)
    before = sum(sim.said.values())
    say(sim, sim[0], sim[1], message, 1000)
    sim.run(1)
    assert sum(sim.said.values()) - before < 1200
    assert bool(sim[0].state.peers[sim[1].id].failures) is isinstance(message, Digests)


def test_malformed_messages_count_against_the_sender() -> None:
    """The channel's care ended with a protocol error, three times."""
    sim = Sim(2, runtimes=False)
    for _ in range(3):
        sim.post(sim[0], PeerLeft(sim[1].id, Problem("peer-protocol", {"peer": "n1", "detail": "huge"})))
        sim.run(0)
        sim.channels._standing.clear()
        for node in sim.nodes.values():
            sim.channels._of[node.id].clear()
        sim.run(11)
        sim.channels.connect()
        sim.run(0)
    assert isolated(sim[0], sim[1])


def test_unsound_entries_are_refused_counted_and_told_of_once() -> None:
    """A thousand bad entries do not make a thousand alerts."""
    import msgspec

    sim = Sim(2, runtimes=False)
    digest = drop_on(sim, "a", sim[0])
    sim.run(20)
    entry = sim[0].state.entries[digest]
    bad = tuple(
        msgspec.structs.replace(entry, digest=Digest(f"sha256:{number:064x}"), size_bytes=-1) for number in range(1000)
    )
    say(sim, sim[0], sim[1], Entries(bad))
    assert len(sim[0].state.entries) == 1
    assert sim[0].codes().count("entry-refused") == 1
    assert len(sim[0].state.peers[sim[1].id].failures) == 1


def test_an_isolated_source_is_still_served_itself() -> None:
    """It fails as a source only: it may have what it needs."""
    sim = Sim(2, runtimes=False)
    sim[0].faults.lies = True
    hurt(sim, sim[0], 3)
    assert isolated(sim[1], sim[0])
    digest = drop_on(sim, "a", sim[1])
    sim.run(20)
    assert sim.states(digest) == ["stored"] * 2
