"""The console's only way to the daemon: what it needs of it. ``ControlClient`` is one; tests bring a scripted one."""

from collections.abc import AsyncIterator
from typing import Protocol

from backend.api.client import StreamEvent
from backend.api.plans import PlanDocument, PlanRequest
from backend.api.wire import Action, DeliveryDetail, Greeting, HealthDocument, JobResult, SettingsDocument


class Link(Protocol):
    """A daemon, near or far. All methods but ``stream`` and ``close`` raise DsyncError when it says no or is away."""

    def stream(self, frames_hz: float | None = None) -> AsyncIterator[StreamEvent]:
        """Everything that happens, for ever; also when the daemon is lost and found again."""
        ...

    async def greeting(self) -> Greeting:
        """Who answers now, and how many consoles there are."""
        ...

    async def act(self, action: Action) -> str:
        """Begin an operator's action; returns its job id."""
        ...

    async def job(self, job: str, wait_s: float = 0.0) -> JobResult | None:
        """How a job ended, None while it runs, after waiting so long."""
        ...

    async def health(self, node: str | None = None) -> HealthDocument:
        """Run the checks of a node (None: the daemon's own). Takes up to 10 s and more."""
        ...

    async def delivery(self, archive: str, node: str) -> DeliveryDetail:
        """All that is known of one cell, by digest and node name."""
        ...

    async def settings(self) -> SettingsDocument:
        """Which settings are in force, and where each comes from."""
        ...

    async def plan(self, request: PlanRequest) -> PlanDocument:
        """What a file, or a sync, would move."""
        ...

    async def close(self) -> None:
        """Let go of the daemon."""
        ...
