"""The listening end: an SSH server that knows the roster's keys and one subsystem, and nothing else."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

import asyncssh

from backend.model.errors import DoorError, KeyRefusedError, PeerError, ProtocolError, SlowPeerError, UnknownKeyError
from backend.model.ids import NodeId
from backend.model.node import RosterNode
from backend.peering.channel import PeerChannel, ServerSession
from backend.peering.keys import NodeKey, public_key_of
from backend.peering.limits import PeerLimits
from backend.peering.options import shared_options
from backend.peering.words import address_of, words_of

_log = logging.getLogger("dsync.peering")

ServerChannel = asyncssh.SSHServerChannel[bytes]


class PeerDoor:
    """Listens on ``host:port``. ``admit`` makes the channel of a roster's node; ``refused`` hears of all others."""

    def __init__(
        self,
        key: NodeKey,
        host: str,
        port: int,
        roster: tuple[RosterNode, ...],
        limits: PeerLimits,
        admit: Callable[[RosterNode], PeerChannel],
        refused: Callable[[str, PeerError], None],
    ) -> None:
        """Take what is needed; nothing listens before ``open``."""
        self._key = key
        self._host = host
        self._port = port
        self._by_key = {public_key_of(node.public_key).public_data: node for node in roster}
        self._roster = roster
        self._hosts = frozenset(node.host for node in roster)
        self._ids = frozenset(node.id for node in roster)
        self._limits = limits
        self._admit = admit
        self._refused = refused
        self._came_from: dict[NodeId, str] = {}
        self._waiting: Counter[str] = Counter()
        self._guests: set[_Guest] = set()
        self._acceptor: asyncssh.SSHAcceptor | None = None

    @property
    def port(self) -> int:
        """The port that listens (known after ``open`` where 0 was asked for)."""
        return self._acceptor.get_port() if self._acceptor is not None else self._port

    async def open(self) -> None:
        """Listen. Raises DoorError."""
        try:
            self._acceptor = await asyncssh.listen(
                self._host,
                self._port,
                server_factory=lambda: _Guest(self),
                server_host_keys=[self._key.private],
                authorized_client_keys=None,
                allow_pty=False,
                line_editor=False,
                allow_scp=False,
                reuse_address=True,
                server_version="dsync",
                **shared_options(self._limits),
            )
        except OSError as error:
            address = f"{self._host}:{self._port}"
            raise DoorError(address=address, detail=words_of(error)) from error

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._acceptor is None:
            return
        self._acceptor.close()
        for guest in tuple(self._guests):
            guest.drop()
        await self._acceptor.wait_closed()
        self._acceptor = None

    # What guests ask for.

    def node_of(self, key: asyncssh.SSHKey) -> RosterNode | None:
        """Whose key it is."""
        return self._by_key.get(key.public_data)

    def names(self, name: str) -> bool:
        """Tell whether the roster has a node of this ID."""
        return name in self._ids

    def channel_for(self, node: RosterNode, address: str) -> PeerChannel:
        """Make the channel of a node that has logged in from ``address``."""
        self._came_from[node.id] = address
        return self._admit(node)

    def known_at(self, address: str) -> str | None:
        """Whose address it is by the roster or by the last login: the node's name; where there are several, itself."""
        names = [node.name for node in self._roster if address in (node.host, self._came_from.get(node.id))]
        return names[0] if len(names) == 1 else address if names else None

    @property
    def key_shown(self) -> NodeId:
        """The key that callers see."""
        return self._key.node_id

    def come(self, guest: "_Guest") -> bool:
        """Count a connection before its login; False where there are too many."""
        address = guest.address
        mine = self._limits.strangers_at_once
        if address not in self._hosts:
            mine = min(mine, self._limits.strangers_per_address)
        if self._waiting[address] >= mine or self._waiting.total() >= self._limits.strangers_at_once:
            return False
        self._waiting[address] += 1
        self._guests.add(guest)
        return True

    def logged_in(self, address: str) -> None:
        """A counted connection is no stranger's any more."""
        self._waiting[address] -= 1
        if not self._waiting[address]:
            del self._waiting[address]

    def gone(self, guest: "_Guest") -> None:
        """Forget a connection."""
        self._guests.discard(guest)

    def refuse(self, address: str, error: PeerError) -> None:
        """Tell of a stranger."""
        self._refused(address, error)

    @property
    def patience_s(self) -> float:
        """How long a node that has logged in may take to open its channel."""
        return self._limits.hello_timeout_s

    @property
    def window_bytes(self) -> int:
        """How much a peer may send ahead."""
        return self._limits.window_bytes


class _Guest(asyncssh.SSHServer):
    """One connection at the door. A node's name in SSH is its node ID; the key must be that node's."""

    def __init__(self, door: PeerDoor) -> None:
        self.address = ""
        self._door = door
        self._connection: asyncssh.SSHServerConnection | None = None
        self._node: RosterNode | None = None
        self._counted = False
        self._knocked = False
        self._told = False
        self._in_session = False

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self.address = address_of(conn.get_extra_info("peername"))
        self._counted = self._door.come(self)
        if not self._counted:
            _log.debug("too many connections wait for their login; %s was dropped", self.address)
            conn.abort()

    def begin_auth(self, username: str) -> bool:
        # A peer may lose its connection in the middle of its login; whoever calls himself otherwise is none.
        self._knocked = not self._door.names(username)
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        node = self._door.node_of(key)
        if node is not None and node.id == NodeId(username):
            self._node = node
            return True
        self._node = None
        self._tell(UnknownKeyError(peer=self.address, key=key.get_fingerprint("sha256")))
        return False

    def auth_completed(self) -> None:
        self._leave_the_line()
        asyncio.get_running_loop().call_later(self._door.patience_s, self._must_have_begun)

    def session_requested(self) -> tuple[ServerChannel, ServerSession] | bool:
        connection = self._connection
        if self._in_session or self._node is None or connection is None:
            return False
        # The key of the last login request is the one that was signed with: none is checked after it.
        if connection.get_extra_info("username") != self._node.id:
            return False
        self._in_session = True
        chan = connection.create_server_channel(encoding=None, window=self._door.window_bytes)
        return chan, ServerSession(self._door.channel_for(self._node, self.address))

    def connection_lost(self, exc: Exception | None) -> None:
        self._door.gone(self)
        self._connection = None
        if self._counted:
            self._leave_the_line()
            self._tell_why(exc)

    def drop(self) -> None:
        """End the connection at once."""
        if self._connection is not None:
            self._connection.abort()

    def _leave_the_line(self) -> None:
        if self._counted:
            self._counted = False
            self._door.logged_in(self.address)

    def _must_have_begun(self) -> None:
        if not self._in_session and self._connection is not None:
            _log.info("%s logged in and asked for nothing; dropped", self.address)
            self._connection.abort()

    def _tell_why(self, exc: Exception | None) -> None:
        # Who only looks whether the port answers (a health check) is no stranger to tell of.
        if self._knocked:
            self._tell(UnknownKeyError(peer=self.address, key="none"))
        elif isinstance(exc, asyncssh.HostKeyNotVerifiable):
            self._tell(
                KeyRefusedError(peer=self._door.known_at(self.address) or self.address, key=self._door.key_shown)
            )
        elif isinstance(exc, asyncssh.ConnectionLost):
            if "timeout" in exc.reason:
                self._tell(self._late())
        elif exc is not None and not isinstance(exc, OSError):
            self._tell(ProtocolError(peer=self.address, detail=words_of(exc)))

    def _late(self) -> PeerError:
        # A busy node is late as well as one who only holds the line; an address of the fleet's speaks for the former.
        known = self._door.known_at(self.address)
        if known is not None:
            return SlowPeerError(peer=known)
        return ProtocolError(peer=self.address, detail="no login in time")

    def _tell(self, error: PeerError) -> None:
        if not self._told:
            self._told = True
            self._door.refuse(self.address, error)
