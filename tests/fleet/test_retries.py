"""Retries of real daemons: due times outlive them, the last wait is followed by one alert, a person begins afresh."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from backend.texts import Call
from dsync_tui import exit_codes
from tests.support.fleet import (
    Archive,
    Fleet,
    FleetNode,
    act,
    build,
    cell,
    command,
    logged,
    reached,
    until,
    with_settings,
)
from tests.support.fleet_crashes import nothing_left, written
from tests.support.fleet_runtimes import HeldClient
from tests.support.runtimes import PrivatePodman

pytestmark = [
    pytest.mark.fleet,
    pytest.mark.real("root", "rsync", "podman"),
    pytest.mark.asyncio(loop_scope="module"),
]

FIRST_WAIT_S = 30.0
"""Long enough for two restarts on a busy machine."""
WORDS = "out of luck today"
REASON = f"this node failed: podman load ended with exit code 1: {WORDS}"
REMEDY = "dsync-tui health names what is wrong"


@dataclass
class Rig:
    """``patient`` waits long, ``hasty`` a moment; each has a podman of its own whose loads fail as long as told."""

    fleet: Fleet
    directory: Path
    runtimes: dict[str, HeldClient]

    def __getitem__(self, name: str) -> FleetNode:
        return self.fleet[name]

    def drop(self, number: int) -> Archive:
        archive = build(self.directory / f"r{number}.tar", f"r{number}:1", seed=600 + number)
        archive.drop(self.fleet["origin"])
        return archive


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    directory = tmp_path_factory.mktemp("retries")
    waits = {"patient": [FIRST_WAIT_S, 0.5, 0.5], "hasty": [0.5, 0.5, 0.5]}
    podmans = {name: PrivatePodman() for name in waits}
    runtimes = {}
    for name, podman in podmans.items():
        podman.start()
        runtimes[name] = HeldClient(directory / f"{name}-client", "podman", podman.command)
    plans = [
        with_settings("origin"),
        *(
            with_settings(name, runtimes[name].settings, {"retry.waits_s": waits[name], "retry.sweep_s": 1.0})
            for name in waits
        ),
    ]
    try:
        async with Fleet(directory / "nodes", plans, keep=True) as fleet:
            yield Rig(fleet, directory, runtimes)
    finally:
        for podman in podmans.values():
            podman.close()


async def test_a_due_time_outlives_the_daemon_and_is_kept(rig: Rig) -> None:
    node, runtime = rig["patient"], rig.runtimes["patient"]
    runtime.fail_loads(WORDS)
    archive = rig.drop(1)
    (waiting,) = await reached(archive, "waiting", [node])
    await written(node, archive, "waiting")
    assert (waiting.error, waiting.remedy, waiting.retries) == (REASON, REMEDY, 0)
    due_s = await _mirrored_due(node, archive, attempt=1)
    await node.kill()
    await nothing_left(node)
    await node.start()
    assert await cell(node, archive.digest) == waiting
    await node.restart()
    assert await cell(node, archive.digest) == waiting
    assert await _mirrored_due(node, archive, attempt=1) == due_s
    assert len(runtime.record("refused", archive.name)) == 1
    runtime.mend_loads()
    (ready,) = await reached(archive, "ready", [node])
    assert ready.retries == 1
    (load,) = runtime.record("load", archive.name)
    assert load.at >= due_s, "it was tried before its time"
    await until(lambda: not _retry_lines(node), "the queue for scripts is empty")


def _retry_lines(node: FleetNode) -> list[list[str]]:
    path = node.directory / "mirrors" / "docker-sync-retry.queue"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


async def _mirrored_due(node: FleetNode, archive: Archive, attempt: int) -> int:
    """The due time (epoch seconds, cut) as ``docker-sync-retry.queue`` has it, once it does."""
    found: list[int] = []

    def there() -> bool:
        found[:] = [
            int(due)
            for fingerprint, name, number, due in _retry_lines(node)
            if (fingerprint, name, int(number)) == (archive.fingerprint, node.name, attempt)
        ]
        return bool(found)

    await until(there, "the queue for scripts tells of the retry")
    return found[0]


async def test_after_the_last_wait_a_person_is_told_once_and_may_begin_afresh(rig: Rig) -> None:
    node, runtime = rig["hasty"], rig.runtimes["hasty"]
    well = rig.drop(2)
    await reached(well, "ready", [node])
    runtime.fail_loads(WORDS)
    archive = rig.drop(3)
    for times in (1, 2):
        (failed,) = await reached(archive, "failed", [node])
        assert (failed.error, failed.remedy, failed.retries) == (REASON, REMEDY, 3)
        assert len(runtime.record("refused", archive.name)) == 4 * times
        # What is told is told once it is written down.
        await until(partial(_alerted, node, archive, times), "a person is told")
        alerts = logged(node, "delivery-failed", archive.name)
        assert len(alerts) == times
        assert f" CRITICAL dsync.events gave up on {archive.name}: {REASON} " in alerts[-1]
        called = await command(rig["origin"], "status")
        assert called.code == exit_codes.NOT_WELL
        assert f"{REASON}; try: {Call(config=str(rig['origin'].config)).put_into(REMEDY)}" in called.out
        # Sweeps leave it alone: they ask about the other archive all the while.
        await until(partial(_asked, runtime, len(runtime.record("look")) + 3), "sweeps pass")
        assert len(runtime.record("refused", archive.name)) == 4 * times
        if times == 1:
            assert (await command(rig["origin"], "retry", archive.name, "--node", "hasty")).code == exit_codes.DONE
            await until(partial(_tried_again, node, archive), "it is tried again")
    runtime.mend_loads()
    assert await act(node, "retry", archive.digest) == 1
    (ready,) = await reached(archive, "ready", [node])
    assert ready.retries == 0
    assert (await command(rig["origin"], "status", archive.name)).code == exit_codes.DONE


def _alerted(node: FleetNode, archive: Archive, times: int) -> bool:
    return len(logged(node, "delivery-failed", archive.name)) >= times


def _asked(runtime: HeldClient, times: int) -> bool:
    return len(runtime.record("look")) >= times


async def _tried_again(node: FleetNode, archive: Archive) -> bool:
    found = await cell(node, archive.digest)
    return found is not None and found.state != "failed"
