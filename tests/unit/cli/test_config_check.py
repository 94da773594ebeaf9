"""``config check`` and ``daemon`` refuse the same."""

import sys
from pathlib import Path

import pytest

from backend.peering.keys import load_or_create_key
from dsync_tui import exit_codes
from dsync_tui.commands import config
from tests.support.command_line import CommandLine


@pytest.fixture
def call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, capsys)


def add_node(directory: Path, name: str, key: str = "") -> None:
    with (directory / "dsync.toml").open("a") as file:
        file.write(f'[[nodes]]\nname = "{name}"\naddress = "127.0.0.1:8731"\n')
        file.write(f'key = "{key}"\n' if key else "")


@pytest.mark.parametrize("made", [True, False], ids=["with a key", "without"])
async def test_config_check_refuses_what_a_daemon_would(tmp_path: Path, call: CommandLine, made: bool) -> None:
    keys = tmp_path / "keys"
    if made:
        load_or_create_key(keys)
    add_node(tmp_path, "beta")
    called = await call("config", "check", "--json")
    assert (called.code, called.out) == (exit_codes.USAGE, "")
    assert "nodes[0].key" in called.err
    assert (
        f"the public key of beta (there run: dsync-tui key, with its --config where a machine has several nodes), "
        f"here or in {keys}/beta.pub" in called.err
    )
    assert keys.exists() == made, "it looks, and makes nothing"


async def test_config_check_takes_a_roster_that_a_daemon_would(tmp_path: Path, call: CommandLine) -> None:
    load_or_create_key(tmp_path / "keys")
    add_node(tmp_path, "beta", load_or_create_key(tmp_path / "beta").public_line)
    called = await call("config", "check")
    assert (called.code, called.err) == (exit_codes.DONE, f"{tmp_path}/dsync.toml: good\n")


async def test_a_check_that_breaks_off_is_not_taken_for_good(
    tmp_path: Path, call: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "backend_command", lambda *_: [sys.executable, "-c", "raise SystemExit(3)"])
    called = await call("config", "check")
    assert (called.code, called.out) == (exit_codes.REFUSED, "")
    assert "config check: exit code 3" in called.err
