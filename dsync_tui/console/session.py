"""One console's bond with a daemon: feeds the store from the link, and knows how fresh that is."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from backend.api.client import Lost, StreamEvent
from backend.api.wire import Action, Beat, Delta, Greeting, JobResult, Snapshot, Verb
from dsync_tui.console.link import Link
from dsync_tui.console.store import FleetStore

STALE_AFTER_S = 2.0
"""The daemon says something every half second: after this long what is shown is old news."""
CLOCKS_AGREE_S = 2.0
"""Clocks that differ by less count as the same: the difference is the way's own delay."""


class Phase(Enum):
    """How the console stands to its daemon."""

    CONNECTING = "connecting"
    RESYNCING = "resyncing"
    ATTACHED = "attached"
    LOST = "lost"


@dataclass(slots=True)
class Bond:
    """The present phase, for screens. Times are this machine's, epoch seconds."""

    phase: Phase = Phase.CONNECTING
    heard_at: float = 0.0
    reason: str = ""
    retry_at: float = 0.0
    tries: int = 0

    def age_s(self, now: float) -> float:
        """Seconds since the daemon was last heard of."""
        return max(0.0, now - self.heard_at) if self.heard_at else 0.0

    def stale(self, now: float) -> bool:
        """Tell whether what is shown is old news."""
        return self.phase is Phase.LOST or (bool(self.heard_at) and self.age_s(now) > STALE_AFTER_S)


@dataclass
class Session:
    """Reads the link until it ends. ``on_phase`` is called from within ``run`` when the phase changes.

    ``on_news``: the link has brought something; the store has it.
    """

    link: Link
    store: FleetStore
    now: Callable[[], float]
    on_phase: Callable[[], None]
    bond: Bond = field(default_factory=Bond)
    on_news: Callable[[], None] = lambda: None

    @property
    def attached(self) -> bool:
        """Tell whether actions can be sent."""
        return self.bond.phase in (Phase.ATTACHED, Phase.RESYNCING)

    @property
    def read_only(self) -> bool:
        """Tell whether the daemon will refuse actions of this operator."""
        return self.store.greeting is not None and self.store.greeting.role == "reader"

    async def run(self, frames_hz: float | None = None) -> None:
        """Feed the store for as long as the link yields."""
        async for item in self.link.stream(frames_hz):
            self.take(item)
            self.on_news()

    def take(self, item: StreamEvent) -> None:
        """Take one item of the link."""
        now = self.now()
        if isinstance(item, Lost):
            self.bond.reason = item.reason
            self.bond.tries = item.tries
            self.bond.retry_at = now + item.retry_in_s
            self._enter(Phase.LOST)
            return
        self.store.apply(item)
        self.bond.heard_at = now
        if isinstance(item, Greeting):
            self._enter(Phase.RESYNCING)
        elif not isinstance(item, JobResult):
            self._fresh(item, now)

    def _fresh(self, item: Snapshot | Delta | Beat, now: float) -> None:
        ahead = item.at - now
        self.store.skew_s = ahead if abs(ahead) > CLOCKS_AGREE_S else 0.0
        self._enter(Phase.ATTACHED)

    def _enter(self, phase: Phase) -> None:
        if self.bond.phase is not phase:
            self.bond.phase = phase
            self.on_phase()

    async def act(
        self,
        verb: Verb,
        *,
        archives: list[str] | None = None,
        nodes: list[str] | None = None,
        expected: int | None = None,
        argument: str = "",
    ) -> str:
        """Begin an action under a key of its own, so that a repeated send is done once. Raises DsyncError."""
        return await self.link.act(
            Action(
                key=secrets.token_hex(12),
                verb=verb,
                archives=archives,
                nodes=nodes,
                expected=expected,
                argument=argument,
            )
        )
