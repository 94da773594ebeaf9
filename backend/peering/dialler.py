"""The dialling end: resolve, connect, check the host key against the roster, open the one subsystem."""

import asyncio
import ipaddress
import logging
import socket
from concurrent.futures import ThreadPoolExecutor

import asyncssh

from backend.model.errors import KeyRefusedError, OtherKeyError, PeerError
from backend.model.node import RosterNode
from backend.peering.channel import SUBSYSTEM, ClientSession, PeerChannel
from backend.peering.keys import NodeKey, public_key_of
from backend.peering.limits import PeerLimits
from backend.peering.options import shared_options
from backend.peering.words import words_of
from backend.settings import Address

_log = logging.getLogger("dsync.peering")

_RESOLVERS = 4
_ADDRESSES_TRIED = 4


class Dialler:
    """Dials nodes of the roster with this node's key, a few at a time."""

    def __init__(self, key: NodeKey, limits: PeerLimits) -> None:
        """Take the key and the limits."""
        self._key = key
        self._limits = limits
        self._slots = asyncio.Semaphore(limits.dials_at_once)
        # Names are resolved in threads that may hang for long: these must not be the ones that others work in.
        self._resolvers = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="dsync-resolve")

    def close(self) -> None:
        """Let go of the resolvers' threads."""
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def dial(self, channel: PeerChannel) -> None:
        """Connect ``channel`` to its peer; it then says hello. Raises OtherKeyError, KeyRefusedError, PeerError."""
        peer = channel.peer
        try:
            async with self._slots, asyncio.timeout(self._limits.dial_timeout_s):
                await self._connect(channel, await self._addresses_of(peer))
        except (TimeoutError, OSError, asyncssh.Error, ValueError) as error:
            raise _failed(peer, error) from error
        except PeerError:
            raise
        except Exception as error:
            # Whatever asyncssh did not foresee must not end the dialling of this peer for good.
            _log.exception("dialling %s failed", peer.name)
            raise _failed(peer, error) from error

    async def _addresses_of(self, peer: RosterNode) -> list[str]:
        try:
            return [str(ipaddress.ip_address(peer.host))]
        except ValueError:
            pass
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._resolvers, lambda: socket.getaddrinfo(peer.host, peer.port, type=socket.SOCK_STREAM)
            )
        except (socket.gaierror, UnicodeError) as error:
            detail = f"the name {peer.host} cannot be resolved: {error}"
            raise PeerError(peer=peer.name, detail=detail) from error
        return [str(address[0]) for *_, address in found][:_ADDRESSES_TRIED]

    async def _connect(self, channel: PeerChannel, addresses: list[str]) -> None:
        for address in addresses[:-1]:
            try:
                return await self._connect_to(channel, address)
            except OSError:
                continue
        return await self._connect_to(channel, addresses[-1])

    async def _connect_to(self, channel: PeerChannel, address: str) -> None:
        peer = channel.peer
        client = _Caller()
        try:
            connection = await asyncssh.connect(
                address,
                peer.port,
                client_factory=lambda: client,
                known_hosts=([public_key_of(peer.public_key)], [], []),
                server_host_key_algs=["ssh-ed25519"],
                username=self._key.node_id,
                client_keys=[self._key.private],
                preferred_auth=["publickey"],
                agent_path=None,
                pkcs11_provider=None,
                env=None,
                send_env=None,
                request_pty=False,
                client_version="dsync",
                **shared_options(self._limits),
            )
        except asyncssh.HostKeyNotVerifiable as error:
            raise OtherKeyError(peer=peer.name, address=address, key=client.presented) from error
        except asyncssh.PermissionDenied as error:
            raise KeyRefusedError(peer=peer.name, key=self._key.node_id) from error
        try:
            await connection.create_session(lambda: ClientSession(channel), subsystem=SUBSYSTEM)
        except BaseException:
            connection.abort()
            raise


def _failed(peer: RosterNode, error: Exception) -> PeerError:
    # With the address: a wrong one is the likeliest cause, and one that an operator sees at once.
    return PeerError(peer=peer.name, detail=f"{Address(peer.host, peer.port)}: {words_of(error)}")


class _Caller(asyncssh.SSHClient):
    """Takes no host key but the pinned one, and remembers which other was shown."""

    def __init__(self) -> None:
        self.presented = "?"

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.presented = key.get_fingerprint("sha256")
        return False
