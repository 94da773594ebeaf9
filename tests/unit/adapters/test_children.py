"""Starting children: groups, limits, marks, records."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from backend.adapters.children import MARK, ChildRegister
from backend.adapters.pipes import Reading
from backend.adapters.processes import all_processes, read_stat, read_variable
from backend.ports.children import ChildRecord


@pytest.fixture
def register(tmp_path: Path) -> ChildRegister:
    return ChildRegister(tmp_path / "run")


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-E", "-c", code]


def alive(pid: int) -> bool:
    stat = read_stat(pid)
    return stat is not None and stat.running


async def until(condition: object, deadline_s: float = 30.0) -> None:
    assert callable(condition)
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, "did not come true in time"
        await asyncio.sleep(0.01)


async def test_output_and_exit_code(register: ChildRegister) -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    async with await register.spawn(python(code), purpose="ask", about="x") as child:
        assert await child.wait() == 3
        assert (child.stdout, child.stderr) == ("out\n", "err\n")
    assert register.survivors() == []


async def test_progress_comes_piece_by_piece(register: ChildRegister) -> None:
    code = "import sys\nfor n in (1, 50, 100): sys.stdout.write(f'\\r{n}%'); sys.stdout.flush()"
    async with await register.spawn(
        python(code), purpose="rsync", about="x", stdout=Reading.LINES, stderr=Reading.LINES
    ) as child:
        assert [line async for line in child.lines()] == ["1%", "50%", "100%"]
        assert [line async for line in child.error_lines()] == []
        assert await child.wait() == 0


async def test_no_shell_and_a_plain_locale(register: ChildRegister) -> None:
    code = "import os, sys; print(sys.argv[1:], os.environ['LC_ALL'], os.environ['EXTRA'])"
    argv = [*python(code), "$HOME; rm -rf *", "--"]
    async with await register.spawn(argv, purpose="ask", about="x", env={"EXTRA": "1"}) as child:
        await child.wait()
        assert child.stdout == "['$HOME; rm -rf *', '--'] C 1\n"


async def test_a_secret_comes_by_stdin(register: ChildRegister) -> None:
    async with await register.spawn(python("print(input())"), purpose="rsync", about="x", stdin=b"secret\n") as child:
        await child.wait()
        assert child.stdout == "secret\n"


async def test_input_that_a_pipe_may_not_take_is_refused(register: ChildRegister) -> None:
    with pytest.raises(ValueError, match="4096"):
        await register.spawn(python(""), purpose="ask", about="x", stdin=b"x" * 5000)


async def test_a_child_leads_a_group_and_session_and_is_recorded(register: ChildRegister, tmp_path: Path) -> None:
    async with await register.spawn(["sleep", "60"], purpose="load", about="sha256:ab") as child:
        stat = read_stat(child.pid)
        assert stat is not None
        assert (stat.group, stat.session) == (child.pid, child.pid)
        assert child.record == ChildRecord(child.pid, stat.start_ticks, "load", "sha256:ab")
        assert register.survivors() == [child.record]
        assert len(list((tmp_path / "run/children").glob("*.json"))) == 1
    assert not alive(child.pid)
    assert child.returncode == -signal.SIGTERM
    assert list((tmp_path / "run/children").glob("*.json")) == []


async def test_an_absent_program_is_told_at_once(register: ChildRegister) -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        await register.spawn(["no-such-program"], purpose="ask", about="x", die_with_parent=True)


async def test_no_file_grows_beyond_the_limit(register: ChildRegister, tmp_path: Path) -> None:
    target = tmp_path / "big"
    code = f"with open({str(target)!r}, 'wb') as file: file.write(b'x' * 5000)"
    async with await register.spawn(python(code), purpose="rsync", about="x", file_limit_bytes=1000) as child:
        assert await child.wait() != 0
        assert "File too large" in child.stderr
    assert target.stat().st_size == 1000


async def test_a_descriptor_is_passed_and_no_other(register: ChildRegister) -> None:
    wanted, unwanted = os.pipe()
    code = (
        "import os\n"
        f"for descriptor in ({wanted}, {unwanted}):\n"
        "  try: os.fstat(descriptor); print('open')\n"
        "  except OSError: print('closed')"
    )
    async with await register.spawn(python(code), purpose="load", about="x", pass_fds=(wanted,)) as child:
        await child.wait()
        assert child.stdout == "open\nclosed\n"
    os.close(wanted)
    os.close(unwanted)


async def test_a_group_that_ignores_term_is_killed_with_its_grandchildren(register: ChildRegister) -> None:
    code = (
        "import signal, subprocess, sys\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print(subprocess.Popen(['sleep', '60']).pid, flush=True)\n"
        "signal.pause()"
    )
    child = await register.spawn(python(code), purpose="rsync", about="x", stdout=Reading.LINES)
    grandchild = int(await anext(child.lines()))
    await child.end(grace_s=0.1)
    assert not alive(child.pid)
    assert not alive(grandchild)
    assert child.returncode == -signal.SIGKILL


async def test_a_grandchild_that_outlives_its_parent_is_ended(register: ChildRegister) -> None:
    code = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True)"
    child = await register.spawn(python(code), purpose="rsync", about="x")
    assert await child.wait() == 0
    grandchild = int(child.stdout)
    assert alive(grandchild)
    assert [record.pid for record in register.survivors()] == [child.pid]
    await child.end()
    assert not alive(grandchild)
    assert register.survivors() == []


async def test_a_cancelled_end_kills_at_once(register: ChildRegister) -> None:
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); signal.pause()"
    child = await register.spawn(python(code), purpose="rsync", about="x", stdout=Reading.LINES)
    await anext(child.lines())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(child.end(grace_s=60), 0.05)
    await asyncio.wait_for(child.wait(), 30)
    assert child.returncode == -signal.SIGKILL


def start_stranger() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(["sleep", "60"], start_new_session=True)


DAEMON = """
import asyncio, os, sys
from pathlib import Path
from backend.adapters import children
register = children.ChildRegister(Path(sys.argv[1]))
if sys.argv[2] == "unrecorded":
    register._write = lambda record: print(record.pid, flush=True) or os.kill(os.getpid(), 9)
async def main():
    child = await register.spawn(
        ["sleep", "60"], purpose="load", about="sha256:ab", die_with_parent=sys.argv[2] == "dies")
    print(child.pid, flush=True)
    await child.wait()
asyncio.run(main())
"""


def killed_daemon(run: Path, way: str) -> int:
    """Let a daemon start a child and be killed; the child's pid."""
    argv = [sys.executable, "-c", DAEMON, str(run), way]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        pid = int(daemon.stdout.readline())
        daemon.kill()
    return pid


async def test_a_killed_daemons_child_is_found_and_ended(tmp_path: Path) -> None:
    pid = killed_daemon(tmp_path, "recorded")
    restarted = ChildRegister(tmp_path)
    (record,) = restarted.survivors()
    assert (record.pid, record.purpose, record.about) == (pid, "load", "sha256:ab")
    await restarted.end(record)
    assert not alive(pid)
    assert restarted.survivors() == []


async def test_a_daemon_killed_before_it_wrote_the_record_leaves_a_child_that_is_found(
    tmp_path: Path,
) -> None:
    pid = killed_daemon(tmp_path, "unrecorded")
    assert list((tmp_path / "children").glob("*.json")) == []
    restarted = ChildRegister(tmp_path)
    (record,) = restarted.survivors()
    assert (record.pid, record.purpose, record.about) == (pid, "load", "sha256:ab")
    await restarted.end(record)
    assert not alive(pid)


async def test_a_child_that_shall_die_with_its_daemon_does(tmp_path: Path) -> None:
    pid = killed_daemon(tmp_path, "dies")
    await until(lambda: not alive(pid))


async def test_another_nodes_children_are_left_alone(tmp_path: Path) -> None:
    other = ChildRegister(tmp_path / "b")
    async with await other.spawn(["sleep", "60"], purpose="load", about="x") as child:
        assert ChildRegister(tmp_path / "a").survivors() == []
        assert [record.pid for record in other.survivors()] == [child.pid]


async def test_a_reused_pid_is_no_child_and_is_not_signalled(register: ChildRegister, tmp_path: Path) -> None:
    async with await register.spawn(["sleep", "60"], purpose="load", about="x") as child:
        stranger = start_stranger()
        record = ChildRecord(stranger.pid, child.record.start_ticks - 5, "load", "y")
        path = tmp_path / "run/children" / f"{record.pid}-{record.start_ticks}.json"
        own = next((tmp_path / "run/children").glob("*.json")).read_bytes()
        path.write_bytes(msgspec.json.encode({**msgspec.json.decode(own), "child": record}))
        assert register.survivors() == [child.record]
        assert not path.exists()
        await register.end(record)
        assert alive(stranger.pid)
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("content", [b"", b"{", b'{"boot": "another", "child": %s}'])
async def test_torn_records_and_those_of_another_boot_are_forgotten(
    register: ChildRegister, tmp_path: Path, content: bytes
) -> None:
    async with await register.spawn(["sleep", "60"], purpose="load", about="x") as child:
        (path,) = (tmp_path / "run/children").glob("*.json")
        path.write_bytes(content.replace(b"%s", msgspec.json.encode(child.record)))
        # Found all the same, by its mark.
        assert register.survivors() == [child.record]
        assert not path.exists()


async def test_the_mark_is_there_from_the_start(register: ChildRegister) -> None:
    async with await register.spawn(["sleep", "60"], purpose="load", about="a b") as child:
        mark = read_variable(child.pid, MARK)
        assert mark is not None
        assert mark.endswith(" load a b")


async def test_a_purpose_is_one_word(register: ChildRegister) -> None:
    with pytest.raises(ValueError, match="one word"):
        await register.spawn(["true"], purpose="a b", about="x")
    assert not [stat for stat in all_processes() if read_variable(stat.pid, MARK) == "a b"]
