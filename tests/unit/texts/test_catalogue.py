"""The lookup: messages, remedies and notes, known and unknown."""

import pytest

from backend.model.errors import DiskFullError, Problem, Retry, SourceGoneError
from backend.model.events import Level, Note
from backend.texts import Texts, message_of, note_text, remedy_of, text, translate
from backend.texts.catalogue import AREAS, CATALOGUE


def test_a_problem_names_cause_and_next_command() -> None:
    problem = DiskFullError(path="/data", needed_bytes=1288490189, free_bytes=322122547).problem()
    assert message_of(problem) == "disk full at /data: 1.2 GiB needed, 307.2 MiB free"
    assert "dsync-tui clean --dry-run" in remedy_of(problem)


def test_a_problem_without_a_detail_has_no_dangling_colon() -> None:
    assert message_of(SourceGoneError(source="worker-01", detail="").problem()) == (
        "worker-01 no longer has these bytes"
    )


def test_what_a_newer_peer_sends_is_still_shown() -> None:
    problem = Problem(code="from-the-future", params={"b": "2\x07", "a": "1"}, retry=Retry.NEVER)
    assert message_of(problem) == "from-the-future (a=1, b=2\\x07)"
    assert remedy_of(problem) == ""
    assert text("no.such.key", x=1) == "no.such.key"


def test_a_parameter_may_be_called_key() -> None:
    assert text("settings-invalid", file="f", key="k", value="v", expected="e") == "f: k: v - expected e"


def test_a_note_ends_with_its_problem() -> None:
    problem = SourceGoneError(source="worker-01", detail="size").problem()
    note = Note(at=0.0, level=Level.WARNING, code="attempt-failed", params={"name": "app.tar"}, problem=problem)
    assert note_text(note) == "an attempt at app.tar failed: worker-01 no longer has these bytes: size"


def test_no_key_stands_in_two_areas() -> None:
    assert len(CATALOGUE) == sum(len(area) for area in AREAS.values())


def test_a_language_without_translations_falls_back_to_english() -> None:
    assert translate("state.ready", "xx") == "ready"
    assert Texts("xx").text("event.ready", name="app.tar") == "app.tar is ready"
    assert Texts("xx").language == "en"


def test_chinese_is_spoken_throughout() -> None:
    texts = Texts("zh_CN")
    problem = DiskFullError(path="/data", needed_bytes=1288490189, free_bytes=322122547).problem()
    assert texts.message_of(problem) == "/data 磁盘空间不足：需要 1.2 GiB，剩余 307.2 MiB"
    assert "dsync-tui clean --dry-run" in texts.remedy_of(problem)
    note = Note(at=0.0, level=Level.WARNING, code="attempt-failed", params={"name": "app.tar"}, problem=problem)
    assert texts.note_text(note) == "app.tar 的一次尝试失败：/data 磁盘空间不足：需要 1.2 GiB，剩余 307.2 MiB"
    assert texts.listed(["a", "b"]) == "a，b"


@pytest.mark.parametrize(
    ("wait_s", "shown"),
    [(60, "60 秒"), (150, "2 分 30 秒"), (120, "2 分钟"), (7200, "2 小时"), (9000, "2 小时 30 分")],
)
def test_numbers_are_written_as_the_language_does(wait_s: float, shown: str) -> None:
    assert Texts("zh_CN").text("event.retry-due", name="app.tar", wait_s=wait_s) == f"app.tar 将在 {shown} 后重试"


def test_one_english_word_may_be_two_elsewhere() -> None:
    texts = Texts("zh_CN")
    assert text("console.status.retry") == text("console.key.retry") == "retry"
    assert texts.text("console.status.retry") != texts.text("console.key.retry")
