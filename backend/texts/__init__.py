"""The catalogue of user-facing texts, keyed by error code and UI key, in every language there is."""

from backend.texts.calls import Call
from backend.texts.catalogue import Texts, message_of, note_text, remedy_of, text, told, translate
from backend.texts.entry import Text
from backend.texts.languages import LANGUAGES, language_of
from backend.texts.phrases import phrased

__all__ = [
    "LANGUAGES",
    "Call",
    "Text",
    "Texts",
    "language_of",
    "message_of",
    "note_text",
    "phrased",
    "remedy_of",
    "text",
    "told",
    "translate",
]
