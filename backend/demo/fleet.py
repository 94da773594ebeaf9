"""A fleet of real daemons on the loopback address, all of whose things lie in one directory.

    async with Fleet(directory, [NodePlan("node-1"), NodePlan("node-2", {"store.settle_s": 0.5})]) as fleet:
        (fleet["node-1"].store / "app.tar").hardlink_to(archive)
        async with fleet["node-2"].client() as client:
            document = await client.status(full=True)

The daemons end with the process that holds the fleet, however that ends: each reads a pipe (its *lifeline*) whose other
end only this process has. Runtimes are the caller's: a plan's ``runtime.kind`` is ``none`` unless it says otherwise.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from backend.demo.loopback import HeldPorts
from backend.demo.node import POLL_S, FleetNode
from backend.demo.plans import Member, NodePlan, settings_text
from backend.model.errors import FleetError
from backend.peering.keys import load_or_create_key

CONNECT_WITHIN_S = 60.0
LONGEST_SOCKET_BYTES = 100
"""A Unix socket's path may have 107 bytes (unix(7)); daemons put a lock and drafts beside theirs."""

__all__ = ["Fleet", "FleetNode", "NodePlan"]


class Fleet:
    """Makes, starts and ends the nodes of some plans; ``async with`` starts all and closes at the end.

    ``directory`` must exist or be makeable; each node gets a directory of its name below it. ``keep``: leave those at
    the end. ``environment``: variables that every daemon is given. ``sockets``: where control sockets lie whose path
    below ``directory`` would be too long; without one a directory in /tmp, which goes with ``close``.
    """

    def __init__(
        self,
        directory: Path,
        plans: Sequence[NodePlan],
        *,
        keep: bool = False,
        environment: Mapping[str, str] | None = None,
        sockets: Path | None = None,
    ) -> None:
        """Touch nothing yet."""
        self._directory = directory.absolute()
        self._plans = tuple(plans)
        self._keep = keep
        self._environment = dict(environment or {})
        self._sockets = sockets
        self._own_sockets: Path | None = None
        self._lifeline: tuple[int, int] | None = None
        self._ports: HeldPorts | None = None
        self._nodes: dict[str, FleetNode] = {}

    async def __aenter__(self) -> "Fleet":
        """Start all nodes and wait until they are connected. Raises FleetError, SettingsError, OSError."""
        try:
            await self.start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """End all and clear up."""
        await self.close()

    @property
    def nodes(self) -> tuple[FleetNode, ...]:
        """All nodes in the order of their plans, once ``prepare`` is done."""
        return tuple(self._nodes.values())

    def __getitem__(self, name: str) -> FleetNode:
        """A node by its name."""
        return self._nodes[name]

    def prepare(self) -> None:
        """Write keys and settings of all nodes; start none, for those who start them one by one.

        Raises SettingsError for a plan's setting that is none, OSError.
        """
        if self._lifeline is not None:
            return
        self._lifeline = os.pipe()
        members = self._members()
        for member in members:
            member.config.write_text(settings_text(member, members))
            member.store.mkdir(mode=0o755, exist_ok=True)
            node = FleetNode(member, self._lifeline[0], self._environment)
            self._nodes[node.name] = node

    async def start(self) -> None:
        """Start all nodes that do not run; wait until they answer and see each other. Raises as ``async with``."""
        self.prepare()
        # Each is awaited: none may be left that starts its process after ``close`` has looked.
        ended = await asyncio.gather(*(node.start() for node in self.nodes), return_exceptions=True)
        for failure in ended:
            if failure is not None:
                raise failure
        await self.connected()

    async def connected(self, nodes: Iterable[FleetNode] | None = None, within_s: float = CONNECT_WITHIN_S) -> None:
        """Wait until each of ``nodes`` (default: those that run) sees all others of them up. Raises FleetError."""
        wanted = [node for node in self.nodes if node.running] if nodes is None else list(nodes)
        names = {node.name for node in wanted}
        for node in wanted:
            lacking = names
            try:
                async with asyncio.timeout(within_s), node.client() as client:
                    while lacking:
                        others = (await client.status()).nodes
                        seen = {other.name for other in others if other.state not in ("down", "pending")}
                        lacking = names - seen
                        if lacking:
                            await asyncio.sleep(POLL_S)
            except TimeoutError:
                detail = f"no channel to {', '.join(sorted(lacking))} within {within_s:g} s"
                raise FleetError(node=node.name, detail=detail) from None

    def must_run(self) -> None:
        """Raise FleetError, with its last words, where a daemon does not run."""
        for node in self.nodes:
            node.must_run()

    async def stop(self) -> None:
        """End all daemons in order, and what killed ones left; files stay, and the nodes can be started again."""
        await asyncio.gather(*(node.stop() for node in self.nodes))

    async def close(self) -> None:
        """End all daemons and remove what the fleet made, unless it is to be kept."""
        try:
            await self.stop()
        finally:
            if self._lifeline is not None:
                reader, writer = self._lifeline
                os.close(writer)
                os.close(reader)
                self._lifeline = None
            if self._ports is not None:
                self._ports.close()
                self._ports = None
            if self._own_sockets is not None:
                shutil.rmtree(self._own_sockets, ignore_errors=True)
                self._sockets = self._own_sockets = None
            if not self._keep:
                for node in self.nodes:
                    shutil.rmtree(node.directory, ignore_errors=True)

    def _members(self) -> list[Member]:
        self._ports = HeldPorts(2 * len(self._plans))
        ports = iter(self._ports.ports)
        return [self._member(plan, next(ports), next(ports)) for plan in self._plans]

    def _member(self, plan: NodePlan, peer_port: int, rsync_port: int) -> Member:
        directory = self._directory / plan.name
        directory.mkdir(mode=0o755, parents=True)
        key = load_or_create_key(directory / "keys")
        return Member(plan, directory, self._socket(plan.name, directory), peer_port, rsync_port, key.public_line)

    def _socket(self, name: str, directory: Path) -> Path:
        path = directory / "run/control.sock"
        if len(os.fsencode(path)) < LONGEST_SOCKET_BYTES:
            return path
        if self._sockets is None:
            self._sockets = self._own_sockets = Path(tempfile.mkdtemp(prefix="dsync-", dir="/tmp"))
        return self._sockets / f"{name}.sock"
