"""The reading end of the stream: everything that the standard allows is understood, and nothing else is swallowed."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from backend.api.client import ControlClient, Lost
from backend.api.frames import Frames, FramesError, Opening
from backend.api.wire import Greeting
from tests.support.control import client_of, serving, settings_in
from tests.support.engine import FakeEngine

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Opening], Awaitable[None]]


@asynccontextmanager
async def _opened(directory: Path, script: Script, target: str = "/v1/stream") -> AsyncIterator[Frames]:
    """A stream from a server that does what the script says once it has read the request."""
    path = directory / "s"
    ended = asyncio.Event()
    openings: list[Opening] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await script(reader, writer, openings[0])
        finally:
            writer.close()
            ended.set()

    async with await asyncio.start_unix_server(serve, path):
        opening = await Opening.ask(path, target, {"hz": "5"})
        openings.append(opening)
        frames = await asyncio.wait_for(Frames.open(opening), 30)
        try:
            yield frames
        finally:
            frames.close()
            await asyncio.wait_for(ended.wait(), 30)


def _accepting(opening: Opening) -> bytes:
    return b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: " + opening.accepted + b"\r\n\r\n"


def _frame(kind: int, content: bytes, final: bool = True) -> bytes:
    first = bytes((kind | (0x80 if final else 0),))
    if len(content) < 126:
        return first + bytes((len(content),)) + content
    if len(content) < 1 << 16:
        return first + b"\x7e" + struct.pack("!H", len(content)) + content
    return first + b"\x7f" + struct.pack("!Q", len(content)) + content


def _saying(*frames: bytes) -> Script:
    async def script(_: asyncio.StreamReader, writer: asyncio.StreamWriter, opening: Opening) -> None:
        writer.write(_accepting(opening) + b"".join(frames))
        await writer.drain()

    return script


@pytest.mark.parametrize("size_bytes", [0, 1, 125, 126, 65_535, 65_536, 1_500_000])
async def test_texts_of_any_length(tmp_path: Path, size_bytes: int) -> None:
    text = bytes(size_bytes % 250 + place % 2 for place in range(size_bytes))
    async with _opened(tmp_path, _saying(_frame(1, text), _frame(1, b"next"))) as frames:
        assert await frames.receive() == text
        assert await frames.receive() == b"next"
        assert await frames.receive() is None


async def test_a_text_in_pieces_with_a_ping_between_them(tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, opening: Opening) -> None:
        writer.write(_accepting(opening))
        writer.write(_frame(1, b"", False) + _frame(0, b"on", False) + _frame(9, b"there?") + _frame(0, b"ce"))
        first, second = await reader.readexactly(2)
        assert (first, second) == (0x80 | 10, 0x80 | 6)
        mask = await reader.readexactly(4)
        answer = await reader.readexactly(6)
        told = bytes(byte ^ mask[place % 4] for place, byte in enumerate(answer))
        writer.write(_frame(1, told))

    async with _opened(tmp_path, script) as frames:
        assert await frames.receive() == b"once"
        assert await frames.receive() == b"there?"


async def test_a_good_bye_is_returned(tmp_path: Path) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, opening: Opening) -> None:
        writer.write(_accepting(opening) + _frame(8, struct.pack("!H", 1001) + b"off"))
        first, second = await reader.readexactly(2)
        assert (first, second) == (0x80 | 8, 0x80 | 2)

    async with _opened(tmp_path, script) as frames:
        assert await frames.receive() is None


@pytest.mark.parametrize(
    "wrong",
    [
        b"\xc1\x01x",  # a compressed text
        b"\x81\x81\x00\x00\x00\x00x",  # a masked one
        b"\x83\x00",  # a kind that there isn't
        _frame(0, b"x"),  # a continuation of nothing
        _frame(1, b"x", False) + _frame(1, b"y"),  # another one within one
        b"\x81\x7f" + struct.pack("!Q", 1 << 40),  # one that fits into no memory
    ],
)
async def test_what_breaks_the_rules_is_refused(tmp_path: Path, wrong: bytes) -> None:
    async with _opened(tmp_path, _saying(wrong)) as frames:
        with pytest.raises(FramesError):
            await frames.receive()


@pytest.mark.parametrize("cut", [1, 2, 3, 20])
async def test_a_stream_that_breaks_off_ends(tmp_path: Path, cut: int) -> None:
    async with _opened(tmp_path, _saying(_frame(1, b"x" * 300)[:cut])) as frames:
        assert await frames.receive() is None


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\r\n\r\n",
        b"nothing that ends",
        b"x" * 200_000,
    ],
)
async def test_whoever_speaks_no_websocket_is_refused(tmp_path: Path, answer: bytes) -> None:
    async def script(_: asyncio.StreamReader, writer: asyncio.StreamWriter, opening: Opening) -> None:
        writer.write(answer)

    with pytest.raises(FramesError):
        async with _opened(tmp_path, script):
            pass


async def test_an_early_question_is_gone_on_with(tmp_path: Path) -> None:
    engine = FakeEngine()
    async with serving(engine, tmp_path), client_of(tmp_path) as client:
        client.ask_early(5)
        opening = client._opening
        assert opening is not None
        stream = client.stream(5)
        assert isinstance(await anext(stream), Greeting)
        assert opening.socket.fileno() >= 0
        await stream.aclose()
    assert max(engine.consoles) == 1


async def test_an_early_question_that_was_another_is_dropped(tmp_path: Path) -> None:
    engine = FakeEngine()
    async with serving(engine, tmp_path), client_of(tmp_path) as client:
        client.ask_early(5)
        opening = client._opening
        assert opening is not None
        stream = client.stream()
        assert isinstance(await anext(stream), Greeting)
        assert opening.socket.fileno() == -1
        await stream.aclose()


async def test_an_early_question_to_nobody_is_no_error(tmp_path: Path) -> None:
    async with ControlClient(tmp_path / "nobody") as client:
        client.ask_early(5)
        assert client._opening is None
        async with aclosing(client.stream(5)) as stream:
            assert isinstance(await anext(stream), Lost), "the stream tells it"


async def test_an_early_question_that_is_never_used_is_closed(tmp_path: Path) -> None:
    engine = FakeEngine()
    async with serving(engine, tmp_path):
        client = ControlClient(settings_in(tmp_path).control_socket)
        client.ask_early(5)
        await client.close()
        assert client._opening is None
