"""What every part of the console is given: words, colours, clock, the fleet. Made once by the app."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo

from rich.cells import cell_len

from backend.api.wire import ArchiveRow
from backend.model.plain import plain
from backend.texts import Texts
from backend.texts.catalogue import CATALOGUE
from dsync_tui.console import figures
from dsync_tui.console.cells import Kind
from dsync_tui.console.inks import Inks
from dsync_tui.console.labels import Labels, full_label, labels_of
from dsync_tui.console.palette import Palette
from dsync_tui.console.store import FleetStore
from dsync_tui.pace import Pace

LEAVE = "leave"
"""The key that leaves the console."""


@dataclass
class Kit:
    """Shared by all widgets of one console.

    ``now`` is the wall clock of this machine, epoch seconds; ``zone`` is where it stands (None: its own).
    ``ends_with_console``: what is shown does not outlive the console.
    """

    texts: Texts
    palette: Palette
    store: FleetStore
    now: Callable[[], float]
    ascii_only: bool
    zone: tzinfo | None = None
    pace: Pace = field(default_factory=Pace)
    inks: Inks = field(default_factory=Inks)
    ends_with_console: bool = False
    _widths: tuple[int, int, int] = (-1, 0, 0)
    _labels: tuple[int, dict[str, Labels]] = field(default_factory=lambda: (-1, {}))

    def say(self, key: str, /, **params: object) -> str:
        """The console's text of that key (without its prefix), filled in."""
        return self.texts.text(f"console.{key}", **params)

    def key_word(self, id: str, view: str) -> str:
        """The short word for what a key does; some views have a word of their own for it."""
        return self._variant(f"key.{id}", self._leaving() if id == LEAVE else view)

    def key_help(self, id: str) -> str:
        """What a key does, in full."""
        return self._variant(f"help.key.{id}", self._leaving() if id == LEAVE else "")

    def _variant(self, key: str, kind: str) -> str:
        own = f"{key}.{kind}"
        return self.say(own if f"console.{own}" in CATALOGUE else key)

    def _leaving(self) -> str:
        """What leaving does where it is not all that happens."""
        if self.ends_with_console:
            return "ends"
        greeting = self.store.greeting
        return "asks" if greeting is not None and greeting.beneath else ""

    def state(self, kind: Kind) -> str:
        """The word for a cell's state."""
        if kind in (Kind.NONE, Kind.REJECTED, Kind.UNKNOWN):
            return self.say(f"state.{kind.word}")
        return self.texts.text(f"state.{kind.word}")

    def node_state(self, state: str) -> str:
        """The word for a node's state."""
        return self.texts.text(f"node.{state}")

    def note(self, code: str) -> str:
        """The sentence for a delivery's note."""
        return self.texts.text(f"note.{code}")

    def time_of_day(self, at: float) -> str:
        """Epoch seconds as ``14:03:59`` here."""
        return figures.date_of(at, self.zone).strftime("%H:%M:%S")

    def label(self, archive: ArchiveRow) -> str:
        """What an archive is called: no other one is called the same."""
        return self._labelled(archive).full

    def short_label(self, archive: ArchiveRow) -> str:
        """The same without the repository's path, where that leaves it the only one of its name."""
        return self._labelled(archive).short

    def _labelled(self, archive: ArchiveRow) -> Labels:
        store = self.store
        if self._labels[0] != store.shape:
            rows = [store.archive(index) for index in store.live_archives()]
            named = zip((row.digest for row in rows), labels_of(rows), strict=True)
            self._labels = (store.shape, dict(named))
        known = self._labels[1].get(archive.digest)
        return Labels(full_label(archive), full_label(archive)) if known is None else known

    def node_cells(self, most: int = 24) -> int:
        """How wide a column of node names should be."""
        return min(most, max(8, self._measured()[1]))

    def image_cells(self, most: int = 28) -> int:
        """How wide a column of short labels should be."""
        return min(most, max(8, self._measured()[2]))

    def _measured(self) -> tuple[int, int, int]:
        store = self.store
        if self._widths[0] != store.shape:
            names = max((cell_len(plain(node.name)) for node in store.nodes), default=0)
            labels = max(
                (cell_len(self.short_label(store.archive(index))) for index in store.live_archives()), default=0
            )
            self._widths = (store.shape, names, labels)
        return self._widths
