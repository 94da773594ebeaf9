"""Getting the bytes: asking holders, standing in their lines, fetching, and what to do when a source fails."""

from backend.logic import isolation, room, routing, sources, stranded
from backend.logic.outcomes import wait_or_fail
from backend.logic.turn import Turn, name_of, trace_of
from backend.logic.works import BUSY_STEPS, Work
from backend.model.archive import CatalogEntry
from backend.model.commands import DiscardIncoming, Fetch, SaveAttempt, Send, StopWork, Verify
from backend.model.delivery import Attempt, Delivery, Held, Queued, Transferring, Verifying
from backend.model.errors import Problem, Retry, SourceGoneError, TransferFailedError
from backend.model.events import FetchEnded, FetchesProgressed, Level, VerifyFailed
from backend.model.ids import Digest, NodeId
from backend.model.messages import Busy, Gone, Granted, Release, Request

ANSWER_WITHIN_S = 20.0
"""A holder that has not answered a request by then counts as failed."""

PLACES = 3
"""Lines in which a delivery stands at a time: whoever has a slot first serves it."""

_SPOILT = ("digest-mismatch", "file-unstable")
"""The bytes that came are of no use: what is here goes, and all is fetched anew."""


def seek(turn: Turn, entry: CatalogEntry) -> None:
    """Ask the best holder for a slot; stay queued where nobody who is up and trusted holds the archive."""
    state, digest = turn.state, entry.digest
    if digest not in state.work:
        state.work[digest] = Work("fetch-queued")
    work = state.work[digest]
    row = state.own(digest)
    if row is None:
        return
    if not work.aside and not isinstance(row.state, Queued):
        row = turn.put(row, Queued())
    state.work.move(digest, "fetch-queued")
    work.source = None
    if free_slots(turn) <= 0:
        return
    shortage = room.room_problem(turn, entry)
    if shortage is not None:
        del state.work[digest]
        if not work.aside:
            turn.put(row, Held(shortage))
        return
    if ask_another(turn, entry, work):
        return
    del state.work[digest]
    if work.aside:
        return
    if work.problem is not None:
        wait_or_fail(turn, entry, work.problem)
    else:
        stranded.nobody(turn, digest)


def free_slots(turn: Turn) -> int:
    """How many more archives may be fetched at a time."""
    return turn.state.policy.fetch_slots - turn.state.work.count(*BUSY_STEPS)


def ask_another(turn: Turn, entry: CatalogEntry, work: Work) -> bool:
    """Ask one more holder, if there is one; tell whether the delivery stands in a line or waits for an answer."""
    if not work.waiting:
        node = routing.choose(sources.candidates(turn, entry.digest, work), turn.chance)
        if node is not None:
            work.waiting[node] = turn.clock
            turn.add(Send(node, Request(entry.digest)))
    if not (work.waiting or work.places):
        return False
    turn.state.work.move(entry.digest, "asking")
    stranded.somebody(turn, entry.digest)
    return True


# --- what holders answer ----------------------------------------------------------------------------------------------


def on_granted(turn: Turn, node: NodeId, message: Granted) -> None:
    """A holder gave a slot: places in other lines are given back."""
    work, row = turn.state.work.get(message.digest), turn.state.own(message.digest)
    entry = turn.state.entries.get(message.digest)
    if work is not None and work.step == "fetching" and work.source == node:
        return
    if work is None or row is None or entry is None or node not in (*work.waiting, *work.places):
        turn.add(Send(node, Release(message.digest)))
        return
    _forget(work, node)
    if message.size_bytes != entry.size_bytes:
        turn.add(Send(node, Release(message.digest)))
        gone = SourceGoneError(source=name_of(turn.state, node), detail="size").problem()
        _answered_badly(turn, entry, work, node, gone)
        return
    leave_sources(turn, message.digest)
    work.waiting.clear()
    work.places.clear()
    turn.state.work.move(entry.digest, "fetching")
    work.source, work.began_at = node, turn.now
    work.begun_at = work.mark_at = turn.clock
    work.mark_bytes, work.bytes_done, work.first_bytes = 0, 0, None
    state = None if work.aside else Transferring(node)
    turn.put(row, state, attempts=row.attempts + 1, source=node, transport="rsync")
    turn.note(Level.INFO, "fetch-began", trace_of(entry.digest), name=entry.name, source=name_of(turn.state, node))
    turn.add(Fetch(entry, node, message.ticket))


def on_busy(turn: Turn, node: NodeId, message: Busy) -> None:
    """A place in a holder's line: stay there, and try others that may be free."""
    work, entry = turn.state.work.get(message.digest), turn.state.entries.get(message.digest)
    if work is None or entry is None or node not in (*work.waiting, *work.places):
        if work is None or work.source != node:
            turn.add(Send(node, Release(message.digest)))
        return
    work.waiting.pop(node, None)
    work.places[node] = message.position
    if len(work.places) > PLACES:
        last = max(work.places, key=lambda one: (work.places[one], one))
        del work.places[last]
        turn.add(Send(last, Release(message.digest)))
    if len(work.places) < PLACES:
        ask_another(turn, entry, work)


def on_gone(turn: Turn, node: NodeId, message: Gone) -> None:
    """The holder does not have those bytes. Once that isolates nobody; who goes on claiming them is blamed."""
    state, work = turn.state, turn.state.work.get(message.digest)
    entry = state.entries.get(message.digest)
    isolation.doubt(turn, node, message.digest)
    if work is None or entry is None or node not in (*work.waiting, *work.places):
        return
    _forget(work, node)
    _answered_badly(turn, entry, work, node, SourceGoneError(source=name_of(state, node), detail="").problem())


def _answered_badly(turn: Turn, entry: CatalogEntry, work: Work, node: NodeId, problem: Problem) -> None:
    """A holder that was asked is of no use; others whose lines this delivery stands in may still be."""
    turn.note(Level.WARNING, "attempt-failed", trace_of(entry.digest), problem, name=entry.name)
    work.tried.add(node)
    work.problem = problem
    if problem.code != "source-gone":
        isolation.source_failed(turn, node, entry.digest, problem)
    if not ask_another(turn, entry, work):
        seek(turn, entry)


def _forget(work: Work, node: NodeId) -> None:
    work.waiting.pop(node, None)
    work.places.pop(node, None)


def leave_sources(turn: Turn, digest: Digest) -> None:
    """Give a slot, and all places in lines, back."""
    work = turn.state.work.get(digest)
    if work is None:
        return
    nodes = dict.fromkeys((*work.waiting, *work.places))
    if work.source is not None and work.step == "fetching":
        nodes[work.source] = None
    for node in nodes:
        turn.add(Send(node, Release(digest)))


def holder_appeared(turn: Turn, entry: CatalogEntry, work: Work) -> None:
    """Somebody new holds an archive that this node is after."""
    if work.step == "asking":
        ask_another(turn, entry, work)
    elif work.step == "fetch-queued":
        seek(turn, entry)


# --- the transfer -----------------------------------------------------------------------------------------------------


def on_progress(turn: Turn, event: FetchesProgressed) -> None:
    """How far running transfers are: what their pace is judged by."""
    for item in event.items:
        work = turn.state.work.get(item.digest)
        if work is not None and work.step == "fetching":
            if work.first_bytes is None:
                # What lay here already was not got from this source.
                work.first_bytes = work.mark_bytes = item.bytes_done
            work.bytes_done = item.bytes_done


def on_fetch_ended(turn: Turn, event: FetchEnded) -> None:
    """All bytes are here, or the source (or this node) failed."""
    work, row = turn.state.work.get(event.digest), turn.state.own(event.digest)
    entry = turn.state.entries.get(event.digest)
    if work is None or row is None or entry is None or work.step != "fetching" or work.source is None:
        return
    row = _end_attempt(turn, row, work, event)
    if event.problem is not None:
        source_failed(turn, event.digest, event.problem)
        return
    sources.measured(turn, work.source, event.bytes_received, turn.clock - work.begun_at)
    turn.state.work.move(event.digest, "verifying")
    if not work.aside:
        turn.put(row, Verifying(work.source))
    turn.add(Verify(entry, work.source))


def _end_attempt(turn: Turn, row: Delivery, work: Work, event: FetchEnded) -> Delivery:
    """Give the slot back, and write down what this source gave."""
    leave_sources(turn, event.digest)
    source = work.source if work.source is not None else turn.state.me
    attempt = Attempt(
        event.digest, row.attempts, source, "rsync", work.began_at, turn.now, event.bytes_received, event.problem
    )
    turn.add(SaveAttempt(attempt))
    received, saved = row.bytes_received + event.bytes_received, max(row.bytes_saved, event.bytes_saved)
    state = None if work.aside or event.problem is None else Queued()
    return turn.put(row, state, bytes_received=received, bytes_saved=saved)


def source_failed(turn: Turn, digest: Digest, problem: Problem, blamed: bool = True) -> None:
    """A try failed: another holder at once where the source was at fault, else what the problem's retryability says."""
    work, entry, row = turn.state.work.get(digest), turn.state.entries.get(digest), turn.state.own(digest)
    if work is None or entry is None or row is None:
        return
    turn.note(Level.WARNING, "attempt-failed", trace_of(digest), problem, name=entry.name)
    if problem.retry is not Retry.ELSEWHERE or work.source is None:
        del turn.state.work[digest]
        if not work.aside:
            wait_or_fail(turn, entry, problem)
        return
    work.problem = problem
    if problem.code == "transfer-refused" and not work.refetched:
        # A ticket may have gone stale between grant and use: a fresh one is worth one more try.
        work.refetched = True
    else:
        work.tried.add(work.source)
        work.refetched = False
        if blamed:
            isolation.source_failed(turn, work.source, digest, problem)
    seek(turn, entry)


def on_verify_failed(turn: Turn, event: VerifyFailed) -> None:
    """Other bytes than announced, or no way to place them."""
    work, entry, row = (
        turn.state.work.get(event.digest),
        turn.state.entries.get(event.digest),
        turn.state.own(event.digest),
    )
    if work is None or entry is None or row is None or work.step != "verifying":
        return
    if event.problem.code in _SPOILT:
        turn.add(DiscardIncoming(entry.digest, entry.fingerprint))
    if not work.aside:
        turn.put(row, Queued())
    source_failed(turn, event.digest, event.problem)


# --- time and peers ---------------------------------------------------------------------------------------------------


def tick(turn: Turn) -> None:
    """Time has passed: holders that never answered, sources that crawl, and fetches that found no slot."""
    for digest in turn.state.work.at("asking", "fetching"):
        work, entry = turn.state.work.get(digest), turn.state.entries.get(digest)
        if work is None or entry is None:
            continue
        if work.step == "asking":
            for node in [node for node, at in work.waiting.items() if turn.clock - at > ANSWER_WITHIN_S]:
                turn.add(Send(node, Release(digest)))
                _forget(work, node)
                name = name_of(turn.state, node)
                mute = TransferFailedError(source=name, detail="no answer", exit_code="").problem()
                _answered_badly(turn, entry, work, node, mute)
        elif work.step == "fetching":
            _look_at_pace(turn, digest, work)
    pump(turn)


def _look_at_pace(turn: Turn, digest: Digest, work: Work) -> None:
    (problem, blamed), row = sources.too_slow(turn, digest, work), turn.state.own(digest)
    if problem is None or row is None:
        return
    turn.add(StopWork(digest))
    received = max(0, work.bytes_done - (work.first_bytes or 0))
    _end_attempt(turn, row, work, FetchEnded(digest, received, 0, problem))
    source_failed(turn, digest, problem, blamed)


def pump(turn: Turn) -> None:
    """Give free fetch slots to those that queue for one, in publish order."""
    state = turn.state
    free = free_slots(turn)
    if free <= 0:
        return
    for digest in sorted(
        state.work.at("fetch-queued"), key=lambda digest: (state.work[digest].aside, state.entries[digest].order)
    ):
        seek(turn, state.entries[digest])
        free -= digest in state.work and state.work[digest].step != "fetch-queued"
        if free <= 0:
            return


def hold_all(turn: Turn) -> None:
    """The disk fell below its floor: what comes in stops where it is, and what stands in lines leaves them."""
    for digest in turn.state.work.at("fetch-queued", "asking", "fetching"):
        work, entry, row = turn.state.work[digest], turn.state.entries.get(digest), turn.state.own(digest)
        if entry is None or row is None:
            continue
        shortage = room.room_problem(turn, entry)
        if shortage is None:
            continue
        if work.step == "fetching":
            turn.add(StopWork(digest))
            received = max(0, work.bytes_done - (work.first_bytes or 0))
            row = _end_attempt(turn, row, work, FetchEnded(digest, received, 0, shortage))
        else:
            leave_sources(turn, digest)
        del turn.state.work[digest]
        if not work.aside:
            turn.put(row, Held(shortage))


def peer_lost(turn: Turn, node: NodeId) -> None:
    """A holder's channel is gone: requests there are void; running transfers go on."""
    for digest in turn.state.work.at("asking"):
        work = turn.state.work.get(digest)
        if work is None or (node not in work.waiting and node not in work.places):
            continue
        _forget(work, node)
        entry = turn.state.entries.get(digest)
        if entry is not None and not ask_another(turn, entry, work):
            seek(turn, entry)
