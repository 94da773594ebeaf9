"""Single steps of a delivery, done by hand: what a whole one is compared with."""

import os
import threading
import time
from pathlib import Path

from backend.adapters.inspecting.inspector import hash_alone
from backend.demo.node import FleetNode


def dropped(path: Path, node: FleetNode) -> float:
    """Rename a finished file into a node's store; the epoch seconds just before."""
    at = time.time()
    path.rename(node.store / path.name)
    return at


def timed_hash(path: Path) -> float:
    """Take both hashes of a file as daemons do, in one read; the seconds it took."""
    began = time.monotonic()
    hash_alone(path, threading.Event())
    return time.monotonic() - began


def timed_sync(path: Path) -> float:
    """Make a file durable (fsync); the seconds it took."""
    with path.open("rb") as file:
        began = time.monotonic()
        os.fsync(file)
        return time.monotonic() - began
