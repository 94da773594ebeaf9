"""Bring the translations up to the catalogue: ``python -m tools.translations``, behind ``./dev texts``.

For each language the ``.po`` file gets what is new (untranslated), loses what is gone, and marks as fuzzy what has
changed in English; the ``.mo`` file that the program reads is made from it. A hygiene test fails when files and
catalogue differ, or when something is left to translate. Translators edit the ``.po`` file only, then run this.
"""

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from backend.texts.catalogue import AREAS, GETTEXT_DOMAIN
from backend.texts.languages import CHINESE
from tools.argparse_words import ARGPARSE_WORDS

_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
LOCALE = Path("backend/texts/locale")
TRANSLATED = (CHINESE,)
_WIDTH = 110
_NOT_KEPT = (b'"Report-Msgid', b'"POT-Creation', b'"PO-Revision', b'"Last-Trans', b'"Language-Team', b'"Generated-By')
"""What git knows better, or what would change with every run."""
_HEADER = """\
# Texts of dsync-tui in another language. Translate here, then run ./dev texts, which makes the .mo file too.
# Placeholders in braces stay as they are; a part in brackets falls away where one of its placeholders is empty.
# Commands, error codes and names of settings are not translated."""


@dataclass(frozen=True, slots=True)
class Source:
    """One text to translate. ``key`` is its context; "" for argparse's own words, which have none."""

    key: str
    words: str
    area: str


def sources() -> Iterator[Source]:
    """Yield every text that is shown to people, in the catalogue's order."""
    for area, entries in AREAS.items():
        for key, entry in entries.items():
            yield Source(key, entry.message, area)
            if entry.remedy:
                yield Source(key, entry.remedy, area)
    for words in ARGPARSE_WORDS:
        yield Source("", words, "argparse")


def po_path(language: str, root: Path = Path()) -> Path:
    """Return the path of a language's translations."""
    return root / LOCALE / language / "LC_MESSAGES" / f"{GETTEXT_DOMAIN}.po"


def read(language: str, root: Path = Path()) -> Catalog:
    """Return a language's translations as they are; none where there is no file."""
    path = po_path(language, root)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def renewed(present: Catalog) -> Catalog:
    """Return the translations with exactly the catalogue's texts, in its order."""
    fresh = Catalog(
        locale=present.locale,
        domain=GETTEXT_DOMAIN,
        header_comment=_HEADER,
        project="dsync-tui",
        version="1",
        charset="utf-8",
        # Both files are to be the same whenever they are made.
        creation_date=_NO_DATE,
        revision_date=_NO_DATE,
        fuzzy=False,
    )
    by_key: dict[str, list[Message]] = {}
    for message in present:
        by_key.setdefault(message.context or "", []).append(message)
    for source in sources():
        _add(fresh, source, present, by_key)
    return fresh


def _add(fresh: Catalog, source: Source, present: Catalog, by_key: dict[str, list[Message]]) -> None:
    context = source.key or None
    known = present.get(source.words, context)
    if known is not None and known.id == source.words:
        flags = known.flags & {"fuzzy"}
        fresh.add(source.words, known.string, auto_comments=[source.area], flags=flags, context=context)
        return
    # Changed English: the translation may still do, which a person must say.
    wanted = {(other.key, other.words) for other in sources() if other.key == source.key}
    stale = [
        message
        for message in by_key.get(source.key, ())
        if source.key and message.string and (source.key, message.id) not in wanted
    ]
    if stale:
        fresh.add(source.words, stale[0].string, auto_comments=[source.area], flags={"fuzzy"}, context=context)
    else:
        fresh.add(source.words, "", auto_comments=[source.area], context=context)


def po_bytes(catalog: Catalog) -> bytes:
    """Return translations as their ``.po`` file."""
    file = io.BytesIO()
    write_po(file, catalog, width=_WIDTH, no_location=True)
    head, gap, texts = file.getvalue().partition(b"\n\n")
    lines = [line for line in head.split(b"\n") if not line.startswith(_NOT_KEPT)]
    return b"\n".join(lines).replace(b"Language: zh_Hans_CN", b"Language: zh_CN") + gap + texts


def mo_bytes(catalog: Catalog) -> bytes:
    """Return translations as the ``.mo`` file that programs read; what is fuzzy is left out."""
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def main() -> int:
    """Write every language's files; return 1 where something is left to translate."""
    left = 0
    for language in TRANSLATED:
        catalog = renewed(read(language))
        path = po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(po_bytes(catalog))
        path.with_suffix(".mo").write_bytes(mo_bytes(catalog))
        for message in catalog:
            if message.id and (message.fuzzy or not message.string):
                print(f"{path}: to translate: {message.context or 'argparse'}: {message.id}")
                left += 1
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
