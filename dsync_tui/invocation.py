"""One call of the command line: its arguments, settings, output, and the way to a daemon."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from backend.model.errors import SilentError
from backend.settings import Settings, load_settings
from backend.texts import Texts
from dsync_tui.output import Output

if TYPE_CHECKING:
    from backend.api.client import ControlClient

T = TypeVar("T")


class Invocation:
    """What a command is given."""

    def __init__(self, arguments: argparse.Namespace, output: Output) -> None:
        """Read nothing yet."""
        self.arguments = arguments
        self.output = output

    @property
    def texts(self) -> Texts:
        """The catalogue in the terminal's language."""
        return self.output.texts

    @property
    def config(self) -> Path | None:
        """The settings file that was named."""
        value = getattr(self.arguments, "config", None)
        return Path(value) if value is not None else None

    @property
    def host(self) -> str | None:
        """The other machine that was named."""
        value = getattr(self.arguments, "host", None)
        return str(value) if value is not None else None

    @property
    def ssh_config(self) -> Path | None:
        """The configuration of ssh that was named."""
        value = getattr(self.arguments, "ssh_config", None)
        return Path(value) if value is not None else None

    @property
    def json(self) -> bool:
        """Tell whether the answer is for programs."""
        return bool(getattr(self.arguments, "json", False))

    @cached_property
    def settings(self) -> Settings:
        """The settings in force here. Raises SettingsError."""
        return load_settings(self.config)

    @contextmanager
    def client(self) -> Iterator["ControlClient"]:
        """A client of the daemon, here or through a tunnel; the caller closes it.

        Raises NotReachedError, UsageError, SettingsError.
        """
        # Late: it costs a tenth of a second, and --help, explain and config need none of it.
        from backend.api.client import ControlClient

        if self.host is None:
            yield ControlClient(self.settings.control_socket)
            return
        from dsync_tui.far_client import FarClient
        from dsync_tui.tunnel import parse_host, tunnel

        with tunnel(parse_host(self.host, self.ssh_config)) as way:
            yield FarClient(way)

    def ask(self, question: Callable[["ControlClient"], Awaitable[T]]) -> T:
        """Run a question to the daemon to its end."""
        from dsync_tui.attach import listening_pid

        async def asking(client: "ControlClient") -> T:
            async with client:
                # An answer may take long; that a daemon greets tells soon whether there will be one.
                await client.greeting()
                return await question(client)

        with self.client() as client:
            try:
                return asyncio.run(asking(client))
            except SilentError as error:
                # Behind a tunnel the socket's process is ssh.
                pid = listening_pid(client.socket_path) if self.host is None else None
                raise SilentError(**error.params, pid=pid or "") from error
