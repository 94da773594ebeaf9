"""The machine's clock."""

import asyncio
import random
import time


class SystemClock:
    """Implements the port ``Clock``."""

    def now(self) -> float:
        """Epoch seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never step back; the event loop's own, so that sleeps and measures agree."""
        return time.monotonic()

    async def sleep(self, delay_s: float) -> None:
        """Wait."""
        await asyncio.sleep(delay_s)

    def chance(self) -> float:
        """A number in [0, 1)."""
        return random.random()
