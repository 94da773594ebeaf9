"""POST /v1/plan: what a file, or a sync, would move. A question, not an action: readers may ask it too."""

from aiohttp import web

from backend.api.plans import PlanRequest
from backend.control.context import context_of
from backend.control.projection.plans import facts_of, plan_document
from backend.control.replies import json_reply, read_json
from backend.control.selection import archive_named, nodes_named
from backend.logic.planning import plan_file, plan_sync
from backend.model.errors import MalformedRequestError


async def plan(request: web.Request) -> web.StreamResponse:
    """Look ahead."""
    asked = await read_json(request, PlanRequest)
    state = context_of(request).face.state
    nodes = nodes_named(state, asked.nodes)
    if asked.file is not None and asked.archive is None:
        found = plan_file(state, asked.file.name, facts_of(asked.file), nodes)
        return json_reply(plan_document(state, found, asked.file.name))
    if asked.archive is not None and asked.file is None:
        entry = archive_named(state, asked.archive)
        return json_reply(plan_document(state, plan_sync(state, entry, nodes), entry.name))
    raise MalformedRequestError(detail="either file or archive")
