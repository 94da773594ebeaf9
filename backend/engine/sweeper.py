"""The engine's clockwork: ticks, sweeps, probes of runtime and disk, and progress for consoles."""

from backend.engine.fetcher import Fetcher
from backend.engine.intake import Intake
from backend.engine.loop import EventLoop
from backend.model.errors import DsyncError
from backend.model.events import DiskMeasured, FetchesProgressed, RuntimeProbed, Swept, Ticked
from backend.model.plain import plain
from backend.ports.clock import Clock
from backend.ports.runtime import Runtime
from backend.ports.store import Store

TICK_S = 0.5
DISK_EVERY_S = 5.0
PROBE_EVERY_S = 30.0
PROBE_SICK_EVERY_S = 5.0


class Sweeper:
    """Endless loops over the clock; each is a task of the engine."""

    def __init__(self, loop: EventLoop, clock: Clock, store: Store, runtime: Runtime | None, intake: Intake) -> None:
        """``runtime`` is None where none can be asked."""
        self._loop = loop
        self._clock = clock
        self._store = store
        self._runtime = runtime
        self._intake = intake

    async def tick(self) -> None:
        """Let due retries and time-outs come up."""
        while True:
            await self._clock.sleep(TICK_S)
            self._loop.post(Ticked())

    async def sweep(self) -> None:
        """Look again at store, runtime and catalog."""
        while True:
            await self._clock.sleep(self._loop.state.policy.sweep_s)
            # A list of the whole store is old by the time it is applied: a file placed meanwhile would pass for lost.
            await self._intake.look_at_all()
            self._loop.post(Swept())

    async def measure_disk(self) -> None:
        """Tell how much room is left."""
        while True:
            self.measure_disk_once()
            await self._clock.sleep(DISK_EVERY_S)

    def measure_disk_once(self) -> None:
        """Measure now."""
        try:
            self._loop.post(DiskMeasured(self._store.free_bytes(), None))
        except DsyncError as error:
            self._loop.post(DiskMeasured(0, error.problem()))

    async def probe_runtime(self) -> None:
        """Find out when the runtime falls sick or gets well."""
        if self._runtime is None:
            return
        while True:
            well = await self.probe_once()
            await self._clock.sleep(PROBE_EVERY_S if well else PROBE_SICK_EVERY_S)

    async def probe_once(self) -> bool:
        """Probe now; whether it is well."""
        if self._runtime is None:
            self._loop.post(RuntimeProbed("none", None))
            return True
        try:
            info = await self._runtime.probe()
        except DsyncError as error:
            self._loop.post(RuntimeProbed("", error.problem()))
            return False
        apart = info.root != "" and info.free_bytes is not None and not self._store.shares_disk_with(info.root)
        self._loop.post(RuntimeProbed(str(info), None, info.free_bytes, plain(info.root) if apart else ""))
        return True

    async def tell_progress(self, fetcher: Fetcher) -> None:
        """Twice a second: how far the running transfers are."""
        while True:
            await self._clock.sleep(0.5)
            if fetcher.progress:
                self._loop.post(FetchesProgressed(tuple(fetcher.progress.values())))
