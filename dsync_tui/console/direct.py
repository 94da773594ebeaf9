"""The short way from a widget to the terminal, for changes that are small and many.

Textual's compositor works by lines: for one changed cell it makes that line anew and sends all of it that stands left
of the cell. At a thousand changes a second that is nearly all of the processor time and of the output. What is written
here stands on the terminal at once, and is all that is sent. The lines it stands in are marked in the widget's cache,
so that the compositor asks for them anew when it next has cause to paint there.
"""

from collections.abc import Iterable, Sequence

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS
from rich.segment import Segment
from rich.style import Style
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual.app import App
from textual.color import Color
from textual.driver import Driver
from textual.drivers._writer_thread import WriterThread
from textual.filter import LineFilter
from textual.geometry import Region
from textual.widget import Widget

from dsync_tui.console.inks import Inks


class Way:
    """Collects pieces of one widget; ``send`` writes them as one update. Places are those of its content."""

    def __init__(self, widget: Widget, driver: Driver, inks: Inks) -> None:
        self._widget = widget
        self._driver = driver
        self._inks = inks
        self._left, self._top = widget.content_region.offset
        self._colours = COLOR_SYSTEMS.get(widget.app.console.color_system or "", ColorSystem.TRUECOLOR)
        self._filters: Sequence[LineFilter] | None = None
        self._ground = Color(0, 0, 0)
        self._parts: list[str] = []
        self._lines: set[int] = set()

    def filtered(self, segments: Iterable[Segment]) -> list[Segment]:
        """The segments with the colours that this terminal is to have: dimmed ones are mixed, or there are none."""
        if self._filters is None:
            # Worked out once for all lines, and for cells that have been drawn before not at all.
            self._filters = self._widget.get_line_filters()
            self._ground = self._widget.background_colors[1]
        changed = list(segments)
        for each in self._filters:
            changed = each.apply(changed, self._ground)
        return changed

    def sequence(self, filtered: Iterable[Segment]) -> str:
        """What draws segments where the terminal's cursor stands."""
        return self._inks.render(filtered, self._colours)

    def step(self, before: Style | None, after: Style | None) -> str:
        """What brings the terminal from one style to another; None is the plain one."""
        return self._inks.step(before, after, self._colours)

    def write(self, x: int, y: int, sequence: str) -> None:
        """Draw something there."""
        self._parts.append(f"\x1b[{self._top + y + 1};{self._left + x + 1}H{sequence}")
        self._lines.add(y)

    def send(self) -> None:
        """Write everything, as one update where the terminal can do that."""
        if not self._parts:
            return
        app = self._widget.app
        # Where text is being typed the terminal's own cursor belongs there: input methods look at it.
        x, y = app.screen.outer_size.clamp_offset(app.cursor_position)
        self._parts.append(f"\x1b[{y + 1};{x + 1}H")
        above = self._widget.content_offset.y
        self._widget._styles_cache.set_dirty(*(Region(0, above + line, 1, 1) for line in self._lines))
        if app._sync_available:
            self._parts = [SYNC_START, *self._parts, SYNC_END]
        self._driver.write("".join(self._parts))


def waiting_writes(app: App[object]) -> int:
    """How many updates the terminal has not begun to take; 0 where nobody knows."""
    writer = getattr(app._driver, "_writer_thread", None)
    return writer._queue.qsize() if isinstance(writer, WriterThread) else 0


def way_to(widget: Widget, inks: Inks) -> Way | None:
    """The way to the terminal; None where the compositor has to do it: no terminal, hidden, or something lies above."""
    app = widget.app
    driver = app._driver
    if driver is None or not _painting(app) or app.screen is not widget.screen:
        return None
    for other, (region, clip) in app.screen._compositor.visible_widgets.items():
        if other is widget:
            return Way(widget, driver, inks) if clip.contains_region(region) else None
        # They come from front to back.
        if region.intersection(clip).overlaps(widget.region):
            return None
    return None


def _painting(app: App[object]) -> bool:
    return app._running and not app._closed and not app._exit and not app.is_headless and not app._batch_count


def difference(before: Sequence[Segment], after: Sequence[Segment]) -> tuple[int, list[Segment]]:
    """What of a line is to be drawn anew, and at which cell it begins. Both lines are of one width."""
    first = _alike(before, after)
    if first == len(after):
        return 0, []
    last = _alike(reversed(before[first:]), reversed(after[first:]))
    return sum(segment.cell_length for segment in after[:first]), list(after[first : len(after) - last])


def _alike(before: Iterable[Segment], after: Iterable[Segment]) -> int:
    """How many segments are the same at the beginning."""
    count = 0
    for one, other in zip(before, after, strict=False):
        if one != other:
            break
        count += 1
    return count
