"""A store in memory."""

import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from backend.model.archive import FileKey
from backend.model.errors import DiskFullError, LeftAloneError, StoreError, UnstableError
from backend.model.ids import Fingerprint
from backend.ports.store import is_candidate, names_for, safe_store_name


@dataclass(frozen=True, slots=True)
class FakeFile:
    """A file: ``links`` counts its names."""

    key: FileKey
    data: bytes
    links: int = 1


class FakeStore:
    """Behaves as the port says. ``files`` lie in the store, ``fetched`` in ``.incoming``, ``served`` is linked; ``odd``
    is what lies in the store and is no file that it takes.
    """

    def __init__(self, directory: Path = Path("/store"), capacity_bytes: int = 1 << 40) -> None:
        """Begin empty. Writing beyond ``capacity_bytes`` raises DiskFullError."""
        self._directory = directory
        self._capacity_bytes = capacity_bytes
        self._inodes = itertools.count(1)
        self.files: dict[str, FakeFile] = {}
        self.fetched: dict[Fingerprint, FakeFile | None] = {}
        self.served: dict[str, FileKey] = {}
        self.received: dict[Path, FakeFile] = {}
        self.orphans: dict[Path, FakeFile] = {}
        self.writers: set[str] = set()
        self.other_disks: set[str] = set()
        self.odd: dict[str, LeftAloneError] = {}

    # --- the world's side --------------------------------------------------------------------

    def make(self, data: bytes) -> FakeFile:
        """Return a new file. Each has an inode and a time of its own."""
        number = next(self._inodes)
        return FakeFile(FileKey(1, number, len(data), number * 1_000_000_000), data)

    def put(self, name: str, data: bytes) -> FileKey:
        """Drop a file into the store, as an operator's rename would."""
        self.files[name] = self.make(data)
        return self.files[name].key

    def fetch(self, fingerprint: Fingerprint, data: bytes) -> None:
        """Do what a transport does."""
        self.fetched[fingerprint] = self.make(data)

    # --- the port ----------------------------------------------------------------------------

    @property
    def directory(self) -> Path:
        """The watched directory; nothing is there."""
        return self._directory

    async def prepare(self) -> None:
        """Empty ``.serving``."""
        self.served.clear()

    async def list(self) -> Mapping[str, FileKey]:
        """Candidates by name."""
        return {name: file.key for name, file in self.files.items() if is_candidate(name)}

    def key_of(self, name: str) -> FileKey | None:
        """The file's key now."""
        file = self.files.get(name)
        return file.key if file is not None else None

    def oddity_of(self, name: str) -> LeftAloneError | None:
        """What ``odd`` says."""
        return self.odd.get(name)

    async def oddities(self) -> Mapping[str, LeftAloneError]:
        """What ``odd`` says."""
        return dict(self.odd)

    def quiet(self, name: str) -> bool:
        """Tell whether ``name`` is not in ``writers``."""
        return name not in self.writers

    def incoming_path(self, fingerprint: Fingerprint) -> Path:
        """Where a fetch would write."""
        self._check(fingerprint)
        self.fetched.setdefault(fingerprint, None)
        return self._directory / ".incoming" / fingerprint / "data"

    async def incoming_bytes(self) -> Mapping[Fingerprint, int]:
        """Unfinished fetches."""
        return {key: file.key.size_bytes if file is not None else 0 for key, file in self.fetched.items()}

    async def discard_incoming(self, fingerprint: Fingerprint) -> int:
        """Remove an unfinished fetch."""
        self._check(fingerprint)
        file = self.fetched.pop(fingerprint, None)
        return file.key.size_bytes if file is not None and file.links == 1 else 0

    async def place(self, fingerprint: Fingerprint, name: str, verified: FileKey | None = None) -> tuple[str, FileKey]:
        """Let a verified file in."""
        self._check(fingerprint)
        file = self._fetched(fingerprint)
        standing = self._standing(file)
        if standing is None:
            self._refuse_links(file)
            if verified is not None and file.key != verified:
                raise UnstableError(name=name)
            standing = next(free for free in names_for(name, fingerprint) if free not in self.files)
        self.files[standing] = replace(file, links=1)
        del self.fetched[fingerprint]
        return standing, file.key

    def check_incoming(self, fingerprint: Fingerprint) -> FileKey:
        """The incoming file's key."""
        self._check(fingerprint)
        file = self._fetched(fingerprint)
        self._refuse_links(file)
        return file.key

    async def flush_incoming(self, fingerprint: Fingerprint) -> None:
        """Nothing is to be written; the file must be there."""
        self._check(fingerprint)
        self._fetched(fingerprint)

    async def recover(self) -> None:
        """Finish interrupted placings."""
        for fingerprint, file in list(self.fetched.items()):
            standing = self._standing(file) if file is not None else None
            if file is not None and standing is not None:
                self.files[standing] = replace(file, links=1)
                del self.fetched[fingerprint]

    async def receive(self, chunks: AsyncIterator[bytes]) -> Path:
        """Keep a stream."""
        data = bytearray()
        async for chunk in chunks:
            data += chunk
            if len(data) > self.free_bytes():
                raise DiskFullError(path=self._directory, needed_bytes="", free_bytes=self.free_bytes())
        file = self.make(bytes(data))
        path = self._directory / ".incoming" / f"received-{file.key.inode}"
        self.received[path] = file
        return path

    async def admit(self, received: Path, name: str, replace: bool) -> tuple[str, FileKey]:
        """Let a received file in."""
        if received not in self.received:
            raise StoreError(path=received, detail="not a received file")
        file = self.received.pop(received)
        safe = safe_store_name(name, f"{received.name}.tar")
        free = itertools.chain([safe], (f"{safe}.{number}" for number in itertools.count(2)))
        standing = safe if replace else next(name for name in free if name not in self.files)
        self.files[standing] = file
        return standing, file.key

    def leftovers(self) -> Sequence[tuple[Path, int]]:
        """What ``orphans`` holds."""
        return [(path, file.key.size_bytes) for path, file in self.orphans.items()]

    def serve(self, name: str, key: FileKey, ticket_path: str) -> bool:
        """Link for serving."""
        if not ticket_path or "/" in ticket_path or ticket_path in (".", ".."):
            raise StoreError(path=self._directory, detail="not a plain name")
        if self.key_of(name) != key:
            return False
        self.served[ticket_path] = key
        return True

    def unserve(self, ticket_path: str) -> None:
        """Remove a serving link."""
        self.served.pop(ticket_path, None)

    async def remove(self, name: str, key: FileKey) -> bool:
        """Remove a stored file that is still what it was."""
        if self.key_of(name) != key:
            return False
        del self.files[name]
        return True

    def free_bytes(self) -> int:
        """Capacity less what lies here."""
        inside = [*self.files.values(), *self.received.values(), *filter(None, self.fetched.values())]
        return self._capacity_bytes - sum(file.key.size_bytes for file in inside)

    def shares_disk_with(self, path: str) -> bool:
        """Tell whether ``path`` is not in ``other_disks``."""
        return path not in self.other_disks

    # --- inside ------------------------------------------------------------------------------

    def _check(self, fingerprint: Fingerprint) -> None:
        if len(fingerprint) != 32 or not set(fingerprint) <= set("0123456789abcdef"):
            raise StoreError(path=self._directory, detail="no fingerprint")

    def _fetched(self, fingerprint: Fingerprint) -> FakeFile:
        file = self.fetched.get(fingerprint)
        if file is None:
            raise StoreError(path=self._directory, detail="No such file or directory")
        return file

    def _refuse_links(self, file: FakeFile) -> None:
        if file.links != 1:
            raise StoreError(path=self._directory, detail=f"the file has {file.links} names (hard links)")

    def _standing(self, file: FakeFile) -> str | None:
        return next((name for name, stored in self.files.items() if stored.key == file.key), None)
