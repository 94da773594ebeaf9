"""A whole run in tmux, from start to quit, on real daemons; and the terminal afterwards, however it ended."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from backend.texts import Texts
from tests.support.console_node import console_of, environment
from tests.support.fleet import Fleet, FleetNode, build, until, with_settings
from tests.support.tmux import Tmux

pytestmark = [
    pytest.mark.fleet,
    pytest.mark.real("rsync", "tmux"),
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="module"),
]

SAY = Texts("en").text
NAMES = ("alpha", "beta")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    """Two nodes without a runtime: what arrives is ``stored``."""
    async with Fleet(tmp_path_factory.mktemp("fleet"), [with_settings(name) for name in NAMES]) as running:
        yield running


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    with Tmux(tmp_path, environment(tmp_path)) as started:
        yield started


def settings_of_terminal(tmux: Tmux, directory: Path, name: str) -> str:
    """What ``stty`` says of the pane."""
    tmux.until_prompt()
    tmux.run("sh", "-c", f"stty -a | tail -n +2 > {name} && mv {name} {name}.done")
    path = directory / f"{name}.done"
    tmux.until(lambda _: path.exists())
    tmux.until_prompt()
    return path.read_text()


def is_restored(tmux: Tmux) -> None:
    """The shell has the terminal as it had it before: its screen, the cursor, no reports of the mouse or of pastes."""
    tmux.until_prompt()
    flags = "alternate_on", "cursor_flag", "mouse_any_flag", "mouse_sgr_flag", "keypad_flag", "keypad_cursor_flag"
    told = [tmux.told(f"#{{{flag}}}") for flag in flags]
    assert dict(zip(flags, told, strict=True)) == {flag: "1" if flag == "cursor_flag" else "0" for flag in flags}
    assert not tmux.children()
    # It echoes what is typed, and takes it.
    tmux.type("echo $((6 * 7))")
    tmux.until_shown("ready> echo $((6 * 7))")
    tmux.press("Enter")
    tmux.until(lambda text: "42" in text.split("\n"))


async def uncounted(node: FleetNode) -> bool:
    """The daemon knows of no console; it hears of an end a moment later."""
    async with node.client() as client:
        return (await client.greeting()).consoles == 0


def go_through_views_and_help(tmux: Tmux) -> None:
    seen = {"2": "empty.transfers", "3": "empty.retries", "4": "check.rsync", "5": "column.free", "6": "column.size"}
    for digit, key in seen.items():
        tmux.press(digit)
        tmux.until_shown(SAY(f"console.{key}")[:40])
    tmux.press("7")
    tmux.until_shown("shop.tar")
    tmux.press("?")
    tmux.until_shown(SAY("console.help.title"), SAY("console.help.group.move"))
    # Escape and a key within a moment would be that key with Alt.
    tmux.press("Escape")
    tmux.until_shown("shop.tar")
    tmux.press("1")
    tmux.until_shown("cart:1.0")


def fills(height: int, text: str) -> bool:
    """The console shows its nodes on just so many lines."""
    return len(text.rstrip("\n").split("\n")) == height and "beta" in text


def rows(text: str) -> set[str]:
    """What the console's lines begin with: nodes, where there is a row for them."""
    return {words[0] for line in text.split("\n")[1:] if (words := line.lstrip("▸ ").split())}


def filter_and_resize(tmux: Tmux) -> None:
    # All in one write, as over a slow link.
    tmux.type("/bet")
    tmux.press("Enter")
    tmux.until(lambda text: "/bet" in text and rows(text).intersection(NAMES) == {"beta"})
    tmux.press("Escape")
    tmux.until(lambda text: rows(text).issuperset(NAMES))
    tmux.resize(34, 8)
    tmux.until(lambda text: text.split() == ["100%"])
    for width, height in ((60, 18), (150, 45), (120, 36)):
        tmux.resize(width, height)
        tmux.until(partial(fills, height))


async def test_a_whole_run_from_start_to_quit(fleet: Fleet, tmux: Tmux, tmp_path: Path) -> None:
    alpha, beta = fleet["alpha"], fleet["beta"]
    before = settings_of_terminal(tmux, tmp_path, "before")
    assert " echo " in before
    tmux.run(*console_of(alpha))
    tmux.until_shown("ATTACHED", "alpha", "1 Matrix")
    assert tmux.told("#{alternate_on}") == "1"
    # An archive is dropped and seen on both nodes.
    build(tmp_path / "shop.tar", "shop/cart:1.0", seed=41).drop(beta)
    shown = tmux.until(lambda text: "cart:1.0" in text and text.count("1/1") >= 2)
    assert "stored" in shown
    go_through_views_and_help(tmux)
    filter_and_resize(tmux)
    # A forced sync says how it went.
    tmux.type("s")
    tmux.until_shown(f"{SAY('verb.sync')}: deliveries 1")
    tmux.type("q")
    tmux.until_shown(SAY("console.left.detached"))
    assert "1 Matrix" not in tmux.until_prompt()
    assert settings_of_terminal(tmux, tmp_path, "after") == before
    is_restored(tmux)
    assert alpha.running
    await until(partial(uncounted, alpha), "the daemon counts it no more")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["TERM", "HUP"])
async def test_a_signal_leaves_the_terminal_as_it_was(
    number: signal.Signals, fleet: Fleet, tmux: Tmux, tmp_path: Path
) -> None:
    before = settings_of_terminal(tmux, tmp_path, "before")
    tmux.run(*console_of(fleet["alpha"]))
    tmux.until_shown("ATTACHED", "beta")
    (pid,) = tmux.children()
    os.kill(pid, number)
    is_restored(tmux)
    assert settings_of_terminal(tmux, tmp_path, "after") == before
    assert "Traceback" not in tmux.text()


async def test_an_error_that_nobody_expects_leaves_the_terminal_as_it_was(tmux: Tmux, tmp_path: Path) -> None:
    before = settings_of_terminal(tmux, tmp_path, "before")
    tmux.run("env", "DSYNC_TEST_END=boom", sys.executable, "-m", "tests.support.console_program")
    tmux.until_shown("RuntimeError: boom")
    is_restored(tmux)
    assert settings_of_terminal(tmux, tmp_path, "after") == before


async def test_a_tmux_that_ends_takes_its_console_along_and_no_daemon(fleet: Fleet, tmux: Tmux) -> None:
    alpha = fleet["alpha"]
    daemon = alpha.pid
    tmux.run(*console_of(alpha))
    tmux.until_shown("ATTACHED", "beta")
    (pid,) = tmux.children()
    tmux.close()
    await until(lambda: not Path(f"/proc/{pid}").exists(), "the console is gone")
    assert alpha.pid == daemon
    await until(partial(uncounted, alpha), "the daemon counts it no more")
