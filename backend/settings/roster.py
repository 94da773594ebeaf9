"""The roster's settings: one ``[[nodes]]`` table per node of the fleet."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from backend.settings import kinds
from backend.settings.addresses import Address
from backend.settings.fields import required, setting
from backend.settings.kinds import choice, whole

PEER_PORT = 8730
"""The peer channel's port where an address names none."""
RSYNC_PORT = 873
"""The data door's port, as rsync's own."""


class RosterKind(StrEnum):
    """How a node of the roster is reached and by whom it is looked after."""

    AGENT = "agent"
    SSH = "ssh"
    RSYNCD = "rsyncd"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSettings:
    """One node of the roster: a `[[nodes]]` table. This node itself may stand among them."""

    name: str = required(kinds.NAME, "The node's name.")
    address: Address = required(kinds.ADDRESS, "Where it is reached; the port as its kind has it by default.")
    kind: RosterKind = setting(
        RosterKind.AGENT,
        choice(RosterKind),
        "What runs there.",
        special="agent: this daemon; ssh and rsyncd nodes are looked after by a steward, in a later version.",
    )
    key: str = setting(
        "",
        kinds.OPTIONAL_KEY,
        "An agent's public key, ed25519.",
        special='"": the line in `NAME.pub` in `paths.keys`.',
    )
    admin: bool = setting(
        False,
        kinds.FLAG,
        "An agent that may act on other nodes; in a large fleet it hears of everything.",
        special="none in the roster: every agent may act.",
    )
    publish: bool | tuple[str, ...] = setting(
        True, kinds.PUBLISH, "Whether it may publish archives, or which tags.", planned=True
    )
    labels: Mapping[str, str] = setting({}, kinds.LABELS, "Labels. `zone`: holders of the same zone are asked first.")
    platform: str = setting("linux/amd64", kinds.PLATFORM, "Its platform.", planned=True)
    bandwidth_bps: int = setting(
        0, kinds.RATE, "Limit of transfers to it.", special='"0": none.', name="bandwidth", planned=True
    )
    user: str = setting("", kinds.TEXT, "ssh, rsyncd: the user to log in as.", planned=True)
    port: int = setting(22, whole(1, 65535), "ssh: sshd's port.", planned=True)
    identity: Path | None = setting(None, kinds.OPTIONAL_PATH, "ssh: the private key's file.", planned=True)
    store: Path = setting(Path("/data/docker-tar"), kinds.PATH, "ssh: the directory there.", planned=True)
    module: str = setting("", kinds.TEXT, "rsyncd: the module. Such nodes must have one.", planned=True)
    password_file: Path | None = setting(None, kinds.OPTIONAL_PATH, "rsyncd: the file with the password.", planned=True)

    @property
    def peer_port(self) -> int:
        """The port of the node's door for others: the address's own, else its kind's default."""
        if self.address.port is not None:
            return self.address.port
        return {RosterKind.AGENT: PEER_PORT, RosterKind.SSH: self.port, RosterKind.RSYNCD: RSYNC_PORT}[self.kind]
