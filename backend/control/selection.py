"""What an operator's words mean: archives by digest, fingerprint, prefix, name, alias or tag; nodes by name or ID."""

import difflib
import re
from collections.abc import Iterable, Sequence

from backend.control.projection.archives import REJECTED_PREFIX
from backend.control.projection.fleet import is_known, node_ids
from backend.logic.state import NodeState
from backend.logic.tags import owner_of
from backend.model.archive import CatalogEntry, RejectedFile
from backend.model.errors import ArchiveAmbiguousError, ArchiveRejectedError, ArchiveUnknownError, NodeUnknownError
from backend.model.ids import Digest, NodeId
from backend.model.references import full_reference

_PREFIX = re.compile(r"(?:sha256:)?[0-9a-f]{6,64}")
_SHOWN_CANDIDATES = 8
_SUGGESTED = 3


def archive_named(state: NodeState, word: str) -> CatalogEntry:
    """The one archive that ``word`` means. Raises ArchiveUnknownError, ArchiveAmbiguousError, ArchiveRejectedError.

    The first of these that finds any decides: digest, fingerprint, name, alias, tag in full, prefix of fingerprint or
    digest; names and tags of active archives come before those of ended ones. A tag means the archive that owns it; of
    ended ones, and of those with one name, there must be just one; a prefix must be unique. Hexadecimal digits may be
    in upper case.
    """
    digits = _digits(word)
    exact = state.entries.get(Digest(digits))
    if exact is not None:
        return exact
    entries = list(state.entries.values())
    for found in (
        [entry for entry in entries if entry.fingerprint == digits],
        _called(state, word, [entry for entry in entries if entry.active]),
        _called(state, word, [entry for entry in entries if not entry.active]),
        [entry for entry in entries if _begins_with(entry, digits)],
    ):
        if found:
            return _only(word, found)
    for refused in rejected_named(state, word):
        raise ArchiveRejectedError(name=refused.name)
    raise ArchiveUnknownError(name=word, near=", ".join(_near(state, word)))


def archives_named(state: NodeState, words: Iterable[str]) -> list[CatalogEntry]:
    """The archives that the words mean, each once, in the words' order."""
    found = {entry.digest: entry for entry in (archive_named(state, word) for word in words)}
    return list(found.values())


def rejected_named(state: NodeState, word: str) -> list[RejectedFile]:
    """Rejected files that ``word`` names: by file name, the stream's key, fingerprint or digest."""
    name = word.removeprefix(REJECTED_PREFIX)
    by_name = state.rejected.get(name)
    if by_name is not None:
        return [by_name]
    if not word:
        return []
    digits = _digits(word)
    return [
        refused
        for refused in state.rejected.values()
        if digits in (refused.fingerprint, refused.digest)
        or (_PREFIX.fullmatch(digits) and refused.fingerprint.startswith(digits))
    ]


def node_named(state: NodeState, word: str) -> NodeId:
    """The node that ``word`` names. Raises NodeUnknownError."""
    if word == state.name or word == state.me:
        return state.me
    if is_known(state, NodeId(word)):
        return NodeId(word)
    for node, peer in state.peers.items():
        if peer.node.name == word:
            return node
    known = [state.name, *sorted(peer.node.name for peer in state.peers.values())]
    raise NodeUnknownError(name=word, near=", ".join(_near_nodes(known, word)), known=_listed(known))


def nodes_named(state: NodeState, words: Sequence[str] | None) -> tuple[NodeId, ...] | None:
    """The nodes that the words name, each once; None for None."""
    if words is None:
        return None
    return tuple(dict.fromkeys(node_named(state, word) for word in words))


def all_nodes(state: NodeState) -> tuple[NodeId, ...]:
    """Every node of the fleet, this one first."""
    return tuple(node_ids(state))


def _called(state: NodeState, word: str, entries: Sequence[CatalogEntry]) -> list[CatalogEntry]:
    """Those of ``entries`` that go by a name, else by an alias, else by a tag: where one owns it, just that one."""
    named = [entry for entry in entries if entry.name == word]
    named = named or [entry for entry in entries if word in state.aliases.get(entry.digest, ())]
    reference = _reference(word)
    if named or reference is None:
        return named
    tagged = [entry for entry in entries if reference in entry.tags]
    owner = owner_of(tagged)
    return tagged if owner is None else [state.entries[owner]]


def _digits(word: str) -> str:
    """Hexadecimal digits as the catalog writes them; any other word as it is."""
    lower = word.lower()
    return lower if _PREFIX.fullmatch(lower) else word


def _reference(word: str) -> str | None:
    try:
        return full_reference(word)
    except ValueError:
        return None


def _begins_with(entry: CatalogEntry, word: str) -> bool:
    if _PREFIX.fullmatch(word) is None:
        return False
    bare = word.removeprefix("sha256:")
    return entry.fingerprint.startswith(word) or entry.digest.removeprefix("sha256:").startswith(bare)


def _only(word: str, found: list[CatalogEntry]) -> CatalogEntry:
    if len(found) == 1:
        return found[0]
    candidates = sorted(found, key=lambda entry: entry.order)
    raise ArchiveAmbiguousError(
        name=word, candidates=_listed([f"{entry.name} ({entry.fingerprint[:8]})" for entry in candidates])
    )


def _near(state: NodeState, word: str) -> list[str]:
    """Names and tags that the operator may have meant.

    Those that contain the word, or the last part of a path; those that are spelt like it; else those with its
    beginning.
    """
    needle = word.rstrip("/").rpartition("/")[2].lower()
    if not needle:
        return []
    names = {entry.name for entry in state.entries.values() if entry.active} | state.rejected.keys()
    names |= {tag.removeprefix("docker.io/library/") for entry in state.entries.values() for tag in entry.tags}
    near = sorted(name for name in names if needle in name.lower())
    near = near or _spelt_like(needle, names)
    near = near or sorted(name for name in names if name.lower().startswith(needle[:3]))
    return near[:_SUGGESTED]


def _near_nodes(known: Sequence[str], word: str) -> list[str]:
    """Nodes that the operator may have meant: each of a list with commas; a name in another case; of a fleet that is
    too large to list, names that are spelt like the word.
    """
    parts = {part.strip().lower() for part in word.split(",")}
    meant = [name for name in known if name.lower() in parts]
    if not meant and len(known) > _SHOWN_CANDIDATES:
        meant = _spelt_like(word.lower(), known)
    return meant[:_SUGGESTED]


def _spelt_like(needle: str, names: Iterable[str]) -> list[str]:
    by_lower: dict[str, str] = {}
    for name in sorted(names):
        by_lower.setdefault(name.lower(), name)
    return [by_lower[near] for near in difflib.get_close_matches(needle, by_lower, n=_SUGGESTED)]


def _listed(words: list[str]) -> str:
    more = f" (and {len(words) - _SHOWN_CANDIDATES} more)" if len(words) > _SHOWN_CANDIDATES else ""
    return ", ".join(words[:_SHOWN_CANDIDATES]) + more
