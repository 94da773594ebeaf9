"""Every key of the home screen, in one table: bindings, footer and help are all made from it.

An id is the name by which ``console.keys`` of the settings gives an action other keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from textual.binding import Binding

VIEWS = ("matrix", "transfers", "retries", "health", "nodes", "archives", "events")
"""The views of the home screen, in the order of their digits."""

_CELLS = ("matrix", "transfers", "retries")
_ACTED = (*_CELLS, "nodes", "archives")


@dataclass(frozen=True, slots=True)
class Key:
    """One action: its id, its keys, Textual's action, its group in the help, and the views whose footer names it."""

    id: str
    keys: str
    action: str
    group: str
    footer: tuple[str, ...] = ()
    acts: bool = False

    @property
    def palette(self) -> bool:
        """Tell whether the command palette offers it: whatever is more than a step."""
        return (self.group != "move" or self.id.startswith("view-")) and self.id not in ("palette", "back", "open")

    def binding(self) -> Binding:
        """The Textual binding. Texts are looked up when they are shown."""
        return Binding(self.keys, self.action, self.id, show=False, id=self.id)


KEYS: tuple[Key, ...] = (
    Key("up", "up,k", "move(-1, 0)", "move"),
    Key("down", "down,j", "move(1, 0)", "move"),
    Key("left", "left,h", "move(0, -1)", "move"),
    Key("right", "right,l", "move(0, 1)", "move"),
    Key("first", "g,home", "edge(-1)", "move"),
    Key("last", "G,end", "edge(1)", "move"),
    Key("page-up", "pageup", "page(-1, 0)", "move"),
    Key("page-down", "pagedown", "page(1, 0)", "move"),
    Key("columns-left", "H", "page(0, -1)", "move"),
    Key("columns-right", "L", "page(0, 1)", "move"),
    Key("next-view", "tab", "turn(1)", "move"),
    Key("previous-view", "shift+tab", "turn(-1)", "move"),
    *(Key(f"view-{name}", str(digit), f"show('{name}')", "move") for digit, name in enumerate(VIEWS, 1)),
    Key("filter", "slash", "filter", "find", VIEWS),
    Key("next", "n", "find(1)", "find"),
    Key("previous", "N", "find(-1)", "find"),
    Key("trace", "F", "trace", "find", ("events",)),
    Key("troubles", "z", "troubles", "find", ("matrix",)),
    Key("sort", "o", "sort", "find"),
    Key("sort-columns", "O", "sort_columns", "find"),
    Key("zoom", "w", "zoom", "find", ("matrix",)),
    Key("images", "i", "images", "find"),
    Key("mark", "space", "mark", "mark", (*_ACTED, "health")),
    Key("range", "V", "range", "mark"),
    Key("mark-column", "v", "mark_column", "mark"),
    Key("mark-all", "asterisk", "mark_all", "mark"),
    Key("unmark", "u", "unmark", "mark"),
    Key("sync", "s", "act('sync')", "act", _ACTED, acts=True),
    Key("retry", "r", "act('retry')", "act", (*_CELLS, "nodes", "archives"), acts=True),
    Key("retry-all", "R", "act('retry-all')", "act", ("retries",), acts=True),
    Key("load", "a", "act('load')", "act", acts=True),
    Key("cancel", "x", "act('cancel')", "act", ("transfers", "retries"), acts=True),
    Key("pause", "p", "act('pause')", "act", ("nodes",), acts=True),
    Key("clean", "D", "act('clean')", "act", ("matrix", "nodes"), acts=True),
    Key("faster", "plus,equals_sign", "act('faster')", "act", acts=True),
    Key("slower", "minus", "act('slower')", "act", acts=True),
    Key("withdraw", "W", "act('withdraw')", "act", acts=True),
    Key("check", "c", "check", "act", ("health",), acts=True),
    Key("open", "enter", "open", "look", VIEWS),
    Key("plan", "P", "plan", "look", ("archives",)),
    Key("settings", "comma", "settings", "look"),
    Key("back", "escape", "back", "look"),
    Key("freeze", "f", "freeze", "look", ("events",)),
    Key("copy", "y", "copy", "look", ("events",)),
    Key("export", "e", "export", "look"),
    Key("mouse", "m", "app.mouse", "look"),
    Key("theme", "t", "app.theme", "look"),
    Key("language", "T", "app.language", "look"),
    Key("resync", "ctrl+r", "app.resync", "look"),
    Key("palette", "colon,ctrl+p", "palette", "app", VIEWS),
    Key("help", "question_mark,f1", "app.help", "app", VIEWS),
    Key("leave", "q,ctrl+c", "app.leave", "app", VIEWS),
)

GROUPS = ("move", "find", "mark", "act", "look", "app")
BY_ID: dict[str, Key] = {key.id: key for key in KEYS}
ACTS: frozenset[str] = frozenset(key.id for key in KEYS if key.acts)
"""Keys that need a daemon, and an operator who may act."""

_SHOWN = {
    "slash": "/",
    "colon": ":",
    "comma": ",",
    "question_mark": "?",
    "asterisk": "*",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "escape": "esc",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "f1": "F1",
}


def key_names(keys: str) -> list[str]:
    """Keys of a binding as people know them."""
    return [_SHOWN.get(key.strip(), key.strip()) for key in keys.split(",") if key.strip()]


def with_remaps(remaps: Mapping[str, str]) -> dict[str, str]:
    """Each action's keys in force, by id; ids that nobody knows fall away."""
    return {key.id: remaps.get(key.id, key.keys) for key in KEYS}
