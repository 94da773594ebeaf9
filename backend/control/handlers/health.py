"""GET /v1/health: the six checks of this node, or of another one by peer message."""

from aiohttp import web

from backend.api.wire import CheckDocument, HealthDocument
from backend.control.context import context_of
from backend.control.projection.cells import remedy_text
from backend.control.projection.fleet import name_of
from backend.control.replies import json_reply
from backend.control.selection import node_named
from backend.model.node import Check
from backend.model.plain import plain
from backend.texts import message_of


async def health(request: web.Request) -> web.StreamResponse:
    """Check a node."""
    context = context_of(request)
    state = context.face.state
    word = request.query.get("node")
    node = state.me if word is None else node_named(state, word)
    checks = await (context.face.checks() if node == state.me else context.face.peer_checks(node))
    name = name_of(state, node) or ""
    return json_reply(HealthDocument(name, all(check.ok for check in checks), [_document(check) for check in checks]))


def _document(check: Check) -> CheckDocument:
    return CheckDocument(
        name=check.name,
        ok=check.ok,
        detail=plain(check.detail),
        error=message_of(check.problem) if check.problem is not None else None,
        remedy=remedy_text(check.problem),
        code=check.problem.code if check.problem is not None else None,
        params=check.problem.params if check.problem is not None else {},
        said=check.said,
    )
