"""The daemon's log stays within its bound."""

from pathlib import Path

from backend.adapters.rsync.door import bound_log


def test_a_small_log_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "rsyncd.log"
    bound_log(log, 10)
    log.write_bytes(b"0123456789")
    bound_log(log, 10)
    assert log.read_bytes() == b"0123456789"
    assert not (tmp_path / "rsyncd.log.1").exists()


def test_a_large_log_moves_on_and_writers_go_on_in_the_new_one(tmp_path: Path) -> None:
    log = tmp_path / "rsyncd.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"0123456789a")
        bound_log(log, 10)
        writer.write(b"b")
    assert log.read_bytes() == b"b"
    assert (tmp_path / "rsyncd.log.1").read_bytes() == b"123456789a"
