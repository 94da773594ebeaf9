"""What is wrong with a console after a step: its frame, and what died in the background."""

import asyncio
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.cells import cell_len
from textual.app import App

from dsync_tui.console.app import Left

ACTING = "\x1b\x07\x00\r\t\u202e\u200b\u2060\u200d"
"""What a terminal may act on, or does not show: none of it may come through."""
_LOGGERS = ("asyncio", "dsync.tasks")


def frame_of(app: App[Left]) -> list[str]:
    """The lines that the screen shows."""
    strips = app.screen._compositor.render_strips(app.size)
    return ["".join(segment.text for segment in strip) for strip in strips]


def faults_of_frame(app: App[Left]) -> Iterator[str]:
    """What is wrong with the picture."""
    width, height = app.size
    lines = frame_of(app)
    if app.screen.size != app.size:
        yield f"the screen is {app.screen.size}, the terminal {app.size}"
    if len(lines) != height:
        yield f"{len(lines)} lines on {height}"
    for number, line in enumerate(lines):
        if cell_len(line) > width:
            yield f"line {number} has {cell_len(line)} cells of {width}: {line!r}"
        if any(char in ACTING for char in line):
            yield f"line {number} holds what a terminal acts on: {line!r}"
    if app._batch_count:
        yield "it holds its paint back"


class _Listener(logging.Handler):
    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._heard = heard
        self._formatter = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self._heard.append(self._formatter.format(record))


@contextmanager
def background() -> Iterator[list[str]]:
    """Listen for what dies in the background: tasks, callbacks, coroutines that nobody awaited, finalizers."""
    heard: list[str] = []
    listener, loop = _Listener(heard), asyncio.get_running_loop()
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    handler, hook = loop.get_exception_handler(), sys.unraisablehook

    def unraisable(found: "sys.UnraisableHookArgs") -> None:
        traceback: TracebackType | None = found.exc_traceback
        heard.append(f"unraisable: {found.exc_value!r} in {found.object!r} {traceback!r}")

    def warned(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        if issubclass(category, RuntimeWarning):
            heard.append(f"{category.__name__}: {message}")

    with warnings.catch_warnings():
        warnings.simplefilter("always", RuntimeWarning)
        warnings.showwarning = warned
        sys.unraisablehook = unraisable
        loop.set_exception_handler(lambda _, context: heard.append(_of_loop(context)))
        for logger in loggers:
            logger.addHandler(listener)
        try:
            yield heard
        finally:
            for logger in loggers:
                logger.removeHandler(listener)
            loop.set_exception_handler(handler)
            sys.unraisablehook = hook


def _of_loop(context: "dict[str, object]") -> str:
    error = context.get("exception")
    parts = [f"{context.get('message')}: {error!r} {context.get('task') or context.get('future') or ''}"]
    if isinstance(error, BaseException):
        import traceback

        parts += traceback.format_exception(error)
    return "\n".join(parts)
