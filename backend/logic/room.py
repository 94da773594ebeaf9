"""Room on the disks of the store and of the runtime: reserved before it is used, and the store's kept above its floor.

A delivery takes its tar in the store, and as it is loaded a spool and the unpacked layers where the runtime keeps
images. Mostly that is one disk; where the runtime is seen to have another, each has to have room for its part.

Admission keeps the floor free. Should others fill the disk, so that it is not free any more, nothing more is taken in
and what comes in stops where it is, until there is clearly more room than the floor: of what comes and goes around it
nobody takes notice.
"""

import math
from collections.abc import Iterable

from backend.logic.state import NodeState
from backend.logic.turn import Turn
from backend.logic.works import BUSY_STEPS
from backend.model.archive import CatalogEntry
from backend.model.errors import DiskFullError, Problem, Retry
from backend.model.events import Level

CLEARLY_MORE = 1.25
"""So many times the floor must be free before a disk that fell below it takes archives in again."""


def room_problem(turn: Turn, entry: CatalogEntry) -> Problem | None:
    """Reserve before use: the tar must fit above the floor, and what loading takes where it will lie."""
    state = turn.state
    if state.report.disk_problem is not None:
        return sick_disk(state)
    busy = (digest for digest in state.work.at(*BUSY_STEPS) if digest != entry.digest)
    coming = [state.entries[digest] for digest in busy if digest in state.entries]
    problem = no_room_to_load(state, entry, coming)
    if problem is not None or not state.disk_measured:
        return problem
    reserved = sum(max(0, store_bytes(state, other) - state.work[other.digest].bytes_done) for other in coming)
    needed, free = store_bytes(state, entry), state.free_bytes - reserved
    if free - needed >= state.policy.min_free_bytes and not state.intake_paused:
        return None
    return store_is_full(state, needed, free)


def no_room_to_load(state: NodeState, entry: CatalogEntry, coming: Iterable[CatalogEntry]) -> Problem | None:
    """A disk of the runtime's own has no room for ``entry`` beside what is ``coming``; None also where it has none."""
    disk = state.runtime_disk
    if disk is None or not state.policy.has_runtime:
        return None
    free = disk.free_bytes - sum(map(loading_bytes, coming))
    if free >= loading_bytes(entry):
        return None
    return DiskFullError(path=disk.path, needed_bytes=loading_bytes(entry), free_bytes=free).problem()


def store_is_full(state: NodeState, needed_bytes: int, free_bytes: int) -> Problem:
    """The store's disk has no room for ``needed_bytes`` above its floor, which is told where the settings want one."""
    floor_bytes = state.policy.min_free_bytes
    asked = {"floor_bytes": floor_bytes} if floor_bytes else {}
    needed = needed_bytes + floor_bytes
    return DiskFullError(path=state.policy.store, needed_bytes=needed, free_bytes=free_bytes, **asked).problem()


def sick_disk(state: NodeState) -> Problem | None:
    """What is wrong with the store's disk, if anything: it holds the queue and uses up no retry."""
    problem = state.report.disk_problem
    return None if problem is None else Problem(problem.code, dict(problem.params), Retry.HOLD)


def look_at_floor(turn: Turn) -> bool:
    """See whether the disk fell below its floor, or rose clearly above it; True where intake pauses from now on."""
    state = turn.state
    if not state.disk_measured:
        return False
    was = state.intake_paused
    state.intake_paused = state.free_bytes < intake_needs_bytes(state)
    if state.intake_paused != was:
        code = "intake-paused" if state.intake_paused else "intake-resumed"
        turn.note(Level.WARNING, code, free_bytes=state.free_bytes, floor_bytes=state.policy.min_free_bytes)
    return state.intake_paused and not was


def intake_needs_bytes(state: NodeState) -> int:
    """Free bytes below which the store's disk takes nothing in, whatever its size."""
    floor_bytes = state.policy.min_free_bytes
    return math.ceil(floor_bytes * CLEARLY_MORE) if state.intake_paused else floor_bytes


def store_bytes(state: NodeState, entry: CatalogEntry) -> int:
    """Bytes that an own delivery may take on the store's disk at its peak."""
    return peak_bytes(entry, state.policy.has_runtime and state.runtime_disk is None)


def loading_bytes(entry: CatalogEntry) -> int:
    """Bytes that loading may take at its peak where the runtime keeps images (field fact: spool plus unpacked)."""
    return 2 * max(entry.unpacked_bytes, entry.size_bytes)


def peak_bytes(entry: CatalogEntry, with_loading: bool) -> int:
    """Bytes that a delivery may take at its peak where its tar lies; ``with_loading``: images lie there too."""
    return entry.size_bytes + (loading_bytes(entry) if with_loading else 0)
