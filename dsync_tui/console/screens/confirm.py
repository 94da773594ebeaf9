"""A question with a few answers. The harmless one has the focus; escape gives none."""

from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.events import Blur, Click, Focus
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from dsync_tui.console.asking import Answer, Ask
from dsync_tui.console.boxes import LinesBox
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, paint, wrapped

WIDEST = 76


class Choice(Widget, can_focus=True):
    """An answer as a button."""

    DEFAULT_CSS = """
    Choice { height: 1; width: auto; margin: 0 2 0 0; }
    """

    class Taken(Message):
        """The answer was clicked."""

        def __init__(self, answer: str) -> None:
            super().__init__()
            self.answer = answer

    def __init__(self, kit: Kit, answer: Answer) -> None:
        super().__init__(id=f"answer-{answer.id}")
        self.kit = kit
        self.answer = answer
        self._text = f"[ {answer.label} ]"
        self.styles.width = cell_len(self._text)

    def render_line(self, y: int) -> Strip:
        """The label, marked where it has the focus."""
        style = "choice-active" if self.has_focus else "choice"
        return paint([(self._text, style)], self.size.width, self.kit.palette)

    def on_focus(self, event: Focus) -> None:
        """Show the focus."""
        self.refresh()

    def on_blur(self, event: Blur) -> None:
        """Show that it is gone."""
        self.refresh()

    def on_click(self, event: Click) -> None:
        """Take this answer."""
        self.post_message(self.Taken(self.answer.id))


class Question(ModalScreen[str | None], inherit_bindings=False):
    """The dialog."""

    DEFAULT_CSS = """
    Question { align: center middle; }
    Question #question { width: auto; height: auto; max-width: 100%; max-height: 100%; }
    Question #question { padding: 1 2; background: $panel; }
    Question #question-lines { height: auto; }
    Question #answers { height: 1; width: auto; margin: 1 0 0 0; }
    """
    BINDINGS: ClassVar[list[Binding]] = [  # type: ignore[assignment]  # Textual allows tuples too
        Binding("escape,q,ctrl+c", "answer('')", show=False),
        Binding("enter,space", "take", show=False),
        Binding("left,h,shift+tab", "app.focus_previous", show=False),
        Binding("right,l,tab", "app.focus_next", show=False),
        Binding("up,k", "scroll(-1)", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
        Binding("pagedown", "scroll(10)", show=False),
    ]

    def __init__(self, kit: Kit, ask: Ask) -> None:
        super().__init__()
        self.kit = kit
        self.asked = ask
        self._box = LinesBox(kit, id="question-lines", place="dialog")

    def compose(self) -> ComposeResult:
        """Title and body, then the answers."""
        with Vertical(id="question"):
            yield self._box
            with Horizontal(id="answers"):
                for answer in self.asked.answers:
                    yield Choice(self.kit, answer)

    def on_mount(self) -> None:
        """Lay out and put the focus on the harmless answer."""
        self._lay_out()
        # There are none where it was left before it was there.
        for choice in self.query(f"#answer-{self.asked.answers[0].id}"):
            choice.focus()

    def on_resize(self) -> None:
        """Lay out for the new size."""
        self._lay_out()

    def _lay_out(self) -> None:
        width = max(1, min(WIDEST, self.app.size.width - 6))
        lines: list[Line] = [*wrapped(self.asked.title, width, "title"), []]
        for line in self.asked.body:
            if len(line) == 1:
                lines.extend(wrapped(line[0][0], width, line[0][1]) if line[0][0] else [[]])
            else:
                lines.append(line)
        self._box.styles.width = width
        self._box.styles.height = max(1, min(len(lines), self.app.size.height - 5))
        self._box.set_lines(lines)

    def action_scroll(self, lines: int) -> None:
        """Scroll a long body."""
        self._box.scroll_by_lines(lines)

    def action_take(self) -> None:
        """Take the answer that has the focus."""
        focused = self.focused
        self.dismiss(focused.answer.id if isinstance(focused, Choice) else None)

    def action_answer(self, answer: str) -> None:
        """Take an answer by name; none for ''."""
        self.dismiss(answer or None)

    def on_choice_taken(self, message: Choice.Taken) -> None:
        """An answer was clicked."""
        self.dismiss(message.answer)
