"""The bars round every view: who and how fresh, the views, throughput, the cursor's line, the keys."""

from collections.abc import Callable
from time import monotonic
from typing import Protocol

from rich.cells import cell_len
from textual.events import Click
from textual.message import Message

from backend.model.plain import plain
from dsync_tui.console import figures
from dsync_tui.console.boxes import Bar
from dsync_tui.console.cells import Kind
from dsync_tui.console.glyphs import BAD, RULE
from dsync_tui.console.keys import KEYS, VIEWS, key_names
from dsync_tui.console.kit import Kit
from dsync_tui.console.lines import Line, Span, fitting, joined, spread, width_of
from dsync_tui.console.session import Phase, Session
from dsync_tui.console.spark import samples_of, sparkline

WIDE_SPARK, NARROW_SPARK = 30, 16


class Home(Protocol):
    """What the bars read of the home screen."""

    @property
    def session(self) -> Session: ...

    @property
    def active(self) -> str: ...

    def standing(self) -> list[Line]:
        """What is peculiar about the view: filter, order, frozen."""
        ...

    def cursor_line(self) -> Line: ...

    def marked(self) -> str: ...

    def keys_of(self, id: str) -> str: ...


def connection_spans(kit: Kit, session: Session) -> list[Span]:
    """Attached, resyncing, stale or gone, with the age of what is shown."""
    bond, now = session.bond, kit.now()
    if bond.phase is Phase.LOST:
        parts: list[Line] = [[(kit.say("status.disconnected"), "banner")]]
        if bond.heard_at:
            parts.append([(kit.say("status.age", age=figures.age(bond.age_s(now))), "banner")])
        left_s = bond.retry_at - now
        waits = kit.say("status.next-try", time=figures.countdown(left_s))
        parts.append([(waits if left_s > 1 else kit.say("status.trying", tries=bond.tries), "banner")])
        return joined(parts)
    if bond.phase is Phase.CONNECTING:
        return [(kit.say("status.connecting"), "warn")]
    if bond.phase is Phase.RESYNCING:
        return [(kit.say("status.resyncing"), "warn")]
    state = [(kit.say("status.attached"), "bar-strong")]
    if session.read_only:
        state += [(" ", "bar"), (kit.say("status.read-only"), "warn")]
    if bond.stale(now):
        return [*state, ("  ", "bar"), (kit.say("status.stale", age=figures.age(bond.age_s(now))), "warn")]
    slow = [("  ", "bar"), (kit.say("status.slow-link"), "warn")] if kit.pace.slow(monotonic()) else []
    return [*state, ("  ", "bar"), (kit.say("status.live"), "good"), *slow]


def lost_reason(kit: Kit, reason: str) -> str:
    """Why the daemon is away: the client's own codes in words, the system's words as they are."""
    return kit.say(f"lost.{reason}") if reason in ("closed", "silent") else plain(reason, 200)


def health_parts(kit: Kit) -> list[Line]:
    """The fleet's cells in figures, what matters most first."""
    totals = kit.store.totals
    parts: list[Line] = [
        [
            (kit.say("status.ready") + " ", "bar"),
            (figures.percent(totals.share()), "bar-strong" if totals.wanted else "bar"),
        ]
    ]
    for key, count, style in (
        ("status.failed", totals.failed, "bad"),
        ("status.rejected", len(kit.store.rejected), "bad"),
        ("status.retry", totals.of(Kind.WAITING), "warn"),
        ("status.held", totals.of(Kind.HELD), "warn"),
        ("status.moving", totals.moving, "moving"),
    ):
        if count:
            parts.append([(f"{kit.say(key)} ", "bar"), (figures.tally(count), style)])
    return parts


class LifeBar(Bar):
    """A bar of the home screen that turns into a banner while the daemon is away."""

    def __init__(self, kit: Kit, home: Home, id: str) -> None:
        super().__init__(kit, id)
        self._home = home

    def place(self) -> str:
        """Reverse while disconnected."""
        return "banner" if self._home.session.bond.phase is Phase.LOST else "bar"


class StatusBar(LifeBar):
    """Node, connection and counts."""

    def line(self, width: int) -> list[Span]:
        """Who, how fresh, how many, how well."""
        kit, session = self.kit, self._home.session
        greeting = kit.store.greeting
        strong = "banner" if session.bond.phase is Phase.LOST else "bar-strong"
        who: list[Line] = [[(f" {kit.say('title')}", strong)]]
        if greeting is not None:
            who.append([(plain(greeting.node, 40), strong)])
        who.append(connection_spans(kit, session))
        if session.bond.phase is Phase.LOST:
            return joined([*who, [(lost_reason(kit, session.bond.reason), "banner")]])
        if not kit.store.complete:
            return joined(who)
        fleet = [
            (
                kit.say(
                    "status.fleet",
                    nodes=figures.tally(len(kit.store.nodes)),
                    archives=figures.tally(len(kit.store.archive_index)),
                ),
                "bar",
            )
        ]
        well = health_parts(kit)
        between = f" {RULE} "
        line = joined([joined(who), fleet, joined(well)], between)
        if width_of(line) <= width:
            return line
        # Where it is narrow, how well the fleet is counts for more than how large.
        start = [*joined(who), (between, "bar")]
        return [*start, *fitting(well, width - width_of(start))]


class TabsBar(Bar):
    """The views with their counts, and what is peculiar about the present one."""

    class Chosen(Message):
        """A view was clicked."""

        def __init__(self, view: str) -> None:
            super().__init__()
            self.view = view

    def __init__(self, kit: Kit, home: Home, id: str) -> None:
        super().__init__(kit, id)
        self._home = home
        self._places: list[tuple[int, int, str]] = []

    def _tabs(self, width: int) -> list[Span]:
        """With names and air, with names, or with digits: the first that fits."""
        spans: list[Span] = []
        for named, gap in ((True, " "), (True, ""), (False, "")):
            spans = self._tabs_as(named, gap)
            if width_of(spans) <= width:
                break
        return spans

    def _tabs_as(self, named: bool, gap: str) -> list[Span]:
        self._places = []
        spans: list[Span] = []
        x = 0
        for digit, view in enumerate(VIEWS, 1):
            here = view == self._home.active
            name = f" {self.kit.say(f'view.{view}')}" if here or named else ""
            text = f" {digit}{name}{self._count(view)}" + (" " if here else gap)
            spans.append((text, "tab-active" if here else "tab"))
            cells = cell_len(text)
            self._places.append((x, x + cells, view))
            x += cells
        return spans

    def _count(self, view: str) -> str:
        store = self.kit.store
        if view == "retries":
            count = store.totals.trouble
        elif view == "transfers":
            count = store.totals.moving
        elif view == "health":
            count = sum(1 for node in store.nodes if node.state == "down" or node.sick is not None)
        elif view == "nodes":
            count = sum(1 for node in store.nodes if node.state == "pending")
        else:
            return ""
        return f"({figures.tally(count)})" if count else ""

    def line(self, width: int) -> list[Span]:
        """Tabs at the left, the view's standing at the right."""
        right = joined([*self._home.standing(), [("", "text")]], "  ")
        return spread(self._tabs(width - width_of(right)), right, width)

    def on_click(self, event: Click) -> None:
        """Go to the view that was clicked."""
        for first, end, view in self._places:
            if first <= event.x < end:
                self.post_message(self.Chosen(view))


class RateBar(Bar):
    """Throughput of the whole fleet: rate, its last minutes, what was saved, time left."""

    def line(self, width: int) -> list[Span]:
        """All on one line."""
        kit, store = self.kit, self.kit.store
        if not store.complete:
            return []
        now = store.throughput
        spark = WIDE_SPARK if width >= 100 else NARROW_SPARK
        samples = store.rates.latest(samples_of(spark, kit.ascii_only))
        total = now.saved_bytes + now.received_bytes
        parts: list[Line] = [
            [(f" {figures.rate(now.rate_bps):<11}", "strong" if now.rate_bps else "dim")],
            [(sparkline(samples, spark, kit.ascii_only), "moving")],
        ]
        if now.eta_s is not None:
            parts.append(_labelled(kit, "rate.eta", figures.clock(now.eta_s)))
        if now.queued:
            parts.append(_labelled(kit, "rate.queued", figures.tally(now.queued)))
        if total:
            parts.append(_labelled(kit, "rate.saved", figures.percent(now.saved_bytes / total)))
        if now.received_bytes:
            parts.append(_labelled(kit, "rate.received", figures.size(now.received_bytes)))
        if not now.moving and not now.queued:
            parts.append([(kit.say("rate.idle"), "dim")])
        return fitting(parts, width, "   ")


def _labelled(kit: Kit, key: str, value: str) -> list[Span]:
    return [(kit.say(key) + " ", "dim"), (value, "text")]


class CursorBar(Bar):
    """What is under the cursor, in one line, and how much is marked."""

    PLACE = "bar"

    def __init__(self, kit: Kit, home: Home, id: str) -> None:
        super().__init__(kit, id)
        self._home = home

    def line(self, width: int) -> list[Span]:
        """The cursor at the left, the marks at the right."""
        marked = self._home.marked()
        right: list[Span] = [(f" {marked} ", "key")] if marked else [(" ", "text")]
        return spread([(" ", "text"), *self._home.cursor_line()], right, width)


class KeyBar(Bar):
    """The keys of the view at hand; a click presses them."""

    class Pressed(Message):
        """A hint was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, kit: Kit, home: Home, enabled: Callable[[str], bool], id: str) -> None:
        super().__init__(kit, id)
        self._home = home
        self._enabled = enabled
        self._places: list[tuple[int, int, str]] = []

    def line(self, width: int) -> list[Span]:
        """As many keys as fit; help and leaving always do."""
        chosen = [key for key in KEYS if self._home.active in key.footer]
        last = [key for key in chosen if key.group == "app"]
        room = width - sum(self._cells(key.id) for key in last)
        spans: list[Span] = [(" ", "text")]
        self._places = []
        x = 1
        for key in [*(key for key in chosen if key.group != "app"), *last]:
            cells = self._cells(key.id)
            if key.group != "app" and x + cells > room:
                continue
            name = self._key_name(key.id)
            on = self._enabled(key.id)
            spans += [(name, "key" if on else "dim"), (f" {self._word(key.id)}  ", "text" if on else "dim")]
            self._places.append((x, x + cells - 2, key.action))
            x += cells
        return spans

    def _key_name(self, id: str) -> str:
        names = key_names(self._home.keys_of(id))
        return names[0] if names else "?"

    def _word(self, id: str) -> str:
        return self.kit.key_word(id, self._home.active)

    def _cells(self, id: str) -> int:
        return cell_len(self._key_name(id)) + 1 + cell_len(self._word(id)) + 2

    def on_click(self, event: Click) -> None:
        """Press the key that was clicked."""
        for first, end, action in self._places:
            if first <= event.x < end:
                self.post_message(self.Pressed(action))


class TinyBar(LifeBar):
    """All there is room for below 40 x 10: the state of the fleet in one line."""

    def line(self, width: int) -> list[Span]:
        """Trouble first."""
        session, totals = self._home.session, self.kit.store.totals
        if session.bond.phase is Phase.LOST:
            return [(self.kit.say("status.disconnected"), "banner")]
        if not self.kit.store.complete:
            return connection_spans(self.kit, session)
        parts: list[Line] = []
        if totals.failed:
            parts.append([(f"{BAD}{figures.tally(totals.failed)}", "bad")])
        parts.append([(figures.percent(totals.share()), "bar-strong")])
        if totals.moving:
            parts.append([(f"{figures.rate(self.kit.store.throughput.rate_bps)}", "moving")])
        return joined(parts, " ")
