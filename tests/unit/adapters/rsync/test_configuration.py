"""The daemon's generated files."""

from pathlib import Path

import msgspec
import pytest

from backend.adapters.rsync.configuration import Guest, configuration, paths_text, secrets_text
from tests.support.data_plane import door_settings


def lines_of(text: str) -> dict[str, str]:
    pairs = (line.partition(" = ") for line in text.splitlines() if " = " in line)
    return {name: value for name, _, value in pairs}


def test_the_door_is_read_only_unlisted_and_allows_options_by_name(tmp_path: Path) -> None:
    lines = lines_of(configuration(door_settings(tmp_path), ["10.0.0.7"]))
    assert lines["read only"] == "yes"
    assert lines["list"] == "no"
    assert lines["refuse options"].split()[0] == "*"
    assert all(word.startswith("!") for word in lines["refuse options"].split()[1:])
    assert not {"!recursive", "!links", "!copy-links", "!dirs", "!relative", "!archive"} & set(
        lines["refuse options"].split()
    )


def test_root_serves_from_a_chroot_and_others_do_not(tmp_path: Path) -> None:
    settings = door_settings(tmp_path, as_root=True)
    lines = lines_of(configuration(settings, []))
    assert (lines["use chroot"], lines["uid"], lines["gid"]) == ("yes", "0", "0")
    lines = lines_of(configuration(msgspec.structs.replace(settings, as_root=False), []))
    assert lines["use chroot"] == "no"
    assert not {"uid", "gid"} & lines.keys()


def test_only_networks_and_guests_may_connect(tmp_path: Path) -> None:
    settings = door_settings(tmp_path, networks=("10.1.0.0/16", "fd00::/64"))
    lines = lines_of(configuration(settings, ["::ffff:192.168.1.5", "10.0.0.7", "fe80::1", "10.0.0.7"]))
    assert lines["hosts allow"] == "10.0.0.7 10.1.0.0/16 192.168.1.5 fd00::/64 fe80::1"
    assert lines["hosts deny"] == "*"


@pytest.mark.parametrize("text", ["worker-01", "*", "10.0.0.0/8 *", "10.0.0.1\nuid = 0", ""])
def test_what_is_no_address_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        configuration(door_settings(tmp_path), [text])


@pytest.mark.parametrize("name", ["a\nuid = 0", "a%HOME%", "a\\", "a ", "a\r"])
def test_paths_that_the_file_would_change_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        configuration(door_settings(tmp_path, serving=tmp_path / name), [])


def test_small_writes_leave_at_once(tmp_path: Path) -> None:
    """Before the module, for it is the daemon's own: rsync sets it as a connection comes in."""
    before, _, _ = configuration(door_settings(tmp_path), []).partition("[")
    assert lines_of(before)["socket options"] == "TCP_NODELAY"


def test_time_outs_are_whole_seconds_and_never_none(tmp_path: Path) -> None:
    assert lines_of(configuration(door_settings(tmp_path, timeout_s=0.2), []))["timeout"] == "1"


def test_secrets_stand_one_a_line() -> None:
    guests = {"b": Guest("second22", "10.0.0.1", frozenset()), "a": Guest("first111", "10.0.0.1", frozenset())}
    assert secrets_text(guests) == "a:first111\nb:second22\n"


def test_paths_are_anchored_and_lead_through_their_directories() -> None:
    assert paths_text(["x/y/data", "abc"]) == "+ /abc\n+ /x/\n+ /x/y/\n+ /x/y/data\n"
    assert paths_text([]) == ""
