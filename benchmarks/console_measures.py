"""What is measured of a running console, each from outside. All times come back in milliseconds or seconds as named."""

import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks import console_sights as sights
from benchmarks.console_daemon import Order
from benchmarks.console_scene import Daemon
from benchmarks.driven_fleet import name_of
from benchmarks.process import Memory, cpu_s, memory
from benchmarks.terminal import Sight, Terminal

VIEWS = ("transfers", "retries", "health", "nodes", "archives", "events", "matrix")
_BETWEEN_KEYS_S = (0.03, 0.12)
_BETWEEN_BEACONS_S = (0.2, 0.6)
_SETTLE_S = 1.0


@dataclass
class Times:
    """Durations of one kind, in milliseconds."""

    ms: list[float] = field(default_factory=list)

    def percentile(self, percent: float) -> float:
        """The smallest duration that so many percent of all do not exceed."""
        ranked = sorted(self.ms)
        return ranked[max(0, -(-len(ranked) * percent // 100).__trunc__() - 1)]

    @property
    def worst(self) -> float:
        """The longest."""
        return max(self.ms)

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.ms)


@dataclass(frozen=True, slots=True)
class Flow:
    """What a console took and gave in a stretch of time."""

    cpu_percent: float
    out_kib_s: float
    daemon_cpu_percent: float
    memory: Memory


def flow(console: Terminal, daemon: Daemon, seconds: float) -> Flow:
    """Measure for so long, after a second in which the last change of load is forgotten."""
    time.sleep(_SETTLE_S)
    began, cpu, out, daemon_cpu = time.monotonic(), cpu_s(console.pid), console.received_bytes, cpu_s(daemon.pid)
    time.sleep(seconds)
    took = time.monotonic() - began
    return Flow(
        cpu_percent=(cpu_s(console.pid) - cpu) / took * 100,
        out_kib_s=(console.received_bytes - out) / took / 1024,
        daemon_cpu_percent=(cpu_s(daemon.pid) - daemon_cpu) / took * 100,
        memory=memory(console.pid),
    )


@dataclass
class Keys:
    """Presses keys in the matrix of a console that nobody else touches, and waits for what each brings about."""

    console: Terminal
    archives: int
    chance: random.Random
    row: int = 0
    column: int = 0

    def measure(self, count: int) -> Times:
        """Up and down, left and right, and now and then a page; at moments that no timer knows of."""
        window = sights.window(self.console.screen)
        times = Times()
        for number in range(count):
            time.sleep(self.chance.uniform(*_BETWEEN_KEYS_S))
            if number % 10 == 9:
                times.ms.append(self._page(window.rows))
            elif number % 2:
                times.ms.append(self._row(window))
            else:
                times.ms.append(self._column(window.columns))
        return times

    def _press(self, key: str, sight: Sight) -> float:
        with self.console.expect(sight) as expectation:
            pressed = self.console.press(key)
            return (expectation.when(10.0) - pressed) * 1000

    def _row(self, window: sights.Window) -> float:
        down = self.row == 0 or (self.row < window.rows - 1 and self.chance.random() < 0.5)
        self.row += 1 if down else -1
        return self._press("j" if down else "k", sights.pointer_at(window.y + self.row))

    def _column(self, columns: int) -> float:
        right = self.column == 0 or (self.column < columns - 1 and self.chance.random() < 0.5)
        self.column += 1 if right else -1
        tag = f":2.{self.archives - 1 - self.column} "
        return self._press("l" if right else "h", sights.cursor_on(tag))

    def _page(self, rows: int) -> float:
        """A page down, timed, and the way back to the first rows, not timed."""
        took = self._press("\x1b[6~", sights.other_page(self.row))
        for key, row in (("g", 0), *(("j", row) for row in range(1, self.row + 1))):
            with self.console.expect(sights.cursor_on(f" {name_of(row)} ")) as expectation:
                self.console.press(key)
                expectation.when(10.0)
        return took


def switches(console: Terminal, rounds: int) -> tuple[Times, Times]:
    """Go through all views: the first time each (it is built then), and again and again."""
    first, again = Times(), Times()
    for number in range(rounds):
        for view in VIEWS:
            time.sleep(0.25)
            digit = (VIEWS.index(view) + 1) % len(VIEWS) + 1
            with console.expect(sights.view(view)) as expectation:
                pressed = console.press(str(digit))
                took_ms = (expectation.when(10.0) - pressed) * 1000
            (again if number else first).ms.append(took_ms)
    return first, again


def lag(console: Terminal, daemon: Daemon, archives: int, count: int, chance: random.Random) -> Times:
    """From a change in the engine to its paint: a cell in the middle of the window fails and is ready again."""
    window = sights.window(console.screen)
    row, column = window.rows // 2, window.columns // 2
    times = Times()
    for number in range(count):
        time.sleep(chance.uniform(*_BETWEEN_BEACONS_S))
        failed = number % 2 == 0
        sight = sights.cell_shows(window, row, column, sights.FAILED if failed else sights.READY)
        with console.expect(sight) as expectation:
            changed = daemon.order(Order(beacon=(row, archives - 1 - column), failed=failed))
            times.ms.append((expectation.when(10.0) - changed) * 1000)
    return times


def growth_mb(samples: Sequence[float]) -> float:
    """How much more the last third of samples is than the first, by their medians."""
    third = max(1, len(samples) // 3)
    return statistics.median(samples[-third:]) - statistics.median(samples[:third])
