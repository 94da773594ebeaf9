"""What no daemon of this version says: words of a newer one, of a broken one, and of one that means no good."""

import random
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from backend.api.client import ControlClient, StreamEvent
from backend.api.wire import Beat, CellDetail, Delta, JobResult, LogLine, NodeResult, NodeRow, Snapshot
from dsync_tui.console.store import FleetStore
from tests.fuzz.fleet import HOSTILE
from tests.support.console_fleets import archive_row, greeting, node_row, quiet

TIMES = (0.0, -1.0, 1e10, 1e18, -1e18)
"""Of a clock that is wrong, or of somebody who lies about it; JSON has none that are no numbers."""


class RudeLink(ControlClient):
    """The real client, into whose stream words can be put."""

    def __init__(self, socket_path: Path) -> None:
        super().__init__(socket_path)
        self.to_say: list[StreamEvent] = []

    async def stream(self, frames_hz: float | None = None) -> AsyncGenerator[StreamEvent, None]:
        """What the daemon says, and what it is made to say."""
        async for event in super().stream(frames_hz):
            yield event
            while self.to_say:
                yield self.to_say.pop(0)


def rude_word(what: str, number: int, store: FleetStore) -> StreamEvent:
    """Make the word (``plan.RUDENESS``) about what the console knows. Raises LookupError for an unknown one."""
    return _WORDS[what](random.Random(number), store)


def _cells(dice: random.Random, store: FleetStore) -> list[tuple[str, str]]:
    digests = [*store.archive_index, "sha256:nobody", "file:nothing", ""]
    nodes = [*store.node_index, "SHA256:nobody", ""]
    return [(dice.choice(digests), dice.choice(nodes)) for _ in range(12)]


def _delta(store: FleetStore, **changes: object) -> Delta:
    return Delta(sequence=store.sequence, at=store.at, **changes)  # type: ignore[arg-type]


def _unknown_cells(dice: random.Random, store: FleetStore) -> StreamEvent:
    cells = _cells(dice, store)
    return _delta(
        store,
        cells=[(*cell, dice.choice(".,o0vlrhXc! ")) for cell in cells],
        details=[_detail(dice, cell, "waiting") for cell in cells],
    )


def _strange_states(dice: random.Random, store: FleetStore) -> StreamEvent:
    cells = _cells(dice, store)
    return _delta(
        store,
        cells=[(*cell, dice.choice(("Z", "☃", "", "..", "\x00", "\x1b", "é", "中"))) for cell in cells],
        details=[_detail(dice, cell, dice.choice(("sleeping", "", *HOSTILE))) for cell in cells],
    )


def _detail(dice: random.Random, cell: tuple[str, str], state: str) -> CellDetail:
    return CellDetail(
        *cell,
        state,
        progress=dice.choice((0.0, 1.0, -3.0, 1e30)),
        rate_bps=dice.choice((0, -1, 1 << 62)),
        attempts=dice.choice((0, -1, 1 << 40)),
        retries=dice.choice((0, 99)),
        source=dice.choice((None, *HOSTILE)),
        due_at=dice.choice((None, *TIMES)),
        since=dice.choice(TIMES),
        note=dice.choice((None, "superseded", *HOSTILE)),
        code=dice.choice((None, "disk-full", "no-such-code")),
        params=dice.choice(({}, {"needed_bytes": "x"}, {"path": dice.choice(HOSTILE)})),
        error=dice.choice((None, *HOSTILE)),
        remedy=dice.choice((None, *HOSTILE)),
        saved_bytes=dice.choice((0, 1 << 62)),
    )


def _short_snapshot(dice: random.Random, store: FleetStore) -> StreamEvent:
    """Rows and columns that do not fit together."""
    archives = [store.archive(place) for place in store.live_archives()]
    return Snapshot(
        store.sequence,
        store.at,
        store.nodes[: dice.randint(0, len(store.nodes))],
        archives,
        ["." * dice.randint(0, 40) for _ in range(dice.randint(0, len(archives)))],
        [],
        [],
        store.throughput,
    )


def _hostile_texts(dice: random.Random, store: FleetStore) -> StreamEvent:
    name = dice.choice(HOSTILE)
    log = [LogLine(dice.choice(TIMES), dice.choice(("info", "alert", name)), name, {name: name}, name, name)]
    archive = archive_row(
        dice.randint(900, 905), name, name=name, aliases=(name,), origin=name, state=dice.choice(("active", name)),
        size_bytes=dice.choice((0, -1, 1 << 62)), images=dice.choice((0, 1, 5, -1)),
    )  # fmt: skip
    return _delta(store, nodes=[_strange_node(dice, name)], archives=[archive], log=log)


def _strange_node(dice: random.Random, name: str) -> NodeRow:
    return node_row(
        name, id=f"SHA256:strange-{dice.randint(0, 3)}", kind=name, state=dice.choice(("up", "down", name)),
        runtime=name, seen_at=dice.choice(TIMES), rate_bps=dice.choice((0, 1 << 62)), labels={name: name},
        sick=dice.choice((None, name)), free_bytes=dice.choice((0, -1, 1 << 62)),
        bandwidth_bps=dice.choice((0, 1, 1 << 62)),
    )  # fmt: skip


def _huge_figures(dice: random.Random, store: FleetStore) -> StreamEvent:
    huge = dice.choice((1 << 62, -1, 1))
    eta_s = dice.choice((None, 0.0, -5.0, 1e9, 1e30))
    throughput = quiet(rate_bps=huge, moving=huge, queued=huge, saved_bytes=huge, received_bytes=huge, eta_s=eta_s)
    return _delta(store, throughput=throughput, nodes=[_strange_node(dice, "huge")])


def _unknown_job(dice: random.Random, store: FleetStore) -> StreamEvent:
    node = NodeResult(dice.choice(HOSTILE), "evaporated", -1, dice.choice(HOSTILE))
    return JobResult("nobody's", "dance", dice.random() < 0.5, dice.choice(HOSTILE), [node])


def _flood(dice: random.Random, store: FleetStore) -> StreamEvent:
    log = [LogLine(store.at, "info", "ready", {"name": str(number)}, "x") for number in range(2000)]
    return _delta(store, dropped=1 << 40, log=log)


_WORDS: dict[str, Callable[[random.Random, FleetStore], StreamEvent]] = {
    "unknown-cells": _unknown_cells,
    "strange-states": _strange_states,
    "short-snapshot": _short_snapshot,
    "empty-snapshot": lambda dice, store: Snapshot(store.sequence, store.at, [], [], [], [], [], store.throughput),
    "old-sequence": lambda dice, store: Beat(0, store.at),
    "gone-unknown": lambda dice, store: _delta(store, gone=[digest for digest, _ in _cells(dice, store)]),
    "dropped": _flood,
    "far-future": lambda dice, store: Beat(store.sequence, dice.choice(TIMES)),
    "unknown-job": _unknown_job,
    "hostile-texts": _hostile_texts,
    "newer-daemon": lambda dice, store: greeting(
        api_oldest=7, api_newest=9, role="reader", version=dice.choice(HOSTILE), node=dice.choice(HOSTILE)
    ),
    "huge-figures": _huge_figures,
}
