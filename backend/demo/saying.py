"""What the demo says: to people on stderr, to programs on stdout."""

import os
import sys

from backend.demo.words import text


def say(key: str, /, **params: object) -> None:
    """Tell people a text of the catalogue."""
    tell(text(key, **params))


def tell(line: str) -> None:
    """Tell people."""
    try:
        print(f"demo: {line}", file=sys.stderr, flush=True)
    except OSError:
        # A terminal that is gone must not keep anything from ending.
        pass


def answer(line: str) -> None:
    """Give a program its answer, if it still wants one."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        # Else the interpreter would try once more to write what is left, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
