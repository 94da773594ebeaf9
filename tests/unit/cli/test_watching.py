"""``status --watch`` on terminals that change, end it and go away: it follows, ends, and leaves them as they were."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from backend.model.delivery import Failed
from backend.model.errors import Problem
from tests.hygiene.sources import ROOT
from tests.support.command_line import config_in
from tests.support.control import serving
from tests.support.engine import FakeEngine, ready_fleet
from tests.support.pseudo_terminal import PseudoTerminal

GONE_WITHIN_S = 30.0
"""Generous: a busy machine is no fault."""
HANGUP_IGNORED = ("sh", "-c", 'trap "" HUP; exec "$0" "$@"')


@asynccontextmanager
async def watching(
    engine: FakeEngine, directory: Path, *prefix: str, language: str = "C.UTF-8"
) -> AsyncIterator[PseudoTerminal]:
    """A terminal on which a fleet is watched."""
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        **{"TERM": "xterm-256color", "LANG": language, "PYTHONPATH": str(ROOT)},
    }
    command = (*prefix, sys.executable, "-m", "dsync_tui", "--config", str(config_in(directory)), "status", "--watch")
    async with serving(engine, directory):
        with PseudoTerminal(command, environment) as terminal:
            yield terminal


async def test_it_paints_in_place_and_only_what_has_changed(tmp_path: Path) -> None:
    engine = ready_fleet()
    entry = next(iter(engine.state.entries.values()))
    async with watching(engine, tmp_path) as terminal:
        await asyncio.to_thread(terminal.until_shown, "3 ready")
        await asyncio.to_thread(terminal.until, lambda terminal: terminal.output.endswith(b"\x1b[?2026l"))
        before = len(terminal.output)
        await asyncio.sleep(2.5)
        assert len(terminal.output) == before, "nothing has changed"
        engine.set(2, entry, Failed(Problem("paused")))
        await asyncio.to_thread(terminal.until_shown, "2 ready, 1 failed")
        assert terminal.text().count("node-0: nodes") == 1
        assert "3 ready" not in terminal.text()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, -15), (signal.SIGHUP, -1)])
async def test_signals_end_it_and_leave_the_terminal_as_it_was(tmp_path: Path, number: int, code: int) -> None:
    async with watching(ready_fleet(), tmp_path) as terminal:
        await asyncio.to_thread(terminal.until_shown, "3 ready")
        terminal.process.send_signal(number)
        assert await asyncio.to_thread(terminal.ended) == code
        assert terminal.settings_now() == terminal.settings
        assert terminal.output.rfind(b"\x1b[?25h") > terminal.output.rfind(b"\x1b[?25l")
        assert terminal.output.rfind(b"\x1b[?2026l") > terminal.output.rfind(b"\x1b[?2026h")
        assert b"Traceback" not in terminal.output


@pytest.mark.parametrize("prefix", [(), HANGUP_IGNORED], ids=["plain", "SIGHUP-ignored"])
async def test_it_ends_with_its_terminal(tmp_path: Path, prefix: tuple[str, ...]) -> None:
    async with watching(ready_fleet(), tmp_path, *prefix) as terminal:
        await asyncio.to_thread(terminal.until_shown, "3 ready")
        await asyncio.to_thread(terminal.hang_up)
        try:
            await asyncio.to_thread(terminal.process.wait, GONE_WITHIN_S)
        except subprocess.TimeoutExpired:
            pytest.fail("it lives on without a terminal")


async def test_it_speaks_chinese(tmp_path: Path) -> None:
    async with watching(ready_fleet(), tmp_path, language="zh_CN.UTF-8") as terminal:
        await asyncio.to_thread(terminal.until_shown, "分发：就绪 3")
        terminal.process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(terminal.ended) == 0
