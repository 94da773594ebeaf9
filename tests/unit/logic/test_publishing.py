"""What a file in the store means: a new archive, an alias, a successor, a collision, a loss."""

import msgspec
import pytest

from backend.logic.state import Policy
from backend.model import commands, events
from backend.model.archive import ArchiveFacts, CatalogEntry, EntryState, FileKey, Order
from backend.model.delivery import Cancelled, Ready, Stored, Transferring
from backend.model.errors import LinkError, Problem, Retry
from backend.model.events import Level
from backend.model.ids import Digest, Fingerprint, Hashes, NodeId
from backend.model.messages import Entries, Granted, Release, Ticket
from backend.model.runtime import RuntimeView
from backend.texts import note_text
from tests.support.sim import archive
from tests.support.turns import ME, ONE, TWO, OneNode, entry_of, file_of, key_of, row_of

V1, V2 = archive("v1", "app:1"), archive("v2", "app:1")
TAG = "docker.io/library/app:1"
NO_RUNTIME = Policy(has_runtime=False)


def started(policy: Policy | None = None, **ledger: object) -> OneNode:
    """A node that knows a little: an empty one would first listen to its peers."""
    seen = entry_of("seen", "seen:1", origin=TWO)
    entries = (seen, *ledger.pop("entries", ()))  # type: ignore[misc]
    node = OneNode(entries, policy=policy, **ledger)  # type: ignore[arg-type]
    node.start()
    return node


def drop(
    node: OneNode,
    facts: ArchiveFacts,
    name: str = "app.tar",
    number: int = 1,
    nodes: tuple[NodeId, ...] | None = None,
    published: str = "",
) -> CatalogEntry:
    """A settled file; the archive's entry afterwards."""
    node.see(events.ArchiveArrived(name, key_of(number), facts, nodes, published))
    return node.state.entries[facts.hashes.digest]


def told(node: OneNode) -> list[CatalogEntry]:
    """Entries that the last event told the peers."""
    messages = [command.message for command in node.done(commands.Broadcast)]
    return [entry for message in messages if isinstance(message, Entries) for entry in message.entries]


# --- new archives -----------------------------------------------------------------------------


def test_a_new_file_is_published_with_the_next_order() -> None:
    node = started(values={"count": "41"})
    entry = drop(node, V1)
    assert entry.order == Order(42, ME)
    assert (entry.name, entry.origin, entry.selector.nodes) == ("app.tar", ME, None)
    assert (entry.size_bytes, entry.images, entry.fingerprint) == (
        V1.hashes.size_bytes,
        V1.images,
        V1.hashes.fingerprint,
    )
    assert told(node) == [entry]
    assert commands.SaveEntry(entry) in node.last
    assert commands.SaveValue("count", "42") in node.last
    assert node.row(entry).stored
    assert commands.LookAtRuntime(entry) in node.last
    assert node.notes()[0] == "published"


def test_the_origin_has_a_cell_whatever_the_selector_says() -> None:
    node = started()
    entry = drop(node, V1, nodes=(ONE,))
    assert entry.selector.nodes == (ONE,)
    assert node.row(entry).stored


def test_where_there_is_no_runtime_the_copy_is_the_end() -> None:
    node = started(NO_RUNTIME)
    entry = drop(node, V1)
    assert node.state_of(entry) == "stored"


def test_a_streamed_file_is_known_under_the_name_that_was_meant() -> None:
    """On disk it is app.tar.2: app.tar was taken."""
    node = started()
    assert drop(node, V1, "app.tar.2", published="app.tar").name == "app.tar"
    assert [known.name for known in node.state.files.values()] == ["app.tar.2"]


# --- the same bytes again ---------------------------------------------------------------------


def test_the_same_bytes_under_another_name_are_an_alias() -> None:
    node = started()
    first = drop(node, V1)
    again = drop(node, V1, "copy.tar", 2)
    assert again == first
    assert told(node) == []
    assert commands.SaveAlias(first.digest, "copy.tar") in node.last
    assert node.notes() == ["alias"]
    drop(node, V1, "copy.tar", 3)
    assert node.notes() == []


def test_bytes_that_a_peer_published_are_no_work_either() -> None:
    theirs = entry_of("v1", "app:1", origin=ONE)
    node = started(entries=(theirs,))
    assert drop(node, V1, "mine.tar") == theirs
    assert told(node) == []
    assert node.row(theirs).stored


def test_a_fetch_of_bytes_that_are_dropped_in_by_hand_ends() -> None:
    theirs = entry_of("v1", "app:1", origin=ONE)
    holder = msgspec.structs.replace(row_of(theirs.digest, Ready(), stored=True), node=ONE)
    node = started(entries=(theirs,), rows=(holder,))
    node.greet(ONE)
    node.see(events.RuntimeLooked(theirs.digest, RuntimeView({}, {TAG: None})))
    node.hear(ONE, Granted(theirs.digest, Ticket(1, "dsync", "p", "u", "s"), theirs.size_bytes))
    assert node.row(theirs).state == Transferring(ONE)
    drop(node, V1)
    assert commands.StopWork(theirs.digest) in node.last
    assert Release(theirs.digest) in node.said(ONE)
    assert node.row(theirs).stored


def test_an_alias_may_widen_a_selector_and_never_narrows_it() -> None:
    node = started()
    drop(node, V1, nodes=(ONE,))
    assert drop(node, V1, "again.tar", 2, nodes=(TWO,)).selector.nodes == (ONE, TWO)
    assert drop(node, V1, "more.tar", 3, nodes=(ONE,)).selector.nodes == (ONE, TWO)
    assert told(node) == []
    assert drop(node, V1, "all.tar", 4).selector.nodes == (ONE, TWO)


# --- another archive under the same name ------------------------------------------------------


def test_a_new_file_over_the_old_name_supersedes() -> None:
    node = started()
    drop(node, V1)
    second = drop(node, V2, number=2)
    first = node.state.entries[V1.hashes.digest]
    assert first.state is EntryState.SUPERSEDED
    assert first.superseded_by == second.order
    assert told(node) == [second, first]
    assert not node.row(first).stored
    assert "superseded" in node.notes()


@pytest.mark.parametrize("policy", [None, NO_RUNTIME], ids=["runtime", "none"])
def test_a_file_that_is_replaced_was_not_removed_by_hand(policy: Policy | None) -> None:
    node = started(policy)
    first = drop(node, V1)
    drop(node, V2, number=2)
    assert not {"dropped-locally", "replaced-locally"}.intersection(node.notes())
    assert (node.state_of(first), node.row(first).note, node.row(first).stored) == ("cancelled", "superseded", False)


def test_what_is_put_over_another_origin_s_copy_replaces_it_here_only() -> None:
    theirs = entry_of("v1", "app:1", origin=ONE, name="app.tar")
    node = started(
        NO_RUNTIME, entries=(theirs,), rows=(row_of(theirs.digest, Stored(), stored=True),), files=(file_of(theirs, 5),)
    )
    drop(node, V2)
    assert node.state.entries[theirs.digest].active
    assert "replaced-locally" in node.notes()
    assert "dropped-locally" not in node.notes()
    assert not node.row(theirs).stored


def test_what_was_replaced_while_the_daemon_was_down_was_not_removed() -> None:
    mine = entry_of("v1", "app:1", origin=ME, name="app.tar")
    node = OneNode((mine,), (row_of(mine.digest, Stored(), stored=True),), (file_of(mine, 5),), policy=NO_RUNTIME)
    node.start({"app.tar": key_of(6)})
    assert node.notes() == ["replaced-locally"]
    assert not node.row(mine).stored


def test_another_origin_s_name_is_another_name() -> None:
    theirs = entry_of("v1", "app:1", origin=ONE, name="app.tar")
    node = started(entries=(theirs,))
    drop(node, V2)
    assert node.state.entries[theirs.digest].active


def test_the_published_name_counts_not_the_one_on_disk() -> None:
    node = started()
    drop(node, V1, "app.tar.2", published="app.tar")
    drop(node, V2, "app.tar.3", 2, published="app.tar")
    assert not node.state.entries[V1.hashes.digest].active


def test_known_bytes_over_another_archive_s_name_become_the_newest() -> None:
    """app.tar: v1, v2; then v1 is copied over app.tar while it lives on as old.tar."""
    node = started()
    drop(node, V1, "old.tar", 1)
    second = drop(node, V2, "app.tar", 2)
    first = drop(node, V1, "app.tar", 3)
    assert first.order > second.order
    assert node.state.entries[second.digest].superseded_by == first.order
    assert node.state.owners[TAG] == first.digest


@pytest.mark.parametrize("end", ["superseded_by", "withdrawn_at"])
def test_ended_bytes_that_are_dropped_in_again_are_published_anew(end: str) -> None:
    ended = entry_of("v1", "app:1", origin=ONE, count=5, **{end: Order(6, ONE)})
    node = started(entries=(ended,), rows=(row_of(ended.digest, Cancelled(), note="superseded"),))
    entry = drop(node, V1)
    assert entry.active
    assert (entry.order, entry.origin) == (Order(7, ME), ME)
    assert node.row(entry).note is None
    assert node.state_of(entry) == "queued"


# --- copies of what ended ---------------------------------------------------------------------


def removed(node: OneNode) -> list[str]:
    return [command.name for command in node.done(commands.RemoveStored)]


def test_placed_copies_go_once_the_successor_has_ended_well() -> None:
    old = entry_of("v1", "app:1", count=1)
    new = entry_of("v2", "app:1", count=2)
    node = started(
        NO_RUNTIME,
        entries=(msgspec.structs.replace(old, superseded_by=new.order), new),
        rows=(row_of(old.digest, Stored(), stored=True),),
        files=(file_of(old, 1, placed=True),),
    )
    assert removed(node) == []
    drop(node, V2, "v2.tar", 2)
    assert node.state_of(new) == "stored"
    assert removed(node) == [old.name]


def test_an_operator_s_own_files_stay() -> None:
    node = started(NO_RUNTIME)
    drop(node, V1, "mine.tar", 1, published="app.tar")
    drop(node, V2, "app.tar", 2)
    assert not node.state.entries[V1.hashes.digest].active
    assert removed(node) == []


# --- refusals ---------------------------------------------------------------------------------


def test_the_same_md5_with_other_bytes_is_an_alarm() -> None:
    node = started()
    entry = drop(node, V1)
    hashes = Hashes(V1.hashes.fingerprint, V2.hashes.digest, 5)
    node.see(events.ArchiveArrived("evil.tar", key_of(2), msgspec.structs.replace(V2, hashes=hashes)))
    assert V2.hashes.digest not in node.state.entries
    assert told(node) == []
    refused = node.state.rejected["evil.tar"]
    assert (refused.problem.code, refused.problem.retry) == ("fingerprint-collision", Retry.NEVER)
    assert refused.problem.params["known"] == entry.name
    (remark,) = node.done(commands.Remark)
    assert remark.note.level is Level.ALERT


def reject(node: OneNode, problem: Problem, key: FileKey, name: str = "app.tar") -> None:
    node.see(events.ArchiveRejected(name, key, problem, Fingerprint("e" * 32), Digest("")))


def test_a_rejection_is_kept_and_told_once() -> None:
    node, bad = started(), Problem("archive-truncated")
    reject(node, bad, key_of(1))
    assert (node.notes(), told(node)) == (["archive-rejected"], [])
    assert node.state.rejected["app.tar"].fingerprint == "e" * 32
    assert len(node.done(commands.SaveRejected)) == 1
    reject(node, bad, key_of(1))
    assert node.notes() == []
    reject(node, bad, key_of(2))
    assert node.notes() == ["archive-rejected"]


def test_a_bad_file_over_a_good_one_costs_the_copy_and_nothing_else() -> None:
    node = started()
    entry = drop(node, V1)
    reject(node, Problem("archive-truncated"), key_of(2))
    assert not node.row(entry).stored
    assert node.state.entries[entry.digest].active
    assert node.state_of(entry) == "queued"


def test_a_good_file_over_a_bad_one_ends_the_rejection() -> None:
    node = started()
    reject(node, Problem("archive-truncated"), key_of(1))
    drop(node, V1, number=2)
    assert node.state.rejected == {}


# --- losses -----------------------------------------------------------------------------------


def test_a_file_removed_by_hand_is_a_local_drop() -> None:
    node = started()
    entry = drop(node, V1)
    node.see(events.RuntimeLooked(entry.digest, RuntimeView({V1.images[0].config: "x"}, {TAG: "x"})))
    assert node.state_of(entry) == "ready"
    node.see(events.FileVanished("app.tar"))
    assert (node.state_of(entry), node.row(entry).stored) == ("ready", False)
    assert node.state.entries[entry.digest].active
    assert told(node) == []
    assert node.notes() == ["dropped-locally"]


def test_stored_without_a_copy_would_not_be_the_truth() -> None:
    node = started(NO_RUNTIME)
    entry = drop(node, V1)
    node.see(events.FileVanished("app.tar"))
    assert (node.state_of(entry), node.row(entry).note, node.row(entry).stored) == ("cancelled", "dropped", False)
    drop(node, V1, number=2)
    assert node.state_of(entry) == "stored"


def test_one_of_two_copies_is_no_loss() -> None:
    node = started(NO_RUNTIME)
    entry = drop(node, V1)
    drop(node, V1, "copy.tar", 2)
    node.see(events.FileVanished("app.tar"))
    assert (node.state_of(entry), node.row(entry).stored) == ("stored", True)


def test_a_rename_is_no_work() -> None:
    node = started(NO_RUNTIME)
    entry = drop(node, V1)
    node.see(events.FileRenamed("new.tar", key_of(1)))
    node.see(events.FileVanished("app.tar"))
    assert (node.state_of(entry), node.row(entry).stored) == ("stored", True)
    assert [known.name for known in node.state.files.values()] == ["new.tar"]
    assert told(node) == []


def test_what_was_never_known_is_not_missed() -> None:
    node = started()
    assert node.see(events.FileVanished("never.tar")) == []


# --- widening ---------------------------------------------------------------------------------


def test_of_what_is_left_alone_people_are_told_and_nothing_else_comes() -> None:
    node = started()
    node.see(events.FileLeftAlone(LinkError(name="app.tar").problem()))
    (said,) = node.last
    assert isinstance(said, commands.Remark)
    assert said.note.level is Level.WARNING
    line = note_text(said.note)
    assert line == "left alone in the store: app.tar is a symbolic link, which is not followed"


def test_widening_tells_the_peers_and_makes_a_cell() -> None:
    theirs = entry_of("v1", "app:1", origin=ONE)
    narrow = msgspec.structs.replace(theirs, selector=type(theirs.selector)(theirs.order, (TWO,)))
    node = started(entries=(narrow,))
    assert node.state.own(narrow.digest) is None
    node.see(events.SelectorWidened(narrow.digest, (ME,), "root"))
    assert told(node)[0].selector.nodes == tuple(sorted((ME, TWO)))
    assert told(node)[0].selector.order > theirs.order
    assert node.state_of(narrow) == "queued"


def test_widening_to_all_and_no_further() -> None:
    narrow = entry_of("v1", "app:1", origin=ONE)
    narrow = msgspec.structs.replace(narrow, selector=type(narrow.selector)(narrow.order, (TWO,)))
    node = started(entries=(narrow,))
    node.see(events.SelectorWidened(narrow.digest, None, "root"))
    assert told(node)[0].selector.nodes is None
    node.see(events.SelectorWidened(narrow.digest, (ONE,), "root"))
    assert told(node) == []
    assert node.see(events.SelectorWidened(Digest("sha256:unknown"), None, "root")) == []
