"""The six checks: what they see, what they call wrong, and that it can be told in any language."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from backend.engine.health import FREE_AT_LEAST_BYTES, Health
from backend.engine.intake import Intake
from backend.logic.peer_states import Peers
from backend.logic.state import NodeState, Policy
from backend.model.errors import DoorError, PeerError, Problem, RuntimeSickError, UnknownKeyError
from backend.model.ids import NodeId
from backend.model.node import Check, NodeReport, RosterNode
from backend.ports.clock import Clock
from backend.ports.peers import PeerNetwork
from backend.ports.store import Store
from backend.ports.transport import DataDoor
from backend.texts import Texts, message_of, remedy_of
from backend.texts.catalogue import CATALOGUE

CHINESE = Texts("zh_CN")


@dataclass
class VirtualClock:
    """Time passes by sleeping alone."""

    at: float = 100.0

    def monotonic(self) -> float:
        """Now."""
        return self.at

    async def sleep(self, delay_s: float) -> None:
        """Pass the time."""
        self.at += delay_s


@dataclass
class Door:
    """A data door that answers, does not, or fails."""

    answer: bool = True
    error: Exception | None = None
    port: int = 873

    async def answering(self) -> bool:
        """As the test wants it."""
        if self.error is not None:
            raise self.error
        return self.answer


@dataclass
class Place:
    """What a test may set of a node."""

    directory: Path
    free_bytes: int = 120 << 30
    notices: bool = True
    started: bool = True
    peers: dict[str, bool] = field(default_factory=dict)
    door: Door = field(default_factory=Door)
    clock: VirtualClock = field(default_factory=VirtualClock)
    problems: dict[str, Problem] = field(default_factory=dict)
    runtime_problem: Problem | None = None
    policy: Policy = field(default_factory=Policy)
    intake_paused: bool = False

    async def checks(self) -> dict[str, Check]:
        """Run them all."""
        store = SimpleNamespace(directory=self.directory, free_bytes=lambda: self.free_bytes)
        roster = {NodeId(name): RosterNode(NodeId(name), name, "10.0.0.1", 8730, "") for name in self.peers}
        state = NodeState(NodeId("me"), "me", self.policy, peers=Peers(roster), started=self.started)
        state.intake_paused = self.intake_paused
        state.report = NodeReport(runtime_problem=self.runtime_problem)
        for name, up in self.peers.items():
            state.peers[NodeId(name)].up = up
        place = self

        class Watching:
            @property
            def last_event_at(self) -> float | None:
                return place.clock.at + 0.009 if place.notices else None

        health = Health(
            state,
            cast(Store, store),
            cast(DataDoor, self.door),
            cast(PeerNetwork, SimpleNamespace(problem_of=self.problems.get)),
            cast(Intake, Watching()),
            cast(Clock, self.clock),
        )
        return {check.name: check for check in await health.checks()}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    tmp_path.chmod(0o755)
    return Place(tmp_path)


async def test_a_node_that_is_well(place: Place) -> None:
    place.peers = {"worker-01": True, "worker-02": True}
    checks = await place.checks()
    assert list(checks) == ["store", "daemon", "rsync", "watch", "peers", "disk"]
    assert all(check.ok and check.problem is None for check in checks.values())
    assert checks["store"].detail == f"{place.directory}, mode 755"
    assert checks["rsync"].detail == "port 873"
    assert checks["watch"].detail == "seen after 9 ms"
    assert checks["peers"].detail == "2 of 2"
    assert checks["disk"].detail == "120.0 GiB free"
    assert not list(place.directory.iterdir()), "the probe is taken away"


async def test_a_node_that_is_not(place: Place) -> None:
    place.directory.chmod(0o777)
    place.free_bytes, place.notices, place.started = FREE_AT_LEAST_BYTES, False, False
    place.door.answer = False
    place.peers = {"worker-01": False, "worker-02": True}
    checks = await place.checks()
    for name, check in checks.items():
        assert not check.ok, name
        assert check.problem is not None
        assert check.problem.code == f"check-{name}"
        assert remedy_of(check.problem), name
        assert CHINESE.remedy_of(check.problem) != remedy_of(check.problem), name
    assert checks["peers"].detail == "1 of 2, out of reach: worker-01"
    assert checks["watch"].detail == "nothing seen within 3 s"
    peers = checks["peers"].problem
    assert peers is not None
    assert message_of(peers) == "not every node is reached"


@pytest.mark.parametrize(
    ("paused", "free_gib", "needed"), [(False, 499, "500.0 GiB"), (True, 624, "625.0 GiB")], ids=["below", "paused"]
)
async def test_a_disk_below_what_the_settings_keep_free_is_not_well(
    place: Place, paused: bool, free_gib: int, needed: str
) -> None:
    place.policy, place.intake_paused = Policy(min_free_bytes=500 << 30), paused
    place.free_bytes = free_gib << 30
    check = (await place.checks())["disk"]
    assert not check.ok
    assert check.problem is not None
    assert message_of(check.problem) == f"nothing is taken in below {needed}: store.min_free is 500.0 GiB"
    assert "store.min_free" in remedy_of(check.problem)
    place.free_bytes += 1 << 30
    assert (await place.checks())["disk"].ok


async def test_a_disk_needs_some_room_also_where_the_settings_want_none(place: Place) -> None:
    place.policy, place.free_bytes = Policy(min_free_bytes=0), FREE_AT_LEAST_BYTES
    problem = (await place.checks())["disk"].problem
    assert problem is not None
    assert message_of(problem) == "little room is left"


async def test_a_look_that_fails_is_an_answer(place: Place) -> None:
    place.door.error = DoorError(address="0.0.0.0:873", detail="in use")
    place.directory = place.directory / "gone"
    checks = await place.checks()
    assert checks["store"].detail == f"{place.directory}: No such file or directory"
    for name in ("store", "watch"):
        gone = checks[name].problem
        assert gone is not None
        assert gone.code == "check-gone", "no limit of inotify is to blame"
    assert checks["rsync"].problem is not None
    assert checks["rsync"].problem.code == "door-unusable"
    assert checks["disk"].ok


async def test_what_was_seen_can_be_told_in_another_language(place: Place) -> None:
    place.peers = {"worker-01": False}
    for check in (await place.checks()).values():
        assert check.said["detail"] == check.detail
        assert check.said["detail.key"] in CATALOGUE
    checks = await place.checks()
    assert CHINESE.told_again("detail", checks["peers"].said) == "0/1，无法连通：worker-01"
    assert CHINESE.told_again("detail", checks["disk"].said) == "剩余 120.0 GiB"


async def test_of_peers_out_of_reach_it_says_why(place: Place) -> None:
    place.peers = {"worker-01": False, "worker-02": False}
    place.problems["worker-01"] = PeerError(peer="worker-01", detail="Connection refused").problem()
    refused = (await place.checks())["peers"].problem
    place.problems["worker-02"] = UnknownKeyError(peer="worker-02", key="SHA256:x").problem()
    stranger = (await place.checks())["peers"].problem
    assert refused is not None
    assert message_of(refused) == "not every node is reached: the channel to worker-01 failed: Connection refused"
    assert CHINESE.message_of(refused) != message_of(refused)
    assert stranger == place.problems["worker-02"], "a key is what one can mend"


async def test_a_sick_runtime_is_named_too(place: Place) -> None:
    place.runtime_problem = RuntimeSickError(runtime="docker", detail="no answer").problem()
    checks = await place.checks()
    assert list(checks)[-1] == "runtime"
    assert not checks["runtime"].ok
    assert checks["runtime"].problem == place.runtime_problem
    assert checks["runtime"].detail == "-", "nothing was heard of it yet"
