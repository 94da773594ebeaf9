"""A peer network in a process of its own: ``python -m tests.support.peer_process DIRECTORY NAME PORT...``.

``DIRECTORY`` holds the keys as ``sorted_keys`` makes them; ``PORT...`` are the ports at which each node of ``NAMES`` is
reached, 0 for this one's own free port. The first line on stdout is the port that listens, then a line per event.
"""

import asyncio
import sys
from pathlib import Path

from backend.model.node import RosterNode
from backend.peering.network import SshPeerNetwork
from backend.ports.peers import PeerEvent
from tests.support.data_plane import WallClock
from tests.support.peer_fleet import HOST, NAMES, hello, sorted_keys


def show(event: PeerEvent) -> None:
    """Tell of an event in a line."""
    print(type(event).__name__, flush=True)


async def main(directory: Path, name: str, ports: list[int]) -> None:
    """Run until killed."""
    keys = dict(zip(NAMES, sorted_keys(directory), strict=True))
    roster = tuple(
        RosterNode(id=keys[other].node_id, name=other, host=HOST, port=port, public_key=keys[other].public_line)
        for other, port in zip(NAMES, ports, strict=True)
    )
    own_port = ports[NAMES.index(name)]
    network = SshPeerNetwork(key=keys[name], roster=roster, listen_host=HOST, listen_port=own_port, clock=WallClock())
    await network.open(show, lambda node: hello(name))
    print(network.port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], [int(port) for port in sys.argv[3:]]))
