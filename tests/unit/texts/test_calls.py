"""Commands of ours inside texts: put as the call that shows them has to."""

import re
from collections.abc import Iterator

import pytest

from backend.model.errors import LoadTimeoutError, NotReachedError, SettingsError
from backend.texts import LANGUAGES, Call, Texts
from backend.texts.calls import addressed
from backend.texts.catalogue import CATALOGUE
from dsync_tui.commands.registry import COMMANDS

HERE = Call(config="b.toml")
FAR = Call(config="my file.toml", host="ssh://ops@b", ssh_config="~/c")
ELSEWHERE = frozenset({"key", "explain", "demo"})
"""Commands that need no daemon of this call's, or are mostly meant for another node."""


def test_the_settings_file_of_the_call_is_named_again() -> None:
    remedy = Texts("en", HERE).remedy_of(NotReachedError(socket="/s", why="").problem())
    assert remedy == (
        "start one: dsync-tui --config b.toml --daemon, or open the console with dsync-tui --config b.toml; "
        "a daemon elsewhere: dsync-tui --host ssh://user@node"
    )


def test_the_host_is_named_again_where_its_daemon_is_meant() -> None:
    texts = Texts("en", FAR)
    far = "dsync-tui --config 'my file.toml' --host ssh://ops@b --ssh-config '~/c'"
    assert f"restart it, then {far} retry; slow" in texts.remedy_of(
        LoadTimeoutError(runtime="r", timeout_s=1).problem()
    )
    remedy = texts.remedy_of(SettingsError(file="f", key="k", value="v", expected="e").problem())
    assert remedy == "correct the line, then run: dsync-tui --config 'my file.toml' config check"
    assert texts.call.command("sync app.tar") == f"{far} sync app.tar"
    assert texts.call.put_into("a word; dsync-tui health") == f"a word; {far} health"


def test_without_options_nothing_is_put_in() -> None:
    assert Texts("en").text("cli.status.more", count=3) == "3 more: dsync-tui status --full"
    assert Call().put_into("dsync-tui health") == "dsync-tui health"


def test_names_are_left_alone() -> None:
    said = Texts("en", HERE).text("cli.sync.sending", name="dsync-tui status {x}.tar")
    assert said == "sending dsync-tui status {x}.tar"


def test_another_language_keeps_the_call() -> None:
    texts = Texts("en", HERE).in_language("zh_CN")
    assert texts.text("cli.status.more", count=3).endswith("dsync-tui --config b.toml status --full")
    assert "：dsync-tui --config b.toml；" in texts.remedy_of(NotReachedError(socket="/s", why="").problem())


def _left(language: str) -> Iterator[str]:
    """Commands in texts of a language that no option is put into."""
    texts = Texts(language)
    for key in CATALOGUE:
        for template in (texts.template(key), texts.remedy_template(key)):
            yield from re.findall(r"dsync-tui ((?:[a-z]+\b|--daemon)|$)", addressed(template))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_in_every_text_is_seen(language: str) -> None:
    names = {command.name for command in COMMANDS} | {"--daemon"}
    assert names.intersection(_left(language)) <= ELSEWHERE
