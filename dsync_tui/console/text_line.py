"""A line of text that people type, or paste from anywhere."""

from textual.widgets import Input

from backend.model.plain import plain


class TextLine(Input):
    """Takes in what can be seen alone: what is pasted may hold what a terminal acts on, and would be painted so."""

    def replace(self, text: str, start: int, end: int) -> None:
        """Put text in the place of other text; whatever is typed or pasted comes this way."""
        kept = "".join(char for char in text.replace("\t", " ") if plain(char) == char)
        super().replace(kept, start, end)
