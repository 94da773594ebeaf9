"""Consoles on real daemons: several on one, one on each, and the last one of an engine that runs beneath it."""

import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from backend.api.client import ControlClient
from backend.ports.tasks import TaskOwner
from backend.settings import load_settings
from backend.texts import Texts
from dsync_tui.attach import answers, ensure_daemon, listening_pid
from dsync_tui.console.app import ConsoleApp, Left
from dsync_tui.console.glyphs import POINTER
from dsync_tui.console.screens.confirm import Question
from dsync_tui.console.session import Session
from dsync_tui.console.store import FleetStore
from tests.support.fleet import Archive, Fleet, FleetNode, build, cell, reached, until, visible, with_settings

MIB = 1024 * 1024
SIZE = (120, 36)

pytestmark = [pytest.mark.fleet, pytest.mark.real("rsync"), pytest.mark.timeout(180)]


def console_on(node: FleetNode) -> ConsoleApp:
    """The console as ``dsync-tui`` opens it at a node."""
    return ConsoleApp(
        lambda: ControlClient(node.socket),
        theme="dark",
        remaps={},
        texts=Texts("en"),
        ascii_only=False,
        now=time.time,
        no_colour=False,
    )


def shown(app: ConsoleApp) -> str:
    """What its terminal shows."""
    strips = app.screen._compositor.render_strips(app.size)
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


@asynccontextmanager
async def following(node: FleetNode) -> AsyncIterator[FleetStore]:
    """A console without a terminal: what it knows of the fleet."""
    store, owner = FleetStore(), TaskOwner("consoles")
    async with node.client() as client:
        session = Session(client, store, time.time, lambda: None)
        owner.start(session.run(), f"console at {node.name}")
        try:
            await until(lambda: store.complete, f"a snapshot at {node.name}")
            yield store
        finally:
            await owner.close()


def cells(store: FleetStore) -> dict[tuple[str, str], str]:
    """Every cell's state by node and archive."""
    return {
        (node.name, digest): store.kind(index, archive).word
        for index, node in enumerate(store.nodes)
        for digest, archive in store.archive_index.items()
    }


def states(store: FleetStore) -> dict[str, str]:
    """Every node's state by name."""
    return {node.name: node.state for node in store.nodes}


# --- several on one daemon ------------------------------------------------------------------------------------------


async def test_consoles_of_one_daemon_see_what_each_other_does(tmp_path: Path) -> None:
    plans = [with_settings(name) for name in ("one", "two")]
    archive = build(tmp_path / "app.tar", "app:1", seed=1)
    async with Fleet(tmp_path / "fleet", plans) as fleet, following(fleet["one"]) as other:
        archive.drop(fleet["one"])
        await reached(archive, "stored", fleet.nodes)
        app = console_on(fleet["one"])
        async with app.run_test(size=SIZE) as pilot:
            await until(lambda: "ATTACHED" in shown(app), "attached")
            await pilot.press("5", "p")
            await until(lambda: states(other)["one"] == "paused", "the other console sees the pause")
            await until(lambda: any(job.verb == "pause" and job.ok for job in other.jobs.values()), "and its result")
            await until(
                lambda: app.kit.store.node_counts and states(app.kit.store)["one"] == "paused", "so does its own"
            )
            async with fleet["one"].client() as client:
                session = Session(client, other, time.time, lambda: None)
                await session.act("resume", nodes=["one"])
            await until(lambda: states(app.kit.store)["one"] == "up", "and it sees what the other does")
            await pilot.press("1", "s")
            await until(lambda: any(job.verb == "sync" and job.ok for job in other.jobs.values()), "a sync's result")
            greeting = app.kit.store.greeting
            assert greeting is not None
            assert greeting.consoles == 2


# --- one on each node -----------------------------------------------------------------------------------------------


async def test_a_console_on_any_node_shows_the_whole_fleet_and_how_old_that_is(tmp_path: Path) -> None:
    plans = [with_settings(name) for name in ("one", "two", "three", "never")]
    archive = build(tmp_path / "app.tar", "app:1", seed=2)
    fleet = Fleet(tmp_path / "fleet", plans)
    try:
        fleet.prepare()
        *running, never = fleet.nodes
        for node in running:
            await node.start()
        await fleet.connected(running)
        async with following(fleet["one"]) as first, following(fleet["two"]) as second:
            archive.drop(fleet["three"])
            await reached(archive, "stored", running)
            await until(lambda: cells(first) == cells(second) and len(cells(first)) == 4, "both show the same cells")
            assert cells(first)["never", archive.digest] == "queued"
            assert states(first)["never"] == states(second)["never"] == "pending"
            assert {node.name for node in first.nodes if node.linked} == {"one", "two", "three"}
            await fleet["three"].stop()
            down = {"one": "up", "two": "up", "three": "down", "never": "pending"}
            await until(lambda: states(first) == states(second) == down, "both see who has gone")
            for store in (first, second):
                (gone,) = [node for node in store.nodes if node.name == "three"]
                assert not gone.linked
                assert 0 <= store.at - gone.seen_at < 60
                (unheard,) = [node for node in store.nodes if node.name == "never"]
                assert (unheard.linked, unheard.seen_at) == (False, 0.0)
        app = console_on(fleet["two"])
        async with app.run_test(size=SIZE) as pilot:
            await until(lambda: "ATTACHED" in shown(app), "attached")
            await pilot.press("5")
            await pilot.pause()
            lines = [line.replace(POINTER, " ").split() for line in shown(app).splitlines() if "/1" in line]
            rows = {words[0]: words for words in lines}
            assert rows["one"][1:3] == ["up", "now"]
            assert rows["three"][1] == "down"
            assert rows["three"][2].endswith(("s", "m"))
            assert rows["never"][1:3] == ["pending", "never"]
            assert never.running is False
    finally:
        await fleet.close()


# --- beneath --------------------------------------------------------------------------------------------------------


@contextmanager
def beneath(node: FleetNode) -> Iterator[int]:
    """A daemon started beneath a console; its process. Whatever is left of it at the end is ended."""
    assert ensure_daemon(load_settings(node.config), node.config)
    pid = listening_pid(node.socket)
    assert pid is not None
    try:
        yield pid
    finally:
        if os.waitpid(pid, os.WNOHANG) == (0, 0):
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)


async def _moving(node: FleetNode, archive: Archive) -> bool:
    found = await cell(node, archive.digest)
    return found is not None and found.state == "transferring" and found.progress > 0


async def _asked(app: ConsoleApp, pilot: Pilot[Left]) -> None:
    await until(lambda: "ATTACHED" in shown(app), "attached")
    await until(lambda: app.kit.store.totals.moving == 1, "the transfer is seen")
    await pilot.press("q")
    await until(lambda: isinstance(app.screen, Question), "it asks")
    assert "Deliveries under way: 1." in shown(app)


@pytest.mark.parametrize(
    ("answer", "left", "goes_on", "arrives"),
    [
        ("keep", Left.DETACHED, True, True),
        ("drain", Left.DRAINING, False, True),
        ("stop", Left.STOPPED, False, False),
    ],
)
async def test_what_becomes_of_the_engine_beneath_is_as_was_answered(
    answer: str, left: Left, goes_on: bool, arrives: bool, tmp_path: Path
) -> None:
    # Long enough for a console to come and ask, also on a busy machine.
    slow = {"limits.bandwidth": "1536KiB/s"}
    plans = [with_settings("far"), with_settings("near", slow)]
    archive = build(tmp_path / "app.tar", "app:1", seed=3, size_bytes=24 * MIB)
    fleet = Fleet(tmp_path / "fleet", plans)
    try:
        fleet.prepare()
        far, near = fleet.nodes
        await far.start()
        with beneath(near) as pid:
            archive.drop(far)
            await until(lambda: _moving(near, archive), "the transfer to the node is under way")
            app = console_on(near)
            async with app.run_test(size=SIZE) as pilot:
                await _asked(app, pilot)
                await pilot.click(f"#answer-{answer}")
                await until(lambda: app.return_value is not None, "the console is left")
            assert app.return_value is left
            if goes_on:
                await reached(archive, "stored", [near])
                assert listening_pid(near.socket) == pid
            else:
                await until(lambda: not answers(near.socket), "the engine has ended")
                await until(lambda: _ended(pid), "its process too")
            assert (archive.name in visible(near)) is arrives
    finally:
        await fleet.close()


def _ended(pid: int) -> bool:
    """Tell whether a child has ended; it is left to be waited for."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
