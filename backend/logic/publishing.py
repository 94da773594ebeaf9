"""What the store's files mean for the catalog: publishing, aliases, superseding, local drops."""

from functools import partial

import msgspec

from backend.logic import catalog, fetching, files, learning, reconciling, stranded, tags
from backend.logic.turn import Turn, put_or_drop, trace_of
from backend.model.archive import CatalogEntry, EntryState, KnownFile, RejectedFile, Selector
from backend.model.commands import DiscardIncoming, RemoveStored, SaveAlias
from backend.model.delivery import Cancelled, Delivery, Queued, Ready, Stored
from backend.model.errors import CollisionError
from backend.model.events import ArchiveArrived, ArchiveRejected, FileLeftAlone, FileVanished, Level, SelectorWidened
from backend.model.ids import Digest

REMOVED, REPLACED = "dropped-locally", "replaced-locally"
"""How a copy was lost, as people are told."""


def on_arrived(turn: Turn, event: ArchiveArrived) -> None:
    """A settled and inspected file: publish it, or learn that its bytes are known."""
    if learning.put_off(turn, event):
        return
    hashes = event.facts.hashes
    collision = turn.state.entries.clash_of(hashes.fingerprint, hashes.digest)
    if collision is not None:
        _refuse_collision(turn, event, collision)
        return
    entry = turn.state.entries.get(hashes.digest)
    overwritten = turn.state.files.get(event.name)
    files.remember(turn, KnownFile(event.name, event.key, hashes.digest, placed=False))
    if entry is not None and entry.active:
        _known(turn, event, entry)
    elif entry is None or not learning.is_old(turn, event):
        _publish(turn, event, entry)
    if overwritten is not None and overwritten.digest != hashes.digest:
        # Superseded by now, if the name was this node's own.
        _lost_copy(turn, overwritten.digest, REPLACED)
    hold_here(turn, hashes.digest)
    remove_ended(turn)


def tick(turn: Turn) -> None:
    """Bring in the files that waited until this node had heard its peers."""
    for event in learning.finished(turn) or ():
        on_arrived(turn, event)


def _refuse_collision(turn: Turn, event: ArchiveArrived, known: CatalogEntry) -> None:
    hashes = event.facts.hashes
    error = CollisionError(name=event.name, fingerprint=hashes.fingerprint, known=known.name)
    files.reject(
        turn,
        RejectedFile(event.name, event.key, error.problem(), hashes.fingerprint, hashes.digest, seen_at=turn.now),
    )
    turn.note(Level.ALERT, "archive-rejected", problem=error.problem(), name=event.name)


def _publish(turn: Turn, event: ArchiveArrived, again: CatalogEntry | None) -> None:
    facts, me = event.facts, turn.state.me
    order = turn.next_order()
    replaced = catalog.replaced_by_name(turn.state.entries, me, event.published_name, facts.hashes.digest)
    entry = CatalogEntry(
        digest=facts.hashes.digest,
        fingerprint=facts.hashes.fingerprint,
        name=event.published_name,
        size_bytes=facts.hashes.size_bytes,
        origin=me,
        order=order,
        selector=Selector(order, event.nodes),
        images=facts.images,
        layout=facts.layout,
        compression=facts.compression,
        layers=facts.layers,
        unpacked_bytes=facts.unpacked_bytes,
        published_at=turn.now,
        superseded_by=again.superseded_by if again else None,
        withdrawn_at=again.withdrawn_at if again else None,
    )
    turn.publish(entry)
    turn.note(Level.INFO, "published", trace_of(entry.digest), name=entry.name, size_bytes=entry.size_bytes)
    for old in replaced:
        turn.publish(msgspec.structs.replace(old, superseded_by=order))
        turn.note(Level.INFO, "superseded", trace_of(old.digest), name=old.name)
    if again is not None:
        requeue(turn, entry.digest)
    catalog_changed(turn, [entry.digest, *(old.digest for old in replaced)])


def _known(turn: Turn, event: ArchiveArrived, entry: CatalogEntry) -> None:
    known_names = turn.state.aliases.get(entry.digest, [])
    if event.published_name != entry.name and event.published_name not in known_names:
        turn.on_failure(partial(put_or_drop, turn.state.aliases, entry.digest, known_names or None))
        turn.state.aliases[entry.digest] = [*known_names, event.published_name]
        turn.add(SaveAlias(entry.digest, event.published_name))
        turn.note(Level.INFO, "alias", trace_of(entry.digest), name=event.published_name, known=entry.name)
    replaced = catalog.replaced_by_name(turn.state.entries, turn.state.me, event.published_name, entry.digest)
    if replaced:
        # The operator put known bytes over another archive's name: those bytes are now what that name means.
        order = turn.next_order()
        turn.publish(msgspec.structs.replace(entry, order=order, published_at=turn.now))
        for old in replaced:
            turn.publish(msgspec.structs.replace(old, superseded_by=order))
            turn.note(Level.INFO, "superseded", trace_of(old.digest), name=old.name)
        catalog_changed(turn, [entry.digest, *(old.digest for old in replaced)])
    if event.nodes is not None:
        widen(turn, SelectorWidened(entry.digest, event.nodes, operator=""))


def on_rejected(turn: Turn, event: ArchiveRejected) -> None:
    """A settled file that is never published, or not while it cannot be read."""
    before = turn.state.rejected.get(event.name)
    known = turn.state.files.get(event.name)
    files.reject(
        turn,
        RejectedFile(event.name, event.key, event.problem, event.fingerprint, event.digest, seen_at=turn.now),
    )
    if known is not None:
        _lost_copy(turn, known.digest, REPLACED)
    if before is None or before.problem != event.problem or before.key != event.key:
        turn.note(Level.ERROR, "archive-rejected", problem=event.problem, name=event.name)


def on_left_alone(turn: Turn, event: FileLeftAlone) -> None:
    """Nothing comes of it but that its owner is told."""
    turn.note(Level.WARNING, "left-alone", problem=event.problem)


def on_vanished(turn: Turn, event: FileVanished) -> None:
    """A file left the store: a local drop, which ends nothing for the fleet."""
    _left(turn, event.name, REMOVED)


def was_replaced(turn: Turn, name: str) -> None:
    """Another file took a known one's name while nobody looked."""
    _left(turn, name, REPLACED)


def _left(turn: Turn, name: str, how: str) -> None:
    learning.lost(turn, name)
    known = files.forget(turn, name)
    if known is not None:
        _lost_copy(turn, known.digest, how)


def _lost_copy(turn: Turn, digest: Digest, how: str) -> None:
    row = turn.state.own(digest)
    if row is None or not row.stored or turn.state.file_of(digest) is not None:
        return
    entry = turn.state.entries.get(digest)
    by_hand = entry is not None and entry.active and row.note != "expired"
    if entry is not None and by_hand:
        turn.note(Level.INFO, how, trace_of(digest), name=entry.name)
    if isinstance(row.state, Stored):
        # "stored" without a copy would not be the truth.
        ended = "" if entry is None or entry.active else entry.state.value
        turn.put(row, Cancelled(), stored=False, note=ended or "dropped")
    else:
        # Whoever decides which nodes keep a copy has to know that it is not wanted here.
        note = "dropped" if by_hand and isinstance(row.state, Ready) else row.note
        turn.put(row, stored=False, note=note)
    if by_hand:
        stranded.tell_of_last_copy(turn, digest)


def widen(turn: Turn, event: SelectorWidened) -> None:
    """``sync --to`` of a known archive: its selector takes in more nodes, never fewer."""
    entry = turn.state.entries.get(event.digest)
    if entry is None or entry.selector.nodes is None:
        return
    nodes = None if event.nodes is None else tuple(sorted({*entry.selector.nodes, *event.nodes}))
    if nodes == entry.selector.nodes:
        return
    turn.publish(msgspec.structs.replace(entry, selector=Selector(turn.next_order(), nodes)))
    catalog_changed(turn, [entry.digest])


def hold_here(turn: Turn, digest: Digest) -> None:
    """A verified copy lies here: this node is a holder, and a running fetch is of no more use."""
    row = turn.state.own(digest) or Delivery(digest, turn.state.me, Queued(), trace=trace_of(digest))
    work = turn.state.work.get(digest)
    if work is not None and work.step in ("asking", "fetching", "verifying", "fetch-queued"):
        fetching.leave_sources(turn, digest)
        turn.drop_work(digest)
        entry = turn.state.entries.get(digest)
        if entry is not None:
            turn.add(DiscardIncoming(digest, entry.fingerprint))
        if not row.ended:
            row = turn.put(row, Queued())
    if not row.stored:
        dropped = isinstance(row.state, Cancelled) and row.note == "dropped"
        note = None if row.note in ("dropped", "expired", stranded.AWAY) else row.note
        row = turn.put(row, Queued() if dropped else None, stored=True, note=note)
    reconciling.reconcile(turn, digest)


def requeue(turn: Turn, digest: Digest) -> None:
    """Begin a delivery anew, as for an archive that was published again."""
    row = turn.state.own(digest)
    if row is not None and row.ended:
        turn.put(row, Queued(), retries=0, note=None)


def catalog_changed(turn: Turn, digests: list[Digest]) -> None:
    """Entries changed: who owns which tag is worked out again, and every cell that this touches is looked at."""
    regained = put_owners_right(turn)
    for digest in digests:
        reconciling.reconcile(turn, digest)
    for digest in sorted(regained.difference(digests)):
        reconciling.recheck(turn, digest)
    remove_ended(turn)


def put_owners_right(turn: Turn) -> set[Digest]:
    """Let each tag belong to its newest active archive; those that got one from another archive."""
    state, regained = turn.state, set()
    for tag in state.entries.take_moved_tags():
        before = state.owners.get(tag)
        owner = tags.owner_of(state.entries.tagged(tag))
        if owner is None:
            state.owners.pop(tag, None)
        else:
            state.owners[tag] = owner
            if before not in (None, owner):
                regained.add(owner)
    return regained


def remove_ended(turn: Turn) -> None:
    """Copies that this daemon placed go once a successor has ended well here; all of what is purged go at once."""
    for entry in turn.state.entries.ended:
        if turn.state.file_of(entry.digest) is not None:
            _remove_copies(turn, entry)


def remove_replaced(turn: Turn, digest: Digest) -> None:
    """An archive may have ended well: copies of those whose place it took go."""
    entry, row = turn.state.entries.get(digest), turn.state.own(digest)
    if entry is not None and entry.active and row is not None and row.happy:
        for replaced in turn.state.entries.replaced_by(entry):
            _remove_copies(turn, replaced)


def _remove_copies(turn: Turn, entry: CatalogEntry) -> None:
    purged = entry.state is EntryState.WITHDRAWN and entry.purge
    if not purged and not _successor_is_well(turn, entry):
        return
    for known in turn.state.files.with_digest(entry.digest):
        if (known.placed or purged) and "/" not in known.name:
            turn.add(RemoveStored(known.name, known.key))


def _successor_is_well(turn: Turn, entry: CatalogEntry) -> bool:
    """The one that superseded it, or one that superseded that in its turn, under the same name."""
    state = turn.state
    if entry.state is not EntryState.SUPERSEDED or entry.superseded_by is None:
        return False
    direct = state.entries.by_order(entry.superseded_by)
    later = (other for other in state.entries.named(entry.origin, entry.name) if other.order > entry.superseded_by)
    return any(
        (row := state.own(successor.digest)) is not None and row.happy
        for successor in (direct, *later)
        if successor is not None
    )
