"""Translations are complete, say what the English says, and fit terminals of their readers."""

import re
import unicodedata
from collections import Counter
from gettext import GNUTranslations

import pytest

from backend.texts.filling import optional_parts, placeholders
from backend.texts.languages import CHINESE, ENGLISH, LANGUAGES
from tests.hygiene.sources import ROOT
from tools.translations import TRANSLATED, mo_bytes, po_bytes, po_path, read, renewed, sources

CJK = re.compile(r"[\u3400-\u9fff]")
TYPED = re.compile(
    r"""dsync-tui\b | (?<![\w-])--[a-z][a-z-]* | \[\[nodes\]\] | \b[a-z]+\.[a-z_]{3,}\b | \b(?:systemctl|docker|podman|
    apt-get|chmod|journalctl|rsync|sshd|ss)\b | \b(?:ARCHIVE|FILE|NODE|NO_COLOR|MD5|JSON|IMAGE)\b | ssh://[\w@]+ |
    (?<=dsync-tui\ )(?:sync|retry|cancel|load|clean|health|status|nodes|config|explain|stop|demo|key|limit)\b""",
    re.VERBOSE,
)
"""Commands, options, settings and what stands for arguments: what people type stays as it is."""
WORDLESS = frozenset(
    {
        *("dsync-tui nodes list", "dsync-tui: {message}", "dsync", "MD5", "rsync"),
        *("{size_bytes:bytes}", "{size}/s", "MiB/s", "{count} of {of}", "{first}-{last} of {count}"),
    }
)
"""Texts that have no word to translate."""
TEXTS = {
    language: [message for message in read(language, ROOT) if isinstance(message.id, str) and message.id]
    for language in TRANSLATED
}


def pairs(language: str) -> list[tuple[str, str, str]]:
    """Return name, English and translation of every text."""
    return [
        (f"{message.context}: {message.id}", str(message.id), str(message.string or "")) for message in TEXTS[language]
    ]


def test_every_language_that_is_offered_has_its_file() -> None:
    assert set(LANGUAGES) == {ENGLISH, *TRANSLATED}


@pytest.mark.parametrize("language", TRANSLATED)
def test_files_and_catalogue_are_alike(language: str) -> None:
    catalog = renewed(read(language, ROOT))
    path = po_path(language, ROOT)
    assert path.read_bytes() == po_bytes(catalog), "run ./dev texts, then translate what it names"
    assert path.with_suffix(".mo").read_bytes() == mo_bytes(catalog), "run ./dev texts"
    assert not catalog.obsolete


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_left_to_translate(language: str) -> None:
    wanted = {(source.key or None, source.words) for source in sources()}
    assert {(message.context, message.id) for message in TEXTS[language]} == wanted
    assert [message.id for message in TEXTS[language] if not message.string or message.fuzzy] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_file_holds_every_translation(language: str) -> None:
    with po_path(language, ROOT).with_suffix(".mo").open("rb") as file:
        compiled = GNUTranslations(file)
    for message in TEXTS[language]:
        words = str(message.id)
        found = compiled.pgettext(message.context, words) if message.context else compiled.gettext(words)
        assert found == message.string


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_fill_in_what_the_english_does(language: str) -> None:
    wrong = [
        name
        for name, english, words in pairs(language)
        if placeholders(words) != placeholders(english) or optional_parts(words) != optional_parts(english)
    ]
    assert wrong == []
    assert [error for message in TEXTS[language] for error in message.check()] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_people_type_is_not_translated(language: str) -> None:
    wrong = []
    for name, english, words in pairs(language):
        wanted = Counter(TYPED.findall(english))
        if Counter(TYPED.findall(words)) & wanted != wanted and not english.isupper():
            wrong.append(name)
    assert wrong == []


def test_chinese_is_chinese() -> None:
    english_left, marks, gaps = [], [], []
    for name, english, words in pairs(CHINESE):
        bare = re.sub(r"\{[^}]*\}", "", english)
        if not CJK.search(words) and re.search(r"[A-Za-z]{2}", bare) and english not in WORDLESS:
            english_left.append(name)
        if re.search(rf"{CJK.pattern}[,:;!?()]|[,;?()]{CJK.pattern}", words):
            marks.append(name)
        # A verb stands in the sentence like any other Chinese word.
        if re.search(rf"{CJK.pattern}[A-Za-z0-9{{]|[A-Za-z0-9}}]{CJK.pattern}", words.replace("{verb}", "")):
            gaps.append(name)
    assert english_left == []
    assert marks == [], "half-width marks beside Chinese"
    assert gaps == [], "a gap belongs between Chinese and Latin"


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_character_is_of_ambiguous_width(language: str) -> None:
    # Terminals of East Asia draw such a character one or two cells wide, as they are set.
    odd = [name for name, _, words in pairs(language) for char in words if unicodedata.east_asian_width(char) == "A"]
    assert odd == []
