"""The client by itself: versions, and errors of the wire back into the error tree."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from backend.api.client import ControlClient, speaks_our_version
from backend.api.failures import decode_error, error_of
from backend.api.wire import API_NEWEST, API_OLDEST, Action, ErrorBody, Greeting
from backend.model.errors import (
    ApiVersionError,
    CountChangedError,
    DiskFullError,
    DsyncError,
    NotReachedError,
    RefusedError,
    UsageError,
)
from tests.support.control import talking
from tests.support.engine import FakeEngine


def _greeting(oldest: int, newest: int) -> Greeting:
    return Greeting(oldest, newest, "9", "n", "id", "e", 0, "operator", False, 0)


def test_versions_must_overlap() -> None:
    assert speaks_our_version(_greeting(API_OLDEST, API_NEWEST))
    assert speaks_our_version(_greeting(API_NEWEST, API_NEWEST + 3))
    assert not speaks_our_version(_greeting(API_NEWEST + 1, API_NEWEST + 3))
    assert not speaks_our_version(_greeting(API_OLDEST - 2, API_OLDEST - 1))


@pytest.mark.parametrize(
    "error",
    [
        UsageError(what="x"),
        RefusedError(what="x", why="y"),
        CountChangedError(expected=1, found=2),
        DiskFullError(path="/a", needed_bytes=1, free_bytes=0),
        DsyncError(),
    ],
    ids=lambda error: error.code,
)
def test_an_error_comes_back_as_itself(error: DsyncError) -> None:
    found = error_of(ErrorBody(error.code, dict(error.params), "text"))
    assert type(found) is type(error)
    assert found.params == error.params


def test_an_unknown_code_is_a_refusal_in_the_daemons_words() -> None:
    found = error_of(ErrorBody("from-the-future", {"a": "b"}, "the moon is full"))
    assert type(found) is RefusedError
    assert found.params["what"] == "the moon is full"


def test_an_answer_without_an_error_body_is_no_daemons() -> None:
    assert isinstance(decode_error(b"<html>", "/run/x", 502), NotReachedError)
    body = msgspec.json.encode(ErrorBody("read-only", {"user": "eve"}, "no"))
    assert decode_error(body, "/run/x", 403).code == "read-only"


async def test_with_another_version_only_stop_acts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.control.context.API_OLDEST", API_NEWEST + 1)
    monkeypatch.setattr("backend.control.context.API_NEWEST", API_NEWEST + 2)
    engine = FakeEngine()

    async def nothing() -> AsyncIterator[bytes]:
        yield b""

    async with talking(engine, tmp_path) as client:
        assert (await client.status()).node == "node-0"
        with pytest.raises(ApiVersionError) as caught:
            await client.act(Action(key="1", verb="sync"))
        with pytest.raises(ApiVersionError):
            await client.upload("a.tar", nothing(), 0)
        async for event in client.stream():
            assert isinstance(event, Greeting)
            assert event.role == "reader"
            break
        await client.act(Action(key="2", verb="stop"))
        await engine.stop_event.wait()
    assert caught.value.params == {"ours": "1", "theirs": "2-3"}
    assert (engine.acts, engine.files, engine.stopped) == ([], {}, ["now"])


async def test_a_client_that_was_never_used_closes() -> None:
    async with ControlClient(Path("/nonexistent")) as client:
        pass
    assert (client._session, client._opening, client._frames) == (None, None, None)
