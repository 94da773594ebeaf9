"""What every part of the console is given: words, colours, clock, the fleet. Made once by the app."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo

from rich.cells import cell_len

from backend.model.plain import plain
from backend.texts import Texts
from backend.texts.catalogue import CATALOGUE
from dsync_tui.console import figures
from dsync_tui.console.cells import Kind
from dsync_tui.console.inks import Inks
from dsync_tui.console.labels import short_label
from dsync_tui.console.palette import Palette
from dsync_tui.console.store import FleetStore
from dsync_tui.pace import Pace


@dataclass
class Kit:
    """Shared by all widgets of one console.

    ``now`` is the wall clock of this machine, epoch seconds; ``zone`` is where it stands (None: its own).
    """

    texts: Texts
    palette: Palette
    store: FleetStore
    now: Callable[[], float]
    ascii_only: bool
    zone: tzinfo | None = None
    pace: Pace = field(default_factory=Pace)
    inks: Inks = field(default_factory=Inks)
    _widths: tuple[int, int, int] = (-1, 0, 0)

    def say(self, key: str, /, **params: object) -> str:
        """The console's text of that key (without its prefix), filled in."""
        return self.texts.text(f"console.{key}", **params)

    def key_word(self, id: str, view: str) -> str:
        """The short word for what a key does; some views have a word of their own for it."""
        own = f"key.{id}.{view}"
        return self.say(own if f"console.{own}" in CATALOGUE else f"key.{id}")

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
            labels = max((cell_len(short_label(store.archive(index))) for index in store.live_archives()), default=0)
            self._widths = (store.shape, names, labels)
        return self._widths
