"""What becomes of a file that a client sent into the store: it is published, known already, or rejected."""

import asyncio

from backend.control.face import EngineFace
from backend.control.jobs import Said
from backend.control.projection.fleet import name_of
from backend.engine.touched import Touched
from backend.logic.state import NodeState
from backend.model.archive import CatalogEntry, KnownFile
from backend.model.errors import Problem, Retry

_SHORT_DIGITS = 8
_READ_BPS = 20 * 1024 * 1024
"""Bytes a second at which even a slow, busy disk's files are read for their hashes."""


class SentFile:
    """One such file, followed from the moment when it lies in the store, before anybody has looked at it.

    ``name`` is what it was sent as, ``stored`` what it is called in the store.
    """

    def __init__(self, face: EngineFace, name: str, stored: str, size_bytes: int) -> None:
        """Remember what was known under its name."""
        self._face = face
        self._name = name
        self._stored = stored
        self._size_bytes = size_bytes
        self._known_before = face.state.files.get(stored)
        self._refused_before = face.state.rejected.get(stored)
        self._count_before = face.state.count

    async def outcome(self, look_s: float) -> Said | Problem:
        """Wait for its end, ``look_s`` seconds and as long as it takes to read it: what is to be said of it then.

        A Problem: why it was rejected for good.
        """
        seen = asyncio.Event()

        def listen(touched: Touched) -> None:
            if self._stored in touched.rejected:
                seen.set()

        leave = self._face.subscribe(listen)
        try:
            async with asyncio.timeout(look_s + self._size_bytes / _READ_BPS):
                while (said := self._found()) is None:
                    await seen.wait()
                    seen.clear()
                return said
        except TimeoutError:
            return "job.file-looked-at", {"name": self._stored, "node": self._face.state.name}
        finally:
            leave()

    def _found(self) -> Said | Problem | None:
        state = self._face.state
        refused, known = state.rejected.get(self._stored), state.files.get(self._stored)
        if refused is not None and refused != self._refused_before and refused.problem.retry is Retry.NEVER:
            return refused.problem
        if known is None or known == self._known_before:
            return None
        entry = state.entries.get(known.digest)
        return None if entry is None else self._published(state, known, entry)

    def _published(self, state: NodeState, known: KnownFile, entry: CatalogEntry) -> Said:
        new = entry.order.node == state.me and entry.order.count > self._count_before
        replaced = [old for old in state.entries.replaced_by(entry) if new and old.superseded_by == entry.order]
        params = {
            "name": self._name,
            "archive": entry.name,
            "fingerprint": entry.fingerprint,
            "superseded": ", ".join(f"{old.name} ({old.fingerprint[:_SHORT_DIGITS]})" for old in replaced),
            "node": name_of(state, state.me) or "",
            "stored": known.name if known.name != self._name else "",
        }
        return ("job.file-published" if new and entry.name == self._name else "job.file-known"), params
