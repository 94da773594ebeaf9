"""The fleet as a library: what stands, what a kill leaves, and that everything ends with whoever holds it."""

import asyncio
import socket
import sys
import tempfile
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.demo.fleet import Fleet, NodePlan
from backend.model.errors import FleetError, SettingsError
from backend.settings import load_settings
from tests.support.demo_run import WITHIN_S, processes_of

pytestmark = [pytest.mark.fleet, pytest.mark.real("rsync"), pytest.mark.timeout(WITHIN_S)]


def _plans(count: int) -> list[NodePlan]:
    return [NodePlan(f"node-{number}", {"store.settle_s": 0.3}) for number in range(1, count + 1)]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_empty(directory: Path) -> bool:
    return not any(directory.iterdir())


async def test_all_stand_connected_and_nothing_is_left(tmp_path: Path) -> None:
    async with Fleet(tmp_path, _plans(3)) as fleet:
        assert [node.name for node in fleet.nodes] == ["node-1", "node-2", "node-3"]
        assert len({node.pid for node in fleet.nodes}) == 3
        for node in fleet.nodes:
            async with node.client() as client:
                assert (await client.greeting()).node == node.name
                assert [each.state for each in (await client.status()).nodes] == ["up"] * 3
            assert load_settings(node.config).control_socket == node.socket
            assert node.store.is_dir()
            assert _listens(node.peer_port)
            assert _listens(node.rsync_port)
        nodes = fleet.nodes
    assert processes_of(tmp_path) == []
    assert _is_empty(tmp_path)
    assert not any(_listens(port) for node in nodes for port in (node.peer_port, node.rsync_port))


async def test_a_node_is_killed_and_comes_back_as_the_same(tmp_path: Path) -> None:
    async with Fleet(tmp_path, _plans(2)) as fleet:
        node = fleet["node-2"]
        before = node.pid
        async with node.client() as client:
            known = (await client.greeting()).node_id
        await node.kill()
        assert not node.running
        with pytest.raises(FleetError) as caught:
            fleet.must_run()
        assert caught.value.params["node"] == "node-2"
        assert "exit code -9" in caught.value.params["detail"]
        await node.start()
        await fleet.connected()
        assert node.pid != before
        async with node.client() as client:
            assert (await client.greeting()).node_id == known
        assert await node.stop() == 0


async def test_a_node_may_join_late(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, _plans(2), keep=True)
    try:
        fleet.prepare()
        first, second = fleet.nodes
        await first.start()
        assert not second.running
        await second.start()
        await fleet.connected()
    finally:
        await fleet.close()
    assert processes_of(tmp_path) == []
    # It was to be kept.
    assert first.config.is_file()


async def test_a_daemon_that_cannot_start_says_why(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(FleetError) as caught:
            async with Fleet(tmp_path, [*_plans(1), NodePlan("node-2", {"rsync.listen": address})]):
                pass
    assert caught.value.params["node"] == "node-2"
    assert f"{address} cannot be listened on" in caught.value.params["detail"]
    assert processes_of(tmp_path) == []
    assert _is_empty(tmp_path)


async def test_a_plan_that_is_none_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        async with Fleet(tmp_path, [NodePlan("node-1", {"store.settle": 1})]):
            pass
    assert processes_of(tmp_path) == []


HOLDER = """
import asyncio, sys
from pathlib import Path
from backend.demo.fleet import Fleet, NodePlan

async def main():
    async with Fleet(Path(sys.argv[1]), [NodePlan("node-1"), NodePlan("node-2")], sockets=Path(sys.argv[2])):
        print("standing", flush=True)
        await asyncio.sleep(3600)

asyncio.run(main())
"""


@pytest.fixture
def short() -> Iterator[Path]:
    """Where sockets may lie: their paths are short."""
    with tempfile.TemporaryDirectory(prefix="fleet-", dir="/tmp") as name:
        yield Path(name)


async def test_daemons_end_when_their_holder_is_killed(tmp_path: Path, short: Path) -> None:
    words = ("-c", HOLDER, str(tmp_path), str(short))
    holder = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=PIPE)
    assert holder.stdout is not None
    assert await asyncio.wait_for(holder.stdout.readline(), WITHIN_S) == b"standing\n"
    daemons = [pid for pid in processes_of(tmp_path) if pid != holder.pid]
    assert len(daemons) >= 4, "two daemons and their data doors"
    holder.kill()
    await holder.wait()
    async with asyncio.timeout(WITHIN_S):
        while await asyncio.to_thread(processes_of, tmp_path):  # noqa: ASYNC110 (nothing tells us)
            await asyncio.sleep(0.1)
    assert not [path for place in (tmp_path, short) for path in place.rglob("*.sock")]
