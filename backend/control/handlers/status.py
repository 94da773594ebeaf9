"""GET /v1/status: the public document, sent archive by archive, so that it is never whole in memory."""

import asyncio
import time
from collections.abc import AsyncIterator

import msgspec
from aiohttp import web

from backend.api.wire import StatusDocument
from backend.control.context import Context, context_of
from backend.control.projection.archives import in_order, rejected_in_order
from backend.control.projection.fleet import node_document, node_ids
from backend.control.projection.status import archive_document, columns, rejected_document
from backend.control.projection.times import iso_time
from backend.control.replies import flag
from backend.control.selection import archive_named, rejected_named
from backend.model.archive import CatalogEntry, RejectedFile
from backend.model.errors import ArchiveUnknownError

SLICE_S = 0.01
"""After so long the loop gets its turn: the document of a large fleet takes a second to write."""
_PART_BYTES = 64 * 1024


async def status(request: web.Request) -> web.StreamResponse:
    """Tell how the fleet stands."""
    context = context_of(request)
    full = flag(request, "full")
    entries, refused = _chosen(context, request.query.get("archive"))
    await context.glances.glance()
    parts = _parts(context, entries, refused, full)
    response = web.StreamResponse()
    response.content_type = "application/json"
    await response.prepare(request)
    try:
        await _write(response, parts)
    except Exception:
        # Too late for an ErrorBody: a document that ends in the middle must not look like a whole one.
        if request.transport is not None:
            request.transport.abort()
        raise
    return response


async def _write(response: web.StreamResponse, parts: AsyncIterator[bytes]) -> None:
    pending = bytearray()
    async for part in parts:
        pending += part
        if len(pending) >= _PART_BYTES:
            await response.write(bytes(pending))
            pending.clear()
    await response.write(bytes(pending))
    await response.write_eof()


def _chosen(context: Context, word: str | None) -> tuple[list[CatalogEntry], list[RejectedFile]]:
    state = context.face.state
    if word is None:
        return in_order(state), list(rejected_in_order(state))
    refused = rejected_named(state, word)
    try:
        return [archive_named(state, word)], refused
    except ArchiveUnknownError:
        if not refused:
            raise
        return [], refused


async def _parts(
    context: Context, entries: list[CatalogEntry], refused: list[RejectedFile], full: bool
) -> AsyncIterator[bytes]:
    """The document in pieces. Between two archives the state may move on; each archive is of one moment."""
    state, now = context.face.state, context.now()
    encode = msgspec.json.Encoder().encode
    empty = StatusDocument(
        node=state.name,
        version=context.facts.version,
        as_of=iso_time(now) or "",
        nodes=[node_document(state, node, context.own, now) for node in node_ids(state)],
        archives=[],
    )
    yield encode(empty).removesuffix(b"]}")
    comma, began, fleet = b"", time.monotonic(), columns(state)
    for entry in entries:
        if time.monotonic() - began > SLICE_S:
            await asyncio.sleep(0)
            began, fleet = time.monotonic(), columns(state)
        current = state.entries.get(entry.digest, entry)
        yield comma + encode(archive_document(state, current, fleet, full))
        comma = b","
    for file in refused:
        yield comma + encode(rejected_document(state, file))
        comma = b","
    yield b"]}"
