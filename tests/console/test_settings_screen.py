"""Settings on screen: each value and where it came from."""

from backend.model.errors import NotReachedError
from dsync_tui.console.screens.settings import SettingsScreen
from tests.support.console import console, pressed, screen_text, settle

SIZE = (120, 36)


async def test_each_value_stands_under_its_group_with_its_origin() -> None:
    made = console()
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "comma")
        assert isinstance(made.app.screen, SettingsScreen)
        lines = [" ".join(line.split()) for line in screen_text(made).splitlines()]
        assert lines[0] == "Settings of master esc back"
        assert lines.index("[node]") < lines.index("name master /etc/dsync/dsync.toml:3") < lines.index("[store]")
        assert "directory /data/docker-tar default" in lines
        assert "secret (hidden) /etc/dsync/dsync.toml:9" in lines
        assert "{ zone = 'a', rack = '12', purpose = 'build and keep everything' }" in lines


async def test_without_an_answer_it_says_why() -> None:
    made = console()
    made.link.in_force = NotReachedError(socket="/run/x", why="gone")
    async with made.app.run_test(size=SIZE) as pilot:
        await settle(made, pilot)
        await pressed(made, pilot, "comma")
        assert "gone" in screen_text(made)
