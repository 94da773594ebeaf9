"""Themes of users and machines: found, inherited, preferred; a broken one is told of and harms nobody."""

from collections.abc import Callable
from pathlib import Path

import pytest

from backend.texts import Texts
from dsync_tui.console.theme_files import (
    LONGEST_FILE_BYTES,
    SYSTEM_FOLDER,
    ThemeError,
    all_themes,
    read_theme,
    shipped_themes,
    theme_folders,
)
from tests.support.console import console, screen_text, settle

GOOD = Path(__file__).parents[2] / "themes" / "dark.toml"
FAILED = 'failed = "bold reverse #ff7a7a"'
PRIMARY = 'primary = "#7aa2d6"'


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace(FAILED, ""), "styles: failed is missing"),
        (lambda text: text + 'surprising = "bold"\n', "styles: surprising is not known"),
        (lambda text: text.replace(FAILED, 'failed = "bald"'), "styles.failed: bald is no style"),
        (lambda text: text.replace(PRIMARY, ""), "colours: primary is missing"),
        (lambda text: text.replace(PRIMARY, 'primary = "bleu"'), "colours.primary: bleu is no colour"),
        (lambda text: text.replace("[styles]", "[stiles]"), "stiles is not known"),
        (lambda text: text.replace(FAILED, "failed = 3"), "styles: expected a table of strings"),
        (lambda text: text.replace("dark = true", 'dark = "yes"'), "dark: expected true or false"),
        (lambda text: text.replace("dark = true", "dark = true\nansi = true"), "is none of the terminal's"),
        (lambda text: 'inherits = "mine"\n' + text, "inherits: mine is none of"),
        (lambda text: text.replace("[styles]", "[styles"), "cannot be read"),
        (lambda text: text + "#" * LONGEST_FILE_BYTES, "more than 64.0 KiB"),
    ],
)
def test_a_wrong_file_is_told_by_name_and_key(tmp_path: Path, change: Callable[[str], str], said: str) -> None:
    file = tmp_path / "dark.toml"
    file.write_text(change(GOOD.read_text()))
    with pytest.raises(ThemeError, match=r"theme dark\.toml") as told:
        read_theme(file, shipped_themes())
    assert said in str(told.value)
    assert "主题 dark.toml" in told.value.told(Texts("zh_CN"))


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(ThemeError, match=r"none\.toml cannot be read: No such file"):
        read_theme(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b'title = "\xe9"')
    with pytest.raises(ThemeError, match=r"latin\.toml cannot be read"):
        read_theme(tmp_path / "latin.toml")
    (tmp_path / "a b.toml").touch()
    with pytest.raises(ThemeError, match="a name of letters"):
        read_theme(tmp_path / "a b.toml")


def test_a_theme_may_say_only_what_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('inherits = "light"\ntitle = "Mine"\n[styles]\ncursor = "bold black on yellow"\n')
    theme, light = read_theme(file, shipped_themes()), shipped_themes()["light"]
    assert (theme.name, theme.title, theme.dark) == ("mine", "Mine", False)
    assert theme.colours == light.colours
    assert theme.styles["ready"] == light.styles["ready"]
    assert str(theme.styles["cursor"]) == "bold black on yellow"


def test_an_inherited_style_takes_the_colour_that_was_changed(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('inherits = "dark"\n[colours]\npanel = "#303030"\n')
    assert str(read_theme(file, shipped_themes()).styles["bar"]).endswith("on #303030")


def test_the_example_of_the_documents_is_a_theme(tmp_path: Path) -> None:
    document = (GOOD.parents[1] / "docs" / "looks.md").read_text(encoding="utf-8")
    example = document.partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "mine.toml").write_text(example)
    theme = read_theme(tmp_path / "mine.toml", shipped_themes())
    assert theme.title == "Mine"
    assert theme.colours["background"] == "#000000"


def test_of_two_with_one_name_the_users_counts_and_a_broken_one_replaces_nothing(tmp_path: Path) -> None:
    machine, user = tmp_path / "machine", tmp_path / "user"
    for folder, title in ((machine, "machine's"), (user, "user's")):
        folder.mkdir()
        (folder / "light.toml").write_text(f'inherits = "light"\ntitle = "{title}"\n')
    (machine / "site.toml").write_text('inherits = "dark"\n')
    (user / "dark.toml").write_text("[")
    shelf = all_themes([machine, user, tmp_path / "nowhere"])
    assert shelf.themes["light"].title == "user's"
    assert shelf.themes["site"].title == "site"
    assert shelf.themes["dark"].title == "Dark"
    assert [str(fault).partition(" cannot")[0] for fault in shelf.faults] == ["theme dark.toml"]


def test_where_themes_are_looked_for() -> None:
    assert theme_folders({"HOME": "/srv/ops"}) == (SYSTEM_FOLDER, Path("/srv/ops/.config/dsync-tui/themes"))
    assert theme_folders({"HOME": "/srv/ops", "XDG_CONFIG_HOME": "/c"})[1] == Path("/c/dsync-tui/themes")
    assert theme_folders({"XDG_CONFIG_HOME": "relative"}) == (SYSTEM_FOLDER,)


# --- in the console ----------------------------------------------------------------------------------------------


async def test_a_users_theme_is_worn_from_the_settings_and_by_key(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('inherits = "dark"\ntitle = "Mine"\n[styles]\nready = "dim #ff00ff"\n')
    made = console(theme="mine", theme_folders=[tmp_path])
    async with made.app.run_test(size=(100, 30)) as pilot:
        await settle(made, pilot)
        assert str(made.app.kit.palette.style("ready").color) == str(made.app.kit.palette.theme.styles["ready"].color)
        assert made.app.kit.palette.theme.name == "mine"
        worn = []
        for _ in made.app.theme_names():
            await pilot.press("t")
            await settle(made, pilot)
            worn.append(made.app.kit.palette.theme.name)
        assert sorted(worn) == sorted(made.app.theme_names())
        assert worn[-1] == "mine"


async def test_a_theme_that_is_written_meanwhile_is_found_by_the_key(tmp_path: Path) -> None:
    made = console(theme="mono", theme_folders=[tmp_path])
    async with made.app.run_test(size=(100, 30)) as pilot:
        await settle(made, pilot)
        (tmp_path / "aaa.toml").write_text('inherits = "light"\n')
        await pilot.press("t")
        await settle(made, pilot)
        assert "aaa" in made.app.theme_names()


@pytest.mark.parametrize(("theme", "said"), [("broken", "broken.toml"), ("nowhere", "there is no theme nowhere")])
async def test_a_theme_that_cannot_be_worn_is_told_and_the_default_is_worn(
    tmp_path: Path, theme: str, said: str
) -> None:
    (tmp_path / "broken.toml").write_text('inherits = "dark"\n[styles]\nready = "no-such-colour"\n')
    made = console(theme=theme, theme_folders=[tmp_path])
    async with made.app.run_test(size=(100, 30), notifications=True) as pilot:
        await settle(made, pilot)
        assert said in screen_text(made)
        assert made.app.kit.palette.theme.name == "dark"


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (fault,) = all_themes([tmp_path / ("x" * 300)]).faults
    assert "cannot be read: File name too long" in str(fault)


@pytest.mark.parametrize("theme", ["dark", "mono"])
async def test_with_few_colours_only_the_terminals_own_are_used(tmp_path: Path, theme: str) -> None:
    (tmp_path / "mine.toml").write_text('inherits = "ansi"\n')
    made = console(theme=theme, theme_folders=[tmp_path], few_colours=True)
    async with made.app.run_test(size=(100, 30)) as pilot:
        await settle(made, pilot)
        assert made.app.kit.palette.theme.name == ("mono" if theme == "mono" else "ansi")
        for _ in range(3):
            await pilot.press("t")
            await settle(made, pilot)
            assert made.app.kit.palette.theme.name in ("ansi", "mine")
