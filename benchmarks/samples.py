"""Several measurements of one thing: what stands in the middle, and how far they lie apart. None is left out."""

import math
import statistics
from collections.abc import Sequence

from benchmarks.figures import number


def median(values: Sequence[float]) -> float | None:
    """The middle one; None of none."""
    return statistics.median(values) if values else None


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that so many percent of all do not exceed; None of none."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def spread(values: Sequence[float]) -> str:
    """How many there are, the smallest and the largest, as a figure's note."""
    if not values:
        return "no sample"
    return f"median of {len(values)}, {number(min(values))} to {number(max(values))}"
