"""Breaking text into lines by terminal cells: at spaces, and between the characters of scripts that have none. Pure."""

import re
from collections.abc import Iterator

from rich.cells import cell_len

CUT = "⋯"
"""Stands where text was left out: narrow in every terminal, unlike the usual ellipsis."""
_WIDE = r"[\u2e80-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uff60\uffe0-\uffe6]"
_NOT_FIRST = r"[\u3001\u3002\u3009\u300b\u300d\u300f\u3011\u3015\uff01\uff09\uff0c\uff0e\uff1a\uff1b\uff1f\uff3d\uff5d]"
_NOT_LAST = r"[\u3008\u300a\u300c\u300e\u3010\u3014\uff08\uff3b\uff5b]"
_UNIT = rf"(?:{_NOT_LAST})*(?:{_WIDE}|(?:(?!{_WIDE})\S)+)(?:{_NOT_FIRST})*|\s+"
"""What no line break may divide: a word, or one character of Chinese or Japanese; with the closing marks behind it,
which may not begin a line, and the opening ones before it, which may not end one (JIS X 4051 calls that kinsoku)."""


def wrap_cells(text: str, width: int) -> Iterator[str]:
    """Yield ``text`` in lines of at most ``width`` cells; what is longer by itself is broken where it must be."""
    room = max(1, width)
    line, gap = "", ""
    # Compiled when it is first needed: it takes as long as a hundredth of the time in which a console is to open.
    for unit in re.findall(_UNIT, text):
        if unit.isspace():
            gap = " " * len(unit)
            continue
        if cell_len(line) + cell_len(gap) + cell_len(unit) <= room:
            line += (gap if line else "") + unit
        else:
            if line:
                yield line
            line = ""
            for piece in pieces(unit, room):
                if line:
                    yield line
                line = piece
        gap = ""
    if line:
        yield line


def pieces(unit: str, room: int) -> Iterator[str]:
    """Yield ``unit`` in pieces of at most ``room`` cells, each of at least one character."""
    while cell_len(unit) > room:
        length = 1
        while cell_len(unit[: length + 1]) <= room:
            length += 1
        yield unit[:length]
        unit = unit[length:]
    if unit:
        yield unit
