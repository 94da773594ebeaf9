"""The peer door against those who should not come in, and against peers who misbehave."""

import asyncio
import dataclasses
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest

from backend.model.errors import (
    DoorError,
    KeyRefusedError,
    OtherKeyError,
    ProtocolError,
    SlowPeerError,
    UnknownKeyError,
)
from backend.model.messages import MESSAGE_LIMIT_BYTES, Message, Request
from backend.peering.channel import SUBSYSTEM
from backend.peering.keys import NodeKey, load_or_create_key
from backend.peering.network import SshPeerNetwork
from backend.peering.wire import BEAT
from tests.support import ledger_values as made
from tests.support.peer_caller import RawPeer, logged_in, raw_peer
from tests.support.peer_fleet import HOST, PATIENCE_S, QUICK, Seat, SshFleet, hello, ssh_fleet


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[SshFleet]:
    async with ssh_fleet(tmp_path) as real:
        yield real


def port_of(seat: Seat) -> int:
    assert isinstance(seat.network, SshPeerNetwork)
    return seat.network.port


async def test_an_unknown_key_is_refused_and_told_once(fleet: SshFleet, tmp_path: Path) -> None:
    alpha = await fleet.start("alpha")
    stranger = load_or_create_key(tmp_path / "stranger")
    for _ in range(3):
        with pytest.raises(asyncssh.PermissionDenied):
            async with logged_in(stranger, port_of(alpha)):
                pass
    (told,) = alpha.strangers()
    assert told.address == HOST
    assert (told.problem.code, told.problem.params["key"]) == ("peer-unknown-key", stranger.node_id)


async def test_a_node_of_the_roster_cannot_come_as_another(fleet: SshFleet) -> None:
    alpha = await fleet.start("alpha")
    with pytest.raises(asyncssh.PermissionDenied):
        async with logged_in(fleet.keys["beta"], port_of(alpha), fleet.keys["gamma"].node_id):
            pass
    with pytest.raises(asyncssh.PermissionDenied):
        async with logged_in(fleet.keys["beta"], port_of(alpha), fleet.keys["alpha"].node_id):
            pass
    assert len(alpha.strangers()) == 1


async def test_this_nodes_own_key_is_no_peers(fleet: SshFleet) -> None:
    alpha = await fleet.start("alpha")
    with pytest.raises(asyncssh.PermissionDenied):
        async with logged_in(fleet.keys["alpha"], port_of(alpha)):
            pass


async def test_there_is_no_other_way_to_log_in(fleet: SshFleet) -> None:
    alpha = await fleet.start("alpha")
    beta = fleet.keys["beta"].node_id
    offered = await asyncssh.get_server_auth_methods(HOST, port_of(alpha), username=beta, config=None)
    assert offered == ["publickey"]
    with pytest.raises(asyncssh.PermissionDenied):
        await asyncssh.connect(
            HOST, port_of(alpha), username="root", password="x", client_keys=None, known_hosts=None, config=None
        )
    await fleet.until(lambda: bool(alpha.strangers()))
    assert [told.problem.params["key"] for told in alpha.strangers()] == ["none"]


async def test_a_peer_gets_no_shell_command_files_or_second_channel(fleet: SshFleet) -> None:
    alpha = await fleet.start("alpha")
    port = port_of(alpha)
    key = fleet.keys["beta"]
    for wanted in ({"command": "id"}, {"subsystem": "sftp"}, {}, {"subsystem": SUBSYSTEM + "x"}):
        async with logged_in(key, port) as connection:
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.open_session(**wanted, encoding=None, request_pty=False)
    async with logged_in(key, port) as connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_session(subsystem=SUBSYSTEM, encoding=None, request_pty="force", term_type="vt100")
    async with logged_in(key, port) as connection:
        await connection.open_session(subsystem=SUBSYSTEM, encoding=None)
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_session(subsystem=SUBSYSTEM, encoding=None)


async def test_a_peer_forwards_nothing(fleet: SshFleet) -> None:
    alpha = await fleet.start("alpha")
    async with logged_in(fleet.keys["beta"], port_of(alpha)) as connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_connection(HOST, port_of(alpha))
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_unix_connection("/run/dsync/control.sock")
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.start_server(lambda *_: None, HOST, 0)
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_session(subsystem=SUBSYSTEM, encoding=None, x11_forwarding=True, x11_display=":0")


async def test_an_environment_is_not_taken(fleet: SshFleet) -> None:
    alpha = await fleet.start("alpha")
    # It dials nobody: what it knows of beta is what beta did.
    alpha.network.keep(frozenset())
    async with logged_in(fleet.keys["beta"], port_of(alpha)) as connection:
        writer, reader, _ = await connection.open_session(subsystem=SUBSYSTEM, encoding=None, env={"LD_PRELOAD": "x"})
        assert await RawPeer(reader, writer).closed()
    problem = alpha.network.problem_of(fleet.keys["beta"].node_id)
    assert problem is not None
    assert problem.code == "peer-protocol"


HELLO = hello("beta")
NONSENSE: dict[str, list[bytes | Message]] = {
    "a beat before the hello": [BEAT],
    "a message before the hello": [Request(made.digest(1))],
    "no msgpack": [b"\x00\x00\x00\x04\xc1\xc1\xc1\xc1"],
    "no message": [b"\x00\x00\x00\x01\x93"],
    "a huge length": [(MESSAGE_LIMIT_BYTES + 1).to_bytes(4, "big")],
    "the longest length": [b"\xff\xff\xff\xff"],
    "http": [b"GET / HTTP/1.1\r\n\r\n"],
    "two hellos": [HELLO, HELLO],
    "a message before the decision": [HELLO, Request(made.digest(1))],
    "nonsense after the hello": [HELLO, b"\x00\x00\x00\x04\xc1\xc1\xc1\xc1"],
}


@pytest.mark.parametrize("what", NONSENSE)
async def test_nonsense_closes_that_channel_and_no_other(
    fleet: SshFleet, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "dsync.peering")
    # Gamma has the highest node ID: it waits for the decision of whoever comes, as the test then makes none.
    gamma, alpha = await fleet.start("gamma"), await fleet.start("alpha")
    await fleet.until(lambda: gamma.sees(alpha))
    # It does not dial beta: what it knows of it is what beta did.
    gamma.network.keep(frozenset({alpha.id}))
    async with raw_peer(fleet.keys["beta"], port_of(gamma)) as peer:
        for part in NONSENSE[what]:
            peer.write(part) if isinstance(part, bytes) else peer.say(part)
        assert await peer.closed()
    problem = gamma.network.problem_of(fleet.keys["beta"].node_id)
    assert problem is not None
    assert (problem.code, problem.params["peer"]) == ("peer-protocol", "beta")
    assert any("beta" in record.getMessage() for record in caplog.records)
    assert gamma.sees(alpha)
    assert gamma.channel_events(alpha) == "up"
    assert alpha.network.send(gamma.id, Request(made.digest(2)))
    await fleet.until(lambda: gamma.said_by(alpha) == [Request(made.digest(2))])


async def test_nonsense_on_a_standing_channel_ends_it(fleet: SshFleet) -> None:
    gamma = await fleet.start("gamma")
    async with raw_peer(fleet.keys["alpha"], port_of(gamma)) as peer:
        peer.say(HELLO)
        peer.write(BEAT)
        peer.say(Request(made.digest(1)))
        await fleet.until(lambda: len(gamma.events) == 2)
        peer.write(b"\x00\x00\x00\x02\x00\x00")
        assert await peer.closed()
    assert [type(event).__name__ for event in gamma.events] == ["ChannelUp", "Said", "ChannelDown"]


async def test_whoever_stays_silent_is_put_out(fleet: SshFleet) -> None:
    gamma = await fleet.start("gamma")
    gamma.network.keep(frozenset())
    async with (
        raw_peer(fleet.keys["alpha"], port_of(gamma)) as no_hello,
        raw_peer(fleet.keys["beta"], port_of(gamma)) as half_hello,
        logged_in(fleet.keys["beta"], port_of(gamma)) as no_channel,
    ):
        half_hello.write(b"\x00")
        reader, writer = await asyncio.open_connection(HOST, port_of(gamma))
        for peer in (no_hello, half_hello):
            assert await peer.closed()
        for key in (fleet.keys["alpha"], fleet.keys["beta"]):
            problem = gamma.network.problem_of(key.node_id)
            assert problem is not None
            assert problem.params["detail"] == f"no hello within {QUICK.hello_timeout_s:g} s"
        async with asyncio.timeout(PATIENCE_S):
            await no_channel.wait_closed()
            while await reader.read(1000):
                pass
        writer.close()
    assert gamma.network.connected == frozenset()
    # Its address is one of the roster's: a node that is late, not a stranger.
    assert [told.problem for told in gamma.strangers()] == [SlowPeerError(peer=HOST).problem()]


async def test_late_from_an_address_of_nobodys_is_a_stranger_and_one_that_is_known_is_named(fleet: SshFleet) -> None:
    alpha = await fleet.start("alpha")
    homes = {"beta": "127.0.0.12", "nobody": "127.0.0.13"}
    async with logged_in(fleet.keys["beta"], port_of(alpha), home=homes["beta"]) as connection:
        await connection.open_session(subsystem=SUBSYSTEM, encoding=None)
    idle = [await asyncio.open_connection(HOST, port_of(alpha), local_addr=(home, 0)) for home in homes.values()]
    await fleet.until(lambda: len(alpha.strangers()) == len(homes))
    for _, writer in idle:
        writer.close()
    assert {told.address: told.problem for told in alpha.strangers()} == {
        homes["beta"]: SlowPeerError(peer="beta").problem(),
        homes["nobody"]: ProtocolError(peer=homes["nobody"], detail="no login in time").problem(),
    }


async def test_looking_whether_the_port_answers_is_no_alarm(fleet: SshFleet) -> None:
    alpha = await fleet.start("alpha")
    for _ in range(3):
        reader, writer = await asyncio.open_connection(HOST, port_of(alpha))
        assert (await reader.readline()).startswith(b"SSH-2.0-dsync")
        writer.close()
        await writer.wait_closed()
    await fleet.rest(0.1)
    assert alpha.strangers() == []


async def test_strangers_who_fill_the_line_do_not_keep_peers_out_for_long(tmp_path: Path) -> None:
    # All of them are there before the first has to go.
    async with ssh_fleet(tmp_path, dataclasses.replace(QUICK, login_timeout_s=5.0)) as fleet:
        alpha = await fleet.start("alpha")
        idle = [await asyncio.open_connection(HOST, port_of(alpha)) for _ in range(200)]
        answered = 0
        for reader, _ in idle:
            async with asyncio.timeout(PATIENCE_S):
                answered += bool(await reader.read(1))
        assert answered == fleet.limits.strangers_at_once
        beta = await fleet.start("beta")
        await fleet.until(lambda: alpha.sees(beta) and beta.sees(alpha))
        for _, writer in idle:
            writer.transport.abort()


async def test_a_server_with_another_key_is_not_talked_to(fleet: SshFleet, tmp_path: Path) -> None:
    right: NodeKey = fleet.keys["beta"]
    alpha = await fleet.start("alpha")
    fleet.keys["beta"] = load_or_create_key(tmp_path / "impostor")
    impostor = await fleet.start("beta")
    theirs = fleet.keys["beta"].node_id
    # It is called and found to be another, it calls and is not known, and it is told so in both cases.
    await fleet.until(lambda: len(alpha.strangers()) == 2 and bool(impostor.strangers()))
    refused = KeyRefusedError(peer="alpha", key=theirs).problem()
    await fleet.until(lambda: impostor.network.problem_of(alpha.id) == refused)
    await fleet.rest(0.5)
    assert (alpha.network.connected, impostor.network.connected) == (frozenset(), frozenset())
    other = OtherKeyError(peer="beta", address=HOST, key=theirs).problem()
    assert {told.problem.code: told.problem for told in alpha.strangers()} == {
        "peer-other-key": other,
        "peer-unknown-key": UnknownKeyError(peer=HOST, key=theirs).problem(),
    }
    assert alpha.network.problem_of(right.node_id) == other
    assert impostor.network.problem_of(alpha.id) == refused
    assert {told.problem.code for told in impostor.strangers()} == {"peer-key-refused"}
    await fleet.stop(impostor)
    fleet.keys["beta"] = right
    beta = await fleet.start("beta")
    await fleet.until(lambda: alpha.sees(beta) and beta.sees(alpha))


async def test_a_caller_that_does_not_take_this_nodes_key_is_told_of_as_that(fleet: SshFleet) -> None:
    alpha = await fleet.start("alpha")
    alpha.network.keep(frozenset())
    others = asyncssh.import_public_key(fleet.keys["gamma"].public_line)
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        await asyncssh.connect(
            HOST, port_of(alpha), username="x", client_keys=None, known_hosts=([others], [], []), config=None
        )
    await fleet.until(lambda: bool(alpha.strangers()))
    (told,) = alpha.strangers()
    assert told.problem == KeyRefusedError(peer=HOST, key=alpha.id).problem()


async def test_versions_without_overlap_are_shown_and_heal_after_an_update(fleet: SshFleet) -> None:
    alpha = await fleet.start("alpha")
    new = await fleet.start("beta", make_hello=lambda name: hello(name, protocol_oldest=7, protocol_newest=9))
    await fleet.until(lambda: bool(alpha.strangers()) and bool(new.strangers()))
    problem = alpha.strangers()[0].problem
    assert problem.code == "peer-version"
    assert problem.params == {"peer": "beta", "ours": "1", "theirs": "7-9"}
    assert alpha.network.connected == frozenset()
    await fleet.stop(new)
    beta = await fleet.start("beta", make_hello=lambda name: hello(name, protocol_newest=9))
    await fleet.until(lambda: alpha.sees(beta) and beta.sees(alpha))
    assert alpha.network.problem_of(beta.id) is None


async def test_a_port_that_is_taken_is_named(fleet: SshFleet) -> None:
    alpha = await fleet.start("alpha")
    second = SshPeerNetwork(
        key=fleet.keys["beta"], roster=(), listen_host=HOST, listen_port=port_of(alpha), clock=fleet.clock
    )
    with pytest.raises(DoorError) as caught:
        await second.open(lambda event: None, lambda node: hello("beta"))
    assert caught.value.params == {"address": f"{HOST}:{port_of(alpha)}", "detail": "Address already in use"}
    await second.close()
