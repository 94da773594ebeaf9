"""POST /v1/files: an archive's bytes, streamed into the store."""

from aiohttp import web

from backend.api.wire import JobAccepted
from backend.control.context import context_of
from backend.control.replies import json_reply, required

CHUNK_BYTES = 1024 * 1024


async def take_file(request: web.Request) -> web.StreamResponse:
    """Take a file in; the daemon opens no path of a client's."""
    context = context_of(request)
    name = required(request, "name")
    to = request.query.getall("to", []) or None
    context.gate.audit(request, "sync", [name, *(["on", *to] if to else [])])
    job = await context.acting.take_file(name, request.content.iter_chunked(CHUNK_BYTES), to)
    return json_reply(JobAccepted(job), status=202)
