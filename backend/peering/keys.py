"""A node's own key pair, and the node ID that follows from a public key."""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from backend.model.errors import SettingsError, UsageError
from backend.model.ids import NodeId
from backend.texts import phrased

KEY_FILE = "node_ed25519"
"""The private key's file in the keys directory; the public line stands beside it in ``node_ed25519.pub``."""

_ALGORITHM = "ssh-ed25519"
_LARGEST_FILE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class NodeKey:
    """A node's own key. ``public_line`` is what others put into their roster; never log ``private``."""

    private: asyncssh.SSHKey = field(repr=False)
    public_line: str
    node_id: NodeId


def node_id_of(public_line: str) -> NodeId:
    """Return the fingerprint of an OpenSSH public line, as ``ssh-keygen -l`` prints it. Raises UsageError."""
    return NodeId(public_key_of(public_line).get_fingerprint("sha256"))


def public_key_of(public_line: str) -> asyncssh.SSHKey:
    """Read an ed25519 public key from an OpenSSH line. Raises UsageError."""
    try:
        key = asyncssh.import_public_key(public_line)
    except (asyncssh.KeyImportError, ValueError) as error:
        raise UsageError(what=f"not a public key: {public_line[:120]}") from error
    if key.get_algorithm() != _ALGORITHM:
        raise UsageError(what=f"not an ed25519 public key but {key.get_algorithm()}")
    return key


def load_or_create_key(keys_directory: Path) -> NodeKey:
    """Load the node's key, or make one: directory 0700, private key 0600, in one step that a crash cannot halve.

    Raises SettingsError for permissions that let others read or replace the key, and for a file that is no key.
    """
    path = keys_directory / KEY_FILE
    with _named(keys_directory):
        keys_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = _found(path)
        if key is None:
            _create(path)
            key = _load(path)
        _write_public(path.with_name(path.name + ".pub"), key.public_line)
    return key


def existing_key(keys_directory: Path) -> NodeKey | None:
    """Load the node's key; None where it is yet to be made. Changes nothing.

    Raises SettingsError for what ``load_or_create_key`` would refuse as it stands.
    """
    with _named(keys_directory):
        if not os.path.lexists(keys_directory):
            return None
        if not keys_directory.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(keys_directory))
        return _found(keys_directory / KEY_FILE)


def _found(path: Path) -> NodeKey | None:
    _check_mode(path.parent, path.parent.stat(), 0o022, "700")
    return _load(path) if os.path.lexists(path) else None


@contextlib.contextmanager
def _named(keys_directory: Path) -> Iterator[None]:
    """What the file system refuses is a fault of the setting."""
    try:
        yield
    except OSError as error:
        where = error.filename or keys_directory
        expected = "a directory for the node's key"
        if isinstance(error, PermissionError):
            uid = os.geteuid()
            expected = (
                f"a directory for the node's key, which this user (uid {uid}) may use: run this as the daemon's user"
            )
        raise _wrong(where, "paths.keys", error.strerror, expected) from error


def _wrong(file: object, key: str, value: object, expected: str) -> SettingsError:
    return SettingsError(file=file, key=key, value=value, **phrased("expected", expected))


def _check_mode(path: Path, found: os.stat_result, forbidden: int, wanted: str) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if mode & forbidden:
        raise _wrong(path, "mode", f"{mode:04o}", f"0{wanted}; run: chmod {wanted} {path}")
    if found.st_uid not in (0, os.geteuid()):
        expected = f"the daemon's user ({os.geteuid()}) or root"
        raise _wrong(path, "owner", found.st_uid, expected)


def _load(path: Path) -> NodeKey:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise _wrong(path, "type", "not a file", "a private key")
        _check_mode(path, found, 0o077, "600")
        content = file.read(_LARGEST_FILE_BYTES)
    try:
        private = asyncssh.import_private_key(content)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError) as error:
        raise _wrong(path, "key", error, "an ed25519 private key without a passphrase") from error
    if private.get_algorithm() != _ALGORITHM:
        raise _wrong(path, "key", private.get_algorithm(), "an ed25519 private key")
    return _node_key(private)


def _node_key(private: asyncssh.SSHKey) -> NodeKey:
    algorithm, blob = private.export_public_key("openssh").decode("ascii").split()[:2]
    line = f"{algorithm} {blob}"
    return NodeKey(private=private, public_line=line, node_id=node_id_of(line))


def _create(path: Path) -> None:
    private = asyncssh.generate_private_key(_ALGORITHM)
    content = private.export_private_key("openssh")
    # A link never replaces: of two daemons that start at once both go on with the same key.
    with _written(path, content, 0o600) as draft, contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)
    _sync(path.parent)


def _write_public(path: Path, line: str) -> None:
    content = f"{line}\n".encode("ascii")
    if not path.is_symlink() and path.is_file() and path.read_bytes() == content:
        return
    with _written(path, content, 0o644) as draft:
        draft.replace(path)


@contextlib.contextmanager
def _written(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
