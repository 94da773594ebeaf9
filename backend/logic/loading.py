"""Bringing images into the runtime, one load at a time, and what its answers mean."""

from functools import partial

from backend.logic import full_disks, tags
from backend.logic.outcomes import finish, wait_or_fail
from backend.logic.state import RuntimeDisk, Work
from backend.logic.turn import Turn, put_or_drop, trace_of
from backend.model.archive import CatalogEntry
from backend.model.commands import Load, SaveValue
from backend.model.delivery import Delivery, Failed, Held, Loading, Queued
from backend.model.errors import LoadVanishedError, Problem, Retry, RuntimeSickError
from backend.model.events import Level, LoadBegan, LoadEnded, RuntimeProbed
from backend.model.ids import Digest

DAY_S = 86_400.0

LOADS_KEY = "loads/"
"""Under this and its digest the ledger keeps when an archive was loaded, so that a restart forgets no load."""


def queue(turn: Turn, entry: CatalogEntry, row: Delivery, healing: bool = False, force: bool = False) -> None:
    """Let a delivery stand in line for the runtime. ``healing``: it had ended well and its images or tags were
    changed since.
    """
    if healing and not may_heal(turn, entry, row):
        return
    if row.happy:
        row = turn.put(row, Queued())
    turn.state.work[entry.digest] = Work("load-queued", force=force)
    turn.state.load_line.append(entry.digest)
    pump(turn)


def may_heal(turn: Turn, entry: CatalogEntry, row: Delivery) -> bool:
    """Tell whether images that were removed behind our back may be loaded again today; where not, say so."""
    recent = [at for at in turn.state.loads.get(entry.digest, []) if abs(turn.now - at) < DAY_S]
    turn.state.loads[entry.digest] = recent
    if len(recent) <= turn.state.policy.loads_per_day:
        return True
    problem = LoadVanishedError(runtime=turn.state.report.runtime, image=entry.name).problem()
    turn.put(row, Failed(problem))
    turn.note(Level.ALERT, "images-keep-vanishing", trace_of(entry.digest), problem, name=entry.name)
    return False


def pump(turn: Turn) -> None:
    """Start the next load when none runs."""
    state = turn.state
    if state.work.count("loading"):
        return
    while state.load_line:
        digest = state.load_line.pop(0)
        work, row, entry = state.work.get(digest), state.own(digest), state.entries.get(digest)
        if work is None or work.step != "load-queued" or row is None or entry is None:
            continue
        if state.report.runtime_problem is not None:
            del state.work[digest]
            turn.put(row, Held(state.report.runtime_problem))
            continue
        _start(turn, entry, row, work)
        return


def _start(turn: Turn, entry: CatalogEntry, row: Delivery, work: Work) -> None:
    state = turn.state
    state.work.move(entry.digest, "loading")
    work.begun_at = turn.clock
    known = state.file_of(entry.digest)
    owning = {state.owners[tag] for tag in entry.tags if state.owners.get(tag) not in (None, entry.digest)}
    before = state.tags_before.pop(entry.digest, None)
    turn.on_failure(partial(put_or_drop, state.tags_before, entry.digest, before))
    turn.put(row, Loading())
    turn.add(
        Load(
            entry=entry,
            file=known.name if known is not None else None,
            owners=tuple(state.entries[digest] for digest in sorted(owning)),
            force=work.force,
            tags_before=before,
        )
    )


def on_began(turn: Turn, event: LoadBegan) -> None:
    """The lock is held: how the tags stand is persisted before the runtime changes anything."""
    row = turn.state.own(event.digest)
    if row is not None and isinstance(row.state, Loading):
        turn.put(row, Loading(event.tags_before))


def on_ended(turn: Turn, event: LoadEnded) -> None:
    """The runtime confirmed, or the load failed. What is still missing is left to reconciling."""
    state = turn.state
    work, row, entry = state.work.get(event.digest), state.own(event.digest), state.entries.get(event.digest)
    if work is None or work.step != "loading":
        return
    del state.work[event.digest]
    if event.loaded:
        _count_load(turn, event.digest)
    if row is None or entry is None:
        pass
    elif event.problem is not None:
        _failed(turn, entry, row, event.problem)
    elif not entry.active:
        turn.put(row, Queued())
    elif event.view is not None and tags.satisfied(entry, state.owners, event.view):
        if event.loaded:
            took_s = round(turn.clock - work.begun_at, 1)
            turn.note(Level.INFO, "loaded", trace_of(entry.digest), name=entry.name, took_s=took_s)
        finish(turn, entry, row, ready=bool(tags.needed_images(entry, state.owners)))
    else:
        # The owners changed while it loaded, or there was nothing to load from: look again.
        turn.put(row, Queued(), stored=row.stored and state.file_of(entry.digest) is not None)
    pump(turn)


def _count_load(turn: Turn, digest: Digest) -> None:
    recent = [at for at in turn.state.loads.get(digest, []) if abs(turn.now - at) < DAY_S]
    turn.on_failure(partial(put_or_drop, turn.state.loads, digest, turn.state.loads.get(digest)))
    turn.state.loads[digest] = [*recent, turn.now]
    turn.add(SaveValue(f"{LOADS_KEY}{digest}", " ".join(f"{at:.0f}" for at in turn.state.loads[digest])))


def _failed(turn: Turn, entry: CatalogEntry, row: Delivery, problem: Problem) -> None:
    turn.note(Level.WARNING, "load-failed", trace_of(entry.digest), problem, name=entry.name)
    if problem.retry is Retry.HOLD:
        fell_sick(turn, problem)
    wait_or_fail(turn, entry, problem)


def fell_sick(turn: Turn, problem: Problem | None) -> None:
    """The runtime does not answer: say so once; probes find out when it is back."""
    sick = problem or RuntimeSickError(runtime=turn.state.report.runtime, detail="").problem()
    if turn.state.report.runtime_problem is None:
        turn.state.runtime_sick_since = turn.clock
        turn.note(Level.ERROR, "runtime-sick", problem=sick)
        turn.report(runtime_problem=sick)


def on_probed(turn: Turn, event: RuntimeProbed) -> bool:
    """How the runtime is; True when it has just become well."""
    before = turn.state.report
    if event.problem is not None:
        fell_sick(turn, event.problem)
        return False
    known = event.disk != "" and event.free_bytes is not None
    turn.state.runtime_disk = RuntimeDisk(event.disk, event.free_bytes or 0) if known else None
    if before.runtime_problem is None and before.runtime == event.description:
        return False
    full = before.runtime_problem if before.runtime_problem and before.runtime_problem.code == "disk-full" else None
    if full is not None and not full_disks.runtime_has_room(turn, full, event.free_bytes):
        return False
    turn.report(runtime=event.description, runtime_problem=None)
    if before.runtime_problem is not None:
        turn.note(Level.INFO, "runtime-well", runtime=event.description)
    return before.runtime_problem is not None
