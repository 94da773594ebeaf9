"""Commands of ours inside texts, as this call's user has to put them: with the settings file, or the host, it named.

Who asked the daemon of ``--config b.toml`` would otherwise be sent to another one by the next command to try.
"""

import re
import shlex
from dataclasses import dataclass
from functools import lru_cache

_OF_A_DAEMON = "cancel|clean|health|limit|load|nodes|plan|retry|status|stop|sync|withdraw"
_OF_SETTINGS = "config check|--daemon"
_COMMAND = re.compile(rf"\bdsync-tui(?=(?: (?:(?P<daemon>{_OF_A_DAEMON})|(?P<settings>{_OF_SETTINGS}))\b)|[,;，；]|$)")
"""The program with one of its commands, or alone before the end of a clause: the console. ``key`` is not among them:
most texts mean that of another node.
"""
FOR_DAEMON = "call_daemon"
FOR_SETTINGS = "call_settings"


@dataclass(frozen=True, slots=True)
class Call:
    """What a call of the command line named; "" for what it did not."""

    config: str = ""
    host: str = ""
    ssh_config: str = ""

    @property
    def params(self) -> dict[str, str]:
        """Parameters of ``addressed`` templates: the options to put in."""
        settings = _options(("--config", self.config))
        daemon = settings + _options(("--host", self.host), ("--ssh-config", self.ssh_config))
        return {FOR_DAEMON: daemon, FOR_SETTINGS: settings}

    def command(self, words: str) -> str:
        """A command to a daemon, as this user has to call it."""
        return f"dsync-tui{self.params[FOR_DAEMON]} {words}"

    def put_into(self, words: str) -> str:
        """Text of another program, with its commands as this user has to call them."""
        params = self.params
        return _COMMAND.sub(lambda match: f"dsync-tui{params[_wanted(match)]}", words)


PLAIN_CALL = Call()


@lru_cache(maxsize=1024)
def addressed(template: str) -> str:
    """Return a template with parameters where options belong in commands of ours."""
    return _COMMAND.sub(lambda match: f"dsync-tui{{{_wanted(match)}}}", template)


def _wanted(match: re.Match[str]) -> str:
    return FOR_SETTINGS if match["settings"] else FOR_DAEMON


def _options(*options: tuple[str, str]) -> str:
    return "".join(f" {name} {shlex.quote(value)}" for name, value in options if value)
