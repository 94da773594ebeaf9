"""The store's files as the ledger knows them, found by name, by state and by content."""

from collections.abc import Mapping

from backend.logic.watched_dict import WatchedDict
from backend.model.archive import FileKey, KnownFile
from backend.model.ids import Digest


class KnownFiles(WatchedDict[str, KnownFile]):
    """Known files by name; the other ways to find one follow every write."""

    def __init__(self, files: Mapping[str, KnownFile] | None = None) -> None:
        """Begin with ``files``."""
        self._by_key: dict[FileKey, dict[str, None]] = {}
        self._by_digest: dict[Digest, dict[str, None]] = {}
        super().__init__(files or {})

    def _replaced(self, key: str, former: KnownFile | None, value: KnownFile | None) -> None:
        if former is not None:
            self._by_key[former.key].pop(key)
            if not self._by_key[former.key]:
                del self._by_key[former.key]
            self._by_digest[former.digest].pop(key)
            if not self._by_digest[former.digest]:
                del self._by_digest[former.digest]
        if value is not None:
            self._by_key.setdefault(value.key, {})[key] = None
            self._by_digest.setdefault(value.digest, {})[key] = None

    def with_key(self, key: FileKey) -> KnownFile | None:
        """The file known longest in just that state."""
        return next((self[name] for name in self._by_key.get(key, ())), None)

    def with_digest(self, digest: Digest) -> tuple[KnownFile, ...]:
        """The files with those bytes, the one known longest first."""
        return tuple(self[name] for name in self._by_digest.get(digest, ()))
