"""What a start makes of each state in which the last life may have ended."""

import pytest

from backend.logic.state import Policy
from backend.model import commands, events
from backend.model.archive import FileKey, KnownFile
from backend.model.delivery import (
    Cancelled,
    Delivery,
    Failed,
    Held,
    Loading,
    Queued,
    Ready,
    State,
    Stored,
    Transferring,
    Verifying,
    Waiting,
    state_name,
)
from backend.model.errors import Problem, Retry
from backend.model.runtime import RuntimeView
from tests.support.turns import ME, NOW, ONE, OneNode, entry_of, file_of, key_of, row_of

APP = entry_of("app", "app:1")
LINK = Problem("transfer-failed", retry=Retry.ELSEWHERE)
REFUSED = Problem("load-refused", retry=Retry.NEVER)
SICK = Problem("runtime-sick", retry=Retry.HOLD)
FULL = Problem("disk-full", retry=Retry.HOLD)


def woken(state: State, stored: bool = False, policy: Policy | None = None, **changes: object) -> OneNode:
    """A node whose last life ended in ``state``; its peer ``one`` holds the archive and is not up yet."""
    holder = Delivery(APP.digest, ONE, Ready(), version=3, stored=True)
    files = (file_of(APP),) if stored else ()
    node = OneNode((APP,), (row_of(APP.digest, state, stored=stored, **changes), holder), files, policy=policy)
    node.start()
    return node


def asks(node: OneNode) -> bool:
    """Whether the runtime is asked what it holds."""
    return commands.LookAtRuntime(APP) in node.last


# --- each state -------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [Queued(), Transferring(ONE), Verifying(ONE)], ids=state_name)
def test_what_had_no_bytes_begins_anew_by_asking_the_runtime(state: State) -> None:
    node = woken(state)
    assert node.state_of(APP) == "queued"
    assert asks(node)


def test_bytes_that_came_in_the_last_life_still_count() -> None:
    node = woken(Transferring(ONE), attempts=2, retries=1, bytes_received=500)
    row = node.row(APP)
    assert (row.attempts, row.retries, row.bytes_received) == (2, 1, 500)
    assert node.done(commands.DiscardIncoming) == []


def test_a_verified_copy_that_was_placed_is_found_by_its_inode() -> None:
    """Killed between ``link`` and the news of it."""
    holder = Delivery(APP.digest, ONE, Ready(), version=3, stored=True)
    incoming = KnownFile(f".incoming/{APP.fingerprint}", key_of(1), APP.digest, True)
    node = OneNode((APP,), (row_of(APP.digest, Verifying(ONE)), holder), (incoming,))
    node.start({"app.tar.12345678": key_of(1)})
    assert node.row(APP).stored
    assert [known.name for known in node.state.files.values()] == ["app.tar.12345678"]
    assert commands.ForgetFile(incoming.name) in node.last
    saved = [command.file for command in node.done(commands.SaveFile)]
    assert [(file.name, file.placed) for file in saved] == [("app.tar.12345678", True)]


def test_a_verified_copy_that_was_not_placed_is_verified_again() -> None:
    incoming = KnownFile(f".incoming/{APP.fingerprint}", key_of(1), APP.digest, True)
    node = OneNode((APP,), (row_of(APP.digest, Verifying(ONE)),), (incoming,))
    node.start({})
    assert not node.row(APP).stored
    assert len(node.state.files) == 0


def test_a_load_is_taken_up_with_the_tags_as_they_stood_before_it() -> None:
    """The loader may have gone on without its daemon, and moved tags."""
    before: dict[str, str | None] = {"docker.io/library/app:1": "sha256:old"}
    node = woken(Loading(before), stored=True)
    assert node.state_of(APP) == "queued"
    assert asks(node)
    node.see(events.RuntimeLooked(APP.digest, RuntimeView({}, {"docker.io/library/app:1": APP.images[0].config})))
    (load,) = node.done(commands.Load)
    assert (load.tags_before, load.file) == (before, APP.name)


def test_a_load_that_had_not_begun_has_no_tags_to_put_back() -> None:
    node = woken(Loading(), stored=True)
    node.see(events.RuntimeLooked(APP.digest, RuntimeView({}, {})))
    assert [load.tags_before for load in node.done(commands.Load)] == [None]


@pytest.mark.parametrize("state", [Ready(), Stored()], ids=state_name)
def test_a_happy_end_is_asked_after_and_stays(state: State) -> None:
    """Images may have been removed while this node was down."""
    node = woken(state, stored=True)
    assert node.state_of(APP) == state_name(state)
    assert asks(node)


def test_where_nobody_can_be_asked_a_stored_copy_stays_the_happy_end() -> None:
    node = woken(Stored(), stored=True, policy=Policy(has_runtime=False))
    assert node.state_of(APP) == "stored"
    assert node.done(commands.LookAtRuntime) == []


def test_a_wait_goes_on_to_its_due_time() -> None:
    """Retries survive restarts: no node comes back early, and none waits anew."""
    node = woken(Waiting(NOW + 50, LINK), retries=1)
    assert node.row(APP).state == Waiting(NOW + 50, LINK)
    assert not asks(node)
    node.tick(49)
    assert node.state_of(APP) == "waiting"
    node.tick(2)
    assert node.state_of(APP) == "queued"
    assert node.row(APP).retries == 2
    assert asks(node)


def test_a_wait_that_fell_due_while_the_node_was_down_is_over() -> None:
    node = woken(Waiting(NOW - 3600, LINK), retries=1)
    assert (node.state_of(APP), node.row(APP).retries) == ("queued", 2)


def test_a_wait_whose_due_time_the_clock_left_behind_is_clamped() -> None:
    """The clock was a year ahead when the node went down."""
    node = woken(Waiting(NOW + 365 * 86_400, LINK), retries=0)
    assert node.state_of(APP) == "waiting"
    node.tick(70)
    assert node.state_of(APP) == "queued"


@pytest.mark.parametrize("problem", [SICK, FULL, Problem("paused", retry=Retry.HOLD)], ids=lambda problem: problem.code)
def test_what_was_held_is_looked_at_again(problem: Problem) -> None:
    """Runtime and disk may be well by now; they are asked, not remembered."""
    node = woken(Held(problem))
    assert node.state_of(APP) == "queued"
    assert asks(node)


def test_a_node_that_was_paused_stays_paused() -> None:
    node = OneNode((APP,), (row_of(APP.digest, Held(SICK)),), values={"paused": "1"})
    node.start()
    assert node.row(APP).state == Held(Problem("paused", retry=Retry.HOLD))
    assert not asks(node)


def test_what_was_given_up_for_a_passing_cause_is_tried_afresh() -> None:
    """A node that returns reconciles, failed deliveries included."""
    node = woken(Failed(LINK), retries=3)
    assert (node.state_of(APP), node.row(APP).retries) == ("queued", 0)
    assert asks(node)


def test_what_failed_for_good_stays_failed() -> None:
    node = woken(Failed(REFUSED), stored=True, retries=1)
    assert (node.row(APP).state, node.row(APP).retries) == (Failed(REFUSED), 1)
    assert not asks(node)


def test_what_an_operator_cancelled_stays_cancelled() -> None:
    node = woken(Cancelled(), note="operator")
    assert (node.state_of(APP), node.row(APP).note) == ("cancelled", "operator")
    assert not asks(node)


# --- files and catalog ------------------------------------------------------------------------


def test_a_copy_that_went_while_the_node_was_down_is_no_copy() -> None:
    node = OneNode((APP,), (row_of(APP.digest, Ready(), stored=True),), (file_of(APP),))
    node.start({})
    assert (node.state_of(APP), node.row(APP).stored) == ("ready", False)
    assert commands.ForgetFile(APP.name) in node.last


def test_a_copy_that_was_written_over_is_no_copy() -> None:
    node = OneNode((APP,), (row_of(APP.digest, Ready(), stored=True),), (file_of(APP),))
    node.start({APP.name: FileKey(1, 1, 5, 99)})
    assert not node.row(APP).stored


def test_a_copy_that_was_renamed_is_still_one() -> None:
    node = OneNode((APP,), (row_of(APP.digest, Ready(), stored=True),), (file_of(APP),))
    node.start({"renamed.tar": key_of(1)})
    assert node.row(APP).stored


def test_a_cell_that_never_came_to_be_is_made() -> None:
    """Killed between the entry's commit and its own: the catalog says what should be."""
    node = OneNode((APP,))
    node.start()
    assert node.state_of(APP) == "queued"
    assert asks(node)


def test_an_entry_for_others_makes_no_cell() -> None:
    other = entry_of("other", "other:1", selector=type(APP.selector)(APP.order, (ONE,)))
    node = OneNode((other,))
    node.start()
    assert node.state.own(other.digest) is None


@pytest.mark.parametrize(
    "state", [Queued(), Transferring(ONE), Loading(), Waiting(NOW, LINK), Held(SICK)], ids=state_name
)
def test_what_was_superseded_meanwhile_is_not_taken_up(state: State) -> None:
    newer = entry_of("newer", "app:1", count=2)
    older = entry_of("app", "app:1", superseded_by=newer.order)
    node = OneNode((older, newer), (row_of(older.digest, state),))
    node.start()
    assert (node.state_of(older), node.row(older).note) == ("cancelled", "superseded")
    assert commands.DiscardIncoming(older.digest, older.fingerprint) in node.last


def test_versions_go_on_where_the_ledger_left_off() -> None:
    node = woken(Transferring(ONE))
    assert node.row(APP).version > 7
    assert all(row.row.version > 7 for row in node.done(commands.SaveRow) if row.row.node == ME)
