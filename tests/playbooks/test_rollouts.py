"""Whole rollouts by the real decisions, scripted: what happens to the fleet, and what every cell says in the end."""

import pytest

from tests.support.sim import Sim, archive

APP = "docker.io/library/app:latest"


def test_dropped_on_one_node_ready_on_all() -> None:
    """The main job."""
    sim, v1 = Sim(4), archive("v1", "app:latest")
    sim.drop(sim[0], "app.tar", v1)
    sim.run(60)
    assert sim.states(v1.hashes.digest) == ["ready"] * 4
    assert all(node.runtime and node.runtime.tags == {APP: v1.images[0].config} for node in sim.nodes.values())
    assert all(node.runtime and node.runtime.loads == [v1.hashes.digest] for node in sim.nodes.values())
    assert sum(len(node.fetches) for node in sim.nodes.values()) == 3


def test_without_a_runtime_the_end_is_stored() -> None:
    """Runtime ``none``: nothing to ask."""
    sim, v1 = Sim(3, runtimes=False), archive("v1", "app:latest")
    sim.drop(sim[0], "app.tar", v1)
    sim.run(60)
    assert sim.states(v1.hashes.digest) == ["stored"] * 3


def test_nodes_that_share_a_runtime_fetch_what_is_loaded_already() -> None:
    """Else none but the origin would hold a copy."""
    sim, v1 = Sim(3, shared_runtime=True), archive("v1", "app:latest")
    shared = sim[0].runtime
    for node in sim.nodes.values():
        node.runtime = shared
    sim.drop(sim[0], "app.tar", v1)
    sim.run(60)
    assert sim.states(v1.hashes.digest) == ["ready"] * 3
    assert shared is not None
    assert shared.loads == [v1.hashes.digest]
    assert all(sim.cell(node, v1).stored for node in sim.nodes.values())


def test_more_targets_than_slots_are_served_by_those_that_have_it() -> None:
    """A fresh holder serves at once: the origin does not send every copy itself."""
    sim, v1 = Sim(8, runtimes=False), archive("v1", "app:latest")
    sim.drop(sim[0], "app.tar", v1)
    sim.run(120)
    assert sim.states(v1.hashes.digest) == ["stored"] * 8
    sources = [source for node in sim.nodes.values() for _, source in node.fetches]
    assert len(sources) == 7
    assert sources.count(sim[0].id) <= 4


def test_the_newer_publication_owns_the_tag_whatever_arrives_last() -> None:
    """v2, then v1 dropped late: publish order says v1, on every node."""
    sim, v1, v2 = Sim(3), archive("v1", "app:latest"), archive("v2", "app:latest", size_bytes=500_000_000)
    sim.drop(sim[0], "v2.tar", v2)
    sim.run(1)
    sim.drop(sim[0], "v1.tar", v1)
    sim.run(120)
    for node in sim.nodes.values():
        assert node.runtime is not None
        assert node.runtime.tags[APP] == v1.images[0].config
        assert len(node.runtime.loads) == len(set(node.runtime.loads))
        assert sim.cell(node, v1).state_name == "ready"
        assert sim.cell(node, v2).state_name in ("ready", "stored")


def test_a_node_that_joins_late_does_not_load_what_is_overtaken() -> None:
    """The overtaken archive is fetched and ends stored with its note."""
    sim, v1, v2 = Sim(3), archive("v1", "app:latest"), archive("v2", "app:latest")
    sim.kill(sim[2])
    sim.drop(sim[0], "v1.tar", v1)
    sim.run(30)
    sim.drop(sim[0], "v2.tar", v2)
    sim.run(30)
    sim.restart(sim[2])
    sim.run(60)
    late = sim[2]
    assert late.runtime is not None
    assert late.runtime.loads == [v2.hashes.digest]
    assert (sim.cell(late, v1).state_name, sim.cell(late, v1).note) == ("stored", "overtaken")
    assert sim.cell(late, v2).state_name == "ready"


def test_the_same_image_under_a_new_tag_is_tagged_and_not_loaded() -> None:
    """A retag is a new archive without a new image."""
    sim, one = Sim(3), archive("one", "app:1")
    two = archive("two", "app:stable", images=(archive("one", "app:stable").images[0],))
    sim.drop(sim[0], "one.tar", one)
    sim.run(30)
    sim.drop(sim[0], "two.tar", two)
    sim.run(30)
    assert sim.states(two.hashes.digest) == ["ready"] * 3
    for node in sim.nodes.values():
        assert node.runtime is not None
        assert node.runtime.loads == [one.hashes.digest]
        assert node.runtime.tags["docker.io/library/app:stable"] == one.images[0].config


def test_a_new_file_over_the_old_name_supersedes() -> None:
    """The old archive's copies go where the successor ended well; its cells stay as they ended."""
    sim, v1, v2 = Sim(3), archive("v1", "app:latest"), archive("v2", "app:latest")
    sim.drop(sim[0], "app.tar", v1)
    sim.run(30)
    sim.drop(sim[0], "app.tar", v2)
    sim.run(60)
    assert sim.states(v2.hashes.digest) == ["ready"] * 3
    assert sim.states(v1.hashes.digest) == ["ready"] * 3
    for node in sim.nodes.values():
        assert not node.state.entries[v1.hashes.digest].active
        assert {digest for _, digest in node.store.values()} == {v2.hashes.digest}
        assert node.runtime is not None
        assert node.runtime.tags[APP] == v2.images[0].config


def test_superseding_ends_what_is_still_open() -> None:
    """Nobody is sent the old archive again."""
    sim, v1, v2 = Sim(3), archive("v1", "app:latest", size_bytes=2_000_000_000), archive("v2", "app:latest")
    sim.drop(sim[0], "app.tar", v1)
    sim.run(5)
    sim.drop(sim[0], "app.tar", v2)
    sim.run(60)
    assert sim.states(v2.hashes.digest) == ["ready"] * 3
    assert sim.states(v1.hashes.digest)[1:] == ["cancelled"] * 2
    assert sim.cell(sim[1], v1).note == "superseded"
    assert not any(node.incoming for node in sim.nodes.values())


def test_the_old_bytes_dropped_in_again_are_published_anew() -> None:
    """app.tar: v1, v2, then v1 again: the tag is v1's, and v1 is not loaded a second time."""
    sim, v1, v2 = Sim(2), archive("v1", "app:latest"), archive("v2", "app:latest")
    for facts in (v1, v2, v1):
        sim.drop(sim[0], "app.tar", facts)
        sim.run(40)
    for node in sim.nodes.values():
        assert node.runtime is not None
        assert node.runtime.tags[APP] == v1.images[0].config
        assert node.runtime.loads == [v1.hashes.digest, v2.hashes.digest]
    assert sim.states(v1.hashes.digest) == ["ready"] * 2


def test_known_bytes_under_another_name_are_an_alias() -> None:
    """No load, no transfer."""
    sim, v1 = Sim(3), archive("v1", "app:latest")
    sim.drop(sim[0], "app.tar", v1)
    sim.run(30)
    sim.drop(sim[1], "copy.tar", v1)
    sim.drop(sim[0], "other.tar", v1)
    sim.run(30)
    assert sum(len(node.fetches) for node in sim.nodes.values()) == 2
    assert all(node.runtime and len(node.runtime.loads) == 1 for node in sim.nodes.values())
    assert sim[0].state.aliases == {v1.hashes.digest: ["other.tar"]}


def test_images_removed_behind_our_back_are_loaded_again_by_the_sweep() -> None:
    """From the stored copy, with no transfer; a moved tag is put right without a load."""
    sim, v1 = Sim(2), archive("v1", "app:latest")
    sim.drop(sim[0], "app.tar", v1)
    sim.run(30)
    victim = sim[1].runtime
    assert victim is not None
    victim.remove(v1.images[0].config)
    sim.sweep()
    sim.run(10)
    assert victim.tags[APP] == v1.images[0].config
    assert victim.loads == [v1.hashes.digest] * 2
    victim.tags[APP] = "sha256:somebody-elses"
    sim.sweep()
    sim.run(10)
    assert victim.tags[APP] == v1.images[0].config
    assert len(victim.loads) == 2
    assert len(sim[1].fetches) == 1
    assert sim.states(v1.hashes.digest) == ["ready"] * 2


def test_images_that_keep_vanishing_raise_an_alert_instead_of_a_loop() -> None:
    """At most three times a day."""
    sim, v1 = Sim(1), archive("v1", "app:latest")
    sim.drop(sim[0], "app.tar", v1)
    sim.run(30)
    runtime = sim[0].runtime
    assert runtime is not None
    for _ in range(6):
        runtime.remove(v1.images[0].config)
        sim.sweep()
        sim.run(10)
    assert len(runtime.loads) == 4
    assert sim.cell(sim[0], v1).state_name == "failed"
    assert any(note.code == "images-keep-vanishing" for note in sim[0].notes)


def test_the_origin_may_die_once_another_node_has_it() -> None:
    """The others are served by whoever holds a copy."""
    sim, v1 = Sim(6), archive("v1", "app:latest", size_bytes=500_000_000)
    sim.drop(sim[0], "app.tar", v1)
    sim.run(11)
    assert [state for state in sim.states(v1.hashes.digest) if state == "transferring"]
    sim.run(3)
    sim.kill(sim[0])
    sim.run(300)
    assert sim.states(v1.hashes.digest)[1:] == ["ready"] * 5


def test_a_dead_source_costs_three_retries_and_then_a_person_is_told() -> None:
    """60, 120, 180 s; then failed, with one alert and the source's problem."""
    sim, v1 = Sim(2, jitter=0.0), archive("v1", "app:latest", size_bytes=500_000_000)
    sim[0].faults.lies = True
    sim.drop(sim[0], "app.tar", v1)
    sim.run(25)
    assert sim.cell(sim[1], v1).state_name == "waiting"
    sim.run(60 + 120 + 180 + 60)
    row = sim.cell(sim[1], v1)
    assert row.state_name == "failed"
    assert row.problem is not None
    assert row.problem.code == "digest-mismatch"
    assert (row.retries, row.attempts) == (3, 4)
    assert [note.code for note in sim[1].notes if note.level == "alert"] == ["delivery-failed"]
    assert sim[1].runtime is not None
    assert not sim[1].store
    assert not sim[1].runtime.loads


def test_a_retry_that_is_due_survives_a_restart() -> None:
    """The due time is a wall clock's, kept in the row."""
    sim, v1 = Sim(2, jitter=0.0), archive("v1", "app:latest", size_bytes=500_000_000)
    sim[0].faults.lies = True
    sim.drop(sim[0], "app.tar", v1)
    sim.run(25)
    sim[0].faults.lies = False
    due = sim.cell(sim[1], v1).state
    sim.kill(sim[1])
    sim.run(5)
    sim.restart(sim[1])
    sim.run(1)
    assert sim.cell(sim[1], v1).state == due
    sim.run(90)
    assert sim.states(v1.hashes.digest) == ["ready"] * 2
    assert sim.cell(sim[1], v1).retries == 1


def test_a_sick_runtime_holds_loading_only_and_uses_up_no_retry() -> None:
    """Fetching and serving go on; when it is well everything goes on."""
    from backend.model import events

    sim, v1 = Sim(3), archive("v1", "app:latest")
    sick = sim[1].runtime
    assert sick is not None
    sick.sick = True
    sim.drop(sim[0], "app.tar", v1)
    sim.run(60)
    held = sim.cell(sim[1], v1)
    assert (held.state_name, held.stored, held.retries) == ("held", True, 0)
    assert [note.code for note in sim[1].notes].count("runtime-sick") == 1
    sick.sick = False
    sim.post(sim[1], events.RuntimeProbed("sim 1", None))
    sim.run(10)
    assert sim.states(v1.hashes.digest) == ["ready"] * 3


def test_a_pause_holds_and_a_resume_goes_on() -> None:
    """What runs ends; nothing new begins."""
    sim, v1 = Sim(2), archive("v1", "app:latest")
    sim.act(sim[1], "pause")
    sim.drop(sim[0], "app.tar", v1)
    sim.run(30)
    assert sim.states(v1.hashes.digest) == ["ready", "held"]
    sim.act(sim[1], "resume")
    sim.run(30)
    assert sim.states(v1.hashes.digest) == ["ready", "ready"]


def test_cancel_and_retry() -> None:
    """A cancelled cell stays so through sweeps until somebody retries it."""
    sim, v1 = Sim(2), archive("v1", "app:latest", size_bytes=1_000_000_000)
    sim.drop(sim[0], "app.tar", v1)
    sim.run(5)
    sim.act(sim[1], "cancel", v1.hashes.digest)
    sim.run(5)
    sim.sweep()
    sim.run(60)
    assert sim.states(v1.hashes.digest) == ["ready", "cancelled"]
    assert not sim[0].state.serving.slots
    sim.act(sim[1], "retry")
    sim.run(60)
    assert sim.states(v1.hashes.digest) == ["ready", "ready"]


@pytest.mark.parametrize("when_s", [1, 2, 3, 5, 8, 10, 12.2, 12.7, 13, 13.5, 14, 15, 17])
@pytest.mark.parametrize("victim", [0, 1])
def test_a_kill_at_any_moment_costs_nothing_that_lasts(victim: int, when_s: float) -> None:
    """Kill -9, then a restart: the rollout completes and no image is loaded twice."""
    sim, v1 = Sim(3), archive("v1", "app:latest", size_bytes=500_000_000)
    sim.drop(sim[0], "app.tar", v1)
    sim.run(when_s)
    sim.kill(sim[victim])
    sim.run(7)
    sim.restart(sim[victim])
    sim.run(400)
    assert sim.states(v1.hashes.digest) == ["ready"] * 3
    assert all(node.runtime and node.runtime.loads == [v1.hashes.digest] for node in sim.nodes.values())
    assert not any(node.state.serving.slots or node.state.work for node in sim.nodes.values())


def test_a_partition_heals() -> None:
    """Both halves go on; afterwards they agree."""
    sim, a, b = Sim(4), archive("a", "app:latest"), archive("b", "app:latest")
    for one in (sim[0], sim[1]):
        for other in (sim[2], sim[3]):
            sim.separate(one, other)
    sim.drop(sim[0], "a.tar", a)
    sim.drop(sim[2], "b.tar", b)
    sim.run(60)
    assert sim.states(a.hashes.digest) == ["ready", "ready", "-", "-"]
    sim.mend()
    sim.run(120)
    owners = {node.state.owners[APP] for node in sim.nodes.values()}
    assert len(owners) == 1
    winner = next(facts for facts in (a, b) if facts.hashes.digest in owners)
    for node in sim.nodes.values():
        assert node.runtime is not None
        assert node.runtime.tags[APP] == winner.images[0].config
        assert node.state.entries == sim[0].state.entries


def test_the_same_archive_dropped_on_two_nodes_at_once() -> None:
    """One transfer a target, one load a node."""
    sim, v1 = Sim(4), archive("v1", "app:latest")
    sim.drop(sim[0], "app.tar", v1)
    sim.drop(sim[1], "app.tar", v1)
    sim.run(60)
    assert sim.states(v1.hashes.digest) == ["ready"] * 4
    assert sum(len(node.fetches) for node in sim.nodes.values()) == 2
    assert all(node.runtime and len(node.runtime.loads) == 1 for node in sim.nodes.values())
    assert all(node.state.entries == sim[0].state.entries for node in sim.nodes.values())


def test_a_full_disk_is_held_before_a_byte_moves() -> None:
    """Room is reserved first; it goes on as soon as there is room."""
    from backend.model import events

    sim, v1 = Sim(2), archive("v1", "app:latest")
    sim.post(sim[1], events.DiskMeasured(1 << 30, None))
    sim.drop(sim[0], "app.tar", v1)
    sim.run(30)
    held = sim.cell(sim[1], v1)
    assert held.state_name == "held"
    assert held.problem is not None
    assert held.problem.code == "disk-full"
    assert not sim[1].fetches
    sim.post(sim[1], events.DiskMeasured(50 << 30, None))
    sim.run(30)
    assert sim.states(v1.hashes.digest) == ["ready"] * 2
