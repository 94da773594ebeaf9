"""What the demo was asked for, checked before anything is started."""

import argparse
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.demo.wishes import Means, Wish, given_by
from backend.demo.words import text
from backend.model.errors import UsageError
from backend.settings import RuntimeKind, load_settings
from backend.texts import told

DEFAULT_NODES = 3
MOST_NODES = 50
DEFAULT_TIMEOUT_S = 600.0
_AUTO = "auto"


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """``once``: until all deliveries have ended, at most ``timeout_s``; else until a signal, or with ``announce`` until
    standard input is closed. ``lifeline``: a pipe whose end ends the demo too.
    """

    wish: Wish
    files: tuple[Path, ...] = ()
    once: bool = False
    json: bool = False
    announce: bool = False
    timeout_s: float = DEFAULT_TIMEOUT_S
    keep: bool = False
    lifeline: int | None = None

    @property
    def lively(self) -> bool:
        """Whether archives are made for somebody who watches."""
        return not (self.once or self.files)


def add_demo_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe what ``demo`` takes."""
    # People come here by that command, whatever started this process.
    parser.prog = "dsync-tui demo"
    parser.description = text("demo.help")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help=text("demo.help.files"))
    parser.add_argument(
        "--nodes", type=int, default=DEFAULT_NODES, metavar="N", help=text("demo.help.nodes", nodes=DEFAULT_NODES)
    )
    parser.add_argument("--headless", action="store_true", help=text("demo.help.headless"))
    parser.add_argument("--once", action="store_true", help=text("demo.help.once"))
    parser.add_argument("--json", action="store_true", help=text("demo.help.json"))
    parser.add_argument(
        "--timeout",
        type=float,
        default=DEFAULT_TIMEOUT_S,
        metavar="SECONDS",
        help=text("demo.help.timeout", timeout_s=f"{DEFAULT_TIMEOUT_S:g}"),
    )
    named = [means.value for means in Means if means is not Means.GIVEN]
    parser.add_argument("--runtime", choices=[_AUTO, *named], default=_AUTO, help=text("demo.help.runtime"))
    parser.add_argument("--config", type=Path, metavar="FILE", help=text("demo.help.config"))
    parser.add_argument("--keep", action="store_true", help=text("demo.help.keep"))
    parser.add_argument("--announce", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--lifeline", type=int, metavar="FD", help=argparse.SUPPRESS)


def options_of(arguments: argparse.Namespace, environment: Mapping[str, str]) -> DemoOptions:
    """Return what was asked for. Raises UsageError, SettingsError."""
    if not 1 <= arguments.nodes <= MOST_NODES:
        raise UsageError(**told("what", "demo.bad-nodes", value=arguments.nodes, most=MOST_NODES))
    if not arguments.timeout > 0:
        raise UsageError(**told("what", "demo.bad-timeout", value=arguments.timeout))
    return DemoOptions(
        wish=_wish(arguments, environment),
        files=tuple(checked_file(path) for path in arguments.files),
        once=arguments.once,
        json=arguments.json,
        announce=arguments.announce,
        timeout_s=arguments.timeout,
        keep=arguments.keep,
        lifeline=arguments.lifeline,
    )


def _wish(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Wish:
    means = None if arguments.runtime == _AUTO else Means(arguments.runtime)
    kind, command = given_by(environment)
    # The machine's own settings file is read only where it is named: what it says is meant for its own daemon.
    if arguments.config is not None:
        runtime = load_settings(arguments.config).runtime
        if runtime.command or runtime.kind is not RuntimeKind.AUTO:
            kind, command = runtime.kind.value, runtime.command
    return Wish(arguments.nodes, means, kind, command, files=bool(arguments.files))


def checked_file(path: Path) -> Path:
    """Return the absolute path of a file that can be read. Raises UsageError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise UsageError(**told("what", "demo.file-missing", path=path)) from None
    except OSError as error:
        raise UsageError(**told("what", "demo.file-unreadable", path=path, why=error.strerror)) from None
    try:
        mode = os.fstat(descriptor).st_mode
    finally:
        os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise UsageError(**told("what", "demo.file-directory", path=path))
    if not stat.S_ISREG(mode):
        raise UsageError(**told("what", "demo.file-special", path=path))
    return path.resolve()
