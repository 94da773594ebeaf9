"""The settings that a fleet writes for its nodes."""

import socket
from pathlib import Path

import pytest

from backend.demo.loopback import LOOPBACK, HeldPorts
from backend.demo.plans import Member, NodePlan, settings_text
from backend.model.errors import SettingsError
from backend.settings import RuntimeKind, Settings, parse_settings

KEYS = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA",
]


def _member(directory: Path, number: int, **settings: object) -> Member:
    plan = NodePlan(f"n{number}", {key.replace("__", "."): value for key, value in settings.items()})
    home = directory / plan.name
    return Member(plan, home, home / "run/control.sock", 20_000 + number, 21_000 + number, KEYS[number])


def _settings(member: Member, *others: Member) -> Settings:
    return parse_settings(settings_text(member, (member, *others)), "test")


def test_every_root_lies_in_the_nodes_own_directory(tmp_path: Path) -> None:
    settings = _settings(_member(tmp_path, 0), _member(tmp_path, 1))
    paths = settings.paths
    roots = [settings.store.directory, paths.state, paths.logs, paths.run, paths.keys, paths.mirrors]
    assert all(root.is_relative_to(tmp_path / "n0") for root in (*roots, settings.control_socket))
    assert len(set(roots)) == len(roots)


def test_the_roster_names_all_others_where_they_listen(tmp_path: Path) -> None:
    one, other = _member(tmp_path, 0), _member(tmp_path, 1)
    settings, theirs = _settings(one, other), _settings(other, one)
    (node,) = settings.nodes
    assert (node.name, node.key, node.peer_port) == ("n1", KEYS[1], theirs.peer.listen.port)
    assert node.address.host == theirs.peer.listen.host == theirs.rsync.listen.host == "127.0.0.1"


def test_a_plan_may_change_what_it_names(tmp_path: Path) -> None:
    command = ["docker", "-H", 'unix:///a "b"']
    changes = {"store__settle_s": 0.5, "retry__waits_s": [1, 2], "runtime__kind": "docker", "runtime__command": command}
    settings = _settings(_member(tmp_path, 0, **changes))
    assert settings.store.settle_s == 0.5
    assert list(settings.retry.waits_s) == [1, 2]
    assert settings.runtime.command == tuple(command)
    assert _settings(_member(tmp_path, 0)).runtime.kind is RuntimeKind.NONE


def test_a_plan_that_names_what_is_no_setting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_text(_member(tmp_path, 0, store__settle=1), ())
    assert caught.value.params["key"] == "store.settle"


def _listens(port: int) -> bool:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((LOOPBACK, port))
            server.listen()
        except OSError:
            return False
        with socket.create_connection((LOOPBACK, port)):
            return True


def test_held_ports_are_different_and_can_be_listened_on_again_and_again() -> None:
    held = HeldPorts(40)
    assert len(set(held.ports)) == 40
    assert all(1024 < port < 65536 for port in held.ports)
    assert all(_listens(port) for port in held.ports for _ in range(2))
    held.close()
    assert held.ports == []


def test_a_held_port_is_given_to_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    first = HeldPorts(1)
    (port,) = first.ports
    monkeypatch.setattr("backend.demo.loopback.random.randint", lambda *_: port)
    with pytest.raises(OSError, match="no 1 free ports"):
        HeldPorts(1)
    first.close()
    second = HeldPorts(1)
    assert second.ports == [port]
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((LOOPBACK, port))
        server.listen()
        second.close()
        with pytest.raises(OSError, match="no 1 free ports"):
            HeldPorts(1)
