"""One node's process: every port gets its implementation here, then the engine runs until somebody stops it."""

import asyncio
import logging
import os
import signal
from dataclasses import dataclass
from datetime import datetime

from backend.adapters.children import ChildRegister
from backend.adapters.clock import SystemClock
from backend.adapters.inspecting.inspector import FileInspector
from backend.adapters.lifelines import when_cut
from backend.adapters.locks import LoadLocks
from backend.adapters.logs import begin_logging
from backend.adapters.mirrors import FileMirrors
from backend.adapters.rsync.configuration import DoorSettings
from backend.adapters.rsync.door import RsyncDoor
from backend.adapters.rsync.program import RsyncProgram
from backend.adapters.rsync.transport import RsyncTransport
from backend.adapters.runtimes.choosing import Choice, Chooser
from backend.adapters.store import DirectoryStore
from backend.adapters.watching import FileWatcher
from backend.control.facts import DaemonFacts
from backend.control.server import ControlServer
from backend.engine.engine import Engine, EngineOptions
from backend.engine.ports import Ports
from backend.engine.restoring import restore
from backend.ledger.sqlite import SqliteLedger
from backend.logic.state import NodeState, Policy
from backend.model.commands import SaveValue
from backend.model.events import Level, Note
from backend.model.node import NodeReport, RosterNode
from backend.peering.identity import settle_identity
from backend.peering.keys import NodeKey
from backend.peering.limits import PeerLimits
from backend.peering.network import SshPeerNetwork
from backend.ports.tasks import TaskOwner
from backend.settings import Settings

_log = logging.getLogger("dsync.daemon")


@dataclass(frozen=True, slots=True)
class DaemonOptions:
    """How this process was started. ``epoch``: new at each start; ``lifeline``: descriptor of a pipe, or None."""

    version: str
    epoch: str
    beneath: bool
    lifeline: int | None
    as_root: bool


class Daemon:
    """Starts, runs and ends one node."""

    def __init__(self, settings: Settings, options: DaemonOptions) -> None:
        """Touch nothing yet."""
        self._settings = settings
        self._options = options
        self._clock = SystemClock()
        self._stopping: asyncio.Event = asyncio.Event()
        self._how = "now"
        self._failure: str | None = None
        self._owner = TaskOwner("daemon")
        self._engine: Engine | None = None

    async def run(self) -> int:
        """Run until stopped; 0, or 1 when the engine could not go on. Raises DsyncError when it cannot start."""
        settings = self._settings
        begin_logging(settings.paths.logs, to_stderr=not self._options.beneath)
        self._listen_for_signals()
        key, roster = settle_identity(settings)
        ledger = SqliteLedger(settings.paths.state / "ledger.db", self._clock)
        snapshot = await ledger.open()
        children = ChildRegister(settings.paths.run)
        chooser = Chooser(children, settings.runtime.timeout_s, settings.runtime.ask_timeout_s)
        choice = await chooser.choose(
            settings.runtime.kind.value, settings.runtime.command, snapshot.values.get("runtime_kind")
        )
        if choice.runtime is not None:
            await ledger.commit((SaveValue("runtime_kind", choice.kind),))
        report = NodeReport(
            runtime=str(choice.info) if choice.info else choice.kind,
            runtime_problem=choice.problem,
            software=self._options.version,
        )
        state = restore(snapshot, key.node_id, settings.node.name, self._policy(choice), roster, report)
        engine = self._engine = self._assemble(state, ledger, children, choice, key, roster)
        control = ControlServer(engine, settings, self._facts(), self._clock)
        control.claim()
        try:
            self._say_what_was_found(engine, choice, snapshot.set_aside)
            await engine.start()
            await control.open()
            _log.info("node %s (%s) is up", settings.node.name, key.node_id)
            await self._stopping.wait()
            if self._how == "drain":
                await engine.drained()
        finally:
            _log.info("stopping")
            await control.close()
            await engine.stop()
            await self._owner.close()
        return 0 if self._failure is None else 1

    # --- putting together -------------------------------------------------------------------------------------------

    def _assemble(
        self,
        state: NodeState,
        ledger: SqliteLedger,
        children: ChildRegister,
        choice: Choice,
        key: NodeKey,
        roster: tuple[RosterNode, ...],
    ) -> Engine:
        settings, clock = self._settings, self._clock
        program = RsyncProgram(children)
        store = DirectoryStore(settings.store.directory)
        ports = Ports(
            clock=clock,
            ledger=ledger,
            store=store,
            inspector=FileInspector(),
            watcher=FileWatcher(),
            transport=RsyncTransport(program, clock),
            door=RsyncDoor(self._door_settings(roster), program, children, clock),
            peers=SshPeerNetwork(
                key=key,
                roster=roster,
                listen_host=settings.peer.listen.host,
                listen_port=settings.peer.listen.port or 0,
                clock=clock,
                limits=PeerLimits(heartbeat_s=settings.peer.heartbeat_s, lost_after_s=settings.peer.lost_after_s),
                backlog=self._backlog,
            ),
            children=children,
            mirrors=FileMirrors(settings.paths.mirrors),
            runtime=choice.runtime,
            locks=LoadLocks(),
        )
        options = EngineOptions(
            software=self._options.version,
            address=settings.node.address.host if settings.node.address is not None else settings.node.name,
            settle_s=settings.store.settle_s,
            timeout_s=float(settings.rsync.timeout_s),
            compress=settings.rsync.compress.value,
            bandwidth_bps=self._bandwidth_bps,
        )
        engine = Engine(state, ports, options, on_fatal=self._fatal)
        engine.on_stop = self._stop
        return engine

    def _policy(self, choice: Choice) -> Policy:
        settings = self._settings
        return Policy(
            waits_s=settings.retry.waits_s,
            jitter=settings.retry.jitter,
            sweep_s=settings.retry.sweep_s,
            serve_slots=settings.limits.serve,
            fetch_slots=settings.limits.fetch,
            grace_s=float(settings.rsync.timeout_s),
            has_runtime=choice.runtime is not None,
            shared_runtime=settings.runtime.shared,
            min_free_bytes=settings.store.min_free_bytes,
            keep_s=settings.store.keep.longest_s,
            replicas=settings.store.replicas,
            admin=any(node.admin and node.name == settings.node.name for node in settings.nodes),
            labels=dict(settings.node.labels),
            store=str(settings.store.directory),
        )

    def _door_settings(self, roster: tuple[RosterNode, ...]) -> DoorSettings:
        settings = self._settings
        return DoorSettings(
            host=settings.rsync.listen.host,
            port=settings.rsync.listen.port or 0,
            networks=settings.rsync.networks,
            timeout_s=float(settings.rsync.timeout_s),
            max_connections=settings.rsync.max_connections,
            serving=settings.store.directory / ".serving",
            directory=settings.paths.run / "rsync",
            log=settings.paths.logs / "rsyncd.log",
            as_root=self._options.as_root,
        )

    def _facts(self) -> DaemonFacts:
        return DaemonFacts(self._options.version, self._options.epoch, self._options.beneath)

    def _say_what_was_found(self, engine: Engine, choice: Choice, set_aside: str) -> None:
        engine.remark(Note(self._clock.now(), Level.INFO, choice.why, choice.params, problem=choice.problem))
        if set_aside:
            engine.remark(Note(self._clock.now(), Level.ALERT, "ledger-set-aside", {"path": set_aside}))

    def _backlog(self) -> int:
        return self._engine.loop.backlog if self._engine is not None else 0

    def _bandwidth_bps(self) -> int:
        local = datetime.now().astimezone()
        return self._settings.limits.bandwidth_at(local.hour * 60 + local.minute)

    # --- ending -----------------------------------------------------------------------------------------------------

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, "now")
        # A daemon beneath a console outlives its terminal.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if self._options.lifeline is not None:
            os.set_blocking(self._options.lifeline, False)
            when_cut(self._options.lifeline, lambda: self._stop("now"))

    def _stop(self, how: str) -> None:
        self._how = how
        self._stopping.set()

    def _fatal(self, reason: str) -> None:
        _log.critical("the engine cannot go on: %s", reason)
        self._failure = reason
        self._stop("now")
