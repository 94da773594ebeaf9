"""Who this node is and whom it takes for its peers: what the daemon settles first, and ``config check`` with it."""

from backend.model.node import RosterNode
from backend.peering.keys import NodeKey, existing_key, load_or_create_key
from backend.peering.roster import roster_of
from backend.settings import Settings


def settle_identity(settings: Settings) -> tuple[NodeKey, tuple[RosterNode, ...]]:
    """Return this node's key, made at first, and the roster's other agents. Raises SettingsError."""
    key = load_or_create_key(settings.paths.keys)
    return key, roster_of(settings, key.node_id)


def check_identity(settings: Settings) -> None:
    """Raise the SettingsError that ``settle_identity`` would, and make nothing: a key that is yet to be made is new."""
    key = existing_key(settings.paths.keys)
    roster_of(settings, key.node_id if key is not None else None)
