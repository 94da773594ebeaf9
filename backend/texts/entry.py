"""One entry of the catalogue."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A message, and for what went wrong a remedy: the next command to try. Both are templates (``filling``)."""

    message: str
    remedy: str = ""
