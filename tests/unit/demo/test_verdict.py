"""When a demo has ended, and well."""

import pytest

from backend.demo.verdict import Verdict, verdict_of
from tests.support.documents import archive, delivery, document

RUNNING, GOOD, BAD = Verdict(False, False), Verdict(True, True), Verdict(True, False)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("ready", "ready"), GOOD),
        (("ready", "stored"), GOOD),
        (("ready", "failed"), BAD),
        (("ready", "cancelled"), BAD),
        (("ready", "queued"), RUNNING),
        (("ready", "transferring"), RUNNING),
        (("failed", "verifying"), RUNNING),
        (("ready", "loading"), RUNNING),
        (("ready", "waiting"), RUNNING),
        (("ready", "held"), RUNNING),
    ],
)
def test_every_cell_of_an_active_archive_counts(states: tuple[str, ...], expected: Verdict) -> None:
    cells = [delivery(f"node-{number}", state) for number, state in enumerate(states)]
    assert verdict_of(document([archive("a.tar", cells)]), ["a.tar"], 2) == expected


def test_a_cell_that_is_not_reported_yet_has_not_ended() -> None:
    assert verdict_of(document([archive("a.tar", [delivery("node-0")])]), ["a.tar"], 2) == RUNNING


def test_a_file_that_was_dropped_and_is_not_known_yet_has_not_ended() -> None:
    cells = [delivery("node-0"), delivery("node-1")]
    assert verdict_of(document([archive("a.tar", cells)]), ["a.tar", "b.tar"], 2) == RUNNING


def test_another_name_of_the_same_bytes_is_known() -> None:
    cells = [delivery("node-0"), delivery("node-1")]
    one = archive("a.tar", cells, aliases=["b.tar"])
    assert verdict_of(document([one]), ["a.tar", "b.tar"], 2) == GOOD


@pytest.mark.parametrize(("state", "expected"), [("superseded", GOOD), ("withdrawn", GOOD), ("rejected", BAD)])
def test_an_archive_that_is_not_active_has_ended_whatever_its_cells_say(state: str, expected: Verdict) -> None:
    cells = [delivery("node-0"), delivery("node-1", "cancelled")]
    assert verdict_of(document([archive("a.tar", cells, state)]), ["a.tar"], 2) == expected


def test_nothing_dropped_and_nothing_known_is_good() -> None:
    assert verdict_of(document([]), [], 2) == GOOD
