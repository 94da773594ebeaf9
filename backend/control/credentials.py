"""Who is at the other end of a Unix socket, by the kernel's word, and what that user may do."""

import grp
import os
import pwd
import socket
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

# struct ucred { pid_t pid; uid_t uid; gid_t gid; }: man 7 unix, SO_PEERCRED.
_UCRED = struct.Struct("iII")


class Role(StrEnum):
    """What a user may do."""

    OPERATOR = "operator"
    READER = "reader"


class HasOptions(Protocol):
    """A socket as asyncio's transports hand it out."""

    def getsockopt(self, level: int, name: int, length: int, /) -> bytes:
        """Read an option of ``length`` bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Peer:
    """The process at the other end. ``gid`` is its effective group when it connected."""

    pid: int
    uid: int
    gid: int

    @property
    def user(self) -> str:
        """The user's name, for people."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return f"uid {self.uid}"


def peer_of(connection: HasOptions) -> Peer:
    """Ask the kernel who connected."""
    pid, uid, gid = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return Peer(pid, uid, gid)


def role_of(peer: Peer, gid: int | None, read_only: bool) -> Role:
    """Root, the daemon's own user and members of the socket's group may act; ``read_only`` lets nobody."""
    if read_only:
        return Role.READER
    if peer.uid in (0, os.geteuid()):
        return Role.OPERATOR
    if gid is not None and (peer.gid == gid or _is_member(peer.uid, gid)):
        return Role.OPERATOR
    return Role.READER


def group_id(name: str) -> int | None:
    """A group's number; None where there is none of that name."""
    try:
        return grp.getgrnam(name).gr_gid if name else None
    except KeyError:
        return None


def _is_member(uid: int, gid: int) -> bool:
    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return False
    return gid in os.getgrouplist(user.pw_name, user.pw_gid)
