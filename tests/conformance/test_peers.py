"""Port ``PeerNetwork``: the fake and the network over SSH behave alike."""

import contextlib
import dataclasses
import functools
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from backend.model.delivery import Progress
from backend.model.ids import JobId, NodeId
from backend.model.messages import (
    MESSAGE_LIMIT_BYTES,
    Command,
    Digests,
    Entries,
    Gone,
    Heads,
    Message,
    ProgressBatch,
    Relay,
    Report,
    Request,
    Rows,
    Synced,
    Watch,
)
from backend.model.node import NodeReport
from backend.peering.limits import PeerLimits
from backend.ports.peers import ChannelDown, ChannelUp
from tests.support import ledger_values as made
from tests.support.peer_fleet import HOST, PATIENCE_S, QUICK, Fleet, Seat, fake_fleet, hello, ssh_fleet


@contextlib.asynccontextmanager
async def fleet_of(kind: str, directory: Path, limits: PeerLimits = QUICK) -> AsyncIterator[Fleet]:
    if kind == "fake":
        async with fake_fleet() as fake:
            yield fake
    else:
        async with ssh_fleet(directory, limits) as real:
            yield real


@pytest.fixture(params=["fake", "ssh"])
async def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Fleet]:
    async with fleet_of(request.param, tmp_path) as made:
        yield made


async def pair(fleet: Fleet) -> tuple[Seat, Seat]:
    alpha, beta = await fleet.start("alpha"), await fleet.start("beta")
    await fleet.until(lambda: alpha.sees(beta) and beta.sees(alpha))
    return alpha, beta


def request(number: int) -> Message:
    return Request(made.digest(number))


async def test_both_ends_hear_of_the_channel_and_each_others_hello(fleet: Fleet) -> None:
    alpha, beta = await pair(fleet)
    assert alpha.events == [ChannelUp(node=beta.id, hello=hello("beta"), address=HOST)]
    assert beta.events == [ChannelUp(node=alpha.id, hello=hello("alpha"), address=HOST)]
    assert alpha.network.problem_of(beta.id) is None


async def test_three_nodes_make_a_mesh_with_one_channel_a_pair(fleet: Fleet) -> None:
    seats = [await fleet.start(name) for name in ("gamma", "alpha", "beta")]
    others = {seat.name: [other for other in seats if other is not seat] for seat in seats}
    await fleet.until(lambda: all(seat.sees(*others[seat.name]) for seat in seats))
    await fleet.rest(1.5)
    for seat in seats:
        assert [seat.channel_events(other) for other in others[seat.name]] == ["up", "up"]


async def test_every_kind_of_message_arrives_as_it_was_said(fleet: Fleet) -> None:
    alpha, beta = await pair(fleet)
    messages: list[Message] = [
        Entries((made.entry(1), made.entry(2))),
        Rows((made.row(1), made.loading_row(2)), made.BETA, 3, 9),
        Digests((1, 2**63), (3,), ((made.BETA, 7),)),
        Heads(((made.digest(1), 2**62),), ((made.BETA, 7),), (1, 15), (0,), answer=True),
        Synced(),
        Relay(None),
        Relay((made.BETA,)),
        Report(NodeReport(runtime="docker 20.10", free_bytes=2**40)),
        Gone(made.digest(7)),
        Watch(True),
        ProgressBatch((Progress(made.digest(1), 3, 10**12, 50_000_000),)),
        Command(JobId("j"), "sync", None, 4, "root", "ü\u202e[@click=app.quit]"),
    ]
    assert all(alpha.network.send(beta.id, message) for message in messages)
    await fleet.until(lambda: len(beta.said_by(alpha)) == len(messages))
    assert beta.said_by(alpha) == messages
    assert alpha.said_by(beta) == []


async def test_a_thousand_messages_arrive_once_and_in_order_both_ways(fleet: Fleet) -> None:
    alpha, beta = await pair(fleet)
    for number in range(1000):
        assert alpha.network.send(beta.id, request(number))
        assert beta.network.send(alpha.id, request(-number % 1000))
    await fleet.until(lambda: len(alpha.said_by(beta)) >= 1000 and len(beta.said_by(alpha)) >= 1000)
    await fleet.rest(0.2)
    assert beta.said_by(alpha) == [request(number) for number in range(1000)]
    assert alpha.said_by(beta) == [request(-number % 1000) for number in range(1000)]
    assert (alpha.channel_events(beta), beta.channel_events(alpha)) == ("up", "up")


async def test_messages_sent_the_moment_a_channel_stands_arrive(fleet: Fleet) -> None:
    alpha = await fleet.start("alpha", first=request(1))
    beta = await fleet.start("beta", first=request(2))
    await fleet.until(lambda: beta.said_by(alpha) == [request(1)] and alpha.said_by(beta) == [request(2)])
    assert (alpha.channel_events(beta), beta.channel_events(alpha)) == ("up", "up")


async def test_nothing_is_sent_where_no_channel_stands(fleet: Fleet) -> None:
    alpha = await fleet.start("alpha")
    assert not alpha.network.send(NodeId("SHA256:nobody"), request(1))
    assert not alpha.network.send(alpha.id, request(1))
    assert alpha.network.connected == frozenset()
    beta = await fleet.start("beta")
    await fleet.until(lambda: alpha.sees(beta))
    await fleet.stop(beta)
    await fleet.until(lambda: alpha.sees())
    assert not alpha.network.send(beta.id, request(1))


async def test_a_node_that_stops_is_seen_at_once_and_welcomed_again(fleet: Fleet) -> None:
    alpha, beta = await pair(fleet)
    for _ in range(3):
        await fleet.stop(beta)
        await fleet.until(lambda: alpha.sees(), within_s=1.0)
        down = alpha.events[-1]
        assert isinstance(down, ChannelDown)
        assert down.problem.params["peer"] == "beta"
        assert "silent" not in down.problem.params["detail"], "it was only missed"
        problem = alpha.network.problem_of(beta.id)
        assert problem is not None
        assert problem.params["peer"] == "beta"
        beta = await fleet.start("beta")
        await fleet.until(functools.partial(alpha.sees, beta))
        await fleet.until(functools.partial(beta.sees, alpha))
    assert alpha.channel_events(beta) == "up down up down up down up"
    assert beta.channel_events(alpha) == "up"


async def test_a_cut_cable_is_seen_within_ten_seconds_and_mended(fleet: Fleet) -> None:
    alpha, beta = await pair(fleet)
    fleet.cut(alpha, beta)
    await fleet.until(lambda: alpha.sees() and beta.sees(), within_s=10.0)
    for seat, other in ((alpha, beta), (beta, alpha)):
        last = seat.events[-1]
        assert isinstance(last, ChannelDown)
        assert last.problem.code == "peer-failed"
        assert last.problem.params["peer"] == other.name
        assert last.problem.params["detail"].startswith("silent for ")
    fleet.mend(alpha, beta)
    await fleet.until(lambda: alpha.sees(beta) and beta.sees(alpha))
    assert alpha.network.send(beta.id, request(1))
    await fleet.until(lambda: request(1) in beta.said_by(alpha))
    assert alpha.channel_events(beta) == "up down up"
    assert beta.channel_events(alpha) == "up down up"


@pytest.mark.parametrize("kind", ["fake", "ssh"])
async def test_a_short_interruption_loses_neither_channel_nor_messages(kind: str, tmp_path: Path) -> None:
    # Short beside what makes a channel lost, however slowly the machine gets on.
    async with fleet_of(kind, tmp_path, dataclasses.replace(QUICK, lost_after_s=PATIENCE_S)) as fleet:
        alpha, beta = await pair(fleet)
        fleet.cut(alpha, beta)
        for number in range(100):
            assert alpha.network.send(beta.id, request(number))
        await fleet.rest(0.2)
        assert beta.said_by(alpha) == []
        fleet.mend(alpha, beta)
        await fleet.until(lambda: len(beta.said_by(alpha)) == 100)
        assert beta.said_by(alpha) == [request(number) for number in range(100)]
        assert beta.channel_events(alpha) == "up"


async def test_what_is_too_large_for_one_message_goes_in_several(fleet: Fleet) -> None:
    alpha, beta = await pair(fleet)
    rows = tuple(msgspec.structs.replace(made.row(number, alpha.id), version=10 + number) for number in range(8000))
    entries = tuple(made.entry(number) for number in range(3000))
    assert alpha.network.send(beta.id, Rows(rows, alpha.id, 5, 9000))
    assert alpha.network.send(beta.id, Entries(entries))
    assert alpha.network.send(beta.id, request(1))
    await fleet.until(lambda: request(1) in beta.said_by(alpha))
    said = beta.said_by(alpha)
    parts = [message for message in said if isinstance(message, Rows)]
    assert len(parts) > 1
    # Each part goes on where the one before it ended, so that none can be missed unseen.
    assert [part.since for part in parts] == [5, *(part.upto for part in parts[:-1])]
    assert [part.upto for part in parts] == [*(part.rows[-1].version for part in parts[:-1]), 9000]
    assert {part.node for part in parts} == {alpha.id}
    assert tuple(row for part in parts for row in part.rows) == rows
    told = tuple(entry for part in said if isinstance(part, Entries) for entry in part.entries)
    assert told == entries


async def test_what_cannot_be_sent_is_refused_and_harms_nothing(fleet: Fleet) -> None:
    alpha, beta = await pair(fleet)
    huge = Command(JobId("j"), "sync", None, None, "root", "x" * MESSAGE_LIMIT_BYTES)
    assert not alpha.network.send(beta.id, huge)
    assert not alpha.network.send(beta.id, Command(JobId("j"), "sync", None, None, "caf\udce9"))
    assert alpha.network.send(beta.id, request(1))
    await fleet.until(lambda: beta.said_by(alpha) == [request(1)])


async def test_channels_that_neither_end_keeps_go_and_those_that_one_keeps_stand(fleet: Fleet) -> None:
    alpha, beta = await pair(fleet)
    alpha.network.keep(frozenset())
    beta.network.keep(frozenset())
    await fleet.until(lambda: not alpha.network.connected and not beta.network.connected)
    await fleet.rest(1.0)
    assert not alpha.network.connected
    for one in (alpha, beta):
        one.network.keep(frozenset({alpha.id, beta.id}))
        await fleet.until(lambda: alpha.sees(beta) and beta.sees(alpha))
        assert alpha.network.send(beta.id, request(7))
        await fleet.until(lambda: request(7) in beta.said_by(alpha))
        one.network.keep(frozenset())
        await fleet.until(lambda: not alpha.network.connected and not beta.network.connected)


async def test_after_closing_nothing_is_told(fleet: Fleet) -> None:
    alpha, beta = await pair(fleet)
    told = list(beta.events)
    await fleet.stop(beta)
    await fleet.until(lambda: alpha.sees())
    await fleet.rest(0.3)
    assert beta.events == told
    assert beta.network.connected == frozenset()
    await fleet.stop(beta)
