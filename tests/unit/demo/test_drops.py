"""Archives that the demo makes, files that it is given, and how both get into a store."""

import json
import os
import tarfile
from pathlib import Path

import pytest

from backend.demo.drops import LIVELY, QUICK, Drop, Recipe, file_drops, made_drops, place
from backend.ports.store import is_candidate

SMALL = (
    Recipe("web-1.tar", ("web:1",), 60_000, 0, layers=3),
    Recipe("tools.tar", ("tools:3", "tools:stable"), 40_000, 2, pause_s=2),
    Recipe("web-2.tar", ("web:2",), 70_000, 0, update_of=0),
)


def _tags(path: Path) -> list[str]:
    with tarfile.open(path) as tar:
        manifest = tar.extractfile("manifest.json")
        assert manifest is not None
        return list(json.load(manifest)[0]["RepoTags"])


def test_made_archives_are_real_ones(tmp_path: Path) -> None:
    one, two, update = made_drops(SMALL, tmp_path, 2, "dsync-demo/x")
    assert [drop.name for drop in (one, two, update)] == ["web-1.tar", "tools.tar", "web-2.tar"]
    assert [drop.node for drop in (one, two, update)] == [0, 0, 0]
    assert two.pause_s == 2
    assert _tags(two.source) == ["dsync-demo/x/tools:3", "dsync-demo/x/tools:stable"]
    assert one.made is not None
    assert update.made is not None
    assert update.made.diff_ids[:2] == one.made.diff_ids[:2]
    assert update.made.diff_ids[2] != one.made.diff_ids[2]


def test_equal_seeds_make_equal_images_and_others_do_not(tmp_path: Path) -> None:
    def configs(seed: int) -> set[str]:
        return {drop.made.config for drop in made_drops(SMALL, tmp_path, 3, seed=seed) if drop.made is not None}

    assert configs(1) == configs(1)
    assert configs(1).isdisjoint(configs(2))


@pytest.mark.parametrize("recipes", [QUICK, LIVELY])
def test_recipes_can_be_made_one_after_the_other(recipes: tuple[Recipe, ...]) -> None:
    for index, recipe in enumerate(recipes):
        assert recipe.update_of is None or recipe.update_of < index
        if recipe.update_of is not None:
            # The top layer takes what the others leave.
            assert recipe.size_bytes > recipes[recipe.update_of].size_bytes * 2 / 3
            assert recipe.layout is recipes[recipe.update_of].layout
    assert len({recipe.size_bytes for recipe in recipes}) > 2
    assert any(len(recipe.tags) > 1 for recipe in recipes)
    assert any(recipe.update_of is not None for recipe in recipes)


def test_only_what_is_watched_supersedes() -> None:
    """Else the final table would show columns that nobody waits for."""
    assert len({recipe.name for recipe in QUICK}) == len(QUICK)


def test_files_keep_their_names_where_they_can(tmp_path: Path) -> None:
    paths = [Path("/x/app.tar"), Path("/y/app.tar"), Path("/z/app.tar.gz"), Path("/.hidden"), Path("/save.tar.part")]
    drops = file_drops(paths)
    assert [drop.name for drop in drops] == ["app.tar", "app-2.tar", "app.tar.gz", "hidden", "save.tar.part.tar"]
    assert all(is_candidate(drop.name) for drop in drops)
    assert {drop.node for drop in drops} == {0}


def test_names_that_nothing_may_carry_become_harmless() -> None:
    names = [drop.name for drop in file_drops([Path("/a\nb\x1b.tar"), Path("/ab.tar"), Path("/...")])]
    assert names == ["ab.tar", "ab-2.tar", "archive.tar"]


def test_the_operators_file_stays_as_it_is(tmp_path: Path) -> None:
    store, source = tmp_path / "store", tmp_path / "app.tar"
    store.mkdir()
    source.write_bytes(b"content")
    place(Drop(source, "app.tar", 0), store)
    assert (store / "app.tar").read_bytes() == source.read_bytes() == b"content"
    assert (store / "app.tar").stat().st_ino == source.stat().st_ino


def test_a_file_that_cannot_be_linked_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, os.strerror(18))

    monkeypatch.setattr("backend.demo.drops.os.link", refuse)
    store, source = tmp_path / "store", tmp_path / "app.tar"
    store.mkdir()
    source.write_bytes(b"content")
    place(Drop(source, "app.tar", 0), store)
    assert [path.name for path in store.iterdir()] == ["app.tar"]
    assert (store / "app.tar").read_bytes() == source.read_bytes() == b"content"
    assert (store / "app.tar").stat().st_ino != source.stat().st_ino


def test_what_was_made_is_moved(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    drop = next(made_drops(SMALL, tmp_path, 1))
    place(drop, store)
    assert not drop.source.exists()
    assert _tags(store / drop.name) == ["dsync-demo/web:1"]
