"""Health: how every node is, and the six checks of any of them, run on demand."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult

from backend.api.wire import CheckDocument, HealthDocument
from backend.model.plain import plain
from dsync_tui import saying
from dsync_tui.console import describe, figures
from dsync_tui.console.boxes import LinesBox
from dsync_tui.console.cells import LOOKS, Kind
from dsync_tui.console.dirty import Dirty
from dsync_tui.console.frame import natural
from dsync_tui.console.glyphs import BAD, DASH, GOOD
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, Span, fitted, joined, wrapped
from dsync_tui.console.records import Record, Value, moment
from dsync_tui.console.screens.view import Subject, TableView
from dsync_tui.console.session import Session
from dsync_tui.console.table import TableColumn
from dsync_tui.console.targets import Targets

CHECK_CELLS = 34
CHECKS_HEIGHT = 10
CHECKS = ("store", "daemon", "rsync", "watch", "peers", "disk")
SICK_CHECKS = ("runtime",)
"""There only where they are not well."""


@dataclass(slots=True)
class Examined:
    """What is known of a node's checks."""

    running: bool = False
    checked_at: float = 0.0
    checks: dict[str, CheckDocument] = field(default_factory=dict)
    problem: str = ""


class HealthView(TableView):
    """One row a node, worst first; below it the checks of the node under the cursor."""

    NAME: ClassVar[str] = "health"
    PANE_FROM: ClassVar[int] = 1_000_000
    DEFAULT_CSS = f"""
    HealthView #health-checks {{ height: {CHECKS_HEIGHT}; padding: 1 2 0 2; }}
    """

    def __init__(self, kit: Kit, session: Session) -> None:
        super().__init__(kit, session)
        self.examined: dict[str, Examined] = {}
        self._checks = LinesBox(kit, id="health-checks")

    def compose(self) -> ComposeResult:
        """The nodes, then the checks."""
        yield from super().compose()
        yield self._checks

    def columns(self) -> Sequence[TableColumn]:
        """Captions and widths."""
        say = self.kit.say
        checks = [TableColumn(say(f"check.{check}"), 6, shown_from=78) for check in CHECKS]
        return (
            TableColumn(say("column.node"), self.kit.node_cells()),
            TableColumn(say("column.state"), 10),
            *checks,
            TableColumn(say("column.checked"), 8, right=True),
            TableColumn("  " + say("column.runtime"), 0, 1, shown_from=90),
        )

    def keys(self) -> Sequence[Hashable]:
        """IDs, nodes that are not well first."""
        nodes = sorted(
            self.kit.store.nodes,
            key=lambda node: (node.state == "up" and node.sick is None, natural(node.name)),
        )
        return [node.id for node in nodes]

    def build(self, key: Hashable) -> Sequence[Line]:
        """A row's cells."""
        store = self.kit.store
        index = store.node_index.get(str(key))
        if index is None:
            return [[] for _ in self.columns()]
        facts = store.nodes[index]
        known = self.examined.get(facts.id, Examined())
        sick = saying.sickness(self.kit.texts, facts)
        age = figures.age(self.kit.now() - known.checked_at) if known.checked_at else ""
        return (
            [(plain(facts.name), "text")],
            [describe.node_state_span(self.kit, facts)],
            *([_sign(known, check)] for check in CHECKS),
            [(self.kit.say("health.running") if known.running else age, "dim")],
            [("  ", "dim"), (sick or plain(facts.runtime), "warn" if sick else "dim")],
        )

    def record(self, key: Hashable) -> Record | None:
        """The node's checks as data."""
        index = self.kit.store.node_index.get(str(key))
        if index is None:
            return None
        facts = self.kit.store.nodes[index]
        known = self.examined.get(facts.id, Examined())
        record: dict[str, Value] = {"node": facts.name, "state": facts.state, "checked_at": moment(known.checked_at)}
        for name in CHECKS:
            check = known.checks.get(name)
            record[name] = None if check is None else "good" if check.ok else check.error or "bad"
        return record | {"problem": known.problem or None}

    def flush(self, dirty: Dirty) -> None:
        """Nodes that came, went or changed."""
        if dirty.everything or dirty.layout or dirty.nodes:
            self.rebuild()
            self.show_checks()

    def rebuild(self) -> None:
        """Rows and checks."""
        super().rebuild()
        self.show_checks()

    def tick(self) -> None:
        """Ages."""
        self.table.refresh_keys(self.table.keys)

    def subject(self) -> Subject:
        """The node under the cursor."""
        return self.kit.store.node_index.get(str(self.table.current)), None

    def cursor_line(self) -> Line:
        """The node under the cursor."""
        node, _ = self.subject()
        if node is None:
            return []
        facts = self.kit.store.nodes[node]
        parts: list[Line] = [[(plain(facts.name), "strong")], [describe.node_state_span(self.kit, facts)]]
        sick = saying.sickness(self.kit.texts, facts)
        return joined([*parts, [(sick, "warn")] if sick else []])

    def targets(self) -> Targets | None:
        """All archives on the marked nodes, or on the cursor's."""
        nodes = self.nodes_meant()
        return Targets(nodes=nodes) if nodes else None

    def nodes_meant(self) -> tuple[int, ...]:
        """The marked nodes, or the cursor's."""
        index = self.kit.store.node_index
        return tuple(sorted(index[str(id)] for id in self.table.marks if str(id) in index)) or super().nodes_meant()

    # --- checks --------------------------------------------------------------------------------------------

    def select(self, node_id: str) -> None:
        """Put the cursor on a node."""
        if node_id in self.table.keys:
            self.table.move_to(self.table.keys.index(node_id))

    def begin_check(self, node_id: str) -> None:
        """A node's checks are being run."""
        self.examined.setdefault(node_id, Examined()).running = True
        self._checked(node_id)

    def end_check(self, node_id: str, found: HealthDocument | None, problem: str = "") -> None:
        """They ran, or could not be."""
        checks = {} if found is None else {check.name: check for check in found.checks}
        self.examined[node_id] = Examined(False, self.kit.now(), checks, problem)
        self._checked(node_id)

    def _checked(self, node_id: str) -> None:
        self.table.refresh_keys([node_id])
        self.show_checks()

    def on_resize(self) -> None:
        """Break the checks' lines for the new width too."""
        super().on_resize()
        self.show_checks()

    def show_checks(self) -> None:
        """The checks of the node under the cursor."""
        node, _ = self.subject()
        lines: list[Line] = []
        if node is not None:
            facts = self.kit.store.nodes[node]
            lines = list(self._lines(plain(facts.name), self.examined.get(facts.id, Examined())))
        # What is wrong takes more lines; the nodes keep half of the screen.
        height = max(CHECKS_HEIGHT, min(len(lines) + 1, self.app.size.height // 2))
        if self._checks.styles.height is None or self._checks.styles.height.value != height:
            self._checks.styles.height = height
        self._checks.set_lines(lines)

    def _lines(self, name: str, known: Examined) -> Iterator[Line]:
        say = self.kit.say
        width = max(20, self.room() - 6)
        yield [(say("health.of", node=name), "title")]
        if known.running:
            yield [(say("health.wait"), "moving")]
        elif known.problem:
            yield from wrapped(known.problem, width, "bad")
        elif not known.checks:
            yield [(say("health.press"), "dim")]
        for name_of_check in (*CHECKS, *SICK_CHECKS):
            check = known.checks.get(name_of_check)
            if check is not None and not known.running:
                yield from self._check_lines(check, width)

    def _check_lines(self, check: CheckDocument, width: int) -> Iterable[Line]:
        sign: Span = (f" {GOOD} ", "good") if check.ok else (f" {BAD} ", "bad")
        texts = self.kit.texts
        what = fitted(texts.text(f"check.{check.name}"), CHECK_CELLS)
        detail = plain(saying.detail(texts, check))
        beside = cell_len(detail) <= width - 3 - CHECK_CELLS
        yield [sign, (what, "text" if check.ok else "bad"), (detail if beside else "", "dim")]
        if not beside:
            yield from wrapped(detail, width, "dim", "     ")
        if not check.ok:
            for text in (
                saying.sentence(texts, check.code, check.params, check.error),
                saying.remedy(texts, check.code, check.params, check.remedy),
            ):
                if text:
                    yield from wrapped(text, width, "warn", "     ")

    def fade(self, faded: bool) -> None:
        """Dim the list."""
        super().fade(faded)
        self._checks.fade(faded)


def _sign(known: Examined, check: str) -> Span:
    if known.running:
        return DASH, "moving"
    document = known.checks.get(check)
    if document is None:
        # Nobody could be asked: that tells nothing of the checks.
        return (LOOKS[Kind.UNKNOWN].glyph, "warn") if known.problem else ("", "dim")
    return (GOOD, "good") if document.ok else (BAD, "bad")
