"""Files that were sent, followed through a real engine: published, superseding, known already, rejected."""

from collections.abc import AsyncIterator

import pytest

from backend.control.following import SentFile
from backend.control.jobs import Said
from backend.model.errors import Problem, TruncatedError
from backend.ports.tasks import TaskOwner
from tests.support.engine_fleet import EngineFleet

LEARN_S = 10.0
"""Empty ledgers listen to their peers first."""
LOOK_S = 60.0


@pytest.fixture
async def fleet() -> AsyncIterator[EngineFleet]:
    made = EngineFleet(2)
    await made.start()
    await made.run(LEARN_S)
    yield made
    await made.close()


async def _sent(fleet: EngineFleet, name: str, data: bytes) -> Said | Problem:
    engine = fleet.nodes[0].engine
    assert engine is not None

    async def chunks() -> AsyncIterator[bytes]:
        yield data

    _, stored = await engine.take_file(name, chunks(), None)
    sent = SentFile(engine, name, stored, len(data))
    following = TaskOwner("test").start(sent.outcome(LOOK_S), "following")
    await fleet.run(30)
    return await following


async def test_what_a_sent_file_became(fleet: EngineFleet) -> None:
    first, second = (fleet.contents.pack(label, f"{label}:1") for label in ("first", "second"))
    fingerprints = [fleet.contents.facts[data].hashes.fingerprint for data in (first, second)]  # type: ignore[union-attr]
    told = [
        await _sent(fleet, name, data)
        for name, data in (("app.tar", first), ("app.tar", second), ("copy.tar", second), ("app.tar", first))
    ]
    common = {"archive": "app.tar", "node": fleet.nodes[0].roster_node.name}
    one, two = ({**common, "fingerprint": fingerprint} for fingerprint in fingerprints)
    assert told == [
        ("job.file-published", {**one, "name": "app.tar", "superseded": "", "stored": ""}),
        (
            "job.file-published",
            {**two, "name": "app.tar", "superseded": f"app.tar ({fingerprints[0][:8]})", "stored": ""},
        ),
        ("job.file-known", {**two, "name": "copy.tar", "superseded": "", "stored": ""}),
        (
            "job.file-published",
            {**one, "name": "app.tar", "superseded": f"app.tar ({fingerprints[1][:8]})", "stored": ""},
        ),
    ]


async def test_why_a_sent_file_was_rejected(fleet: EngineFleet) -> None:
    data = b"half an archive"
    error = TruncatedError(name="half.tar", detail="ends too early")
    fleet.contents.facts[data] = error
    assert await _sent(fleet, "half.tar", data) == error.problem()
