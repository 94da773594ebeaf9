"""``demo`` around another program: what is passed on, the table at the end, exit codes, and what ends with it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from dsync_tui import exit_codes
from dsync_tui.main import main
from tests.support.documents import archive, delivery, document

WITHIN_S = 60.0


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What runs in place of the back end's demo; its arguments go into ``arguments``."""
    path = tmp_path / "demo.py"

    def command(program: str, config: Path | None, *arguments: str) -> list[str]:
        assert (program, config) == ("demo", None)
        (tmp_path / "arguments").write_text(" ".join(arguments))
        return [sys.executable, str(path)]

    monkeypatch.setattr("dsync_tui.commands.demo.backend_command", command)
    return path


def _printing(text: str, code: int) -> str:
    return f"import sys\nsys.stdout.write({text!r})\nsys.exit({code})\n"


@pytest.mark.parametrize("code", [0, 1])
def test_without_a_terminal_the_final_matrix_is_printed(
    program: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], code: int
) -> None:
    state = "ready" if code == 0 else "failed"
    content = msgspec.json.encode(document([archive("a.tar", [delivery("node-0"), delivery("node-1", state)])]))
    program.write_text(_printing(content.decode(), code))
    assert main(["demo", "--nodes", "2", "a.tar"]) == code
    shown = capsys.readouterr().out.splitlines()
    assert shown[:3] == ["NODE    a.tar", "node-0  ready", f"node-1  {state}"]
    assert _passed_on(tmp_path) == "--headless --once --json --nodes 2 a.tar"


def test_options_that_were_given_are_not_given_twice(program: Path, tmp_path: Path) -> None:
    program.write_text(_printing(msgspec.json.encode(document([])).decode(), 0))
    assert main(["demo", "--once", "--headless", "--timeout", "5"]) == exit_codes.DONE
    assert _passed_on(tmp_path) == "--json --once --headless --timeout 5"


def _passed_on(directory: Path) -> str:
    lifeline, _, rest = (directory / "arguments").read_text().removeprefix("--lifeline ").partition(" ")
    assert lifeline.isdecimal()
    return rest


class _ReplacedError(Exception):
    """Another program has taken this one's place."""


@pytest.mark.parametrize("options", [["--headless"], ["--once", "--json"], ["--help"]])
def test_the_back_end_answers_by_itself_where_no_table_is_due(
    options: list[str], program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(path: str, words: list[str]) -> None:
        raise _ReplacedError(words)

    monkeypatch.setattr("dsync_tui.commands.demo.os.execv", replace)
    with pytest.raises(_ReplacedError):
        main(["demo", *options])
    assert (tmp_path / "arguments").read_text() == " ".join(options)


def test_one_that_fails_has_said_why_itself(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program.write_text(_printing("", 2))
    assert main(["demo", "--once"]) == exit_codes.USAGE
    assert capsys.readouterr().out == ""


async def test_a_polite_kill_ends_the_fleet_first(tmp_path: Path) -> None:
    (tmp_path / "demo.py").write_text(
        "import os, pathlib, signal, sys\n"
        "def end(*_):\n    pathlib.Path(sys.argv[1], 'ended').write_text('yes')\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "pathlib.Path(sys.argv[1], 'pid').write_text(str(os.getpid()))\n"
        "signal.pause()\n"
    )
    wrapper = (
        "import sys, dsync_tui.commands.demo as demo\n"
        f"demo.backend_command = lambda *_: [sys.executable, {str(tmp_path / 'demo.py')!r}, {str(tmp_path)!r}]\n"
        "from dsync_tui.main import main\n"
        "sys.exit(main(['demo', '--once']))\n"
    )
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", wrapper, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        pid = await asyncio.to_thread(_appearing, tmp_path / "pid")
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), WITHIN_S) == 128 + number
        assert _taken(tmp_path / "ended") == "yes"
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


async def test_a_kill_cuts_the_fleets_lifeline(tmp_path: Path) -> None:
    (tmp_path / "demo.py").write_text(
        "import os, pathlib, sys\n"
        "pathlib.Path(sys.argv[1], 'pid').write_text(str(os.getpid()))\n"
        "while os.read(int(sys.argv[3]), 1): pass\n"
        "pathlib.Path(sys.argv[1], 'ended').write_text('yes')\n"
    )
    wrapper = (
        "import sys, dsync_tui.commands.demo as demo\n"
        "demo.backend_command = lambda _, __, *words: "
        f"[sys.executable, {str(tmp_path / 'demo.py')!r}, {str(tmp_path)!r}, *words]\n"
        "from dsync_tui.main import main\n"
        "sys.exit(main(['demo', '--once']))\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", wrapper, stdout=subprocess.DEVNULL)
    await asyncio.to_thread(_appearing, tmp_path / "pid")
    assert not (tmp_path / "ended").exists()
    process.kill()
    assert await asyncio.to_thread(_appearing, tmp_path / "ended") == "yes"
    await process.wait()


def _appearing(path: Path) -> str:
    deadline = time.monotonic() + WITHIN_S
    while not path.exists() or not path.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return _taken(path)


def _taken(path: Path) -> str:
    text = path.read_text()
    path.unlink()
    return text
