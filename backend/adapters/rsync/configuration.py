"""The daemon's generated files: settings, secrets, and one list of readable paths per user."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from backend.adapters.rsync.options import ALLOWED_OPTIONS, SOCKET_OPTIONS
from backend.adapters.rsync.words import check_configurable, normal_network
from backend.ports.transport import DATA_MODULE

LOG_LIMIT_BYTES = 4 * 1024 * 1024


class DoorSettings(msgspec.Struct, frozen=True):
    """What a door needs to know. ``port`` 0: any free one. ``host`` "" or "::": IPv4 and IPv6.

    ``networks``: addresses and CIDR networks that may connect beside the admitted users' own. ``directory``: where
    the generated files go (``<run>/rsync``); ``serving``: what is served. ``as_root``: chroot and uid 0; without
    root rsync can do neither, and serves what its own user may read.
    """

    host: str
    port: int
    networks: tuple[str, ...]
    timeout_s: float
    max_connections: int
    serving: Path
    directory: Path
    log: Path
    as_root: bool
    log_limit_bytes: int = LOG_LIMIT_BYTES

    @property
    def configuration_file(self) -> Path:
        """rsyncd.conf."""
        return self.directory / "rsyncd.conf"

    @property
    def secrets_file(self) -> Path:
        """Users and secrets, 0600."""
        return self.directory / "secrets"

    @property
    def paths_directory(self) -> Path:
        """One file per user, with the paths that it may read."""
        return self.directory / "paths"


class Guest(msgspec.Struct, frozen=True):
    """Somebody who may come in."""

    secret: str
    address: str
    paths: frozenset[str]


def configuration(settings: DoorSettings, addresses: Iterable[str]) -> str:
    """Return rsyncd.conf. The daemon reads it anew at each connection (rsyncd.conf(5), tried).

    Who may connect stands in ``hosts allow``; who may read what in a filter per user: ``%RSYNC_USER_NAME%`` is the
    authenticated name, the file that it leads to names that user's paths, and all else is excluded, so that
    the rest of the directory does not exist for it, neither to read nor to list (tried, 3.5.0). A user without such
    a file is turned away.
    """
    for path in (settings.serving, settings.directory, settings.log):
        check_configurable(path)
    allowed = sorted({normal_network(text) for text in (*settings.networks, *addresses)})
    refused = "* " + " ".join(f"!{option}" for option in ALLOWED_OPTIONS)
    lines = [
        "# Generated at each change of who may fetch: edits are lost.",
        f"log file = {settings.log}",
        f"lock file = {settings.directory / 'rsyncd.lock'}",
        "reverse lookup = no",
        "forward lookup = no",
        "max verbosity = 0",
        f"socket options = {SOCKET_OPTIONS}",
        f"[{DATA_MODULE}]",
        f"path = {settings.serving}",
        f"use chroot = {'yes' if settings.as_root else 'no'}",
        # The default is nobody, who cannot read what `docker save` writes (mode 0600).
        *(("uid = 0", "gid = 0") if settings.as_root else ()),
        "read only = yes",
        "list = no",
        "munge symlinks = yes",
        "auth users = *",
        f"secrets file = {settings.secrets_file}",
        "strict modes = yes",
        f"include from = {settings.paths_directory}/%RSYNC_USER_NAME%",
        "exclude = *",
        f"hosts allow = {' '.join(allowed)}",
        "hosts deny = *",
        f"refuse options = {refused}",
        f"max connections = {settings.max_connections}",
        f"timeout = {max(1, round(settings.timeout_s))}",
    ]
    return "\n".join(lines) + "\n"


def secrets_text(guests: Mapping[str, Guest]) -> str:
    """Return the secrets file: one ``user:secret`` a line."""
    return "".join(f"{user}:{guest.secret}\n" for user, guest in sorted(guests.items()))


def paths_text(paths: Iterable[str]) -> str:
    """Return a user's filter: its paths and the directories that lead to them, anchored at the module's root."""
    rules: set[str] = set()
    for path in paths:
        parts = path.split("/")
        rules.update("/" + "/".join(parts[:length]) + "/" for length in range(1, len(parts)))
        rules.add("/" + path)
    return "".join(f"+ {rule}\n" for rule in sorted(rules))
