"""Calls in a process of their own: terminals, closed pipes, Ctrl-C, other folders' code, uploads on a terminal."""

import asyncio
import os
import pty
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from backend.model.delivery import Failed
from backend.model.errors import Problem
from dsync_tui import exit_codes
from tests.support.command_line import call_process, config_in
from tests.support.control import serving
from tests.support.engine import FakeEngine, entry_of, ready_fleet

WITHIN_S = 60.0


class Terminal:
    """A pseudo-terminal with a call of the command line on it."""

    def __init__(self, process: asyncio.subprocess.Process, master: int) -> None:
        self.process = process
        self.keyboard = master
        self._gone = asyncio.Event()
        self.shown = ""
        asyncio.get_running_loop().add_reader(master, self._read)

    def _read(self) -> None:
        try:
            content = os.read(self.keyboard, 65536)
        except OSError:
            content = b""
        if not content:
            asyncio.get_running_loop().remove_reader(self.keyboard)
            self._gone.set()
        self.shown += content.decode("utf-8", "replace")

    async def until(self, words: str) -> None:
        """Wait until the terminal shows ``words``."""
        deadline = asyncio.get_running_loop().time() + WITHIN_S
        while words not in self.shown:
            assert asyncio.get_running_loop().time() < deadline, self.shown
            await asyncio.sleep(0.02)

    async def ended(self) -> int:
        """Wait for the call's end; its exit code."""
        code = await asyncio.wait_for(self.process.wait(), WITHIN_S)
        await asyncio.wait_for(self._gone.wait(), WITHIN_S)
        return code


@asynccontextmanager
async def _terminal(directory: Path, *words: str) -> AsyncIterator[Terminal]:
    master, slave = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dsync_tui", "--config", str(config_in(directory)), *words),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"},
    )
    os.close(slave)
    try:
        yield Terminal(process, master)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        asyncio.get_running_loop().remove_reader(master)
        os.close(master)


async def test_a_terminal_gets_the_matrix(tmp_path: Path) -> None:
    async with serving(ready_fleet(), tmp_path), _terminal(tmp_path, "status") as terminal:
        code = await terminal.ended()
    assert code == exit_codes.DONE
    assert "\nnode-1" in terminal.shown
    assert "app:1" in terminal.shown
    assert terminal.shown.count("ready") == 4


async def test_watch_repaints_and_ends_cleanly_on_ctrl_c(tmp_path: Path) -> None:
    engine = ready_fleet()
    entry = next(iter(engine.state.entries.values()))
    async with serving(engine, tmp_path), _terminal(tmp_path, "status", "--watch") as terminal:
        await terminal.until("3 ready")
        engine.set(2, entry, Failed(Problem("paused")))
        await terminal.until("2 ready, 1 failed")
        terminal.process.send_signal(signal.SIGINT)
        code = await terminal.ended()
    assert code == exit_codes.DONE
    assert "Traceback" not in terminal.shown
    assert terminal.shown.rindex("\x1b[?25h") > terminal.shown.rindex("\x1b[?25l"), "the cursor is shown"
    assert "\x1b[?1049h" not in terminal.shown, "what was shown stays on the screen"


async def test_watch_outlives_a_daemon(tmp_path: Path) -> None:
    async with serving(ready_fleet(), tmp_path) as server, _terminal(tmp_path, "status", "--watch") as terminal:
        await terminal.until("3 ready")
        await server.close()
        await terminal.until("no answer: ")
        terminal.process.send_signal(signal.SIGINT)
        assert await terminal.ended() == exit_codes.DONE


async def test_a_bar_runs_while_a_file_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "app.tar"
    path.write_bytes(b"x" * 5_000_000)
    engine = FakeEngine()
    async with serving(engine, tmp_path), _terminal(tmp_path, "sync", str(path)) as terminal:
        assert await terminal.ended() == exit_codes.DONE
    assert "sending app.tar" in terminal.shown
    assert "app.tar is in the store of node-0" in terminal.shown
    assert len(engine.files["app.tar"]) == 5_000_000


async def test_json_stays_one_document_on_a_terminal_too(tmp_path: Path) -> None:
    async with serving(ready_fleet(), tmp_path), _terminal(tmp_path, "status", "--json") as terminal:
        assert await terminal.ended() == exit_codes.DONE
    assert terminal.shown.startswith('{"node":"node-0"')
    assert "\x1b" not in terminal.shown


async def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    engine = FakeEngine(nodes=2)
    for number in range(3000):
        engine.add(entry_of(number))
    async with serving(engine, tmp_path):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "dsync_tui", "--config", str(config_in(tmp_path)), "status", "--full"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        await process.stdout.readline()
        process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]
        err = await asyncio.wait_for(process.stderr.read(), WITHIN_S)
        code = await asyncio.wait_for(process.wait(), WITHIN_S)
    assert (code, err) == (exit_codes.PIPE_CLOSED, b"")


async def test_ctrl_c_is_one_line(tmp_path: Path) -> None:
    engine, asked = FakeEngine(), asyncio.Event()

    async def never() -> tuple[()]:
        asked.set()
        await asyncio.sleep(60)
        return ()

    engine.checks = never  # type: ignore[method-assign]
    async with serving(engine, tmp_path), _terminal(tmp_path, "health") as terminal:
        await asyncio.wait_for(asked.wait(), WITHIN_S)
        terminal.process.send_signal(signal.SIGINT)
        assert await terminal.ended() == exit_codes.INTERRUPTED
    assert terminal.shown.strip() == "dsync-tui: interrupted"


async def test_names_beyond_ascii_harm_no_plain_terminal(tmp_path: Path) -> None:
    engine = FakeEngine()
    engine.add(entry_of(0, name="snow-☃-雪.tar"))
    async with serving(engine, tmp_path):
        plain = await call_process(tmp_path, "status", LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
        full = await call_process(tmp_path, "status", PYTHONIOENCODING="utf-8")
    assert plain.code == full.code == exit_codes.DONE
    assert "snow-\\u2603-\\u96ea.tar" in plain.out
    assert "snow-☃-雪.tar" in full.out


async def test_key_prints_this_nodes_key_and_makes_it_but_once(tmp_path: Path) -> None:
    first = await call_process(tmp_path, "key")
    second = await call_process(tmp_path, "key")
    assert first.code == exit_codes.DONE, first.err
    assert first.out.startswith("ssh-ed25519 ")
    assert second.out == first.out


async def test_the_code_of_the_present_folder_is_never_run(tmp_path: Path) -> None:
    trap = tmp_path / "trap" / "backend"
    trap.mkdir(parents=True)
    (trap / "__init__.py").write_text("")
    (trap / "__main__.py").write_text("print('trapped')")
    config = config_in(tmp_path)
    process = await asyncio.create_subprocess_exec(
        *(str(Path(sys.executable).with_name("dsync-tui")), "--config", str(config), "key"),
        stdout=asyncio.subprocess.PIPE,
        cwd=trap.parent,
    )
    out, _ = await asyncio.wait_for(process.communicate(), WITHIN_S)
    assert out.startswith(b"ssh-ed25519 ")


async def test_without_a_command_the_console_attaches_to_the_daemon_that_runs(tmp_path: Path) -> None:
    engine = ready_fleet()
    async with serving(engine, tmp_path), _terminal(tmp_path) as terminal:
        await terminal.until("ATTACHED")
        await terminal.until("node-1")
        os.write(terminal.keyboard, b"q")
        code = await terminal.ended()
    assert code == exit_codes.DONE
    assert max(engine.consoles) == 1
    assert "Traceback" not in terminal.shown
