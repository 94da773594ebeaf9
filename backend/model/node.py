"""Machines of the fleet: what the roster says of them, and what is seen of them."""

from enum import StrEnum

import msgspec

from backend.model.errors import Problem
from backend.model.ids import NodeId


class NodeKind(StrEnum):
    """``agent`` runs this daemon; ``ssh`` and ``rsyncd`` nodes are looked after by a steward."""

    AGENT = "agent"
    SSH = "ssh"
    RSYNCD = "rsyncd"


class RosterNode(msgspec.Struct, frozen=True):
    """One node of the roster. ``host`` and ``port`` reach its peer channel; ``public_key`` is an OpenSSH line.

    ``publish``: shell-style patterns of the tags that it may publish; ``*`` all, empty nothing.
    """

    id: NodeId
    name: str
    host: str
    port: int
    public_key: str
    kind: NodeKind = NodeKind.AGENT
    admin: bool = False
    labels: dict[str, str] = {}
    platform: str = ""
    publish: tuple[str, ...] = ("*",)


class NodeReport(msgspec.Struct, frozen=True):
    """What a node says of itself, to peers and consoles, when it changes.

    ``runtime`` is e.g. ``docker 20.10.24`` or ``none``. Problems are None while well. ``told_away``: nodes of whose
    absence it has told a person.
    """

    runtime: str = ""
    runtime_problem: Problem | None = None
    disk_problem: Problem | None = None
    free_bytes: int = 0
    paused: bool = False
    bandwidth_bps: int = 0
    software: str = ""
    told_away: tuple[NodeId, ...] = ()


class Check(msgspec.Struct, frozen=True):
    """One health check's outcome: ``name`` is a code of the texts; ``detail`` carries the figures that were seen, and
    ``said`` what it is made from, as ``backend.texts.told`` has it.
    """

    name: str
    ok: bool
    detail: str
    problem: Problem | None = None
    said: dict[str, str] = {}
