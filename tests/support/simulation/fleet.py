"""The whole fleet under one clock."""

import random
import time
from collections import Counter
from collections.abc import Iterable
from math import inf

from backend.logic.core import decide
from backend.logic.entries import Entries
from backend.logic.known_files import KnownFiles
from backend.logic.loading import LOADS_KEY
from backend.logic.outages import ALERTED_KEY
from backend.logic.peer_states import Peers
from backend.logic.state import NodeState, Policy
from backend.model import commands, events, messages
from backend.model.archive import ArchiveFacts
from backend.model.delivery import Delivery
from backend.model.ids import Digest, JobId, NodeId
from backend.model.node import RosterNode
from tests.support.simulation.channels import Channels
from tests.support.simulation.clock import VirtualClock
from tests.support.simulation.deeds import Deeds
from tests.support.simulation.flows import Flows
from tests.support.simulation.machines import SimNode, SimRuntime

FLOW_BPS = 50_000_000


class Sim:
    """``count`` nodes that know each other. Everything that chance decides comes from ``seed``.

    ``link_bps``: every node's uplink and downlink (None: without end); ``flow_bps``: what one transfer takes at most.
    ``sweeps``: nodes sweep by themselves, as the engine's clockwork lets them; else only when told.
    """

    def __init__(
        self,
        count: int,
        seed: int = 1,
        runtimes: bool = True,
        *,
        link_bps: float | None = None,
        flow_bps: float = FLOW_BPS,
        hash_bps: float = inf,
        admins: int = 0,
        zones: int = 0,
        sweeps: bool = False,
        **policy: object,
    ) -> None:
        self.clock = VirtualClock()
        self._ticked_at = self.clock.now
        self.random = random.Random(seed)
        self._policy = Policy(has_runtime=runtimes, store="/store", **policy)  # type: ignore[arg-type]
        self.roster = [_roster_node(number, number < admins, zones) for number in range(count)]
        self._shared = {one.id: one for one in self.roster}
        self._sweeps = sweeps
        self.nodes: dict[NodeId, SimNode] = {}
        self.dropped: dict[Digest, ArchiveFacts] = {}
        self.decisions: Counter[type] = Counter()
        self.planner_s = 0.0
        self.sent_entries = self.sent_rows = 0
        for one in self.roster:
            runtime = SimRuntime() if runtimes else None
            self.nodes[one.id] = SimNode(one.name, one.id, self._policy_of(one), self._fresh(one), runtime)
        flows = Flows(self.clock, link_bps, flow_bps)
        self.channels = Channels(self.clock, self.nodes, self.post)
        self.flows = flows
        self._deeds = Deeds(
            self.clock, flows, lambda node: self.nodes[NodeId(node)], self.channels.reaches, self._apply, hash_bps
        )
        for node in self.nodes.values():
            self._start(node)
        self.run(0)
        self.channels.connect()
        self.run(0)

    def _policy_of(self, one: RosterNode) -> Policy:
        return Policy(
            **{name: getattr(self._policy, name) for name in Policy.__slots__}
            | {"labels": one.labels, "admin": one.admin}
        )

    def _fresh(self, one: RosterNode) -> NodeState:
        return NodeState(one.id, one.name, self._policy_of(one), peers=Peers(self._shared, one.id))

    def __getitem__(self, number: int) -> SimNode:
        """The node of that number."""
        return self.nodes[self.roster[number].id]

    @property
    def now(self) -> float:
        """Epoch seconds."""
        return self.clock.now

    @property
    def said(self) -> Counter[type]:
        """How many messages of each kind were sent."""
        return self.channels.said

    # --- what happens to the fleet --------------------------------------------------------------------------------

    def drop(self, node: SimNode, name: str, facts: ArchiveFacts) -> None:
        """An operator puts a file into a node's store; it has settled."""
        self.put(node, name, facts)
        self.post(node, events.ArchiveArrived(name, node.store[name][0], facts))

    def put(self, node: SimNode, name: str, facts: ArchiveFacts) -> None:
        """A file lies in a store; nobody was told."""
        node.store[name] = (self._deeds.new_key(facts.hashes.size_bytes), facts.hashes.digest)
        self.dropped[facts.hashes.digest] = facts

    def unlink(self, node: SimNode, name: str) -> None:
        """An operator deletes a file from a store."""
        if name in node.store:
            del node.store[name]
            self.post(node, events.FileVanished(name))

    def kill(self, node: SimNode) -> None:
        """``kill -9``: what is in memory is gone, channels break, transfers end."""
        node.alive = False
        node.life += 1
        self._deeds.break_flows(node)
        self.channels.died(node)
        self.run(0)

    def forget(self, node: SimNode) -> None:
        """The ledger of a node that is down is lost."""
        node.state = self._fresh(self._shared[node.id])
        node.values.clear()

    def restart(self, node: SimNode) -> None:
        """The ledger is read again, and channels come back."""
        old, fresh = node.state, self._fresh(self._shared[node.id])
        fresh.entries, fresh.files = Entries(old.entries), KnownFiles(old.files)
        fresh.rows = {who: dict(rows) for who, rows in old.rows.items()}
        fresh.rejected, fresh.aliases, fresh.count = dict(old.rejected), dict(old.aliases), old.count
        fresh.outages.told = {
            NodeId(key.removeprefix(ALERTED_KEY)): None
            for key, told in node.values.items()
            if key.startswith(ALERTED_KEY) and told
        }
        fresh.loads = {
            Digest(key.removeprefix(LOADS_KEY)): [float(at) for at in times.split()]
            for key, times in node.values.items()
            if key.startswith(LOADS_KEY)
        }
        fresh.row_version = max((row.version for row in fresh.rows.get(node.id, {}).values()), default=0)
        node.state, node.alive, node.life = fresh, True, node.life + 1
        node.serving.clear()
        self._start(node)
        self.run(0)
        for name, (key, digest) in node.store.items():
            if not fresh.knows(name, key):
                self.post(node, events.ArchiveArrived(name, key, self.dropped[digest]))
        self.channels.connect(node)
        self.run(0)

    def separate(self, one: SimNode, other: SimNode) -> None:
        """Cut the line between two nodes."""
        self.channels.separate(one.id, other.id)
        self._deeds.break_flows(one, other)
        self.run(0)

    def part(self, *islands: Iterable[SimNode]) -> None:
        """Cut the fleet into islands; nodes that are not named make one of their own."""
        self.channels.part({node.id: number for number, island in enumerate(islands) for node in island})
        for node in self.nodes.values():
            self._deeds.break_flows(node, only_where_cut=True)
        self.run(0)

    def flows_broken(self, one: SimNode, other: SimNode) -> None:
        """What is being fetched between two nodes breaks off; their channel stays."""
        self._deeds.break_flows(one, other)
        self.run(0)

    def mend(self) -> None:
        """All lines stand again."""
        self.channels.mend()
        self.run(0)

    def sweep(self) -> None:
        """Every node sweeps."""
        for node in self.nodes.values():
            self._sweep(node)

    def act(self, node: SimNode, verb: str, *digests: Digest, argument: str = "") -> None:
        """An operator acts on a node's own cells."""
        self.post(node, events.OperatorActed(JobId("j"), verb, digests or None, None, "root", argument))

    # --- the clock -------------------------------------------------------------------------------------------------

    def post(self, node: SimNode, event: events.Event, delay_s: float = 0.0) -> None:
        """An event reaches a node (in its present life) after a delay."""
        life = node.life

        def happen() -> None:
            if node.alive and node.life == life:
                self._apply(node, event)

        self.clock.after(delay_s, happen)

    def run(self, duration_s: float, tick_s: float = 1.0) -> None:
        """Let time pass; every node ticks every ``tick_s``."""
        end = self.now + duration_s
        while self._ticked_at + tick_s <= end:
            self._ticked_at = max(self.now, self._ticked_at + tick_s)
            self.clock.run_until(self._ticked_at)
            self._tick()
        self.clock.run_until(end)

    def _tick(self) -> None:
        for node in self.nodes.values():
            if not node.alive:
                continue
            progress = self._deeds.progressed(node)
            if progress is not None:
                self._apply(node, progress)
            if node.faults.disk_bytes is not None:
                self._apply(node, events.DiskMeasured(node.free_bytes, None))
            if node.runtime is not None and (problem := node.state.report.runtime_problem) is not None:
                self._apply(
                    node,
                    events.RuntimeProbed("sim", problem if node.runtime.sick else None, node.runtime.room_bytes),
                )
            self._apply(node, events.Ticked())

    def _start(self, node: SimNode) -> None:
        self.post(node, events.Started({name: key for name, (key, _) in node.store.items()}))
        if self._sweeps:
            self._sweep_later(node, self.random.random() * node.policy.sweep_s)

    def _sweep_later(self, node: SimNode, delay_s: float) -> None:
        life = node.life

        def happen() -> None:
            if node.life == life:
                self._sweep(node)
                self._sweep_later(node, node.policy.sweep_s)

        self.clock.after(delay_s, happen)

    def _sweep(self, node: SimNode) -> None:
        if node.alive:
            for name in node.state.files:
                if name not in node.store and "/" not in name:
                    self.post(node, events.FileVanished(name))
            self.post(node, events.Swept())

    def _apply(self, node: SimNode, event: events.Event) -> None:
        began = time.thread_time()
        given = decide(node.state, event, self.now + node.faults.clock_s, self.random.random())
        self.planner_s += time.thread_time() - began
        self.decisions[type(event)] += 1
        for command in given:
            self._carry_out(node, command)

    def _carry_out(self, node: SimNode, command: commands.Cmd) -> None:
        match command:
            case commands.Send(node=to, message=message):
                self._say(node, to, message)
            case commands.Broadcast(message=message, but=but):
                for to in self.channels.peers_of(node):
                    if to not in but:
                        self._say(node, to, message)
            case commands.KeepChannels(nodes=nodes):
                self.channels.keep(node, nodes)
            case _:
                self._deeds.carry_out(node, command)

    def _say(self, node: SimNode, to: NodeId, message: messages.Message) -> None:
        if node.faults.mute and isinstance(message, messages.Granted | messages.Busy | messages.Gone):
            return
        if isinstance(message, messages.Entries):
            self.sent_entries += len(message.entries)
        elif isinstance(message, messages.Rows):
            self.sent_rows += len(message.rows)
        self.channels.send(node, to, message)

    def forget_costs(self) -> None:
        """Count messages, decisions and processor time from now on."""
        self.channels.said.clear()
        self.decisions.clear()
        self.planner_s = 0.0
        self.sent_entries = self.sent_rows = 0
        for node in self.nodes.values():
            node.uplink_bytes.clear()

    # --- what came of it ---------------------------------------------------------------------------------------------

    def states(self, digest: Digest) -> list[str]:
        """The state words of all cells of an archive, by node number; ``-`` where there is none."""
        cells = (self.nodes[one.id].state.own(digest) for one in self.roster)
        return [cell.state_name if cell is not None else "-" for cell in cells]

    def cell(self, node: SimNode, facts: ArchiveFacts) -> Delivery:
        """A node's own cell."""
        found = node.state.own(facts.hashes.digest)
        assert found is not None
        return found


def _roster_node(number: int, admin: bool, zones: int) -> RosterNode:
    labels = {"zone": f"z{number % zones}"} if zones else {}
    return RosterNode(NodeId(f"SHA256:{number:04d}"), f"n{number}", "127.0.0.1", 8730, "", admin=admin, labels=labels)
