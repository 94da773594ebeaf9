"""``health`` of a node that does not answer."""

from pathlib import Path

import pytest

from backend.api.wire import CheckDocument, HealthDocument
from backend.texts import Texts
from dsync_tui import exit_codes
from dsync_tui.tables.health import health_lines
from tests.support.command_line import CommandLine
from tests.support.control import serving
from tests.support.engine import FakeEngine, node_id


async def test_what_is_said_of_a_node_that_does_not_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine = FakeEngine(nodes=2)
    engine.away = {node_id(1)}
    async with serving(engine, tmp_path):
        called = await CommandLine(tmp_path, capsys)("health", "--node", "node-1")
    assert called.code == exit_codes.NOT_WELL
    row, remedy = called.out.splitlines()[2:]
    assert row == "node answers  FAILED  node-1 does not answer: the channel to node-1 failed: silent for 9 s"
    assert remedy.startswith("try: look at that machine, whether its daemon runs")
    assert "status" not in remedy, "which says that health says why"


def test_a_check_shows_what_it_saw_before_what_is_wrong() -> None:
    checks = [CheckDocument("disk", False, "1.0 GiB free", "little room is left", None)]
    lines = list(health_lines(HealthDocument("a", False, checks), Texts("en")))
    assert lines[-1] == "free room  FAILED  1.0 GiB free: little room is left"
