"""The public status document, archive by archive, so that a large fleet is never whole in memory."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from backend.api.wire import ArchiveDocument, DeliveryDocument, ImageDocument
from backend.control.projection.cells import fraction_done, rate_bps, remedy_text, source_of, unreported
from backend.control.projection.fleet import name_of, node_ids
from backend.control.projection.times import iso_time
from backend.logic.state import NodeState
from backend.logic.tags import overtaken_tags
from backend.model.archive import CatalogEntry, EntryState, RejectedFile
from backend.model.delivery import Delivery, Ready, State, Stored, Waiting
from backend.model.ids import Digest, NodeId
from backend.texts import message_of

Columns: TypeAlias = Sequence[tuple[NodeId, Mapping[Digest, Delivery]]]
"""Each known node with its rows, in the order of documents."""

_HAPPY_TYPES = frozenset({Ready, Stored})


def columns(state: NodeState) -> Columns:
    """The known nodes with what is known of their cells."""
    nothing: Mapping[Digest, Delivery] = {}
    return [(node, state.rows.get(node, nothing)) for node in node_ids(state)]


def ended_well(entry: CatalogEntry, row: Delivery) -> bool:
    """Tell whether nothing is left to do or to tell; an archive's own end is a good one for all of its ended cells."""
    return type(row.state) in _HAPPY_TYPES or (row.ended and not entry.active)


def cells_of(entry: CatalogEntry, fleet: Columns) -> Iterable[Delivery]:
    """All cells that exist of an archive."""
    everywhere = entry.selector.nodes is None
    wanted = frozenset(entry.selector.nodes or ()) | {entry.origin}
    for node, rows in fleet:
        row = rows.get(entry.digest)
        if row is not None:
            yield row
        elif everywhere or node in wanted:
            yield unreported(entry, node)


def archive_document(state: NodeState, entry: CatalogEntry, fleet: Columns, full: bool) -> ArchiveDocument:
    """One archive; without ``full`` only with the deliveries that have not ended well."""
    by_type: dict[type[State], int] = {}
    listed: list[Delivery] = []
    for row in cells_of(entry, fleet):
        kind = type(row.state)
        by_type[kind] = by_type.get(kind, 0) + 1
        if full or not ended_well(entry, row):
            listed.append(row)
    return ArchiveDocument(
        fingerprint=entry.fingerprint,
        digest=entry.digest,
        name=entry.name,
        aliases=list(state.aliases.get(entry.digest, ())),
        size_bytes=entry.size_bytes,
        tags=list(entry.tags),
        images=[ImageDocument(image.config, image.platform) for image in entry.images],
        origin=name_of(state, entry.origin) or "",
        order=entry.order.count,
        state=entry.state.value,
        reason=None,
        counts={str(kind.__struct_config__.tag): count for kind, count in by_type.items()},
        deliveries=[delivery_document(state, entry, row) for row in listed],
        overtaken_tags=list(overtaken_tags(entry, state.owners)) or msgspec.UNSET,
    )


def rejected_document(state: NodeState, refused: RejectedFile) -> ArchiveDocument:
    """A file of this node's store that is never published."""
    return ArchiveDocument(
        fingerprint=refused.fingerprint,
        digest=refused.digest,
        name=refused.name,
        aliases=[],
        size_bytes=refused.key.size_bytes,
        tags=[],
        images=[],
        origin=state.name,
        order=0,
        state=EntryState.REJECTED.value,
        reason=message_of(refused.problem),
        counts={},
        deliveries=[],
        remedy=remedy_text(refused.problem),
        code=refused.problem.code,
        params=refused.problem.params,
    )


def delivery_document(state: NodeState, entry: CatalogEntry, row: Delivery) -> DeliveryDocument:
    """One cell."""
    problem = row.problem
    return DeliveryDocument(
        node=name_of(state, row.node) or "",
        state=row.state_name,
        version=row.version,
        attempts=row.attempts,
        retries=row.retries,
        note=row.note,
        progress=round(fraction_done(state, entry, row), 4),
        rate_bps=rate_bps(state, row),
        bytes_received=row.bytes_received,
        bytes_saved=row.bytes_saved,
        source=name_of(state, source_of(row)),
        transport=row.transport,
        due_at=iso_time(row.state.due_at) if isinstance(row.state, Waiting) else None,
        error=message_of(problem) if problem is not None else None,
        remedy=remedy_text(problem),
        updated_at=iso_time(row.updated_at),
        trace=row.trace,
        code=problem.code if problem is not None else msgspec.UNSET,
        params=problem.params if problem is not None else msgspec.UNSET,
    )
