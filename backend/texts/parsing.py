"""argparse's own words ("the following arguments are required") in the language of the catalogue."""

import gettext
import os
from collections.abc import Iterator
from contextlib import contextmanager

from backend.texts.catalogue import GETTEXT_DOMAIN, LOCALE_FOLDER, Texts


@contextmanager
def argparse_speaks(texts: Texts) -> Iterator[None]:
    """Let argparse find its own words in our translations: through gettext's domain and ``LANGUAGE``, as it means it.

    Both are put back: the language of other programs that this one starts is not ours to choose.
    """
    domain, language = gettext.textdomain(), os.environ.get("LANGUAGE")
    gettext.bindtextdomain(GETTEXT_DOMAIN, str(LOCALE_FOLDER))
    gettext.textdomain(GETTEXT_DOMAIN)
    os.environ["LANGUAGE"] = texts.language
    try:
        yield
    finally:
        gettext.textdomain(domain)
        if language is None:
            del os.environ["LANGUAGE"]
        else:
            os.environ["LANGUAGE"] = language
