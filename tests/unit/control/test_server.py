"""The control API over a real Unix socket: every route, roles, malformed input, files, jobs."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import msgspec
import pytest

from backend.api.client import new_key
from backend.api.wire import Action, ErrorBody, JobResult, Verb
from backend.control.credentials import Peer
from backend.engine.touched import Touched
from backend.model.delivery import Failed, Ready, Waiting
from backend.model.errors import (
    ArchiveUnknownError,
    CountChangedError,
    DiskFullError,
    DsyncError,
    JobUnknownError,
    KeyReusedError,
    NodeUnknownError,
    NotAnImageError,
    NotReachedError,
    ReadOnlyError,
    RefusedError,
    RuntimeSickError,
    UsageError,
)
from backend.model.ids import JobId
from backend.model.messages import CommandResult
from tests.support.control import client_of, serving, settings_in, talking
from tests.support.engine import NOW, FakeEngine, entry_of, node_id

SICK = RuntimeSickError(runtime="docker 28.2", detail="no answer").problem()


def _action(verb: Verb, **fields: object) -> Action:
    return msgspec.convert({"key": new_key(), "verb": verb, **fields}, Action)


async def _chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def _fleet() -> FakeEngine:
    engine = FakeEngine(nodes=3)
    entry = engine.add(entry_of(0, name="app.tar", tags=("docker.io/library/app:1",)))
    engine.set(0, entry, Ready(), stored=True)
    engine.set(1, entry, Failed(SICK))
    engine.set(2, entry, Waiting(NOW, SICK))
    engine.reject("bad.tar", NotAnImageError(name="bad.tar", detail="").problem())
    return engine


# --- reading --------------------------------------------------------------------------------------------------------


async def test_greeting(tmp_path: Path) -> None:
    async with talking(FakeEngine(), tmp_path) as client:
        greeting = await client.greeting()
    assert (greeting.node, greeting.node_id, greeting.version) == ("node-0", node_id(0), "1.2.3")
    assert (greeting.epoch, greeting.role, greeting.beneath, greeting.consoles) == ("e1", "operator", False, 0)


async def test_status_of_all_of_one_and_of_a_rejected_file(tmp_path: Path) -> None:
    async with talking(_fleet(), tmp_path) as client:
        everything = await client.status()
        full = await client.status(full=True)
        one = await client.status("app:1")
        refused = await client.status("bad.tar")
        with pytest.raises(ArchiveUnknownError):
            await client.status("nothing.tar")
    assert [archive.name for archive in everything.archives] == ["app.tar", "bad.tar"]
    assert [d.node for d in everything.archives[0].deliveries] == ["node-1", "node-2"]
    assert [d.node for d in full.archives[0].deliveries] == ["node-0", "node-1", "node-2"]
    assert [archive.name for archive in one.archives] == ["app.tar"]
    assert [archive.state for archive in refused.archives] == ["rejected"]
    assert [node.name for node in everything.nodes] == ["node-0", "node-1", "node-2"]
    assert (everything.node, everything.version) == ("node-0", "1.2.3")


async def test_status_without_anything_is_still_a_document(tmp_path: Path) -> None:
    async with talking(FakeEngine(nodes=1), tmp_path) as client:
        content = b"".join([part async for part in client.status_json()])
    assert json.loads(content)["archives"] == []


async def test_health_here_elsewhere_and_out_of_reach(tmp_path: Path) -> None:
    engine = FakeEngine()
    engine.away = {node_id(2)}
    async with talking(engine, tmp_path) as client:
        assert (await client.health()).ok
        engine.sick_checks = True
        here = await client.health("node-0")
        there = await client.health("node-1")
        with pytest.raises(RefusedError):
            await client.health("node-2")
        with pytest.raises(NodeUnknownError):
            await client.health("node-9")
    assert (here.node, here.ok, len(here.checks)) == ("node-0", False, 6)
    assert there.node == "node-1"
    disk = here.checks[-1]
    assert (disk.name, disk.ok, disk.error) == ("disk", False, "disk full at /store: 1 B needed, 0 B free")
    assert disk.remedy is not None


async def test_a_deliverys_story(tmp_path: Path) -> None:
    engine = _fleet()
    engine.add(entry_of(1, nodes=(node_id(1),)))
    engine.away.add(node_id(2))
    async with talking(engine, tmp_path) as client:
        own = await client.delivery("app:1", "node-0")
        other = await client.delivery("app:1", "node-1")
        away = await client.delivery("app:1", "node-2")
        with pytest.raises(RefusedError, match=r"app-1\.tar is not meant for node-2"):
            await client.delivery("app-1.tar", "node-2")
    assert [(attempt.number, attempt.source) for attempt in own.attempts] == [(1, "node-1")]
    assert [(attempt.number, attempt.source) for attempt in other.attempts] == [(2, "node-0")]
    assert (other.attempts_known, other.delivery.state, other.archive) == (True, "failed", "app.tar")
    assert (away.attempts, away.attempts_known) == ([], False)


async def test_settings_with_their_origins(tmp_path: Path) -> None:
    async with talking(FakeEngine(), tmp_path) as client:
        lines = {line.key: line for line in (await client.settings()).settings}
    assert lines["node.name"].value == '"node-0"'
    assert lines["node.name"].origin.startswith("test.toml:")
    assert lines["limits.serve"].origin == "default"


# --- acting ---------------------------------------------------------------------------------------------------------


async def test_fleet_verbs_mean_every_node_and_others_this_one(tmp_path: Path) -> None:
    engine = _fleet()
    async with talking(engine, tmp_path) as client:
        for verb in ("sync", "retry", "cancel", "load", "pause", "resume"):
            await client.perform(_action(verb))
    nodes = {verb: chosen for _, verb, _, chosen, _, _, _ in engine.acts}
    everyone = (node_id(0), node_id(1), node_id(2))
    assert nodes == dict.fromkeys(("sync", "retry", "cancel"), everyone) | dict.fromkeys(
        ("load", "pause", "resume"), (node_id(0),)
    )


async def test_a_result_sums_up_what_each_node_did(tmp_path: Path) -> None:
    engine = _fleet()
    engine.away = {node_id(2)}
    async with talking(engine, tmp_path) as client:
        result = await client.perform(_action("retry", archives=["app:1"]))
    assert [(node.node, node.outcome, node.count) for node in result.nodes] == [
        ("node-0", "done", 0),
        ("node-1", "done", 1),
        ("node-2", "unreachable", 0),
    ]
    assert not result.ok
    assert result.message == "retry: 1 touched; 2 of 3 nodes done; out of reach: node-2"
    assert engine.acts[0][2] == (entry_of(0).digest,)


async def test_who_does_not_answer_in_time_counts_as_unreachable(tmp_path: Path) -> None:
    engine = _fleet()
    engine.silent = {node_id(1)}
    async with talking(engine, tmp_path) as client:
        job = await client.act(_action("sync"))
        assert await client.job(job) is None
        result = await client.finished(job)
    assert [(node.node, node.outcome) for node in result.nodes if node.outcome != "done"] == [("node-1", "unreachable")]
    assert result.nodes[1].message == "node-1 does not answer"


async def test_a_key_does_its_action_once(tmp_path: Path) -> None:
    engine = _fleet()
    action = _action("sync", archives=["app:1"])
    async with talking(engine, tmp_path) as client:
        first, second = await asyncio.gather(client.act(action), client.act(action))
        await client.finished(first)
        assert await client.act(action) == first == second
        with pytest.raises(KeyReusedError):
            await client.act(msgspec.structs.replace(action, verb="cancel"))
    assert len(engine.acts) == 1


async def test_an_expected_count_is_checked_here_and_sent_along_node_by_node(tmp_path: Path) -> None:
    engine = _fleet()
    async with talking(engine, tmp_path) as client:
        with pytest.raises(CountChangedError) as caught:
            await client.act(_action("retry", expected=5))
        assert engine.acts == []
        assert (await client.perform(_action("retry", expected=2))).ok
    assert (caught.value.params["expected"], caught.value.params["found"]) == ("5", "2")
    assert [(nodes, expected) for _, _, _, nodes, expected, _, _ in engine.acts] == [
        ((node_id(0),), 0),
        ((node_id(1),), 1),
        ((node_id(2),), 1),
    ]


async def test_sync_of_named_archives_to_named_nodes_widens(tmp_path: Path) -> None:
    engine = _fleet()
    async with talking(engine, tmp_path) as client:
        await client.perform(_action("sync", archives=["app:1"], nodes=["node-2"]))
        await client.perform(_action("sync", archives=["app:1"]))
        await client.perform(_action("sync", nodes=["node-2"]))
        await client.perform(_action("retry", archives=["app:1"], nodes=["node-2"]))
    assert [(digest, nodes) for digest, nodes, _ in engine.widened] == [(entry_of(0).digest, (node_id(2),))]


async def test_limit_takes_a_rate_and_passes_on_bytes(tmp_path: Path) -> None:
    engine = FakeEngine()
    async with talking(engine, tmp_path) as client:
        await client.perform(_action("limit", argument="20MiB/s", nodes=["node-1"]))
        with pytest.raises(UsageError, match="fast is no rate"):
            await client.act(_action("limit", argument="fast"))
    assert [(verb, nodes, argument) for _, verb, _, nodes, _, _, argument in engine.acts] == [
        ("limit", (node_id(1),), str(20 * 1024 * 1024))
    ]


async def test_clean_lists_and_cleans_here_and_elsewhere(tmp_path: Path) -> None:
    engine = FakeEngine()
    async with talking(engine, tmp_path) as client:
        dry = await client.perform(_action("clean", argument="dry-run"))
        wet = await client.perform(_action("clean", nodes=["node-0", "node-1"]))
        again = await client.perform(_action("clean"))
        with pytest.raises(UsageError):
            await client.act(_action("clean", argument="everything"))
    assert (dry.ok, dry.lines, dry.nodes[0].count) == (True, ["5 app.tar.part"], 1)
    assert wet.lines == ["5 app.tar.part", "7 old.part"]
    assert again.lines == []


async def test_stop_answers_before_it_stops(tmp_path: Path) -> None:
    engine = FakeEngine()
    async with talking(engine, tmp_path) as client:
        result = await client.perform(_action("stop", argument="drain"))
        await asyncio.wait_for(engine.stop_event.wait(), 30)
        with pytest.raises(UsageError):
            await client.act(_action("stop", argument="keep"))
        with pytest.raises(UsageError):
            await client.act(_action("stop", nodes=["node-1"]))
    assert result.ok
    assert engine.stopped == ["drain"]


async def test_withdraw_is_of_named_archives_and_of_no_node(tmp_path: Path) -> None:
    engine = FakeEngine()
    entry = engine.add(entry_of(1, name="app.tar"))
    async with talking(engine, tmp_path) as client:
        result = await client.perform(_action("withdraw", archives=["app.tar"], argument="purge"))
        wrong: list[dict[str, object]] = [{"archives": None}, {"nodes": ["node-1"]}, {"argument": "everything"}]
        for fields in wrong:
            with pytest.raises(UsageError):
                await client.act(_action("withdraw", **{"archives": ["app.tar"], **fields}))
    assert result.message == "withdraw: 1 archives ended for the fleet"
    assert [(verb, digests, nodes, argument) for _, verb, digests, nodes, _, _, argument in engine.acts] == [
        ("withdraw", (entry.digest,), (node_id(0),), "purge")
    ]


@pytest.mark.parametrize("verb", ["clean", "limit", "pause", "stop"])
async def test_verbs_about_nodes_take_no_archives(tmp_path: Path, verb: Verb) -> None:
    async with talking(_fleet(), tmp_path) as client:
        with pytest.raises(UsageError, match="not archives"):
            await client.act(_action(verb, archives=["app:1"], argument="1MiB/s" if verb == "limit" else ""))


async def test_unknown_jobs(tmp_path: Path) -> None:
    async with talking(FakeEngine(), tmp_path) as client:
        with pytest.raises(JobUnknownError):
            await client.job("0123")


async def test_an_engine_that_refuses_ends_the_job_with_its_words(tmp_path: Path) -> None:
    engine = FakeEngine()

    async def full(dry_run: bool) -> list[str]:
        raise DiskFullError(path="/store", needed_bytes=1, free_bytes=0)

    engine.clean = full  # type: ignore[method-assign]
    async with talking(engine, tmp_path) as client:
        result = await client.perform(_action("clean"))
    assert (result.ok, result.nodes[0].outcome) == (False, "refused")
    assert result.message == "disk full at /store: 1 B needed, 0 B free"


async def test_an_engine_that_breaks_ends_the_job_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    engine = FakeEngine()

    async def broken(dry_run: bool) -> list[str]:
        raise ZeroDivisionError

    engine.clean = broken  # type: ignore[method-assign]
    async with talking(engine, tmp_path) as client:
        result = await client.perform(_action("clean"))
    assert (result.ok, result.message) == (False, "an unexpected error")
    assert "ZeroDivisionError" in caplog.text


# --- files ----------------------------------------------------------------------------------------------------------


async def test_a_file_is_streamed_into_the_store(tmp_path: Path) -> None:
    engine = FakeEngine()
    part = b"x" * (1 << 20)
    async with talking(engine, tmp_path) as client:
        job = await client.upload("app.tar", _chunks(part, part, part), 3 << 20, ["node-1", "node-2"])
        result = await client.job(job)
    assert engine.files == {"app.tar": part * 3}
    assert engine.file_nodes["app.tar"] == (node_id(1), node_id(2))
    assert result is not None
    assert (result.ok, result.verb) == (True, "sync")
    assert result.message == "app.tar is in the store of node-0; it is published once it has been quiet"


async def test_without_targets_a_file_is_for_all(tmp_path: Path) -> None:
    engine = FakeEngine()
    async with talking(engine, tmp_path) as client:
        await client.upload("app.tar", _chunks(b""), 0)
    assert (engine.files, engine.file_nodes) == ({"app.tar": b""}, {"app.tar": None})


async def test_bad_names_and_targets_are_refused(tmp_path: Path) -> None:
    engine = FakeEngine()
    async with talking(engine, tmp_path) as client:
        with pytest.raises(UsageError):
            await client.upload("../app.tar", _chunks(b"x"), 1)
        with pytest.raises(NodeUnknownError):
            await client.upload("app.tar", _chunks(b"x"), 1, ["node-9"])
    assert engine.files == {}


async def test_a_full_disk_is_told_while_the_client_still_sends(tmp_path: Path) -> None:
    engine = FakeEngine()
    engine.room_bytes = 1 << 20
    part = b"x" * (1 << 20)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield part

    async with talking(engine, tmp_path) as client:
        with pytest.raises(DiskFullError) as caught:
            await client.upload("app.tar", endless(), 64 << 20)
    assert caught.value.params["free_bytes"] == str(1 << 20)
    assert engine.broken == ["app.tar"]


async def test_an_upload_that_breaks_off_leaves_nothing_and_tells_its_cause(tmp_path: Path) -> None:
    engine = FakeEngine()

    async def failing() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        raise UsageError(what="the file shrank")

    async with talking(engine, tmp_path) as client:
        with pytest.raises(UsageError, match="the file shrank"):
            await client.upload("app.tar", failing(), 1_000_000)
        await _until(lambda: engine.broken == ["app.tar"])
    assert engine.files == {}


@pytest.mark.parametrize("head", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
async def test_a_client_that_dies_in_the_middle_is_no_end_of_file(tmp_path: Path, head: str) -> None:
    engine = FakeEngine()
    async with serving(engine, tmp_path):
        _, writer = await asyncio.open_unix_connection(settings_in(tmp_path).control_socket)
        body = b"40\r\n" + b"x" * 64 + b"\r\n" if "chunked" in head else b"x" * 64
        writer.write(f"POST /v1/files?name=a.tar HTTP/1.1\r\nHost: d\r\n{head}\r\n\r\n".encode() + body)
        await writer.drain()
        await _until(lambda: engine.begun == ["a.tar"])
        writer.close()
        await _until(lambda: engine.broken == ["a.tar"])
    assert engine.files == {}


async def _until(condition: Callable[[], bool], within_s: float = 30.0) -> None:
    deadline = asyncio.get_running_loop().time() + within_s
    while not condition():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.005)


# --- roles and the audit log ----------------------------------------------------------------------------------------


async def test_readers_may_look_and_every_act_is_refused(tmp_path: Path) -> None:
    engine = _fleet()
    async with talking(engine, tmp_path, read_only=True) as client:
        assert (await client.greeting()).role == "reader"
        assert (await client.status()).archives
        with pytest.raises(ReadOnlyError):
            await client.act(_action("sync"))
        with pytest.raises(ReadOnlyError):
            await client.act(_action("stop"))
        with pytest.raises(ReadOnlyError):
            await client.upload("app.tar", _chunks(b"x"), 1)
    assert (engine.acts, engine.files, engine.stopped) == ([], {}, [])


async def test_a_stranger_by_uid_is_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = _fleet()
    monkeypatch.setattr("backend.control.gate.peer_of", lambda _: Peer(1, 65534, 65534))
    async with talking(engine, tmp_path) as client:
        assert (await client.greeting()).role == "reader"
        with pytest.raises(ReadOnlyError):
            await client.act(_action("sync"))
    assert engine.acts == []


async def test_each_command_goes_to_the_audit_log_as_plain_text(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "dsync.audit")
    engine = FakeEngine()
    engine.add(entry_of(0, name="a\n[red].tar"))
    async with talking(engine, tmp_path) as client:
        await client.perform(_action("sync", archives=["a\n[red].tar"], nodes=["node-1"]))
        await client.perform(_action("limit", argument="1MiB/s"))
        await client.upload("up.tar", _chunks(b"x"), 1)
    async with talking(engine, tmp_path, read_only=True) as client:
        with pytest.raises(ReadOnlyError):
            await client.act(_action("cancel"))
    told = [record.getMessage().partition("verb=")[2] for record in caplog.records if record.name == "dsync.audit"]
    assert told == [
        "sync selector=a\\n[red].tar on node-1",
        "limit selector=all (1MiB/s)",
        "sync selector=up.tar",
        "refused selector=POST /v1/actions",
    ]


# --- malformed input ------------------------------------------------------------------------------------------------


async def _raw(directory: Path, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, ErrorBody]:
    connector = aiohttp.UnixConnector(path=str(settings_in(directory).control_socket))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.request(method, f"http://dsync{path}", data=body or None, headers=headers) as response,
    ):
        return response.status, msgspec.json.decode(await response.read(), type=ErrorBody)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/actions", b"", 400),
        ("POST", "/v1/actions", b"{", 400),
        ("POST", "/v1/actions", b"[]", 400),
        ("POST", "/v1/actions", b'{"key":"k","verb":"explode"}', 400),
        ("POST", "/v1/actions", b'{"key":"k","verb":"publish"}', 400),
        ("POST", "/v1/actions", b'{"key":"k","verb":"sync","archives":[7]}', 400),
        ("POST", "/v1/actions", b'{"key":"k","verb":"sync","expected":"many"}', 400),
        ("POST", "/v1/actions", b"\xff\xfe", 400),
        ("POST", "/v1/actions", b'{"key":"","verb":"sync"}', 400),
        ("POST", "/v1/actions", b'{"key":"' + b"k" * 200 + b'","verb":"sync"}', 400),
        ("POST", "/v1/actions", b'{"key":"' + b"k" * (1 << 21) + b'","verb":"sync"}', 413),
        ("POST", "/v1/files", b"x", 400),
        ("GET", "/v1/files?name=x", b"", 405),
        ("PUT", "/v1/actions", b"{}", 405),
        ("DELETE", "/v1/status", b"", 405),
        ("GET", "/v1/status?full=yes", b"", 400),
        ("GET", "/v1/status?archive=none", b"", 409),
        ("GET", "/v1/delivery", b"", 400),
        ("GET", "/v1/jobs", b"", 400),
        ("GET", "/v1/jobs?id=1&wait=1e9", b"", 400),
        ("GET", "/v1/jobs?id=1&wait=nan", b"", 400),
        ("GET", "/v1/jobs?id=1", b"", 404),
        ("GET", "/v1/stream?hz=lots", b"", 400),
        ("GET", "/v1/stream?epoch=e1&since=x", b"", 400),
        ("GET", "/v1/stream", b"", 400),
        ("GET", "/v2/greeting", b"", 404),
        ("GET", "/", b"", 404),
        ("GET", "/v1/../etc/passwd", b"", 404),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_cannot_be_read_is_refused_with_a_body(
    tmp_path: Path, method: str, path: str, body: bytes, status: int
) -> None:
    async with serving(FakeEngine(), tmp_path):
        found, error = await _raw(tmp_path, method, path, body)
    assert found == status
    assert error.code
    assert error.message
    assert "Traceback" not in error.message


async def test_a_handler_that_breaks_answers_without_a_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = FakeEngine()

    async def broken() -> tuple[()]:
        raise ZeroDivisionError("secret detail")

    engine.checks = broken  # type: ignore[method-assign]
    async with talking(engine, tmp_path) as client:
        with pytest.raises(DsyncError) as caught:
            await client.health()
        status, error = await _raw(tmp_path, "GET", "/v1/health")
    assert caught.value.code == "internal"
    assert (status, error.code, error.params) == (500, "internal", {})
    assert "secret detail" in caplog.text


async def test_hostile_words_come_back_as_plain_text(tmp_path: Path) -> None:
    async with serving(FakeEngine(), tmp_path):
        _, error = await _raw(tmp_path, "GET", "/v1/status?archive=%1b%5b31m%e2%80%aex")
    assert "\x1b" not in error.message
    assert "\u202e" not in error.message
    assert error.params["name"] == "\\x1b[31m\\u202ex"


async def test_a_compressed_bomb_of_a_body_is_not_unpacked(tmp_path: Path) -> None:
    async with serving(FakeEngine(), tmp_path):
        headers = {"Content-Encoding": "gzip"}
        status, _ = await _raw(tmp_path, "POST", "/v1/actions", b"\x1f\x8b\x08" + b"\0" * 100, **headers)
    assert status == 400


async def test_nobody_there_is_told_as_such(tmp_path: Path) -> None:
    async with client_of(tmp_path) as client:
        with pytest.raises(NotReachedError) as caught:
            await client.greeting()
    assert caught.value.params["why"] == "No such file or directory"
    assert caught.value.params["socket"] == str(settings_in(tmp_path).control_socket)


async def test_another_program_on_the_socket_is_no_daemon(tmp_path: Path) -> None:
    path = settings_in(tmp_path).control_socket
    path.parent.mkdir(parents=True)

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        writer.close()

    async with await asyncio.start_unix_server(babble, path), client_of(tmp_path) as client:
        with pytest.raises(NotReachedError):
            await client.greeting()


async def test_results_reach_jobs_only_by_their_own_nodes(tmp_path: Path) -> None:
    engine = _fleet()
    engine.silent = {node_id(1), node_id(2)}
    async with talking(engine, tmp_path) as client:
        job = await client.act(_action("sync"))
        for stray in (f"{job}/{node_id(9)}", f"nobody/{node_id(1)}", job):
            engine.emit(_result(stray))
        engine.emit(_result(f"{job}/{node_id(1)}"))
        result = await client.finished(job)
    assert isinstance(result, JobResult)
    assert [node.outcome for node in result.nodes] == ["done", "done", "unreachable"]


def _result(job: str) -> Touched:
    return Touched(results=[CommandResult(JobId(job), "done", 1)])
