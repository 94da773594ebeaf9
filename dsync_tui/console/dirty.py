"""What has changed in the store since the screen was last painted."""

from dataclasses import dataclass, field

CELLS_LIMIT = 4000
"""More dirty cells than a screen could show: painting everything is cheaper than telling them apart."""


@dataclass(slots=True)
class Dirty:
    """Marks of one paint interval. Indices are the store's own.

    ``everything``: a snapshot came. ``gone``: archives went, and nothing stands under their indices. ``layout``: nodes
    or archives came, went or changed what sorts them.
    ``cells``: (node, archive). ``nodes`` / ``archives``: rows and columns whose own facts changed.
    """

    everything: bool = False
    gone: bool = False
    layout: bool = False
    cells: set[tuple[int, int]] = field(default_factory=set)
    nodes: set[int] = field(default_factory=set)
    archives: set[int] = field(default_factory=set)
    details: bool = False
    log: bool = False
    figures: bool = False

    def __bool__(self) -> bool:
        return (
            self.everything
            or self.layout
            or self.details
            or self.log
            or self.figures
            or bool(self.cells)
            or bool(self.nodes)
            or bool(self.archives)
        )

    def cell(self, node: int, archive: int) -> None:
        """Mark one cell; past the limit everything."""
        if self.everything:
            return
        self.cells.add((node, archive))
        if len(self.cells) > CELLS_LIMIT:
            self.all()

    @property
    def moved(self) -> bool:
        """Tell whether indices that somebody remembers may be others' now, or nobody's: not to be used again."""
        return self.everything or self.gone

    def all(self) -> None:
        """Mark the whole screen."""
        self.everything = self.layout = self.details = self.log = self.figures = True
        self.cells.clear()
        self.nodes.clear()
        self.archives.clear()
