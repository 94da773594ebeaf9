"""GET /v1/jobs: how an action ended."""

from aiohttp import web

from backend.control.context import context_of
from backend.control.replies import json_reply, number, required

LONGEST_WAIT_S = 30.0


async def job(request: web.Request) -> web.StreamResponse:
    """Answer with the result, or 204 while there is none."""
    wait_s = number(request, "wait", 0.0, 0.0, LONGEST_WAIT_S)
    result = await context_of(request).jobs.result(required(request, "id"), wait_s)
    return web.Response(status=204) if result is None else json_reply(result)
