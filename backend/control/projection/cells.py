"""One cell of the matrix: whether it exists, its character, how far it is, and its detail."""

from backend.api.wire import CELL_CODES, CELL_NONE, CELL_REJECTED, CellDetail
from backend.control.projection.fleet import name_of
from backend.logic.state import NodeState
from backend.model.archive import CatalogEntry, EntryState
from backend.model.delivery import (
    Cancelled,
    Delivery,
    Failed,
    Held,
    Loading,
    Queued,
    Ready,
    State,
    Stored,
    Transferring,
    Verifying,
    Waiting,
)
from backend.model.errors import DigestMismatchError, Problem
from backend.model.ids import NodeId
from backend.texts import message_of, remedy_of

CODES_BY_TYPE: dict[type[State], int] = {
    kind: ord(CELL_CODES[str(kind.__struct_config__.tag)])
    for kind in (Queued, Transferring, Verifying, Loading, Ready, Stored, Waiting, Held, Failed, Cancelled)
}
"""State type -> character code, where the type alone decides (all but Transferring and Failed)."""

URGENCY: dict[type[State], int] = {Failed: 0, Waiting: 1, Held: 2, Transferring: 3, Loading: 4, Verifying: 5}
"""Types of which consoles want a detail, the worst first."""


def cell_of(state: NodeState, entry: CatalogEntry, node: NodeId) -> Delivery | None:
    """The cell as far as it is known here, None where there is none.

    What its node has not reported yet is queued with version 0; of an archive that was superseded or withdrawn
    meanwhile it never will be reported, and counts as ended with that.
    """
    row = state.cell(node, entry.digest)
    if row is not None:
        return row
    return unreported(entry, node) if entry.wanted_by(node) else None


def unreported(entry: CatalogEntry, node: NodeId) -> Delivery:
    """The cell of a wanted node that has said nothing of the archive yet."""
    if entry.state is EntryState.SUPERSEDED:
        return Delivery(entry.digest, node, Cancelled(), note="superseded")
    if entry.state is EntryState.WITHDRAWN:
        return Delivery(entry.digest, node, Cancelled(), note="withdrawn")
    return Delivery(entry.digest, node, Queued())


def fraction_done(state: NodeState, entry: CatalogEntry, row: Delivery) -> float:
    """How much of the archive's bytes are at the node, from 0 to 1."""
    if isinstance(row.state, Transferring):
        progress = state.progress.get((row.node, row.digest))
        if progress is None or progress.version < row.version or entry.size_bytes <= 0:
            return 0.0
        return min(1.0, progress.bytes_done / entry.size_bytes)
    return 1.0 if row.stored or isinstance(row.state, Verifying | Loading | Ready | Stored) else 0.0


def rate_bps(state: NodeState, row: Delivery) -> int:
    """Bytes a second that come in for the cell."""
    if not isinstance(row.state, Transferring):
        return 0
    progress = state.progress.get((row.node, row.digest))
    return 0 if progress is None or progress.version < row.version else progress.rate_bps


def code_of(state: NodeState, entry: CatalogEntry, row: Delivery) -> int:
    """The cell's character as a code point."""
    if isinstance(row.state, Transferring):
        return ord("0") + min(9, int(fraction_done(state, entry, row) * 10))
    if isinstance(row.state, Failed) and row.state.problem.code == DigestMismatchError.code:
        return ord(CELL_REJECTED)
    return CODES_BY_TYPE[type(row.state)]


def character(state: NodeState, entry: CatalogEntry, node: NodeId) -> str:
    """The cell's character; blank where there is no cell."""
    row = cell_of(state, entry, node)
    return CELL_NONE if row is None else chr(code_of(state, entry, row))


def wants_detail(row: Delivery) -> bool:
    """Tell whether consoles get more of the cell than its character."""
    return type(row.state) in URGENCY or (isinstance(row.state, Queued) and (row.attempts > 0 or row.note is not None))


def cell_detail(state: NodeState, entry: CatalogEntry, row: Delivery) -> CellDetail:
    """All that a console shows of a moving or troubled cell."""
    problem = row.problem
    return CellDetail(
        digest=row.digest,
        node=row.node,
        state=row.state_name,
        progress=round(fraction_done(state, entry, row), 4),
        rate_bps=rate_bps(state, row),
        attempts=row.attempts,
        retries=row.retries,
        source=name_of(state, source_of(row)),
        due_at=row.state.due_at if isinstance(row.state, Waiting) else None,
        since=row.updated_at,
        note=row.note,
        code=problem.code if problem is not None else None,
        params=problem.params if problem is not None else {},
        error=message_of(problem) if problem is not None else None,
        remedy=remedy_text(problem),
        saved_bytes=row.bytes_saved,
    )


def source_of(row: Delivery) -> NodeId | None:
    """Where the bytes come or came from."""
    return row.state.source if isinstance(row.state, Transferring | Verifying) else row.source


def remedy_text(problem: Problem | None) -> str | None:
    """The next command to try, None where there is none to name."""
    return (remedy_of(problem) or None) if problem is not None else None
