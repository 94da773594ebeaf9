"""Floors at run time: a room is imported in a fresh process, and what came with it is looked at.

The contracts in pyproject.toml read the sources; this reads what really happened.
"""

import subprocess
import sys

import pytest

from tests.hygiene.sources import ROOT, module_names

MODEL = {"backend.model"}
ALLOWED = {
    "backend.model": MODEL,
    "backend.texts": {"backend.texts"} | MODEL,
    "backend.logic": {"backend.logic"} | MODEL,
    "backend.ports": {"backend.ports"} | MODEL,
    "backend.api": {"backend.api", "backend.texts"} | MODEL,
    "backend.settings": {"backend.settings", "backend.texts"} | MODEL,
    "backend.engine": {
        "backend.engine",
        "backend.ports",
        "backend.logic",
        "backend.settings",
        "backend.texts",
    }
    | MODEL,
    "backend.adapters": {"backend.adapters", "backend.ports", "backend.settings", "backend.texts"} | MODEL,
    "backend.ledger": {"backend.ledger", "backend.ports", "backend.settings", "backend.texts"} | MODEL,
    "backend.peering": {"backend.peering", "backend.ports", "backend.settings", "backend.texts"} | MODEL,
    "dsync_tui": {"dsync_tui", "backend.api", "backend.settings", "backend.texts"} | MODEL,
}
"""Room -> the rooms that may be loaded once all of its modules are."""

IMPURE = {
    "asyncio",
    "concurrent.futures",
    "multiprocessing",
    "selectors",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "logging",
    "random",
    "aiohttp",
    "asyncssh",
    "aiosqlite",
    "watchfiles",
    "textual",
}


def _loaded_after(*imports: str) -> set[str]:
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, *imports],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def _rooms(loaded: set[str]) -> set[str]:
    ours = {name for name in loaded if name.partition(".")[0] in ("backend", "dsync_tui")}
    return {".".join(name.split(".")[: 2 if name.startswith("backend") else 1]) for name in ours} - {"backend"}


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_loads_only_rooms_below_it(room: str) -> None:
    assert _rooms(_loaded_after(*module_names(room))) <= ALLOWED[room]


@pytest.mark.parametrize("room", ["backend.model", "backend.logic"])
def test_pure_rooms_bring_no_loop_socket_file_or_chance(room: str) -> None:
    # What msgspec itself and the interpreter's start load is not ours to judge.
    brought = _loaded_after(*module_names(room)) - _loaded_after("msgspec", "msgspec.json", "msgspec.msgpack")
    assert not brought & IMPURE


def test_the_console_never_loads_the_daemon_s_libraries() -> None:
    assert not _loaded_after(*module_names("dsync_tui")) & {"asyncssh", "aiosqlite", "watchfiles"}


def test_every_room_has_a_rule() -> None:
    rooms = {f"backend.{path.parent.name}" for path in (ROOT / "backend").glob("*/__init__.py")}
    above_all = {"backend.control", "backend.demo", "backend.install"}
    assert rooms - above_all == {room for room in ALLOWED if room.startswith("backend.")}
