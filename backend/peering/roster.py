"""The roster: the other nodes of the fleet as this node's settings name them."""

from backend.model.errors import SettingsError, UsageError
from backend.model.ids import NodeId
from backend.model.node import NodeKind, RosterNode
from backend.peering.keys import node_id_of
from backend.settings import NodeSettings, RosterKind, Settings
from backend.texts import phrased

_LARGEST_FILE_BYTES = 64 * 1024


def roster_of(settings: Settings, own_id: NodeId | None) -> tuple[RosterNode, ...]:
    """Return the other agents of the roster; this node itself, if it stands there under its name, is left out.

    ``own_id``: None where this node's key is yet to be made. An agent's key comes from its ``key`` or from
    ``<paths.keys>/<name>.pub``. Raises SettingsError, which names what to run on that node, for an agent without a
    key, for two agents with one key, and for another node with this node's key, or another key under this node's name.
    """
    found: dict[NodeId, RosterNode] = {}
    for index, node in enumerate(settings.nodes):
        if node.kind is not RosterKind.AGENT:
            continue
        public_line = node.key or _key_from_file(settings, index, node)
        if public_line is None:
            continue
        node_id = _id_of(settings, index, public_line)
        if node.name == settings.node.name:
            if node_id != own_id:
                raise _fault(settings, index, "key", public_line, _own_key(node.name, own_id))
            continue
        if node_id == own_id:
            raise _fault(
                settings,
                index,
                "key",
                public_line,
                f"{_key_of(node.name)}: this one is the key of this node, which is called {settings.node.name}",
            )
        if node_id in found:
            raise _fault(settings, index, "key", public_line, f"another key: {found[node_id].name} has it")
        found[node_id] = _node(node, node_id, public_line)
    return tuple(found.values())


def _node(node: NodeSettings, node_id: NodeId, public_line: str) -> RosterNode:
    return RosterNode(
        id=node_id,
        name=node.name,
        host=node.address.host,
        port=node.peer_port,
        public_key=public_line,
        kind=NodeKind.AGENT,
        admin=node.admin,
        labels=dict(node.labels),
        platform=node.platform,
    )


def _key_from_file(settings: Settings, index: int, node: NodeSettings) -> str | None:
    """The line in ``<name>.pub``; None for this node itself, which needs none."""
    path = settings.paths.keys / f"{node.name}.pub"
    try:
        with path.open("rb") as file:
            words = file.read(_LARGEST_FILE_BYTES).decode("ascii", "replace").split()
    except FileNotFoundError:
        if node.name == settings.node.name:
            return None
        raise _fault(settings, index, "key", "", f"{_key_of(node.name)}, here or in {path}") from None
    except OSError as error:
        raise _fault(settings, index, "key", f"{path}: {error.strerror}", "a readable public key") from error
    return " ".join(words[:2])


def _own_key(name: str, own_id: NodeId | None) -> str:
    expected = f"this node's own key ({own_id}), or another name: this node is called {name}"
    if own_id is None:
        expected = f"no key here: this node is called {name}, and its own key is yet to be made (run: dsync-tui key)"
    return expected


def _key_of(name: str) -> str:
    # Where a machine has several nodes, the bare command shows the key of whichever node has the default settings.
    return f"the public key of {name} (there run: dsync-tui key, with its --config where a machine has several nodes)"


def _id_of(settings: Settings, index: int, public_line: str) -> NodeId:
    try:
        return node_id_of(public_line)
    except UsageError as error:
        raise _fault(settings, index, "key", public_line, "an ed25519 public key: ssh-ed25519 AAAA…") from error


def _fault(settings: Settings, index: int, key: str, value: str, expected: str) -> SettingsError:
    place = f"nodes[{index}].{key}"
    origin = settings.origins.get(place) or settings.origins.get(f"nodes[{index}].name", "")
    return SettingsError(file=origin, key=place, value=value or '""', **phrased("expected", expected))
