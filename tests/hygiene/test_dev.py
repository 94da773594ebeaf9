"""The script ``./dev``: what it says of itself, and what a mistake gets."""

import subprocess

from tests.hygiene.sources import ROOT


def _dev(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "dev", *arguments], cwd="/", capture_output=True, text=True, check=False, timeout=60)


def test_help_is_what_no_command_gets() -> None:
    assert _dev().stdout == _dev("help").stdout == _dev("--help").stdout
    assert _dev().returncode == 0
    assert _dev().stdout.startswith("usage: ./dev COMMAND")


def test_an_unknown_command_is_wrong_usage() -> None:
    done = _dev("tset")
    assert done.returncode == 2
    assert "no command tset" in done.stderr


def test_it_is_plain_posix_sh() -> None:
    assert subprocess.run(["sh", "-n", ROOT / "dev"], check=False, timeout=60).returncode == 0
    assert (ROOT / "dev").read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    assert subprocess.run(["bash", "-n", ROOT / ".ci/run"], check=False, timeout=60).returncode == 0
