"""What an operator's words mean: archives by digest, fingerprint, prefix, name, alias or tag; nodes by name or ID."""

import re
from collections.abc import Callable, Iterable, Sequence

from backend.control.projection.archives import REJECTED_PREFIX
from backend.control.projection.fleet import is_known, node_ids
from backend.logic.state import NodeState
from backend.model.archive import CatalogEntry, RejectedFile
from backend.model.errors import ArchiveAmbiguousError, ArchiveUnknownError, NodeUnknownError
from backend.model.ids import Digest, NodeId
from backend.model.references import full_reference

_PREFIX = re.compile(r"(?:sha256:)?[0-9a-f]{6,64}")
_SHOWN_CANDIDATES = 8


def archive_named(state: NodeState, word: str) -> CatalogEntry:
    """The one archive that ``word`` means. Raises ArchiveUnknownError, ArchiveAmbiguousError.

    The first of these that finds any decides: digest, fingerprint, name, alias, tag in full, prefix of fingerprint or
    digest. Of several with one name or tag the active one is meant, if there is just one; a prefix must be unique.
    """
    exact = state.entries.get(Digest(word))
    if exact is not None:
        return exact
    for matches in _matchers(state, word):
        found = [entry for entry in state.entries.values() if matches(entry)]
        active = [entry for entry in found if entry.active]
        if found:
            return _only(word, active if len(active) == 1 else found)
    beginning = [entry for entry in state.entries.values() if _begins_with(entry, word)]
    if beginning:
        return _only(word, beginning)
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
    return [
        refused
        for refused in state.rejected.values()
        if word in (refused.fingerprint, refused.digest)
        or (_PREFIX.fullmatch(word) and refused.fingerprint.startswith(word))
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
    raise NodeUnknownError(name=word, known=_listed(known))


def nodes_named(state: NodeState, words: Sequence[str] | None) -> tuple[NodeId, ...] | None:
    """The nodes that the words name, each once; None for None."""
    if words is None:
        return None
    return tuple(dict.fromkeys(node_named(state, word) for word in words))


def all_nodes(state: NodeState) -> tuple[NodeId, ...]:
    """Every node of the fleet, this one first."""
    return tuple(node_ids(state))


def _matchers(state: NodeState, word: str) -> Iterable[Callable[[CatalogEntry], bool]]:
    yield lambda entry: entry.fingerprint == word
    yield lambda entry: entry.name == word
    yield lambda entry: word in state.aliases.get(entry.digest, ())
    reference = _reference(word)
    if reference is not None:
        yield lambda entry: reference in entry.tags


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
    """Names and tags that the operator may have meant: those that contain the word, or the word's beginning."""
    needle = word.lower()
    names = {entry.name for entry in state.entries.values() if entry.active}
    names |= {tag.removeprefix("docker.io/library/") for entry in state.entries.values() for tag in entry.tags}
    near = sorted(name for name in names if needle in name.lower())
    near = near or sorted(name for name in names if name.lower().startswith(needle[:3]))
    return near[:_SHOWN_CANDIDATES]


def _listed(words: list[str]) -> str:
    more = f" (and {len(words) - _SHOWN_CANDIDATES} more)" if len(words) > _SHOWN_CANDIDATES else ""
    return ", ".join(words[:_SHOWN_CANDIDATES]) + more
