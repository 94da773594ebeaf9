"""Plain-text mirrors of the ledger for scripts and ``cat``: written, never read back by the engine."""

from typing import Protocol

import msgspec

from backend.model.ids import Fingerprint


class StatusLine(msgspec.Struct, frozen=True):
    """One node's line in ``<MD5>.status``. ``outcome``: success, failed or pending; ``at``: epoch seconds."""

    node: str
    outcome: str
    at: int


class RetryLine(msgspec.Struct, frozen=True):
    """One line of the retry queue. ``attempt`` counts from 1; ``due_at`` epoch seconds."""

    fingerprint: Fingerprint
    node: str
    attempt: int
    due_at: int


class Mirrors(Protocol):
    """Writes atomically; a failure is a StoreError and harms no delivery."""

    async def write_status(self, fingerprint: Fingerprint, lines: tuple[StatusLine, ...]) -> None:
        """Replace ``docker-sync-status/<MD5>.status``."""
        ...

    async def append_loaded(self, fingerprint: Fingerprint, at: int, name: str) -> None:
        """Add ``MD5 EPOCH NAME`` to ``docker-loaded.log``."""
        ...

    async def write_retries(self, lines: tuple[RetryLine, ...]) -> None:
        """Replace ``docker-sync-retry.queue``."""
        ...
