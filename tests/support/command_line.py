"""Calls of the command line, in this process and in one of its own."""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.settings import write_settings
from dsync_tui.main import main
from tests.support.control import settings_in

WITHIN_S = 60.0


@dataclass(frozen=True)
class Called:
    """How a call ended."""

    code: int
    out: str
    err: str


def config_in(directory: Path) -> Path:
    """A settings file whose roots all lie in ``directory``."""
    path = directory / "dsync.toml"
    path.write_text(write_settings(settings_in(directory)))
    return path


class CommandLine:
    """Calls ``main`` in a thread, so that a server may run in the test's loop."""

    def __init__(self, directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._config = config_in(directory)
        self._capsys = capsys

    async def __call__(self, *words: str) -> Called:
        self._capsys.readouterr()
        code = await asyncio.wait_for(asyncio.to_thread(main, ["--config", str(self._config), *words]), WITHIN_S)
        captured = self._capsys.readouterr()
        return Called(code, captured.out, captured.err)


async def call_process(directory: Path, *words: str, **environment: str) -> Called:
    """Call ``python -m dsync_tui`` in a process of its own, with settings whose roots all lie in ``directory``."""
    return await call_with(config_in(directory), *words, **environment)


async def call_with(config: Path, *words: str, **environment: str) -> Called:
    """Call ``python -m dsync_tui`` in a process of its own, with a settings file and more in its environment."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dsync_tui", "--config", str(config)),
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    out, err = await asyncio.wait_for(process.communicate(), WITHIN_S)
    assert process.returncode is not None
    return Called(process.returncode, out.decode(), err.decode())
