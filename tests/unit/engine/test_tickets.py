"""Leave to read: one user for one archive and one node, gone when it is taken back."""

import pytest

from backend.engine.tickets import Tickets
from backend.model import events
from backend.model.archive import FileKey
from backend.model.commands import DropTicket, MakeTicket
from backend.model.errors import LocalError, Problem, StoreError
from backend.model.ids import Digest, NodeId
from backend.model.messages import Ticket
from backend.ports.fake_store import FakeStore
from backend.ports.fake_wire import FakeDoor, FakeWire
from tests.support.engine_room import PEER, EngineRoom

DIGEST = Digest("sha256:" + "a" * 64)
OTHER = NodeId("SHA256:other")


class BrokenDoor(FakeDoor):
    """A door whose files cannot be written, or that does not like an address."""

    problem: Exception | None = None

    def admit(self, user: str, secret: str, address: str, paths: frozenset[str]) -> None:
        super().admit(user, secret, address, paths)
        if self.problem is not None:
            raise self.problem

    def dismiss(self, user: str) -> None:
        super().dismiss(user)
        if isinstance(self.problem, LocalError):
            raise self.problem


class BrokenStore(FakeStore):
    """A store whose directory is gone."""

    gone = False

    def serve(self, name: str, key: FileKey, ticket_path: str) -> bool:
        self._refuse()
        return super().serve(name, key, ticket_path)

    def unserve(self, ticket_path: str) -> None:
        self._refuse()
        super().unserve(ticket_path)

    def _refuse(self) -> None:
        if self.gone:
            raise StoreError(path="/store", detail="No such file or directory")


class Desk:
    """Tickets of a store with one file."""

    def __init__(self) -> None:
        self.store = BrokenStore()
        self.door = BrokenDoor(FakeWire(), {})
        self.loop = EngineRoom().loop
        self.key = self.store.put("app.tar", b"data")
        self.problem: Problem | None = None
        self.tickets = Tickets(self.loop, self.store, self.door)

    def make(self, node: NodeId = PEER, file: str = "app.tar", key: FileKey | None = None) -> Ticket | None:
        self.tickets.make(MakeTicket(DIGEST, node, "10.0.0.2", file, key or self.key))
        told = self.loop.told.pop()
        assert isinstance(told, events.TicketMade)
        assert (told.digest, told.node) == (DIGEST, node)
        self.problem = told.problem
        return told.ticket

    @property
    def is_empty(self) -> bool:
        return not self.door.guests and not self.store.served


def test_a_ticket_opens_the_door_to_one_file() -> None:
    desk = Desk()
    ticket = desk.make()
    assert ticket is not None
    assert desk.store.served == {ticket.path: desk.key}
    assert desk.door.guests == {ticket.user: (ticket.secret, frozenset({ticket.path}))}
    assert ticket.module == "dsync"


def test_no_two_tickets_share_a_word() -> None:
    """What one node learns says nothing about another's."""
    desk = Desk()
    tickets = [desk.make(NodeId(f"SHA256:{number}")) for number in range(50)]
    words = [word for ticket in tickets if ticket for word in (ticket.path, ticket.user, ticket.secret)]
    assert len(set(words)) == 150
    assert all(len(word) >= 16 for word in words)


def test_a_second_ticket_voids_the_first() -> None:
    desk = Desk()
    first, second = desk.make(), desk.make()
    assert first is not None
    assert second is not None
    assert list(desk.door.guests) == [second.user]
    assert list(desk.store.served) == [second.path]


def test_a_dropped_ticket_leaves_nothing() -> None:
    desk = Desk()
    desk.make()
    kept = desk.make(OTHER)
    assert kept is not None
    desk.tickets.drop(DropTicket(DIGEST, PEER))
    desk.tickets.drop(DropTicket(DIGEST, PEER))
    assert list(desk.door.guests) == [kept.user]
    assert list(desk.store.served) == [kept.path]


def test_a_file_that_is_another_now_gets_no_ticket() -> None:
    """Rewritten in place, or gone: the holder says so before a byte flows."""
    desk = Desk()
    assert desk.make(key=FileKey(1, 99, 4, 4)) is None
    assert desk.make(file="gone.tar") is None
    assert desk.problem is None
    assert desk.is_empty


@pytest.mark.parametrize("problem", [LocalError(detail="/run/rsync: No space left"), ValueError("no network")])
def test_a_door_that_admits_nobody_leaves_nothing(problem: Exception) -> None:
    desk = Desk()
    desk.door.problem = problem
    assert desk.make() is None
    assert desk.problem is not None
    assert desk.problem.code == "local-failure"
    assert desk.is_empty


def test_a_store_that_is_gone_ends_no_daemon() -> None:
    """Its directory was moved away; tickets are taken back all the same."""
    desk = Desk()
    ticket = desk.make()
    assert ticket is not None
    desk.store.gone = True
    desk.tickets.drop(DropTicket(DIGEST, PEER))
    assert desk.door.guests == {}
    assert desk.make() is None
    assert desk.problem is not None
    assert desk.problem.code == "store-unusable"
