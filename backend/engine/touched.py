"""What an applied event changed, so that consoles look again at just that."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from backend.model import commands, events, messages
from backend.model.archive import KnownFile
from backend.model.events import Event, Note
from backend.model.ids import Digest, NodeId
from backend.model.messages import CommandResult


@dataclass(slots=True)
class Touched:
    """Marks only, the truth is read from the state. ``results`` end jobs."""

    rows: set[tuple[NodeId, Digest]] = field(default_factory=set)
    progress: set[tuple[NodeId, Digest]] = field(default_factory=set)
    entries: set[Digest] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)
    nodes: set[NodeId] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)
    results: list[CommandResult] = field(default_factory=list)

    def see_event(self, event: Event, me: NodeId) -> None:
        """Mark what an event changes by itself, without a command."""
        match event:
            case events.PeerCame(node=node) | events.PeerLeft(node=node):
                self.nodes.add(node)
            case events.PeerSpoke(node=node, message=messages.Report(node=other)):
                self.nodes.add(other or node)
            case events.PeerSpoke(node=node, message=messages.ProgressBatch(items=items)):
                self.progress.update((node, item.digest) for item in items)
            case events.PeerSpoke(message=messages.CommandResult() as result):
                self.results.append(result)
            case events.FetchesProgressed(items=items):
                self.progress.update((me, item.digest) for item in items)
            case events.RuntimeProbed() | events.DiskMeasured() | events.OperatorActed() | events.Started():
                self.nodes.add(me)
            case _:
                pass

    def see_commands(self, given: Iterable[commands.Cmd]) -> None:
        """Mark what commands tell of changes."""
        for command in given:
            match command:
                case commands.SaveRow(row=row):
                    self.rows.add((row.node, row.digest))
                case commands.NodeChanged(node=node):
                    self.nodes.add(node)
                case commands.SaveEntry(entry=entry):
                    self.entries.add(entry.digest)
                case commands.SaveAlias(digest=digest):
                    self.entries.add(digest)
                case commands.SaveRejected(file=file):
                    self.rejected.add(file.name)
                case commands.ForgetFile(name=name) | commands.SaveFile(file=KnownFile(name=name)):
                    self.rejected.add(name)
                case commands.Remark(note=note):
                    self.notes.append(note)
                case commands.Answer(result=result):
                    self.results.append(result)
                case _:
                    pass
