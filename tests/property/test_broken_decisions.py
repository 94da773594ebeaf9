"""A decision that a bug breaks off half-way happens not at all, and what it was about comes right afterwards."""

from collections import defaultdict

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from backend.engine.restoring import restore
from backend.logic.core import broke
from backend.model import commands, events, messages
from backend.model.ids import NodeId
from backend.model.node import NodeReport
from backend.ports.fake_ledger import FakeDisk
from tests.property.test_fleet_walks import come_to_rest, steps, walk
from tests.support.sim import Sim, SimNode
from tests.support.simulation.bugs import BugError, Fuse, built_into_turns, durable, indexed


class BuggySim(Sim):
    """One decision in ``one_in`` breaks off somewhere. Each node has a ledger beside what the simulation keeps.

    A life's first decision does not: the daemon would end. Nor does that on what a peer gives back, or on its leaving:
    its place would be kept until another needs it, as where a message was lost.
    """

    def __init__(self, fuse: Fuse, one_in: int, seed: int) -> None:
        self.fuse = fuse
        self.one_in = one_in
        self.disks: dict[NodeId, FakeDisk] = defaultdict(FakeDisk)
        super().__init__(3, seed=seed)

    def forget(self, node: SimNode) -> None:
        super().forget(node)
        self.disks.pop(node.id, None)

    def _sweep(self, node: SimNode) -> None:
        """As the intake does, tell of what lies in the store and isn't known."""
        super()._sweep(node)
        for name, (key, digest) in node.store.items() if node.alive else ():
            if not node.state.knows(name, key):
                self.post(node, events.ArchiveArrived(name, key, self.dropped[digest]))

    def _apply(self, node: SimNode, event: events.Event) -> None:
        spared = isinstance(event, events.Started | events.PeerLeft) or (
            isinstance(event, events.PeerSpoke) and isinstance(event.message, messages.Release)
        )
        buggy = self.one_in and not spared and self.random.randrange(self.one_in) == 0
        self.fuse.left = self.random.randrange(8) if buggy else None
        try:
            super()._apply(node, event)
        except BugError as error:
            self.check(node)
            if not isinstance(event, events.DecisionBroke):
                self._apply(node, broke(event, error))

    def _carry_out(self, node: SimNode, command: commands.Cmd) -> None:
        self.fuse.left = None
        if isinstance(command, commands.Change):
            self.disks[node.id].apply(command)
        super()._carry_out(node, command)

    def check(self, node: SimNode) -> None:
        """What the node knows is what it would read from its ledger."""
        state, snapshot = node.state, self.disks[node.id].snapshot()
        read = restore(snapshot, node.id, node.name, node.policy, state.peers.roster.values(), NodeReport())
        assert durable(state) == durable(read)
        assert state.row_version >= read.row_version
        kept, anew = indexed(state)
        assert kept == anew


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, min_size=3, max_size=30), st.integers(0, 1000), st.sampled_from([3, 10, 40]))
# A grant was lost half-way, and with it the knowledge of a slot that had to be given back.
@example([("drop", 0, "a.tar", 0), ("drop", 0, "a.tar", 0), ("drop", 1, "a.tar", 0), ("kill", 2), ("run", 15.0)], 0, 3)
def test_whatever_breaks_off_the_ledger_is_the_truth_and_the_fleet_comes_to_rest(
    script: list[tuple[object, ...]], seed: int, one_in: int
) -> None:
    fuse = Fuse()
    with built_into_turns(fuse):
        sim = BuggySim(fuse, one_in, seed)
        for step in script:
            walk(sim, step)
        sim.one_in = 0
        come_to_rest(sim)
    for node in sim.nodes.values():
        sim.check(node)
        for other in sim.nodes.values():
            assert node.state.rows.get(other.id, {}) == other.state.rows.get(other.id, {})
