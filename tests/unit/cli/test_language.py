"""Commands in Chinese: from the locale or the settings, argparse's own words included, cells counted."""

import gettext
import os
import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from backend.model.delivery import Failed
from backend.model.errors import DiskFullError, NotReachedError
from backend.texts import Texts, told
from backend.texts.catalogue import CATALOGUE
from dsync_tui import exit_codes, saying
from dsync_tui.commands.registry import COMMANDS
from dsync_tui.language import texts_of_call
from dsync_tui.main import main
from tests.support.command_line import CommandLine
from tests.support.control import serving
from tests.support.engine import FakeEngine, entry_of

CHINESE = Texts("zh_CN")
ENGLISH_WORD = re.compile(r"(?<![\w./<:-])[a-z]{4,}(?![\w./>:-])")
KEPT = frozenset(
    {
        "docker",
        "dsync",
        "node",
        "sshd",
        "stdout",
        "save",
        "check",
        "demo",
        "failed",
        "usage",
        "list",
        *(each.name for each in COMMANDS),
    }
)
"""Words that are names: of programs, commands, streams."""


@pytest.fixture(autouse=True)
def _chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")


def english_left(shown: str) -> list[str]:
    return sorted(set(ENGLISH_WORD.findall(shown)) - KEPT)


@pytest.mark.parametrize("command", ["", *(each.name for each in COMMANDS if not each.passes_on)])
def test_help_is_chinese_throughout_and_fits(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word for word in (command, "--help") if word]) == exit_codes.DONE
    shown = capsys.readouterr().out
    assert shown.startswith("用法：")
    assert english_left(shown) == []
    assert all(cell_len(line) <= 80 for line in shown.split("\n"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nonsense"], "无效选择"),
        (["status", "--nonsense"], "未知参数：--nonsense"),
        (["limit"], "缺少参数：RATE"),
        (["health", "--node"], "需要一个值"),
        (["health", "--node", "a", "--all"], "--node NODE 与 --all 不能同时使用"),
        (["explain", "disk-ful"], "相近的有：disk-full"),
        (["--host", "x y", "status"], "不是有效主机"),
        (["sync", "/dev/null"], "不是普通文件"),
    ],
)
def test_wrong_usage_is_told_in_chinese(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == exit_codes.USAGE
    assert said in capsys.readouterr().err


def test_the_process_is_left_as_it_was() -> None:
    main(["--version"])
    assert "LANGUAGE" not in os.environ
    assert gettext.textdomain() == "messages"


def test_the_settings_have_the_last_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "dsync.toml"
    config.write_text('[console]\nlanguage = "en"\n')
    assert texts_of_call(["--config", str(config), "status"]).language == "en"
    assert texts_of_call([f"--config={config}", "status"]).language == "en"
    config.write_text("not toml")
    assert texts_of_call(["--config", str(config)]).language == "zh_CN"
    assert texts_of_call(["--config"]).language == "zh_CN"


def test_linux_own_console_cannot_show_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    assert texts_of_call([]).language == "en"


@pytest.fixture
def call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, capsys)


async def test_what_a_daemon_says_comes_in_chinese(tmp_path: Path, call: CommandLine) -> None:
    engine = FakeEngine(nodes=3)
    entry = engine.add(entry_of(0, name="应用.tar"))
    full = DiskFullError(path="/data", needed_bytes=2 << 30, free_bytes=1 << 30).problem()
    engine.set(1, entry, Failed(full))
    async with serving(engine, tmp_path):
        status = await call("status")
        retried = await call("retry", "--all")
        refused = await call("limit", "fast")
        unknown = await call("sync", "nothing:1")
    assert "/data 磁盘空间不足：需要 2.0 GiB，剩余 1.0 GiB；建议：请腾出空间" in status.out
    assert "失败 1" in status.out
    columns = [line for line in status.out.split("\n") if line.startswith(("镜像包", "应用.tar"))]
    assert len({cell_len(line[: line.index(word)]) for line, word in zip(columns[:2], ("指纹", "000"), strict=True)})
    assert "重试：已处理" in retried.out
    assert "fast 不是速率" in refused.err
    assert "没有名为 nothing:1 的镜像包" in unknown.err
    assert unknown.code == exit_codes.REFUSED


def test_a_reason_within_an_error_is_translated_too() -> None:
    error = NotReachedError(socket="/s", **told("why", "cli.reach.tunnel", host="node", words="refused"))
    assert Texts("en").message_of(error.problem()) == "no daemon answers on /s: ssh to node ended: refused"
    assert CHINESE.message_of(error.problem()) == "/s 上没有守护进程应答：到 node 的 ssh 已退出：refused"


def test_codes_of_a_newer_daemon_are_shown_in_its_own_words() -> None:
    assert saying.sentence(CHINESE, "from-the-future", {}, "something new") == "something new"
    assert saying.remedy(CHINESE, None, {}, None) == ""
    assert "disk-full" in CATALOGUE
    assert saying.remedy(CHINESE, "disk-full", {}, "make room").startswith("请腾出空间")
