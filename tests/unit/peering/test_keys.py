"""A node's key: made once, for its owner only, and what is wrong with one is said."""

import os
import stat
import subprocess
from pathlib import Path

import asyncssh
import pytest

from backend.model.errors import SettingsError, UsageError
from backend.peering.keys import KEY_FILE, existing_key, load_or_create_key, node_id_of, public_key_of


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "keys"
    old = os.umask(0)
    try:
        made = load_or_create_key(directory)
    finally:
        os.umask(old)
    again = load_or_create_key(directory)
    assert (again.public_line, again.node_id) == (made.public_line, made.node_id)
    assert sorted(path.name for path in directory.iterdir()) == [KEY_FILE, f"{KEY_FILE}.pub"]
    assert (mode(directory), mode(directory / KEY_FILE)) == (0o700, 0o600)
    assert (directory / f"{KEY_FILE}.pub").read_text() == f"{made.public_line}\n"
    assert "PRIVATE" not in repr(made)


@pytest.mark.real("ssh-keygen")
def test_the_node_id_is_what_openssh_prints(tmp_path: Path) -> None:
    key = load_or_create_key(tmp_path)
    printed = subprocess.run(
        ["ssh-keygen", "-lf", tmp_path / f"{KEY_FILE}.pub"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert printed.split()[1] == key.node_id == node_id_of(key.public_line)
    derived = subprocess.run(
        ["ssh-keygen", "-yf", tmp_path / KEY_FILE], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert derived.split()[:2] == key.public_line.split()


def test_a_lost_public_line_is_written_again(tmp_path: Path) -> None:
    key = load_or_create_key(tmp_path)
    public = tmp_path / f"{KEY_FILE}.pub"
    for damage in (public.unlink, lambda: public.write_text("other"), lambda: link(public, tmp_path / "elsewhere")):
        damage()
        assert load_or_create_key(tmp_path).node_id == key.node_id
        assert public.read_text() == f"{key.public_line}\n"
        assert not public.is_symlink()


def link(path: Path, target: Path) -> None:
    target.write_text("x")
    path.unlink()
    path.symlink_to(target)


@pytest.mark.parametrize(("which", "wrong", "right"), [(KEY_FILE, 0o640, "600"), (".", 0o770, "700")])
def test_permissions_that_let_others_in_are_refused_with_the_command(
    tmp_path: Path, which: str, wrong: int, right: str
) -> None:
    load_or_create_key(tmp_path)
    path = tmp_path / which
    path.chmod(wrong)
    with pytest.raises(SettingsError) as caught:
        load_or_create_key(tmp_path)
    assert caught.value.params["file"] == str(path)
    assert caught.value.params["value"] == f"{wrong:04o}"
    assert f"chmod {right} {path}" in caught.value.params["expected"]


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"\xff" * 100, b"-----BEGIN OPENSSH " + b"PRIVATE KEY-----\nAAAA\n"], ids=str
)
def test_a_file_that_is_no_key_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / KEY_FILE
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SettingsError) as caught:
        load_or_create_key(tmp_path)
    assert caught.value.params["file"] == str(path)
    assert path.read_bytes() == content


def test_other_kinds_of_keys_are_refused(tmp_path: Path) -> None:
    path = tmp_path / KEY_FILE
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    path.write_bytes(other.export_private_key("openssh"))
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="ecdsa"):
        load_or_create_key(tmp_path)
    locked = asyncssh.generate_private_key("ssh-ed25519").export_private_key("pkcs8-pem", passphrase="x")
    path.write_bytes(locked)
    with pytest.raises(SettingsError, match="passphrase"):
        load_or_create_key(tmp_path)


def test_a_link_in_place_of_the_key_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    load_or_create_key(elsewhere)
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    (keys / KEY_FILE).symlink_to(elsewhere / KEY_FILE)
    with pytest.raises(SettingsError):
        load_or_create_key(keys)
    (keys / KEY_FILE).unlink()
    (keys / KEY_FILE).symlink_to(tmp_path / "nowhere")
    with pytest.raises(SettingsError):
        load_or_create_key(keys)
    assert not (tmp_path / "nowhere").exists()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError) as caught:
        load_or_create_key(tmp_path / "file" / "keys")
    assert str(tmp_path / "file") in caught.value.params["file"]


def test_a_key_is_looked_at_without_making_one(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    assert existing_key(keys) is None
    assert not keys.exists()
    made = load_or_create_key(keys)
    (keys / f"{KEY_FILE}.pub").unlink()
    found = existing_key(keys)
    assert found is not None
    assert found.node_id == made.node_id
    assert [path.name for path in keys.iterdir()] == [KEY_FILE]
    (keys / KEY_FILE).unlink()
    assert existing_key(keys) is None


def test_looking_at_a_key_refuses_what_a_daemon_would(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("")
    with pytest.raises(SettingsError, match="Not a directory"):
        existing_key(keys)
    keys.unlink()
    load_or_create_key(keys)
    (keys / KEY_FILE).chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        existing_key(keys)


@pytest.mark.parametrize("line", ["", "ssh-ed25519", "ssh-ed25519 AAAA", "x y z", "ssh-ed25519 " + "A" * 68, "\udce9"])
def test_what_is_no_public_key_is_refused(line: str) -> None:
    with pytest.raises(UsageError):
        node_id_of(line)


def test_other_kinds_of_public_keys_are_refused() -> None:
    line = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key("openssh").decode()
    with pytest.raises(UsageError, match="ecdsa"):
        public_key_of(line)
