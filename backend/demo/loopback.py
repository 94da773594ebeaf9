"""Ports of their own on the loopback address."""

import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
_FIRST_USER_PORT = 10_000
_LAST_PORT = 65_535
_TRIES = 1000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


class HeldPorts:
    """Different TCP ports that nobody else is given until ``close``, whether anybody listens on them or not.

    Whoever is told one may listen on it as daemons do (SO_REUSEADDR). They are not those that the kernel hands to
    outgoing connections: one of them would be taken again at any moment, and a node must find its port free also when
    it is started anew.
    """

    def __init__(self, count: int) -> None:
        """Find and hold ``count`` of them. Raises OSError where there are none."""
        self._held: dict[int, socket.socket] = {}
        lowest, highest = _range()
        for _ in range(_TRIES):
            if len(self._held) == count:
                return
            port = random.randint(lowest, highest)
            held = _bound(port)
            if held is not None:
                self._held[port] = held
        self.close()
        raise OSError(f"no {count} free ports from {lowest} to {highest}")

    @property
    def ports(self) -> list[int]:
        """Their numbers."""
        return list(self._held)

    def close(self) -> None:
        """Leave them to others."""
        for held in self._held.values():
            held.close()
        self._held.clear()


def _range() -> tuple[int, int]:
    try:
        first, last = (int(word) for word in _EPHEMERAL.read_text().split())
    except (OSError, ValueError):
        return _FIRST_USER_PORT, _LAST_PORT
    below, above = (_FIRST_USER_PORT, first - 1), (last + 1, _LAST_PORT)
    best = max(below, above, key=lambda pair: pair[1] - pair[0])
    return best if best[1] - best[0] >= _TRIES else (_FIRST_USER_PORT, _LAST_PORT)


def _bound(port: int) -> socket.socket | None:
    """A socket that is bound and does not listen: a second one like it can't be had, a listener beside it can."""
    held = socket.socket()
    try:
        held.bind((LOOPBACK, port))
        # Only now: with it the port could be bound although another holds it.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    except OSError:
        held.close()
        return None
    return held
