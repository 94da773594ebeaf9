"""Hosts, ports and networks as people write them: ``host``, ``host:port``, ``[IPv6]:port``."""

import ipaddress
import re
from dataclasses import dataclass

from backend.settings.reading import Expected

_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
    r"(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?",
    re.ASCII,
)

ADDRESS_EXPECTED = 'an address such as "192.168.1.100", "host:8730" or "[fd00::1]:8730"'


@dataclass(frozen=True, slots=True)
class Address:
    """A host (name or IP, IPv6 without brackets) and a port; None where the text names none."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        """Return the text that reads back to this address."""
        if self.port is None:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read ``host``, ``host:port``, ``IPv6``, ``[IPv6]`` or ``[IPv6]:port``. Raises Expected."""
    if text.startswith("["):
        inside, closed, rest = text[1:].partition("]")
        if not closed or not _is_ipv6(inside) or (rest and not rest.startswith(":")):
            raise Expected(ADDRESS_EXPECTED)
        return Address(inside, _port(rest[1:]) if rest else None)
    if text.count(":") >= 2:
        if not _is_ipv6(text):
            raise Expected(f"{ADDRESS_EXPECTED} (IPv6 with a port needs brackets)")
        return Address(text)
    host, colon, port = text.partition(":")
    if not _is_host(host):
        raise Expected(ADDRESS_EXPECTED)
    return Address(host, _port(port) if colon else None)


def parse_network(text: str) -> str:
    """Return ``text`` if it is a network in CIDR notation without host bits. Raises Expected."""
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise Expected('a network in CIDR notation such as "10.0.0.0/24"') from error


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def _is_host(text: str) -> bool:
    if re.fullmatch(r"[0-9.]+", text, re.ASCII):
        # All digits and dots: an IPv4 address or a slip of the pen, never a name.
        try:
            ipaddress.IPv4Address(text)
        except ValueError:
            return False
        return True
    return _HOST_NAME.fullmatch(text) is not None


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) or not 1 <= int(text) <= 65535:
        raise Expected("a port from 1 to 65535 after the colon")
    return int(text)
