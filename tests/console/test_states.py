"""Pictures of every view in every state, and of every screen that lies on top in each of its own.

Themes and languages take turns, so that every pair of choices is pictured; larger sizes are kept as text.
"""

import re
from collections.abc import Callable
from itertools import combinations, product
from pathlib import Path

import pytest
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion
from textual.pilot import Pilot

from dsync_tui.console.app import Left
from dsync_tui.console.keys import VIEWS
from dsync_tui.console.screens.pushed import PushedScreen
from tests.console.test_languages import english_left
from tests.console.test_looks import LANGUAGES, SIZES, THEMES
from tests.support.console import Console, console, screen_text, settle
from tests.support.console_scenes import PUSHED, STATES, Scene, huge_fleet

Compare = Callable[..., bool]
Size = tuple[int, int]
Look = tuple[str, str, str, str, Size]
SAID_BY_OTHERS = re.compile(
    r"Connection refused|connection refused|No such file or directory|IMAGE|\[\[nodes\]\]|^ *sync$", re.M
)
"""The system's words, a placeholder in a command, a setting's name, what was typed."""
WALLS = ((200, 60), (300, 100))


@pytest.fixture(autouse=True)
def _in_a_folder_of_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """An export says where it writes to."""
    monkeypatch.chdir(Path("/"))


def looks() -> list[Look]:
    """Every view in every state at every size: view, state, theme, language, size."""
    return [
        (view, state, THEMES[(one + two + three) % len(THEMES)], LANGUAGES[(one + two) % len(LANGUAGES)], size)
        for (one, view), (two, state), (three, size) in product(enumerate(VIEWS), enumerate(STATES), enumerate(SIZES))
    ]


def pushed_looks() -> list[tuple[str, str, str, Size]]:
    """Everything that lies on top at every size: scene, theme, language, size."""
    return [
        (name, THEMES[(one + 3 * two) % len(THEMES)], LANGUAGES[(one + two + one // 6) % len(LANGUAGES)], size)
        for (one, name), (two, size) in product(enumerate(PUSHED), enumerate(SIZES))
    ]


def named(value: object) -> str:
    return f"{value[0]}x{value[1]}" if isinstance(value, tuple) else str(value)


def staged(scene: Scene, theme: str, language: str) -> Console:
    made = console(scene.fleet(), hello=scene.hello(), theme=theme, language=language, silent=scene.silent)
    scene.given(made)
    return made


async def played(scene: Scene, made: Console, pilot: Pilot[Left], *before: str) -> str:
    """Play a scene; what the screen shows at its end."""
    await settle(made, pilot)
    for key in (*before, *scene.keys):
        await pilot.press(key)
    await settle(made, pilot)
    scene.then(made)
    await settle(made, pilot)
    if isinstance(made.app.screen, PushedScreen):
        made.app.screen.show()
        await settle(made, pilot)
    return screen_text(made)


def compared(compare: Compare, scene: Scene, made: Console, size: Size, *before: str) -> None:
    """Compare with the picture that was looked at; and in any picture nothing runs over or is left in English."""
    texts: list[str] = []

    async def act(pilot: Pilot[Left]) -> None:
        texts.append(await played(scene, made, pilot, *before))

    same = compare(made.app, terminal_size=size, run_before=act)
    (text,) = texts
    lines = text.split("\n")
    assert len(lines) == size[1]
    assert all(cell_len(line) <= size[0] for line in lines), text
    if made.app.kit.texts.language != "en":
        assert re.search(r"[\u4e00-\u9fff]{2}", text)
        assert english_left(SAID_BY_OTHERS.sub("", text)) == [], text
    assert same, "the picture has changed; look at it, then pytest tests/console/test_states.py --snapshot-update"


@pytest.mark.parametrize(("view", "state", "theme", "language", "size"), looks(), ids=named)
def test_views(snap_compare: Compare, view: str, state: str, theme: str, language: str, size: Size) -> None:
    made = staged(STATES[state], theme, language)
    compared(snap_compare, STATES[state], made, size, str(VIEWS.index(view) + 1))


@pytest.mark.parametrize(("name", "theme", "language", "size"), pushed_looks(), ids=named)
def test_pushed(snap_compare: Compare, name: str, theme: str, language: str, size: Size) -> None:
    compared(snap_compare, PUSHED[name], staged(PUSHED[name], theme, language), size)


def test_every_pair_of_choices_is_pictured() -> None:
    choices = (VIEWS, tuple(STATES), THEMES, LANGUAGES, SIZES)
    wanted = {(a, b, pair) for a, b in combinations(range(5), 2) for pair in product(choices[a], choices[b])}
    assert wanted == {(a, b, (look[a], look[b])) for look in looks() for a, b in combinations(range(5), 2)}


def test_every_pair_of_looks_is_pictured_of_what_lies_on_top() -> None:
    choices = (THEMES, LANGUAGES, SIZES)
    wanted = {(a, b, pair) for a, b in combinations(range(3), 2) for pair in product(choices[a], choices[b])}
    found = {(a, b, (look[a + 1], look[b + 1])) for look in pushed_looks() for a, b in combinations(range(3), 2)}
    assert wanted == found


@pytest.mark.parametrize("size", WALLS, ids=named)
@pytest.mark.parametrize("view", VIEWS)
async def test_walls_of_text(snapshot: SnapshotAssertion, view: str, size: Size) -> None:
    scene = Scene((str(VIEWS.index(view) + 1),), huge_fleet)
    made = staged(scene, "dark", "en")
    async with made.app.run_test(size=size) as pilot:
        assert await played(scene, made, pilot) == snapshot
