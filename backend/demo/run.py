"""One run of the demo: a fleet stands, archives are dropped, somebody waits, everything ends."""

import asyncio
import json
import os
import time

import msgspec

from backend.api.wire import StatusDocument
from backend.demo.feeder import Feeder
from backend.demo.fleet import Fleet, NodePlan
from backend.demo.janitor import MARK
from backend.demo.janitor_process import JanitorProcess
from backend.demo.options import DemoOptions
from backend.demo.places import Places, new_places
from backend.demo.runtimes import Runtimes, make_runtimes
from backend.demo.saying import answer, say, tell
from backend.demo.stopping import StoppedError, Stopping
from backend.demo.verdict import verdict_of
from backend.demo.workshop import Workshop
from backend.model.errors import LocalError
from backend.ports.tasks import TaskOwner

POLL_S = 0.2
SETTINGS = {"store.settle_s": 1.0, "store.min_free": "256MiB", "retry.waits_s": [5, 15, 30]}
"""As in a real fleet, but for what somebody who looks on would wait for."""
SLOW_LINKS = {"limits.bandwidth": "6MiB/s"}
"""For somebody who watches: on one machine a transfer takes no time."""
STOPPED = 128
"""The exit code of what a signal ended is more by its number, as shells have it."""


async def run_demo(options: DemoOptions) -> int:
    """Run the demo in directories of its own; the exit code. Raises DsyncError."""
    stopping = Stopping()
    stopping.listen(*([0] if options.announce else []), *([] if options.lifeline is None else [options.lifeline]))
    try:
        places = new_places()
        janitor = JanitorProcess()
        try:
            janitor.start(places.directory, places.also, options.keep)
            return await Demo(options, places, janitor, stopping).run()
        except StoppedError:
            return STOPPED + stopping.signal
        finally:
            await _clear_up(janitor, places, options.keep)
    except OSError as error:
        raise LocalError(detail=f"{error.filename}: {error.strerror}" if error.filename else error) from error


async def _clear_up(janitor: JanitorProcess, places: Places, keep: bool) -> None:
    """The daemons have ended; all else is the janitor's."""
    if not janitor.started:
        places.forget()
    elif not await asyncio.to_thread(janitor.close):
        say("demo.not-removed", path=places.directory)
    elif keep:
        say("demo.kept", path=places.directory)


class Demo:
    """Holds what one run needs."""

    def __init__(self, options: DemoOptions, places: Places, janitor: JanitorProcess, stopping: Stopping) -> None:
        """Start nothing yet."""
        self._options = options
        self._places = places
        self._janitor = janitor
        self._stopping = stopping

    async def run(self) -> int:
        """Run until all has ended or it is told to stop; the exit code. Raises DsyncError, StoppedError, OSError."""
        options, places = self._options, self._places
        began = time.monotonic()
        names = [f"node-{number}" for number in range(1, options.wish.nodes + 1)]
        say("demo.starting", count=len(names), path=places.directory)
        runtimes = await self._stopping.unless(self._make_runtimes(names))
        fleet = self._fleet(names, runtimes)
        feeding = TaskOwner("demo")
        try:
            await self._stopping.unless(fleet.start())
            self._show(fleet, runtimes, time.monotonic() - began)
            if options.announce:
                first = fleet.nodes[0]
                answer(json.dumps({"socket": str(first.socket), "config": str(first.config)}))
            feeder = Feeder(options, places, runtimes.shared)
            feeding.start(feeder.run(fleet), "feed")
            return await (self._until_ended(fleet, feeder) if options.once else self._until_stopped(fleet))
        finally:
            say("demo.closing")
            await feeding.close()
            await fleet.close()

    async def _make_runtimes(self, names: list[str]) -> Runtimes:
        places, janitor = self._places, self._janitor
        workshop = Workshop(places.directory, places.short, os.geteuid() == 0, janitor.enter, janitor.why_not)
        return await make_runtimes(workshop, self._options.wish, names)

    def _fleet(self, names: list[str], runtimes: Runtimes) -> Fleet:
        common = {**SETTINGS, **(SLOW_LINKS if self._options.lively else {})}
        plans = [
            NodePlan(name, {**common, **runtime.settings}) for name, runtime in zip(names, runtimes.nodes, strict=True)
        ]
        environment = {MARK: str(self._places.directory), "TMPDIR": str(self._places.temporary)}
        # The janitor removes the nodes' directories, with all others.
        places = self._places
        return Fleet(places.directory, plans, keep=True, environment=environment, sockets=places.short)

    def _show(self, fleet: Fleet, runtimes: Runtimes, took_s: float) -> None:
        for line in runtimes.without:
            tell(line)
        for node, runtime in zip(fleet.nodes, runtimes.nodes, strict=True):
            places = {"config": node.config, "store": node.store, "look": runtime.look}
            say("demo.node", node=node.name, runtime=runtime.shown, **places)
        say("demo.standing", count=len(fleet.nodes), took_s=f"{took_s:.1f}")

    async def _until_ended(self, fleet: Fleet, feeder: Feeder) -> int:
        began = time.monotonic()
        async with fleet.nodes[0].client() as client:
            while True:
                fleet.must_run()
                if feeder.error is not None:
                    raise feeder.error
                dropped_all = feeder.done
                document = await client.status(full=True)
                verdict = verdict_of(document, feeder.dropped, len(fleet.nodes))
                waited_s = time.monotonic() - began
                ended = verdict.ended and dropped_all
                if ended or waited_s >= self._options.timeout_s or self._stopping.told:
                    break
                await self._stopping.wait(POLL_S)
        self._print(document)
        if self._stopping.told and not ended:
            raise StoppedError
        if ended:
            say("demo.ended", waited_s=f"{waited_s:.1f}")
        else:
            say("demo.timed-out", timeout_s=self._options.timeout_s)
        return 0 if ended and verdict.well else 1

    async def _until_stopped(self, fleet: Fleet) -> int:
        if not self._options.announce:
            say("demo.until", config=fleet.nodes[0].config)
        await self._stopping.wait()
        if self._options.json:
            async with fleet.nodes[0].client() as client:
                self._print(await client.status(full=True))
        return 0

    def _print(self, document: StatusDocument) -> None:
        if self._options.json:
            answer(msgspec.json.encode(document).decode())
