"""The engine's doors to the world, handed over by the composition root."""

from dataclasses import dataclass

from backend.ports.children import Children
from backend.ports.clock import Clock
from backend.ports.inspecting import Inspector
from backend.ports.ledger import Ledger
from backend.ports.mirrors import Mirrors
from backend.ports.peers import PeerNetwork
from backend.ports.runtime import LoadLocks, Runtime
from backend.ports.store import Store
from backend.ports.transport import DataDoor, Transport
from backend.ports.watching import Watcher


@dataclass(frozen=True, slots=True)
class Ports:
    """One implementation of each port. ``runtime`` is None for kind ``none``."""

    clock: Clock
    ledger: Ledger
    store: Store
    inspector: Inspector
    watcher: Watcher
    transport: Transport
    door: DataDoor
    peers: PeerNetwork
    children: Children
    mirrors: Mirrors
    runtime: Runtime | None
    locks: LoadLocks
