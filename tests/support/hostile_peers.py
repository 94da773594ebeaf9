"""Nodes of a roster that lie: each speaks the peer protocol with its own key, and misbehaves in one way."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

from backend.adapters.clock import SystemClock
from backend.adapters.rsync.door import RsyncDoor
from backend.demo.fleet import Fleet
from backend.demo.node import FleetNode
from backend.model.delivery import Delivery, Stored
from backend.model.ids import Digest, NodeId
from backend.model.messages import (
    PROTOCOL_NEWEST,
    PROTOCOL_OLDEST,
    Entries,
    Gone,
    Granted,
    Hello,
    Message,
    Request,
    Rows,
    Ticket,
)
from backend.model.node import RosterNode
from backend.peering.keys import load_or_create_key
from backend.peering.network import SshPeerNetwork
from backend.ports.peers import ChannelUp, PeerEvent, Said
from backend.ports.tasks import TaskOwner
from backend.ports.transport import DATA_MODULE
from tests.support.data_plane import HOST, real_door

GREETING = b"@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4\n"


class HostilePeer:
    """Claims to hold whatever it hears of, and answers requests in ``_serve``. ``asked``: requests so far."""

    name: ClassVar[str] = "hostile"

    def __init__(self, own: FleetNode, others: list[FleetNode]) -> None:
        """Take the place of the node ``own``, whose daemon never runs."""
        self._key = load_or_create_key(own.directory / "keys")
        roster = tuple(self._roster_node(other) for other in others)
        self.network = SshPeerNetwork(
            key=self._key, roster=roster, listen_host=HOST, listen_port=own.peer_port, clock=SystemClock()
        )
        self.tasks = TaskOwner(self.name)
        self.asked = 0
        self._claims: dict[Digest, Delivery] = {}
        self._version = 0
        self._sizes: dict[Digest, int] = {}

    @staticmethod
    def _roster_node(node: FleetNode) -> RosterNode:
        key = load_or_create_key(node.directory / "keys")
        return RosterNode(key.node_id, node.name, HOST, node.peer_port, key.public_line)

    async def open(self) -> None:
        """Enter the fleet."""
        await self.network.open(self._on_event, lambda _: self._hello())

    async def close(self) -> None:
        """Leave it."""
        await self.tasks.close()
        await self.network.close()

    def _hello(self) -> Hello:
        return Hello(PROTOCOL_OLDEST, PROTOCOL_NEWEST, "1.0", self.name, 873, abilities=("rsync",))

    def _on_event(self, event: PeerEvent) -> None:
        if isinstance(event, ChannelUp):
            self._greet(event.node)
        elif isinstance(event, Said):
            self._hear(event.node, event.message)

    def _greet(self, node: NodeId) -> None:
        rows = tuple(sorted(self._claims.values(), key=lambda row: row.version))
        self.network.send(node, Rows(rows, since=0, upto=self._version))

    def _hear(self, node: NodeId, message: Message) -> None:
        if isinstance(message, Entries):
            for entry in message.entries:
                self.claim(entry.digest, entry.size_bytes)
        elif isinstance(message, Request):
            self.asked += 1
            self._serve(node, message.digest)

    def claim(self, digest: Digest, size_bytes: int) -> None:
        """Say that an archive lies here; also of one that nobody has published yet."""
        if digest in self._claims:
            return
        before, self._version = self._version, self._version + 1
        self._sizes[digest] = size_bytes
        row = Delivery(digest, self._key.node_id, Stored(), version=self._version, stored=True)
        self._claims[digest] = row
        for node in self.network.connected:
            self.network.send(node, Rows((row,), since=before, upto=self._version))

    def _serve(self, node: NodeId, digest: Digest) -> None:
        self.network.send(node, Gone(digest))


class Boaster(HostilePeer):
    """Goes on claiming what it does not have."""

    name: ClassVar[str] = "boaster"


class Liar(HostilePeer):
    """Announces one digest and serves other bytes of the same length, over a data door as good as any."""

    name: ClassVar[str] = "liar"

    def __init__(self, own: FleetNode, others: list[FleetNode]) -> None:
        super().__init__(own, others)
        self._directory = own.directory / "lies"
        self._door: RsyncDoor = real_door(self._directory, SystemClock())

    async def open(self) -> None:
        await self._door.open()
        await super().open()

    async def close(self) -> None:
        await super().close()
        await self._door.close()

    def _serve(self, node: NodeId, digest: Digest) -> None:
        path, user, secret = digest[7:39], f"t{digest[7:23]}", digest[7:]
        (self._directory / "serving" / path).write_bytes(b"\x2a" * self._sizes[digest])
        self._door.admit(user, secret, HOST, frozenset({path}))
        ticket = Ticket(self._door.port, DATA_MODULE, path, user, secret)
        self.network.send(node, Granted(digest, ticket, self._sizes[digest]))


class Crawler(HostilePeer):
    """Grants, greets, and then serves for ever at a byte a second."""

    name: ClassVar[str] = "crawler"

    def __init__(self, own: FleetNode, others: list[FleetNode]) -> None:
        super().__init__(own, others)
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._crawl, HOST, 0)
        await super().open()

    async def close(self) -> None:
        await super().close()
        if self._server is not None:
            self._server.close()

    async def _crawl(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        with contextlib.suppress(OSError):
            while not reader.at_eof():
                # Nothing that would end a line: rsync goes on waiting for the rest of it.
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(1.0)
        writer.close()

    def _serve(self, node: NodeId, digest: Digest) -> None:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        ticket = Ticket(port, DATA_MODULE, digest[7:39], "user", "secret")
        self.network.send(node, Granted(digest, ticket, self._sizes[digest]))


class Flooder(HostilePeer):
    """Asks without end for what nobody has. ``per_s`` requests a second to each node, for ``seconds``."""

    name: ClassVar[str] = "flooder"
    per_s: ClassVar[int] = 500
    seconds: ClassVar[int] = 60

    async def open(self) -> None:
        await super().open()
        self.tasks.start(self._flood(), "flood")

    async def _flood(self) -> None:
        for number in range(self.seconds * 10):
            for node in self.network.connected:
                for each in range(self.per_s // 10):
                    self.network.send(node, Request(Digest(f"sha256:{number * 1000 + each:064x}")))
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def fleet_with(
    directory: Path, plans: Fleet, hostile: tuple[type[HostilePeer], ...], zone: str
) -> AsyncIterator[dict[str, HostilePeer]]:
    """Start the good nodes of a prepared fleet, with hostile peers in the places of the others.

    Every good node's roster says that the hostile ones stand in its own ``zone``, so that it asks them first.
    """
    names = {kind.name for kind in hostile}
    good = [node for node in plans.nodes if node.name not in names]
    for node in good:
        text = node.config.read_text()
        for name in names:
            text = text.replace(f'name = "{name}"\n', f'name = "{name}"\nlabels = {{ zone = "{zone}" }}\n')
        node.config.write_text(text)
    peers = {kind.name: kind(plans[kind.name], good) for kind in hostile}
    try:
        for node in good:
            await node.start()
        await plans.connected(good)
        for peer in peers.values():
            await peer.open()
        yield peers
    finally:
        for peer in peers.values():
            await peer.close()
