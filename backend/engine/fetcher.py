"""Carries fetches and verifications out: one task a delivery."""

import asyncio
from collections.abc import Callable

from backend.engine.loop import EventLoop
from backend.logic.state import NodeState
from backend.model.archive import CatalogEntry, Compression
from backend.model.commands import Fetch, Verify
from backend.model.delivery import Progress
from backend.model.errors import DigestMismatchError, DsyncError
from backend.model.events import Event, FetchEnded, HashesMatched, Verified
from backend.model.ids import Digest, Hashes
from backend.ports.inspecting import Inspector
from backend.ports.store import Store
from backend.ports.transport import FetchJob, FetchProgress, Transport

SLOW_LINK_BPS = 12_500_000
"""Below this limit (100 Mbit/s) compression pays for uncompressed archives."""


class Fetcher:
    """Fetches into ``.incoming`` and lets verified files into the store."""

    def __init__(
        self,
        loop: EventLoop,
        store: Store,
        inspector: Inspector,
        transport: Transport,
        timeout_s: float,
        compress: str,
        bandwidth_bps: Callable[[], int],
    ) -> None:
        """``compress``: auto, on or off (settings); ``bandwidth_bps``: the limit in force now, 0 for none."""
        self._loop = loop
        self._store = store
        self._inspector = inspector
        self._transport = transport
        self._timeout_s = timeout_s
        self._compress = compress
        self._bandwidth_bps = bandwidth_bps
        self.progress: dict[Digest, Progress] = {}

    @property
    def _state(self) -> NodeState:
        return self._loop.state

    async def fetch(self, command: Fetch) -> Event:
        """Fetch with a ticket; how it ended."""
        entry = command.entry
        received_bytes = 0

        def on_progress(progress: FetchProgress) -> None:
            nonlocal received_bytes
            received_bytes = progress.bytes_received
            self.progress[entry.digest] = Progress(entry.digest, 0, progress.bytes_done, progress.rate_bps)

        try:
            result = await self._transport.fetch(self._job(command), on_progress)
        except DsyncError as error:
            return FetchEnded(entry.digest, received_bytes, 0, error.problem())
        finally:
            self.progress.pop(entry.digest, None)
        return FetchEnded(entry.digest, result.bytes_received, result.bytes_saved, None)

    def _job(self, command: Fetch) -> FetchJob:
        """Put together what the transport needs. Raises StoreError, DiskFullError."""
        entry, peer = command.entry, self._state.peers[command.source]
        limit_bps = self._bandwidth_bps()
        return FetchJob(
            source_name=peer.node.name,
            host=peer.node.host or peer.address,
            ticket=command.ticket,
            size_bytes=entry.size_bytes,
            target=self._store.incoming_path(entry.fingerprint),
            bandwidth_bps=limit_bps,
            timeout_s=self._timeout_s,
            compress=self._worth_compressing(entry, limit_bps),
        )

    def _worth_compressing(self, entry: CatalogEntry, limit_bps: int) -> bool:
        if self._compress == "auto":
            return entry.compression is Compression.NONE and 0 < limit_bps < SLOW_LINK_BPS
        return self._compress == "on"

    async def _hash_and_flush(self, entry: CatalogEntry) -> Hashes:
        """Hash the incoming file while the disk takes it in: each takes about a second a gigabyte.

        Raises StoreError, DiskFullError, IntakeError.
        """
        hashes, flushed = await asyncio.gather(
            self._inspector.hash(self._store.incoming_path(entry.fingerprint)),
            self._store.flush_incoming(entry.fingerprint),
            return_exceptions=True,  # neither is left behind by the other's failure
        )
        if isinstance(hashes, BaseException):
            raise hashes
        if flushed is not None:
            raise flushed
        return hashes

    async def verify(self, command: Verify) -> Event:
        """Check the bytes, remember the file by its inode, then let it into the store.

        Raises DigestMismatchError, StoreError, DiskFullError, IntakeError.
        """
        entry = command.entry
        key = self._store.check_incoming(entry.fingerprint)
        hashes = await self._hash_and_flush(entry)
        if hashes.digest != entry.digest or hashes.fingerprint != entry.fingerprint:
            peer = self._state.peers.get(command.source)
            name = peer.node.name if peer is not None else str(command.source)
            raise DigestMismatchError(source=name, expected=entry.digest, found=hashes.digest)
        await self._loop.submit(HashesMatched(entry.digest, key))
        name, placed = await self._store.place(entry.fingerprint, entry.name, key)
        return Verified(entry.digest, name, placed)
