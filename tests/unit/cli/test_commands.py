"""Commands against a server on a real Unix socket: answers, exit codes, JSON and nothing else on stdout."""

import asyncio
import errno
import json
import os
import socket
from pathlib import Path

import pytest

from backend.model.delivery import Failed, Ready, Transferring
from backend.model.errors import NotAnImageError, RuntimeSickError
from backend.texts.errors import ERRORS
from dsync_tui import exit_codes
from tests.support.command_line import CommandLine
from tests.support.control import serving, settings_in
from tests.support.engine import FakeEngine, entry_of, node_id

SICK = RuntimeSickError(runtime="docker 28.2", detail="no answer").problem()


@pytest.fixture
def call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, capsys)


def _fleet() -> FakeEngine:
    engine = FakeEngine(nodes=3)
    entry = engine.add(entry_of(0, name="app.tar", tags=("docker.io/library/app:1",), size_bytes=2048))
    for number in range(3):
        engine.set(number, entry, Ready(), stored=True)
    return engine


# --- status ---------------------------------------------------------------------------------------------------------


async def test_status_of_a_fleet_that_is_well(tmp_path: Path, call: CommandLine) -> None:
    async with serving(_fleet(), tmp_path):
        called = await call("status")
    assert called.code == exit_codes.DONE
    assert called.err == ""
    assert called.out.splitlines() == [
        "node-0: nodes: 3, archives: 1, deliveries: 3 ready",
        "",
        "ARCHIVE          FINGERPRINT   SIZE     STATE   DELIVERIES",
        "app.tar (app:1)  000000ffffff  2.0 KiB  active  3 ready",
        "",
        "all deliveries have ended well",
    ]


async def test_status_names_what_is_wrong_and_what_to_do(tmp_path: Path, call: CommandLine) -> None:
    engine = _fleet()
    entry = next(iter(engine.state.entries.values()))
    engine.set(1, entry, Failed(SICK))
    engine.set(2, entry, Transferring(node_id(0)))
    engine.progress(2, entry, 512)
    engine.reject("bad.tar", NotAnImageError(name="bad.tar", detail="").problem())
    async with serving(engine, tmp_path):
        called = await call("status")
    assert called.code == exit_codes.NOT_WELL
    assert (
        "app:1    node-1  failed        -     the runtime docker 28.2 does not answer: no answer; try: " in called.out
    )
    assert "app:1    node-2  transferring  25%" in called.out
    assert called.out.splitlines()[-2] == "rejected: bad.tar holds no container image"
    assert called.out.splitlines()[-1].startswith("  try: remove it from the store")
    assert "all deliveries have ended well" not in called.out


async def test_what_moves_is_not_unwell(tmp_path: Path, call: CommandLine) -> None:
    engine = _fleet()
    engine.set(2, next(iter(engine.state.entries.values())), Transferring(node_id(0)))
    async with serving(engine, tmp_path):
        assert (await call("status")).code == exit_codes.DONE


async def test_status_of_an_empty_fleet_says_what_to_do_next(tmp_path: Path, call: CommandLine) -> None:
    async with serving(FakeEngine(), tmp_path):
        called = await call("status")
    assert called.code == exit_codes.DONE
    assert f"dsync-tui --config {tmp_path}/dsync.toml sync FILE" in called.out


async def test_full_status_lists_the_well_ones_too(tmp_path: Path, call: CommandLine) -> None:
    async with serving(_fleet(), tmp_path):
        called = await call("status", "app:1", "--full")
    assert called.out.count("ready") == 5


@pytest.mark.parametrize("full", [False, True])
async def test_status_as_json_is_one_document_and_nothing_else(tmp_path: Path, call: CommandLine, full: bool) -> None:
    engine = _fleet()
    engine.set(1, next(iter(engine.state.entries.values())), Failed(SICK))
    async with serving(engine, tmp_path):
        called = await call("status", "--json", *(["--full"] if full else []))
    document = json.loads(called.out)
    assert called.code == exit_codes.NOT_WELL
    assert called.err == ""
    assert [row["node"] for row in document["archives"][0]["deliveries"]] == (
        ["node-0", "node-1", "node-2"] if full else ["node-1"]
    )


async def test_an_unknown_archive_is_refused_with_what_there_is(tmp_path: Path, call: CommandLine) -> None:
    async with serving(_fleet(), tmp_path):
        called = await call("status", "app", "--json")
    assert (called.code, called.out) == (exit_codes.REFUSED, "")
    assert called.err.startswith(
        "dsync-tui: no archive goes by app; did you mean app.tar, app:1?\n"
        f"  try: dsync-tui --config {tmp_path}/dsync.toml status"
    )


async def test_hostile_names_are_shown_as_plain_text(tmp_path: Path, call: CommandLine) -> None:
    engine = FakeEngine()
    engine.add(entry_of(0, name="\x1b[31m[red]\u202etar.\n.tar"))
    async with serving(engine, tmp_path):
        called = await call("status")
    assert "\x1b" not in called.out
    assert "\u202e" not in called.out
    assert "\\x1b[31m[red]\\u202etar.\\n.tar" in called.out


# --- acting ---------------------------------------------------------------------------------------------------------


async def test_a_file_is_sent_to_the_nodes_that_are_named(tmp_path: Path, call: CommandLine) -> None:
    engine = FakeEngine()
    path = tmp_path / "app.tar"
    path.write_bytes(b"x" * 3_000_000)
    async with serving(engine, tmp_path):
        called = await call("sync", str(path), "--to", "node-1", "--to", "node-2", "--no-wait")
    assert (called.code, called.err) == (exit_codes.DONE, "")
    assert called.out == "app.tar is in the store of node-0; it is published once it has been quiet\n"
    assert engine.files == {"app.tar": b"x" * 3_000_000}
    assert engine.file_nodes["app.tar"] == (node_id(1), node_id(2))


async def test_what_is_no_file_is_an_archive(tmp_path: Path, call: CommandLine) -> None:
    engine = _fleet()
    async with serving(engine, tmp_path):
        called = await call("sync", "app:1", "--to", "node-2", "--json")
        unknown = await call("sync", "nothing.tar")
    assert called.code == exit_codes.DONE
    assert json.loads(called.out)["verb"] == "sync"
    assert engine.widened[0][1] == (node_id(2),)
    assert unknown.code == exit_codes.REFUSED
    assert unknown.err.startswith("there is no file nothing.tar here either\ndsync-tui: no archive goes by nothing.tar")


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
async def test_what_is_no_regular_file_is_not_sent(tmp_path: Path, call: CommandLine, kind: str) -> None:
    path = tmp_path / "thing"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/null")
    async with serving(FakeEngine(), tmp_path):
        called = await call("sync", str(path))
    assert (called.code, called.out) == (exit_codes.USAGE, "")
    assert f"{path} is no regular file" in called.err


async def test_retry_needs_to_know_what(tmp_path: Path, call: CommandLine) -> None:
    engine = _fleet()
    async with serving(engine, tmp_path):
        nothing = await call("retry")
        everything = await call("retry", "--all")
        one = await call("retry", "app:1", "--node", "node-1")
    assert (nothing.code, nothing.out) == (exit_codes.USAGE, "")
    assert "retry needs an ARCHIVE, --node NODE or --all" in nothing.err
    assert (everything.code, everything.out) == (
        exit_codes.DONE,
        "retry: 0 touched; 3 of 3 nodes done: nothing there waits, failed or was cancelled\n",
    )
    assert one.code == exit_codes.DONE
    assert [nodes for _, _, _, nodes, _, _, _ in engine.acts] == [
        (node_id(0), node_id(1), node_id(2)),
        (node_id(1),),
    ]


async def test_nodes_out_of_reach_are_named(tmp_path: Path, call: CommandLine) -> None:
    engine = _fleet()
    engine.away = {node_id(2)}
    async with serving(engine, tmp_path):
        called = await call("cancel", "app:1")
    assert called.code == exit_codes.NOT_WELL
    assert "out of reach: node-2" in called.out
    assert called.err.startswith("node-2: unreachable")


async def test_load_limit_and_unknown_nodes(tmp_path: Path, call: CommandLine) -> None:
    engine = _fleet()
    async with serving(engine, tmp_path):
        assert (await call("load", "app:1", "--node", "node-1")).code == exit_codes.DONE
        assert (await call("limit", "20MiB/s")).code == exit_codes.DONE
        wrong = await call("limit", "fast")
        nobody = await call("limit", "0", "--node", "node-9")
    assert (wrong.code, nobody.code) == (exit_codes.USAGE, exit_codes.REFUSED)
    assert "no node goes by node-9; there is: node-0, node-1, node-2" in nobody.err
    assert [(verb, nodes, argument) for _, verb, _, nodes, _, _, argument in engine.acts] == [
        ("load", (node_id(1),), ""),
        ("limit", (node_id(0),), str(20 << 20)),
    ]


async def test_clean_lists_first_and_then_has_nothing_left(tmp_path: Path, call: CommandLine) -> None:
    engine = FakeEngine()
    async with serving(engine, tmp_path):
        dry = await call("clean", "--dry-run")
        wet = await call("clean")
        again = await call("clean")
    assert dry.out == "5 app.tar.part\nclean: 1 found; 1 of 1 nodes done\n"
    assert wet.out.startswith("5 app.tar.part\n")
    assert again.out == "nothing to clean\n"


async def test_withdraw_is_done_once_for_the_fleet(tmp_path: Path, call: CommandLine) -> None:
    engine = _fleet()
    async with serving(engine, tmp_path):
        plain = await call("withdraw", "app.tar")
        purging = await call("withdraw", "app.tar", "--purge", "--json")
    assert (plain.code, plain.out) == (exit_codes.DONE, "withdraw: 1 archives ended for the fleet\n")
    assert purging.code == exit_codes.DONE
    assert [(verb, nodes, argument) for _, verb, _, nodes, _, _, argument in engine.acts] == [
        ("withdraw", (node_id(0),), ""),
        ("withdraw", (node_id(0),), "purge"),
    ]


async def test_readers_are_refused(tmp_path: Path, call: CommandLine) -> None:
    engine = _fleet()
    async with serving(engine, tmp_path, read_only=True):
        called = await call("retry", "--all")
    assert called.code == exit_codes.REFUSED
    assert "may look at this daemon, not act" in called.err
    assert engine.acts == []


# --- health and nodes -----------------------------------------------------------------------------------------------


async def test_health_of_one_and_of_all(tmp_path: Path, call: CommandLine) -> None:
    engine = FakeEngine(nodes=2)
    async with serving(engine, tmp_path):
        good = await call("health")
        engine.away = {node_id(1)}
        everywhere = await call("health", "--all", "--json")
        away = await call("health", "--node", "node-1")
        unknown = await call("health", "--node", "node-7")
        engine.sick_checks = True
        bad = await call("health", "--node", "node-0")
        both = await call("health", "--all", "--node", "node-0")
    assert (good.code, good.out.splitlines()[0]) == (exit_codes.DONE, "node-0: good")
    document = json.loads(everywhere.out)
    assert (everywhere.code, document["ok"]) == (exit_codes.NOT_WELL, False)
    assert [(node["node"], node["ok"]) for node in document["nodes"]] == [("node-0", True), ("node-1", False)]
    assert bad.code == exit_codes.NOT_WELL
    assert bad.out.splitlines()[0] == "node-0: 1 of 6 checks failed"
    assert "disk full at /store" in bad.out
    assert bad.out.splitlines()[-1].startswith("try: make room")
    assert both.code == exit_codes.USAGE
    assert (away.code, away.out.splitlines()[0]) == (exit_codes.NOT_WELL, "node-1: 1 of 1 checks failed")
    assert unknown.code == exit_codes.REFUSED


async def test_nodes_are_listed(tmp_path: Path, call: CommandLine) -> None:
    engine = FakeEngine(nodes=2)
    engine.state.peers[node_id(1)].up = False
    async with serving(engine, tmp_path):
        shown = await call("nodes", "list")
        document = json.loads((await call("nodes", "list", "--json")).out)
        short = await call("nodes")
        documents = [json.loads((await call("nodes", *words)).out) for words in (["--json"], ["--json", "list"])]
    assert short == shown
    assert documents == [document, document]
    assert shown.code == exit_codes.DONE
    assert shown.out.splitlines()[2].split()[:3] == ["node-1", "down", "127.0.0.1:8731"]
    assert [node["state"] for node in document["nodes"]] == ["up", "down"]


async def test_status_names_nodes_that_are_down(tmp_path: Path, call: CommandLine) -> None:
    engine = FakeEngine(nodes=15)
    for number in range(1, 15):
        engine.state.peers[node_id(number)].up = False
    async with serving(engine, tmp_path):
        called = await call("status")
    down, remedy = called.out.splitlines()[1:3]
    assert down.startswith("down: node-1 (2027-01-15T08:00:00Z), ")
    assert down.endswith(" and 4 more")
    assert f"try: dsync-tui --config {tmp_path}/dsync.toml health" in remedy


# --- without a daemon -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("status", "--json"),
        ("health",),
        ("nodes", "list"),
        ("retry", "--all"),
        ("stop",),
        ("clean",),
        ("limit", "0"),
    ],
    ids=" ".join,
)
async def test_no_daemon_is_said_with_what_to_do(tmp_path: Path, call: CommandLine, words: tuple[str, ...]) -> None:
    called = await call(*words)
    assert (called.code, called.out) == (exit_codes.NOT_REACHED, "")
    first, second = called.err.splitlines()
    assert first.startswith("dsync-tui: no daemon answers on ")
    # Without the call's own --config that would be another daemon.
    assert second.startswith(f"  try: start one: dsync-tui --config {tmp_path}/dsync.toml --daemon")


async def test_a_daemon_that_is_stopped_is_named_soon(
    tmp_path: Path, call: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.api.client.GREETING_S", 0.05)
    path = settings_in(tmp_path).control_socket
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
        silent.bind(str(path))
        silent.listen()
        called = await call("stop")
    assert (called.code, called.out) == (exit_codes.NOT_REACHED, "")
    said, remedy = called.err.splitlines()
    assert said == f"dsync-tui: the daemon (process {os.getpid()}) that has {path} says nothing within 0.05 s"
    assert f"kill -9 {os.getpid()}" in remedy


async def test_who_may_not_use_the_socket_is_told_so(call: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(socket.socket, "connect", denied)
    monkeypatch.setattr(asyncio.selector_events.BaseSelectorEventLoop, "sock_connect", denied)
    called = await call("status")
    assert called.code == exit_codes.NOT_REACHED
    assert "this user may not use " in called.err
    assert "join the group" in called.err


@pytest.mark.parametrize(
    "words",
    [
        ("explode",),
        ("status", "--bogus"),
        ("status", "--watch", "--json"),
        ("sync",),
        ("nodes", "nonsense"),
        ("config",),
        ("health", "--node"),
        ("--host", "node", "status"),
        ("--host", "ssh://-oProxyCommand=x", "status"),
        ("--stat",),
    ],
    ids=" ".join,
)
async def test_wrong_usage(call: CommandLine, words: tuple[str, ...]) -> None:
    called = await call(*words)
    assert (called.code, called.out) == (exit_codes.USAGE, "")
    assert "Traceback" not in called.err


async def test_the_console_needs_a_terminal(call: CommandLine) -> None:
    called = await call()
    assert (called.code, called.out) == (exit_codes.USAGE, "")
    assert "the console needs a terminal" in called.err


async def test_explain(call: CommandLine) -> None:
    shown = await call("explain", "disk-full")
    document = json.loads((await call("explain", "disk-full", "--json")).out)
    unknown = await call("explain", "disk-ful")
    assert shown.out.splitlines()[:2] == [
        "disk-full",
        "says: disk full at <path>: <needed_bytes> needed, <free_bytes> free; store.min_free keeps <floor_bytes> free",
    ]
    assert "perhaps: stored archives that nobody needs any more: store.keep is all by default" in shown.out
    assert document["code"] == "disk-full"
    assert len(document["causes"]) == 3
    assert unknown.code == exit_codes.USAGE
    assert "there is: disk-full" in unknown.err
    assert "; dsync-tui explain lists them all\n" in unknown.err


async def test_explain_without_a_code_lists_all(call: CommandLine) -> None:
    shown = await call("explain")
    document = json.loads((await call("explain", "--json")).out)
    assert shown.code == exit_codes.DONE
    assert [line.split()[0] for line in shown.out.splitlines()] == ["CODE", *sorted(ERRORS)]
    assert [entry["code"] for entry in document["codes"]] == sorted(ERRORS)
    assert "disk full at <path>: <needed_bytes> needed, <free_bytes> free" in shown.out


async def test_config_check(tmp_path: Path, call: CommandLine) -> None:
    shown = await call("config", "check")
    document = json.loads((await call("config", "check", "--json")).out)
    assert shown.code == exit_codes.DONE
    assert shown.err == f"{tmp_path}/dsync.toml: good\n"
    assert any(line.startswith("node.name") and "dsync.toml:" in line for line in shown.out.splitlines())
    assert {"key": "limits.serve", "value": "2", "origin": "default"} in document["settings"]


@pytest.mark.parametrize("words", [("config", "check"), ("nodes", "list")], ids=" ".join)
async def test_options_of_all_commands_may_stand_behind_both_words(
    tmp_path: Path, call: CommandLine, words: tuple[str, str]
) -> None:
    # As the remedy of a wrong setting says it.
    other = tmp_path / "other.toml"
    other.write_text("[store]\nsettle_s = 'soon'\n")
    called = await call(*words, "--config", str(other))
    assert (called.code, called.out) == (exit_codes.USAGE, "")
    assert f"{other}:2: store.settle_s" in called.err


async def test_config_check_tells_of_a_language_that_there_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = CommandLine(tmp_path, capsys)
    (tmp_path / "dsync.toml").write_text('[console]\nlanguage = "fr"\n')
    called = await call("config", "check")
    assert called.code == exit_codes.DONE
    assert "console.language: there is no fr, so it is English; there is: en (English), zh_CN" in called.err


async def test_config_check_of_a_bad_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = CommandLine(tmp_path, capsys)
    (tmp_path / "dsync.toml").write_text('[store]\nsettle_s = "soon"\n')
    called = await call("config", "check", "--json")
    assert (called.code, called.out) == (exit_codes.USAGE, "")
    assert f"{tmp_path}/dsync.toml:2: store.settle_s" in called.err


async def test_stop_returns_once_the_daemon_is_gone(
    tmp_path: Path, call: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine()
    # The server runs in this process, which does not end with it.
    monkeypatch.setattr("dsync_tui.commands.stop.listening_pid", lambda path: None)
    async with serving(engine, tmp_path) as server:
        async with asyncio.TaskGroup() as group:
            calling = group.create_task(call("stop", "--drain"))
            await asyncio.wait_for(engine.stop_event.wait(), 30)
            await asyncio.sleep(0.05)
            assert not calling.done()
            await server.close()
        called = calling.result()
    assert engine.stopped == ["drain"]
    assert (called.code, called.out) == (exit_codes.DONE, "stopped\n")
    assert "waiting for what runs" in called.err
