"""An action that finds nothing to do says why."""

from pathlib import Path

import msgspec
import pytest

from backend.api.client import new_key
from backend.api.wire import Action, Verb
from backend.control.jobs import Jobs, job_of_node
from backend.control.reasons import why_nothing
from backend.model.archive import Order
from backend.model.ids import JobId
from backend.model.messages import CommandResult
from tests.support.control import talking
from tests.support.engine import FakeEngine, entry_of, node_id

LATER = Order(10_000, node_id(0))


def _action(verb: Verb, archives: list[str]) -> Action:
    return Action(key=new_key(), verb=verb, archives=archives)


@pytest.mark.parametrize(
    ("verb", "ended", "why"),
    [
        ("sync", {"withdrawn_at": LATER}, "app.tar is withdrawn; dropped in again it is published anew"),
        (
            "load",
            {"superseded_by": LATER},
            "app.tar is superseded by a newer file of that name; dropped in again it is published anew",
        ),
        ("load", {}, "no copy is stored there"),
        ("retry", {}, "nothing there waits, failed or was cancelled"),
        ("cancel", {}, "nothing there is under way"),
        ("sync", {}, "there is no delivery to look at"),
    ],
)
async def test_a_result_of_nothing_says_why(tmp_path: Path, verb: Verb, ended: dict[str, Order], why: str) -> None:
    engine = FakeEngine()
    entry = engine.add(msgspec.structs.replace(entry_of(0, name="app.tar"), **ended))
    async with talking(engine, tmp_path) as client:
        result = await client.perform(_action(verb, [entry.digest]))
    assert result.ok
    assert result.message.endswith(f": {why}")
    assert result.params["count"] == "0"
    assert result.params["why.key"].startswith("nothing.")


def test_a_second_withdrawal_says_that_there_was_a_first() -> None:
    engine, jobs = FakeEngine(1), Jobs(lambda result: None)
    entry = engine.add(entry_of(0, name="app.tar", withdrawn_at=LATER))
    job = jobs.begin("withdraw", {node_id(0): "node-0"})
    jobs.answer([CommandResult(JobId(job_of_node(job, node_id(0))), "done", 0)])
    result = jobs.end(job, nothing=why_nothing(engine.state, "withdraw", [entry.digest]))
    assert result.message == (
        "withdraw: 0 archives ended for the fleet: app.tar is withdrawn; dropped in again it is published anew"
    )


async def test_several_ended_archives_are_told_of_together_and_what_is_out_of_reach_instead(tmp_path: Path) -> None:
    engine = FakeEngine(2)
    words: list[str] = [
        engine.add(msgspec.structs.replace(entry_of(number), withdrawn_at=LATER)).digest for number in (0, 1)
    ]
    async with talking(engine, tmp_path) as client:
        told = await client.perform(_action("sync", words))
        engine.away = {node_id(1)}
        lost = await client.perform(_action("sync", words))
    assert told.message.endswith(": they are superseded or withdrawn; dropped in again they are published anew")
    assert lost.message.endswith("; out of reach: node-1")
