"""The control API's client through a tunnel: a lost daemon behind a lost way is told of with the way's cause."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from backend.api.client import ControlClient, Lost, StreamEvent
from dsync_tui.tunnel import Tunnel


class FarClient(ControlClient):
    """Goes through ``way``, which mends itself."""

    def __init__(self, way: Tunnel) -> None:
        super().__init__(way.path)
        self._way = way

    async def stream(self, frames_hz: float | None = None) -> AsyncGenerator[StreamEvent, None]:
        """As everywhere; why there is no stream is ssh's to say where ssh has ended."""
        async with aclosing(super().stream(frames_hz)) as events:
            async for event in events:
                if isinstance(event, Lost) and self._way.why:
                    event = msgspec.structs.replace(event, reason=self._way.why)
                yield event
