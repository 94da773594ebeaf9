"""Ports of this machine: whether one can be listened on, and who holds it if not."""

import errno
import socket
from collections.abc import Iterator
from pathlib import Path

from backend.model.errors import DoorError
from backend.model.plain import plain

_PROC = Path("/proc")
_LISTEN = "0A"
_ANY_HOST = ("", "::", "*")
FREE_PORT_TRIES = 20


def shown_address(host: str, port: int) -> str:
    """Return ``host:port`` as people write it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def any_family(host: str) -> bool:
    """Tell whether ``host`` means every address of both families, as ``[::]`` does on Linux."""
    return host in _ANY_HOST


def reachable_host(host: str) -> str:
    """Return the address under which a listener on ``host`` answers from this machine."""
    if any_family(host) or host == "0.0.0.0":
        return "127.0.0.1"
    return host


def free_port(host: str, port: int) -> int:
    """Return ``port`` if all addresses that ``host`` means can be listened on; for 0 a port that is free now.

    Raises DoorError naming who holds the port where that can be seen.
    """
    tries = FREE_PORT_TRIES if port == 0 else 1
    for left in reversed(range(tries)):
        chosen = port
        try:
            for family, address in _addresses(host, port):
                # 0 only for the first family: the others must take the same number.
                chosen = _try_to_bind(family, address, chosen)
        except OSError as error:
            if left and error.errno == errno.EADDRINUSE:
                continue
            raise DoorError(address=shown_address(host, chosen), detail=_explain(error, chosen)) from error
        return chosen
    raise AssertionError("the last try returns or raises")


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    """Resolve ``host`` for listening; families that this kernel does not speak are left out."""
    found = socket.getaddrinfo(
        None if any_family(host) else host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    pairs: list[tuple[socket.AddressFamily, str]] = [(family, str(address[0])) for family, *_, address in found]
    return pairs if any_family(host) else pairs[:1]


def _try_to_bind(family: socket.AddressFamily, address: str, port: int) -> int:
    try:
        attempt = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        if error.errno == errno.EAFNOSUPPORT:
            return port
        raise
    with attempt:
        # As rsync binds: a port in TIME_WAIT is free, one that somebody listens on is not.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            attempt.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        attempt.bind((address, port))
        # Two may bind with SO_REUSEADDR while neither listens.
        attempt.listen(1)
        return int(attempt.getsockname()[1])


def _explain(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"the port is taken by {holder_of(port) or 'another program'}"
    if error.errno == errno.EACCES and port < 1024:
        return "ports below 1024 need root or CAP_NET_BIND_SERVICE"
    if error.errno == errno.EADDRNOTAVAIL:
        return "no interface of this machine has that address"
    return plain(error.strerror or str(error), 200)


def holder_of(port: int) -> str | None:
    """Return name and pid of a process that listens on ``port``; None where none can be seen (another user's)."""
    inodes = {inode for inode in _listening_inodes(port) if inode != "0"}
    if not inodes:
        return None
    for process in _PROC.iterdir():
        if process.name.isdigit() and not inodes.isdisjoint(_socket_inodes(process)):
            return f"{_command_of(process)} (pid {process.name})"
    return None


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        try:
            lines = (_PROC / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if len(fields) > 9 and fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _socket_inodes(process: Path) -> Iterator[str]:
    try:
        descriptors = list((process / "fd").iterdir())
    except OSError:
        return
    for descriptor in descriptors:
        try:
            target = str(descriptor.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            yield target[8:-1]


def _command_of(process: Path) -> str:
    try:
        return plain((process / "comm").read_text().strip(), 40)
    except OSError:
        return "a process"
