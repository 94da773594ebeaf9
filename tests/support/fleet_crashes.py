"""Killing daemons at a chosen point, what they leave, and whether anybody could have seen a half file meanwhile."""

import fcntl
import hashlib
import os
import socket
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from backend.adapters.children import MARK
from backend.adapters.processes import all_processes, read_stat, read_variable
from backend.demo.node import FleetNode
from backend.peering.keys import node_id_of
from backend.settings import load_settings
from tests.support.fleet import Archive, until

STOPPING = Path(__file__).with_name("stopping")
LOOK_EVERY_S = 0.003


def stoppable() -> dict[str, str]:
    """The environment of daemons that ``stop_at`` can stop."""
    return {"PYTHONPATH": os.pathsep.join([str(STOPPING), *filter(None, [os.environ.get("PYTHONPATH")])])}


def stop_at(node: FleetNode, event: str, ending: str) -> None:
    """Let the daemon stop just before that audit event; see ``tests/support/stopping``."""
    wish = node.directory / "stop-at"
    draft = wish.with_suffix(".draft")
    draft.write_text(f"{event} {ending}")
    draft.replace(wish)


async def killed_there(node: FleetNode, what: str) -> None:
    """Wait until the daemon has stopped where it was told to; kill it there."""
    pid = node.pid
    await until(lambda: (stat := read_stat(pid)) is not None and stat.state == "T", f"{node.name} stops: {what}")
    (node.directory / "stop-at").unlink()
    await node.kill()


def row_of(node: FleetNode, archive: Archive) -> tuple[str, bool] | None:
    """State and ``stored`` of a node's own cell as its ledger has them, whether the daemon runs or not."""
    path = node.directory / "state" / "ledger.db"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as ledger:
        found = ledger.execute(
            "SELECT state, stored FROM rows WHERE node = ? AND digest = ?", (id_of(node), archive.digest)
        ).fetchone()
    return (str(found[0]), bool(found[1])) if found is not None else None


async def written(node: FleetNode, archive: Archive, state: str) -> None:
    """Wait until a node's ledger says so of its own cell: a daemon's answers are a commit ahead of it."""
    await until(lambda: (row_of(node, archive) or ("", False))[0] == state, f"{node.name} has written down {state}")


def id_of(node: FleetNode) -> str:
    """A node's ID, from its public key."""
    return node_id_of((node.directory / "keys/node_ed25519.pub").read_text())


def left_by(node: FleetNode, but: Iterable[str] = ()) -> list[str]:
    """Processes that a killed daemon left, by purpose, and ports that somebody still listens on."""
    token = load_settings(node.config).paths.run / "children/token"
    mark = token.read_text().strip() if token.exists() else "-"
    found = []
    for stat in all_processes():
        words = (read_variable(stat.pid, MARK) or "").split(" ")
        if stat.running and words[0] == mark and words[1] not in set(but):
            found.append(f"{words[1]} (pid {stat.pid})")
    return found + [f"port {port}" for port in (node.peer_port, node.rsync_port) if not _free(port)]


async def nothing_left(node: FleetNode, but: Iterable[str] = ()) -> None:
    """Wait until a killed daemon's children are gone with it, ``but`` for those of some purposes."""
    allowed = tuple(but)
    await until(lambda: not left_by(node, allowed), f"what {node.name} left is gone")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def is_locked(path: Path) -> bool:
    """Tell whether somebody holds the flock."""
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


class StoreWatch:
    """Lists stores every few milliseconds: every visible file must have the bytes of an archive that is expected."""

    def __init__(self, stores: Iterable[Path]) -> None:
        self._stores = tuple(stores)
        self._whole: set[str] = set()
        self._seen: set[tuple[str, int, int, int]] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store watch", daemon=True)
        self.faults: list[str] = []
        self.looks = 0

    def expect(self, archive: Archive) -> Archive:
        """These bytes may be seen from now on."""
        self._whole.add(archive.digest)
        return archive

    def __enter__(self) -> "StoreWatch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(LOOK_EVERY_S):
            for store in self._stores:
                self._look(store)
            self.looks += 1

    def _look(self, store: Path) -> None:
        try:
            entries = list(os.scandir(store))
        except FileNotFoundError:
            return  # not made yet
        for entry in entries:
            if entry.name.startswith("."):
                continue
            try:
                found = entry.stat(follow_symlinks=False)
                key = (entry.path, found.st_ino, found.st_size, found.st_mtime_ns)
                if key in self._seen:
                    continue
                digest = f"sha256:{hashlib.sha256(Path(entry.path).read_bytes()).hexdigest()}"
            except FileNotFoundError:
                continue
            self._seen.add(key)
            if digest not in self._whole:
                self.faults.append(f"{entry.path}: {found.st_size} bytes, {digest}")
