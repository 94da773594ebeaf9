"""A console on another machine's daemon, through a real sshd that goes away and comes back."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.console_node import PROGRAM, environment
from tests.support.fleet import Fleet, build, until, with_settings
from tests.support.pseudo_terminal import PseudoTerminal
from tests.support.sshd import Sshd

pytestmark = [
    pytest.mark.fleet,
    pytest.mark.real("rsync", "ssh", "sshd", "ssh-keygen"),
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="module"),
]

SIZE = (120, 36)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """One node without a runtime."""
    async with Fleet(tmp_path_factory.mktemp("fleet"), [with_settings("faraway")]) as running:
        yield running


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with Sshd(tmp_path) as started:
        yield started


@contextmanager
def attached(sshd: Sshd, fleet: Fleet, directory: Path) -> Iterator[PseudoTerminal]:
    """A console through ssh that shows the node."""
    words = ("--ssh-config", str(sshd.client_config), "--host", f"{sshd.host}{fleet['faraway'].socket}")
    # A console that is killed leaves its end of the way; a socket's path is short.
    with tempfile.TemporaryDirectory(prefix="far-", dir="/tmp") as temporary:
        variables = {**environment(directory), "TERM": "xterm-256color", "TMPDIR": temporary}
        with PseudoTerminal((*PROGRAM, *words), variables, SIZE) as terminal:
            terminal.until(lambda terminal: "ATTACHED" in terminal.text() and "faraway" in terminal.text())
            yield terminal


def tunnels(sshd: Sshd) -> list[int]:
    """The ssh clients that go there."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes() if entry.name.isdigit() else b""
        except OSError:
            continue
        if words.startswith(b"ssh\0") and os.fsencode(sshd.client_config) in words:
            found.append(int(entry.name))
    return found


async def test_changes_are_live_and_a_broken_way_opens_again(fleet: Fleet, sshd: Sshd, tmp_path: Path) -> None:
    node = fleet["faraway"]
    with attached(sshd, fleet, tmp_path) as terminal:
        assert len(tunnels(sshd)) == 1
        build(tmp_path / "one.tar", "shop/one:1.0", seed=51).drop(node)
        terminal.until(lambda terminal: "one:1.0" in terminal.text() and "1/1" in terminal.text())
        sshd.kill()
        terminal.until_shown("DISCONNECTED")
        # The age of what is shown, and why in ssh's words; the old picture stays.
        terminal.until(lambda terminal: " ago" in terminal.text() and "Connection refused" in terminal.text())
        assert "one:1.0" in terminal.text()
        build(tmp_path / "two.tar", "shop/two:1.0", seed=52).drop(node)
        sshd.start()
        terminal.until(lambda terminal: "ATTACHED" in terminal.text() and "two:1.0" in terminal.text())
        terminal.until_shown("2/2")
        assert "DISCONNECTED" not in terminal.text()
        # The way works in both directions.
        terminal.press("s")
        terminal.until_shown("sync: deliveries 1")
        terminal.press("q")
        assert terminal.ended() == 0
    await until(lambda: not tunnels(sshd), "no ssh is left")
    assert node.running


async def test_a_console_that_is_killed_leaves_no_ssh(fleet: Fleet, sshd: Sshd, tmp_path: Path) -> None:
    node = fleet["faraway"]
    with attached(sshd, fleet, tmp_path) as terminal:
        assert tunnels(sshd)
        terminal.process.kill()
        terminal.process.wait(60)
        await until(lambda: not tunnels(sshd), "no ssh is left")
    assert node.running


async def test_a_console_ends_while_there_is_no_way(fleet: Fleet, sshd: Sshd, tmp_path: Path) -> None:
    with attached(sshd, fleet, tmp_path) as terminal:
        sshd.kill()
        terminal.until_shown("DISCONNECTED")
        terminal.press("q")
        assert terminal.ended() == 0
    await until(lambda: not tunnels(sshd), "no ssh is left")
