"""What the control API is told at its start, and its figures."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DaemonFacts:
    """This daemon's life. ``epoch``: new at each start; ``beneath``: a console started it; ``read_only``: for all."""

    version: str
    epoch: str
    beneath: bool = False
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """Times in seconds, and frames a second. ``job_s``: how long nodes may take to answer an action.

    ``stuck_s``: a reader that takes nothing for so long is closed, so that its buffers go. ``last_words_s``: how long
    requests may still take once the daemon stops. ``glance_s``: how long peers go on telling their progress after a
    ``status``; ``fresh_s``: how long that waits for what they tell. ``look_s``: how long a sent file is
    followed until it is published, beside the time that reading it takes.
    """

    frames_hz: float = 20.0
    beat_s: float = 0.5
    stuck_s: float = 30.0
    last_words_s: float = 2.0
    job_s: float = 10.0
    glance_s: float = 5.0
    fresh_s: float = 0.8
    look_s: float = 60.0
