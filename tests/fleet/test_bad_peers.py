"""Nodes of the roster that lie, boast, crawl or flood: isolated by those that they hurt, and no rollout is lost."""

import asyncio
import hashlib
from functools import partial
from pathlib import Path

import pytest

from backend.api.wire import StatusDocument
from backend.demo.archives import make_archive
from backend.demo.fleet import Fleet, NodePlan
from backend.demo.node import FleetNode
from backend.model.ids import Digest
from tests.support.fleet_states import ended_well, until
from tests.support.hostile_peers import Boaster, Crawler, Flooder, HostilePeer, Liar, fleet_with
from tests.support.lab import MIB

pytestmark = [pytest.mark.fleet, pytest.mark.real("rsync"), pytest.mark.timeout(240)]

GOOD = ("origin", "one", "two")
ROLLOUTS = 6
"""At most so many until a liar has been asked often enough."""

MOST_BYTES = 200 * MIB
"""Of resident memory: a daemon of a small fleet has some 80 MiB."""


def _fleet(directory: Path, *hostile: type[HostilePeer]) -> Fleet:
    settings: dict[str, object] = {
        "store.settle_s": 0.3,
        "store.min_free": "1MiB",
        "node.labels": {"zone": "near"},
        "retry.waits_s": [1, 2, 3],
        "rsync.timeout_s": 20,
    }
    fleet = Fleet(directory, [NodePlan(name, settings) for name in (*GOOD, *(kind.name for kind in hostile))])
    fleet.prepare()
    return fleet


async def _rollout(
    fleet: Fleet, directory: Path, number: int, liar: HostilePeer | None = None, within_s: float = 60.0
) -> None:
    """Publish an archive, which ``liar`` has claimed before, and see it reach every good node whole."""
    name = f"app-{number}.tar"
    made = make_archive(directory / name, f"bad/app-{number}:1", 2 * MIB, seed=number)
    if liar is not None:
        digest = hashlib.sha256(made.path.read_bytes()).hexdigest()
        liar.claim(Digest(f"sha256:{digest}"), made.size_bytes)
    (fleet["origin"].store / name).hardlink_to(made.path)
    good = [fleet[name] for name in GOOD]
    for node in good:
        await until(node, ended_well(name, good), f"{name} on all good nodes", within_s)
        assert (node.store / name).read_bytes() == made.path.read_bytes()


def _events(node: FleetNode, words: str) -> list[str]:
    return [line for line in node.log.read_text().splitlines() if words in line]


def _resident_bytes(node: FleetNode) -> int:
    status = Path(f"/proc/{node.pid}/status").read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))


def _told(node: FleetNode, words: str, document: StatusDocument) -> bool:
    return bool(_events(node, words))


async def _isolates(node: FleetNode, name: str) -> bool:
    async with node.client() as client:
        return {row.name: row.state for row in (await client.status()).nodes}[name] == "isolated"


async def _until_isolated(fleet: Fleet, victim: str, name: str) -> None:
    await until(
        fleet[victim],
        lambda document: {node.name: node.state for node in document.nodes}[name] == "isolated",
        f"{victim} isolates {name}",
        within_s=60.0,
    )


@pytest.mark.parametrize(("kind", "words"), [(Liar, "other bytes"), (Boaster, "no longer has these bytes")])
async def test_a_source_that_lies_is_isolated_and_no_rollout_is_lost(
    tmp_path: Path, kind: type[HostilePeer], words: str
) -> None:
    fleet = _fleet(tmp_path / "fleet", kind)
    try:
        async with fleet_with(tmp_path, fleet, (kind,), "near") as peers:
            # At most one failure counts in ten seconds, and three isolate; who claims what it has not got is given
            # half a minute to say so. Both targets stand near it and ask it first, unless another is quicker.
            for number in range(ROLLOUTS):
                await _rollout(fleet, tmp_path, number, peers[kind.name])
                await asyncio.sleep(10.5)
                if number >= 2 and await _isolates(fleet["one"], kind.name):
                    break
            assert peers[kind.name].asked >= 3
            await _until_isolated(fleet, "one", kind.name)
            assert any(words in line for line in _events(fleet["one"], kind.name))
            asked = peers[kind.name].asked
            await _rollout(fleet, tmp_path, 9, peers[kind.name])
            # The other target may still ask it; the victim does not.
            assert peers[kind.name].asked - asked <= 1
    finally:
        await fleet.close()


async def test_a_flood_is_stopped_and_costs_no_rollout_and_no_memory(tmp_path: Path) -> None:
    fleet = _fleet(tmp_path / "fleet", Flooder)
    try:
        async with fleet_with(tmp_path, fleet, (Flooder,), "near"):
            for number in range(3):
                await _rollout(fleet, tmp_path, number)
            for name in GOOD:
                await until(
                    fleet[name],
                    lambda document: {node.name: node.state for node in document.nodes}["flooder"] == "isolated",
                    f"{name} isolates the flooder",
                    within_s=60.0,
                )
                assert _resident_bytes(fleet[name]) < MOST_BYTES
                # Told, and not thousands of times: a moment after it is so.
                await until(fleet[name], partial(_told, fleet[name], "flooder is isolated"), "it is told")
                assert 1 <= len(_events(fleet[name], "flooder is isolated")) <= 3
                assert len(_events(fleet[name], "flooder")) < 200
            await _rollout(fleet, tmp_path, 9)
    finally:
        await fleet.close()


async def test_a_source_at_a_byte_a_second_is_left_for_another(tmp_path: Path) -> None:
    fleet = _fleet(tmp_path / "fleet", Crawler)
    try:
        async with fleet_with(tmp_path, fleet, (Crawler,), "near") as peers:
            await _rollout(fleet, tmp_path, 1, peers["crawler"], within_s=150.0)
            assert peers["crawler"].asked >= 1
            assert any(_events(fleet[name], "crawler") for name in ("one", "two"))
    finally:
        await fleet.close()
