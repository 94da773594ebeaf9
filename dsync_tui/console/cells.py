"""What one cell of the matrix may be, and how each kind looks: glyph, attribute and colour, never colour alone.

Every glyph is of East Asian width Neutral or Narrow (a test checks it): terminals set to a CJK locale draw
Ambiguous ones two cells wide, and the whole matrix would shear.
"""

from dataclasses import dataclass
from enum import IntEnum

from backend.api.wire import CELL_CODES, CELL_NONE, CELL_REJECTED


class Kind(IntEnum):
    """A cell's state as a small number, so that counting is indexing."""

    NONE = 0
    QUEUED = 1
    TRANSFERRING = 2
    VERIFYING = 3
    LOADING = 4
    READY = 5
    STORED = 6
    WAITING = 7
    HELD = 8
    FAILED = 9
    CANCELLED = 10
    REJECTED = 11
    UNKNOWN = 12

    @property
    def word(self) -> str:
        """The state's word; also its name in the texts and its style in themes."""
        return self.name.lower()


KIND_COUNT = len(Kind)
CELL_CHARACTERS = " " + "0123456789" + "".join(code for code in CELL_CODES.values() if code != "0") + CELL_REJECTED
"""All characters that a cell may have on the wire."""

MOVING = frozenset({Kind.TRANSFERRING, Kind.VERIFYING, Kind.LOADING})
HAPPY = frozenset({Kind.READY, Kind.STORED})
TROUBLE = frozenset({Kind.WAITING, Kind.HELD, Kind.FAILED, Kind.REJECTED})


def _kind_table() -> bytes:
    table = bytearray([Kind.UNKNOWN] * 256)
    for word, code in CELL_CODES.items():
        table[ord(code)] = Kind[word.upper()]
    for tenth in range(10):
        table[ord("0") + tenth] = Kind.TRANSFERRING
    table[ord(CELL_NONE)] = Kind.NONE
    table[ord(CELL_REJECTED)] = Kind.REJECTED
    return bytes(table)


KIND_OF: bytes = _kind_table()
"""Code byte -> ``Kind``; also a translation table for whole columns."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a kind is drawn. ``style`` names a style of the theme."""

    glyph: str
    ascii: str
    style: str


LOOKS: dict[Kind, Look] = {
    Kind.NONE: Look(" ", " ", "none"),
    Kind.QUEUED: Look("◌", "o", "queued"),
    Kind.TRANSFERRING: Look("0", "0", "transferring"),  # drawn as its own digit
    Kind.VERIFYING: Look("⟳", "v", "verifying"),
    Kind.LOADING: Look("↧", "l", "loading"),
    Kind.READY: Look("∙", ".", "ready"),
    Kind.STORED: Look("◦", ",", "stored"),
    Kind.WAITING: Look("↻", "r", "waiting"),
    Kind.HELD: Look("=", "h", "held"),
    Kind.FAILED: Look("✗", "X", "failed"),
    Kind.CANCELLED: Look("⊘", "c", "cancelled"),
    Kind.REJECTED: Look("‼", "!", "rejected"),
    Kind.UNKNOWN: Look("?", "?", "unknown"),
}
DOWN = Look("╌", "-", "down")
"""Overlay on the whole row of a node that is out of reach."""


def glyph_table(ascii_only: bool) -> list[str]:
    """Return the glyph for each possible code byte of a cell."""
    table = []
    for code in range(256):
        kind = Kind(KIND_OF[code])
        look = LOOKS[kind]
        if kind is Kind.TRANSFERRING:
            table.append(chr(code))
        else:
            table.append(look.ascii if ascii_only else look.glyph)
    return table


def style_table() -> list[str]:
    """Return the style's name for each possible code byte of a cell."""
    return [LOOKS[Kind(KIND_OF[code])].style for code in range(256)]
