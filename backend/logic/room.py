"""Room on the store's disk: reserved before it is used, and kept above the floor.

Admission keeps the floor free. Should others fill the disk, so that it is not free any more, nothing more is taken in
and what comes in stops where it is, until there is clearly more room than the floor: of what comes and goes around it
nobody takes notice.
"""

from backend.logic.state import NodeState
from backend.logic.turn import Turn
from backend.logic.works import BUSY_STEPS
from backend.model.archive import CatalogEntry
from backend.model.errors import DiskFullError, Problem, Retry
from backend.model.events import Level

CLEARLY_MORE = 1.25
"""So many times the floor must be free before a disk that fell below it takes archives in again."""


def room_problem(turn: Turn, entry: CatalogEntry) -> Problem | None:
    """Reserve before use: the tar, the runtime's spool and the unpacked layers must fit above the floor."""
    state = turn.state
    if state.report.disk_problem is not None:
        return sick_disk(state)
    if not state.disk_measured:
        return None
    reserved = sum(
        max(0, room_needed(turn, state.entries[digest]) - state.work[digest].bytes_done)
        for digest in state.work.at(*BUSY_STEPS)
        if digest != entry.digest and digest in state.entries
    )
    needed, free = room_needed(turn, entry), state.free_bytes - reserved
    if free - needed >= state.policy.min_free_bytes and not state.intake_paused:
        return None
    error = DiskFullError(path=state.policy.store, needed_bytes=needed + state.policy.min_free_bytes, free_bytes=free)
    return Problem(error.code, dict(error.params), Retry.HOLD)


def sick_disk(state: NodeState) -> Problem | None:
    """What is wrong with the store's disk, if anything: it holds the queue and uses up no retry."""
    problem = state.report.disk_problem
    return None if problem is None else Problem(problem.code, dict(problem.params), Retry.HOLD)


def look_at_floor(turn: Turn) -> bool:
    """See whether the disk fell below its floor, or rose clearly above it; True where intake pauses from now on."""
    state, floor = turn.state, turn.state.policy.min_free_bytes
    if not state.disk_measured:
        return False
    was = state.intake_paused
    state.intake_paused = state.free_bytes < (floor * CLEARLY_MORE if was else floor)
    if state.intake_paused != was:
        code = "intake-paused" if state.intake_paused else "intake-resumed"
        turn.note(Level.WARNING, code, free_bytes=state.free_bytes, floor_bytes=floor)
    return state.intake_paused and not was


def room_needed(turn: Turn, entry: CatalogEntry) -> int:
    """Bytes that an own delivery may take at its peak."""
    return peak_bytes(entry, turn.state.policy.has_runtime)


def peak_bytes(entry: CatalogEntry, has_runtime: bool) -> int:
    """Bytes that a delivery may take at its peak (field fact: tar plus spool plus unpacked)."""
    return entry.size_bytes + (2 * max(entry.unpacked_bytes, entry.size_bytes) if has_runtime else 0)
