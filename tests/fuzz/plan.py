"""What a walk does, step by step: drawn from a seed before it begins, so that the same seed walks the same way."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from dsync_tui.console.keys import KEYS, VIEWS


class Kind(StrEnum):
    """What a step is."""

    KEYS = "keys"
    """``words``: keys, one after another."""
    TYPE = "type"
    """``words``: characters, as somebody types them."""
    PASTE = "paste"
    """``words[0]`` comes in one piece."""
    CLICK = "click"
    """At the place ``x``, ``y`` (shares of the screen), with the button ``words[0]``, ``count`` times."""
    DRAG = "drag"
    """From there to the mirrored place, with the button down."""
    WHEEL = "wheel"
    """Towards ``words[0]``, ``count`` times."""
    HOVER = "hover"
    RESIZE = "resize"
    """To ``size``."""
    FOCUS = "focus"
    """The terminal's window loses the focus or gets it: ``words[0]``."""
    FLEET = "fleet"
    """A change of the fleet, ``words[0]``; ``number`` chooses of what."""
    DAEMON = "daemon"
    """The daemon, or the way to it, becomes ``words[0]``."""
    MOOD = "mood"
    """From now on the daemon answers actions and questions so: ``words[0]``."""
    RUDE = "rude"
    """The stream says what no daemon of this version says: ``words[0]``."""
    WAIT = "wait"
    """``seconds`` pass."""
    HOME = "home"
    """Escape must lead home, from wherever the walk is."""
    ALIVE = "alive"
    """With a healthy daemon what changes must be seen."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step; which fields count depends on its kind. ``x``, ``y`` in [0, 1)."""

    kind: Kind
    words: tuple[str, ...] = ()
    x: float = 0.0
    y: float = 0.0
    count: int = 1
    number: int = 0
    size: tuple[int, int] = (0, 0)
    seconds: float = 0.0


_WEIGHTS: dict[Kind, float] = {
    Kind.KEYS: 46,
    Kind.TYPE: 4,
    Kind.PASTE: 1,
    Kind.CLICK: 8,
    Kind.DRAG: 1,
    Kind.WHEEL: 4,
    Kind.HOVER: 1,
    Kind.RESIZE: 8,
    Kind.FOCUS: 0.5,
    Kind.FLEET: 12,
    Kind.DAEMON: 4,
    Kind.MOOD: 2,
    Kind.RUDE: 2,
    Kind.WAIT: 2,
    Kind.HOME: 3,
    Kind.ALIVE: 1.5,
}

LEAVING = ("q", "ctrl+c")
_OFTEN = ("escape", "enter", "tab", "up", "down", "left", "right", "space")
_INPUT_KEYS = (
    "backspace", "delete", "ctrl+u", "ctrl+k", "ctrl+w", "ctrl+a", "ctrl+e", "ctrl+left", "ctrl+right",
    "shift+left", "shift+right", "shift+home", "shift+end", "ctrl+x", "ctrl+c", "ctrl+v",
)  # fmt: skip
_STRANGE_KEYS = ("f5", "f12", "insert", "ctrl+@", "ctrl+z", "ctrl+backslash", "é", "中", "ctrl+up", "ctrl+down")
_OF_SCREENS = tuple(
    name.strip() for key in KEYS for name in key.keys.split(",") if name.strip() and name.strip() not in LEAVING
)
_WAYS: tuple[tuple[str, ...], ...] = (
    *((str(digit), "enter") for digit in range(1, len(VIEWS) + 1)),
    ("1", "w", "enter"), ("2", "G", "enter"), ("3", "R"), ("4", "asterisk", "c"), ("5", "asterisk", "D"),
    ("6", "P"), ("6", "W"), ("6", "enter", "s"), ("7", "F"), ("7", "G", "enter"), ("1", "asterisk", "s"),
    ("1", "V", "j", "j", "l", "x"), ("1", "z", "o", "O"), ("1", "i", "enter"), ("5", "p"), ("5", "plus"),
    ("comma",), ("question_mark",), ("f1", "G"), ("colon",), ("slash",), ("e",), ("e", "right", "enter"),
    ("e", "right", "right", "enter"), ("e", "left", "enter"), ("t",), ("T",), ("m",), ("ctrl+r",), ("f",), ("y",),
)  # fmt: skip
"""Ways from the home screen to every other screen and dialog."""
TEXTS = (
    "ready", "!ready", "-f wrk", "-f", "!", "!!", "", "   ", "eu", "node-1", "app", "東京", "é́", "[bold]x[/]",
    "[@click=app.quit]", "\\", "\\[", "'", "\"", "$(x)", "a" * 300, "plan", "plan ", "plan /etc/hostname",
    "plan /nowhere/at all", "plan ~", "theme", "lang", "with", "sync", "help", "\u202e", "0", "*", "(", "🚀 rocket",
)  # fmt: skip
PASTES = ("a\nb\nc", "\x1b[201~x\x1b[2J", "plan\t/x", "[link=x]y[/]", "\u202eabc\u0000", "中文" * 40, "")
_EDGES = (
    (1, 1), (2, 1), (1, 100), (300, 1), (300, 100), (10, 3), (39, 9), (40, 10), (79, 23), (80, 24), (80, 10),
    (109, 30), (110, 30), (120, 36), (60, 20), (5, 40), (200, 4), (20, 2),
)  # fmt: skip
FLEET_CHANGES = (
    "add-node", "drop-node", "rename-node", "node-down", "node-up", "node-sick", "add-archive", "withdraw",
    "supersede", "reject", "forgive", "cell", "cell", "cell", "cell", "progress", "progress", "note", "note", "burst",
    "hostile-node", "hostile-archive", "many-images", "pause", "limit",
)  # fmt: skip
DAEMON_WAYS = (
    "closed", "closed", "open", "open", "open", "new-life", "new-life", "cut", "cut", "hold", "drip", "garbage", "mute",
    "gone", "reader", "beneath",
)  # fmt: skip
MOODS = ("good", "good", "good", "refusing", "away", "silent", "slow", "sick")
RUDENESS = (
    "unknown-cells", "strange-states", "short-snapshot", "empty-snapshot", "old-sequence", "gone-unknown", "dropped",
    "far-future", "unknown-job", "hostile-texts", "newer-daemon", "huge-figures",
)  # fmt: skip


def make_plan(seed: int, steps: int) -> Iterator[Step]:
    """Yield the steps. Equal arguments give equal plans, and a shorter plan is the beginning of a longer one."""
    dice = random.Random(seed)
    kinds, weights = list(_WEIGHTS), list(_WEIGHTS.values())
    for _ in range(steps):
        yield _step(dice, dice.choices(kinds, weights)[0])


def _step(dice: random.Random, kind: Kind) -> Step:
    match kind:
        case Kind.KEYS:
            return Step(kind, _keys(dice))
        case Kind.TYPE:
            ending = dice.choice(((), ("enter",), ("escape",), ("down", "enter")))
            return Step(kind, (dice.choice(TEXTS), *ending))
        case Kind.PASTE:
            return Step(kind, (dice.choice(PASTES),))
        case Kind.CLICK | Kind.DRAG | Kind.HOVER:
            button = dice.choice(("1", "1", "1", "1", "2", "3"))
            return Step(kind, (button,), dice.random(), dice.random(), dice.choice((1, 1, 1, 2, 3)))
        case Kind.WHEEL:
            way = dice.choice(("up", "down", "up", "down", "left", "right"))
            return Step(kind, (way,), dice.random(), dice.random(), dice.randint(1, 6))
        case Kind.RESIZE:
            return Step(kind, size=_size(dice))
        case Kind.FOCUS:
            return Step(kind, (dice.choice(("lost", "found")),))
        case Kind.FLEET:
            return Step(kind, (dice.choice(FLEET_CHANGES),), number=dice.randrange(1 << 30))
        case Kind.DAEMON:
            return Step(kind, (dice.choice(DAEMON_WAYS),), number=dice.randrange(1 << 30))
        case Kind.MOOD:
            return Step(kind, (dice.choice(MOODS),))
        case Kind.RUDE:
            return Step(kind, (dice.choice(RUDENESS),), number=dice.randrange(1 << 30))
        case Kind.WAIT:
            return Step(kind, seconds=dice.choice((0.05, 0.1, 0.2, 0.4, 1.1, 2.3)))
        case Kind.HOME | Kind.ALIVE:
            return Step(kind, number=dice.randrange(1 << 30))


def _keys(dice: random.Random) -> tuple[str, ...]:
    kind = dice.random()
    if kind < 0.5:
        return tuple(dice.choices(_OF_SCREENS, k=dice.randint(1, 3)))
    if kind < 0.7:
        return (dice.choice(_OFTEN),)
    if kind < 0.88:
        # From the home screen as a rule: two escapes leave whatever lies on it.
        return (*(("escape", "escape") if dice.random() < 0.7 else ()), *dice.choice(_WAYS))
    if kind < 0.95:
        return tuple(dice.choices(_INPUT_KEYS, k=dice.randint(1, 3)))
    return (dice.choice((*_STRANGE_KEYS, *LEAVING)),)


def _size(dice: random.Random) -> tuple[int, int]:
    if dice.random() < 0.4:
        return dice.choice(_EDGES)
    # Mostly as terminals are; sometimes as large as it gets.
    widest, tallest = (300, 100) if dice.random() < 0.15 else (140, 45)
    return dice.randint(1, widest), dice.randint(1, tallest)


def told(step: Step) -> str:
    """Return a line for people: all that the step is."""
    parts = [step.kind.value, *(repr(word) if len(word) < 40 else repr(word[:37] + "...") for word in step.words)]
    if step.kind in (Kind.CLICK, Kind.DRAG, Kind.HOVER, Kind.WHEEL):
        parts.append(f"at {step.x:.3f} {step.y:.3f} x{step.count}")
    if step.kind is Kind.RESIZE:
        parts.append(f"{step.size[0]}x{step.size[1]}")
    if step.kind is Kind.WAIT:
        parts.append(f"{step.seconds:g} s")
    if step.number:
        parts.append(f"#{step.number}")
    return " ".join(parts)
