"""Plans over the control API: of a file, of an archive, for readers too; malformed questions."""

from pathlib import Path

import pytest

from backend.api.plans import PlannedFile, PlannedImage, PlanRequest, PlanStep, TakenTag
from backend.model.delivery import Ready
from backend.model.errors import ArchiveUnknownError, MalformedRequestError, NodeUnknownError
from tests.support.control import talking
from tests.support.engine import FakeEngine, digest_of, entry_of

TAG = "docker.io/library/app:1"
FILE = PlannedFile("app.tar", "ab" * 16, digest_of(7), 1000, 1000, [PlannedImage("sha256:new", (TAG,), "linux/amd64")])


def fleet() -> FakeEngine:
    """Three nodes, one of them out of reach, and an older archive of that name."""
    engine = FakeEngine(nodes=3)
    entry = engine.add(entry_of(1, "app.tar", (TAG,)))
    engine.state.owners[TAG] = entry.digest
    engine.set(0, entry, Ready(), stored=True)
    next(peer for peer in engine.state.peers.values() if peer.node.name == "node-2").up = False
    return engine


async def test_a_file(tmp_path: Path) -> None:
    engine = fleet()
    async with talking(engine, tmp_path, read_only=True) as client:
        document = await client.plan(PlanRequest(file=FILE))
    assert (document.verdict, document.known_as, document.supersedes) == ("new", None, ["app.tar"])
    assert document.takes == [TakenTag(TAG, "app.tar")]
    assert [(step.node, step.does, step.left_bytes, step.code) for step in document.steps] == [
        ("node-0", "load", 0, None),
        ("node-1", "copy", 1000, None),
        ("node-2", "copy", 1000, "node-unreachable"),
    ]
    assert (document.moving_bytes, document.waiting_bytes) == (1000, 1000)
    assert document.steps[2].error == "node-2 does not answer"
    assert list(engine.state.entries) == [digest_of(1)]


async def test_an_archive(tmp_path: Path) -> None:
    async with talking(fleet(), tmp_path) as client:
        document = await client.plan(PlanRequest(archive="app.tar", nodes=["node-0", "node-1"]))
    assert (document.verdict, document.known_as) == ("known", "app.tar")
    assert document.steps == [PlanStep("node-0", "check"), PlanStep("node-1", "copy", 1000)]


async def test_questions_that_cannot_be_answered(tmp_path: Path) -> None:
    async with talking(fleet(), tmp_path) as client:
        with pytest.raises(ArchiveUnknownError):
            await client.plan(PlanRequest(archive="nothing"))
        with pytest.raises(NodeUnknownError):
            await client.plan(PlanRequest(file=FILE, nodes=["nobody"]))
        for question in (PlanRequest(), PlanRequest(file=FILE, archive="app.tar")):
            with pytest.raises(MalformedRequestError):
                await client.plan(question)
