"""Ports: free, taken, and by whom."""

import os
import socket
from collections.abc import Iterator

import pytest

from backend.adapters.rsync.listening import free_port, holder_of, reachable_host, shown_address
from backend.model.errors import DoorError


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_free_port_can_be_listened_on() -> None:
    port = free_port("127.0.0.1", 0)
    assert free_port("127.0.0.1", port) == port
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_a_taken_port_names_its_holder(taken: int) -> None:
    with pytest.raises(DoorError) as caught:
        free_port("127.0.0.1", taken)
    assert caught.value.params["address"] == f"127.0.0.1:{taken}"
    assert f"(pid {os.getpid()})" in caught.value.params["detail"]
    assert "the port is taken by" in caught.value.params["detail"]


def test_every_address_means_that_none_may_be_taken(taken: int) -> None:
    for host in ("0.0.0.0", "::", ""):
        with pytest.raises(DoorError, match="is taken"):
            free_port(host, taken)


def test_a_port_that_others_only_connected_from_is_free(taken: int) -> None:
    with socket.create_connection(("127.0.0.1", taken)) as client:
        assert holder_of(client.getsockname()[1]) is None


def test_another_machines_address_is_told() -> None:
    with pytest.raises(DoorError, match="no interface of this machine"):
        free_port("192.0.2.1", 8873)


def test_a_name_that_means_nothing_is_told() -> None:
    with pytest.raises(DoorError):
        free_port("no such host", 8873)


@pytest.mark.parametrize(
    ("host", "expected"), [("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("", "127.0.0.1"), ("::1", "::1")]
)
def test_where_a_listener_answers(host: str, expected: str) -> None:
    assert reachable_host(host) == expected


def test_addresses_for_people() -> None:
    assert shown_address("::1", 873) == "[::1]:873"
    assert shown_address("0.0.0.0", 873) == "0.0.0.0:873"
