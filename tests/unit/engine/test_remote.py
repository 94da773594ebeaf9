"""Questions to other nodes: one that does not answer is told with what is known of its channel."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from backend.engine.remote import CHECKS_WITHIN_S
from backend.model.errors import NodeUnreachableError
from backend.ports.tasks import TaskOwner
from backend.texts import message_of
from tests.support.engine_fleet import EngineFleet

LEARN_S = 10.0


@pytest.fixture
async def fleet() -> AsyncIterator[EngineFleet]:
    made = EngineFleet(2)
    await made.start()
    await made.run(LEARN_S)
    yield made
    await made.close()


async def test_a_node_out_of_reach_says_why_instead_of_its_checks(fleet: EngineFleet) -> None:
    here, there = fleet.nodes
    fleet.hub.cut(here.me, there.me)
    await fleet.run(LEARN_S)
    assert here.engine is not None
    with pytest.raises(NodeUnreachableError) as caught:
        await here.engine.peer_checks(there.me)
    said = message_of(caught.value.problem())
    assert said == "n1 does not answer: the channel to n1 failed: silent for 9 s"


async def test_a_node_whose_channel_goes_while_it_is_asked_does_not_answer(fleet: EngineFleet) -> None:
    here, there = fleet.nodes
    fleet.hub.cut(here.me, there.me)
    assert here.engine is not None
    asked = TaskOwner("operator").start(here.engine.peer_checks(there.me), "health")
    await fleet.run(min(LEARN_S, CHECKS_WITHIN_S))
    (answer,) = await asyncio.gather(asked, return_exceptions=True)
    assert isinstance(answer, NodeUnreachableError)
    assert answer.params["node"] == "n1"
