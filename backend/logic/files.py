"""What the ledger knows of the store's files."""

from functools import partial

from backend.logic.turn import Turn, put_or_drop
from backend.model.archive import CatalogEntry, KnownFile, RejectedFile
from backend.model.commands import ForgetFile, SaveFile, SaveRejected


def remember(turn: Turn, known: KnownFile) -> None:
    """A file that the ledger knows from now on."""
    _keep_former(turn, known.name)
    turn.state.rejected.pop(known.name, None)
    turn.state.files[known.name] = known
    turn.add(SaveFile(known))


def reject(turn: Turn, refused: RejectedFile) -> None:
    """A file that is never published, shown with its reason."""
    _keep_former(turn, refused.name)
    turn.state.files.pop(refused.name, None)
    turn.state.rejected[refused.name] = refused
    turn.add(SaveRejected(refused))


def forget(turn: Turn, name: str) -> KnownFile | None:
    """A name that is no longer there; what was known under it."""
    _keep_former(turn, name)
    known = turn.state.files.pop(name, None)
    refused = turn.state.rejected.pop(name, None)
    if known is not None or refused is not None:
        turn.add(ForgetFile(name))
    return known


def _keep_former(turn: Turn, name: str) -> None:
    state = turn.state
    turn.on_failure(partial(put_or_drop, state.files, name, state.files.get(name)))
    turn.on_failure(partial(put_or_drop, state.rejected, name, state.rejected.get(name)))


def incoming_name(entry: CatalogEntry) -> str:
    """Under which name a verified file is known until it stands in the store."""
    return f".incoming/{entry.fingerprint}"
