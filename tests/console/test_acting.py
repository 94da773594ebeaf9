"""What keys ask of the daemon, when they ask the person first, and how the outcome is told."""

import asyncio

import pytest

from backend.api.wire import Action, CheckDocument, HealthDocument, JobResult, NodeResult
from backend.model.errors import CountChangedError, DsyncError, NotReachedError, RefusedError
from backend.texts import told as told_in
from dsync_tui.console import jobs
from dsync_tui.console.screens.confirm import Choice, Question
from dsync_tui.console.targets import Targets, weigh
from tests.support.console import console, pressed, screen_text, settle
from tests.support.console import toast as told
from tests.support.console_fleets import MIB, bad_health, digest_of, greeting, large_fleet

SIZE = (120, 36)


# --- cells ----------------------------------------------------------------------------------------------------------


async def test_sync_of_a_cell_asks_nobody_and_tells_its_result() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "s")
        (action,) = made.link.actions
        assert (action.verb, action.archives, action.nodes) == ("sync", [digest_of(5)], ["edge-berlin"])
        assert action.key
        assert told(made) == "sync: deliveries 1 on edge-berlin"


async def test_every_action_has_a_key_of_its_own() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "s", "s")
        assert len({action.key for action in made.link.actions}) == 2


@pytest.mark.parametrize(
    ("keys", "verb", "node", "digest"),
    [
        (["G", "r"], "retry", "worker-03", digest_of(5)),
        (["l", "x"], "cancel", "edge-berlin", digest_of(4)),
        (["a"], "load", "edge-berlin", digest_of(5)),
        (["3", "r"], "retry", "edge-oslo", digest_of(4)),
        (["2", "x"], "cancel", "worker-02", digest_of(4)),
    ],
)
async def test_verbs_go_to_what_is_under_the_cursor(keys: list[str], verb: str, node: str, digest: str) -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, *keys)
        (action,) = made.link.actions
        assert (action.verb, action.archives, action.nodes) == (verb, [digest], [node])


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["r"], "Nothing here waits or has failed."),
        (["x"], "Nothing here is under way."),
        (["6", "s"], "Nothing to bring in order here."),
    ],
)
async def test_where_there_is_nothing_to_do_it_is_said(keys: list[str], said: str) -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, *keys)
        assert not made.link.actions
        assert told(made) == said


async def test_marked_nodes_are_meant_together() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "space", "space", "s")
        (action,) = made.link.actions
        assert action.nodes is not None
        assert set(action.nodes) == {"edge-berlin", "edge-oslo"}
        assert action.archives == [digest_of(5)]


async def test_nodes_and_archives_mean_all_of_theirs() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "5", "s")
        assert (made.link.actions[0].nodes, made.link.actions[0].archives) == (["edge-berlin"], None)
        await pressed(made, pilot, "6", "j", "s")
        assert (made.link.actions[1].nodes, made.link.actions[1].archives) == (None, [digest_of(5)])


async def test_marked_images_are_meant_together() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "v", "v", "space", "s")
        (action,) = made.link.actions
        assert action.nodes == ["edge-berlin"]
        assert action.archives is not None
        assert set(action.archives) == {digest_of(5), digest_of(4)}


async def test_marked_deliveries_are_meant_one_by_one_and_told_of_together() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "3", "V", "j", "V", "r")
        sent = sorted((action.archives, action.nodes) for action in made.link.actions)
        assert sent == [([digest_of(4)], ["edge-oslo"]), ([digest_of(5)], ["worker-03"])]
        assert told(made) == "retry: deliveries 2 on edge-oslo, worker-03"


async def test_of_several_requests_what_failed_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    made = console()
    real = made.link.act

    async def act(action: Action) -> str:
        if action.nodes == ["worker-03"]:
            raise RefusedError(what="retry", why="not there")
        return await real(action)

    monkeypatch.setattr(made.link, "act", act)
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "3", "space", "space", "r")
        first, second, *_ = told(made).splitlines()
        assert first == "retry: deliveries 1 on edge-oslo"
        assert "not there" in second
        assert list(made.app._notifications)[-1].severity == "error"


async def test_an_archive_is_withdrawn_once_it_was_seen_what_that_ends() -> None:
    made = console()
    made.link.results["withdraw"] = JobResult("j", "withdraw", True, "", [NodeResult("master", "done", 1)])
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "6", "j", "j", "W")
        assert isinstance(made.app.screen, Question)
        assert "nginx:1.27-alpine: held by 3, on its way to 5" in screen_text(made)
        await pressed(made, pilot, "enter")
        assert not made.link.actions, "the focus is on Cancel"
        await pressed(made, pilot, "W", "right", "enter")
        (action,) = made.link.actions
        assert (action.verb, action.archives, action.nodes, action.argument) == ("withdraw", [digest_of(4)], None, "")
        assert told(made) == "withdraw: archives 1"


async def test_what_was_refused_cannot_be_withdrawn() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "6", "W")
        assert told(made) == "No active archive is under the cursor."


# --- asking first ---------------------------------------------------------------------------------------------------


async def test_many_targets_are_asked_about_with_the_focus_on_cancel() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "6", "asterisk", "s")
        assert isinstance(made.app.screen, Question)
        assert isinstance(made.app.focused, Choice)
        assert made.app.focused.answer.id == "cancel"
        assert "deliveries: 39" in screen_text(made)
        await pressed(made, pilot, "enter")
        assert made.at_home()
        assert not made.link.actions
        await pressed(made, pilot, "s", "tab", "enter")
        assert [action.verb for action in made.link.actions] == ["sync"]


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_a_question_can_be_left(key: str) -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "6", "asterisk", "s", key)
        assert made.at_home()
        assert not made.link.actions


async def test_answers_can_be_reached_by_every_way_and_clicked() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "6", "asterisk", "s")
        for keys in (["right"], ["left"], ["l"], ["h"], ["tab"], ["shift+tab"]):
            await pressed(made, pilot, *keys)
        assert isinstance(made.app.focused, Choice)
        assert made.app.focused.answer.id == "cancel"
        await pilot.click("#answer-yes")
        await settle(made, pilot)
        assert [action.verb for action in made.link.actions] == ["sync"]


async def test_retry_all_tells_what_was_seen() -> None:
    made = console()
    made.link.results["retry"] = CountChangedError(expected=4, found=5)
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "R")
        (action,) = made.link.actions
        assert (action.archives, action.nodes, action.expected) == (None, None, 4)
        assert "retry: " in told(made)
        assert "5" in told(made)


async def test_what_a_person_was_asked_about_is_refused_if_it_has_changed() -> None:
    made = console(large_fleet(40, 60))
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "5", "asterisk", "r", "right", "enter")
        (action,) = made.link.actions
        assert action.expected == weigh(made.app.kit.store, "retry", Targets()).cells > 10


async def test_retry_all_of_many_asks_first() -> None:
    made = console(large_fleet(40, 60))
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "R")
        assert isinstance(made.app.screen, Question)
        assert "Nodes: all 40" in screen_text(made)


# --- outcomes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ([NodeResult("a", "done", 2), NodeResult("b", "done", 0)], "sync: deliveries 2 on a"),
        ([NodeResult(name, "done", 1) for name in "abcd"], "sync: deliveries 4 on nodes: 4"),
        ([NodeResult("a", "unreachable", 0, "a is out of reach")], "sync: a out of reach"),
        ([NodeResult("a", "refused", 0, "no")], "sync: refused by a: no"),
        (
            [NodeResult("a", "done", 1), NodeResult("b", "unreachable", 0)],
            "sync: deliveries 1 on a\nsync: b out of reach",
        ),
        ([], "sync: nobody to do it"),
    ],
)
async def test_results_are_told_node_by_node(nodes: list[NodeResult], said: str) -> None:
    made = console()
    ok = bool(nodes) and all(node.outcome == "done" for node in nodes)
    made.link.results["sync"] = JobResult("j", "sync", ok, "nobody to do it", nodes)
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "s")
        assert told(made) == said
        assert list(made.app._notifications)[-1].severity == ("information" if ok else "error")


async def test_a_result_of_nothing_is_told_with_its_reason() -> None:
    made = console()
    why = told_in("why", "nothing.withdrawn", archive="app.tar")
    nothing = [NodeResult("a", "done", 0)]
    made.link.results["sync"] = JobResult("j", "sync", True, "", nothing, code="job.cells", params=why)
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "s")
        first, second = told(made).splitlines()
        assert first == "sync: deliveries 0 on a"
        assert second == "app.tar is withdrawn; dropped in again it is published anew"


async def test_a_refusal_is_told_with_its_reason() -> None:
    made = console()
    made.link.results["sync"] = RefusedError(what="sync", why="you may only read")
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "s")
        assert told(made).startswith("sync: ")
        assert "you may only read" in told(made)


async def test_a_result_is_asked_for_again_after_the_daemon_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "AGAIN_S", 0.0)
    made = console()
    answers: list[JobResult | DsyncError | None] = [
        NotReachedError(socket="x", why="gone"),
        None,
        JobResult("j", "sync", True, "", [NodeResult("edge-berlin", "done", 1)]),
    ]

    async def job(job: str, wait_s: float = 0.0) -> JobResult | None:
        await asyncio.sleep(0)
        answer = answers.pop(0)
        if isinstance(answer, DsyncError):
            raise answer
        return answer

    monkeypatch.setattr(made.link, "job", job)
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "s")
        assert told(made) == "sync: deliveries 1 on edge-berlin"
        assert not answers


async def test_toasts_are_plain_text() -> None:
    made = console()
    made.link.results["sync"] = JobResult("j", "sync", False, "[@click=app.quit]x[/]", [])
    async with made.app.run_test(size=SIZE, notifications=True) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "s")
        assert "[@click=app.quit]x[/]" in screen_text(made)


# --- clean ----------------------------------------------------------------------------------------------------------


def planned(*lines: str) -> JobResult:
    return JobResult("j", "clean", True, "", [NodeResult("edge-berlin", "done", len(lines))], list(lines))


async def test_clean_lists_first_and_cleans_only_when_told_to() -> None:
    made = console()
    made.link.results["clean dry-run"] = planned("1.2 GiB  /data/docker-tar/.incoming/3a1f/data", "4 KiB  x.tmp")
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "D")
        assert [action.argument for action in made.link.actions] == ["dry-run"]
        assert made.link.actions[0].nodes == ["edge-berlin"]
        assert ".incoming/3a1f/data" in screen_text(made)
        assert isinstance(made.app.focused, Choice)
        assert made.app.focused.answer.id == "cancel"
        await pressed(made, pilot, "escape")
        assert len(made.link.actions) == 1
        made.link.results["clean"] = planned("a", "b")
        await pressed(made, pilot, "D", "right", "enter")
        assert [action.argument for action in made.link.actions] == ["dry-run", "dry-run", ""]
        assert told(made) == "clean: files removed 2 on edge-berlin"


async def test_a_long_list_is_scrolled_and_cut() -> None:
    made = console()
    made.link.results["clean dry-run"] = planned(*(f"1 KiB  file-{number}.tmp" for number in range(300)))
    async with made.app.run_test(size=(80, 24)) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "D")
        assert "file-0.tmp" in screen_text(made)
        assert "[ Cancel ]" in screen_text(made)
        await pressed(made, pilot, *["pagedown"] * 30)
        assert "and 100 more" in screen_text(made)


async def test_where_there_is_nothing_to_clean_nobody_is_asked() -> None:
    made = console()
    made.link.results["clean dry-run"] = planned()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "D")
        assert told(made) == "edge-berlin: nothing to clean"
        assert made.at_home()


async def test_a_clean_that_is_refused_ends_there() -> None:
    made = console()
    made.link.results["clean"] = RefusedError(what="clean", why="not here")
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "D")
        assert "not here" in told(made)
        assert made.at_home()


async def test_marked_nodes_are_cleaned_together_and_listed_apart() -> None:
    made = console()
    made.link.results["clean dry-run"] = planned("4 KiB  x.tmp")
    made.link.results["clean"] = JobResult(
        "j", "clean", True, "", [NodeResult("edge-berlin", "done", 1), NodeResult("edge-oslo", "done", 1)]
    )
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "space", "space", "D")
        text = screen_text(made)
        assert "Clean edge-berlin, edge-oslo?" in text
        assert text.count("x.tmp") == 2
        await pressed(made, pilot, "right", "enter")
        assert [(action.nodes, action.argument) for action in made.link.actions] == [
            (["edge-berlin"], "dry-run"),
            (["edge-oslo"], "dry-run"),
            (["edge-berlin", "edge-oslo"], ""),
        ]
        assert told(made) == "clean: files removed 2 on edge-berlin, edge-oslo"


# --- nodes ----------------------------------------------------------------------------------------------------------


async def test_bandwidth_goes_from_the_limit_in_force() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "5", "slash", *"worker-02", "enter", "plus")
        assert (made.link.actions[0].argument, made.link.actions[0].nodes) == ("160MiB/s", ["worker-02"])
        assert told(made) == "worker-02: at most 160 MiB/s a transfer"
        await pressed(made, pilot, "minus")
        assert made.link.actions[1].argument == "40MiB/s"


async def test_bandwidth_without_a_limit_can_only_go_down() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "equals_sign")
        assert not made.link.actions
        assert told(made) == "edge-berlin: no limit"
        await pressed(made, pilot, "minus")
        assert made.link.actions[0].argument == f"{640 * MIB // MIB}MiB/s"


async def test_a_limit_that_is_refused_is_told() -> None:
    made = console()
    made.link.results["limit"] = JobResult("j", "limit", False, "", [NodeResult("edge-berlin", "unreachable", 0)])
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "minus")
        assert told(made) == "limit: edge-berlin out of reach"


async def test_pause_and_resume() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "5", "p", "slash", *"store", "enter", "p")
        assert [(action.verb, action.nodes) for action in made.link.actions] == [
            ("pause", ["edge-berlin"]),
            ("resume", ["store"]),
        ]


async def test_marked_nodes_are_paused_together_and_go_on_once_all_are_paused() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "5", "slash", *"store", "enter", "space", "escape", "g", "space", "p", "minus")
        assert [(action.verb, action.nodes) for action in made.link.actions] == [
            ("pause", ["edge-berlin", "store"]),
            ("limit", ["edge-berlin", "store"]),
        ]


# --- health ---------------------------------------------------------------------------------------------------------


async def test_health_begins_with_the_daemons_own_checks() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "4")
        text = screen_text(made)
        assert "Checks of master" in text
        assert "watch triggers within 3 s" in text
        assert text.count("✓") == 12


async def test_checks_of_any_node_are_run_on_demand() -> None:
    made = console()
    made.link.healths["worker-01"] = bad_health("worker-01")
    made.link.healths["edge-oslo"] = NotReachedError(socket="x", why="out of reach")
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "4", "slash", *"worker-01", "enter", "c")
        text = screen_text(made)
        assert "✗" in text
        assert "not every node is reached" in text
        assert "dsync-tui nodes list" in text
        await pressed(made, pilot, "escape", "g", "enter")
        assert "out of reach" in screen_text(made)


async def test_checks_of_all_marked_nodes_are_run() -> None:
    made = console()
    made.link.healths["worker-01"] = bad_health("worker-01")
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "4", "asterisk", "c")
        rows = [line for line in screen_text(made).splitlines() if line[2:10].strip() in NODES]
        assert len(rows) == 8
        assert [row.count("✗") for row in rows] == [int("worker-01" in row) for row in rows]


NODES = {"edge-osl", "edge-par", "edge-ber", "store", "master", "worker-0"}


async def test_checks_that_run_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    made = console()
    may_end = asyncio.Event()

    async def health(node: str | None = None) -> HealthDocument:
        await may_end.wait()
        return HealthDocument("master", True, [CheckDocument("store", True, "fine")])

    monkeypatch.setattr(made.link, "health", health)
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "4")
        assert "The checks are running" in screen_text(made)
        may_end.set()
        await settle(made, pilot)
        assert "The checks are running" not in screen_text(made)


# --- not allowed ----------------------------------------------------------------------------------------------------


ACTING_KEYS = ["s", "r", "R", "a", "x", "p", "D", "plus", "minus"]


async def test_a_reader_can_look_at_everything_and_do_nothing() -> None:
    made = console(hello=greeting(role="reader"))
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, *ACTING_KEYS, "4", "c", "enter", "5", "3")
        assert not made.link.actions
        assert "READ-ONLY" in screen_text(made)


async def test_nothing_is_done_while_the_daemon_is_away() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        made.lose()
        await settle(made, pilot)
        await pressed(made, pilot, *ACTING_KEYS)
        assert not made.link.actions
        made.find()
        await settle(made, pilot)
        await pressed(made, pilot, "s")
        assert len(made.link.actions) == 1
