"""GET /v1/greeting."""

from aiohttp import web

from backend.control.context import context_of
from backend.control.replies import json_reply


async def greeting(request: web.Request) -> web.StreamResponse:
    """Say who is here."""
    context = context_of(request)
    return json_reply(context.greeting(context.gate.role(request)))
