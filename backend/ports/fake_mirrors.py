"""Mirrors in memory."""

from backend.model.errors import StoreError
from backend.model.ids import Fingerprint
from backend.ports.mirrors import RetryLine, StatusLine


class FakeMirrors:
    """Keeps what was written. While ``broken``, nothing can be."""

    def __init__(self) -> None:
        """Nothing is written yet."""
        self.broken = False
        self.statuses: dict[Fingerprint, tuple[StatusLine, ...]] = {}
        self.loaded: list[tuple[Fingerprint, int, str]] = []
        self.retries: tuple[RetryLine, ...] = ()

    async def write_status(self, fingerprint: Fingerprint, lines: tuple[StatusLine, ...]) -> None:
        """Replace an archive's status."""
        self._check()
        self.statuses[fingerprint] = lines

    async def append_loaded(self, fingerprint: Fingerprint, at: int, name: str) -> None:
        """Add a load."""
        self._check()
        self.loaded.append((fingerprint, at, name))

    async def write_retries(self, lines: tuple[RetryLine, ...]) -> None:
        """Replace the retry queue."""
        self._check()
        self.retries = lines

    def _check(self) -> None:
        if self.broken:
            raise StoreError(path="mirrors", detail="Read-only file system")
