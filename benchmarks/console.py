"""The console on a real terminal, on a large fleet through the real control API, against the figures it must hold."""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import console_endings as endings
from benchmarks import console_measures as measures
from benchmarks import console_sights as sights
from benchmarks.benchmark import Benchmark
from benchmarks.console_daemon import Order
from benchmarks.console_scene import Daemon, config_in, console
from benchmarks.figures import Figure
from benchmarks.process import memory
from benchmarks.terminal import Terminal
from dsync_tui.console.store import LOG_LINES

CHANGES_HZ = 1000.0
NOTES_AT_ONCE = 400
"""Fewer than a daemon keeps for a console that lags behind."""
SIZES = ((120, 36), (300, 100))
Size = tuple[int, int]


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--nodes", type=int, default=500, help="nodes of the fleet")
    parser.add_argument("--archives", type=int, default=1000, help="archives of the fleet")
    parser.add_argument("--size", type=_size, action="append", metavar="WxH", help="size of the terminal (120x36)")
    parser.add_argument("--keys", type=int, default=200, help="keys pressed under each load")
    parser.add_argument("--changes", type=int, default=40, help="changes followed to their paint under each load")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long CPU and output are measured, each")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long memory must stay flat (10)")
    parser.add_argument("--seed", type=int, default=1, help="seed of keys and moments")


def _size(text: str) -> Size:
    width, _, height = text.partition("x")
    return int(width), int(height)


def run(arguments: argparse.Namespace) -> list[Figure]:
    """Measure everything, size by size."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        config = config_in(Path(name))
        with Daemon(config, arguments.nodes, arguments.archives) as daemon:
            for size in arguments.size or SIZES:
                figures += _Measurement(arguments, config, daemon, size).figures()
        figures += endings.figures(config, arguments.nodes, arguments.archives)
    return figures


class _Measurement:
    """One size of the terminal."""

    def __init__(self, arguments: argparse.Namespace, config: Path, daemon: Daemon, size: Size) -> None:
        self._arguments = arguments
        self._config = config
        self._daemon = daemon
        self._size = size
        self._chance = random.Random(arguments.seed)

    def figures(self) -> list[Figure]:
        """All figures."""
        return [self._named(figure) for figure in self._all()]

    def _named(self, figure: Figure) -> Figure:
        width, height = self._size
        return Figure(
            f"{width}x{height}  {figure.what}",
            figure.measured,
            figure.unit,
            figure.at_most,
            figure.at_least,
            figure.note,
        )

    def _all(self) -> Iterator[Figure]:
        yield self._start()
        self._tell("loads")
        with console(self._config, self._size) as terminal:
            terminal.see(sights.first_matrix)
            yield from self._loads(terminal)
            yield from self._views(terminal)
        self._daemon.order(Order())
        self._tell("slow link")
        yield from self._slow_link()
        self._tell("memory")
        yield from self._memory()
        self._daemon.order(Order())

    def _tell(self, what: str) -> None:
        print(f"console {self._size[0]}x{self._size[1]}: {what}", file=sys.stderr)

    def _drive(self, window: sights.Window | None) -> None:
        rows, columns = (window.rows, window.columns) if window else (0, 0)
        self._daemon.order(Order(hz=CHANGES_HZ, rows=rows, columns=columns))

    def _start(self) -> Figure:
        times = measures.Times()
        for number in range(6):
            with console(self._config, self._size) as terminal:
                took_ms = (terminal.see(sights.first_matrix) - terminal.started_at) * 1000
            if number:
                # The first compiles the program.
                times.ms.append(took_ms)
        return Figure("start to first matrix", times.median, "ms", 500, note=f"median of 5, worst {times.worst:.0f}")

    def _loads(self, terminal: Terminal) -> Iterator[Figure]:
        seconds, keys = self._arguments.seconds, self._arguments.keys
        pressing = measures.Keys(terminal, self._arguments.archives, self._chance)
        idle = measures.flow(terminal, self._daemon, seconds)
        yield Figure("CPU, idle", idle.cpu_percent, "%", 1)
        yield Figure("output, idle", idle.out_kib_s, "KiB/s")
        window = sights.window(terminal.screen)
        for load, over, cpu_most, out_most in (("uniform", None, 5, 16), ("all visible", window, 15, 420)):
            measures.lag(terminal, self._daemon, self._arguments.archives, 2, self._chance)
            self._drive(over)
            seen = measures.flow(terminal, self._daemon, seconds)
            yield Figure(f"CPU, {load}", seen.cpu_percent, "%", cpu_most)
            yield Figure(f"output, {load}", seen.out_kib_s, "KiB/s", out_most)
            yield Figure(f"the daemon's CPU, {load}", seen.daemon_cpu_percent, "%")
            yield Figure(f"memory (RSS), {load}", seen.memory.rss_mb, "MB", 100, note=f"PSS {seen.memory.pss_mb:.0f}")
            lag = measures.lag(terminal, self._daemon, self._arguments.archives, self._arguments.changes, self._chance)
            yield Figure(f"change to paint, {load}, worst", lag.worst, "ms", 250, note=f"p50 {lag.median:.0f}")
            times = pressing.measure(keys)
            for percent, most in ((50, 10), (95, 35), (99, 60)):
                yield Figure(f"key to paint, {load}, p{percent}", times.percentile(percent), "ms", most)

    def _views(self, terminal: Terminal) -> Iterator[Figure]:
        first, again = measures.switches(terminal, 4)
        yield Figure("screen switch, worst", again.worst, "ms", 150, note=f"median {again.median:.0f}, all visible")
        yield Figure("screen switch, worst first look", first.worst, "ms", 150, note=f"median {first.median:.0f}")

    def _slow_link(self) -> Iterator[Figure]:
        with console(self._config, self._size, "--slow-link") as terminal:
            terminal.see(sights.first_matrix)
            self._drive(sights.window(terminal.screen))
            seen = measures.flow(terminal, self._daemon, self._arguments.seconds)
            yield Figure("output, slow link at 2 Hz, all visible", seen.out_kib_s, "KiB/s", 64)

    def _memory(self) -> Iterator[Figure]:
        minutes = self._arguments.minutes
        with console(self._config, self._size) as terminal:
            terminal.see(sights.first_matrix)
            self._drive(sights.window(terminal.screen))
            self._fill_log()
            samples = [memory(terminal.pid).rss_mb]
            ends_at = time.monotonic() + minutes * 60
            while time.monotonic() < ends_at:
                time.sleep(2)
                samples.append(memory(terminal.pid).rss_mb)
            grown = measures.growth_mb(samples)
        note = f"over {minutes:g} min with a full log, {samples[0]:.1f} to {samples[-1]:.1f} MB"
        yield Figure("memory grown, all visible", grown, "MB", 2, note=note)

    def _fill_log(self) -> None:
        """Give the console as many lines of the event log as it keeps: from then on it has all that it ever holds."""
        for _ in range(LOG_LINES // NOTES_AT_ONCE + 1):
            self._daemon.order(Order(notes=NOTES_AT_ONCE))
            time.sleep(0.5)


BENCHMARK = Benchmark(
    name="console",
    title="The console: 500 nodes x 1,000 archives, 1,000 changes a second, on a pseudo-terminal",
    help="key to paint, CPU, output, memory, start, screens, daemons that come and go, terminals that vanish",
    describe=describe,
    run=run,
)
