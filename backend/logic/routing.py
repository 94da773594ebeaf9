"""Which holder to ask."""

from collections.abc import Iterable
from dataclasses import dataclass

from backend.model.ids import NodeId

SLOWER_BY = 4.0
"""Rates within this factor of the best count as equal: measured rates vary with whoever shares the link."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A node that may be asked for an archive.

    ``free``: it may have a slot; ``failures``: recent ones, as a source; ``near``: in this node's zone; ``rate_bps``:
    what transfers from it were measured at, None where there was none; ``load``: transfers that it is known to feed.
    """

    node: NodeId
    free: bool = True
    failures: int = 0
    near: bool = False
    rate_bps: float | None = None
    load: int = 0


def choose(holders: Iterable[Holder], chance: float) -> NodeId | None:
    """The best holder; None when there is none.

    Free before busy, trouble-free before troubled, near before far, fast before slow, idle before loaded; ``chance`` in
    [0, 1) spreads equals, so that targets that decide at one moment do not all ask the same holder.
    """
    able = list(holders)
    if not able:
        return None
    best_bps = max((holder.rate_bps for holder in able if holder.rate_bps is not None), default=0.0)
    ranks = {holder.node: _rank(holder, best_bps) for holder in able}
    best = min(ranks.values())
    equals = sorted(node for node, rank in ranks.items() if rank == best)
    return equals[int(chance * len(equals)) % len(equals)]


def _rank(holder: Holder, best_bps: float) -> tuple[bool, int, bool, int, int]:
    return not holder.free, min(holder.failures, 3), not holder.near, _slowness(holder, best_bps), holder.load


def _slowness(holder: Holder, best_bps: float) -> int:
    if holder.rate_bps is None or holder.rate_bps * SLOWER_BY >= best_bps:
        # Who was never tried may be the fastest.
        return 0
    return 1 if holder.rate_bps * SLOWER_BY * SLOWER_BY >= best_bps else 2
