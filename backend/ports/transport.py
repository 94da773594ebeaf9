"""Moving an archive's bytes from a holder to this node."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from backend.model.messages import Ticket

DATA_MODULE = "dsync"
"""Name of the one module that a data door has: what a ticket's ``module`` says."""


class FetchJob(msgspec.Struct, frozen=True):
    """What to fetch, from where, and within which limits. ``bandwidth_bps`` 0: none; ``host`` reaches the holder."""

    source_name: str
    host: str
    ticket: Ticket
    size_bytes: int
    target: Path
    bandwidth_bps: int
    timeout_s: float
    compress: bool


class FetchProgress(msgspec.Struct, frozen=True):
    """``bytes_done`` of the archive are at the target; ``rate_bps`` in bytes a second.

    ``bytes_received``: how many of them this fetch brought, as far as can be told while it runs. The last report of
    a fetch that failed is what it left behind.
    """

    bytes_done: int
    rate_bps: int
    bytes_received: int = 0


class FetchResult(msgspec.Struct, frozen=True):
    """``bytes_received`` went over the wire; ``bytes_saved`` were already at the target."""

    bytes_received: int
    bytes_saved: int


class Transport(Protocol):
    """Fetches resumably. When ``fetch`` returns or raises (also by cancellation) its process group is gone."""

    @property
    def name(self) -> str:
        """As it stands in delivery rows, e.g. ``rsync``."""
        ...

    async def fetch(self, job: FetchJob, on_progress: Callable[[FetchProgress], None]) -> FetchResult:
        """Fetch into ``job.target``, counting bytes that are already there.

        Raises TransferRefusedError, TransferFailedError, OversizeError, SourceGoneError, DiskFullError, StoreError.
        """
        ...


class DataDoor(Protocol):
    """The read-only door through which other nodes fetch: the supervised rsync daemon."""

    @property
    def port(self) -> int:
        """Port that answers (known after ``open``)."""
        ...

    async def open(self) -> None:
        """Start the daemon and wait until its port answers; keeps it running until ``close``."""
        ...

    async def close(self) -> None:
        """End the daemon and all its children; nothing holds the port afterwards."""
        ...

    def admit(self, user: str, secret: str, address: str, paths: frozenset[str]) -> None:
        """Let ``user`` with ``secret`` in from ``address`` (a peer's live channel) to read ``paths`` below the
        module.
        """
        ...

    def dismiss(self, user: str) -> None:
        """Forget a user; transfers that run go on."""
        ...

    async def answering(self) -> bool:
        """Tell whether the port answers with an rsync greeting, for health checks."""
        ...
