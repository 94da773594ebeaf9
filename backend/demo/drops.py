"""What is dropped into the stores: archives made on the spot, or the operator's files."""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from backend.demo.archives import MadeArchive, make_archive
from backend.model.archive import Layout
from backend.model.plain import safe_file_name
from backend.ports.store import is_candidate

MIB = 1 << 20
REPOSITORY = "dsync-demo"


@dataclass(frozen=True, slots=True)
class Drop:
    """A finished file, the name and the node (by index) that it is dropped under, and the pause before, in seconds.

    ``made``: what the demo has made itself, so that the file may go once it is dropped.
    """

    source: Path
    name: str
    node: int
    pause_s: float = 0.0
    made: MadeArchive | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """An archive to be made. ``update_of``: the index of the recipe with which it shares all layers but the top one."""

    name: str
    tags: tuple[str, ...]
    size_bytes: int
    node: int
    layers: int = 2
    layout: Layout = Layout.BOTH
    update_of: int | None = None
    pause_s: float = 0.0


QUICK = (
    Recipe("web-1.tar", ("web:1",), 24 * MIB, 0, layers=3),
    Recipe("cron.tar", ("cron:1",), 2 * MIB, 1, layout=Layout.DOCKER),
    Recipe("tools.tar", ("tools:3", "tools:stable"), 8 * MIB, 2),
    Recipe("web-2.tar", ("web:2",), 25 * MIB, 0, update_of=0),
)
"""Several sizes, both of Docker's layouts, an image with two tags, an update; dropped one after the other."""

LIVELY = (
    Recipe("web-1.tar", ("web:1",), 40 * MIB, 0, layers=3),
    Recipe("cron.tar", ("cron:1",), 3 * MIB, 1, layout=Layout.DOCKER, pause_s=4),
    Recipe("tools.tar", ("tools:3", "tools:stable"), 16 * MIB, 2, pause_s=4),
    Recipe("database.tar", ("database:15",), 64 * MIB, 1, layers=4, pause_s=8),
    Recipe("web-2.tar", ("web:2", "web:latest"), 42 * MIB, 0, update_of=0, pause_s=8),
    Recipe("proxy.tar", ("proxy:1.9",), 12 * MIB, 2, layout=Layout.DOCKER, pause_s=8),
    Recipe("metrics.tar", ("metrics:4",), 24 * MIB, 1, pause_s=8),
    Recipe("cron-2.tar", ("cron:2",), 4 * MIB, 0, update_of=1, layout=Layout.DOCKER, pause_s=8),
    # Under a name that this node has published before: the old one is superseded.
    Recipe("web-2.tar", ("web:2", "web:latest"), 44 * MIB, 0, update_of=0, pause_s=8),
    Recipe("queue.tar", ("queue:7",), 32 * MIB, 2, layers=3, pause_s=10),
)
"""For somebody who watches: over a minute in which something always moves, as long as bandwidth is limited."""


def made_drops(
    recipes: Sequence[Recipe], directory: Path, nodes: int, repository: str = REPOSITORY, seed: int = 0
) -> Iterator[Drop]:
    """Make archives in ``directory``, each when it is asked for. Images are the same for the same ``seed``.

    Raises OSError.
    """
    made: list[MadeArchive] = []
    for index, recipe in enumerate(recipes):
        made.append(
            make_archive(
                directory / f"{index}.tar",
                [f"{repository}/{tag}" for tag in recipe.tags],
                recipe.size_bytes,
                seed * len(recipes) + index,
                layout=recipe.layout,
                layers=recipe.layers,
                base_layers_from=None if recipe.update_of is None else made[recipe.update_of],
            )
        )
        yield Drop(made[-1].path, recipe.name, recipe.node % nodes, recipe.pause_s, made[-1])


def file_drops(files: Sequence[Path]) -> list[Drop]:
    """The operator's files, all for the first node, so that its view tells also of those that are rejected."""
    drops: list[Drop] = []
    for path in files:
        drops.append(Drop(path, _free_name(path.name, {drop.name for drop in drops}), 0))
    return drops


def _free_name(name: str, taken: set[str]) -> str:
    safe = safe_file_name(name, "archive.tar")
    # Daemons take no notice of unfinished files; this one was named by a person.
    first = shown = safe if is_candidate(safe) else f"{safe}.tar"
    stem, dot, rest = first.partition(".")
    number = 1
    while shown in taken:
        number += 1
        shown = f"{stem}-{number}{dot}{rest}"
    return shown


def place(drop: Drop, store: Path) -> None:
    """Put the file into a store under its name, complete from the first moment. Raises OSError.

    The operator's file stays where and as it is; one that the demo has made is moved.
    """
    if drop.made is not None:
        drop.source.replace(store / drop.name)
        return
    try:
        os.link(drop.source, store / drop.name, follow_symlinks=False)
        return
    except OSError:
        # Another file system, or another user's file.
        draft = store / f".{drop.name}.draft"
    try:
        shutil.copyfile(drop.source, draft)
        draft.replace(store / drop.name)
    finally:
        draft.unlink(missing_ok=True)
