"""Channels over SSH that break in every way, slow peers, and floods."""

import asyncio
import contextlib
import dataclasses
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.model.delivery import Progress
from backend.model.ids import JobId
from backend.model.messages import Command, Message, ProgressBatch, Request
from backend.peering.limits import PeerLimits
from backend.peering.network import SshPeerNetwork
from backend.peering.wire import BEAT
from backend.ports.peers import ChannelDown
from tests.support import ledger_values as made
from tests.support.peer_caller import RawPeer, raw_peer
from tests.support.peer_fleet import NAMES, PATIENCE_S, QUICK, Seat, SshFleet, hello, ssh_fleet

ROOT = Path(__file__).parents[2]
CHUNK = "x" * 100_000


def chunk(number: int) -> Message:
    """A message of 100 kB with a number."""
    return Command(JobId(str(number)), "sync", None, None, CHUNK)


def request(number: int) -> Message:
    return Request(made.digest(number))


@contextlib.asynccontextmanager
async def pair(directory: Path, limits: PeerLimits = QUICK) -> AsyncIterator[tuple[SshFleet, Seat, Seat]]:
    async with ssh_fleet(directory, limits) as fleet:
        alpha, beta = await fleet.start("alpha"), await fleet.start("beta")
        await fleet.until(lambda: alpha.sees(beta) and beta.sees(alpha))
        yield fleet, alpha, beta


# --- Dialling and breaking -----------------------------------------------------------------------


async def test_nodes_that_dial_each_other_at_once_keep_one_channel(tmp_path: Path) -> None:
    async with ssh_fleet(tmp_path, dataclasses.replace(QUICK, courtesy_s=0.0)) as fleet:
        for _ in range(8):
            seats = await asyncio.gather(*(fleet.start(name) for name in NAMES))
            others = {seat.name: [other for other in seats if other is not seat] for seat in seats}
            await fleet.until(lambda: all(seat.sees(*others[seat.name]) for seat in seats))  # noqa: B023
            await fleet.rest(0.3)
            for seat in seats:
                assert [seat.channel_events(other) for other in others[seat.name]] == ["up", "up"]
            await asyncio.gather(*(fleet.stop(seat) for seat in seats))


@pytest.mark.parametrize("victim", ["alpha", "beta"])
async def test_a_node_that_lost_its_power_is_welcomed_before_its_old_channel_is_missed(
    tmp_path: Path, victim: str
) -> None:
    patient = dataclasses.replace(QUICK, lost_after_s=10 * PATIENCE_S)
    async with pair(tmp_path, patient) as (fleet, alpha, beta):
        dead, witness = (alpha, beta) if victim == "alpha" else (beta, alpha)
        fleet.power_cut(dead)
        await fleet.stop(dead)
        risen = await fleet.start(victim)
        await fleet.until(lambda: risen.sees(witness))
        await fleet.until(lambda: witness.channel_events(dead) == "up down up")
        assert witness.network.send(risen.id, request(1))
        assert risen.network.send(witness.id, request(2))
        await fleet.until(lambda: risen.said_by(witness) == [request(1)] and witness.said_by(risen) == [request(2)])


@contextlib.asynccontextmanager
async def peer_process(directory: Path, name: str, ports: list[int]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.peer_process",
        str(directory),
        name,
        *map(str, ports),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def line_of(process: asyncio.subprocess.Process, within_s: float = PATIENCE_S) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(within_s):
        return (await process.stdout.readline()).decode().strip()


def _why_down(seat: Seat) -> str:
    """Why the channel went that stood last."""
    down = seat.events[-1]
    assert isinstance(down, ChannelDown)
    return down.problem.params["detail"]


async def test_a_stopped_process_is_missed_within_ten_seconds_and_a_killed_one_at_once(tmp_path: Path) -> None:
    async with ssh_fleet(tmp_path, PeerLimits()) as fleet:
        alpha = await fleet.start("alpha")
        beta = Seat("beta", fleet.keys["beta"].node_id, alpha.network)
        assert isinstance(alpha.network, SshPeerNetwork)
        ports = [alpha.network.port, 0, 1]
        async with peer_process(tmp_path, "beta", ports) as process:
            fleet.cables["alpha", "beta"].target_port = int(await line_of(process))
            await fleet.until(lambda: alpha.sees(beta))
            assert await line_of(process) == "ChannelUp"
            process.send_signal(signal.SIGSTOP)
            await fleet.until(lambda: alpha.sees())
            assert _why_down(alpha) == "silent for 9 s"
            process.send_signal(signal.SIGCONT)
            await fleet.until(lambda: alpha.sees(beta))
            assert [await line_of(process) for _ in range(2)] == ["ChannelDown", "ChannelUp"]
            process.kill()
            await fleet.until(lambda: alpha.sees())
            assert "silent" not in _why_down(alpha)
        async with peer_process(tmp_path, "beta", ports) as process:
            fleet.cables["alpha", "beta"].target_port = int(await line_of(process))
            await fleet.until(lambda: alpha.sees(beta))
        assert alpha.channel_events(beta).startswith("up down up down up")


async def test_a_cable_cut_at_the_usual_heartbeats_is_seen_within_ten_seconds(tmp_path: Path) -> None:
    async with pair(tmp_path, PeerLimits()) as (fleet, alpha, beta):
        await fleet.rest(1.0)
        fleet.cut(alpha, beta)
        await fleet.until(lambda: alpha.sees() and beta.sees())
        down = alpha.events[-1]
        assert isinstance(down, ChannelDown)
        assert down.problem.params == {"peer": "beta", "detail": "silent for 9 s"}
        fleet.mend(alpha, beta)
        await fleet.until(lambda: alpha.sees(beta) and beta.sees(alpha))


async def test_a_process_that_did_not_run_for_a_while_blames_nobody(tmp_path: Path) -> None:
    async with pair(tmp_path) as (fleet, alpha, beta):
        # Both ends live in this process: as after a suspension, time has passed and nothing was read.
        asyncio.get_running_loop().call_soon(time.sleep, QUICK.lost_after_s * 3)
        await fleet.rest(0.5)
        assert (alpha.channel_events(beta), beta.channel_events(alpha)) == ("up", "up")


# --- Slow peers and floods -----------------------------------------------------------------------


async def test_a_peer_that_does_not_keep_up_loses_its_channel_and_costs_nobody_else(tmp_path: Path) -> None:
    limits = dataclasses.replace(QUICK, queue_bytes=4_000_000, lost_after_s=5.0)
    async with ssh_fleet(tmp_path, limits) as fleet:
        alpha, beta, gamma = [await fleet.start(name) for name in NAMES]
        await fleet.until(lambda: alpha.sees(beta, gamma) and beta.sees(alpha, gamma) and gamma.sees(alpha, beta))
        fleet.cut(alpha, beta)
        sent = 0
        while alpha.network.send(beta.id, chunk(sent)):
            sent += 1
            assert sent < 1000
            assert alpha.network.send(gamma.id, request(sent))
            if sent % 10 == 0:
                await asyncio.sleep(0)
        # The queue, what SSH's window and the sockets hold, and little else.
        assert 40 <= sent <= 200
        assert alpha.channel_events(beta) == "up down"
        problem = alpha.network.problem_of(beta.id)
        assert problem is not None
        assert problem.params["detail"].startswith("does not keep up")
        await fleet.until(lambda: len(gamma.said_by(alpha)) == sent)
        assert alpha.channel_events(gamma) == "up"
        fleet.mend(alpha, beta)
        await fleet.until(lambda: alpha.sees(beta, gamma) and beta.sees(alpha, gamma))
        said = [int(message.job) for message in beta.said_by(alpha) if isinstance(message, Command)]
        assert said == list(range(len(said)))


async def test_of_progress_that_waits_only_the_latest_is_sent(tmp_path: Path) -> None:
    async with pair(tmp_path, dataclasses.replace(QUICK, lost_after_s=5.0)) as (fleet, alpha, beta):
        fleet.cut(alpha, beta)
        for number in range(80):
            assert alpha.network.send(beta.id, chunk(number))
        batches = [ProgressBatch((Progress(made.digest(1), 1, number, 5),)) for number in range(1000)]
        assert all(alpha.network.send(beta.id, batch) for batch in batches)
        assert alpha.network.send(beta.id, request(1))
        fleet.mend(alpha, beta)
        await fleet.until(lambda: request(1) in beta.said_by(alpha))
        assert beta.said_by(alpha)[80:] == [batches[-1], request(1)]


async def test_a_flood_waits_with_its_sender_while_the_engine_is_busy(tmp_path: Path) -> None:
    async with ssh_fleet(tmp_path, dataclasses.replace(QUICK, backlog_high=500, backlog_low=100)) as fleet:
        waiting = [0]
        gamma = await fleet.start("gamma", backlog=lambda: waiting[0])
        assert isinstance(gamma.network, SshPeerNetwork)
        async with raw_peer(fleet.keys["alpha"], gamma.network.port) as peer:
            peer.say(hello("alpha"))
            peer.write(BEAT)
            alpha = Seat("alpha", fleet.keys["alpha"].node_id, gamma.network)
            await fleet.until(lambda: gamma.sees(alpha))
            waiting[0] = 500
            sent = await said_until_it_waits(peer)
            # SSH's window, the sockets' buffers and the sender's own first 64 KiB: 100 MB were never taken.
            assert 1 < sent < 150
            # Longer than a silent channel lives: not reading is no reason to call the peer lost.
            await fleet.rest(QUICK.lost_after_s * 2)
            assert len(gamma.said_by(alpha)) == 1
            assert gamma.channel_events(alpha) == "up"
            waiting[0] = 0
            await fleet.until(lambda: len(gamma.said_by(alpha)) == sent)
            assert gamma.said_by(alpha) == [chunk(number) for number in range(sent)]


async def said_until_it_waits(peer: RawPeer) -> int:
    """Say chunks until the peer takes no more; return how many were said."""
    for number in range(1000):
        peer.say(chunk(number))
        try:
            async with asyncio.timeout(2):
                await peer.writer.drain()
        except TimeoutError:
            return number + 1
    return 1000


async def test_a_peer_that_says_too_much_is_slowed_to_its_allowance(tmp_path: Path) -> None:
    limits = dataclasses.replace(QUICK, messages_per_s=500.0, message_burst=100.0)
    async with pair(tmp_path, limits) as (fleet, alpha, beta):
        began = fleet.clock.monotonic()
        for number in range(400):
            assert alpha.network.send(beta.id, request(number))
        await fleet.until(lambda: len(beta.said_by(alpha)) == 400)
        assert fleet.clock.monotonic() - began >= 0.9 * 300 / 500
        assert beta.said_by(alpha) == [request(number) for number in range(400)]
        assert beta.channel_events(alpha) == "up"
