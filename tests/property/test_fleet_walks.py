"""Whatever happens to a fleet, once it is left alone every cell ends well and every tag points where the order says."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.logic import tags
from tests.support.sim import Sim, archive

ARCHIVES = [
    archive("a1", "a:latest"),
    archive("a2", "a:latest", "a:2"),
    archive("b1", "b:latest", size_bytes=700_000_000),
    archive("ab", "a:latest", "b:latest"),
    archive("untagged"),
]
NAMES = ["a.tar", "b.tar", "c.tar"]

steps = st.one_of(
    st.tuples(st.just("drop"), st.integers(0, 2), st.sampled_from(NAMES), st.integers(0, len(ARCHIVES) - 1)),
    st.tuples(st.just("kill"), st.integers(0, 2)),
    st.tuples(st.just("restart"), st.integers(0, 2)),
    st.tuples(st.just("separate"), st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.just("mend")),
    st.tuples(st.just("rmi"), st.integers(0, 2), st.integers(0, len(ARCHIVES) - 1)),
    st.tuples(st.just("sweep")),
    st.tuples(
        st.just("withdraw"), st.integers(0, 2), st.integers(0, len(ARCHIVES) - 1), st.sampled_from(["", "purge"])
    ),
    st.tuples(st.just("forget"), st.integers(0, 2)),
    st.tuples(st.just("unlink"), st.integers(0, 2), st.sampled_from(NAMES)),
    st.tuples(st.just("run"), st.sampled_from([0.3, 1.0, 4.0, 15.0, 70.0])),
)


def walk(sim: Sim, step: tuple[object, ...]) -> None:
    """Let one thing happen."""
    match step:
        case ("drop", int(number), str(name), int(which)) if sim[number].alive:
            sim.drop(sim[number], name, ARCHIVES[which])
        case ("kill", int(number)) if sim[number].alive:
            sim.kill(sim[number])
        case ("restart", int(number)) if not sim[number].alive:
            sim.restart(sim[number])
        case ("separate", int(one), int(other)) if one != other:
            sim.separate(sim[one], sim[other])
        case ("mend",):
            sim.mend()
        case ("rmi", int(number), int(which)):
            runtime = sim[number].runtime
            assert runtime is not None
            runtime.remove(ARCHIVES[which].images[0].config)
        case ("unlink", int(number), str(name)) if sim[number].alive and name in sim[number].store:
            del sim[number].store[name]
            from backend.model.events import FileVanished

            sim.post(sim[number], FileVanished(name))
        case ("withdraw", int(number), int(which), str(way)) if sim[number].alive:
            sim.act(sim[number], "withdraw", ARCHIVES[which].hashes.digest, argument=way)
        case ("forget", int(number)) if not sim[number].alive:
            sim.forget(sim[number])
        case ("sweep",):
            sim.sweep()
        case ("run", float(duration_s)):
            sim.run(duration_s)
        case _:
            pass


def come_to_rest(sim: Sim) -> None:
    """Leave the fleet alone for a while, and see that it is in the truth."""
    for number in range(3):
        if not sim[number].alive:
            sim.restart(sim[number])
    sim.mend()
    for _ in range(3):
        sim.run(700, tick_s=20)
        sim.sweep()
    sim.run(60)
    catalogs = [node.state.entries for node in sim.nodes.values()]
    assert catalogs[0] == catalogs[1] == catalogs[2]
    held = {digest for node in sim.nodes.values() for _, digest in node.store.values()}
    for node in sim.nodes.values():
        assert not node.state.work
        assert not node.state.serving.slots
        assert not node.state.serving.line
        assert node.runtime is not None
        owners = tags.owners(node.state.entries.values())
        for digest, entry in node.state.entries.items():
            row = node.state.own(digest)
            assert row is not None or not entry.active
            if row is None or not entry.active:
                continue
            view = node.runtime.look(entry.images, entry.tags)
            if row.state_name == "ready":
                assert tags.satisfied(entry, owners, view)
            elif row.state_name == "stored":
                assert row.stored
                assert row.note == "overtaken"
            elif row.state_name == "failed":
                assert row.problem is not None
                # Nobody holds it any more (deleted by hand everywhere): that is told, not waited for without end.
                assert row.problem.code == "load-vanished" or (row.problem.code == "no-holder" and digest not in held)
            else:
                # Nobody holds it any more (deleted by hand everywhere), or it was dropped here by hand.
                assert (row.state_name, row.note) == ("cancelled", "dropped") or digest not in held


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=3, max_size=40), st.integers(0, 1000))
def test_left_alone_the_fleet_comes_to_rest_in_the_truth(script: list[tuple[object, ...]], seed: int) -> None:
    """Convergence, truth of ``ready``, tags by order, nothing half-done left, no slot leaked."""
    sim = Sim(3, seed=seed)
    for step in script:
        walk(sim, step)
    come_to_rest(sim)
