"""What must hold between settings, beyond what each value's kind checks."""

from collections.abc import Iterator
from dataclasses import dataclass

from backend.settings.roster import NodeSettings, RosterKind
from backend.settings.schema import RuntimeKind, Settings

_LONGEST_SOCKET_BYTES = 107
"""Linux's ``sun_path`` less its closing zero: man 7 unix."""

_KIND_OF_SETTING = {
    "key": (RosterKind.AGENT,),
    "admin": (RosterKind.AGENT,),
    "user": (RosterKind.SSH, RosterKind.RSYNCD),
    "port": (RosterKind.SSH,),
    "identity": (RosterKind.SSH,),
    "store": (RosterKind.SSH,),
    "module": (RosterKind.RSYNCD,),
    "password_file": (RosterKind.RSYNCD,),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One setting that does not fit the others."""

    key: str
    value: object
    expected: str


def faults(settings: Settings) -> Iterator[Fault]:
    """Yield what does not fit, in the order of the file's groups."""
    yield from _single(settings)
    for index, node in enumerate(settings.nodes):
        yield from _node(f"nodes[{index}]", node, settings)
    yield from _doubles(settings.nodes)


def _single(settings: Settings) -> Iterator[Fault]:
    runtime = settings.runtime
    if runtime.kind in (RuntimeKind.CONTAINERD, RuntimeKind.K3S):
        yield Fault(
            "runtime.kind",
            runtime.kind.value,
            f'"auto", "docker", "podman" or "none": {runtime.kind} is not supported yet',
        )
    if runtime.command and runtime.kind is RuntimeKind.NONE:
        yield Fault("runtime.command", list(runtime.command), 'no command where runtime.kind is "none"')
    peer = settings.peer
    if peer.lost_after_s <= peer.heartbeat_s:
        yield Fault("peer.lost_after_s", peer.lost_after_s, f"more than peer.heartbeat_s ({peer.heartbeat_s:g})")
    if peer.listen.port == settings.rsync.listen.port and peer.listen.host == settings.rsync.listen.host:
        yield Fault("rsync.listen", str(settings.rsync.listen), "another port than peer.listen has")
    if len(bytes(settings.control_socket)) > _LONGEST_SOCKET_BYTES:
        key = "control.socket" if settings.control.socket else "paths.run"
        yield Fault(
            key,
            str(settings.control.socket or settings.paths.run),
            f"a socket's path ({settings.control_socket}) of at most {_LONGEST_SOCKET_BYTES} bytes",
        )


def _node(path: str, node: NodeSettings, settings: Settings) -> Iterator[Fault]:
    for name, kinds in _KIND_OF_SETTING.items():
        if node.kind not in kinds and f"{path}.{name}" in settings.origins:
            value = getattr(node, name)
            shown = value if isinstance(value, bool | int) else str(value)
            yield Fault(f"{path}.{name}", shown, f"this only where kind is {' or '.join(kinds)}")
    if node.kind is RosterKind.SSH and node.address.port is not None:
        yield Fault(f"{path}.address", str(node.address), "no port here: an ssh node has its own setting, port")
    if node.kind is RosterKind.RSYNCD and not node.module:
        yield Fault(f"{path}.module", node.module, "the name of the rsync module to push into")


def _doubles(nodes: tuple[NodeSettings, ...]) -> Iterator[Fault]:
    names: dict[str, int] = {}
    keys: dict[str, int] = {}
    doors: dict[tuple[str, int], int] = {}
    for index, node in enumerate(nodes):
        first = names.setdefault(node.name, index)
        if first != index:
            yield Fault(f"nodes[{index}].name", node.name, f"another name: nodes[{first}] has it")
        if node.key:
            first = keys.setdefault(node.key, index)
            if first != index:
                yield Fault(f"nodes[{index}].key", node.key, f"another key: nodes[{first}] has it")
        first = doors.setdefault((node.address.host, node.peer_port), index)
        if first != index:
            yield Fault(f"nodes[{index}].address", str(node.address), f"another address: nodes[{first}] has it")
