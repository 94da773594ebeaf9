"""Who may come in, as the daemon's files say it."""

from pathlib import Path

import pytest

from backend.adapters.rsync.configuration import DoorSettings, Guest
from backend.adapters.rsync.guests import GuestBook
from backend.model.errors import LocalError
from tests.support.data_plane import door_settings


def guest(*paths: str, address: str = "10.0.0.1") -> Guest:
    return Guest("0123456789", address, frozenset(paths))


@pytest.fixture
def settings(tmp_path: Path) -> DoorSettings:
    return door_settings(tmp_path)


@pytest.fixture
def book(settings: DoorSettings) -> GuestBook:
    made = GuestBook(settings)
    made.open()
    return made


def modes(settings: DoorSettings) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in settings.directory.rglob("*") if path.is_file()}


def test_guests_are_in_the_files_at_once(book: GuestBook, settings: DoorSettings) -> None:
    book.admit("a", guest("p1", "p2"))
    assert settings.secrets_file.read_text() == "a:0123456789\n"
    assert (settings.paths_directory / "a").read_text() == "+ /p1\n+ /p2\n"
    assert "hosts allow = 10.0.0.1\n" in settings.configuration_file.read_text()


def test_dismissed_guests_leave_nothing(book: GuestBook, settings: DoorSettings) -> None:
    book.admit("a", guest("p1"))
    book.admit("b", guest("p2", address="10.0.0.2"))
    book.dismiss("a")
    assert settings.secrets_file.read_text() == "b:0123456789\n"
    assert [path.name for path in settings.paths_directory.iterdir()] == ["b"]
    assert "hosts allow = 10.0.0.2\n" in settings.configuration_file.read_text()


def test_an_address_stays_while_one_of_its_guests_does(book: GuestBook, settings: DoorSettings) -> None:
    book.admit("a", guest("p1"))
    book.admit("b", guest("p1"))
    book.dismiss("a")
    assert "hosts allow = 10.0.0.1\n" in settings.configuration_file.read_text()


def test_only_the_daemons_user_can_read_them(book: GuestBook, settings: DoorSettings) -> None:
    book.admit("a", guest("p1"))
    assert modes(settings) == {0o600}
    assert settings.directory.stat().st_mode & 0o777 == 0o700


def test_guests_of_a_closed_door_are_written_when_it_opens(settings: DoorSettings) -> None:
    book = GuestBook(settings)
    book.admit("a", guest("p1"))
    assert not settings.directory.exists()
    book.open()
    assert settings.secrets_file.read_text() == "a:0123456789\n"
    assert (settings.paths_directory / "a").exists()


def test_what_a_killed_daemon_left_is_forgotten(book: GuestBook, settings: DoorSettings) -> None:
    book.admit("a", guest("p1"))
    GuestBook(settings).open()
    assert settings.secrets_file.read_text() == ""
    assert list(settings.paths_directory.iterdir()) == []


def test_a_closed_door_keeps_no_secrets_on_disk(book: GuestBook, settings: DoorSettings) -> None:
    book.admit("a", guest("p1"))
    book.close()
    assert not settings.secrets_file.exists()


def test_the_configuration_is_written_for_new_addresses_only(book: GuestBook, settings: DoorSettings) -> None:
    book.admit("a", guest("p1"))
    before = settings.configuration_file.stat().st_ino
    book.admit("b", guest("p2"))
    assert settings.configuration_file.stat().st_ino == before
    book.admit("c", guest("p2", address="10.0.0.9"))
    assert settings.configuration_file.stat().st_ino != before


def test_an_address_that_is_none_is_refused(book: GuestBook) -> None:
    with pytest.raises(ValueError, match="does not appear"):
        book.admit("a", guest("p1", address="10.0.0.1 *"))


def test_files_that_cannot_be_written_are_told(book: GuestBook, settings: DoorSettings) -> None:
    settings.secrets_file.unlink()
    settings.secrets_file.mkdir()
    with pytest.raises(LocalError, match="secrets"):
        book.admit("a", guest("p1"))
