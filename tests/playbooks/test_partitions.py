"""A minute in two halves in the middle of rollouts: both go on, and within two sweeps of the end all nodes agree."""

import pytest

from tests.support.sim import Sim, SimNode, archive

SPLIT_S = 60
ON_ITS_WAY = archive("on-its-way", "way:1", size_bytes=400_000_000)
OLD = archive("old", "old:1")
LEFT = archive("left", "app:1")
RIGHT = archive("right", "app:1")
APP = "docker.io/library/app:1"


def told(node: SimNode) -> list[tuple[str, bool, object]]:
    """A node's catalog: what is in it, whether it is withdrawn, and its place in the publish order."""
    return sorted((entry.digest, entry.active, entry.order) for entry in node.state.entries.values())


@pytest.mark.parametrize("nodes", [4, 9, 60])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_two_sweeps_all_agree_on_archives_tags_and_withdrawals(nodes: int, seed: int) -> None:
    sim = Sim(nodes, seed, link_bps=20_000_000, sweeps=True)
    everybody = list(sim.nodes.values())
    left, right = everybody[: nodes // 2], everybody[nodes // 2 :]
    sweep_s = everybody[0].state.policy.sweep_s
    sim.drop(left[0], "old.tar", OLD)
    sim.run(60)
    sim.drop(left[0], "way.tar", ON_ITS_WAY)
    sim.run(10)
    assert "ready" not in sim.states(ON_ITS_WAY.hashes.digest)[1:]
    sim.part(left, right)
    sim.drop(left[-1], "left.tar", LEFT)
    sim.drop(right[-1], "right.tar", RIGHT)
    sim.act(right[0], "withdraw", OLD.hashes.digest)
    sim.run(SPLIT_S)
    for half, facts, other in ((left, LEFT, RIGHT), (right, RIGHT, LEFT)):
        assert all(sim.cell(node, facts).state_name == "ready" for node in half)
        assert all(other.hashes.digest not in node.state.entries for node in half)
    sim.mend()
    sim.run(2 * sweep_s)
    first, *others = (told(node) for node in everybody)
    assert len(first) == 4
    assert [digest for digest, active, _ in first if not active] == [OLD.hashes.digest]
    assert all(each == first for each in others)
    newest = max((LEFT, RIGHT), key=lambda facts: everybody[0].state.entries[facts.hashes.digest].order)
    assert {node.runtime.tags[APP] for node in everybody if node.runtime} == {newest.images[0].config}
    for facts in (ON_ITS_WAY, LEFT, RIGHT):
        assert set(sim.states(facts.hashes.digest)) <= {"ready", "stored"}
