"""The console in Chinese: all of it, switched live, and nothing cut at 80x24."""

import re
import unicodedata

import pytest
from rich.cells import cell_len

from backend.api.wire import JobResult, NodeResult
from backend.texts import translate
from backend.texts.catalogue import AREAS
from backend.texts.filling import parameters
from dsync_tui.console.glyphs import CUT
from dsync_tui.console.keys import VIEWS
from tests.support.console import Console, console, screen_text, settle
from tests.support.console_fleets import bad_health, greeting, large_fleet, small_fleet

SCREENS: dict[str, list[str]] = {
    **{view: [str(digit)] for digit, view in enumerate(VIEWS, 1)},
    "help": ["question_mark"],
    "help-further": ["question_mark", "pagedown", "pagedown"],
    "delivery": ["l", "l", "enter"],
    "node": ["5", "j", "j", "enter"],
    "archive": ["6", "j", "enter"],
    "matrix-words": ["w"],
    "matrix-marked": ["space", "space"],
    "matrix-filter": ["slash"],
    "question": ["6", "asterisk", "s"],
    "palette": ["colon"],
    "palette-found": ["colon", *"retry"],
    "plan": ["l", "P"],
    "settings": ["comma"],
    "event": ["7", "enter"],
    "withdraw": ["6", "j", "W"],
    "export": ["e"],
    "toast": ["y"],
}
SPOKEN = {
    entry.message: re.compile(rf"(?<![\w.:/-]){re.escape(entry.message)}(?![\w.:/-])")
    for area in ("console", "words")
    for key, entry in AREAS[area].items()
    if re.search("[A-Za-z]{3}", entry.message)
    and not parameters(entry.message)
    and translate(key, "zh_CN") != entry.message
    and not key.startswith(("unit.", "list."))
}
"""English texts of the console as they would be found on a screen."""
NAMES = frozenset(
    {
        "up",
        "down",
        "left",
        "right",
        "name",
        "ready",
        "failed",
        "retry",
        "held",
        "moving",
        "store",
        "plan",
        "FILE",
        "IMAGE",
    }
)
"""Keys, parameters of events, their codes, words of filters, a node, placeholders: the same in every language."""
COMMANDS = re.compile(r"dsync-tui [^，。；]*")


def english_left(text: str) -> list[str]:
    """English texts of the catalogue on a screen that should have none."""
    rest = COMMANDS.sub("", text)
    return sorted(message for message, pattern in SPOKEN.items() if message not in NAMES and pattern.search(rest))


async def shown(made: Console, size: tuple[int, int], *keys: str) -> str:
    made.link.healths["master"] = bad_health("master")
    async with made.app.run_test(size=size, notifications=True) as pilot:
        await settle(made, pilot)
        for key in keys:
            await pilot.press(key)
        await settle(made, pilot)
        lines = screen_text(made).split("\n")
        assert len(lines) == size[1]
        assert all(cell_len(line) <= size[0] for line in lines)
        # Borders, blocks, arrows and ellipses of other people's widgets would be.
        assert not [char for char in "".join(lines) if unicodedata.east_asian_width(char) == "A"]
        return "\n".join(lines)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
@pytest.mark.parametrize("screen", SCREENS)
async def test_every_screen_is_chinese(screen: str, size: tuple[int, int]) -> None:
    text = await shown(console(language="zh_CN"), size, *SCREENS[screen])
    assert re.search(r"[\u4e00-\u9fff]{2}", text)
    assert english_left(text) == [], text


def test_english_on_a_screen_would_be_found() -> None:
    assert len(SPOKEN) > 150
    assert english_left("节点 READY 就绪") == ["READY"]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
async def test_no_caption_tab_or_key_is_cut(language: str, size: tuple[int, int]) -> None:
    made = console(language=language)
    async with made.app.run_test(size=size) as pilot:
        await settle(made, pilot)
        for digit, view in enumerate(VIEWS, 1):
            await pilot.press(str(digit))
            await settle(made, pilot)
            lines = screen_text(made).split("\n")
            assert CUT not in lines[0] + lines[1] + lines[-1], view
            if view != "matrix":
                assert CUT not in lines[3], view
            assert made.app.kit.say("key.leave") in lines[-1]


async def test_lists_stay_aligned_under_chinese_captions() -> None:
    made = console(language="zh_CN")
    async with made.app.run_test(size=(80, 24)) as pilot:
        await settle(made, pilot)
        await pilot.press("5")
        await settle(made, pilot)
        lines = screen_text(made).split("\n")
        at = cell_len(lines[3][: lines[3].index("运行时")])
        rows = [line for line in lines if "docker 28" in line]
        assert len(rows) > 3
        assert {cell_len(line[: line.index("docker 28")]) for line in rows} == {at}


async def test_the_language_is_switched_live_and_nothing_is_lost() -> None:
    made = console(large_fleet(30, 20))
    async with made.app.run_test(size=(100, 30), notifications=True) as pilot:
        await settle(made, pilot)
        await pilot.press("j", "j", "space", "slash", *"eu", "enter")
        await settle(made, pilot)
        before = made.app.home.view.subject(), made.app.home.view.marked(), made.app.home.view.filter_text
        await pilot.press("T")
        await settle(made, pilot)
        text = screen_text(made)
        assert "矩阵" in text
        assert "语言：简体中文" in text
        assert (made.app.home.view.subject(), made.app.home.view.marked(), made.app.home.view.filter_text) == before
        for digit, word in zip("234567", ("传输", "重试", "健康", "节点", "镜像包", "事件"), strict=True):
            await pilot.press(digit)
            await settle(made, pilot)
            assert word in screen_text(made)
        await pilot.press("T", "5")
        await settle(made, pilot)
        assert "RUNTIME" in screen_text(made)
        assert "Matrix" in screen_text(made)


async def test_an_open_list_and_its_notice_change_their_language() -> None:
    made = console(small_fleet())
    async with made.app.run_test(size=(80, 24)) as pilot:
        await settle(made, pilot)
        await pilot.press("5", "slash", *"xyz", "enter", "T")
        await settle(made, pilot)
        assert "没有符合过滤条件的内容" in screen_text(made)


async def test_results_and_refusals_are_told_in_chinese() -> None:
    made = console(language="zh_CN")
    refused = NodeResult("edge-berlin", "refused", 0, "disk full", "archive-unknown", {"name": "x"})
    made.link.results["retry"] = JobResult("j", "retry", False, "", [refused])
    async with made.app.run_test(size=(100, 30), notifications=True) as pilot:
        await settle(made, pilot)
        await pilot.press("l", "l", "r")
        await settle(made, pilot)
        assert "重试：被 edge-berlin 拒绝：没有名为 x 的镜像包" in screen_text(made)


async def test_a_daemon_of_its_own_is_left_in_chinese() -> None:
    text = await shown(console(language="zh_CN", hello=greeting(beneath=True)), (80, 24), "q")
    assert "离开控制台？" in text
    assert "[ 保持运行 ]" in text
    assert "[ 立即停止 ]" in text


@pytest.mark.parametrize(("asked", "told"), [("fr", True), ("zh_TW", True), ("en", False), ("auto", False)])
async def test_a_language_that_there_is_not_is_told_of(asked: str, told: bool) -> None:
    made = console(asked_language=asked)
    async with made.app.run_test(size=(120, 36)) as pilot:
        await settle(made, pilot)
        said = f"console.language: there is no {asked}, so it is English; there is: en (English), zh_CN (简体中文)"
        assert [note.message for note in made.app._notifications] == ([said] if told else [])
