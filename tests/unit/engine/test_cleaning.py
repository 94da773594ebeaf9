"""``clean``: what nobody needs goes, what is under way stays, and only who may ask is heard."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.model.errors import StoreError
from backend.model.ids import Fingerprint
from backend.model.messages import CommandResult
from tests.support.engine_fleet import SETTLE_S, EngineFleet, Node, hashes_of

LEARN_S = 10.0
OLD = Fingerprint("0" * 32)


@pytest.fixture
async def fleet() -> AsyncIterator[EngineFleet]:
    made = EngineFleet(3, admins=(1,))
    await made.start()
    await made.run(LEARN_S)
    yield made
    await made.close()


def results_of(node: Node) -> list[CommandResult]:
    """Answers that reach a node from now on."""
    results: list[CommandResult] = []
    assert node.engine is not None
    node.engine.subscribe(lambda touched: results.extend(touched.results))
    return results


async def ask(fleet: EngineFleet, by: int, argument: str = "") -> CommandResult:
    """Node ``by`` tells node 0 to clean."""
    asking, results = fleet.nodes[by], results_of(fleet.nodes[by])
    assert asking.engine is not None
    await asking.engine.act("job", "clean", None, (fleet.nodes[0].me,), None, "root", argument)
    await fleet.run(1)
    (result,) = results
    return result


async def test_an_unfinished_fetch_that_nobody_needs_goes(fleet: EngineFleet) -> None:
    node = fleet.nodes[0]
    node.store.fetch(OLD, b"left behind")
    assert node.engine is not None
    assert await node.engine.clean(dry_run=True) == [f"11 .incoming/{OLD}"]
    assert OLD in node.store.fetched
    assert await node.engine.clean(dry_run=False) == [f"11 .incoming/{OLD}"]
    assert node.store.fetched == {}
    assert await node.engine.clean(dry_run=False) == []


async def test_a_fetch_that_is_under_way_stays(fleet: EngineFleet) -> None:
    target, data = fleet.nodes[2], fleet.contents.pack("v1", "app:1")
    assert target.engine is not None
    assert target.transport is not None
    target.transport.gate.clear()
    fleet.nodes[0].drop("app.tar", data)
    await fleet.run(SETTLE_S + 10)
    assert fleet.states(data)[2] == "transferring"
    assert hashes_of(data).fingerprint in target.store.fetched
    assert await target.engine.clean(dry_run=False) == []
    target.transport.gate.set()
    await fleet.run(10)
    assert fleet.states(data) == ["ready"] * 3


async def test_what_a_killed_daemon_left_goes(fleet: EngineFleet, tmp_path: Path) -> None:
    node, left = fleet.nodes[0], tmp_path / "received-dead"
    left.write_bytes(b"12345")
    node.store.orphans[left] = node.store.make(b"12345")
    assert node.engine is not None
    assert await node.engine.clean(dry_run=True) == ["5 received-dead"]
    assert left.exists()
    assert await node.engine.clean(dry_run=False) == ["5 received-dead"]
    assert not left.exists()


async def test_what_cannot_be_removed_is_an_error_with_its_reason(fleet: EngineFleet, tmp_path: Path) -> None:
    node = fleet.nodes[0]
    node.store.orphans[tmp_path] = node.store.make(b"12345")
    assert node.engine is not None
    with pytest.raises(StoreError, match="Is a directory"):
        await node.engine.clean(dry_run=False)


async def test_an_admin_may_clean_elsewhere_and_learns_what_went(fleet: EngineFleet) -> None:
    fleet.nodes[0].store.fetch(OLD, b"left behind")
    result = await ask(fleet, by=1, argument="dry-run")
    assert (result.outcome, result.count, result.lines) == ("done", 1, (f"11 .incoming/{OLD}",))
    assert OLD in fleet.nodes[0].store.fetched
    assert (await ask(fleet, by=1)).outcome == "done"
    assert fleet.nodes[0].store.fetched == {}


async def test_where_there_are_admins_nobody_else_may(fleet: EngineFleet) -> None:
    fleet.nodes[0].store.fetch(OLD, b"left behind")
    result = await ask(fleet, by=2)
    assert result.outcome == "refused"
    assert result.problem is not None
    assert result.problem.params == {"what": "clean", "why": "admins only"}
    assert OLD in fleet.nodes[0].store.fetched
