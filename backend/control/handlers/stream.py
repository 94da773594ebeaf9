"""GET /v1/stream: the WebSocket that consoles live on."""

import asyncio
import contextlib
from collections.abc import Sequence

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from backend.api.wire import Beat, StreamMessage
from backend.control.context import Context, context_of
from backend.control.hub import Reader
from backend.control.replies import number
from backend.model.errors import MalformedRequestError

_SLOWEST_HZ = 0.2
_GOODBYE_S = 1.0
"""How long a reader may take to answer that the stream ends."""
_INPUT_LIMIT_BYTES = 4096
"""Consoles say nothing here: what they want to do goes by POST."""


async def stream(request: web.Request) -> web.StreamResponse:
    """Greet, then tell what changes until the reader or the daemon goes."""
    context = context_of(request)
    frames_hz = number(request, "hz", context.pace.frames_hz, _SLOWEST_HZ, context.pace.frames_hz)
    since = _since(request, context)
    socket = web.WebSocketResponse(timeout=_GOODBYE_S, compress=False, max_msg_size=_INPUT_LIMIT_BYTES)
    await socket.prepare(request)
    reader = context.hub.join()
    listening = context.tasks.start(_listen(socket, reader), "stream-listener")
    sender = _Sender(request, socket, context)
    try:
        await sender.send([context.greeting(context.gate.role(request))])
        await _prepared(sender, reader, context)
        if since is not None:
            reader.resume(since)
        await _follow(sender, reader, context, frames_hz)
    except (TimeoutError, ConnectionError):
        # Stuck or gone: the buffers go with the connection.
        if request.transport is not None:
            request.transport.abort()
    finally:
        context.hub.leave(reader)
        listening.cancel()
        with contextlib.suppress(ConnectionError, RuntimeError):
            await socket.close(code=WSCloseCode.GOING_AWAY)
    return socket


def _since(request: web.Request, context: Context) -> int | None:
    if request.query.get("epoch") != context.facts.epoch:
        return None
    text = request.query.get("since", "")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise MalformedRequestError(detail="since must be a sequence number")
    return int(text)


async def _listen(socket: web.WebSocketResponse, reader: Reader) -> None:
    """See the reader close; whatever it says is nobody's."""
    try:
        async for _ in socket:
            pass
    finally:
        reader.ended.set()
        reader.news.set()


async def _prepared(sender: "_Sender", reader: Reader, context: Context) -> None:
    """Wait until the hub can tell of the fleet. Who hears nothing meanwhile would take this daemon for gone."""
    preparing = context.tasks.start(context.hub.prepare(), "stream-preparing")
    while not preparing.done():
        await asyncio.wait([preparing], timeout=context.pace.beat_s)
        if not preparing.done():
            await sender.send([Beat(sequence=reader.sequence, at=context.now())])
    await preparing


async def _follow(sender: "_Sender", reader: Reader, context: Context, frames_hz: float) -> None:
    loop = asyncio.get_running_loop()
    beat_at = next_frame_at = loop.time()
    while not reader.ended.is_set():
        now = loop.time()
        frames: list[StreamMessage] = [*reader.frames()] if now >= next_frame_at else []
        if frames:
            next_frame_at = now + 1.0 / frames_hz
        elif now >= beat_at:
            frames = [Beat(sequence=reader.sequence, at=context.now())]
        if frames:
            await sender.send(frames)
            beat_at = now + context.pace.beat_s
        # What happens before the next frame is due travels together in it.
        paced = now < next_frame_at
        until = min(beat_at, next_frame_at) if paced else beat_at
        await _wait(reader.ended if paced else reader.news, until - loop.time())


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    if timeout_s <= 0:
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()


class _Sender:
    """Sends frames; a reader that takes nothing for ``stuck_s`` raises TimeoutError."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse, context: Context) -> None:
        self._request = request
        self._socket = socket
        self._stuck_s = context.pace.stuck_s
        self._encoder = msgspec.json.Encoder()

    async def send(self, frames: Sequence[StreamMessage]) -> None:
        async with asyncio.timeout(self._stuck_s):
            for frame in frames:
                await self._socket.send_frame(self._encoder.encode(frame), WSMsgType.TEXT)
