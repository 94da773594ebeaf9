"""A progress bar of narrow characters: rich's own are of ambiguous width."""

from rich.progress import ProgressColumn, Task
from rich.text import Text

from dsync_tui.bars import bar

BAR_CELLS = 30


class NarrowBar(ProgressColumn):
    """How far a task is."""

    def __init__(self, ascii_only: bool) -> None:
        super().__init__()
        self._ascii_only = ascii_only

    def render(self, task: Task) -> Text:
        """The bar now; a task without a total has done nothing yet."""
        done, rest = bar(task.completed / task.total if task.total else 0.0, BAR_CELLS, self._ascii_only)
        return Text.assemble((done, "cyan"), (rest, "dim"))
