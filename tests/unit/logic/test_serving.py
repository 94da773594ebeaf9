"""A holder's slots and its line: few at a time, in order, and nobody keeps what he does not use."""

import msgspec

from backend.logic.serving import AWAY_S, PLACES_OF_ONE, SLOT_AT_LEAST_S, SLOT_BPS
from backend.logic.state import Policy
from backend.model import commands, events, messages
from backend.model.archive import FileKey
from backend.model.delivery import Ready
from backend.model.errors import Problem
from backend.model.ids import Digest, NodeId
from backend.model.messages import Busy, Gone, Granted, Release, Request
from tests.support.turns import LINK_DOWN, ONE, STRANGER, TWO, OneNode, entry_of, file_of, row_of

APP = entry_of("app", "app:1")
WEB = entry_of("web", "web:1", count=2)
TICKET = messages.Ticket(873, "dsync", "path", "user", "secret")


def holder(slots: int = 1, superseded: bool = False) -> OneNode:
    """A node that holds APP and WEB; both peers are there."""
    app = msgspec.structs.replace(APP, superseded_by=WEB.order) if superseded else APP
    rows = [row_of(entry.digest, Ready(), stored=True) for entry in (APP, WEB)]
    node = OneNode((app, WEB), rows, (file_of(APP, 1), file_of(WEB, 2)), policy=Policy(serve_slots=slots))
    node.start()
    node.greet(ONE, TWO)
    return node


def ask(node: OneNode, peer: NodeId, digest: Digest = APP.digest) -> list[commands.MakeTicket]:
    node.hear(peer, Request(digest))
    return node.done(commands.MakeTicket)


def ticket(node: OneNode, peer: NodeId, given: messages.Ticket | None = TICKET, digest: Digest = APP.digest) -> None:
    node.see(events.TicketMade(digest, peer, given))


# --- granting ---------------------------------------------------------------------------------


def test_a_request_is_granted_with_a_ticket_for_that_peer_and_file() -> None:
    node = holder()
    (made,) = ask(node, ONE)
    assert (made.digest, made.node, made.address) == (APP.digest, ONE, "10.0.0.1")
    assert (made.file, made.key) == (APP.name, file_of(APP, 1).key)
    ticket(node, ONE)
    assert node.said(ONE) == [Granted(APP.digest, TICKET, APP.size_bytes)]


def test_more_than_the_slots_stand_in_line_and_the_grant_is_pushed() -> None:
    node = holder()
    ask(node, ONE)
    assert ask(node, TWO) == []
    assert node.said(TWO) == [Busy(APP.digest, 1, ())]
    node.hear(ONE, Release(APP.digest))
    assert commands.DropTicket(APP.digest, ONE) in node.last
    assert [made.node for made in node.done(commands.MakeTicket)] == [TWO]


def test_asking_twice_takes_one_place() -> None:
    node = holder()
    ask(node, ONE)
    for _ in range(2):
        ask(node, TWO)
        assert node.said(TWO) == [Busy(APP.digest, 1, ())]
    node.hear(TWO, Release(APP.digest))
    node.hear(ONE, Release(APP.digest))
    assert node.done(commands.MakeTicket) == []


def test_a_peer_that_asks_again_gets_a_fresh_ticket_for_its_slot() -> None:
    """A ticket may have gone stale on the way."""
    node = holder()
    ask(node, ONE)
    assert len(ask(node, ONE)) == 1
    assert ask(node, TWO) == []


def test_the_slots_are_shared_out_among_peers() -> None:
    """One that asks for much does not keep another waiting behind all of it."""
    node = holder(slots=2)
    ask(node, ONE)
    node.state.policy = Policy(serve_slots=1)
    ask(node, ONE, WEB.digest)
    ask(node, TWO)
    node.state.policy = Policy(serve_slots=2)
    node.tick(1)
    assert [made.node for made in node.done(commands.MakeTicket)] == [TWO]


# --- refusing ---------------------------------------------------------------------------------


def test_what_is_not_here_is_gone() -> None:
    node = holder(superseded=True)
    for digest in (APP.digest, Digest("sha256:" + "f" * 64)):
        assert ask(node, ONE, digest) == []
        assert node.said(ONE) == [Gone(digest)]
    node.see(events.FileVanished(WEB.name))
    assert ask(node, ONE, WEB.digest) == []
    assert node.said(ONE) == [Gone(WEB.digest)]


def test_a_file_that_was_rewritten_is_gone_and_no_copy_any_more() -> None:
    """Found out when the ticket is made: nobody else is promised those bytes."""
    node = holder()
    ask(node, ONE)
    ticket(node, ONE, None)
    assert Gone(APP.digest) in node.said(ONE)
    assert not node.row(APP).stored
    assert [made.node for made in node.done(commands.MakeTicket)] == []
    assert ask(node, TWO) == []
    assert node.said(TWO) == [Gone(APP.digest)]


def test_a_ticket_that_cannot_be_made_costs_no_copy() -> None:
    """The run directory is full: the file is as good as before."""
    node = holder()
    ask(node, ONE)
    node.see(events.TicketMade(APP.digest, ONE, None, Problem("local-failure")))
    assert node.said(ONE) == [Gone(APP.digest)]
    assert node.row(APP).stored
    assert len(ask(node, TWO)) == 1


def test_a_file_that_goes_before_its_turn_comes() -> None:
    node = holder()
    ask(node, ONE)
    ask(node, TWO, WEB.digest)
    node.see(events.FileVanished(WEB.name))
    node.hear(ONE, Release(APP.digest))
    assert node.said(TWO) == [Gone(WEB.digest)]
    assert node.state.serving.slots == []


def test_strangers_are_not_heard() -> None:
    node = holder()
    assert node.hear(STRANGER, Request(APP.digest)) == []
    node.see(events.PeerLeft(ONE, LINK_DOWN))
    assert node.hear(ONE, Request(APP.digest)) == []


def test_one_peer_cannot_fill_the_line() -> None:
    node = holder()
    entries = [entry_of(str(number), f"many:{number}", count=10 + number) for number in range(PLACES_OF_ONE + 2)]
    for number, entry in enumerate(entries):
        node.state.entries[entry.digest] = entry
        node.state.files[entry.name] = file_of(entry, 100 + number)
        ask(node, ONE, entry.digest)
    assert len(node.state.serving.line) == PLACES_OF_ONE
    assert Busy(entries[-1].digest, PLACES_OF_ONE + 1, ()) not in node.said(ONE)
    ask(node, TWO)
    assert node.said(TWO) == [Busy(APP.digest, PLACES_OF_ONE + 1, ())]


# --- giving back ------------------------------------------------------------------------------


def test_a_ticket_that_comes_too_late_is_taken_back() -> None:
    """Asked, and gave up before the link stood."""
    node = holder()
    ask(node, ONE)
    node.hear(ONE, Release(APP.digest))
    ticket(node, ONE)
    assert node.last == [commands.DropTicket(APP.digest, ONE)]


def test_a_transfer_outlives_its_channel_for_a_grace() -> None:
    """Losing the channel alone ends no transfer."""
    node = holder()
    ask(node, ONE)
    ask(node, TWO)
    node.see(events.PeerLeft(ONE, LINK_DOWN))
    assert node.done(commands.DropTicket) == []
    node.tick(node.state.policy.grace_s - 1)
    assert node.done(commands.DropTicket) == []
    node.tick(2)
    assert node.done(commands.DropTicket) == [commands.DropTicket(APP.digest, ONE)]
    assert [made.node for made in node.done(commands.MakeTicket)] == [TWO]


def test_a_peer_that_comes_back_and_still_wants_its_slot_keeps_it() -> None:
    node = holder()
    ask(node, ONE)
    node.see(events.PeerLeft(ONE, LINK_DOWN))
    node.tick(30)
    node.greet(ONE)
    ask(node, ONE)
    node.tick(node.state.policy.grace_s + AWAY_S)
    assert len(node.state.serving.slots) == 1


def test_a_peer_that_comes_back_and_is_silent_loses_it() -> None:
    """It was killed: its restarted daemon asks for everything anew."""
    node = holder()
    ask(node, ONE)
    node.see(events.PeerLeft(ONE, LINK_DOWN))
    node.tick(30)
    node.greet(ONE)
    node.tick(AWAY_S - 1)
    assert len(node.state.serving.slots) == 1
    node.tick(2)
    assert node.state.serving.slots == []


def test_a_place_in_line_goes_with_its_channel() -> None:
    node = holder()
    ask(node, ONE)
    ask(node, TWO)
    node.see(events.PeerLeft(TWO, LINK_DOWN))
    node.hear(ONE, Release(APP.digest))
    assert node.done(commands.MakeTicket) == []


def test_a_reader_that_crawls_gives_way_only_while_others_wait() -> None:
    node = holder()
    ask(node, ONE)
    slow_s = SLOT_AT_LEAST_S + APP.size_bytes / SLOT_BPS
    node.tick(slow_s + 1)
    assert len(node.state.serving.slots) == 1
    ask(node, TWO)
    node.tick(1)
    assert node.done(commands.DropTicket) == [commands.DropTicket(APP.digest, ONE)]
    assert [slot.node for slot in node.state.serving.slots] == [TWO]


def test_other_holders_are_named_to_those_who_wait() -> None:
    node = holder()
    node.state.write_row(msgspec.structs.replace(row_of(APP.digest, Ready(), stored=True), node=TWO))
    ask(node, TWO, WEB.digest)
    ask(node, ONE)
    assert node.said(ONE) == [Busy(APP.digest, 1, (TWO,))]


def test_keys_of_files_are_what_tickets_rest_on() -> None:
    """A renamed file is served under its new name."""
    node = holder()
    node.see(events.FileRenamed("renamed.tar", file_of(APP, 1).key))
    node.see(events.FileVanished(APP.name))
    (made,) = ask(node, ONE)
    assert (made.file, made.key) == ("renamed.tar", FileKey(1, 1, 100_000_000, 1))
