"""What there is to say of a cell, a node or an archive: one line for below the matrix, many for beside it."""

import shlex
from collections.abc import Iterable, Iterator

from backend.api.wire import ArchiveRow, CellDetail, NodeRow
from backend.model.plain import plain
from dsync_tui import naming, saying
from dsync_tui.console import figures
from dsync_tui.console.cells import LOOKS, MOVING, Kind
from dsync_tui.console.glyphs import FROM
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, Span, fitted, joined, wrapped
from dsync_tui.console.session import STALE_AFTER_S
from dsync_tui.console.spark import bar
from dsync_tui.console.store import Counts

CAPTION_CELLS = 12
"""Room for what a fact is, its gap included."""
PREFIX_DIGITS = 8
"""Hex digits that name an archive in commands: more than the daemon asks for, few enough to type."""


def archive_name(archive: ArchiveRow) -> str:
    """How commands name the archive: its fingerprint's beginning; a rejected file goes by its name."""
    return archive.fingerprint[:PREFIX_DIGITS] or shlex.quote(plain(archive.name))


def node_name(kit: Kit, node_id: str) -> str:
    """The name of a node given by ID or name."""
    index = kit.store.node_index.get(node_id)
    return node_id if index is None else kit.store.nodes[index].name


def error_of(kit: Kit, detail: CellDetail) -> tuple[str, str]:
    """Error and remedy of a cell in this console's language, or as the daemon put them."""
    return (
        saying.sentence(kit.texts, detail.code, detail.params, detail.error),
        saying.remedy(kit.texts, detail.code, detail.params, detail.remedy),
    )


def reason_of(kit: Kit, archive: ArchiveRow) -> str:
    """Why a file was rejected, in this console's language; "" for what was not."""
    return saying.sentence(kit.texts, archive.code, archive.params, archive.reason)


def refusal_lines(kit: Kit, archive: ArchiveRow, width: int) -> Iterator[Line]:
    """Why a file was rejected, and what to do about it."""
    yield []
    yield from wrapped(reason_of(kit, archive), width, "bad")
    remedy = saying.remedy(kit.texts, archive.code, archive.params, archive.remedy)
    if remedy:
        yield from wrapped(remedy, width, "text")


def state_span(kit: Kit, kind: Kind) -> Span:
    """Glyph and word of a state."""
    look = LOOKS[kind]
    glyph = look.ascii if kit.ascii_only else look.glyph
    if kind is Kind.TRANSFERRING:
        return kit.state(kind), look.style
    return f"{glyph} {kit.state(kind)}", look.style


def effective_kind(kit: Kit, node: int, archive: int) -> Kind:
    """The cell's kind as the matrix shows it."""
    return Kind.REJECTED if archive in kit.store.rejected else kit.store.kind(node, archive)


def node_state_span(kit: Kit, facts: NodeRow) -> Span:
    """The node's state, with its age where it is out of reach, or what it is sick of."""
    if facts.state == "down":
        gone = figures.age(kit.store.now(kit.now()) - facts.seen_at) if facts.seen_at else ""
        return f"{kit.node_state('down')} {gone}".rstrip(), "bad"
    return node_word(kit, facts)


def node_word(kit: Kit, facts: NodeRow) -> Span:
    """The same without the age."""
    if facts.state == "down":
        return kit.node_state("down"), "bad"
    if facts.state == "pending":
        return kit.node_state("pending"), "dim"
    if facts.sick is not None:
        return kit.say("node.sick"), "warn"
    return kit.node_state(facts.state), "good" if facts.state == "up" else "warn"


def seen(kit: Kit, facts: NodeRow) -> str:
    """How old is what is known of a node: of one that the daemon is in touch with as old as the daemon's own news."""
    at = kit.store.at if facts.linked else facts.seen_at
    if not at:
        return kit.say("node.never")
    age_s = kit.store.now(kit.now()) - at
    return kit.say("node.now") if facts.linked and age_s <= STALE_AFTER_S else figures.age(age_s)


def motion(kit: Kit, detail: CellDetail, archive: ArchiveRow) -> list[Span]:
    """How far a transfer is: percent, rate, time left."""
    parts: list[Line] = [[(figures.tenth_percent(detail.progress).strip(), "transferring")]]
    if detail.rate_bps > 0:
        left_s = (1 - detail.progress) * archive.size_bytes / detail.rate_bps
        parts.append([(figures.rate(detail.rate_bps), "moving")])
        parts.append([(kit.say("cell.left", time=figures.clock(left_s)), "text")])
    return joined(parts)


def cell_line(kit: Kit, node: int, archive: int) -> list[Span]:
    """The line below the matrix: node, archive, state, why."""
    facts, entry = kit.store.nodes[node], kit.store.archive(archive)
    kind = effective_kind(kit, node, archive)
    detail = kit.store.details.get((node, archive))
    parts: list[Line] = [
        [(plain(facts.name), "strong")],
        [(kit.label(entry), "strong")],
    ]
    if facts.state != "up":
        parts.append([node_state_span(kit, facts)])
    if kind is Kind.NONE:
        parts.append([(kit.say("cell.not-wanted"), "dim")])
    else:
        parts.append([state_span(kit, kind)])
    if detail is not None:
        parts.extend(short_facts(kit, kind, detail, entry))
    elif entry.reason:
        parts.append([(reason_of(kit, entry), "bad")])
    return joined(parts)


def short_facts(kit: Kit, kind: Kind, detail: CellDetail, entry: ArchiveRow) -> Iterator[Line]:
    """What matters of a cell beside its state, in as many short pieces."""
    if kind is Kind.TRANSFERRING:
        yield motion(kit, detail, entry)
    if detail.source and kind in MOVING:
        yield [(f"{FROM} {plain(node_name(kit, detail.source))}", "dim")]
    if kind is Kind.WAITING and detail.due_at is not None:
        left = figures.countdown(detail.due_at - kit.store.now(kit.now()))
        yield [(kit.say("cell.due", time=left), "warn")]
    error, _ = error_of(kit, detail)
    if error:
        yield [(error, "bad" if kind in (Kind.FAILED, Kind.REJECTED) else "warn")]
    elif detail.note:
        yield [(kit.note(detail.note), "dim")]


def cell_lines(kit: Kit, node: int, archive: int, width: int, more: Iterable[Line] = ()) -> Iterator[Line]:
    """All that the stream tells of a cell; ``more`` stands before the commands to try."""
    facts, entry = kit.store.nodes[node], kit.store.archive(archive)
    kind = effective_kind(kit, node, archive)
    detail = kit.store.details.get((node, archive))
    yield joined([[(plain(facts.name), "strong")], [node_state_span(kit, facts)]])
    yield from wrapped(kit.label(entry), width, "strong")
    yield joined([[(entry.name, "dim")], [(figures.size(entry.size_bytes), "dim")]])
    yield []
    if kind is Kind.NONE:
        yield from wrapped(kit.say("cell.not-wanted"), width, "dim")
        return
    yield [state_span(kit, kind)]
    if detail is not None:
        yield from _facts(kit, kind, detail, entry, width)
    if entry.reason and (detail is None or not detail.error):
        yield from refusal_lines(kit, entry, width)
    if facts.sick is not None:
        yield []
        yield from wrapped(saying.sickness(kit.texts, facts) or "", width, "warn")
    yield from more
    yield from command_lines(kit, cell_commands(kind, facts, entry), width)


def _facts(kit: Kit, kind: Kind, detail: CellDetail, entry: ArchiveRow, width: int) -> Iterator[Line]:
    if kind is Kind.TRANSFERRING:
        done, rest = bar(detail.progress, min(width, 36), kit.ascii_only)
        yield [(done, "moving"), (rest, "rule")]
        yield motion(kit, detail, entry)
    yield []
    if detail.source:
        yield fact(kit, "cell.source", plain(node_name(kit, detail.source)))
    if kind is Kind.WAITING and detail.due_at is not None:
        left = figures.countdown(detail.due_at - kit.store.now(kit.now()))
        yield fact(kit, "cell.next-try", left, "warn")
    yield fact(kit, "cell.attempts", str(detail.attempts))
    yield fact(kit, "cell.retries", str(detail.retries))
    if detail.since:
        yield fact(kit, "cell.since", figures.age(kit.store.now(kit.now()) - detail.since))
    error, remedy = error_of(kit, detail)
    if error:
        yield []
        yield from wrapped(error, width, "bad" if kind in (Kind.FAILED, Kind.REJECTED) else "warn")
    if remedy:
        yield from wrapped(remedy, width, "text")
    if detail.note:
        yield []
        yield from wrapped(kit.note(detail.note), width, "dim")


def fact(kit: Kit, key: str, value: str, style: str = "text") -> Line:
    """One fact under its caption."""
    return [(fitted(kit.say(key), CAPTION_CELLS - 1) + " ", "dim"), (value, style)]


def wide_fact(kit: Kit, key: str, value: str, width: int) -> Iterator[Line]:
    """One fact whose value may take several lines."""
    caption = kit.say(key)
    for line in wrapped(value, max(8, width - CAPTION_CELLS)):
        yield [(fitted(caption, CAPTION_CELLS - 1) + " ", "dim"), *line]
        caption = ""


def cell_commands(kind: Kind, facts: NodeRow, entry: ArchiveRow) -> list[str]:
    """Commands worth trying for a cell in that state, from the name of each on."""
    name, node = archive_name(entry), shlex.quote(plain(facts.name))
    commands = []
    if kind in (Kind.WAITING, Kind.FAILED, Kind.CANCELLED):
        commands.append(f"retry {name} --node {node}")
    if kind in (Kind.HELD, Kind.FAILED, Kind.WAITING) or facts.sick is not None:
        commands.append(f"health --node {node}")
    if kind in (Kind.READY, Kind.STORED):
        commands.append(f"sync {name} --to {node}")
    commands.append(f"status {name} --full")
    return commands


def command_lines(kit: Kit, commands: list[str], width: int) -> Iterator[Line]:
    """Commands under their caption, as this console's user has to call them."""
    if not commands:
        return
    yield []
    yield [(kit.say("cell.try"), "title")]
    for command in commands:
        yield from wrapped(kit.texts.call.command(command), width, "key", " ")


def node_lines(kit: Kit, node: int, width: int) -> Iterator[Line]:
    """All that is known of a node."""
    facts, counts = kit.store.nodes[node], kit.store.node_counts[node]
    yield joined([[(plain(facts.name), "strong")], [node_state_span(kit, facts)]])
    yield []
    yield fact(kit, "node.kind", facts.kind)
    yield fact(kit, "node.address", facts.address)
    yield fact(kit, "node.runtime", facts.runtime or kit.say("unknown"))
    yield fact(kit, "node.free", figures.size(facts.free_bytes) if facts.free_bytes else kit.say("unknown"))
    yield fact(kit, "node.rate", figures.rate(facts.rate_bps))
    if facts.bandwidth_bps:
        yield fact(kit, "node.limit", figures.rate(facts.bandwidth_bps))
    yield fact(kit, "node.seen", seen(kit, facts))
    for key, value in sorted(facts.labels.items()):
        yield [(fitted(key, CAPTION_CELLS - 1) + " ", "dim"), (value, "text")]
    yield from _tally(kit, counts)
    if facts.sick is not None:
        yield []
        yield from wrapped(saying.sickness(kit.texts, facts) or "", width, "warn")
    node_arg = shlex.quote(plain(facts.name))
    yield from command_lines(kit, [f"health --node {node_arg}"], width)
    yield []
    yield from wrapped(facts.id, width, "dim")


def archive_lines(kit: Kit, archive: int, width: int) -> Iterator[Line]:
    """All that is known of an archive."""
    entry, counts = kit.store.archive(archive), kit.store.archive_counts[archive]
    tags = entry.tags or (entry.name,)
    for tag in tags[:12]:
        yield from wrapped(naming.familiar(tag), width, "dim" if tag in entry.overtaken_tags else "strong")
    if len(tags) > 12:
        yield [(kit.say("archive.more-tags", count=len(tags) - 12), "dim")]
    yield []
    state = naming.state_of(entry)
    style = {"active": "good", "rejected": "bad"}.get(state, "dim")
    yield fact(kit, "archive.state", kit.texts.text(f"archive.{state}"), style)
    yield from wide_fact(kit, "archive.file", entry.name, width)
    for alias in entry.aliases[:6]:
        yield from wide_fact(kit, "archive.alias", alias, width)
    yield fact(kit, "archive.size", figures.size(entry.size_bytes))
    yield fact(kit, "archive.images", str(entry.images))
    yield fact(kit, "archive.origin", node_name(kit, entry.origin))
    if entry.order:
        yield fact(kit, "archive.order", str(entry.order))
    yield from wide_fact(kit, "archive.fingerprint", entry.fingerprint or kit.say("unknown"), width)
    if entry.reason:
        yield from refusal_lines(kit, entry, width)
    yield from _tally(kit, counts)
    yield from command_lines(kit, [f"status {archive_name(entry)} --full"], width)


def _tally(kit: Kit, counts: Counts) -> Iterator[Line]:
    """How many cells are in which state."""
    lines = [
        [(f"{count:>6} ", "text"), state_span(kit, Kind(kind))]
        for kind, count in enumerate(counts.by_kind)
        if count and Kind(kind) is not Kind.NONE
    ]
    if lines:
        yield []
        yield from lines
