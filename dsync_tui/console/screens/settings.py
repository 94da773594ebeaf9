"""Settings: each value in force at the daemon, and where it came from."""

from collections.abc import Iterable, Iterator

from backend.api.wire import SettingDocument, SettingsDocument
from backend.model.errors import DsyncError
from backend.model.plain import plain
from dsync_tui.console.deeds import Deeds
from dsync_tui.console.kit import Kit
from dsync_tui.console.labels import middle_cut
from dsync_tui.console.lines import Line, Span, cut_line, fitted, width_of, wrapped
from dsync_tui.console.screens.pushed import PushedScreen

DEFAULT = "default"
"""The origin of what nobody has set."""
KEY_CELLS, VALUE_CELLS = 24, 32


class SettingsScreen(PushedScreen):
    """Groups of settings, as in the file. What somebody has set stands out."""

    def __init__(self, kit: Kit, deeds: Deeds) -> None:
        super().__init__(kit, deeds)
        self._link = deeds.session.link
        self._known: SettingsDocument | None = None
        self._problem = ""

    def on_mount(self) -> None:
        """Ask once: settings are read when a daemon starts."""
        super().on_mount()
        self.run_worker(self._fetch(), name="settings", group="settings", exclusive=True)

    async def _fetch(self) -> None:
        try:
            self._known = await self._link.settings()
        except DsyncError as error:
            self._problem = self.kit.texts.message_of(error.problem())
        if self.is_attached:
            self.show()

    def title_spans(self) -> list[Span]:
        """Whose they are."""
        greeting = self.kit.store.greeting
        whose = [(plain(greeting.node, 60), "bar-strong")] if greeting is not None else []
        return [(self.kit.say("settings.title") + " ", "bar"), *whose]

    def content(self, width: int) -> Iterable[Line]:
        """One line a setting, under its group's name."""
        if self._known is None:
            yield from wrapped(
                self._problem or self.kit.say("detail.asking"), width, "warn" if self._problem else "dim"
            )
            return
        group = ""
        for setting in self._known.settings:
            before, _, key = setting.key.rpartition(".")
            if before != group:
                if group:
                    yield []
                yield [(f"[{plain(before)}]", "title")]
                group = before
            yield from self._setting(setting, key, width)

    def _setting(self, setting: SettingDocument, key: str, width: int) -> Iterator[Line]:
        default = setting.origin == DEFAULT
        style = "dim" if default else "strong"
        value = plain(setting.value)
        line = [(fitted(key, KEY_CELLS) + " ", "text"), (fitted(value, VALUE_CELLS) + " ", style)]
        # Of a path the end tells more: the file and its line.
        origin = middle_cut(plain(setting.origin), max(8, width - width_of(line)))
        yield cut_line([*line, (origin, "dim")], width)
        if len(value) > VALUE_CELLS:
            # Where there is no room beside it the value stands below, whole.
            yield from wrapped(value, width, style, "    ")
