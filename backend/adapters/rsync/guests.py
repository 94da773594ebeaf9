"""Who may come in: the guests of a door, and the daemon's files that say so."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from backend.adapters.atomically import write_atomically
from backend.adapters.rsync.configuration import (
    DoorSettings,
    Guest,
    configuration,
    paths_text,
    secrets_text,
)
from backend.adapters.rsync.words import check_guest, normal_network
from backend.model.errors import LocalError


class GuestBook:
    """Keeps the guests and writes them out, each file in one go.

    The files are few and small and lie in the run directory (memory, as a rule), so they are written in place, off no
    thread: a grant is valid when ``admit`` returns. The order of the writing lets a connection that
    comes in between find less than it should, never more.
    """

    def __init__(self, settings: DoorSettings) -> None:
        """Touch nothing before ``open``."""
        self._settings = settings
        self._guests: dict[str, Guest] = {}
        self._open = False
        self._written_addresses: frozenset[str] | None = None

    def open(self) -> None:
        """Make the directories, forget what an earlier daemon left, write all files. Raises LocalError."""
        with self._told():
            for directory in (self._settings.directory, self._settings.paths_directory):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                directory.chmod(0o700)
            for left in self._settings.paths_directory.iterdir():
                left.unlink()
            self._settings.log.parent.mkdir(parents=True, exist_ok=True)
            self._open = True
            self._written_addresses = None
            for user, guest in self._guests.items():
                self._write_paths(user, guest)
            self._write_secrets()
            self._write_addresses()

    def close(self) -> None:
        """Leave no secret behind; the guests are kept for the next ``open``."""
        self._open = False
        with contextlib.suppress(OSError):
            self._settings.secrets_file.unlink(missing_ok=True)

    def admit(self, user: str, guest: Guest) -> None:
        """Let ``user`` in, with these paths and no others. Raises ValueError, LocalError."""
        check_guest(user, guest.secret, guest.paths)
        normal_network(guest.address)
        before = self._guests.get(user)
        self._guests[user] = guest
        if not self._open or guest == before:
            return
        with self._told():
            self._write_paths(user, guest)
            self._write_secrets()
            self._write_addresses()

    def dismiss(self, user: str) -> None:
        """Forget ``user``. Raises LocalError."""
        if self._guests.pop(user, None) is None or not self._open:
            return
        with self._told():
            self._write_secrets()
            self._write_addresses()
            (self._settings.paths_directory / user).unlink(missing_ok=True)

    def _write_paths(self, user: str, guest: Guest) -> None:
        self._write(self._settings.paths_directory / user, paths_text(guest.paths))

    def _write_secrets(self) -> None:
        self._write(self._settings.secrets_file, secrets_text(self._guests))

    def _write_addresses(self) -> None:
        addresses = frozenset(guest.address for guest in self._guests.values())
        if addresses != self._written_addresses:
            self._write(self._settings.configuration_file, configuration(self._settings, addresses))
            self._written_addresses = addresses

    @staticmethod
    def _write(path: Path, text: str) -> None:
        write_atomically(path, text.encode(), mode=0o600, durable=False)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise LocalError(detail=f"{error.filename or self._settings.directory}: {error.strerror}") from error
