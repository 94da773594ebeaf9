"""Why an action found nothing to do: nobody is left to guess what ``0 touched`` means."""

from collections.abc import Mapping, Sequence

from backend.logic.operating import CELL_VERBS
from backend.logic.state import NodeState
from backend.model.archive import EntryState
from backend.model.ids import Digest
from backend.texts import told

_ENDED = {EntryState.WITHDRAWN: "nothing.withdrawn", EntryState.SUPERSEDED: "nothing.superseded"}


def why_nothing(state: NodeState, verb: str, digests: Sequence[Digest] | None) -> Mapping[str, str]:
    """Return the parameter ``why`` of a result in which nothing was touched; none for verbs about nodes.

    ``digests``: the archives that were named, None: all.
    """
    if verb not in CELL_VERBS | {"withdraw"}:
        return {}
    named = [entry for digest in digests or () if (entry := state.entries.get(digest)) is not None]
    if named and not any(entry.active for entry in named):
        if len(named) == 1:
            return told("why", _ENDED[named[0].state], archive=named[0].name)
        return told("why", "nothing.ended")
    return told("why", f"nothing.{verb}") if verb in CELL_VERBS else {}
