"""What a node of the fleet is to be: its plan, its places on disk, and the settings file that follows from both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backend.demo.loopback import LOOPBACK
from backend.settings import parse_settings, write_settings
from backend.settings.toml import inline, key_text


@dataclass(frozen=True, slots=True)
class NodePlan:
    """A node before it is there.

    ``settings``: what differs from the fleet's own settings, by dotted key, as TOML has it:
    ``{"store.settle_s": 0.5, "retry.waits_s": [1, 2, 3], "runtime.kind": "podman", "runtime.command": ["podman"]}``.
    ``host``: its address. ``enter``: words before the daemon's own, such as ``ip netns exec NAME``; they must replace
    their process by the daemon's.
    """

    name: str
    settings: Mapping[str, object] = field(default_factory=dict)
    host: str = LOOPBACK
    enter: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A node with its ports and its key, as the others' rosters name it."""

    plan: NodePlan
    directory: Path
    socket: Path
    peer_port: int
    rsync_port: int
    key: str

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.directory / "dsync.toml"

    @property
    def store(self) -> Path:
        """The watched directory."""
        return self.directory / "store"

    @property
    def keys(self) -> Path:
        """Where its key pair lies."""
        return self.directory / "keys"

    @property
    def run(self) -> Path:
        """Where socket, locks and generated files lie."""
        return self.directory / "run"


def settings_text(member: Member, members: Sequence[Member]) -> str:
    """Return the settings file of ``member`` in a fleet of ``members``; no root lies outside its directory.

    Raises SettingsError for a plan with a key or a value that is none.
    """
    values: dict[str, object] = {
        "node.name": member.plan.name,
        "node.address": member.plan.host,
        "store.directory": str(member.store),
        "paths.state": str(member.directory / "state"),
        "paths.logs": str(member.directory / "logs"),
        "paths.run": str(member.run),
        "paths.keys": str(member.keys),
        "paths.mirrors": str(member.directory / "mirrors"),
        "runtime.kind": "none",
        "peer.listen": f"{member.plan.host}:{member.peer_port}",
        "rsync.listen": f"{member.plan.host}:{member.rsync_port}",
        "control.socket": str(member.socket),
        "control.group": "",
        **member.plan.settings,
    }
    # Dotted keys are TOML already; tables of the roster come after all of them.
    lines = [f"{'.'.join(map(key_text, key.split('.')))} = {inline(value)}" for key, value in values.items()]
    for other in members:
        if other is not member:
            lines += ["[[nodes]]", f"name = {inline(other.plan.name)}", f"key = {inline(other.key)}"]
            lines.append(f"address = {inline(f'{other.plan.host}:{other.peer_port}')}")
    return write_settings(parse_settings("\n".join(lines) + "\n", str(member.config)))
