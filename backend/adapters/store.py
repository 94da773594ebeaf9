"""Port ``Store`` on a directory of this machine."""

import os
import re
import secrets
import stat
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from backend.adapters.directories import (
    FULL,
    is_component,
    key_at,
    key_from,
    names_in,
    open_directory,
    open_for_reading,
    own_directory,
    told_as_store_errors,
)
from backend.adapters.leases import ignore_lease_signal, read_lease_granted
from backend.adapters.oddities import oddity
from backend.adapters.placing import (
    DATA,
    INCOMING,
    ROOM_MODES,
    SERVING,
    admit_file,
    finish_placings,
    open_room,
    place_file,
    regular,
    remove_tree,
)
from backend.adapters.threads import in_thread
from backend.model.archive import FileKey
from backend.model.errors import LeftAloneError, StoreError
from backend.model.ids import Fingerprint
from backend.model.plain import plain
from backend.ports.store import PROBE_PREFIX, is_candidate

T = TypeVar("T")

RECEIVED_PREFIX = "received-"
WRITE_BYTES = 1 << 20
PATIENCE_S = 60.0
"""How long a cancelled caller waits for what it began: half a placing is worse than a slow stop."""
PROBE_AGE_S = 60.0
"""A health check's file that old was left by a daemon that is no more."""

_FINGERPRINT = re.compile(r"[0-9a-f]{32}", re.ASCII)
_PROBE = ".probe"


class DirectoryStore:
    """The store in ``directory``; see the port.

    Every call opens the directory anew: it may have been replaced. Names are followed below it by descriptor, never
    through links. Without root the daemon serves and places only what is its own.
    """

    def __init__(self, directory: Path) -> None:
        """Nothing is touched before ``prepare``."""
        self._directory = directory
        self._leases = True
        self._receiving: set[str] = set()

    @property
    def directory(self) -> Path:
        """The watched directory."""
        return self._directory

    async def prepare(self) -> None:
        """Make the rooms, empty ``.serving``, find out whether links and leases work here.

        To be called in the main thread, where a broken lease's signal can be ignored.
        """
        ignore_lease_signal()
        await self._aside(self._prepare, "prepare")

    async def list(self) -> Mapping[str, FileKey]:
        """Candidates by name."""
        return await self._aside(self._list, "list")

    def key_of(self, name: str) -> FileKey | None:
        """The file's key now."""
        if not is_component(name):
            return None
        with told_as_store_errors(self._directory):
            try:
                with open_directory(self._directory) as root:
                    return key_at(name, root)
            except (FileNotFoundError, NotADirectoryError):
                return None  # the whole directory is gone, and the file with it

    def oddity_of(self, name: str) -> LeftAloneError | None:
        """Why what lies there is never taken."""
        if not is_component(name):
            return None
        with self._root() as root:
            try:
                status = os.stat(name, dir_fd=root, follow_symlinks=False)
            except FileNotFoundError:
                return None
        return oddity(self._directory, name, status)

    async def oddities(self) -> Mapping[str, LeftAloneError]:
        """All such, by name."""
        return await self._aside(self._oddities, "oddities")

    def quiet(self, name: str) -> bool:
        """Tell whether no writer has the file open; True where that cannot be known."""
        if not self._leases or not is_component(name):
            return True
        with self._root() as root:
            try:
                with open_for_reading(name, root) as descriptor:
                    return read_lease_granted(descriptor) is not False
            except OSError:
                return True  # gone or unreadable: reading it will say so

    def incoming_path(self, fingerprint: Fingerprint) -> Path:
        """Where a fetch writes."""
        self._check(fingerprint)
        with self._root() as root, open_room(INCOMING, root) as incoming:
            own_directory(fingerprint, incoming, 0o700)
        return self._directory / INCOMING / fingerprint / DATA

    async def incoming_bytes(self) -> Mapping[Fingerprint, int]:
        """Unfinished fetches."""
        return await self._aside(self._incoming_bytes, "incoming")

    async def discard_incoming(self, fingerprint: Fingerprint) -> int:
        """Remove an unfinished fetch."""
        self._check(fingerprint)
        return await self._aside(lambda: self._discard(fingerprint), "discard")

    async def place(self, fingerprint: Fingerprint, name: str, verified: FileKey | None = None) -> tuple[str, FileKey]:
        """Let a verified file in."""
        self._check(fingerprint)

        def work() -> tuple[str, FileKey]:
            with self._root() as root:
                return place_file(root, fingerprint, name, verified)

        return await self._aside(work, "place")

    def check_incoming(self, fingerprint: Fingerprint) -> FileKey:
        """The incoming file's key. Raises StoreError unless it is a regular file with one link."""
        self._check(fingerprint)
        with (
            self._root() as root,
            open_room(INCOMING, root) as incoming,
            open_directory(fingerprint, incoming) as folder,
            open_for_reading(DATA, folder) as data,
        ):
            found = regular(os.fstat(data))
        if found.st_nlink != 1:
            raise StoreError(path=self._directory, detail=f"the file has {found.st_nlink} names (hard links)")
        return key_from(found)

    async def flush_incoming(self, fingerprint: Fingerprint) -> None:
        """Write the incoming file's bytes to disk."""
        self._check(fingerprint)

        def work() -> None:
            with (
                self._root() as root,
                open_room(INCOMING, root) as incoming,
                open_directory(fingerprint, incoming) as folder,
                open_for_reading(DATA, folder) as data,
            ):
                regular(os.fstat(data))
                try:
                    os.fsync(data)
                except OSError:
                    # A further fsync would succeed, and reading would show what no disk holds (fsync(2), NOTES).
                    os.unlink(DATA, dir_fd=folder)
                    raise

        await self._aside(work, "flush")

    async def recover(self) -> None:
        """Finish interrupted placings."""

        def work() -> None:
            with self._root() as root:
                finish_placings(root)

        await self._aside(work, "recover")

    async def receive(self, chunks: AsyncIterator[bytes]) -> Path:
        """Stream into ``.incoming/received-…``."""
        name = f"{RECEIVED_PREFIX}{secrets.token_hex(8)}"
        with self._root() as root, open_room(INCOMING, root) as incoming:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(name, flags, 0o600, dir_fd=incoming)
        self._receiving.add(name)
        try:
            buffer = bytearray()
            async for chunk in chunks:
                buffer += chunk
                if len(buffer) >= WRITE_BYTES:
                    await self._write(descriptor, bytes(buffer))
                    buffer.clear()
            await self._write(descriptor, bytes(buffer))
        except BaseException:
            self._drop_received(name)
            raise
        finally:
            os.close(descriptor)
        return self._directory / INCOMING / name

    async def admit(self, received: Path, name: str, replace: bool) -> tuple[str, FileKey]:
        """Let a received file in; where that fails it is removed."""
        if received.parent != self._directory / INCOMING or received.name not in self._receiving:
            raise StoreError(path=received, detail="not a received file")

        def work() -> tuple[str, FileKey]:
            with self._root() as root:
                return admit_file(root, received.name, name, replace)

        try:
            return await self._aside(work, "admit")
        finally:
            self._drop_received(received.name)

    def leftovers(self) -> Sequence[tuple[Path, int]]:
        """What broken-off streams and health checks of a killed daemon left."""
        found = []
        with self._root() as root, open_room(INCOMING, root) as incoming:
            for name in names_in(incoming):
                key = key_at(name, incoming)
                if key is not None and name not in self._receiving:
                    found.append((self._directory / INCOMING / name, key.size_bytes))
            for name in names_in(root):
                key = key_at(name, root) if name.startswith(PROBE_PREFIX) else None
                if key is not None and time.time() - key.mtime_ns / 1e9 > PROBE_AGE_S:
                    found.append((self._directory / name, key.size_bytes))
        return found

    def serve(self, name: str, key: FileKey, ticket_path: str) -> bool:
        """Link for serving; the link's own key is what counts, so that no rename in between fools us."""
        if not (is_component(name) and is_component(ticket_path)):
            raise StoreError(path=self._directory, detail="not a plain name")
        with self._root() as root, open_room(SERVING, root) as serving:
            try:
                os.link(name, ticket_path, src_dir_fd=root, dst_dir_fd=serving, follow_symlinks=False)
            except FileNotFoundError:
                return False
            except FileExistsError:
                pass  # the same ticket again; another file under it shows in the key
            if key_at(ticket_path, serving) == key:
                return True
            os.unlink(ticket_path, dir_fd=serving)
            return False

    def unserve(self, ticket_path: str) -> None:
        """Remove a serving link."""
        if not is_component(ticket_path):
            return
        with self._root() as root, open_room(SERVING, root) as serving:
            try:
                os.unlink(ticket_path, dir_fd=serving)
            except FileNotFoundError:
                pass

    async def remove(self, name: str, key: FileKey) -> bool:
        """Remove a stored file that is still what it was."""

        def work() -> bool:
            with self._root() as root:
                if not is_component(name) or key_at(name, root) != key:
                    return False
                os.unlink(name, dir_fd=root)
                return True

        return await self._aside(work, "remove")

    def free_bytes(self) -> int:
        """Bytes that may be written, as a user without root's reserve would count them."""
        with told_as_store_errors(self._directory):
            found = os.statvfs(self._directory)
            return found.f_bavail * found.f_frsize

    def shares_disk_with(self, path: str) -> bool:
        """By device; and by room, for subvolumes of one pool have devices of their own."""
        try:
            ours, theirs = self._directory.stat(), Path(path).stat()
            our_room, their_room = os.statvfs(self._directory), os.statvfs(path)
        except OSError:
            return True
        sizes = {room.f_blocks * room.f_frsize for room in (our_room, their_room)}
        frees = {room.f_bavail * room.f_frsize for room in (our_room, their_room)}
        return ours.st_dev == theirs.st_dev or len(sizes) == 1 or len(frees) == 1

    # --- in threads --------------------------------------------------------------------------

    async def _aside(self, work: Callable[[], T], what: str) -> T:
        return await in_thread(lambda _stop: work(), f"store {what}", PATIENCE_S)

    @contextmanager
    def _root(self) -> Iterator[int]:
        with told_as_store_errors(self._directory), open_directory(self._directory) as root:
            yield root

    def _check(self, fingerprint: Fingerprint) -> None:
        if not _FINGERPRINT.fullmatch(fingerprint):
            raise StoreError(path=self._directory, detail=f'"{plain(fingerprint, 60)}" is no fingerprint')

    def _prepare(self) -> None:
        with told_as_store_errors(self._directory):
            try:
                self._directory.mkdir(parents=True)
            except FileExistsError:
                pass  # the operator's own: its mode is theirs
            else:
                self._directory.chmod(0o755)
        with self._root() as root:
            for room, mode in ROOM_MODES.items():
                own_directory(room, root, mode)
            with open_room(SERVING, root) as serving:
                for name in names_in(serving):
                    remove_tree(name, serving)
            self._probe(root)

    def _probe(self, root: int) -> None:
        """Find out about hard links, which nothing works without, and leases, which some file systems lack."""
        with open_room(INCOMING, root) as incoming, open_room(SERVING, root) as serving:
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
                os.close(os.open(_PROBE, flags, 0o600, dir_fd=incoming))
                os.link(_PROBE, _PROBE, src_dir_fd=incoming, dst_dir_fd=serving, follow_symlinks=False)
                with open_for_reading(_PROBE, incoming) as descriptor:
                    # A file that nobody writes to and no lease: NFS refuses them all.
                    self._leases = read_lease_granted(descriptor) is True
            except OSError as error:
                if error.errno not in FULL:  # a full disk is no reason not to start
                    raise
            finally:
                for folder in (incoming, serving):
                    try:
                        os.unlink(_PROBE, dir_fd=folder)
                    except FileNotFoundError:
                        pass

    def _list(self) -> Mapping[str, FileKey]:
        regular_ones = ((name, status) for name, status in self._all() if stat.S_ISREG(status.st_mode))
        return {name: key_from(status) for name, status in regular_ones if is_candidate(name)}

    def _oddities(self) -> Mapping[str, LeftAloneError]:
        found = ((name, oddity(self._directory, name, status)) for name, status in self._all())
        return {name: error for name, error in found if error is not None}

    def _all(self) -> Iterator[tuple[str, os.stat_result]]:
        with self._root() as root, os.scandir(root) as entries:
            for entry in entries:
                try:
                    yield entry.name, entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue

    def _incoming_bytes(self) -> Mapping[Fingerprint, int]:
        sizes = {}
        with self._root() as root, open_room(INCOMING, root) as incoming:
            for name in names_in(incoming):
                if not _FINGERPRINT.fullmatch(name):
                    continue
                try:
                    with open_directory(name, incoming) as folder:
                        keys = [key_at(inner, folder) for inner in names_in(folder)]
                except (FileNotFoundError, NotADirectoryError):
                    continue
                sizes[Fingerprint(name)] = sum(key.size_bytes for key in keys if key is not None)
        return sizes

    def _discard(self, fingerprint: Fingerprint) -> int:
        with self._root() as root, open_room(INCOMING, root) as incoming:
            try:
                return remove_tree(fingerprint, incoming)
            except FileNotFoundError:
                return 0

    async def _write(self, descriptor: int, data: bytes) -> None:
        def work() -> None:
            rest = memoryview(data)
            with told_as_store_errors(self._directory):
                while rest:
                    rest = rest[os.write(descriptor, rest) :]

        await self._aside(work, "receive")

    def _drop_received(self, name: str) -> None:
        self._receiving.discard(name)
        with self._root() as root, open_room(INCOMING, root) as incoming:
            try:
                os.unlink(name, dir_fd=incoming)
            except FileNotFoundError:
                pass
