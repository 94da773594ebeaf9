"""What a peer asks or says in vain is told to people, and not for every time it does so."""

from backend.logic.peers import REFUSED_EVERY_S
from backend.logic.serving import ASKED_IN_VAIN_EVERY_S
from backend.model.commands import Remark
from backend.model.delivery import Ready
from backend.model.errors import (
    KeyRefusedError,
    OtherKeyError,
    ProtocolError,
    SlowPeerError,
    UnknownKeyError,
    VersionError,
)
from backend.model.events import Level, StrangerRefused
from backend.model.ids import Digest
from backend.model.messages import Gone, Request, Rows
from tests.support.turns import ONE, TWO, OneNode, entry_of, row_of

APP = entry_of("app", "app:1")


def greeted() -> OneNode:
    """A node with two peers."""
    node = OneNode((APP,), [row_of(APP.digest, Ready(), stored=True)])
    node.start()
    node.greet(ONE, TWO)
    return node


def levels(node: OneNode, code: str) -> list[Level]:
    """How loudly the last event was told of with that code."""
    return [command.note.level for command in node.done(Remark) if command.note.code == code]


def test_a_request_for_what_is_not_known_here_is_answered_and_told_once_in_a_while() -> None:
    node = greeted()
    unknown = Digest(f"sha256:{'0' * 64}")
    node.hear(ONE, Request(unknown))
    assert node.said(ONE) == [Gone(unknown)]
    assert levels(node, "unknown-archive-requested") == [Level.INFO]
    node.hear(ONE, Request(unknown))
    assert node.said(ONE) == [Gone(unknown)]
    assert levels(node, "unknown-archive-requested") == []
    node.now += ASKED_IN_VAIN_EVERY_S
    node.hear(ONE, Request(unknown))
    assert levels(node, "unknown-archive-requested") == [Level.INFO]


def test_a_stranger_is_told_of_as_one_and_a_node_of_the_fleet_is_not() -> None:
    node = greeted()
    told = {}
    for error in (
        UnknownKeyError(peer="10.0.0.9", key="SHA256:x"),
        OtherKeyError(peer="one", address="10.0.0.1", key="SHA256:x"),
        ProtocolError(peer="10.0.0.9", detail="no login in time"),
        KeyRefusedError(peer="one", key="SHA256:x"),
        VersionError(peer="one", ours="1", theirs="2"),
        SlowPeerError(peer="one"),
    ):
        node.see(StrangerRefused("10.0.0.1", error.problem()))
        told[error.code] = [(command.note.level, command.note.code) for command in node.done(Remark)]
    assert told == {
        "peer-unknown-key": [(Level.WARNING, "stranger-refused")],
        "peer-other-key": [(Level.WARNING, "stranger-refused")],
        "peer-protocol": [(Level.WARNING, "stranger-refused")],
        "peer-key-refused": [(Level.WARNING, "call-in-vain")],
        "peer-version": [(Level.WARNING, "call-in-vain")],
        "peer-slow": [(Level.INFO, "call-in-vain")],
    }


def test_rows_of_another_node_are_told_once_in_a_while() -> None:
    node = greeted()
    foreign = Rows((row_of(APP.digest, Ready(), node=TWO),), since=0, upto=1)
    told = []
    for _ in range(5):
        node.hear(ONE, foreign)
        told += levels(node, "peer-misbehaved")
    assert told == [Level.WARNING]
    node.now += REFUSED_EVERY_S
    node.hear(ONE, foreign)
    assert levels(node, "peer-misbehaved") == [Level.WARNING]
