"""The fleet that suffers: hosts in namespaces, stores on disks of their own, clocks that can be stepped."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from backend.demo.archives import MadeArchive, make_archive
from backend.demo.fleet import Fleet, NodePlan
from backend.demo.node import FleetNode
from tests.support.lab import MIB, Host, Lab

DISK_BYTES = 512 * MIB
LEFT_BYTES = 1 * MIB
"""What a filled disk has left."""
LINK_BPS = 24 * MIB
STEPPED = Path(__file__).parent / "stepped"
"""Put on a daemon's path, it steps that daemon's wall clock."""
SWEEP_S = 5.0
SETTINGS: dict[str, object] = {
    "store.settle_s": 0.5,
    "store.min_free": "4MiB",
    "retry.waits_s": [2, 4, 6],
    "retry.sweep_s": SWEEP_S,
    "peer.heartbeat_s": 1.0,
    "peer.lost_after_s": 4.0,
    "rsync.timeout_s": 10,
}
_FILLER = ".filler.tmp"
_FILLINGS = 20
"""What others write between the look and the filling leaves no room for it: it is tried again so often."""


@dataclass(slots=True)
class Suffering:
    """One node of the world. ``loads``: where its runtime's wrapper writes each load; None without a runtime."""

    node: FleetNode
    host: Host
    clock: Path
    loads: Path | None
    podman: tuple[str, ...] = ()
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    def fill(self) -> None:
        """Fill its disk, whoever else writes to it meanwhile."""
        with (self.node.store / _FILLER).open("ab") as file:
            for _ in range(_FILLINGS):
                room = self._free_bytes() - LEFT_BYTES
                if room <= 0:
                    return
                with contextlib.suppress(OSError):
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), room)

    def _free_bytes(self) -> int:
        found = os.statvfs(self.node.store)
        return found.f_bavail * found.f_frsize

    def free(self) -> None:
        """Free it again."""
        (self.node.store / _FILLER).unlink(missing_ok=True)

    def step_clock(self, by_s: float) -> None:
        """Let its wall clock be ``by_s`` off the true one."""
        self.clock.write_text(f"{by_s:.0f}\n")

    def flip(self, chance: float) -> bool:
        """Change one byte of a file that is being fetched; False where there is none."""
        for path in sorted(self.node.store.glob(".incoming/*/data")):
            with contextlib.suppress(OSError), path.open("r+b") as file:
                size_bytes = os.fstat(file.fileno()).st_size
                if size_bytes:
                    file.seek(int(chance * size_bytes))
                    byte = file.read(1)
                    file.seek(-1, os.SEEK_CUR)
                    file.write(bytes([byte[0] ^ 0x40]))
                    return True
        return False

    def kill_client(self) -> bool:
        """``kill -9`` one of its rsync clients; False where none runs."""
        marker = f"{self.node.store}/.incoming/".encode()
        for pid in _processes_with(marker, b"rsync"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                return True
        return False


@dataclass(slots=True)
class World:
    """All nodes and what there is to drop."""

    fleet: Fleet
    lab: Lab
    nodes: tuple[Suffering, ...]
    archives: tuple[MadeArchive, ...]
    split: asyncio.Lock = field(default_factory=asyncio.Lock)
    dropped: dict[int, str] = field(default_factory=dict)


@asynccontextmanager
async def suffering_world(directory: Path, nodes: int, archives: int, loading: int) -> AsyncIterator[World]:
    """Start ``nodes`` daemons, ``loading`` of them with a podman of their own, and make the archives."""
    made = tuple(_make(directory, number) for number in range(archives))
    with Lab(nodes, LINK_BPS) as lab, contextlib.ExitStack() as disks:
        places = [_place(directory / f"node-{number}.d", number < loading) for number in range(nodes)]
        plans = [
            NodePlan(f"node-{number}", {**SETTINGS, **place.settings}, host.address, _enter(host, place.clock))
            for number, (host, place) in enumerate(zip(lab.hosts, places, strict=True))
        ]
        fleet = Fleet(directory / "fleet", plans)
        fleet.prepare()
        try:
            for node in fleet.nodes:
                _mount(node.store)
                disks.callback(_unmount, node.store)
            await fleet.start()
            suffering = tuple(
                Suffering(node, host, place.clock, place.loads, place.podman)
                for node, host, place in zip(fleet.nodes, lab.hosts, places, strict=True)
            )
            yield World(fleet, lab, suffering, made)
        finally:
            await fleet.close()
            for place in places:
                place.clear()


def _make(directory: Path, number: int) -> MadeArchive:
    # Every fifth is an update of the one before: the same tag, the same lower layers.
    update = number % 5 == 4
    tag = f"chaos/app-{number - 1 if update else number}:1"
    path = directory / f"app-{number}.tar"
    return make_archive(path, tag, (1 + number % 7) * 2 * MIB, seed=1000 + number)


@dataclass(frozen=True, slots=True)
class _Place:
    clock: Path
    loads: Path | None
    podman: tuple[str, ...]
    settings: dict[str, object]

    def clear(self) -> None:
        if self.podman:
            subprocess.run(["umount", "--recursive", "--lazy", self.podman[2]], capture_output=True, check=False)


def _place(directory: Path, loading: bool) -> _Place:
    directory.mkdir()
    clock = directory / "clock"
    clock.write_text("0\n")
    if not loading:
        return _Place(clock, None, (), {})
    loads = directory / "loads"
    loads.touch()
    podman = (
        *("podman", "--root", f"{directory}/root", "--runroot", f"{directory}/runroot"),
        *("--storage-driver", "overlay"),
    )
    wrapper = directory / "podman"
    # The file that is loaded stands behind the descriptor at the end of the arguments.
    wrapper.write_text(
        "#!/bin/sh\n"
        f'case " $* " in *" load "*) for last; do :; done; readlink "$last" >>{loads} ;; esac\n'
        f'exec {" ".join(podman)} "$@"\n'
    )
    wrapper.chmod(0o755)
    return _Place(clock, loads, podman, {"runtime.kind": "podman", "runtime.command": [str(wrapper)]})


def _enter(host: Host, clock: Path) -> tuple[str, ...]:
    """Words that start a daemon on its host, with a wall clock of its own (monotonic time and files stay true)."""
    path = os.pathsep.join(filter(None, (str(STEPPED), os.environ.get("PYTHONPATH"))))
    return (*host.enter, "env", f"PYTHONPATH={path}", f"DSYNC_TEST_CLOCK={clock}")


def _mount(directory: Path) -> None:
    options = f"size={DISK_BYTES},mode=755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "dsync-chaos", str(directory)], check=True)


def _unmount(directory: Path) -> None:
    subprocess.run(["umount", "--lazy", str(directory)], capture_output=True, check=False)


def _processes_with(*words: bytes) -> list[int]:
    """Pids whose command lines have all of ``words``."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                line = (entry / "cmdline").read_bytes()
                if all(word in line for word in words):
                    found.append(int(entry.name))
    return sorted(found)


def processes_of(directory: Path) -> list[int]:
    """Pids whose command lines name something below ``directory``."""
    return _processes_with(f"{directory}/".encode())
