"""Each kind of decision is broken off at each of its steps, and leaves the state as it was before it."""

import copy
from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from backend.logic.core import broke, decide
from backend.logic.state import NodeState, Policy
from backend.model import events
from backend.model.archive import FileKey
from backend.model.delivery import Ready, Transferring
from backend.model.errors import Problem, TransferFailedError, TruncatedError
from backend.model.ids import Digest, Fingerprint
from backend.model.messages import Granted, Release, Ticket
from tests.support.sim import Sim, SimNode, archive
from tests.support.simulation.bugs import BugError, Fuse, built_into_turns, durable, indexed
from tests.support.turns import ONE, OneNode, entry_of, row_of

V1 = archive("v1", "app:latest")
V2 = archive("v2", "app:latest")
BIG = archive("big", "big:1", size_bytes=3_000_000_000)
TRIES_EACH = 12
PATIENCE_S = 60 + 120 + 180


class TryingSim(Sim):
    """Before each decision it is tried on a copy of the state what breaking off does, some times for each kind."""

    def __init__(self, fuse: Fuse, count: int, **policy: object) -> None:
        self.fuse = fuse
        self.tried: Counter[tuple[str, int]] = Counter()
        super().__init__(count, **policy)  # type: ignore[arg-type]

    def _apply(self, node: SimNode, event: events.Event) -> None:
        kind = broke(event, BugError()).event
        if not isinstance(event, events.Started):
            for steps in range(50):
                if self.tried[kind, steps] < TRIES_EACH and not self._breaks_after(steps, node, event):
                    break
        super()._apply(node, event)

    def _breaks_after(self, steps: int, node: SimNode, event: events.Event) -> bool:
        """Try it; False when the decision has no more steps than that."""
        state = copy.deepcopy(node.state)
        before = all_of(state)
        self.fuse.left = steps
        try:
            decide(state, event, self.now, 0.5)
        except BugError as error:
            self.tried[broke(event, error).event, steps] += 1
            assert all_of(state) == before
            kept, anew = indexed(state)
            assert kept == anew
            decide(state, broke(event, error), self.now, 0.5)
            assert state.torn == set()
            return True
        finally:
            self.fuse.left = None
        return False


def all_of(state: NodeState) -> dict[str, object]:
    """What is durable, and what is to be taken back with it."""
    return durable(state) | {
        "heads": {node: state.heads.mark_of(node) for node in state.peers},
        "version": state.row_version,
        "slots": sorted((slot.node, slot.digest) for slot in state.serving.slots),
        "line": set(state.serving.line),
        "places": +state.serving.places,
        "tags": dict(state.tags_before),
    }


@pytest.fixture
def fuse() -> Iterator[Fuse]:
    made = Fuse()
    with built_into_turns(made):
        yield made


def kinds(sim: TryingSim) -> set[str]:
    """The kinds of decisions that broke off."""
    return {kind for kind, _ in sim.tried}


def test_files_that_come_and_go(fuse: Fuse) -> None:
    sim = TryingSim(fuse, 3)
    node = sim[0]
    sim.drop(node, "app.tar", V1)
    sim.drop(node, "same.tar", V1)
    refused = TruncatedError(name="bad.tar", detail="").problem()
    sim.post(node, events.ArchiveRejected("bad.tar", FileKey(1, 2, 3, 4), refused, Fingerprint(""), Digest("")))
    sim.run(30)
    sim.drop(node, "bad.tar", archive("good", "good:1"))
    sim.drop(node, "app.tar", V2)
    sim.run(60)
    sim.unlink(node, "same.tar")
    sim.post(node, events.FileRenamed("other.tar", node.store["app.tar"][0]))
    sim.sweep()
    sim.run(10)
    assert kinds(sim) >= {"ArchiveArrived", "ArchiveRejected", "FileVanished", "FileRenamed", "Swept", "LoadEnded"}


@pytest.mark.parametrize("problem", [None, TransferFailedError(source="one", detail="", exit_code=12).problem()])
def test_wherever_the_end_of_a_fetch_breaks_off_its_slot_is_given_back(fuse: Fuse, problem: Problem | None) -> None:
    """Else its holder would keep it: to whoever is up it is lent without end."""
    entry = entry_of("v1", "app:latest")
    holder = msgspec.structs.replace(row_of(entry.digest, Ready(), stored=True), node=ONE)
    for steps in range(50):
        node = OneNode((entry,), (holder,), policy=Policy(has_runtime=False))
        node.start()
        node.greet(ONE)
        node.hear(ONE, Granted(entry.digest, Ticket(1, "dsync", "p", "u", "s"), entry.size_bytes))
        assert node.row(entry).state == Transferring(ONE)
        event = events.FetchEnded(entry.digest, 7, 0, problem)
        fuse.left = steps
        try:
            node.see(event)
        except BugError as error:
            fuse.left = None
            node.see(broke(event, error))
            assert Release(entry.digest) in node.said(ONE)
        else:
            break
    fuse.left = None
    assert steps > 2


def test_transfers_of_which_some_stand_in_line(fuse: Fuse) -> None:
    sim = TryingSim(fuse, 5, serve_slots=1)
    sim.drop(sim[0], "big.tar", BIG)
    sim.run(5)
    sim.act(sim[3], "cancel", BIG.hashes.digest)
    sim.run(5)
    sim.separate(sim[0], sim[4])
    sim.run(30)
    sim.mend()
    sim.run(400)
    spoken = {f"PeerSpoke {what}" for what in ("Entries", "Rows", "Request", "Release", "Granted")}
    assert kinds(sim) >= spoken | {"TicketMade", "FetchEnded", "Verified", "LoadBegan", "PeerCame", "PeerLeft"}


def test_what_operators_do_and_nodes_that_stay_away(fuse: Fuse) -> None:
    sim = TryingSim(fuse, 3)
    sim.drop(sim[0], "app.tar", V1)
    sim.run(30)
    sim.kill(sim[2])
    sim.drop(sim[0], "web.tar", archive("web", "web:1"))
    for verb, argument in (("pause", ""), ("limit", "5000000"), ("resume", ""), ("load", ""), ("withdraw", "purge")):
        sim.act(sim[0], verb, V1.hashes.digest, argument=argument)
        sim.run(5)
    sim.run(2 * PATIENCE_S, tick_s=10)
    assert sim[0].codes().count("node-away") == 1
    sim.forget(sim[2])
    sim.restart(sim[2])
    sim.run(60)
    assert kinds(sim) >= {"OperatorActed", "Ticked", "PeerCame", "PeerSpoke Rows"}


def test_a_load_that_a_crash_cut_off(fuse: Fuse) -> None:
    """How the tags stood before it must not be forgotten by the decision to begin it anew."""
    sim = TryingSim(fuse, 1)
    sim.drop(sim[0], "app.tar", V1)
    while sim.states(V1.hashes.digest) != ["loading"] or not sim.cell(sim[0], V1).state.tags_before:  # type: ignore[union-attr]
        sim.run(0.01)
    sim.kill(sim[0])
    sim.restart(sim[0])
    assert sim[0].state.tags_before
    sim.run(30)
    assert sim.states(V1.hashes.digest) == ["ready"]


def test_a_large_fleet_in_which_nobody_keeps_all_rows(fuse: Fuse) -> None:
    sim = TryingSim(fuse, 12, full_mesh_nodes=4)
    sim.drop(sim[11], "app.tar", V1)
    sim.run(60, tick_s=5)
    for node in sim.nodes.values():
        sim.post(node, events.WatchersChanged(1))
    sim.run(30, tick_s=5)
    for node in sim.nodes.values():
        sim.post(node, events.WatchersChanged(0))
    sim.run(30, tick_s=5)
    sim.sweep()
    sim.run(30, tick_s=5)
    assert kinds(sim) >= {"WatchersChanged", "Swept"}
