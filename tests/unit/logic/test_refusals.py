"""What a peer asks or says in vain is told to people, and not for every time it does so."""

from backend.logic.peers import REFUSED_EVERY_S
from backend.logic.serving import ASKED_IN_VAIN_EVERY_S
from backend.model.commands import Remark
from backend.model.delivery import Ready
from backend.model.events import Level
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
