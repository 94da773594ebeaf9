"""What the control API needs of the engine; the engine fulfils it, tests bring a small one of their own."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

from backend.engine.touched import Touched
from backend.logic.state import NodeState
from backend.model.delivery import Attempt
from backend.model.events import Note
from backend.model.ids import Digest, NodeId
from backend.model.node import Check


class EngineFace(Protocol):
    """The engine as the control API sees it. All methods are called on the event loop."""

    @property
    def state(self) -> NodeState:
        """The node's state, to be read only, without an ``await`` between related reads."""
        ...

    @property
    def notes(self) -> tuple[Note, ...]:
        """The latest notes, oldest first (at most 1,000)."""
        ...

    def subscribe(self, listener: Callable[[Touched], None]) -> Callable[[], None]:
        """Call ``listener`` after every applied event; the result ends that. Listeners must be quick and never
        raise.
        """
        ...

    async def act(
        self,
        job: str,
        verb: str,
        digests: tuple[Digest, ...] | None,
        nodes: tuple[NodeId, ...],
        expected: int | None,
        operator: str,
        argument: str,
    ) -> None:
        """Do an operator's action on the named nodes' cells (own or by peer message). One CommandResult per node
        comes in
        ``Touched.results`` (its ``job`` is ``<job>/<node id>``). Verbs: sync, retry, cancel, load, pause, resume,
        limit."""
        ...

    async def widen(self, digest: Digest, nodes: tuple[NodeId, ...] | None, operator: str) -> None:
        """``sync --to`` of a known archive: its selector takes in ``nodes`` too (None: all)."""
        ...

    async def take_file(
        self, name: str, chunks: AsyncIterator[bytes], nodes: tuple[NodeId, ...] | None
    ) -> tuple[Path, str]:
        """Stream a file into the store under a name that is not watched, then rename it in; returns path and name
        there.

        Raises UsageError (bad name), DiskFullError, StoreError; an interrupted stream leaves nothing behind.
        """
        ...

    async def clean(self, dry_run: bool) -> list[str]:
        """Remove temporary files and unfinished fetches that nobody needs; one line each: size, path."""
        ...

    async def checks(self) -> tuple[Check, ...]:
        """The six local health checks: store, daemon, rsync, watch, peers, disk. Takes up to 10 s."""
        ...

    async def attempts(self, digest: Digest) -> tuple[Attempt, ...]:
        """The timeline of an own delivery."""
        ...

    async def peer_attempts(self, node: NodeId, digest: Digest) -> tuple[Attempt, ...]:
        """The timeline of another node's delivery, by peer message. Raises RefusedError when it cannot be had."""
        ...

    async def peer_checks(self, node: NodeId) -> tuple[Check, ...]:
        """Another node's checks, by peer message. Raises NodeUnreachableError."""
        ...

    def watch(self, consoles: int) -> None:
        """Tell how many consoles follow, so that peers send progress only while somebody looks."""
        ...

    def request_stop(self, how: str) -> None:
        """End the daemon: ``now``, or ``drain`` (running deliveries end first, nothing new begins)."""
        ...


__all__ = ["EngineFace", "Touched"]
