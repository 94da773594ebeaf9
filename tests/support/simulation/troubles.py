"""Hours of trouble for a simulated fleet, all of it from one seed; and what must be true once it is left alone."""

from collections import Counter
from collections.abc import Callable

from backend.logic import tags
from backend.model.archive import ArchiveFacts
from backend.model.ids import Digest
from tests.support.simulation.archives import archive
from tests.support.simulation.fleet import Sim
from tests.support.simulation.machines import SimNode

APPS = 6
GIB = 1 << 30


class Troubles:
    """Publishes, kills, cuts, fills and spoils, a little at a time. ``log`` tells what was done, for people."""

    def __init__(self, sim: Sim) -> None:
        """All chance is the simulation's."""
        self._sim = sim
        self._random = sim.random
        self._number = 0
        self.log: list[str] = []
        self._kinds: dict[str, tuple[int, Callable[[], str]]] = {
            "publish": (3, self._publish),
            "kill": (3, self._kill),
            "restart": (4, self._restart),
            "part": (1, self._part),
            "mend": (2, self._mend),
            "break": (3, self._break),
            "spoil": (2, self._spoil),
            "fill": (1, self._fill),
            "empty": (2, self._empty),
            "step": (1, self._step_clock),
            "withdraw": (1, self._withdraw),
        }

    def happen(self, archives: int, apart_s: float) -> None:
        """Go on until so many archives were published and as many other things for each have happened."""
        names = [name for name, (weight, _) in self._kinds.items() for _ in range(weight)]
        while self._number < archives:
            name = self._random.choice(names)
            done = self._kinds[name][1]()
            if done:
                self.log.append(f"{self._sim.now - 1_800_000_000:.1f} {name} {done}")
            self._sim.run(self._random.random() * 2 * apart_s)

    def end(self) -> None:
        """Mend all that is broken, and let every node sweep as often as it takes."""
        self._sim.mend()
        for node in self._sim.nodes.values():
            node.faults.clock_s = 0.0
            node.faults.foreign_bytes = 0
            if not node.alive:
                self._sim.restart(node)

    # --- what may happen --------------------------------------------------------------------------------------------

    def _one(self, alive: bool = True) -> SimNode | None:
        nodes = [node for node in self._sim.nodes.values() if node.alive is alive]
        return self._random.choice(nodes) if nodes else None

    def _publish(self) -> str:
        node = self._one()
        if node is None:
            return ""
        self._number += 1
        app = self._random.randrange(APPS)
        size_bytes = self._random.choice([1_000_000, 20_000_000, 200_000_000])
        facts = archive(f"trouble-{self._number}", f"app-{app}:latest", size_bytes=size_bytes)
        self._sim.drop(node, f"app-{app}.tar", facts)
        return f"{node.name} app-{app} {size_bytes}"

    def _kill(self) -> str:
        node = self._one()
        alive = sum(node.alive for node in self._sim.nodes.values())
        if node is None or alive <= len(self._sim.nodes) // 2:
            return ""
        self._sim.kill(node)
        return node.name

    def _restart(self) -> str:
        node = self._one(alive=False)
        if node is None:
            return ""
        self._sim.restart(node)
        return node.name

    def _part(self) -> str:
        if self._sim.channels.islands:
            return ""
        island = [node for node in self._sim.nodes.values() if self._random.random() < 0.4]
        self._sim.part(island)
        return f"{len(island)} nodes"

    def _mend(self) -> str:
        if not self._sim.channels.islands:
            return ""
        self._sim.mend()
        return "all"

    def _break(self) -> str:
        node = self._one()
        flows = self._sim.flows.into(node) if node is not None else []
        if not flows:
            return ""
        self._sim.flows_broken(flows[0].source, flows[0].target)
        return f"{flows[0].source.name} to {flows[0].target.name}"

    def _spoil(self) -> str:
        node = self._one()
        if node is None or not node.incoming:
            return ""
        self._random.choice(list(node.incoming.values())).right = False
        return node.name

    def _fill(self) -> str:
        node = self._one()
        if node is None or node.faults.disk_bytes is None:
            return ""
        node.faults.foreign_bytes = max(0, node.free_bytes - GIB // 2)
        return node.name

    def _empty(self) -> str:
        full = [node for node in self._sim.nodes.values() if node.faults.foreign_bytes]
        for node in full:
            node.faults.foreign_bytes = 0
        return f"{len(full)} disks" if full else ""

    def _step_clock(self) -> str:
        node = self._one()
        if node is None:
            return ""
        node.faults.clock_s = self._random.choice([-3600.0, -30.0, 30.0, 3600.0])
        return f"{node.name} {node.faults.clock_s:+.0f} s"

    def _withdraw(self) -> str:
        node = self._one()
        entries = [entry for entry in node.state.entries.values() if entry.active] if node is not None else []
        if node is None or len(entries) < 2:
            return ""
        entry = self._random.choice(entries)
        self._sim.act(node, "withdraw", entry.digest)
        return f"{node.name} {entry.name}"


# --- what must be true in the end -------------------------------------------------------------------------------------


def faults_of(sim: Sim) -> list[str]:
    """All that is not as it must be in a fleet that was left alone; each in words, for the test's message."""
    found = []
    first = next(iter(sim.nodes.values()))
    for node in sim.nodes.values():
        if node.state.entries != first.state.entries:
            found.append(f"{node.name} has another catalog than {first.name}")
        found += _leftovers(node)
        found += _cells(node, sim.dropped)
        found += _loads(node)
    return found


def _leftovers(node: SimNode) -> list[str]:
    left = {
        "work": node.state.work,
        "slots": node.state.serving.slots,
        "line": node.state.serving.line,
        "incoming": node.incoming,
        "isolated": {peer: one for peer, one in node.state.isolated.items() if one.stage != "trial"},
    }
    return [f"{node.name} still has {what}: {value}" for what, value in left.items() if value]


def _cells(node: SimNode, dropped: dict[Digest, ArchiveFacts]) -> list[str]:
    found = []
    owners = tags.owners(node.state.entries.values())
    if node.state.owners != owners:
        found.append(f"{node.name} has other owners of tags than its catalog says")
    for digest, entry in node.state.entries.items():
        row = node.state.own(digest)
        if not entry.active or row is None:
            if entry.active:
                found.append(f"{node.name} has no cell of {entry.name}")
            continue
        if (row.state_name, row.note) == ("cancelled", "dropped"):
            continue  # an operator put another file over this copy
        if not row.happy:
            found.append(f"{node.name} {entry.name} is {row.state_name}: {row.note or row.problem}")
        elif node.runtime is not None and row.state_name == "ready":
            if not tags.satisfied(entry, owners, node.runtime.look(entry.images, entry.tags)):
                found.append(f"{node.name} {entry.name} is ready, and its runtime does not say so")
        elif not row.stored or digest not in {held for _, held in node.store.values()}:
            found.append(f"{node.name} {entry.name} is stored without a copy")
    return found


def _loads(node: SimNode) -> list[str]:
    if node.runtime is None:
        return []
    return [
        f"{node.name} loaded {digest} {count} times"
        for digest, count in Counter(node.runtime.loads).items()
        if count > 1
    ]
