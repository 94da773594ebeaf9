"""The command palette's offers: every key, themes and languages, every node and image, and what was typed."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

from backend.model.plain import plain
from dsync_tui.console.commands import Command
from dsync_tui.console.keys import KEYS, key_names
from dsync_tui.console.kit import Kit

PLAN_WORD = "plan"
"""What a typed file is planned with."""


class Commanded(Protocol):
    """What commands are done by."""

    @property
    def kit(self) -> Kit: ...

    def keys_of(self, id: str) -> str: ...

    def can(self, id: str) -> bool:
        """Tell whether a key does something now."""
        ...

    def press(self, action: str) -> object:
        """Do what a key does."""
        ...

    def go_to(self, node_id: str | None, digest: str | None) -> object:
        """Show a node, or an archive, in the matrix."""
        ...

    def plan_of_file(self, path: str) -> object:
        """Show what a file would move."""
        ...


def offers(home: Commanded, more: Callable[[], Sequence[Command]], text: str) -> Iterator[Command]:
    """Everything that can be done now, in the order of the keys. ``more``: the app's own."""
    kit = home.kit
    word, _, path = text.partition(" ")
    if word.casefold() == PLAN_WORD and path.strip():
        yield Command(f"{PLAN_WORD} {plain(path.strip())}", partial(home.plan_of_file, path.strip()))
    for key in KEYS:
        if key.palette:
            yield Command(
                kit.key_help(key.id),
                partial(home.press, key.action),
                " ".join(key_names(home.keys_of(key.id))),
                key.id,
                home.can(key.id),
            )
    yield from more()
    for node in kit.store.nodes:
        title = kit.say("palette.node", name=node.name)
        yield Command(title, partial(home.go_to, node.id, None), sought=True)
    for index in kit.store.live_archives():
        archive = kit.store.archive(index)
        title = kit.say("palette.image", name=kit.label(archive))
        yield Command(title, partial(home.go_to, None, archive.digest), sought=True)
