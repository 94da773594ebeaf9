"""What the keys mean that find and mark: filters, orders, zooms, the next match."""

from collections.abc import Mapping

from textual.widgets import Input

from dsync_tui.console.asking import Stage
from dsync_tui.console.kit import Kit
from dsync_tui.console.screens.events import EventsView
from dsync_tui.console.screens.home_frame import HomeFrame
from dsync_tui.console.session import Session


class HomeFinding(HomeFrame, inherit_bindings=False):
    """The home screen's keys of the groups ``find`` and ``mark``."""

    def __init__(self, kit: Kit, session: Session, stage: Stage, keys: Mapping[str, str]) -> None:
        super().__init__(kit, session, keys)
        self._stage = stage

    def action_filter(self) -> None:
        """Open the filter; it filters as it is typed."""
        box = self.query_one("#filter", Input)
        box.value = self.view.filter_text
        self.add_class("-filtering")
        # At once: the next key belongs to it.
        self.set_focus(box, scroll_visible=False)
        box.cursor_position = len(box.value)

    def action_trace(self) -> None:
        """Show only what belongs to the delivery that the event is about, or everything again."""
        if isinstance(self.view, EventsView) and not self.view.toggle_trace():
            self._stage.tell(self.kit.say("event.no-trace"), True)
        self.update_bars()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as it is typed."""
        if self.has_class("-filtering"):
            self.view.set_filter(event.value)
            self.update_bars()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and go back to the view."""
        self._end_filter()

    def action_back(self) -> None:
        """Leave the filter; else take away filter, then marks, then troubles only."""
        if self.has_class("-filtering") or self.view.filter_text:
            self._end_filter()
            self.view.set_filter("")
        elif isinstance(self.view, EventsView) and self.view.trace:
            self.view.toggle_trace()
        elif self.view.marked():
            self.view.clear_marks()
        elif self._matrix().matrix.wanted.troubles_only and self.active == "matrix":
            self._matrix().toggle_troubles()
        self.update_bars()

    def action_troubles(self) -> None:
        """Troubles only, or everything; from any view that shows it in the matrix."""
        if self.active == "matrix":
            self._matrix().toggle_troubles()
            self.update_bars()

    def action_sort(self) -> None:
        """Order rows in the next way."""
        self.view.next_sort()
        self.update_bars()

    def action_sort_columns(self) -> None:
        """Order columns in the next way."""
        self.view.next_column_sort()
        self.update_bars()

    def action_find(self, direction: int) -> None:
        """The next row, or cell, that is looked for."""
        if not self.view.find(direction):
            sought = self.view.sought_text
            self._stage.tell(self.kit.say("find.nothing", text=sought) if sought else self.kit.say("find.what"), True)

    def action_images(self) -> None:
        """A column for each image of the archive under the cursor, or one for all."""
        if self.active == "matrix" and not self._matrix().toggle_images():
            self._stage.tell(self.kit.say("images.one"), True)

    def action_zoom(self) -> None:
        """The matrix' other zoom."""
        if self.active == "matrix":
            self._matrix().next_zoom()

    def action_mark(self) -> None:
        """Mark what is under the cursor."""
        self.view.toggle_mark()
        self.update_bars()

    def action_mark_column(self) -> None:
        """Mark the archive under the cursor."""
        self.view.toggle_column_mark()
        self.update_bars()

    def action_range(self) -> None:
        """Mark from here on to wherever the cursor goes, or end that."""
        self.view.toggle_range()
        self.update_bars()

    def action_mark_all(self) -> None:
        """Mark all that is shown."""
        self.view.mark_shown()
        self.update_bars()

    def action_unmark(self) -> None:
        """Take all marks away."""
        self.view.clear_marks()
        self.update_bars()
