"""A peer that does what no daemon would: a raw SSH client at a network's door."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncssh

from backend.model.ids import NodeId
from backend.model.messages import Message
from backend.peering.channel import SUBSYSTEM
from backend.peering.keys import NodeKey
from backend.peering.wire import frames_of
from tests.support.peer_fleet import HOST, PATIENCE_S


@contextlib.asynccontextmanager
async def logged_in(
    key: NodeKey, port: int, name: NodeId | None = None, home: str = HOST
) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """Log in with ``key`` as node ``name`` (the key's own if None) from ``home``. Raises asyncssh.PermissionDenied."""
    connection = await asyncssh.connect(
        HOST,
        port,
        config=None,
        known_hosts=None,
        username=name or key.node_id,
        client_keys=[key.private],
        agent_path=None,
        preferred_auth=["publickey"],
        connect_timeout=PATIENCE_S,
        local_addr=(home, 0),
    )
    try:
        yield connection
    finally:
        connection.abort()
        await connection.wait_closed()


class RawPeer:
    """A subsystem's stream."""

    def __init__(self, reader: asyncssh.SSHReader[bytes], writer: asyncssh.SSHWriter[bytes]) -> None:
        self.reader = reader
        self.writer = writer

    def say(self, message: Message) -> None:
        """Send a message in its frame."""
        for frame in frames_of(message, "test"):
            self.writer.write(frame)

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)

    async def closed(self, within_s: float = PATIENCE_S) -> bool:
        """Read until the other end closes; False when it does not in time."""
        try:
            async with asyncio.timeout(within_s):
                while await self.reader.read(65536):
                    pass
        except TimeoutError:
            return False
        except (asyncssh.Error, OSError):
            pass
        return True


@contextlib.asynccontextmanager
async def raw_peer(key: NodeKey, port: int) -> AsyncIterator[RawPeer]:
    """Log in and open the peer subsystem."""
    async with logged_in(key, port) as connection:
        writer, reader, _ = await connection.open_session(subsystem=SUBSYSTEM, encoding=None)
        yield RawPeer(reader, writer)
