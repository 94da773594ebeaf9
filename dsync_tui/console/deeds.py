"""What screens that lie on top are given beside the kit: the bond with the daemon, and how to act."""

from collections.abc import Callable
from dataclasses import dataclass

from dsync_tui.console.acting import Acting
from dsync_tui.console.session import Session


@dataclass(frozen=True, slots=True)
class Deeds:
    """``keys_of``: the keys that an action has now; ``can``: whether it may be done now; both by the key's id."""

    session: Session
    acting: Acting
    keys_of: Callable[[str], str]
    can: Callable[[str], bool]
