"""One cell of the matrix where there is room for more than its sign."""

from collections.abc import Iterator

from rich.cells import cell_len

from dsync_tui.console import figures
from dsync_tui.console.cells import KIND_OF, LOOKS, Kind
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Span
from dsync_tui.console.spark import bar

WORDS_FROM, RATE_FROM = 9, 17
"""From so many cells on a cell has its word, or a transfer its bar; its rate."""


def cell_spans(kit: Kit, code: int, node: int, archive: int, room: int) -> Iterator[Span]:
    """A cell in exactly ``room`` cells: percent, bar and rate of a transfer, a countdown, a word, as they fit."""
    kind = Kind(KIND_OF[code])
    if kind is Kind.NONE:
        yield " " * room, "none"
        return
    detail = kit.store.details.get((node, archive))
    if kind is Kind.TRANSFERRING:
        share = detail.progress if detail is not None else (code - ord("0")) / 10
        yield from _transfer(kit, share, detail.rate_bps if detail is not None else 0, room)
        return
    look = LOOKS[kind]
    glyph = look.ascii if kit.ascii_only else look.glyph
    text = f"{glyph} {kit.state(kind)}"
    if kind is Kind.WAITING and detail is not None and detail.due_at is not None:
        text = f"{glyph} {figures.countdown(detail.due_at - kit.store.now(kit.now()))}"
    elif room < WORDS_FROM:
        text = glyph
    if cell_len(text) > room:
        text = glyph
    yield text, look.style
    yield " " * (room - cell_len(text)), "text"


def _transfer(kit: Kit, share: float, rate_bps: int, room: int) -> Iterator[Span]:
    percent = figures.tenth_percent(share)
    if room < WORDS_FROM:
        yield percent.strip().ljust(room), "transferring"
        return
    rate = f"{figures.mebibytes(rate_bps):>5}" if room >= RATE_FROM else ""
    done, rest = bar(share, room - len(percent) - len(rate), kit.ascii_only)
    yield done, "moving"
    yield rest, "rule"
    yield percent, "transferring"
    yield rate, "moving"
