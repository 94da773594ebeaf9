"""The demo's texts in the language of the terminal it was started from: nobody else reads them."""

import os
from functools import cache

from backend.texts import Texts, language_of


@cache
def _texts() -> Texts:
    return Texts(language_of(os.environ))


def text(key: str, /, **params: object) -> str:
    """Return the text of that key, filled in."""
    return _texts().text(key, **params)
