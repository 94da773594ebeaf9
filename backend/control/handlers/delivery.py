"""GET /v1/delivery: all that is known of one cell."""

from aiohttp import web

from backend.api.wire import AttemptDocument, DeliveryDetail
from backend.control.context import Context, context_of
from backend.control.projection.cells import cell_of, remedy_text
from backend.control.projection.fleet import name_of
from backend.control.projection.status import delivery_document
from backend.control.replies import json_reply, required
from backend.control.selection import archive_named, node_named
from backend.logic.state import NodeState
from backend.model.delivery import Attempt
from backend.model.errors import RefusedError
from backend.model.ids import Digest, NodeId
from backend.texts import message_of, told


async def delivery(request: web.Request) -> web.StreamResponse:
    """Tell a cell's story."""
    context = context_of(request)
    state = context.face.state
    entry = archive_named(state, required(request, "digest"))
    node = node_named(state, required(request, "node"))
    row = cell_of(state, entry, node)
    if row is None:
        name = name_of(state, node)
        raise RefusedError(**told("what", "refused.no-delivery", archive=entry.name, node=name))
    document = delivery_document(state, entry, row)
    attempts = await _attempts(context, entry.digest, node)
    shown = [_document(state, attempt) for attempt in attempts or ()]
    return json_reply(DeliveryDetail(document, entry.name, entry.digest, shown, attempts is not None))


async def _attempts(context: Context, digest: Digest, node: NodeId) -> tuple[Attempt, ...] | None:
    """The timeline, as the node itself keeps it; None where it cannot be asked."""
    if node == context.face.state.me:
        return await context.face.attempts(digest)
    try:
        return await context.face.peer_attempts(node, digest)
    except RefusedError:
        return None


def _document(state: NodeState, attempt: Attempt) -> AttemptDocument:
    return AttemptDocument(
        number=attempt.number,
        source=name_of(state, attempt.source) or "",
        transport=attempt.transport,
        began_at=attempt.began_at,
        ended_at=attempt.ended_at,
        bytes_received=attempt.bytes_received,
        error=message_of(attempt.problem) if attempt.problem is not None else None,
        remedy=remedy_text(attempt.problem),
        code=attempt.problem.code if attempt.problem is not None else None,
        params=attempt.problem.params if attempt.problem is not None else {},
    )
