"""Free ports on the loopback address."""

import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
_FIRST_USER_PORT = 10_000
_LAST_PORT = 65_535
_TRIES = 1000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_ports(count: int) -> list[int]:
    """Return ``count`` different TCP ports that nobody listens on now. Raises OSError where there are none.

    Not those that the kernel hands to outgoing connections: one of them would be taken again at any moment, and a node
    must find its port free also when it is started anew.
    """
    lowest, highest = _range()
    found: list[int] = []
    for _ in range(_TRIES):
        if len(found) == count:
            return found
        port = random.randint(lowest, highest)
        if port not in found and _is_free(port):
            found.append(port)
    raise OSError(f"no {count} free ports from {lowest} to {highest}")


def _range() -> tuple[int, int]:
    try:
        first, last = (int(word) for word in _EPHEMERAL.read_text().split())
    except (OSError, ValueError):
        return _FIRST_USER_PORT, _LAST_PORT
    below, above = (_FIRST_USER_PORT, first - 1), (last + 1, _LAST_PORT)
    best = max(below, above, key=lambda pair: pair[1] - pair[0])
    return best if best[1] - best[0] >= _TRIES else (_FIRST_USER_PORT, _LAST_PORT)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As daemons bind: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True
