"""The control socket's door: one daemon, right modes, stale sockets cleared, strangers told."""

import grp
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.control.credentials import Peer, Role, group_id, peer_of, role_of
from backend.control.door import SocketDoor
from backend.model.errors import AlreadyRunningError, DoorError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "control.sock"


@pytest.fixture
def door(path: Path) -> Iterator[SocketDoor]:
    door = SocketDoor(path, "", own_directory=True)
    yield door
    door.close()


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_without_a_group_only_the_daemons_user_gets_in(door: SocketDoor, path: Path) -> None:
    with door.listen():
        assert (_mode(path), _mode(path.parent), _mode(path.with_name("control.sock.lock"))) == (0o600, 0o700, 0o600)
        assert door.gid is None


def test_a_group_gets_its_part(path: Path) -> None:
    # The process's own group may always be given, also without root.
    gid = os.getegid()
    name = grp.getgrgid(gid).gr_name
    door = SocketDoor(path, name, own_directory=True)
    with door.listen():
        assert (_mode(path), _mode(path.parent)) == (0o660, 0o750)
        assert (path.stat().st_gid, path.parent.stat().st_gid, door.gid) == (gid, gid, gid)
    door.close()


def test_a_loose_directory_of_its_own_is_tightened_and_a_foreign_one_left(tmp_path: Path) -> None:
    for own, mode in ((True, 0o700), (False, 0o755)):
        directory = tmp_path / str(own)
        directory.mkdir(mode=0o755)
        directory.chmod(0o755)
        door = SocketDoor(directory / "c.sock", "", own_directory=own)
        with door.listen():
            assert _mode(directory) == mode
        door.close()


def test_a_second_daemon_is_told_the_firsts_pid(door: SocketDoor, path: Path) -> None:
    with door.listen():
        second = SocketDoor(path, "", own_directory=True)
        with pytest.raises(AlreadyRunningError) as caught:
            second.claim()
        assert caught.value.params == {"socket": str(path), "pid": str(os.getpid())}
        second.close()
        assert path.exists()


def test_a_live_daemon_without_the_lock_is_found_by_asking_it(door: SocketDoor, path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(AlreadyRunningError) as caught:
            door.claim()
    assert caught.value.params["pid"] == str(os.getpid())


def test_a_stale_socket_is_cleared_away(door: SocketDoor, path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with door.listen(), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        assert peer_of(client).pid == os.getpid()


def test_what_is_no_socket_is_left_alone(door: SocketDoor, path: Path) -> None:
    path.parent.mkdir()
    path.write_text("precious")
    with pytest.raises(DoorError):
        door.claim()
    assert path.read_text() == "precious"
    path.unlink()
    door.claim()


def test_a_path_that_is_too_long_is_a_clear_error(tmp_path: Path) -> None:
    door = SocketDoor(tmp_path / ("x" * 120) / "c.sock", "", own_directory=True)
    with pytest.raises(DoorError, match="too long"):
        door.listen()
    door.close()


def test_closing_removes_only_its_own_socket(path: Path) -> None:
    door = SocketDoor(path, "", own_directory=True)
    with door.listen():
        path.unlink()
        path.write_text("somebody else's")
        door.close()
    assert path.exists()


def test_after_closing_the_next_daemon_gets_in(path: Path) -> None:
    for _ in range(2):
        door = SocketDoor(path, "", own_directory=True)
        with door.listen():
            assert path.is_socket()
        door.close()
        assert not path.exists()


NOBODY = Peer(1, 65534, 65534)


def test_root_the_daemons_user_and_the_groups_members_may_act() -> None:
    assert role_of(Peer(1, 0, 0), None, False) is Role.OPERATOR
    assert role_of(Peer(1, os.geteuid(), 0), None, False) is Role.OPERATOR
    assert role_of(NOBODY, None, False) is Role.READER
    assert role_of(NOBODY, 65534, False) is Role.OPERATOR
    assert role_of(NOBODY, 12345, False) is Role.READER
    assert role_of(Peer(1, 4_000_000, 4_000_000), 12345, False) is Role.READER


def test_a_supplementary_group_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getgrouplist", lambda user, gid: [gid, 12345])
    assert role_of(NOBODY, 12345, False) is Role.OPERATOR


def test_read_only_is_for_all() -> None:
    assert role_of(Peer(1, 0, 0), None, True) is Role.READER


def test_groups_that_do_not_exist_have_no_number() -> None:
    assert group_id("") is None
    assert group_id("no-such-group-here") is None
    assert group_id("root") == 0
