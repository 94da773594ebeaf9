"""This node reconciles its own cells with the catalog: what to do next for each delivery."""

from backend.logic import exchange, fetching, files, full_disks, isolation, loading, retrying, room, tags
from backend.logic.outcomes import finish
from backend.logic.state import Work
from backend.logic.turn import Turn, trace_of
from backend.model.archive import CatalogEntry, EntryState, KnownFile
from backend.model.commands import DiscardIncoming, LookAtRuntime, Send
from backend.model.delivery import Cancelled, Delivery, Failed, Held, Queued, Ready, Stored, Waiting
from backend.model.errors import Problem, Retry
from backend.model.events import HashesMatched, RuntimeLooked, Verified
from backend.model.ids import Digest, NodeId
from backend.model.messages import Request

_LINK_PROBLEMS = frozenset({"transfer-failed", "source-gone", "no-holder"})
"""What may be over when a holder is back."""

_SOURCE_PROBLEMS = _LINK_PROBLEMS | {"digest-mismatch", "transfer-oversize", "transfer-refused", "source-slow"}
"""What another holder may not have."""


def reconcile(turn: Turn, digest: Digest) -> None:
    """Level-triggered: whatever happened before, bring this node's cell nearer to what the catalog says."""
    state = turn.state
    entry = state.entries.get(digest)
    if entry is None or not state.started:
        return
    row = state.own(digest)
    if not entry.active:
        _end(turn, entry, row)
        return
    if row is None:
        if not entry.wanted_by(state.me):
            return
        row = turn.put(Delivery(digest, state.me, Queued(), trace=trace_of(digest)))
    if digest in state.work:
        return
    if isinstance(row.state, Waiting):
        policy = state.policy
        due = retrying.clamped_due(row.state.due_at, row.retries, policy.waits_s, policy.jitter, turn.now)
        if due < row.state.due_at:
            # Written down: clamped anew at each look it would stay in the future for ever.
            row = turn.put(row, Waiting(due, row.state.problem))
        if turn.now < due:
            return
        row = turn.put(row, Queued(), retries=row.retries + 1)
    if isinstance(row.state, Queued):
        advance(turn, entry, row)


def _end(turn: Turn, entry: CatalogEntry, row: Delivery | None) -> None:
    if row is None and turn.state.outranked and entry.wanted_by(turn.state.me):
        # Others may show a cell of it that was open when this node lost its ledger: nothing else would ever end that.
        row = Delivery(entry.digest, turn.state.me, Queued(), trace=trace_of(entry.digest))
    if row is None or row.ended:
        return
    fetching.leave_sources(turn, entry.digest)
    turn.drop_work(entry.digest)
    note = "superseded" if entry.state is EntryState.SUPERSEDED else "withdrawn"
    turn.put(row, Cancelled(), note=note)
    turn.add(DiscardIncoming(entry.digest, entry.fingerprint))
    loading.pump(turn)


def advance(turn: Turn, entry: CatalogEntry, row: Delivery) -> None:
    """Take a queued delivery one step: ask the runtime where there is something to ask, else get the bytes."""
    state = turn.state
    if state.report.paused:
        turn.put(row, Held(Problem("paused", retry=Retry.HOLD)))
        return
    if not state.policy.has_runtime or not tags.needed_images(entry, state.owners):
        if row.stored:
            have_bytes(turn, entry, row)
        else:
            fetching.seek(turn, entry)
    elif state.report.runtime_problem is not None:
        if row.stored:
            turn.put(row, Held(state.report.runtime_problem))
        else:
            fetching.seek(turn, entry)
    elif state.policy.shared_runtime and not row.stored:
        fetching.seek(turn, entry)
    else:
        look(turn, entry)


def look(turn: Turn, entry: CatalogEntry, force: bool = False) -> None:
    """Ask the runtime what it holds of an archive."""
    turn.state.work[entry.digest] = Work("looking", force=force)
    turn.add(LookAtRuntime(entry))


def recheck(turn: Turn, digest: Digest) -> None:
    """Ask the runtime again about a cell that ended well: the truth may have changed behind our back."""
    entry, row = turn.state.entries.get(digest), turn.state.own(digest)
    if entry is None or row is None or not entry.active or digest in turn.state.work or not row.happy:
        return
    if turn.state.policy.has_runtime and turn.state.report.runtime_problem is None:
        look(turn, entry)


def on_looked(turn: Turn, event: RuntimeLooked) -> None:
    """The runtime answered (or not): decide between done, tags only, loading and fetching."""
    work, row = turn.state.work.get(event.digest), turn.state.own(event.digest)
    entry = turn.state.entries.get(event.digest)
    if work is None or work.step != "looking" or row is None or entry is None:
        return
    del turn.state.work[event.digest]
    if event.view is None:
        loading.fell_sick(turn, event.problem)
        if not row.happy:
            advance(turn, entry, turn.put(row, Queued()))
        return
    needed = tags.needed_images(entry, turn.state.owners)
    if not needed:
        _overtaken(turn, entry, row, event)
    elif tags.satisfied(entry, turn.state.owners, event.view):
        if not isinstance(row.state, Ready):
            finish(turn, entry, row, ready=True)
    elif row.stored or not tags.missing_images(entry, turn.state.owners, event.view):
        loading.queue(turn, entry, row, healing=row.happy)
    elif not row.happy or loading.may_heal(turn, entry, row):
        fetching.seek(turn, entry)


def _overtaken(turn: Turn, entry: CatalogEntry, row: Delivery, event: RuntimeLooked) -> None:
    vanished = event.view is not None and any(image.config not in event.view.present for image in entry.images)
    if isinstance(row.state, Ready):
        if vanished and row.stored:
            turn.put(row, Stored(), note="overtaken")
        elif vanished:
            fetching.seek(turn, entry)
    elif row.stored:
        finish(turn, entry, row, ready=False)
    else:
        fetching.seek(turn, entry)


def have_bytes(turn: Turn, entry: CatalogEntry, row: Delivery) -> None:
    """A verified copy lies here: load it, or be done where there is nothing to load."""
    if turn.state.policy.has_runtime and tags.needed_images(entry, turn.state.owners):
        loading.queue(turn, entry, row)
    else:
        finish(turn, entry, row, ready=False)


def holder_appeared(turn: Turn, digest: Digest, causes: frozenset[str] = _SOURCE_PROBLEMS) -> None:
    """Somebody new holds an archive, or came back: those who wait for it look again.

    ``causes``: problems that this may have ended. What waits for a retry because of one is tried at once, and what was
    given up because of one is begun anew.
    """
    row, entry = turn.state.own(digest), turn.state.entries.get(digest)
    if row is None or entry is None:
        return
    given_up = isinstance(row.state, Failed) and row.state.problem.code in causes and entry.active
    if row.ended and not given_up:
        return
    work = turn.state.work.get(digest)
    if work is not None:
        fetching.holder_appeared(turn, entry, work)
        return
    if given_up:
        turn.put(row, Queued(), retries=0)
    elif isinstance(row.state, Waiting) and row.state.problem.code in causes and not _is_old_wait(turn, row):
        # The source was at fault, and there is another chance: that costs no retry. A wait from before a restart stays.
        turn.put(row, Queued())
    reconcile(turn, digest)


def _is_old_wait(turn: Turn, row: Delivery) -> bool:
    return turn.state.old_waits.get(row.digest) == row.version


def on_hashes_matched(turn: Turn, event: HashesMatched) -> None:
    """The incoming file is right: known by its inode before it is placed, so that a crash in between costs nothing."""
    entry = turn.state.entries.get(event.digest)
    if entry is not None:
        files.remember(turn, KnownFile(files.incoming_name(entry), event.key, event.digest, placed=True))


def on_verified(turn: Turn, event: Verified) -> None:
    """The file stands in the store: this node is a holder from now on."""
    entry, row = turn.state.entries.get(event.digest), turn.state.own(event.digest)
    if entry is None or row is None:
        return
    files.forget(turn, files.incoming_name(entry))
    files.remember(turn, KnownFile(event.name, event.key, event.digest, placed=True))
    work = turn.state.work.get(event.digest)
    if work is not None and work.step == "verifying":
        del turn.state.work[event.digest]
    row = turn.put(row, stored=True)
    if not row.ended:
        row = turn.put(row, Queued())
        advance_with_bytes(turn, entry, row)
    if work is not None and work.source is not None and isolation.source_proved_good(turn, work.source, event.digest):
        peer_trusted(turn, work.source)


def advance_with_bytes(turn: Turn, entry: CatalogEntry, row: Delivery) -> None:
    """Bytes just arrived: no need to ask the runtime before its load asks under its lock."""
    if not entry.active:
        _end(turn, entry, row)
    elif turn.state.report.paused or (turn.state.policy.has_runtime and turn.state.report.runtime_problem is not None):
        advance(turn, entry, row)
    else:
        have_bytes(turn, entry, row)


def peer_back(turn: Turn, node: NodeId) -> None:
    """A holder is back: repeat what was asked of it, and look again where it holds what is missing here."""
    for digest in turn.state.work.at("fetching"):
        if turn.state.work[digest].source == node:
            turn.add(Send(node, Request(digest)))
    _holds_again(turn, node, _LINK_PROBLEMS)


def peer_on_trial(turn: Turn, node: NodeId) -> None:
    """A node may be asked again, once: what it said meanwhile may have been missed."""
    exchange.compare(turn, node)
    _holds_again(turn, node, _LINK_PROBLEMS)


def peer_trusted(turn: Turn, node: NodeId) -> None:
    """A node is as good as any other again."""
    _holds_again(turn, node, _SOURCE_PROBLEMS)


def _holds_again(turn: Turn, node: NodeId, causes: frozenset[str]) -> None:
    for digest, cell in list(turn.state.rows.get(node, {}).items()):
        if cell.stored:
            holder_appeared(turn, digest, causes)


def tick(turn: Turn) -> None:
    """Time has passed: due retries, and disks that have room again."""
    state = turn.state
    for digest in tuple(state.book.aside):
        row = state.own(digest)
        if row is None:
            continue
        if isinstance(row.state, Waiting):
            reconcile(turn, digest)
        elif isinstance(row.state, Held) and row.state.problem.code == "disk-full":
            entry = state.entries.get(digest)
            if entry is None or row.state.problem == state.report.runtime_problem or not full_disks.worth_trying(turn):
                continue
            if room.room_problem(turn, entry) is None:
                turn.put(row, Queued())
                reconcile(turn, digest)


def release(turn: Turn, codes: frozenset[str]) -> None:
    """What was held for one of these reasons goes on."""
    for digest in tuple(turn.state.book.aside):
        row = turn.state.own(digest)
        if row is not None and isinstance(row.state, Held) and row.state.problem.code in codes:
            turn.put(row, Queued())
            reconcile(turn, digest)
