"""How a delivery's step ends: well, with a retry due, held, or given up."""

from backend.logic import full_disks, retrying, room, tags
from backend.logic.turn import Turn, trace_of
from backend.model.archive import CatalogEntry
from backend.model.delivery import Delivery, Failed, Held, Ready, Stored, Waiting
from backend.model.errors import DiskFullError, Problem, Retry
from backend.model.events import Level


def finish(turn: Turn, entry: CatalogEntry, row: Delivery, ready: bool) -> None:
    """The happy end."""
    turn.state.work.pop(entry.digest, None)
    overtaken = bool(entry.tags) and not tags.needed_images(entry, turn.state.owners)
    note = "overtaken" if overtaken and not ready else None
    turn.put(row, Ready() if ready else Stored(), note=note)
    turn.note(Level.INFO, "ready" if ready else "stored", trace_of(entry.digest), name=entry.name)


def wait_or_fail(turn: Turn, entry: CatalogEntry, problem: Problem) -> None:
    """What a failure means for the cell: held, waiting for a retry, or failed with one alert."""
    state = turn.state
    row = state.own(entry.digest)
    if row is None:
        return
    sick = room.sick_disk(state)
    if sick is not None and problem.code == sick.code:
        problem = sick
    if problem.retry is Retry.HOLD:
        if problem.code == DiskFullError.code and problem != state.report.runtime_problem:
            full_disks.refused(turn, problem)
        turn.put(row, Held(problem))
        return
    due = None
    if problem.retry is not Retry.NEVER:
        due = retrying.next_due(row.retries, state.policy.waits_s, state.policy.jitter, turn.now, turn.chance)
    if due is None:
        turn.put(row, Failed(problem))
        turn.note(Level.ALERT, "delivery-failed", trace_of(entry.digest), problem, name=entry.name)
    else:
        turn.put(row, Waiting(due, problem))
        turn.note(
            Level.WARNING,
            "retry-due",
            trace_of(entry.digest),
            problem,
            name=entry.name,
            wait_s=round(due - turn.now),
        )
