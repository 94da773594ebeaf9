"""The only place where a node's state lives."""

from typing import Protocol

import msgspec

from backend.model.archive import CatalogEntry, KnownFile, RejectedFile
from backend.model.commands import Change
from backend.model.delivery import Attempt, Delivery
from backend.model.ids import Digest


class Snapshot(msgspec.Struct, frozen=True):
    """Everything that a start needs.

    ``set_aside``: where a ledger that could not be read was moved; what stands here then begins empty. "" otherwise.
    """

    entries: tuple[CatalogEntry, ...] = ()
    rows: tuple[Delivery, ...] = ()
    files: tuple[KnownFile, ...] = ()
    rejected: tuple[RejectedFile, ...] = ()
    aliases: tuple[tuple[Digest, str], ...] = ()
    values: dict[str, str] = {}
    set_aside: str = ""


class Ledger(Protocol):
    """Durable state. ``commit`` returns once the changes would survive a power cut."""

    async def open(self) -> Snapshot:
        """Open, migrate and read everything. Raises LocalError subclasses when it cannot be used."""
        ...

    async def commit(self, changes: tuple[Change, ...]) -> None:
        """Write all changes in one transaction, in their order."""
        ...

    async def attempts(self, digest: Digest) -> tuple[Attempt, ...]:
        """This node's attempts at a delivery, oldest first."""
        ...

    async def close(self) -> None:
        """Close; further calls are errors."""
        ...
