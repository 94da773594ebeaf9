"""The six local checks of a node, and a seventh while its runtime is sick."""

import os
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from backend.engine.intake import Intake
from backend.logic.mesh import expected
from backend.logic.room import intake_needs_bytes
from backend.logic.state import NodeState
from backend.model.errors import DsyncError, PeerError, Problem
from backend.model.ids import NodeId
from backend.model.node import Check
from backend.ports.clock import Clock
from backend.ports.peers import PeerNetwork
from backend.ports.store import PROBE_PREFIX, Store
from backend.ports.transport import DataDoor
from backend.texts import told

WATCH_WITHIN_S = 3.0
PEERS_WITHIN_S = 10.0
FREE_AT_LEAST_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look has found: whether it is good, in which text its figures stand, and what is wrong where more is
    known than that the check failed.
    """

    ok: bool
    key: str
    figures: Mapping[str, object] = field(default_factory=dict)
    problem: Problem | None = None


class Health:
    """Looks for itself; nothing is taken from what was seen before."""

    def __init__(
        self, state: NodeState, store: Store, door: DataDoor, peers: PeerNetwork, intake: Intake, clock: Clock
    ) -> None:
        """``state`` is only read."""
        self._state = state
        self._store = store
        self._door = door
        self._peers = peers
        self._intake = intake
        self._clock = clock

    async def checks(self) -> tuple[Check, ...]:
        """All six, in the order in which an operator would look.

        A runtime that is known to be sick is a seventh: the six are of nodes without one too, and none of them asks it.
        """
        looks: tuple[tuple[str, Callable[[], Awaitable[Seen]]], ...] = (
            ("store", self._store_check),
            ("daemon", self._daemon_check),
            ("rsync", self._rsync_check),
            ("watch", self._watch_check),
            ("peers", self._peers_check),
            ("disk", self._disk_check),
        )
        sick = self._state.report.runtime_problem
        return (
            *[await _checked(name, look) for name, look in looks],
            *([_sick_runtime(self._state.report.runtime, sick)] if sick is not None else []),
        )

    async def _store_check(self) -> Seen:
        directory = self._store.directory
        mode = directory.stat().st_mode & 0o7777
        writable = os.access(directory, os.W_OK | os.X_OK)
        key = "checked.store" if writable else "checked.store-unwritable"
        return Seen(writable and mode == 0o755, key, {"path": directory, "mode": f"{mode:o}"})

    async def _daemon_check(self) -> Seen:
        return Seen(self._state.started, "checked.daemon", {"pid": os.getpid()})

    async def _rsync_check(self) -> Seen:
        return Seen(await self._door.answering(), "checked.rsync", {"port": self._door.port})

    async def _watch_check(self) -> Seen:
        before = self._clock.monotonic()
        probe = self._store.directory / f"{PROBE_PREFIX}{secrets.token_hex(4)}.probe"
        probe.write_bytes(b"")
        try:
            while self._clock.monotonic() - before < WATCH_WITHIN_S:
                seen = self._intake.last_event_at
                if seen is not None and seen >= before:
                    return Seen(True, "checked.watch", {"took_ms": f"{(seen - before) * 1000:.0f}"})
                await self._clock.sleep(0.02)
            return Seen(False, "checked.watch-nothing", {"wait_s": WATCH_WITHIN_S})
        finally:
            probe.unlink(missing_ok=True)

    async def _peers_check(self) -> Seen:
        deadline = self._clock.monotonic() + PEERS_WITHIN_S
        while True:
            peers = [self._state.peers[node] for node in expected(self._state)]
            away = sorted((peer.node.name, peer.node.id) for peer in peers if not peer.up)
            if not away or self._clock.monotonic() >= deadline:
                figures = {"up": len(peers) - len(away), "all": len(peers), "away": ", ".join(name for name, _ in away)}
                return Seen(not away, "checked.peers", figures, self._why_away([node for _, node in away]))
            await self._clock.sleep(0.2)

    def _why_away(self, away: list[NodeId]) -> Problem | None:
        """Why the first of those is away of whom that is known: what one can mend comes before a link that is down."""
        problems = [problem for node in away if (problem := self._peers.problem_of(node)) is not None]
        if not problems:
            return None
        for problem in problems:
            if problem.code != PeerError.code:
                return problem
        return Problem("check-peers", told("why", problems[0].code, **problems[0].params))

    async def _disk_check(self) -> Seen:
        free_bytes, needed_bytes = self._store.free_bytes(), intake_needs_bytes(self._state)
        figures = {"free_bytes": free_bytes}
        if free_bytes < needed_bytes:
            asked = {"needed_bytes": str(needed_bytes), "floor_bytes": str(self._state.policy.min_free_bytes)}
            return Seen(False, "checked.disk", figures, Problem("check-disk-floor", asked))
        return Seen(free_bytes > FREE_AT_LEAST_BYTES, "checked.disk", figures)


async def _checked(name: str, look: Callable[[], Awaitable[Seen]]) -> Check:
    try:
        seen = await look()
        problem = None if seen.ok else seen.problem or Problem(f"check-{name}")
    except DsyncError as error:
        problem = error.problem()
        seen = Seen(False, "checked.failed")
    except OSError as error:
        problem = Problem("check-gone" if isinstance(error, FileNotFoundError) else f"check-{name}")
        seen = Seen(False, "checked.error", {"why": _words_of(error)})
    said = told("detail", seen.key, **seen.figures)
    return Check(name, seen.ok, said["detail"], problem, said)


def _sick_runtime(runtime: str, problem: Problem) -> Check:
    said = told("detail", "checked.error", why=runtime or "-")
    return Check("runtime", False, said["detail"], problem, said)


def _words_of(error: OSError) -> str:
    words = error.strerror or str(error)
    return f"{error.filename}: {words}" if error.filename else words
