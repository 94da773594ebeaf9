"""The stream over a real Unix socket: snapshots, deltas, beats, slow readers, a daemon that goes and comes."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest

from backend.api.client import ControlClient, Lost, StreamEvent, new_key
from backend.api.wire import Action, Beat, Delta, Greeting, JobResult, Snapshot
from backend.control.facts import Pace
from backend.model.delivery import Failed, Ready, Transferring
from backend.model.errors import Problem
from backend.model.events import Level, Note
from tests.support.control import QUICK, client_of, serving, settings_in, talking
from tests.support.engine import NOW, FakeEngine, entry_of, node_id

T = TypeVar("T")
WITHIN_S = 30.0


@asynccontextmanager
async def _following(client: ControlClient, hz: float | None = None) -> AsyncIterator[AsyncIterator[StreamEvent]]:
    async with aclosing(client.stream(hz)) as stream:
        yield stream


async def _next(stream: AsyncIterator[StreamEvent], kind: type[T]) -> T:
    """The next event of ``kind``; beats in between are passed over."""
    async with asyncio.timeout(WITHIN_S):
        async for event in stream:
            if isinstance(event, kind):
                return event
            assert isinstance(event, Beat), event
    raise AssertionError("the stream ended")


async def test_a_greeting_a_snapshot_then_deltas(tmp_path: Path) -> None:
    engine = FakeEngine(nodes=2)
    entry = engine.add(entry_of(0))
    async with talking(engine, tmp_path) as client, _following(client) as stream:
        greeting = await _next(stream, Greeting)
        assert (greeting.role, greeting.node) == ("operator", "node-0")
        assert (await _next(stream, Snapshot)).cells == ["oo"]
        engine.set(1, entry, Failed(Problem("paused")))
        delta = await _next(stream, Delta)
        assert delta.cells == [(entry.digest, node_id(1), "X")]
        assert delta.details[0].error is not None
        assert (await client.greeting()).consoles == 1
        assert engine.consoles == [1]


async def test_silence_is_filled_with_beats(tmp_path: Path) -> None:
    engine = FakeEngine()
    async with talking(engine, tmp_path) as client, _following(client) as stream:
        await _next(stream, Greeting)
        snapshot = await _next(stream, Snapshot)
        for _ in range(3):
            assert (await _next(stream, Beat)).sequence == snapshot.sequence


async def test_many_changes_travel_in_few_frames(tmp_path: Path) -> None:
    engine = FakeEngine(nodes=2)
    entry = engine.add(entry_of(0))
    engine.set(1, entry, Transferring(node_id(0)))
    async with talking(engine, tmp_path) as client, _following(client, hz=10) as stream:
        await _next(stream, Greeting)
        await _next(stream, Snapshot)
        began = asyncio.get_running_loop().time()
        for done_bytes in range(0, 1000, 5):
            engine.progress(1, entry, done_bytes)
            if done_bytes % 100 == 0:
                await asyncio.sleep(0.01)
        frames = 0
        while True:
            delta = await _next(stream, Delta)
            frames += 1
            if delta.details[0].progress == 0.995:
                break
        took_s = asyncio.get_running_loop().time() - began
    assert frames <= 2 + took_s * 10


async def test_a_slow_line_still_beats(tmp_path: Path) -> None:
    engine = FakeEngine(nodes=2)
    entry = engine.add(entry_of(0))
    async with talking(engine, tmp_path) as client, _following(client, hz=0.2) as stream:
        await _next(stream, Greeting)
        snapshot = await _next(stream, Snapshot)
        engine.set(1, entry, Ready())
        # The change waits for the next frame, seconds away; a beat must not claim that it was told.
        assert (await _next(stream, Beat)).sequence == snapshot.sequence


async def test_results_of_actions_come_on_the_stream(tmp_path: Path) -> None:
    engine = FakeEngine(nodes=2)
    async with talking(engine, tmp_path) as client, _following(client) as stream:
        await _next(stream, Greeting)
        await _next(stream, Snapshot)
        job = await client.act(Action(key=new_key(), verb="pause"))
        await _next(stream, Delta)
        result = await _next(stream, JobResult)
    assert (result.job, result.ok, result.verb) == (job, True, "pause")


async def test_a_broken_connection_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine(nodes=3)
    entry = engine.add(entry_of(0))
    async with talking(engine, tmp_path) as client, _following(client) as stream:
        await _next(stream, Greeting)
        await _next(stream, Snapshot)
        engine.set(1, entry, Ready())
        await _next(stream, Delta)
        assert client._frames is not None
        client._frames.close()
        lost = await _next(stream, Lost)
        engine.set(2, entry, Ready())
        await _next(stream, Greeting)
        delta = await _next(stream, Delta)
    assert lost.tries == 1
    assert lost.retry_in_s <= 0.5
    assert delta.cells == [(entry.digest, node_id(2), ".")]


async def test_a_restarted_daemon_is_found_again_and_sends_everything_anew(tmp_path: Path) -> None:
    engine = FakeEngine(nodes=2)
    engine.add(entry_of(0))
    async with client_of(tmp_path) as client, _following(client) as stream:
        assert (await _next(stream, Lost)).since == 0.0
        async with serving(engine, tmp_path):
            while not isinstance(event := await anext(stream), Greeting):
                assert isinstance(event, Lost)
            await _next(stream, Snapshot)
        lost = await _next(stream, Lost)
        assert lost.since > 0
        again = FakeEngine(nodes=2)
        again.add(entry_of(1))
        async with serving(again, tmp_path, epoch="e2"):
            while not isinstance(event := await anext(stream), Greeting):
                assert isinstance(event, Lost)
            assert event.epoch == "e2"
            assert [row.name for row in (await _next(stream, Snapshot)).archives] == ["app-1.tar"]


async def test_a_silent_daemon_counts_as_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.api.client.SILENCE_S", 0.05)
    mute = Pace(beat_s=60.0, last_words_s=0.1)
    async with talking(FakeEngine(), tmp_path, mute) as client, _following(client) as stream:
        await _next(stream, Greeting)
        await _next(stream, Snapshot)
        assert (await _next(stream, Lost)).reason == "silent"


async def test_a_reader_sees_and_may_not_act(tmp_path: Path) -> None:
    async with (
        talking(FakeEngine(), tmp_path, read_only=True) as client,
        _following(client) as stream,
    ):
        assert (await _next(stream, Greeting)).role == "reader"
        await _next(stream, Snapshot)


@asynccontextmanager
async def _deaf_reader(directory: Path) -> AsyncIterator[asyncio.StreamReader]:
    """A console that attaches and then reads nothing."""
    reader, writer = await asyncio.open_unix_connection(settings_in(directory).control_socket, limit=1024)
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    writer.write(
        f"GET /v1/stream HTTP/1.1\r\nHost: d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    await writer.drain()
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    try:
        yield reader
    finally:
        writer.close()


@asynccontextmanager
async def _deaf_and_hearing(
    engine: FakeEngine, directory: Path, pace: Pace
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Two readers, one of them deaf. What is given lets much happen, and waits until the other has heard of it."""
    entry = engine.add(entry_of(0))
    line = Note(NOW, Level.INFO, "ready", {"name": "x" * 900})
    async with (
        talking(engine, directory, pace) as client,
        _following(client) as stream,
        _deaf_reader(directory),
    ):
        await _next(stream, Greeting)
        await _next(stream, Snapshot)
        await _attached(engine, 2)

        async def turn() -> None:
            for _ in range(20):
                engine.note(line)
            engine.set(1, entry, Ready())
            await _next(stream, Delta)

        yield turn


async def test_a_reader_that_takes_nothing_costs_nobody(tmp_path: Path) -> None:
    engine = FakeEngine(nodes=2)
    # Whoever waited for the deaf one would wait for longer than ``_next`` does.
    async with _deaf_and_hearing(engine, tmp_path, replace(QUICK, stuck_s=10 * WITHIN_S)) as turn:
        # More than a megabyte: no socket holds that.
        for _ in range(60):
            await turn()
        assert engine.consoles[-1] == 2


async def test_a_reader_that_takes_nothing_is_closed(tmp_path: Path) -> None:
    engine = FakeEngine(nodes=2)
    async with _deaf_and_hearing(engine, tmp_path, QUICK) as turn, asyncio.timeout(WITHIN_S):
        while engine.consoles[-1] != 1:
            await turn()


async def _attached(engine: FakeEngine, count: int) -> None:
    deadline = asyncio.get_running_loop().time() + WITHIN_S
    while not engine.consoles or engine.consoles[-1] != count:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.005)


async def test_chatter_of_a_reader_is_ignored_and_a_flood_closes_it(tmp_path: Path) -> None:
    engine = FakeEngine()
    connector = aiohttp.UnixConnector(path=str(settings_in(tmp_path).control_socket))
    async with (
        talking(engine, tmp_path) as client,
        _following(client) as stream,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        await _next(stream, Greeting)
        socket = await session.ws_connect("http://dsync/v1/stream")
        await _attached(engine, 2)
        await socket.send_str("[@click=app.quit]")
        await socket.send_bytes(os.urandom(100))
        await socket.send_str("x" * 10_000)
        await _attached(engine, 1)
        await socket.close()


async def test_an_unheld_connection_leaves_no_console_behind(tmp_path: Path) -> None:
    engine = FakeEngine()
    async with serving(engine, tmp_path):
        for _ in range(3):
            async with client_of(tmp_path) as client, _following(client) as stream:
                await _next(stream, Greeting)
        await _attached(engine, 0)
    assert max(engine.consoles) == 1
