"""Which words may stand in rsync's files and URLs: nothing that its parsers read a meaning into."""

import ipaddress
import re
from collections.abc import Iterable
from pathlib import Path

from backend.model.messages import Ticket

_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_SECRET = re.compile(r"[!-~]{8,200}", re.ASCII)
_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,127}){0,7}", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,252}", re.ASCII)
_CONFIGURABLE = re.compile(r"/[^\x00-\x1f\x7f%]*[^\x00-\x1f\x7f%\\\s]", re.ASCII)


def check_guest(user: str, secret: str, paths: Iterable[str]) -> None:
    """Raise ValueError unless user, secret and paths can stand in the daemon's files as they are."""
    if _USER.fullmatch(user) is None:
        raise ValueError(f"no user name for a data door: {user!r}")
    if _SECRET.fullmatch(secret) is None:
        raise ValueError("a secret is 8 to 200 printable ASCII characters without blanks")
    for path in paths:
        if _PATH.fullmatch(path) is None:
            raise ValueError(f"no path for a data door: {path!r}")


def check_ticket(host: str, ticket: Ticket) -> str | None:
    """Return what is wrong with a ticket from a peer, or None. It must not lead to another host, path or option."""
    if _USER.fullmatch(ticket.user) is None:
        return "malformed user in ticket"
    if _USER.fullmatch(ticket.module) is None:
        return "malformed module in ticket"
    if _PATH.fullmatch(ticket.path) is None:
        return "malformed path in ticket"
    if _SECRET.fullmatch(ticket.secret) is None:
        return "malformed secret in ticket"
    if not 1 <= ticket.port <= 65535:
        return "malformed port in ticket"
    if _HOST.fullmatch(host) is None and normal_address(host) is None:
        return "malformed host"
    return None


def normal_address(text: str) -> str | None:
    """Return an IP address as rsync compares it (IPv4 where IPv6 only wraps it), or None when it is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    wrapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(wrapped or address)


def normal_network(text: str) -> str:
    """Return an address or a CIDR network as it stands in ``hosts allow``. Raises ValueError when it is neither."""
    return normal_address(text) or str(ipaddress.ip_network(text, strict=False))


def check_configurable(path: Path) -> None:
    """Raise ValueError for a path that rsyncd.conf would read otherwise: line ends, ``%VAR%``, a trailing backslash."""
    if _CONFIGURABLE.fullmatch(str(path)) is None:
        raise ValueError(f"rsyncd.conf cannot hold this path: {str(path)!r}")
