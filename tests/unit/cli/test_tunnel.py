"""Another machine's daemon through its sshd: what is taken for a host, and a real ssh through a real server."""

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest

from backend.model.errors import NotReachedError, UsageError
from dsync_tui import exit_codes
from dsync_tui.tunnel import DEFAULT_SOCKET, SshHost, parse_host, tunnel
from tests.support.command_line import CommandLine
from tests.support.control import serving, settings_in
from tests.support.engine import FakeEngine, entry_of


@pytest.mark.parametrize(
    ("value", "host"),
    [
        ("ssh://node", SshHost("node")),
        ("ssh://ops@node", SshHost("node", "ops")),
        ("ssh://ops@Node-1.example.org:2222", SshHost("Node-1.example.org", "ops", 2222)),
        ("ssh://ops@10.0.0.1/", SshHost("10.0.0.1", "ops")),
        ("ssh://node/run/other/c.sock", SshHost("node", socket="/run/other/c.sock")),
        ("ssh://root@[fd00::1]:22/s", SshHost("fd00::1", "root", 22, "/s")),
        ("ssh://a@corp@node", SshHost("node", "a@corp")),
    ],
)
def test_hosts(value: str, host: SshHost) -> None:
    assert parse_host(value) == host


@pytest.mark.parametrize(
    "value",
    [
        "",
        "node",
        "http://node",
        "ssh://",
        "ssh://-oProxyCommand=sh",
        "ssh://-l@node",
        "ssh://ops:secret@node",
        "ssh://node:0",
        "ssh://node:99999",
        "ssh://node:x",
        "ssh://node/a:b",
        "ssh://no de",
        "ssh://node\n",
        "ssh://[zz]",
    ],
)
def test_what_is_no_host(value: str) -> None:
    with pytest.raises(UsageError):
        parse_host(value)


def test_the_command_is_a_list_whose_host_is_never_an_option() -> None:
    command = SshHost("node", "ops", 2222).command(Path("/tmp/s"))
    assert command[-3:] == ["--", "node", "cat"]
    assert command[command.index("-L") + 1] == f"/tmp/s:{DEFAULT_SOCKET}"
    assert command[command.index("-l") + 1] == "ops"
    assert command[command.index("-p") + 1] == "2222"
    assert "-F" not in command
    assert "BatchMode=yes" not in command


def test_settings_of_ssh_can_be_named_and_a_way_that_opens_again_asks_nobody() -> None:
    command = parse_host("ssh://node", Path("/etc/ssh/other")).command(Path("/tmp/s"), unattended=True)
    assert command[1:3] == ["-F", "/etc/ssh/other"]
    assert "BatchMode=yes" in command


class _Server(asyncssh.SSHServer):
    """Lets in whoever has the key; forwards to Unix sockets."""

    def unix_connection_requested(self, dest_path: str) -> bool:
        return True


async def _cat(process: "asyncssh.SSHServerProcess[str]") -> None:
    assert process.command == "cat"
    await process.stdin.read()
    process.exit(0)


@asynccontextmanager
async def _sshd(directory: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A server, and an ``ssh`` on PATH whose configuration knows its key and ours."""
    ours, theirs = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    ours.write_private_key(directory / "id")
    (directory / "id").chmod(0o600)
    (directory / "authorized").write_bytes(ours.export_public_key())
    server = await asyncssh.create_server(
        _Server,
        "127.0.0.1",
        0,
        server_host_keys=[theirs],
        authorized_client_keys=str(directory / "authorized"),
        process_factory=_cat,
    )
    port = server.get_port()
    (directory / "known").write_text(f"[127.0.0.1]:{port} {theirs.export_public_key().decode()}")
    (directory / "config").write_text(
        f"IdentityFile {directory}/id\nIdentitiesOnly yes\nUserKnownHostsFile {directory}/known\n"
        "StrictHostKeyChecking yes\nBatchMode yes\n"
    )
    programs = directory / "bin"
    programs.mkdir()
    ssh = programs / "ssh"
    ssh.write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F "{directory}/config" "$@"\n')
    ssh.chmod(ssh.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    try:
        yield port
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.real("ssh")
async def test_a_daemon_elsewhere_answers_through_ssh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = FakeEngine()
    engine.add(entry_of(0, name="far-away.tar"))
    remote = settings_in(tmp_path / "remote").control_socket
    async with serving(engine, tmp_path / "remote"), _sshd(tmp_path, monkeypatch) as port:
        called = await CommandLine(tmp_path, capsys)("--host", f"ssh://ops@127.0.0.1:{port}{remote}", "status")
    assert called.code == exit_codes.DONE, called.err
    assert "far-away.tar" in called.out


@pytest.mark.real("ssh")
async def test_no_daemon_elsewhere_and_no_way_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call = CommandLine(tmp_path, capsys)
    async with _sshd(tmp_path, monkeypatch) as port:
        none_there = await call("--host", f"ssh://ops@127.0.0.1:{port}/nowhere.sock", "status", "--json")
    no_way = await call("--host", f"ssh://ops@127.0.0.1:{port}", "status")
    for called in (none_there, no_way):
        assert (called.code, called.out) == (exit_codes.NOT_REACHED, "")
    assert "Connection refused" in no_way.err


@pytest.mark.real("ssh")
async def test_a_tunnel_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine()
    remote = settings_in(tmp_path / "remote").control_socket

    def through(port: int) -> Path:
        with tunnel(parse_host(f"ssh://ops@127.0.0.1:{port}{remote}")) as way:
            assert way.path.is_socket()
            assert stat.S_IMODE(way.path.stat().st_mode) == 0o600
            assert way.why == ""
            return way.path

    async with serving(engine, tmp_path / "remote"), _sshd(tmp_path, monkeypatch) as port:
        path = await asyncio.to_thread(through, port)
    assert not path.parent.exists()


def test_without_ssh_there_is_no_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotReachedError, match="no ssh program"), tunnel(SshHost("node")):
        pass
