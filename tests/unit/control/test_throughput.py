"""Totals over the fleet."""

from backend.control.projection.throughput import Totals
from backend.model.delivery import Queued, Ready, Transferring, Verifying
from tests.support.engine import FakeEngine, entry_of, node_id


def test_rates_and_remaining_bytes_give_the_time_left() -> None:
    engine = FakeEngine(nodes=4)
    entry = engine.add(entry_of(0, size_bytes=1000))
    engine.set(0, entry, Ready(), stored=True)
    engine.set(1, entry, Transferring(node_id(0)))
    engine.progress(1, entry, 600, 50)
    engine.set(2, entry, Verifying(node_id(0)), bytes_received=900, bytes_saved=100)
    shown = Totals(engine.state).throughput()
    # 400 bytes of node 1 and all of node 3, which has said nothing yet.
    assert (shown.moving, shown.queued, shown.rate_bps, shown.eta_s) == (2, 1, 50, 28.0)
    assert (shown.received_bytes, shown.saved_bytes) == (900, 100)


def test_nothing_that_moves_has_no_time_left() -> None:
    engine = FakeEngine(nodes=2)
    entry = engine.add(entry_of(0))
    engine.set(0, entry, Ready())
    engine.set(1, entry, Queued())
    shown = Totals(engine.state).throughput()
    assert (shown.moving, shown.queued, shown.eta_s) == (0, 1, None)
