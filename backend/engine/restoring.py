"""From what the ledger remembers to the state that a start begins with."""

from collections.abc import Iterable

import msgspec

from backend.logic.catalog import highest_count
from backend.logic.entries import Entries
from backend.logic.known_files import KnownFiles
from backend.logic.loading import LOADS_KEY
from backend.logic.outages import ALERTED_KEY
from backend.logic.peer_states import Peers
from backend.logic.state import NodeState, Policy
from backend.model.ids import Digest, NodeId
from backend.model.node import NodeReport, RosterNode
from backend.ports.ledger import Snapshot


def restore(
    snapshot: Snapshot, me: NodeId, name: str, policy: Policy, roster: Iterable[RosterNode], report: NodeReport
) -> NodeState:
    """Put the state together; recovery (``logic.recovery``) makes of it what a start needs.

    ``report``: what this node says of itself, before pauses and limits that the ledger remembers.
    """
    values = snapshot.values
    state = NodeState(me, name, policy, peers=Peers({node.id: node for node in roster}, me))
    state.report = msgspec.structs.replace(
        report, paused=bool(values.get("paused")), bandwidth_bps=int(values.get("bandwidth_bps") or 0)
    )
    state.entries = Entries({entry.digest: entry for entry in snapshot.entries})
    for row in snapshot.rows:
        state.rows.setdefault(row.node, {})[row.digest] = row
    state.files = KnownFiles({known.name: known for known in snapshot.files})
    state.rejected = {refused.name: refused for refused in snapshot.rejected}
    for digest, alias in snapshot.aliases:
        state.aliases.setdefault(digest, []).append(alias)
    counts = [highest_count(entry) for entry in snapshot.entries]
    state.count = max([int(values.get("count") or 0), *counts])
    told_away = [key.removeprefix(ALERTED_KEY) for key, told in values.items() if key.startswith(ALERTED_KEY) and told]
    state.outages.told = dict.fromkeys(NodeId(node) for node in told_away)
    state.report = msgspec.structs.replace(state.report, told_away=tuple(state.outages.told))
    for key, times in values.items():
        if key.startswith(LOADS_KEY):
            state.loads[Digest(key.removeprefix(LOADS_KEY))] = [float(at) for at in times.split()]
    state.row_version = max((row.version for row in state.rows.get(me, {}).values()), default=0)
    return state
