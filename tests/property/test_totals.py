"""Totals that follow every change equal totals that are counted anew."""

import msgspec
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from backend.control.projection.throughput import Totals
from backend.engine.touched import Touched
from backend.model.archive import Order, Selector
from backend.model.delivery import Cancelled, Delivery, Failed, Loading, Queued, Ready, State, Transferring
from backend.model.errors import Problem
from tests.support.engine import FakeEngine, digest_of, entry_of, node_id

NODES = st.integers(0, 3)
ARCHIVES = st.integers(0, 2)
STATES: st.SearchStrategy[State] = st.sampled_from(
    [Queued(), Transferring(node_id(0)), Loading(), Ready(), Failed(Problem("x")), Cancelled()]
)


class TotalsMachine(RuleBasedStateMachine):
    """Rows come before and after their archives, selectors widen, archives end, replicas vanish."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = FakeEngine(nodes=3)
        self.totals = Totals(self.engine.state)
        self.slow = Totals(self.engine.state)
        self.steps = self.slow.count()
        self.engine.subscribe(self._follow)

    def _follow(self, touched: Touched) -> None:
        for totals in (self.totals, self.slow):
            for node, digest in touched.rows:
                totals.touch_row(node, digest)
            for digest in touched.entries:
                totals.touch_entry(digest)

    @rule()
    def count_one_node(self) -> None:
        next(self.steps, None)

    def teardown(self) -> None:
        assert self.slow.throughput() == Totals(self.engine.state).throughput()

    @rule(number=ARCHIVES, nodes=st.none() | st.sets(NODES, max_size=2), ended=st.booleans())
    def publish(self, number: int, nodes: set[int] | None, ended: bool) -> None:
        chosen = None if nodes is None else tuple(node_id(node) for node in nodes)
        entry = entry_of(number, nodes=chosen, size_bytes=1000 * (number + 1))
        before = self.engine.state.entries.get(entry.digest)
        if before is not None and before.selector.nodes is None:
            entry = msgspec.structs.replace(entry, selector=Selector(entry.order))
        self.engine.add(msgspec.structs.replace(entry, superseded_by=Order(99, node_id(0)) if ended else None))

    @rule(
        node=NODES,
        number=ARCHIVES,
        state=STATES,
        stored=st.booleans(),
        received=st.integers(0, 50),
        saved=st.integers(0, 50),
    )
    def report(self, node: int, number: int, state: State, stored: bool, received: int, saved: int) -> None:
        rows = self.engine.state.rows.setdefault(node_id(node), {})
        digest = digest_of(number)
        rows[digest] = Delivery(digest, node_id(node), state, stored=stored, bytes_received=received, bytes_saved=saved)
        self.engine.emit(Touched(rows={(node_id(node), digest)}))

    @rule(node=NODES, number=ARCHIVES)
    def forget(self, node: int, number: int) -> None:
        self.engine.state.rows.get(node_id(node), {}).pop(digest_of(number), None)
        self.engine.emit(Touched(rows={(node_id(node), digest_of(number))}))

    @invariant()
    def same_as_counted_anew(self) -> None:
        assert self.totals.throughput() == Totals(self.engine.state).throughput()


TotalsMachine.TestCase.settings = hypothesis_settings(max_examples=60, stateful_step_count=25, deadline=None)
TestTotals = TotalsMachine.TestCase
