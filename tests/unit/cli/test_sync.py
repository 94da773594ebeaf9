"""``sync FILE`` to its end: what the file became is told in words, as a document and by the exit code."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from backend.engine.touched import Touched
from backend.model.archive import CatalogEntry, FileKey, KnownFile, Order, RejectedFile
from backend.model.errors import NotAnImageError, Problem, TruncatedError, UnreadableError
from backend.model.ids import Digest, Fingerprint, NodeId
from dsync_tui import exit_codes
from tests.support.command_line import Called, CommandLine, config_in
from tests.support.control import QUICK, serving
from tests.support.engine import NOW, FakeEngine, entry_of, node_id

PATIENT = replace(QUICK, look_s=60.0)
WAITING = "is in the store of node-0; waiting until it is published or rejected"


class LookingEngine(FakeEngine):
    """Looks at a file as soon as it was taken: ``becomes`` is told its name in the store. ``stored``: that name."""

    def __init__(self, becomes: Callable[["LookingEngine", str], None], stored: str = "") -> None:
        super().__init__()
        self._becomes = becomes
        self._stored = stored

    async def take_file(
        self, name: str, chunks: AsyncIterator[bytes], nodes: tuple[NodeId, ...] | None
    ) -> tuple[Path, str]:
        path, _ = await super().take_file(name, chunks, nodes)
        stored = self._stored or name
        asyncio.get_running_loop().call_soon(self._becomes, self, stored)
        return path, stored

    def know(self, name: str, entry: CatalogEntry) -> None:
        """A file of the store turned out to be that archive."""
        self.state.files[name] = KnownFile(name, FileKey(1, 5, 300, 6), entry.digest, placed=False)
        self.state.count = max(self.state.count, entry.order.count)
        self.add(entry)
        self.emit(Touched(rejected={name}))

    def refuse(self, name: str, problem: Problem) -> None:
        """Another file of that name than any before was refused."""
        file = RejectedFile(name, FileKey(1, 9, 300, 4), problem, Fingerprint(""), Digest(""), NOW)
        self.state.rejected[name] = file
        self.emit(Touched(rejected={name}))


def published(engine: LookingEngine, name: str) -> None:
    engine.know(name, entry_of(9, name="app.tar"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "app.tar"
    path.write_bytes(b"x" * 3000)
    return path


@pytest.fixture
def call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, capsys)


async def sent(engine: FakeEngine, file: Path, call: CommandLine, *more: str) -> Called:
    async with serving(engine, file.parent, PATIENT):
        return await call("sync", str(file), *more)


async def test_what_is_published_is_named_with_its_fingerprint(file: Path, call: CommandLine) -> None:
    called = await sent(LookingEngine(published), file, call)
    assert called.code == exit_codes.DONE
    assert called.out == f"app.tar is published, its fingerprint is 000009{'f' * 26}\n"
    assert called.err == f"app.tar {WAITING} (Ctrl-C leaves it there)\n"


async def test_what_it_supersedes_is_named_and_no_older_one(file: Path, call: CommandLine) -> None:
    engine = LookingEngine(published, stored="app.tar.2")
    engine.add(entry_of(1, name="app.tar", superseded_by=Order(3, node_id(0))))
    engine.add(entry_of(2, name="app.tar", superseded_by=Order(10, node_id(0))))
    engine.state.count = 3
    called = await sent(engine, file, call)
    assert called.out == (
        f"app.tar is published, its fingerprint is 000009{'f' * 26}; it supersedes app.tar (000002ff); "
        "in the store it is called app.tar.2\n"
    )


async def test_known_bytes_are_told_with_the_name_of_their_archive(file: Path, call: CommandLine) -> None:
    known = entry_of(4, name="first.tar")
    engine = LookingEngine(lambda engine, name: engine.know(name, known))
    engine.add(known)
    engine.state.count = known.order.count
    called = await sent(engine, file, call, "--json")
    document = json.loads(called.out)
    assert (called.code, document["ok"], document["code"]) == (exit_codes.DONE, True, "job.file-known")
    assert (
        document["message"] == f"app.tar holds the bytes of first.tar (000004{'f' * 26}), which the fleet knows already"
    )
    assert (document["params"]["archive"], document["params"]["fingerprint"]) == ("first.tar", known.fingerprint)


@pytest.mark.parametrize("json_too", [False, True])
async def test_what_is_rejected_is_not_well_and_says_why(file: Path, call: CommandLine, json_too: bool) -> None:
    problem = TruncatedError(name="app.tar", detail="at byte 3000").problem()
    engine = LookingEngine(lambda engine, name: engine.refuse(name, problem))
    # One of that name was refused before: that verdict is not this file's.
    engine.reject("app.tar", NotAnImageError(name="app.tar", detail="").problem())
    called = await sent(engine, file, call, *(["--json"] if json_too else []))
    assert called.code == exit_codes.NOT_WELL
    waiting, why, remedy = called.err.splitlines()
    assert WAITING in waiting
    assert why.endswith(": app.tar ends too early: at byte 3000")
    assert remedy.startswith("  try: copy it again in full")
    if json_too:
        document = json.loads(called.out)
        assert (document["ok"], document["code"]) == (False, "archive-truncated")
    else:
        assert called.out == ""


async def test_a_name_that_was_known_before_is_waited_for(file: Path, call: CommandLine) -> None:
    engine = LookingEngine(lambda engine, name: engine.know(name, entry_of(9, name="app.tar")))
    old = entry_of(1, name="app.tar")
    engine.state.files["app.tar"] = KnownFile("app.tar", FileKey(1, 1, 1, 1), old.digest, placed=False)
    engine.add(old)
    engine.state.count = old.order.count
    assert f"fingerprint is 000009{'f' * 26}" in (await sent(engine, file, call)).out


@pytest.mark.parametrize("unreadable", [False, True])
async def test_a_wait_ends_though_nothing_is_known_yet(file: Path, call: CommandLine, unreadable: bool) -> None:
    # What cannot be read now is looked at again: that is no verdict.
    problem = UnreadableError(name="app.tar", detail="").problem()
    engine = LookingEngine(lambda engine, name: engine.refuse(name, problem) if unreadable else None)
    async with serving(engine, file.parent, QUICK):
        called = await call("sync", str(file))
    assert called.code == exit_codes.DONE
    assert called.out.startswith("app.tar is in the store of node-0 and still being looked at; dsync-tui --config ")


async def test_who_does_not_want_to_wait_need_not(file: Path, call: CommandLine) -> None:
    called = await sent(FakeEngine(), file, call, "--no-wait")
    assert (called.code, called.err) == (exit_codes.DONE, "")
    assert called.out == "app.tar is in the store of node-0; it is published once it has been quiet\n"


async def test_ctrl_c_leaves_the_file_where_it_is(file: Path) -> None:
    engine = FakeEngine()
    async with serving(engine, file.parent, PATIENT):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "dsync_tui", "--config", str(config_in(file.parent)), "sync", str(file)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        async with asyncio.timeout(60):
            assert WAITING in (await process.stderr.readline()).decode()
            process.send_signal(signal.SIGINT)
            out, err = await process.communicate()
    assert (process.returncode, out) == (exit_codes.INTERRUPTED, b"")
    left, interrupted = err.decode().splitlines()
    assert left.startswith("app.tar is in the store of node-0 and still being looked at")
    assert interrupted == "dsync-tui: interrupted"
    assert engine.files == {"app.tar": b"x" * 3000}
