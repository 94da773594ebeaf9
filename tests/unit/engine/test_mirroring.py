"""Mirrors follow the ledger: each node's line, retries with their attempt, each load once."""

import msgspec
import pytest

from backend.engine.mirroring import Mirroring
from backend.engine.touched import Touched
from backend.model.delivery import Delivery, Failed, Queued, Ready, State, Stored, Waiting
from backend.model.errors import Problem, StoreError
from backend.ports.clock import FakeClock
from backend.ports.fake_mirrors import FakeMirrors
from backend.ports.mirrors import RetryLine, StatusLine
from tests.support.engine import FakeEngine, entry_of, node_id

ENTRY = entry_of(1, tags=("docker.io/library/app:1",))
PROBLEM = Problem("transfer-failed")


class Mirrored:
    """Three nodes' state and its mirrors."""

    def __init__(self, hosts: tuple[str, str] = ("10.0.0.2", "fd00::3")) -> None:
        self.state = FakeEngine(3).state
        self.state.entries[ENTRY.digest] = ENTRY
        for number, host in enumerate(hosts, 1):
            peer = self.state.peers[node_id(number)]
            peer.node = msgspec.structs.replace(peer.node, host=host)
        self.files = FakeMirrors()
        self.mirroring = Mirroring(self.files, self.state, FakeClock(), "10.0.0.1")

    def put(self, number: int, state: State, at: float = 7.0, retries: int = 0) -> None:
        row = Delivery(ENTRY.digest, node_id(number), state, updated_at=at, retries=retries)
        self.state.rows.setdefault(node_id(number), {})[ENTRY.digest] = row
        self.mirroring.see(Touched(rows={(node_id(number), ENTRY.digest)}))


async def test_every_wanted_node_has_a_line_also_before_it_has_told_of_its_cell() -> None:
    mirrored = Mirrored()
    mirrored.put(0, Ready())
    mirrored.put(1, Failed(PROBLEM), at=8.0)
    await mirrored.mirroring.write()
    assert mirrored.files.statuses[ENTRY.fingerprint] == (
        StatusLine("10.0.0.1", "success", 7),
        StatusLine("10.0.0.2", "failed", 8),
        StatusLine("[fd00::3]", "pending", 0),
    )


async def test_a_shared_address_gives_way_to_the_name() -> None:
    mirrored = Mirrored(hosts=("10.0.0.1", "10.0.0.3"))
    mirrored.put(1, Stored())
    await mirrored.mirroring.write()
    nodes = [line.node for line in mirrored.files.statuses[ENTRY.fingerprint]]
    assert nodes == ["10.0.0.3", "node-0", "node-1"]


async def test_retries_name_the_attempt_that_is_due() -> None:
    mirrored = Mirrored()
    mirrored.put(1, Waiting(99.0, PROBLEM), retries=1)
    await mirrored.mirroring.write()
    assert mirrored.files.retries == (RetryLine(ENTRY.fingerprint, "10.0.0.2", 2, 99),)
    mirrored.put(1, Queued())
    await mirrored.mirroring.write()
    assert not mirrored.files.retries


async def test_a_load_is_told_once_until_it_is_loaded_again() -> None:
    mirrored = Mirrored()
    mirrored.put(0, Ready())
    mirrored.put(0, Ready(), at=8.0)
    mirrored.put(1, Ready())
    await mirrored.mirroring.write()
    assert mirrored.files.loaded == [(ENTRY.fingerprint, 7, ENTRY.name)]
    mirrored.put(0, Queued(), at=9.0)
    mirrored.put(0, Ready(), at=10.0)
    await mirrored.mirroring.write()
    assert [at for _, at, _ in mirrored.files.loaded] == [7, 10]


async def test_what_was_ready_at_the_start_is_no_load() -> None:
    mirrored = Mirrored()
    mirrored.put(0, Ready())
    again = Mirroring(mirrored.files, mirrored.state, FakeClock(), "10.0.0.1")
    again.see(Touched(rows={(node_id(0), ENTRY.digest)}))
    await again.write()
    assert mirrored.files.loaded == []


async def test_a_disk_that_refuses_costs_no_line() -> None:
    mirrored = Mirrored()
    mirrored.put(0, Ready())
    mirrored.files.broken = True
    with pytest.raises(StoreError):
        await mirrored.mirroring.write()
    mirrored.files.broken = False
    await mirrored.mirroring.write()
    assert mirrored.files.loaded == [(ENTRY.fingerprint, 7, ENTRY.name)]
    assert ENTRY.fingerprint in mirrored.files.statuses


async def test_nodes_that_left_the_roster_have_no_lines() -> None:
    mirrored = Mirrored()
    mirrored.put(9, Waiting(1.0, PROBLEM))
    await mirrored.mirroring.write()
    assert not mirrored.files.retries
    assert len(mirrored.files.statuses[ENTRY.fingerprint]) == 3
