"""``./dev screenshots``: pictures of the console on a real demo fleet, as SVG and PNG, into ``screenshots/``.

The fleet is that of ``dsync-tui demo``; troubles are made on the spot: a file that is no whole archive, an image whose
layer is not what its configuration says, a node that is stopped, transfers that are killed.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from backend.api.client import ControlClient
from backend.demo.archives import make_archive
from backend.model.archive import Layout
from backend.texts import Texts
from dsync_tui.console.app import ConsoleApp
from dsync_tui.console.palette import NO_COLOUR_THEME

MIB = 1 << 20
NODES = 6
WIDE, NARROW = (120, 36), (80, 24)
SETTLE_S = 4.0
DEUTERANOPIA = ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969))
"""What a red-green blind eye makes of linear RGB (Machado, Oliveira and Fernandes 2009, severity 1.0)."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture. ``keys`` lead to it from the first screen, ``wait_s`` after the last one it is taken.

    ``eye``: a matrix over the colours, None for none.
    """

    name: str
    keys: tuple[str, ...] = ()
    wait_s: float = 1.5
    size: tuple[int, int] = WIDE
    theme: str = "dark"
    language: str = "en"
    no_colour: bool = False
    eye: tuple[tuple[float, float, float], ...] | None = None

    @property
    def look(self) -> tuple[object, ...]:
        """What one console has for good."""
        return self.size, self.theme, self.language, self.no_colour


SHOTS = (
    Shot("matrix"),
    Shot("transfers", ("2",)),
    Shot("retries", ("3",)),
    Shot("health", ("4", "asterisk", "c"), wait_s=12.0),
    Shot("nodes", ("5",)),
    Shot("archives", ("6",)),
    Shot("events", ("7",)),
    Shot("help", ("question_mark",)),
    Shot("delivery", ("3", "enter")),
    Shot("matrix-80x24", size=NARROW),
    Shot("matrix-light", theme="light"),
    Shot("matrix-16-colours", theme="ansi"),
    Shot("matrix-no-colour", theme=NO_COLOUR_THEME, no_colour=True),
    Shot("matrix-contrast", theme="contrast"),
    Shot("matrix-colourblind-theme-deuteranopia", theme="colourblind", eye=DEUTERANOPIA),
    Shot("matrix-dark-theme-deuteranopia", eye=DEUTERANOPIA),
    Shot("matrix-chinese", language="zh_CN"),
    Shot("transfers-chinese", ("2",), language="zh_CN"),
    Shot("matrix-chinese-80x24", language="zh_CN", size=NARROW),
)


def main() -> int:
    """Build all pictures; 0, or 1 where a part is missing."""
    parser = argparse.ArgumentParser(prog="./dev screenshots", description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("screenshots"), help="directory for the pictures")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="these pictures")
    chosen = parser.parse_args()
    if shutil.which("rsvg-convert") is None:
        print("screenshots: no program rsvg-convert on PATH (Debian: librsvg2-bin)", file=sys.stderr)
        return 1
    shots = [shot for shot in SHOTS if not chosen.only or shot.name in chosen.only]
    chosen.into.mkdir(exist_ok=True)
    asyncio.run(_build(shots, chosen.into))
    return 0


async def _build(shots: list[Shot], into: Path) -> None:
    async with _fleet() as (socket, demo):
        await _make_troubles(socket, demo)
        for _, alike in itertools.groupby(shots, key=lambda shot: shot.look):
            async for shot, svg in _pictures(socket, list(alike)):
                path = into / f"{shot.name}.svg"
                path.write_text(_seen_by(shot, svg))
                await _paint(path)
                print(path, flush=True)


async def _paint(svg: Path) -> None:
    child = await asyncio.create_subprocess_exec("rsvg-convert", "--output", svg.with_suffix(".png"), svg)
    if await child.wait() != 0:
        raise SystemExit(f"screenshots: rsvg-convert could not read {svg}")


@contextlib.asynccontextmanager
async def _fleet() -> AsyncIterator[tuple[Path, int]]:
    demo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "backend", "demo", "--announce", "--nodes", str(NODES)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert demo.stdout is not None
        line = await demo.stdout.readline()
        yield Path(msgspec.json.decode(line, type=dict[str, str])["socket"]), demo.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            demo.terminate()
        await demo.wait()


async def _make_troubles(socket: Path, demo: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        whole = make_archive(
            Path(folder) / "reports.tar", "dsync-demo/reports:5", 6 * MIB, seed=41, layout=Layout.DOCKER
        )
        content = whole.path.read_bytes()
    async with ControlClient(socket) as client:
        await _upload(client, "billing.tar", content[: len(content) // 2])
        # A byte of a layer: the file is whole, and every runtime finds that the image is not.
        broken = bytearray(content)
        broken[MIB] ^= 1
        await _upload(client, "reports.tar", bytes(broken))
    stopped = _daemon(demo, f"node-{NODES}")
    if stopped is not None:
        os.kill(stopped, signal.SIGSTOP)
    deadline = time.monotonic() + 14
    while time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        for pid in _descendants(demo):
            line = _command_line(pid)
            if f"/node-{NODES - 1}/store/.incoming/" in line and line.startswith("rsync"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


async def _upload(client: ControlClient, name: str, content: bytes) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield content

    await client.upload(name, chunks(), len(content))


def _daemon(demo: int, name: str) -> int | None:
    wanted = f"/{name}/dsync.toml"
    return next((pid for pid in _descendants(demo) if wanted in _command_line(pid)), None)


def _descendants(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found, fresh = [], [root]
    while fresh:
        fresh = [pid for pid, parent in parents.items() if parent in fresh]
        found += fresh
    return found


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


async def _pictures(socket: Path, shots: Sequence[Shot]) -> AsyncIterator[tuple[Shot, str]]:
    """Pictures that one console can take: of one size, theme and language."""
    look = shots[0]
    app = ConsoleApp(
        lambda: ControlClient(socket),
        theme=look.theme,
        remaps={},
        texts=Texts(look.language),
        ascii_only=False,
        now=time.time,
        no_colour=look.no_colour,
    )
    async with app.run_test(size=look.size) as pilot:
        # Rates, trends and checks need a moment to be known.
        await pilot.pause(SETTLE_S)
        for shot in shots:
            for key in shot.keys:
                await pilot.press(key)
            await pilot.pause(shot.wait_s)
            yield shot, app.export_screenshot(title=f"dsync-tui: {shot.name}")
            await pilot.press("escape", "escape", "1")


def _seen_by(shot: Shot, svg: str) -> str:
    # librsvg drops leading blanks without it.
    svg = svg.replace("<text ", '<text xml:space="preserve" ')
    if shot.eye is None:
        return svg
    eye = shot.eye
    return re.sub(r"#([0-9a-fA-F]{6})\b", lambda found: _through(eye, found[1]), svg)


def _through(eye: tuple[tuple[float, float, float], ...], colour: str) -> str:
    linear = [(int(colour[place : place + 2], 16) / 255) ** 2.2 for place in (0, 2, 4)]
    seen = [sum(weight * part for weight, part in zip(row, linear, strict=True)) for row in eye]
    return "#" + "".join(f"{round(255 * min(1.0, max(0.0, part)) ** (1 / 2.2)):02x}" for part in seen)


if __name__ == "__main__":
    sys.exit(main())
