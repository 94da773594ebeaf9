"""What the keys do: choose targets, ask where it is much or destroys, act, and say how it ended."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from backend.api.wire import Verb
from backend.model.plain import plain
from dsync_tui.console import figures
from dsync_tui.console.asking import Answer, Ask, Stage
from dsync_tui.console.jobs import Jobs, Outcome, Request
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line
from dsync_tui.console.node_acts import CheckBoard, NodeActs
from dsync_tui.console.session import Session
from dsync_tui.console.targets import COUNTED, Targets, Weight, weigh

ASK_ABOVE = 10
"""More targets than these: a dialog says how many and how much."""
NAMED = 6
"""So many nodes, and images, are named in a dialog."""


class Aim(Protocol):
    """What is under the cursor or marked."""

    def targets(self) -> Targets | None:
        """The cells that are meant; None where there are none."""
        ...

    def nodes_meant(self) -> tuple[int, ...]:
        """The nodes that are meant; none: the daemon's own."""
        ...


class Acting:
    """All actions of the home screen. Every method is run as a worker: it may wait for people and for nodes."""

    def __init__(self, kit: Kit, session: Session, stage: Stage) -> None:
        self._kit = kit
        self._stage = stage
        self._jobs = Jobs(kit, session)
        self._on_nodes = NodeActs(kit, session, stage, self._jobs)
        self._acts: dict[str, Callable[[Aim], Awaitable[None]]] = {
            "sync": lambda aim: self.on_cells("sync", aim.targets()),
            "retry": lambda aim: self.on_cells("retry", aim.targets()),
            "retry-all": lambda aim: self.on_cells("retry", Targets(), exact=True),
            "load": lambda aim: self.on_cells("load", aim.targets()),
            "cancel": lambda aim: self.on_cells("cancel", aim.targets()),
            "withdraw": lambda aim: self.withdraw(aim.targets()),
            "pause": lambda aim: self._on_nodes.pause(aim.nodes_meant()),
            "clean": lambda aim: self._on_nodes.clean(aim.nodes_meant()),
            "faster": lambda aim: self._on_nodes.bandwidth(aim.nodes_meant(), 1),
            "slower": lambda aim: self._on_nodes.bandwidth(aim.nodes_meant(), -1),
        }

    async def do(self, what: str, aim: Aim) -> None:
        """Do the action of that name. Raises LookupError for an unknown one."""
        await self._acts[what](aim)

    async def check(self, board: CheckBoard, nodes: tuple[int, ...]) -> None:
        """Run nodes' checks and show them."""
        await self._on_nodes.check(board, nodes)

    def _tell(self, outcome: Outcome) -> None:
        self._stage.tell(outcome.text, outcome.ok)

    # --- cells ---------------------------------------------------------------------------------------------

    async def on_cells(self, verb: Verb, targets: Targets | None, exact: bool = False) -> None:
        """Do a verb on cells. ``exact``: the daemon is to refuse if their count has changed meanwhile; so it is too for
        what a person was asked about.
        """
        kit, store = self._kit, self._kit.store
        if targets is None:
            self._stage.tell(kit.say("done.nothing-here"), False)
            return
        weight = weigh(store, verb, targets)
        if not weight.cells:
            self._stage.tell(kit.say(f"none.{verb}"), False)
            return
        # What is sent is what was seen: names and counts now, before anybody is asked.
        asked = weight.cells > ASK_ABOVE
        counted = exact or (asked and verb in COUNTED)
        requests = [
            Request(
                block.digests(store),
                block.node_names(store),
                weigh(store, verb, block).cells if counted else None,
            )
            for block in targets.blocks()
        ]
        if not asked or await self._sure(verb, targets, weight):
            self._tell(await self._jobs.run_all(verb, requests))

    async def _sure(self, verb: Verb, targets: Targets, weight: Weight) -> bool:
        kit = self._kit
        word = kit.texts.text(f"verb.{verb}")
        body: list[Line] = [
            [(kit.say("ask.cells", cells=weight.cells), "text")],
            [(kit.say("ask.bytes", size=figures.size(weight.size_bytes)), "text")],
            [("", "text")],
            [(self._nodes_text(targets), "dim")],
            [(self._archives_text(targets), "dim")],
        ]
        return await self._asked(kit.say("ask.title", verb=word), body, word)

    async def _asked(self, title: str, body: list[Line], yes: str) -> bool:
        answers = [Answer("cancel", self._kit.say("answer.cancel")), Answer("yes", yes)]
        return await self._stage.ask(Ask(title, body, answers)) == "yes"

    def _nodes_text(self, targets: Targets) -> str:
        store = self._kit.store
        names = targets.node_names(store)
        if names is None:
            return self._kit.say("ask.all-nodes", count=len(store.nodes))
        shown = ", ".join(plain(name) for name in names[:NAMED])
        return self._kit.say("ask.nodes", names=shown, more=max(0, len(names) - NAMED) or "")

    def _archives_text(self, targets: Targets) -> str:
        store = self._kit.store
        archives = targets.all_archives()
        if archives is None:
            return self._kit.say("ask.all-archives", count=len(store.archive_index))
        shown = ", ".join(self._kit.label(store.archive(archive)) for archive in archives[:NAMED])
        return self._kit.say("ask.archives", names=shown, more=max(0, len(archives) - NAMED) or "")

    # --- archives ------------------------------------------------------------------------------------------

    async def withdraw(self, targets: Targets | None) -> None:
        """End archives for the whole fleet, once it was seen what that ends."""
        kit, store = self._kit, self._kit.store
        meant = () if targets is None else targets.all_archives() or ()
        archives = [archive for archive in meant if store.archive(archive).state == "active"]
        if not archives:
            self._stage.tell(kit.say("none.withdraw"), False)
            return
        body: list[Line] = [[(kit.say("withdraw.body"), "text")], [("", "text")]]
        for archive in archives:
            counts = store.archive_counts[archive]
            label = kit.label(store.archive(archive))
            body.append([(kit.say("withdraw.one", image=label, held=counts.happy, open=counts.open or ""), "warn")])
        digests = [store.archive(archive).digest for archive in archives]
        word = kit.texts.text("verb.withdraw")
        if await self._asked(kit.say("withdraw.title", count=len(archives)), body, word):
            self._tell(await self._jobs.run("withdraw", Request(digests)))

    async def stop(self, how: str) -> Outcome:
        """End the engine: ``drain`` or ``now``."""
        return await self._jobs.stop(how)
