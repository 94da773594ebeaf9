"""The roster: keys from settings or files, this node left out, and each fault with its place and remedy."""

from pathlib import Path

import pytest

from backend.model.errors import SettingsError
from backend.model.ids import NodeId
from backend.model.node import NodeKind, RosterNode
from backend.peering.keys import NodeKey, load_or_create_key
from backend.peering.roster import roster_of
from backend.settings import parse_settings


@pytest.fixture
def own(tmp_path: Path) -> NodeKey:
    return load_or_create_key(tmp_path / "own")


@pytest.fixture
def other(tmp_path: Path) -> NodeKey:
    return load_or_create_key(tmp_path / "other")


def roster(tmp_path: Path, own: NodeKey, tables: str, name: str = "master") -> tuple[RosterNode, ...]:
    head = f'[node]\nname = "{name}"\n[paths]\nkeys = "{tmp_path / "keys"}"\n'
    return roster_of(parse_settings(head + tables, "dsync.toml"), own.node_id)


def table(name: str, address: str = "10.0.0.1", key: str = "", more: str = "") -> str:
    given = f'key = "{key}"\n' if key else ""
    return f'[[nodes]]\nname = "{name}"\naddress = "{address}"\n{given}{more}\n'


def test_an_agent_is_known_by_its_key(tmp_path: Path, own: NodeKey, other: NodeKey) -> None:
    more = 'admin = true\nlabels = { zone = "a" }\nplatform = "linux/arm64"'
    tables = table("worker-01", "[fd00::1]:9000", f"{other.public_line} root@worker", more)
    assert roster(tmp_path, own, tables) == (
        RosterNode(
            id=other.node_id,
            name="worker-01",
            host="fd00::1",
            port=9000,
            public_key=other.public_line,
            kind=NodeKind.AGENT,
            admin=True,
            labels={"zone": "a"},
            platform="linux/arm64",
        ),
    )


def test_a_key_may_lie_in_a_file_and_the_port_may_be_absent(tmp_path: Path, own: NodeKey, other: NodeKey) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "worker-01.pub").write_text(f"{other.public_line} somebody@worker-01\n")
    (node,) = roster(tmp_path, own, table("worker-01"))
    assert (node.id, node.public_key, node.port) == (other.node_id, other.public_line, 8730)


def test_this_node_is_left_out_with_its_key_or_without(tmp_path: Path, own: NodeKey, other: NodeKey) -> None:
    """One roster may go to all nodes."""
    for key in (own.public_line, ""):
        tables = table("master", "10.0.0.2", key) + table("worker-01", key=other.public_line)
        assert [node.name for node in roster(tmp_path, own, tables)] == ["worker-01"]


def test_this_nodes_key_under_another_name_is_a_fault(tmp_path: Path, own: NodeKey) -> None:
    """That node would be taken for this one, and be missed by nobody."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "worker-01.pub").write_text(own.public_line)
    for key in (own.public_line, ""):
        with pytest.raises(SettingsError) as caught:
            roster(tmp_path, own, table("worker-01", key=key))
        params = caught.value.params
        assert (params["file"], params["key"]) == ("dsync.toml:8" if key else "dsync.toml:6", "nodes[0].key")
        assert params["value"] == own.public_line
        assert "the public key of worker-01 (there run: dsync-tui key" in params["expected"]
        assert params["expected"].endswith("the key of this node, which is called master")


def test_other_kinds_of_nodes_have_no_channel(tmp_path: Path, own: NodeKey) -> None:
    assert roster(tmp_path, own, table("nas", more='kind = "rsyncd"\nmodule = "m"')) == ()


def test_a_missing_key_is_asked_for_with_the_command_that_prints_it(tmp_path: Path, own: NodeKey) -> None:
    with pytest.raises(SettingsError) as caught:
        roster(tmp_path, own, table("worker-01"))
    params = caught.value.params
    assert (params["file"], params["key"]) == ("dsync.toml:6", "nodes[0].key")
    # Not the path of a key file: on a machine with several nodes it is this node's own.
    assert "worker-01 (there run: dsync-tui key, with its --config where" in params["expected"]
    assert f"{tmp_path}/keys/worker-01.pub" in params["expected"]


@pytest.mark.parametrize("content", [b"", b"ssh-rsa AAAA", b"\xff\xfe", b"garbage\x1b[2J"])
def test_a_key_file_with_something_else_is_a_fault(tmp_path: Path, own: NodeKey, content: bytes) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "worker-01.pub").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        roster(tmp_path, own, table("worker-01"))
    assert caught.value.params["key"] == "nodes[0].key"
    assert "ed25519" in caught.value.params["expected"]


def test_a_key_file_that_cannot_be_read_is_named(tmp_path: Path, own: NodeKey) -> None:
    (tmp_path / "keys" / "worker-01.pub").mkdir(parents=True)
    with pytest.raises(SettingsError) as caught:
        roster(tmp_path, own, table("worker-01"))
    assert "worker-01.pub" in caught.value.params["value"]


def test_two_nodes_with_one_key_are_a_fault(tmp_path: Path, own: NodeKey, other: NodeKey) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "b.pub").write_text(other.public_line)
    tables = table("a", key=other.public_line) + table("b", "10.0.0.2")
    with pytest.raises(SettingsError) as caught:
        roster(tmp_path, own, tables)
    assert caught.value.params["key"] == "nodes[1].key"
    assert "a has it" in caught.value.params["expected"]


def test_this_nodes_name_with_another_key_is_a_fault(tmp_path: Path, own: NodeKey, other: NodeKey) -> None:
    with pytest.raises(SettingsError) as caught:
        roster(tmp_path, own, table("master", key=other.public_line))
    assert str(own.node_id) in caught.value.params["expected"]


def test_this_nodes_name_has_no_key_before_it_is_made(tmp_path: Path, other: NodeKey) -> None:
    settings = parse_settings('[node]\nname = "master"\n' + table("master", key=other.public_line), "dsync.toml")
    with pytest.raises(SettingsError) as caught:
        roster_of(settings, None)
    assert "yet to be made (run: dsync-tui key)" in caught.value.params["expected"]


def test_an_empty_roster_is_none_at_all(tmp_path: Path, own: NodeKey) -> None:
    assert roster(tmp_path, own, "") == ()
    assert isinstance(own.node_id, str)
    assert own.node_id.startswith(NodeId("SHA256:"))
