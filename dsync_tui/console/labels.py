"""Short names for archives that can still be told apart where only a few cells are to be had."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from backend.api.wire import ArchiveRow
from backend.model.plain import plain
from dsync_tui import naming
from dsync_tui.console.glyphs import CUT
from dsync_tui.wrapping import pieces

CONFIG_DIGITS = 12

Measure = Callable[[str], int]
"""How much room a text takes: ``cell_len`` where it runs across, ``len`` where each character has a line."""


class Labels(NamedTuple):
    """What an archive is to people, with the path of its repository and without; each is no other archive's."""

    full: str
    short: str


def labels_of(archives: Sequence[ArchiveRow]) -> list[Labels]:
    """Name each archive; what two would share is told apart by the repository's path, or by fingerprints."""
    fulls = naming.distinct([full_label(each) for each in archives], [each.fingerprint for each in archives])
    shorts = [shortened(label) for label in fulls]
    counts = Counter(shorts)
    return [Labels(full, short if counts[short] == 1 else full) for full, short in zip(fulls, shorts, strict=True)]


def full_label(archive: ArchiveRow) -> str:
    """What the archive is to people: its tag as the runtime shows it; of several the first and how many more.

    Only tags that belong to it count. Without any it goes by its file's name; images without a tag are counted too.
    """
    return plain(naming.label(archive, archive.images), 200)


def part_label(archive: ArchiveRow, part: int) -> str:
    """What one of an archive's several images is to people: a tag of its own, else the beginning of its digest."""
    image = archive.parts[part]
    own = [tag for tag in image.tags if tag not in archive.overtaken_tags]
    if own:
        first = plain(naming.familiar(own[0]), 200)
        named = first if len(own) == 1 else f"{first} +{len(own) - 1}"
    else:
        named = plain(image.config.removeprefix("sha256:")[:CONFIG_DIGITS])
    twins = [other.platform for other in archive.parts if other.tags == image.tags]
    # One tag for several platforms: only those tell the images apart.
    return f"{named} {plain(image.platform, 40)}" if image.platform and len(twins) > 1 else named


def shortened(label: str) -> str:
    """The part of a label that differs most: without its repository's path; a platform behind it keeps its slash."""
    name, space, rest = label.partition(" ")
    return (name.rsplit("/", 1)[-1] or name) + space + rest


def fitting_label(label: str, room: int) -> str:
    """The label without as much of its repository's path as does not fit ``room`` cells; then cut in its middle."""
    while cell_len(label) > room:
        head, slash, rest = label.partition("/")
        if not slash or " " in head:
            return middle_cut(label, room)
        label = rest
    return label


def labels_down(labels: Sequence[str], fallbacks: Sequence[str], height: int) -> list[str]:
    """Labels of at most ``height`` characters, to be written downwards; different ones stay different."""
    return _told_apart(labels, fallbacks, lambda label: middle_cut(label, height, len), height)


def labels_across(labels: Sequence[str], fallbacks: Sequence[str], room: int, lines: int) -> list[list[str]]:
    """Labels broken into at most ``lines`` lines of ``room`` cells; different ones stay different.

    The lines of a label are joined by a line feed while they are compared: none stands in a label.
    """
    joined = _told_apart(labels, fallbacks, lambda label: "\n".join(stacked(label, room, lines)), room)
    return [text.split("\n") for text in joined]


def stacked(label: str, room: int, lines: int) -> list[str]:
    """Break one label: name first, what tells it apart on a line of its own where one line is not enough."""
    if cell_len(label) <= room:
        return [label]
    name, end = halves(label)
    if not end or lines < 2:
        return _chunks(middle_cut(label, room * lines), room)
    below = _chunks(middle_cut(end, room * max(1, lines // 2)), room)
    above = _chunks(middle_cut(name, room * (lines - len(below))), room)
    return above + below


def halves(label: str) -> tuple[str, str]:
    """Where a label is best broken: before its fingerprint, else before its tag; "" behind where it has neither."""
    name, mark, digits = label.rpartition(" #")
    if mark:
        return name, "#" + digits
    name, colon, tag = label.rpartition(":")
    return (name, colon + tag) if colon else (label, "")


def _chunks(text: str, room: int) -> list[str]:
    return list(pieces(text, room))


def _told_apart(labels: Sequence[str], fallbacks: Sequence[str], cut: Callable[[str], str], room: int) -> list[str]:
    """Cut each label. Where that makes different ones alike, their group drops what it shares at the front; where even
    that fails, the fallback (a fingerprint) stands in.
    """
    short = [cut(label) for label in labels]
    for group in _alike(short, labels):
        shared = _shared_prefix([labels[position] for position in group])
        for position in group:
            rest = labels[position][shared:]
            short[position] = cut(CUT + rest if shared else rest)
    for group in _alike(short, labels):
        for position in group:
            short[position] = ("#" + fallbacks[position])[:room]
    return short


def middle_cut(label: str, width: int, measure: Measure = cell_len) -> str:
    """Cut a label to ``width`` cells (``len``: characters), keeping head and tail (the version)."""
    if measure(label) <= width:
        return label
    if width <= 2:
        return _head(label, width, measure)
    tail = min(measure(label.rpartition(":")[2]) + 1, width // 2) if ":" in label else width // 2
    end = _head(label[::-1], tail, measure)[::-1]
    return _head(label, width - 1 - measure(end), measure) + CUT + end


def _head(label: str, width: int, measure: Measure) -> str:
    length = min(len(label), width)
    while measure(label[:length]) > width:
        length -= 1
    return label[:length]


def _alike(cut: list[str], labels: Sequence[str]) -> list[list[int]]:
    """Groups of positions whose cuts are the same though their labels are not."""
    groups: dict[str, list[int]] = {}
    for position, text in enumerate(cut):
        groups.setdefault(text, []).append(position)
    return [group for group in groups.values() if len(group) > 1 and len({labels[position] for position in group}) > 1]


def _shared_prefix(labels: Sequence[str]) -> int:
    low, high = min(labels), max(labels)
    length = 0
    for one, other in zip(low, high, strict=False):
        if one != other:
            break
        length += 1
    return length
