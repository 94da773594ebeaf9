"""The control socket: one daemon has it, a stale one is cleared away, nobody else may reach it."""

import contextlib
import fcntl
import logging
import os
import socket
import stat
from pathlib import Path

from backend.control.credentials import group_id, peer_of
from backend.model.errors import AlreadyRunningError, DoorError

_log = logging.getLogger("dsync.control")

DIRECTORY_MODE = 0o750
SHARED_MODE = 0o660
PRIVATE_MODE = 0o600
_BACKLOG = 128
_PROBE_S = 2.0


class SocketDoor:
    """Owns the socket's path from ``claim`` to ``close``.

    ``group``: the system group that may connect; where it does not exist only the daemon's own user may.
    ``own_directory``: the directory is the daemon's, so its mode is put right; a foreign one is left alone.
    """

    def __init__(self, path: Path, group: str, own_directory: bool) -> None:
        """Touch nothing yet."""
        self._path = path
        self._own_directory = own_directory
        self._wanted_gid = group_id(group)
        self._lock_descriptor: int | None = None
        self._inode: tuple[int, int] | None = None
        self.gid: int | None = None
        """The group that may connect, once the socket stands."""

    @property
    def path(self) -> Path:
        """Where the socket is."""
        return self._path

    def claim(self) -> None:
        """Take the lock and clear a stale socket away. Raises AlreadyRunningError, DoorError."""
        if self._lock_descriptor is not None:
            return
        try:
            self._prepare_directory()
            self._lock()
        except OSError as error:
            raise self._unusable(error) from error
        try:
            self._clear()
        except BaseException:
            self._unlock()
            raise

    def listen(self) -> socket.socket:
        """Return the listening socket. Raises AlreadyRunningError, DoorError."""
        self.claim()
        # Bound beside its place and moved in: at no moment may the wrong user connect, or anybody in vain.
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            beside.unlink(missing_ok=True)
            listener.bind(str(beside))
            beside.chmod(PRIVATE_MODE)
            self._share(beside, SHARED_MODE)
            listener.listen(_BACKLOG)
            listener.setblocking(False)
            status = beside.stat()
            beside.rename(self._path)
        except OSError as error:
            listener.close()
            beside.unlink(missing_ok=True)
            raise self._unusable(error) from error
        self._inode = (status.st_dev, status.st_ino)
        return listener

    def close(self) -> None:
        """Remove the socket if it is still this one, and let the lock go."""
        if self._inode is not None:
            with contextlib.suppress(OSError):
                status = self._path.lstat()
                if (status.st_dev, status.st_ino) == self._inode:
                    self._path.unlink()
            self._inode = None
        self._unlock()

    def _prepare_directory(self) -> None:
        directory = self._path.parent
        made = not directory.exists()
        directory.mkdir(parents=True, exist_ok=True)
        if made or self._own_directory:
            directory.chmod(DIRECTORY_MODE)
            self._share(directory, DIRECTORY_MODE)

    def _share(self, path: Path, mode: int) -> None:
        """Give ``path`` to the group, and the group its part of ``mode``; without a group nobody else gets in."""
        if self._wanted_gid is None:
            path.chmod(mode & 0o700)
            return
        try:
            os.chown(path, -1, self._wanted_gid)
        except PermissionError:
            _log.warning("cannot give %s to group %d: only this user may use it", path, self._wanted_gid)
            path.chmod(mode & 0o700)
            return
        path.chmod(mode)
        self.gid = self._wanted_gid

    @property
    def _lock_path(self) -> Path:
        return self._path.with_name(f"{self._path.name}.lock")

    def _lock(self) -> None:
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pid = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "?"
            os.close(descriptor)
            raise AlreadyRunningError(socket=self._path, pid=pid) from error
        except BaseException:
            os.close(descriptor)
            raise
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        self._lock_descriptor = descriptor

    def _unlock(self) -> None:
        # The file stays: removing it would let two daemons lock two files of one name.
        if self._lock_descriptor is not None:
            os.close(self._lock_descriptor)
            self._lock_descriptor = None

    def _clear(self) -> None:
        try:
            mode = self._path.lstat().st_mode
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unusable(error) from error
        if not stat.S_ISSOCK(mode):
            raise DoorError(address=self._path, detail="something that is no socket stands there")
        pid = _listening_pid(self._path)
        if pid is not None:
            raise AlreadyRunningError(socket=self._path, pid=pid)
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    def _unusable(self, error: OSError) -> DoorError:
        return DoorError(address=self._path, detail=error.strerror or str(error))


def _listening_pid(path: Path) -> int | None:
    """The process that answers on a socket, None where it is stale."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_S)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return None
        except OSError as error:
            raise DoorError(address=path, detail=error.strerror or str(error)) from error
        return peer_of(probe).pid
