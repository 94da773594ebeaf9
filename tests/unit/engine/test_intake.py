"""From a change in the store to an event, under virtual time: settle, lease, moves, failures, names."""

import logging
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from backend.engine.intake import HASH_AFTER_S, ODDITIES_AT_ONCE, TRY_AGAIN_S, Intake
from backend.logic.state import NodeState, Policy
from backend.model import events
from backend.model.archive import ArchiveFacts, FileKey, KnownFile, RejectedFile
from backend.model.errors import (
    BadNameError,
    DsyncError,
    FolderError,
    LinkError,
    Problem,
    Retry,
    StoreError,
    TruncatedError,
    UnreadableError,
    UnstableError,
    VanishedError,
)
from backend.model.ids import Digest, Fingerprint, Hashes, NodeId
from backend.ports.clock import FakeClock
from backend.ports.fake_intake import FakeInspector, FakeWatcher
from backend.ports.fake_store import FakeStore
from backend.ports.store import PROBE_PREFIX
from backend.ports.tasks import TaskOwner
from tests.support.sim import archive

SETTLE_S = 3.0
NAME = "app.tar"
FACTS = archive("v1", "app:1")
OTHER = archive("v2", "app:1")
ME = NodeId("SHA256:me")


class MoodyStore(FakeStore):
    """A store that cannot be looked at while ``problem`` is set."""

    problem: DsyncError | None = None

    def key_of(self, name: str) -> FileKey | None:
        if self.problem is not None:
            raise self.problem
        return super().key_of(name)

    async def list(self) -> dict[str, FileKey]:
        if self.problem is not None:
            raise self.problem
        return dict(await super().list())


class Desk:
    """An intake among fakes; ``told`` are its events, oldest first."""

    def __init__(self) -> None:
        self.store = MoodyStore()
        self.watcher = FakeWatcher()
        self.inspector = FakeInspector()
        self.clock = FakeClock()
        self.state = NodeState(ME, "me", Policy())
        self.told: list[events.Event] = []
        self.intake = Intake(
            self.store, self.watcher, self.inspector, self.clock, self.state, self.told.append, SETTLE_S
        )

    def answer(self, answer: ArchiveFacts | DsyncError, name: str = NAME) -> None:
        """What an inspection of the file will say."""
        self.inspector.put(self.store.directory / name, answer)

    def put(self, name: str = NAME, data: bytes = b"one", answer: ArchiveFacts | DsyncError = FACTS) -> FileKey:
        """A file appears and the watcher tells of it."""
        key = self.store.put(name, data)
        self.answer(answer, name)
        self.watcher.tell(name)
        return key

    def know(self, name: str, key: FileKey, facts: ArchiveFacts = FACTS) -> None:
        """The ledger knows a file."""
        self.state.files[name] = KnownFile(name, key, facts.hashes.digest, placed=False)

    @property
    def arrived(self) -> list[events.ArchiveArrived]:
        return [event for event in self.told if isinstance(event, events.ArchiveArrived)]

    @property
    def rejected(self) -> list[events.ArchiveRejected]:
        return [event for event in self.told if isinstance(event, events.ArchiveRejected)]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made, owner = Desk(), TaskOwner("test")
    owner.start(made.intake.run(), "intake")
    await made.clock.settle()
    yield made
    await owner.close()
    assert made.inspector.reading == 0


# --- settling ---------------------------------------------------------------------------------


async def test_a_file_is_taken_once_it_has_been_quiet_for_the_settle_time(desk: Desk) -> None:
    key = desk.put()
    await desk.clock.advance(SETTLE_S - 0.01)
    assert desk.told == []
    await desk.clock.advance(0.01)
    assert desk.told == [events.ArchiveArrived(NAME, key, FACTS)]


async def test_reading_begins_beside_the_settle_time(desk: Desk) -> None:
    desk.put()
    await desk.clock.advance(HASH_AFTER_S - 0.01)
    assert desk.inspector.asked == []
    await desk.clock.advance(0.01)
    assert desk.inspector.asked == [("inspect", desk.store.directory / NAME)]
    await desk.clock.advance(SETTLE_S)
    assert len(desk.inspector.asked) == 1


async def test_news_of_a_file_begin_the_settle_time_anew(desk: Desk) -> None:
    desk.put()
    await desk.clock.advance(2.0)
    desk.watcher.tell(NAME)
    await desk.clock.advance(2.0)
    assert desk.told == []
    await desk.clock.advance(1.0)
    assert len(desk.arrived) == 1


async def test_files_settle_however_often_the_store_is_looked_through(desk: Desk) -> None:
    """Without a watch that is every two seconds, which is less than the settle time."""
    key = desk.store.put(NAME, b"one")
    desk.answer(FACTS)
    for _ in range(int(SETTLE_S / 0.1) + 1):
        desk.watcher.renew()
        await desk.clock.advance(0.1)
    assert desk.told == [events.ArchiveArrived(NAME, key, FACTS)]


async def test_a_look_through_the_store_sees_what_has_moved(desk: Desk) -> None:
    desk.put()
    await desk.clock.advance(SETTLE_S - 0.1)
    key = desk.store.put(NAME, b"other")
    desk.answer(OTHER)
    desk.watcher.renew()
    await desk.clock.advance(SETTLE_S - 0.1)
    assert desk.told == []
    await desk.clock.advance(0.6)
    assert desk.told == [events.ArchiveArrived(NAME, key, OTHER)]


async def test_a_file_that_grows_without_news_is_noticed_too(desk: Desk) -> None:
    """inotify tells of no write through a mapping, nor of one on another client of a network file system."""
    desk.put(data=b"half")
    await desk.clock.advance(2.0)
    key = desk.store.put(NAME, b"the whole")
    await desk.clock.advance(SETTLE_S - 0.5)
    assert desk.told == []
    await desk.clock.advance(1.0)
    assert [event.key for event in desk.arrived] == [key]


async def test_a_file_that_is_open_for_writing_is_not_taken_however_quiet(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """A copy that pauses: the lease is refused, and the log says why nothing happens."""
    caplog.set_level(logging.INFO, "dsync.intake")
    desk.store.writers.add(NAME)
    desk.put()
    await desk.clock.advance(60)
    assert desk.told == []
    assert [record.message for record in caplog.records] == [f"{NAME} waits: a process has it open for writing"]
    desk.store.writers.clear()
    await desk.clock.advance(0.5)
    assert len(desk.arrived) == 1


async def test_what_was_read_of_a_file_that_moved_on_is_thrown_away(desk: Desk) -> None:
    desk.inspector.hold()
    desk.put(data=b"one")
    await desk.clock.advance(1.0)
    assert desk.inspector.reading == 1
    desk.answer(OTHER)
    key = desk.store.put(NAME, b"two")
    await desk.clock.advance(0.5)
    assert desk.inspector.reading == 0
    desk.inspector.release()
    await desk.clock.advance(SETTLE_S)
    assert desk.told == [events.ArchiveArrived(NAME, key, OTHER)]


async def test_a_file_that_changes_during_a_long_read_settles_again(desk: Desk) -> None:
    """The settle time is over, the hash of 20 GB is not, and somebody writes over it."""
    desk.inspector.hold()
    desk.put(data=b"one")
    await desk.clock.advance(60)
    desk.store.put(NAME, b"two")
    desk.answer(OTHER)
    desk.inspector.release()
    await desk.clock.advance(SETTLE_S - 0.1)
    assert desk.told == []
    await desk.clock.advance(0.2)
    assert [event.facts for event in desk.arrived] == [OTHER]


async def test_two_files_are_read_at_a_time(desk: Desk) -> None:
    desk.inspector.hold()
    for number in range(5):
        desk.put(f"{number}.tar", answer=archive(str(number), "app:1"))
    await desk.clock.advance(10)
    assert desk.inspector.reading == 2
    desk.inspector.release()
    await desk.clock.settle()
    assert len(desk.arrived) == 5


async def test_a_file_that_goes_before_it_is_taken_leaves_no_trace(desk: Desk) -> None:
    desk.put()
    await desk.clock.advance(1.0)
    del desk.store.files[NAME]
    desk.watcher.tell(NAME)
    await desk.clock.advance(600)
    assert desk.told == []


# --- failures ---------------------------------------------------------------------------------


async def test_a_bad_archive_is_rejected_for_good_with_its_hashes(desk: Desk) -> None:
    error = TruncatedError(name=NAME, detail="ends too early")
    error.hashes = Hashes(Fingerprint("a" * 32), Digest("sha256:b"), 3)
    key = desk.put(answer=error)
    await desk.clock.advance(SETTLE_S)
    told = events.ArchiveRejected(NAME, key, error.problem(), Fingerprint("a" * 32), Digest("sha256:b"))
    assert desk.told == [told]
    await desk.clock.advance(600)
    assert desk.told == [told]


async def test_a_verdict_waits_for_the_settle_time_too(desk: Desk) -> None:
    """Half a file is truncated; that is no news while it is being written."""
    desk.put(answer=TruncatedError(name=NAME, detail="half"))
    await desk.clock.advance(SETTLE_S - 0.1)
    assert desk.told == []
    desk.store.put(NAME, b"the whole")
    desk.answer(FACTS)
    desk.watcher.tell(NAME)
    await desk.clock.advance(2 * SETTLE_S)
    assert desk.rejected == []
    assert len(desk.arrived) == 1


async def test_an_unreadable_file_is_shown_and_tried_again(desk: Desk) -> None:
    error = UnreadableError(name=NAME, detail="Permission denied")
    desk.put(answer=error)
    await desk.clock.advance(SETTLE_S)
    assert [event.problem for event in desk.rejected] == [error.problem()]
    assert desk.rejected[0].problem.retry is Retry.LATER
    await desk.clock.advance(TRY_AGAIN_S[0] + HASH_AFTER_S + SETTLE_S)
    assert len(desk.rejected) == 2
    desk.answer(FACTS)
    await desk.clock.advance(TRY_AGAIN_S[1] + HASH_AFTER_S + SETTLE_S)
    assert len(desk.arrived) == 1


async def test_the_right_to_read_is_noticed_at_once(desk: Desk) -> None:
    """``chmod 644``: nobody waits for the next try."""
    desk.put(answer=UnreadableError(name=NAME, detail="Permission denied"))
    await desk.clock.advance(300)
    desk.told.clear()
    desk.answer(FACTS)
    desk.watcher.tell(NAME)
    await desk.clock.advance(SETTLE_S + 0.1)
    assert [type(event) for event in desk.told] == [events.ArchiveArrived]


async def test_waits_between_tries_grow_and_never_end(desk: Desk) -> None:
    desk.put(answer=UnreadableError(name=NAME, detail="Permission denied"))
    await desk.clock.advance(1800)
    before = len(desk.rejected)
    await desk.clock.advance(1800)
    tries = len(desk.rejected) - before
    assert 1800 / (TRY_AGAIN_S[-1] + 2 * SETTLE_S) - 1 <= tries <= 1800 / TRY_AGAIN_S[-1]


async def test_vanished_while_read_and_gone_is_no_news(desk: Desk) -> None:
    desk.put(answer=VanishedError(name=NAME))
    desk.inspector.hold()
    await desk.clock.advance(SETTLE_S)
    del desk.store.files[NAME]
    desk.inspector.release()
    await desk.clock.advance(600)
    assert desk.told == []


async def test_vanished_while_read_and_there_again_is_taken(desk: Desk) -> None:
    """``mv`` over the file in the midst of the read: the new one must not wait for the next sweep."""
    desk.put(answer=VanishedError(name=NAME))
    desk.inspector.hold()
    await desk.clock.advance(SETTLE_S)
    key = desk.store.put(NAME, b"two")
    desk.inspector.release()
    await desk.clock.settle()
    desk.answer(OTHER)
    await desk.clock.advance(SETTLE_S + 1)
    assert desk.told == [events.ArchiveArrived(NAME, key, OTHER)]


async def test_what_contradicts_itself_is_told_only_when_it_lasts(desk: Desk) -> None:
    """A read that says "changed" where the key does not: once may be chance."""
    desk.put(answer=UnstableError(name=NAME))
    await desk.clock.advance(SETTLE_S)
    assert desk.told == []
    await desk.clock.advance(TRY_AGAIN_S[0] + HASH_AFTER_S + SETTLE_S)
    assert [event.problem.code for event in desk.rejected] == ["file-unstable"]


async def test_an_inspection_that_breaks_harms_only_its_file(desk: Desk) -> None:
    """Whatever a hostile file does to our own code, the operator sees it."""

    async def choke(path: object) -> ArchiveFacts:
        raise ZeroDivisionError("by a file")

    desk.inspector.inspect = choke  # type: ignore[method-assign]
    desk.put()
    await desk.clock.advance(SETTLE_S)
    (told,) = desk.rejected
    assert told.problem.code == "internal"
    assert told.problem.params["detail"] == "ZeroDivisionError: by a file"


async def test_a_store_that_cannot_be_looked_at_ends_nothing(desk: Desk) -> None:
    desk.put("first.tar")
    await desk.clock.advance(1.0)
    desk.store.problem = StoreError(path="/store", detail="Input/output error")
    desk.put("second.tar", answer=OTHER)
    await desk.clock.advance(30.0)
    assert desk.told == []
    desk.store.problem = None
    desk.watcher.renew()
    await desk.clock.advance(60.0)
    assert sorted(event.name for event in desk.arrived) == ["first.tar", "second.tar"]


async def test_waiting_takes_next_to_no_memory(desk: Desk) -> None:
    """A store full of files that cannot be read yet."""
    tracemalloc.start()
    try:
        for number in range(20):
            desk.put(f"{number}.tar", answer=UnreadableError(name="x", detail="Permission denied"))
        await desk.clock.advance(SETTLE_S)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(desk.rejected) == 20
    assert peak_bytes < 2_000_000


# --- names ------------------------------------------------------------------------------------


async def test_known_files_are_no_news(desk: Desk) -> None:
    key = desk.store.put(NAME, b"one")
    desk.know(NAME, key)
    desk.watcher.tell(NAME)
    desk.watcher.renew()
    await desk.clock.advance(600)
    assert desk.told == []
    assert desk.inspector.asked == []


async def test_what_was_rejected_for_good_is_looked_at_again_only_when_it_changes(desk: Desk) -> None:
    key = desk.store.put(NAME, b"bad")
    problem = Problem("archive-truncated", retry=Retry.NEVER)
    desk.state.rejected[NAME] = RejectedFile(NAME, key, problem, Fingerprint(""), Digest(""), 0.0)
    desk.watcher.renew()
    await desk.clock.advance(600)
    assert desk.told == []
    desk.put(data=b"good")
    await desk.clock.advance(SETTLE_S)
    assert len(desk.arrived) == 1


async def test_a_rename_is_one_step_in_whatever_order_its_halves_are_told(desk: Desk) -> None:
    """Else the copy would be lost and found, and read again."""
    names = [f"{number}.tar" for number in range(20)]
    for name in names:
        key = desk.store.put(name, name.encode())
        desk.know(name, key, archive(name, "app:1"))
    for name in names:
        desk.store.files[f"new-{name}"] = desk.store.files.pop(name)
    desk.watcher.tell(*names, *(f"new-{name}" for name in names))
    await desk.clock.settle()
    kinds = [type(event) for event in desk.told]
    assert kinds == [events.FileRenamed] * 20 + [events.FileVanished] * 20
    await desk.clock.advance(600)
    assert desk.inspector.asked == []


async def test_a_second_name_of_a_known_file_is_told_once(desk: Desk) -> None:
    """A hard link that an operator made; once it is known it is no news at any sweep."""
    key = desk.store.put(NAME, b"one")
    desk.know(NAME, key)
    desk.store.files["same.tar"] = desk.store.files[NAME]
    desk.watcher.tell("same.tar")
    await desk.clock.settle()
    assert desk.told == [events.FileRenamed("same.tar", key)]
    desk.know("same.tar", key)
    desk.told.clear()
    desk.watcher.tell("same.tar")
    desk.watcher.renew()
    await desk.clock.settle()
    assert desk.told == []


async def test_a_file_that_is_being_placed_is_no_news(desk: Desk) -> None:
    """Its inode is known under .incoming before it gets its name."""
    key = desk.store.put(NAME, b"one")
    desk.know(".incoming/abc", key)
    desk.watcher.tell(NAME)
    await desk.clock.advance(600)
    assert desk.told == []


async def test_files_that_are_gone_are_told(desk: Desk) -> None:
    desk.know("known.tar", desk.store.make(b"one").key)
    refused = RejectedFile("bad.tar", desk.store.make(b"x").key, Problem("x"), Fingerprint(""), Digest(""), 0.0)
    desk.state.rejected["bad.tar"] = refused
    desk.watcher.tell("known.tar", "never.tar")
    await desk.clock.settle()
    assert desk.told == [events.FileVanished("known.tar")]
    desk.told.clear()
    del desk.state.files["known.tar"]
    desk.know(".incoming/abc", desk.store.make(b"two").key)
    desk.watcher.renew()
    await desk.clock.settle()
    assert desk.told == [events.FileVanished("bad.tar")]


async def test_what_was_there_before_is_found_at_the_start() -> None:
    desk, owner = Desk(), TaskOwner("test")
    desk.store.put(NAME, b"one")
    desk.answer(FACTS)
    owner.start(desk.intake.run(), "intake")
    await desk.clock.advance(SETTLE_S)
    assert len(desk.arrived) == 1
    await owner.close()


async def test_the_health_check_s_file_is_seen_and_never_read(desk: Desk) -> None:
    before = desk.intake.last_event_at
    await desk.clock.advance(1.0)
    desk.put(f"{PROBE_PREFIX}abc.probe")
    await desk.clock.advance(600)
    assert desk.intake.last_event_at not in (before, None)
    assert desk.told == []
    assert desk.inspector.asked == []


# --- what is left alone -----------------------------------------------------------------------


async def test_what_is_left_alone_is_told_at_once_and_once(desk: Desk) -> None:
    desk.store.odd = {"link.tar": LinkError(name="link.tar"), "caf\udce9.tar": BadNameError(name="café", path="")}
    desk.watcher.tell("link.tar")
    await desk.clock.settle()
    assert desk.told == [events.FileLeftAlone(LinkError(name="link.tar").problem())]
    for _ in range(3):
        desk.watcher.tell("link.tar")
        desk.watcher.renew()
        await desk.clock.settle()
    assert desk.told[1:] == [events.FileLeftAlone(BadNameError(name="café", path="").problem())]


async def test_what_was_put_away_and_comes_back_is_told_anew(desk: Desk) -> None:
    link, folder = LinkError(name="app.tar"), FolderError(name="app.tar")
    for odd in ({"app.tar": link}, {}, {"app.tar": link}, {"app.tar": folder}):
        desk.store.odd = dict(odd)
        desk.watcher.renew()
        await desk.clock.settle()
    desk.store.odd = {}
    desk.watcher.tell("app.tar")
    await desk.clock.settle()
    desk.store.odd = {"app.tar": folder}
    desk.watcher.tell("app.tar")
    await desk.clock.settle()
    told = [link, link, folder, folder]
    assert desk.told == [events.FileLeftAlone(error.problem()) for error in told]


async def test_a_store_full_of_what_is_left_alone_drowns_nobody(desk: Desk) -> None:
    names = [f"{number}.tar" for number in range(ODDITIES_AT_ONCE + 5)]
    desk.store.odd = {name: LinkError(name=name) for name in names}
    desk.watcher.renew()
    await desk.clock.settle()
    assert len(desk.told) == ODDITIES_AT_ONCE
    await desk.intake.look_at_all()
    await desk.intake.look_at_all()
    assert desk.told == [events.FileLeftAlone(LinkError(name=name).problem()) for name in names]


# --- files that this daemon received ----------------------------------------------------------


async def test_a_received_file_need_not_settle(desk: Desk) -> None:
    key = desk.store.put("app.tar.2", b"one")
    desk.answer(FACTS, "app.tar.2")
    desk.intake.offer("app.tar.2", NAME, (ME,))
    await desk.clock.settle()
    assert desk.told == [events.ArchiveArrived("app.tar.2", key, FACTS, (ME,), NAME)]
    assert desk.arrived[0].published_name == NAME


async def test_a_received_file_keeps_its_selector_when_the_watcher_is_quicker(desk: Desk) -> None:
    key = desk.put("app.tar.2")
    await desk.clock.advance(1.0)
    desk.intake.offer("app.tar.2", NAME, (ME,))
    await desk.clock.advance(600)
    assert desk.told == [events.ArchiveArrived("app.tar.2", key, FACTS, (ME,), NAME)]


async def test_a_received_file_that_is_written_over_settles_like_any_other(desk: Desk) -> None:
    desk.inspector.hold()
    desk.put()
    desk.intake.offer(NAME, "", None)
    await desk.clock.advance(0.1)
    desk.store.put(NAME, b"by hand")
    desk.answer(OTHER)
    desk.inspector.release()
    await desk.clock.advance(SETTLE_S - 0.1)
    assert desk.told == []
    await desk.clock.advance(1.0)
    assert [event.facts for event in desk.arrived] == [OTHER]
