"""One catalogue out of the areas' dictionaries, and the lookup through which every user-facing text goes.

To add a text, add an entry to the dictionary of its area: ``errors.py`` (by error code), ``causes.py``, ``expected.py``
(what settings expected), ``inspected.py`` (why an archive is refused), ``events.py`` (``event.<note code>``),
``words.py`` (states, notes, checks), ``cli.py`` (``cli.…``), ``console.py`` (``console.…``), ``control.py`` (results
and requests of the control API), ``demo.py`` (``demo.…``). The template language stands in ``filling.py``.
Translations lie in ``locale``, one file a language; ``./dev texts`` brings them up to what stands here.
"""

import gettext
from collections.abc import Iterable, Mapping
from itertools import count, takewhile
from pathlib import Path
from types import MappingProxyType

from backend.model.errors import Problem
from backend.model.events import Note
from backend.texts.calls import PLAIN_CALL, Call, addressed
from backend.texts.causes import CAUSES
from backend.texts.cli import CLI
from backend.texts.cli_help import CLI_HELP
from backend.texts.console import CONSOLE
from backend.texts.control import CONTROL
from backend.texts.demo import DEMO
from backend.texts.entry import Text
from backend.texts.errors import ERRORS
from backend.texts.events import EVENTS
from backend.texts.expected import EXPECTED
from backend.texts.filling import ENGLISH_UNITS, fill
from backend.texts.inspected import INSPECTED
from backend.texts.languages import ENGLISH, supported
from backend.texts.words import WORDS

GETTEXT_DOMAIN = "dsync-tui"
LOCALE_FOLDER = Path(__file__).with_name("locale")
"""Where translations lie: ``<language>/LC_MESSAGES/dsync-tui.po``, and the ``.mo`` made from it, which is read."""

AREAS: Mapping[str, Mapping[str, Text]] = MappingProxyType(
    {
        "errors": ERRORS,
        "expected": EXPECTED,
        "inspected": INSPECTED,
        "causes": CAUSES,
        "events": EVENTS,
        "words": WORDS,
        "control": CONTROL,
        "cli": CLI,
        "help": CLI_HELP,
        "console": CONSOLE,
        "demo": DEMO,
    }
)
CATALOGUE: Mapping[str, Text] = MappingProxyType({key: entry for area in AREAS.values() for key, entry in area.items()})


def text(key: str, /, **params: object) -> str:
    """Return the English message of ``key`` with its parameters filled in.

    Never raises: an unknown key comes back itself, a missing parameter as its placeholder.
    """
    return _ENGLISH_TEXTS.text(key, **params)


def told(name: str, key: str, /, **params: object) -> dict[str, str]:
    """Return the parameter ``name`` of an error, whose value is itself the text of ``key``.

    Beside the English words stand key and parameters (``why``, ``why.key``, ``why.host``), so that whoever shows the
    error says all of it in one language.
    """
    within = {f"{name}.{param}": str(value) for param, value in params.items()}
    return {name: text(key, **params), f"{name}.key": key, **within}


def translate(key: str, language: str) -> str:
    """Return the message's template in ``language`` (English where it has none), unfilled."""
    return Texts(language).template(key)


def message_of(problem: Problem) -> str:
    """Return the English sentence that names a problem's cause."""
    return _ENGLISH_TEXTS.message_of(problem)


def remedy_of(problem: Problem) -> str:
    """Return the English sentence that names the next command to try; "" for a code without one."""
    return _ENGLISH_TEXTS.remedy_of(problem)


def note_text(note: Note) -> str:
    """Return the English line of an event; a problem's message stands at its end."""
    return _ENGLISH_TEXTS.note_text(note)


_WORD_PARAMETERS = frozenset({"verb", "outcome"})
"""Parameters whose values stand in the catalogue: ``verb`` may be ``sync``, whose text is that of ``verb.sync``."""


def _below(name: str, params: Mapping[str, object]) -> dict[str, object]:
    prefix = f"{name}."
    return {other.removeprefix(prefix): value for other, value in params.items() if other.startswith(prefix)}


class Texts:
    """The catalogue in one language; English where that has no translation. ``call``: how commands of ours are put."""

    def __init__(self, language: str, call: Call = PLAIN_CALL) -> None:
        """Look up the language's translation; gettext keeps it in memory once read."""
        self.call = call
        self.language = supported(language) or ENGLISH
        self._messages = gettext.translation(
            GETTEXT_DOMAIN, localedir=LOCALE_FOLDER, languages=[self.language], fallback=True
        )
        self._units = {name: self.template(f"unit.{name}") for name in ENGLISH_UNITS}

    def in_language(self, language: str) -> "Texts":
        """Return the same in another language."""
        return Texts(language, self.call)

    def _translated(self, key: str, words: str) -> str:
        # By key as well as by words: "retry" the verb and "retry" the column may be two words elsewhere.
        return self._messages.pgettext(key, words)

    def _filled(self, template: str, params: Mapping[str, object]) -> str:
        if self.call == PLAIN_CALL:
            return fill(template, params, self._units)
        return fill(addressed(template), {**params, **self.call.params}, self._units)

    def template(self, key: str) -> str:
        """Return the message's template, unfilled; the key itself where nobody knows it."""
        entry = CATALOGUE.get(key)
        return self._translated(key, entry.message) if entry is not None else key

    def text(self, key: str, /, **params: object) -> str:
        """Return the message of ``key``, filled in."""
        return self._filled(self.template(key), self._in_words(params))

    def remedy_template(self, key: str) -> str:
        """Return the remedy's template, unfilled; "" where there is none."""
        entry = CATALOGUE.get(key)
        return self._translated(key, entry.remedy) if entry is not None and entry.remedy else ""

    def message_of(self, problem: Problem) -> str:
        """Return the sentence that names a problem's cause; code and parameters where the code is unknown."""
        if problem.code not in CATALOGUE:
            told = ", ".join(f"{name}={value}" for name, value in sorted(problem.params.items()))
            return fill("{code}[ ({told})]", {"code": problem.code, "told": told})
        return self._filled(self.template(problem.code), self._in_words(problem.params))

    def told_again(self, name: str, params: Mapping[str, str]) -> str:
        """Return the text that ``told`` has put under ``name``, in this language; "" where there is none."""
        return str(self._in_words(params).get(name, ""))

    def _in_words(self, params: Mapping[str, object]) -> dict[str, object]:
        """Return parameters with those in this language that are texts (``told``) or words of the field themselves."""
        said = dict(params)
        for name in _WORD_PARAMETERS.intersection(params):
            said[name] = self.template(f"{name}.{params[name]}").removeprefix(f"{name}.")
        for name in [name.removesuffix(".key") for name in params if name.endswith(".key")]:
            key = str(params[f"{name}.key"])
            if key in CATALOGUE:
                said[name] = self._filled(self.template(key), self._in_words(_below(name, params)))
        return said

    def causes_of(self, code: str) -> list[str]:
        """Return the likely causes of an error, the likeliest first."""
        keys = (f"cause.{code}.{number}" for number in count(1))
        return [self.text(key) for key in takewhile(CATALOGUE.__contains__, keys)]

    def remedy_of(self, problem: Problem) -> str:
        """Return the next command to try."""
        return self._filled(self.remedy_template(problem.code), problem.params)

    def note_text(self, note: Note) -> str:
        """Return the line of an event; a problem's message stands at its end."""
        return self.event_text(note.code, note.params, note.problem)

    def event_text(self, code: str, params: Mapping[str, str], problem: Problem | None = None) -> str:
        """Return the line of an event by its note's code."""
        line = self.text(f"event.{code}", **params)
        if problem is None:
            return line
        return self.text("event.with-problem", line=line, problem=self.message_of(problem))

    def listed(self, parts: Iterable[str]) -> str:
        """Return words one after another, with the language's own comma between them."""
        return self.template("list.comma").join(parts)


_ENGLISH_TEXTS = Texts(ENGLISH)
