"""What happens when: drawn from a seed before anything starts, so that the same seed brings the same troubles."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What is done to a node."""

    DROP = "drop"
    """An archive is put into its store."""
    KILL = "kill"
    """``kill -9`` of its daemon, started again afterwards."""
    KILL_CHILD = "kill-child"
    """``kill -9`` of one of its rsync clients."""
    CUT = "cut"
    """Its link is pulled, and put in again afterwards."""
    SPLIT = "split"
    """The fleet falls into two halves, joined again afterwards."""
    FILL = "fill"
    """Its disk is filled, and freed afterwards."""
    FLIP = "flip"
    """A byte of a file that it is fetching is changed."""
    STEP = "step"
    """Its clock is stepped."""


@dataclass(frozen=True, slots=True)
class Step:
    """``at_s`` from the start; ``lasts_s`` until it is undone. ``chance`` in [0, 1): what else there is to choose."""

    at_s: float
    kind: Kind
    node: int
    lasts_s: float = 0.0
    chance: float = 0.0
    archive: int = 0


@dataclass(frozen=True, slots=True)
class Scale:
    """How much there is to happen. ``seconds``: of troubles, before all is mended and left alone."""

    nodes: int
    archives: int
    seconds: float
    troubles: int


_LASTING: dict[Kind, tuple[float, float]] = {
    Kind.KILL: (0.2, 8.0),
    Kind.CUT: (1.0, 15.0),
    Kind.SPLIT: (5.0, 20.0),
    Kind.FILL: (2.0, 15.0),
}
_WEIGHTS: dict[Kind, int] = {
    Kind.KILL: 5,
    Kind.KILL_CHILD: 5,
    Kind.CUT: 3,
    Kind.SPLIT: 1,
    Kind.FILL: 2,
    Kind.FLIP: 4,
    Kind.STEP: 2,
}


def make_plan(seed: int, scale: Scale) -> tuple[Step, ...]:
    """Return all steps in the order of their times. Equal arguments give equal plans."""
    dice = random.Random(seed)
    drops = [
        Step(at_s, Kind.DROP, dice.randrange(scale.nodes), archive=number)
        for number, at_s in enumerate(_spread(dice, scale.archives, scale.seconds * 0.8))
    ]
    troubles = [_trouble(dice, scale, at_s) for at_s in _spread(dice, scale.troubles, scale.seconds)]
    return tuple(sorted([*drops, *troubles], key=lambda step: step.at_s))


def _spread(dice: random.Random, count: int, seconds: float) -> list[float]:
    return sorted(dice.uniform(0.0, seconds) for _ in range(count))


def _trouble(dice: random.Random, scale: Scale, at_s: float) -> Step:
    kind = dice.choices(list(_WEIGHTS), weights=list(_WEIGHTS.values()))[0]
    shortest, longest = _LASTING.get(kind, (0.0, 0.0))
    lasts_s = dice.uniform(shortest, min(longest, scale.seconds / 4))
    return Step(at_s, kind, dice.randrange(scale.nodes), lasts_s, dice.random())


def told(step: Step, name_of: Callable[[int], str]) -> str:
    """Return a line for people."""
    lasting = f" for {step.lasts_s:.1f} s" if step.lasts_s else ""
    what = f" archive {step.archive}" if step.kind is Kind.DROP else ""
    return f"{step.at_s:7.1f} s  {name_of(step.node)}: {step.kind}{what}{lasting}"
