"""Small files replaced in one go."""

from pathlib import Path

import pytest

from backend.adapters.atomically import write_atomically


@pytest.mark.parametrize("durable", [True, False])
def test_the_file_is_replaced_with_its_mode(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old and longer")
    write_atomically(path, b"new", mode=0o640, durable=durable)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_a_crash_left_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".file.tmp").write_bytes(b"half")
    write_atomically(tmp_path / "file", b"new", mode=0o600, durable=False)
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / ".file.tmp").symlink_to(victim)
    (tmp_path / "file").symlink_to(victim)
    write_atomically(tmp_path / "file", b"new", mode=0o600, durable=False)
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "file").is_symlink()


def test_a_failure_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_atomically(tmp_path / "file", b"new", mode=0o600, durable=False)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
