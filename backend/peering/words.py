"""What asyncssh and the operating system say, in words for people."""

import ipaddress
import os

import asyncssh

from backend.model.plain import plain

_LIMIT_CHARS = 200


def words_of(error: Exception) -> str:
    """What went wrong; text from the other end is made harmless."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, asyncssh.Error):
        return plain(error.reason, _LIMIT_CHARS)
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        # asyncio joins what it tried for each address of a host; the reason alone is what helps.
        return os.strerror(error.errno)
    return plain(str(error), _LIMIT_CHARS) or type(error).__name__


def address_of(peername: object) -> str:
    """The IP of a socket's peer: without zone, and IPv4 as IPv4 where a socket of IPv6 took it; "" if unknown."""
    if not isinstance(peername, tuple) or not peername:
        return ""
    text = str(peername[0]).partition("%")[0]
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return plain(text, _LIMIT_CHARS)
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return str(mapped or ip)
