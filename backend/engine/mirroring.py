"""Keeps the plain-text mirrors in step with the ledger, a little behind it."""

import asyncio
import logging

from backend.engine.touched import Touched
from backend.logic.state import NodeState
from backend.model.archive import CatalogEntry
from backend.model.delivery import HAPPY_STATES, Delivery, Waiting
from backend.model.errors import DsyncError
from backend.model.ids import Digest, Fingerprint, NodeId
from backend.ports.clock import Clock
from backend.ports.mirrors import Mirrors, RetryLine, StatusLine

_log = logging.getLogger("dsync.mirrors")

GATHER_S = 0.5
"""Changes are gathered for so long before files are written."""


class Mirroring:
    """Marks what changed; one task writes."""

    def __init__(self, mirrors: Mirrors, state: NodeState, clock: Clock, own_address: str) -> None:
        """``own_address``: this node's address as it stands in status lines."""
        self._mirrors = mirrors
        self._state = state
        self._clock = clock
        self._own_address = own_address
        self._dirty: set[Digest] = set()
        self._loaded: list[tuple[Fingerprint, int, str]] = []
        own = state.rows.get(state.me, {}).values()
        self._ready = {row.digest for row in own if row.state_name == "ready"}
        self._awake = asyncio.Event()
        self._told = False

    def see(self, touched: Touched) -> None:
        """Listener of the event loop."""
        for node, digest in touched.rows:
            self._dirty.add(digest)
            if node == self._state.me:
                self._see_own(digest)
        self._dirty |= touched.entries
        if touched.rows or touched.entries:
            self._awake.set()

    def _see_own(self, digest: Digest) -> None:
        row, entry = self._state.own(digest), self._state.entries.get(digest)
        if row is None or entry is None or row.state_name != "ready":
            self._ready.discard(digest)
        elif digest not in self._ready:
            self._ready.add(digest)
            self._loaded.append((entry.fingerprint, int(row.updated_at), entry.name))

    async def run(self) -> None:
        """Write until cancelled; a disk that refuses is told once and harms no delivery."""
        while True:
            await self._awake.wait()
            await self._clock.sleep(GATHER_S)
            self._awake.clear()
            try:
                await self.write()
            except DsyncError as error:
                if not self._told:
                    _log.warning("mirrors cannot be written: %s", error)
                self._told = True
            else:
                self._told = False

    async def write(self) -> None:
        """Bring the files up to date. Raises StoreError."""
        shared = self._shared_addresses()
        # What has been written is crossed off one by one: a disk that refuses half way costs no line.
        while self._dirty:
            digest = self._dirty.pop()
            entry = self._state.entries.get(digest)
            try:
                if entry is not None:
                    await self._mirrors.write_status(entry.fingerprint, self._lines(entry, shared))
            except DsyncError:
                self._dirty.add(digest)
                raise
        while self._loaded:
            fingerprint, at, name = self._loaded[0]
            await self._mirrors.append_loaded(fingerprint, at, name)
            del self._loaded[0]
        await self._mirrors.write_retries(self._retries(shared))

    def _lines(self, entry: CatalogEntry, shared: set[str]) -> tuple[StatusLine, ...]:
        lines = []
        for node in (self._state.me, *self._state.peers):
            row = self._state.cell(node, entry.digest)
            if row is not None:
                lines.append(StatusLine(self._address(node, shared), outcome_of(row), int(row.updated_at)))
            elif entry.active and entry.wanted_by(node):
                # Wanted there, and that node has not told of it yet.
                lines.append(StatusLine(self._address(node, shared), "pending", int(entry.published_at)))
        return tuple(sorted(lines, key=lambda line: line.node))

    def _retries(self, shared: set[str]) -> tuple[RetryLine, ...]:
        lines = []
        for node in (self._state.me, *self._state.peers):
            for row in self._state.rows.get(node, {}).values():
                entry = self._state.entries.get(row.digest)
                if isinstance(row.state, Waiting) and entry is not None:
                    due = int(row.state.due_at)
                    lines.append(RetryLine(entry.fingerprint, self._address(node, shared), row.retries + 1, due))
        return tuple(sorted(lines, key=lambda line: (line.due_at, line.node)))

    def _shared_addresses(self) -> set[str]:
        seen = [self._own_address, *(peer.node.host for peer in self._state.peers.values())]
        return {address for address in seen if seen.count(address) > 1}

    def _address(self, node: NodeId, shared: set[str]) -> str:
        if node == self._state.me:
            address, name = self._own_address, self._state.name
        else:
            peer = self._state.peers[node]
            address, name = peer.node.host, peer.node.name
        if address in shared:
            return name
        return f"[{address}]" if ":" in address else address


def outcome_of(row: Delivery) -> str:
    """The mirror's word for a cell."""
    if row.state_name in HAPPY_STATES:
        return "success"
    return "failed" if row.state_name in ("failed", "cancelled") else "pending"
