"""Real daemons started by the command line: beneath a console, in the foreground, and a second one beside them."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.api.client import ControlClient
from backend.demo.loopback import HeldPorts
from backend.settings import load_settings
from dsync_tui import exit_codes
from dsync_tui.attach import answers, ensure_daemon, listening_pid
from tests.support.command_line import call_with

WITHIN_S = 60.0

pytestmark = [pytest.mark.fleet, pytest.mark.real("rsync")]


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    """Settings of one node in a temporary directory; whatever daemon it has at the end is ended."""
    path = tmp_path / "dsync.toml"
    held = HeldPorts(2)
    peer_port, rsync_port = held.ports
    path.write_text(
        f"""
        [node]
        name = "alone"
        address = "127.0.0.1"
        [store]
        directory = "{tmp_path}/store"
        [paths]
        state = "{tmp_path}/state"
        logs = "{tmp_path}/logs"
        run = "{tmp_path}/run"
        keys = "{tmp_path}/keys"
        mirrors = "{tmp_path}/mirrors"
        [runtime]
        kind = "none"
        [peer]
        listen = "127.0.0.1:{peer_port}"
        [rsync]
        listen = "127.0.0.1:{rsync_port}"
        [control]
        group = ""
        """
    )
    yield path
    pid = listening_pid(tmp_path / "run" / "control.sock")
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
    held.close()


def _reaped(pid: int) -> tuple[int, int]:
    return os.waitpid(pid, os.WNOHANG)


async def test_beneath_a_console_until_it_is_told_to_stop(config: Path) -> None:
    settings = load_settings(config)
    assert await asyncio.to_thread(ensure_daemon, settings, config) is True
    assert await asyncio.to_thread(ensure_daemon, settings, config) is False
    pid = listening_pid(settings.control_socket)
    assert pid is not None
    assert os.getsid(pid) == pid
    async with ControlClient(settings.control_socket) as client:
        greeting = await client.greeting()
    assert (greeting.node, greeting.beneath, greeting.role) == ("alone", True, "operator")
    status = await call_with(config, "status")
    assert (status.code, status.out.splitlines()[0]) == (exit_codes.DONE, "alone: nodes: 1, archives: 0, deliveries: -")
    stopped = await call_with(config, "stop")
    assert (stopped.code, stopped.out) == (exit_codes.DONE, "stopped\n")
    assert not answers(settings.control_socket)
    # A child of this process: gone but for its exit code.
    assert _reaped(pid) == (pid, 0)
    gone = await call_with(config, "status")
    assert gone.code == exit_codes.NOT_REACHED


async def test_in_the_foreground_until_a_signal(config: Path) -> None:
    settings = load_settings(config)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dsync_tui", "--config", str(config), "--daemon"),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        deadline = asyncio.get_running_loop().time() + WITHIN_S
        while not answers(settings.control_socket):
            assert process.returncode is None
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.05)
        # It has taken this very process's place.
        assert listening_pid(settings.control_socket) == process.pid
        second = await call_with(config, "--daemon")
        assert second.code != exit_codes.DONE
        assert f"process {process.pid}" in second.err
        assert "Traceback" not in second.err
        assert (await call_with(config, "health")).code == exit_codes.DONE
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(process.communicate(), WITHIN_S)
    assert process.returncode == 0
    assert b"Traceback" not in err
    assert not answers(settings.control_socket)


@pytest.fixture
def bad_config(tmp_path: Path) -> Path:
    path = tmp_path / "bad.toml"
    path.write_text('[store]\nsettle_s = "soon"\n')
    return path


async def test_bad_settings_are_wrong_usage_for_the_daemon_too(bad_config: Path) -> None:
    called = await call_with(bad_config, "--daemon")
    assert (called.code, called.out) == (exit_codes.USAGE, "")
    assert f"{bad_config}:2: store.settle_s" in called.err
