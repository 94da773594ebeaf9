"""The demo's arguments: what they mean, and what is refused before anything starts."""

import argparse
import errno
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from backend.demo.options import DemoOptions, add_demo_arguments, options_of
from backend.demo.wishes import Means, Wish
from backend.model.errors import SettingsError, UsageError
from backend.texts import message_of


def _options(*words: str, environment: Mapping[str, str] | None = None) -> DemoOptions:
    parser = argparse.ArgumentParser()
    add_demo_arguments(parser)
    return options_of(parser.parse_args(words), environment or {})


def _refusal(*words: str) -> str:
    with pytest.raises(UsageError) as caught:
        _options(*words)
    return message_of(caught.value.problem())


def test_without_arguments() -> None:
    assert _options() == DemoOptions(Wish(nodes=3))


def test_all_of_them(tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    file.touch()
    words = ["--nodes", "4", "--headless", "--once", "--json", "--timeout", "7", "--keep", "--runtime", "podman"]
    assert _options(*words, "--lifeline", "9", "--announce", str(file)) == DemoOptions(
        Wish(nodes=4, means=Means.PODMAN, files=True),
        files=(file,),
        once=True,
        json=True,
        announce=True,
        timeout_s=7,
        keep=True,
        lifeline=9,
    )


def test_a_docker_that_the_environment_names_is_used() -> None:
    wish = _options(environment={"DOCKER_HOST": "unix:///run/other.sock"}).wish
    assert (wish.kind, wish.command) == ("docker", ("docker", "--host", "unix:///run/other.sock"))


def test_settings_that_were_given_count_more(tmp_path: Path) -> None:
    config = tmp_path / "dsync.toml"
    config.write_text('[runtime]\nkind = "podman"\ncommand = ["podman", "--root", "/x"]\n')
    wish = _options("--config", str(config), environment={"DOCKER_HOST": "tcp://x"}).wish
    assert (wish.kind, wish.command) == ("podman", ("podman", "--root", "/x"))


def test_settings_without_a_runtime_say_nothing_of_it(tmp_path: Path) -> None:
    config = tmp_path / "dsync.toml"
    config.write_text('[console]\ntheme = "light"\n')
    assert _options("--config", str(config)).wish == Wish(nodes=3)


def test_settings_that_are_wrong_are_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        _options("--config", str(tmp_path / "none.toml"))


@pytest.mark.parametrize("value", ["0", "-1", "51"])
def test_a_number_of_nodes_that_makes_no_fleet(value: str) -> None:
    assert _refusal(f"--nodes={value}") == f"--nodes {value}: expected a number from 1 to 50"


@pytest.mark.parametrize("value", ["0", "-3", "nan"])
def test_a_time_that_cannot_be_waited_for(value: str) -> None:
    assert "expected a number of seconds above 0" in _refusal(f"--timeout={value}")


def test_files_that_cannot_be_dropped(tmp_path: Path) -> None:
    assert _refusal(str(tmp_path / "a.tar")) == f"there is no file {tmp_path}/a.tar"
    assert _refusal(str(tmp_path)) == f"{tmp_path} is a directory; the demo takes image archives"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert _refusal(str(pipe)) == f"{pipe} is no regular file"


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, _: int) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    # Root may read everything.
    monkeypatch.setattr("backend.demo.options.os.open", refuse)
    file = tmp_path / "a.tar"
    assert _refusal(str(file)) == f"{file} cannot be read: Permission denied"


def test_lively_is_only_what_a_person_watches(tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    file.touch()
    assert _options().lively
    assert _options("--headless").lively
    assert not _options("--once").lively
    assert not _options(str(file)).lively
