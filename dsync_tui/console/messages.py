"""Messages that several widgets send."""

from textual.message import Message

RIGHT_BUTTON = 3


class MenuAsked(Message):
    """The right button was pressed: what can be done here?"""
