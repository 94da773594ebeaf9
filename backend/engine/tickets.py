"""Leave to read: serving links and the data door's users."""

import logging
import secrets
from dataclasses import dataclass

from backend.engine.loop import EventLoop
from backend.model.commands import DropTicket, MakeTicket
from backend.model.errors import DsyncError, LocalError
from backend.model.events import TicketMade
from backend.model.ids import Digest, NodeId
from backend.model.messages import Ticket
from backend.model.plain import plain
from backend.ports.store import Store
from backend.ports.transport import DATA_MODULE, DataDoor

_log = logging.getLogger("dsync.tickets")


@dataclass(slots=True)
class Leave:
    """One user of the data door and its path."""

    user: str
    path: str


class Tickets:
    """Makes and forgets tickets. A user name and a secret are good for one archive and one node."""

    def __init__(self, loop: EventLoop, store: Store, door: DataDoor) -> None:
        """``door`` must be open before the first ticket is made."""
        self._loop = loop
        self._store = store
        self._door = door
        self._leaves: dict[tuple[Digest, NodeId], Leave] = {}

    def make(self, command: MakeTicket) -> None:
        """Link the file for serving and admit the node; a ticket that it had before is void."""
        self.drop(DropTicket(command.digest, command.node))
        path, user, secret = secrets.token_hex(16), f"t{secrets.token_hex(8)}", secrets.token_urlsafe(32)
        ticket = Ticket(self._door.port, DATA_MODULE, path, user, secret)
        problem, linked = None, False
        try:
            linked = self._store.serve(command.file, command.key, path)
            if linked:
                self._leaves[(command.digest, command.node)] = Leave(user, path)
                self._door.admit(user, secret, command.address, frozenset({path}))
        except DsyncError as error:
            problem = error.problem()
        except ValueError as error:
            problem = LocalError(detail=plain(str(error), 200)).problem()
        if problem is not None:
            _log.warning("no ticket for %s could be made: %s", plain(command.file), problem)
            self.drop(DropTicket(command.digest, command.node))
        made = ticket if linked and problem is None else None
        self._loop.post(TicketMade(command.digest, command.node, made, problem))

    def drop(self, command: DropTicket) -> None:
        """Forget a ticket; a transfer that runs has its file open already."""
        leave = self._leaves.pop((command.digest, command.node), None)
        if leave is None:
            return
        for undo, what in ((self._door.dismiss, leave.user), (self._store.unserve, leave.path)):
            try:
                undo(what)
            except DsyncError as error:
                _log.warning("a ticket could not be taken back: %s", error)
