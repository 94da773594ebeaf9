"""A terminal that is closed beneath a console on a real daemon: the console is gone, the daemon is unhurt."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from benchmarks.process import session_members
from tests.support.console_node import console_of, environment
from tests.support.fleet import Fleet, build, reached, until, with_settings
from tests.support.pseudo_terminal import PseudoTerminal

pytestmark = [
    pytest.mark.fleet,
    pytest.mark.real("rsync"),
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="module"),
]

GONE_WITHIN_S = 30.0
"""Generous: a busy machine is no fault. How long it takes is measured by ``./dev bench``."""
HANGUP_IGNORED = ("sh", "-c", 'trap "" HUP; exec "$0" "$@"')


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """One node without a runtime."""
    async with Fleet(tmp_path_factory.mktemp("fleet"), [with_settings("alone")]) as running:
        yield running


@pytest.mark.parametrize("before", [(), HANGUP_IGNORED], ids=["plain", "SIGHUP-ignored"])
@pytest.mark.parametrize("keys", ["", "?", ":", "/x"], ids=["home", "help", "palette", "filter"])
async def test_it_ends_on_every_screen_and_nothing_else_does(
    keys: str, before: tuple[str, ...], fleet: Fleet, tmp_path: Path
) -> None:
    node = fleet["alone"]
    daemon = node.pid
    variables = {**environment(tmp_path), "TERM": "xterm-256color"}
    with PseudoTerminal((*before, *console_of(node)), variables, (120, 36)) as terminal:
        terminal.until(lambda terminal: "ATTACHED" in terminal.text() and "alone" in terminal.text())
        terminal.press(keys)
        terminal.hang_up()
        try:
            terminal.process.wait(GONE_WITHIN_S)
        except subprocess.TimeoutExpired:
            pytest.fail("it lives on without a terminal")
        assert session_members(terminal.process.pid) == []
    assert node.pid == daemon
    async with node.client() as client:

        async def uncounted() -> bool:
            return (await client.greeting()).consoles == 0

        await until(uncounted, "the daemon counts it no more")
    name = f"{len(keys)}-{len(before)}"
    archive = build(tmp_path / f"{name}.tar", f"shop/{name}:1.0", seed=60 + 10 * len(before) + len(keys))
    archive.drop(node)
    await reached(archive, "stored", [node])
