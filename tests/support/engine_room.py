"""The engine's parts among fakes, each to be tried alone: a loop that only writes down what it is told."""

from collections.abc import Callable

from backend.engine.fetcher import Fetcher
from backend.engine.hands import Hands
from backend.engine.loader import Loader
from backend.engine.loop import EventLoop
from backend.engine.ports import Ports
from backend.engine.tickets import Tickets
from backend.logic.peer_states import Peers
from backend.logic.state import NodeState, Policy
from backend.model import events
from backend.model.errors import DsyncError
from backend.model.ids import NodeId
from backend.model.node import RosterNode
from backend.ports.children import FakeChildren
from backend.ports.clock import FakeClock
from backend.ports.fake_intake import FakeInspector, FakeWatcher
from backend.ports.fake_ledger import FakeLedger
from backend.ports.fake_mirrors import FakeMirrors
from backend.ports.fake_peers import FakePeerHub
from backend.ports.fake_runtime import FakeLoadLocks, FakeRuntime
from backend.ports.fake_store import FakeStore
from backend.ports.fake_wire import FakeDoor, FakeTransport, FakeWire

ME = NodeId("SHA256:me")
PEER = NodeId("SHA256:peer")


class NotingLoop(EventLoop):
    """``told`` are the events that were handed in; none is applied. ``refusal`` is what ``submit`` raises."""

    def __init__(self, state: NodeState, clock: FakeClock) -> None:
        super().__init__(state, FakeLedger(), clock, lambda act: None)
        self.told: list[events.Event] = []
        self.refusal: DsyncError | None = None
        self.on_submit: Callable[[events.Event], None] = lambda event: None

    def post(self, event: events.Event) -> None:
        self.told.append(event)

    async def submit(self, event: events.Event) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.told.append(event)
        self.on_submit(event)


class EngineRoom:
    """Node ``me`` and its one peer ``source``, whose door serves ``served``."""

    def __init__(self, store: FakeStore | None = None) -> None:
        self.clock = FakeClock()
        me = RosterNode(ME, "me", "10.0.0.1", 8730, "")
        source = RosterNode(PEER, "source", "10.0.0.2", 8730, "")
        self.state = NodeState(ME, "me", Policy(), peers=Peers({PEER: source}, ME), started=True)
        self.state.peers[PEER].up = True
        self.loop = NotingLoop(self.state, self.clock)
        self.store = store if store is not None else FakeStore()
        self.inspector = FakeInspector()
        self.runtime = FakeRuntime()
        self.wire = FakeWire()
        self.served: dict[str, bytes] = {}
        self.door = FakeDoor(self.wire, {})
        self.source_door = FakeDoor(self.wire, self.served)
        self.transport = FakeTransport(self.wire, read=lambda path: b"", write=lambda path, data: None)
        self.hub = FakePeerHub(self.clock)
        self.peers = self.hub.network(me, (me, source))
        self.children = FakeChildren()
        self.limit_bps = 0
        self.ports = Ports(
            clock=self.clock,
            ledger=FakeLedger(),
            store=self.store,
            inspector=self.inspector,
            watcher=FakeWatcher(),
            transport=self.transport,
            door=self.door,
            peers=self.peers,
            children=self.children,
            mirrors=FakeMirrors(),
            runtime=self.runtime,
            locks=FakeLoadLocks(),
        )
        self.fetcher = self.make_fetcher()
        self.tickets = Tickets(self.loop, self.store, self.door)
        self.hands = Hands(self.loop, self.ports, self.fetcher, self.tickets, Loader(self.runtime, self.ports.locks))

    def make_fetcher(self, compress: str = "auto") -> Fetcher:
        """A fetcher with another setting."""
        return Fetcher(self.loop, self.store, self.inspector, self.transport, 300.0, compress, lambda: self.limit_bps)

    @property
    def told(self) -> list[events.Event]:
        """What the loop was told."""
        return self.loop.told

    async def close(self) -> None:
        """End all work."""
        await self.hands.close()
        await self.hub.close()
