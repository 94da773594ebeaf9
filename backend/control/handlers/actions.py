"""POST /v1/actions."""

from aiohttp import web

from backend.api.wire import Action, JobAccepted
from backend.control.context import context_of
from backend.control.replies import json_reply, read_json


async def act(request: web.Request) -> web.StreamResponse:
    """Begin an operator's action."""
    context = context_of(request)
    action = await read_json(request, Action)
    operator = context.gate.audit(request, action.verb, _selector(action))
    return json_reply(JobAccepted(context.acting.begin(action, operator)), status=202)


def _selector(action: Action) -> list[str]:
    words = ["all"] if action.archives is None else list(action.archives)
    words += [] if action.nodes is None else ["on", *action.nodes]
    return words + ([f"({action.argument})"] if action.argument else [])
