"""A daemon beneath the console: started only where that can work, and every hindrance has its words."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.model.errors import NotReachedError
from dsync_tui import attach
from dsync_tui.attach import answers, ensure_daemon, listening_pid
from tests.support.control import settings_in

# It tells of itself before it answers: what has answered has told.
LISTENER = """
import os, pathlib, signal, socket, sys
path = pathlib.Path(sys.argv[1])
path.parent.mkdir(parents=True)
(path.parent / "told").write_text(" ".join([str(os.getpid()), str(os.getsid(0)), os.getcwd()]))
listener = socket.socket(socket.AF_UNIX)
listener.bind(str(path))
listener.listen()
signal.pause()
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What runs in place of the back end: arguments of the interpreter."""
    words: list[str] = []
    monkeypatch.setattr(attach, "backend_command", lambda *_: [sys.executable, *words])
    yield words
    told = tmp_path / "run" / "told"
    if told.exists():
        os.kill(int(told.read_text().split()[0]), signal.SIGKILL)


def _script(directory: Path, text: str) -> str:
    path = directory / "program.py"
    path.write_text(text)
    return str(path)


def test_one_that_runs_is_attached_to(tmp_path: Path, program: list[str]) -> None:
    settings = settings_in(tmp_path)
    settings.control_socket.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(settings.control_socket))
        listener.listen()
        assert ensure_daemon(settings, None) is False
        assert listening_pid(settings.control_socket) == os.getpid()
    assert listening_pid(settings.control_socket) is None


def test_none_is_started_where_this_user_may_not_write(tmp_path: Path, program: list[str]) -> None:
    (tmp_path / "store").write_text("a file where a folder should be")
    with pytest.raises(NotReachedError) as caught:
        ensure_daemon(settings_in(tmp_path), None)
    assert caught.value.params["why"] == f"this user may not write {tmp_path}/store, so none can be started here"


def test_none_is_started_beside_a_service(tmp_path: Path, program: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attach, "_unit_active", lambda: True)
    with pytest.raises(NotReachedError) as caught:
        ensure_daemon(settings_in(tmp_path), None)
    assert "systemctl status dsync.service" in caught.value.params["why"]


def test_one_that_is_started_has_a_session_of_its_own(tmp_path: Path, program: list[str]) -> None:
    settings = settings_in(tmp_path)
    program += [_script(tmp_path, LISTENER), str(settings.control_socket)]
    assert ensure_daemon(settings, None) is True
    pid, session, directory = (tmp_path / "run" / "told").read_text().split()
    assert (session, directory) == (pid, "/")
    assert listening_pid(settings.control_socket) == int(pid)
    assert ensure_daemon(settings, None) is False


def test_the_last_words_of_one_that_ends_are_told(tmp_path: Path, program: list[str]) -> None:
    words = "import sys; sys.stderr.write('dsync-tui: the \\x1b[31mport is taken\\n  find who has it\\n'); sys.exit(1)"
    program += [_script(tmp_path, words)]
    with pytest.raises(NotReachedError) as caught:
        ensure_daemon(settings_in(tmp_path), None)
    assert caught.value.params["why"] == "the one that was started ended: the \\x1b[31mport is taken"


def test_one_that_never_answers_is_ended(tmp_path: Path, program: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attach, "START_WITHIN_S", 0.2)
    program += [_script(tmp_path, "import signal; signal.pause()")]
    with pytest.raises(NotReachedError) as caught:
        ensure_daemon(settings_in(tmp_path), None)
    assert "does not answer within" in caught.value.params["why"]


def test_a_socket_that_cannot_be_reached_is_no_missing_daemon(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotReachedError):
        answers(tmp_path / "file" / "control.sock")
