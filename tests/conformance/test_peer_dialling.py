"""Dialling: what is said of a node that cannot be reached."""

import socket
from pathlib import Path

import pytest

from backend.model.node import RosterNode
from backend.peering.network import SshPeerNetwork
from tests.support.data_plane import WallClock, until
from tests.support.peer_fleet import HOST, QUICK, hello, sorted_keys


@pytest.mark.parametrize(("host", "family"), [(HOST, socket.AF_INET), ("::1", socket.AF_INET6)])
async def test_a_dial_that_fails_names_the_address(tmp_path: Path, host: str, family: socket.AddressFamily) -> None:
    own, other = sorted_keys(tmp_path, 2)
    with socket.socket(family) as closed:
        # Bound and not listening: nobody else gets this port, and nobody answers on it.
        closed.bind((host, 0))
        port = closed.getsockname()[1]
        beta = RosterNode(other.node_id, "beta", host, port, other.public_line)
        network = SshPeerNetwork(
            key=own, roster=(beta,), listen_host=HOST, listen_port=0, clock=WallClock(), limits=QUICK
        )
        await network.open(lambda event: None, lambda peer: hello("alpha"))
        try:
            await until(lambda: network.problem_of(beta.id) is not None)
            problem = network.problem_of(beta.id)
        finally:
            await network.close()
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    assert problem is not None
    assert problem.params == {"peer": "beta", "detail": f"{shown}: Connection refused"}
