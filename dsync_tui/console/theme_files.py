"""Themes as files: one declarative TOML file each, shipped, of the machine, or of the user.

::

    title = "Mine"
    inherits = "dark"        # one of the shipped ones; without it every colour and style must be named
    dark = true              # what is not said here is as in the inherited one
    ansi = false             # the terminal's own 16 colours

    [colours]
    background = "#000000"

    [styles]
    cursor = "bold black on yellow"
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from rich.errors import StyleSyntaxError
from rich.style import Style
from textual.theme import BUILTIN_THEMES, Theme

from backend.model.plain import plain
from backend.texts import Texts

THEMES_PACKAGE = "themes"
SYSTEM_FOLDER = Path("/etc/dsync/themes")
USER_FOLDER = Path("dsync-tui/themes")
"""Below ``XDG_CONFIG_HOME``, by default ``~/.config``: XDG Base Directory Specification."""
LONGEST_FILE_BYTES = 64 * 1024
MOST_FILES = 100

STYLES = (
    # text
    "text", "dim", "strong", "title", "key", "rule", "good", "moving", "warn", "bad",
    # places
    "bar", "bar-strong", "tab", "tab-active", "banner", "cursor", "cursor-row", "marked", "dialog", "choice",
    "choice-active",
    # cells
    "none", "queued", "transferring", "verifying", "loading", "ready", "stored", "waiting", "held", "failed",
    "cancelled", "rejected", "unknown", "down",
)  # fmt: skip
"""Styles that every theme has, under ``[styles]``."""
COLOURS = ("primary", "foreground", "background", "surface", "panel", "warning", "error", "success", "accent")
"""What may stand under ``[colours]``; Textual works out what is missing from the first three."""
_KEYS = frozenset({"title", "inherits", "dark", "ansi", "colours", "styles"})
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_ANSI_COLOUR = re.compile(r"ansi_(?:default|(?:bright_)?(?:black|red|green|yellow|blue|magenta|cyan|white))")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,40}", re.ASCII)


class ThemeError(Exception):
    """A theme file is wrong: ``told`` names file, key and what was expected."""

    def __init__(self, fault: str, /, **params: object) -> None:
        super().__init__(fault, params)
        self._key = f"console.theme.{fault}"
        self._params = params

    def told(self, texts: Texts) -> str:
        """What is wrong, in words."""
        return texts.text(self._key, **self._params)

    def __str__(self) -> str:
        return self.told(Texts("en"))


@dataclass(frozen=True)
class ThemeFile:
    """A theme as read from its file. ``ansi``: it uses the terminal's own 16 colours.

    ``words``: the styles as they are written, for themes that inherit them.
    """

    name: str
    title: str
    dark: bool
    ansi: bool
    colours: Mapping[str, str]
    words: Mapping[str, str]
    styles: Mapping[str, Style]

    def textual(self) -> Theme:
        """The Textual theme, whose name is prefixed so that it hides none of Textual's own."""
        if self.ansi:
            # Textual's own carries the variables that its widgets ask for when colours are the terminal's.
            return replace(BUILTIN_THEMES["ansi-dark" if self.dark else "ansi-light"], name=f"dsync-{self.name}")
        given = self.colours.get
        return Theme(
            name=f"dsync-{self.name}",
            primary=self.colours["primary"],
            foreground=given("foreground"),
            background=given("background"),
            surface=given("surface"),
            panel=given("panel"),
            accent=given("accent"),
            success=given("success"),
            warning=given("warning"),
            error=given("error"),
            dark=self.dark,
        )


@dataclass(frozen=True, slots=True)
class Shelf:
    """All themes there are by name, and what could not be read."""

    themes: Mapping[str, ThemeFile]
    faults: tuple[ThemeError, ...] = ()


def theme_folders(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where themes may lie beside the shipped ones: the machine's, then the user's, which count for more."""
    config = environ.get("XDG_CONFIG_HOME", "")
    if config.startswith("/"):
        return SYSTEM_FOLDER, Path(config) / USER_FOLDER
    home = environ.get("HOME", "")
    return (SYSTEM_FOLDER, Path(home) / ".config" / USER_FOLDER) if home else (SYSTEM_FOLDER,)


def shipped_themes() -> dict[str, ThemeFile]:
    """Read the themes that come with the console. Raises ThemeError."""
    found = {}
    for entry in sorted(files(THEMES_PACKAGE).iterdir(), key=lambda file: file.name):
        if entry.name.endswith(".toml"):
            theme = read_theme(entry)
            found[theme.name] = theme
    return found


def all_themes(folders: Sequence[Path]) -> Shelf:
    """Read the shipped themes and those in ``folders``; of two with one name the later counts.

    One that is broken is left out and told of: the one that it would have replaced stays.
    """
    shipped = shipped_themes()
    themes = dict(shipped)
    faults = []
    for folder in folders:
        try:
            found = list(_files_in(folder))
        except ThemeError as error:
            faults.append(error)
            continue
        for file in found:
            try:
                theme = read_theme(file, shipped)
            except ThemeError as error:
                faults.append(error)
            else:
                themes[theme.name] = theme
    return Shelf(themes, tuple(faults))


def _files_in(folder: Path) -> Iterator[Path]:
    try:
        names = sorted(file for file in folder.iterdir() if file.suffix == ".toml")
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise ThemeError("unreadable", file=folder, why=error.strerror) from error
    yield from names[:MOST_FILES]


def read_theme(file: Traversable, bases: Mapping[str, ThemeFile] | None = None) -> ThemeFile:
    """Read one theme file, which may inherit from ``bases``. Raises ThemeError."""
    name = file.name.removesuffix(".toml")
    if _NAME.fullmatch(name) is None:
        raise ThemeError("name", file=file.name)
    table = _table(file)
    _refuse_unknown(file.name, "", table, _KEYS)
    base = _base(file.name, table.get("inherits"), bases or {})
    colours = {**(base.colours if base else {}), **_strings(file.name, table, "colours")}
    words = {**(base.words if base else {}), **_strings(file.name, table, "styles")}
    _refuse_unknown(file.name, "colours", colours, frozenset(COLOURS))
    _refuse_unknown(file.name, "styles", words, frozenset(STYLES))
    _demand(file.name, "colours", colours, ("primary", "foreground", "background"))
    _demand(file.name, "styles", words, STYLES)
    ansi = _flag(file.name, table, "ansi", base.ansi if base else False)
    for key, value in colours.items():
        _check_colour(file.name, key, value, ansi)
    return ThemeFile(
        name=name,
        title=plain(str(table.get("title", name)), 40),
        dark=_flag(file.name, table, "dark", base.dark if base else True),
        ansi=ansi,
        colours=colours,
        words=words,
        styles={key: _style(file.name, key, value, colours) for key, value in words.items()},
    )


def _table(file: Traversable) -> dict[str, object]:
    try:
        # One byte more than may be: a large file (a device) is not read to its end.
        with file.open("rb") as opened:
            content = opened.read(LONGEST_FILE_BYTES + 1)
        if len(content) > LONGEST_FILE_BYTES:
            raise ThemeError("large", file=file.name, size_bytes=LONGEST_FILE_BYTES)
        return tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        raise ThemeError("unreadable", file=file.name, why=error.strerror) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ThemeError("unreadable", file=file.name, why=error) from error


def _base(file: str, name: object, bases: Mapping[str, ThemeFile]) -> ThemeFile | None:
    if name is None:
        return None
    base = bases.get(str(name))
    if base is None:
        raise ThemeError("inherits", file=file, value=name, known=", ".join(sorted(bases)))
    return base


def _strings(file: str, table: Mapping[str, object], key: str) -> dict[str, str]:
    group = table.get(key, {})
    if not isinstance(group, dict) or not all(isinstance(value, str) for value in group.values()):
        raise ThemeError("strings", file=file, key=key)
    return {str(name): str(value) for name, value in group.items()}


def _flag(file: str, table: Mapping[str, object], key: str, default: bool) -> bool:
    value = table.get(key, default)
    if not isinstance(value, bool):
        raise ThemeError("flag", file=file, key=key)
    return value


def _refuse_unknown(file: str, group: str, table: Mapping[str, object], known: frozenset[str]) -> None:
    unknown = sorted(name for name in table if name not in known)
    if unknown:
        raise ThemeError("unknown", file=file, key=group, names=", ".join(unknown[:5]))


def _demand(file: str, group: str, table: Mapping[str, str], wanted: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in table]
    if missing:
        raise ThemeError("missing", file=file, key=group, names=", ".join(missing[:5]))


def _check_colour(file: str, key: str, value: str, ansi: bool) -> None:
    if _ANSI_COLOUR.fullmatch(value) is None if ansi else _COLOUR.fullmatch(value) is None:
        raise ThemeError("ansi-colour" if ansi else "colour", file=file, key=f"colours.{key}", value=value)


def _style(file: str, key: str, words: str, colours: Mapping[str, str]) -> Style:
    # A word ``$panel`` stands for one of the file's own colours.
    text = " ".join(colours.get(word[1:], word) if word.startswith("$") else word for word in words.split())
    try:
        return Style.parse(text)
    except StyleSyntaxError as error:
        raise ThemeError("style", file=file, key=f"styles.{key}", value=words) from error
