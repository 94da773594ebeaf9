"""What a disk that refused a write must show before it is tried again."""

from backend.logic.state import FullDisk
from backend.logic.turn import Turn
from backend.model.errors import DiskFullError, Problem
from backend.model.events import DiskMeasured

MIB = 1 << 20
COARSE_BYTES = 16 * MIB
UNSEEN_PATIENCE_S = 900.0
"""After so long a full disk of the runtime is tried again although nothing shows that it has room: it may lie on
another machine.
"""


def measured(turn: Turn, event: DiskMeasured) -> None:
    """How the store's disk is now."""
    turn.state.disk_measured = event.problem is None
    turn.state.free_bytes = event.free_bytes
    # Every console learns of free space, but not of every kilobyte.
    before = turn.state.report.free_bytes
    told = before if abs(before - event.free_bytes) < max(before // 100, COARSE_BYTES) else event.free_bytes
    turn.report(free_bytes=told, disk_problem=event.problem)


def refused(turn: Turn, problem: Problem) -> None:
    """The store's disk took no more, whatever was measured last."""
    free_bytes = _free_bytes(problem)
    turn.state.full_disk = FullDisk(turn.clock, free_bytes)
    turn.state.free_bytes = min(turn.state.free_bytes, free_bytes)


def worth_trying(turn: Turn) -> bool:
    """Tell whether what was measured of the store's disk is to be believed.

    After a write was refused something must have changed, or the first wait be over: a quota shows in no measurement.
    """
    full, waits_s = turn.state.full_disk, turn.state.policy.waits_s
    if full is None:
        return True
    wait_s = waits_s[0] if waits_s else UNSEEN_PATIENCE_S
    return turn.state.free_bytes > full.free_bytes or turn.clock >= full.at + wait_s


def runtime_has_room(turn: Turn, problem: Problem, free_bytes: int | None) -> bool:
    """Tell whether the runtime's disk, which was full, is worth a load: that takes minutes, and fails as slowly.

    ``free_bytes``: what it has now, None where that cannot be seen.
    """
    if turn.clock >= turn.state.runtime_sick_since + UNSEEN_PATIENCE_S:
        return True
    more_bytes = max(MIB, _number(problem.params.get("needed_bytes")) // 4)
    return free_bytes is not None and free_bytes >= _free_bytes(problem) + more_bytes


def forget(turn: Turn) -> bool:
    """Take it that the disks that refused have room; tell whether the runtime's was one of them."""
    turn.state.full_disk = None
    problem = turn.state.report.runtime_problem
    if problem is None or problem.code != DiskFullError.code:
        return False
    turn.report(runtime_problem=None)
    return True


def _free_bytes(problem: Problem) -> int:
    return _number(problem.params.get("free_bytes"))


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else 0
