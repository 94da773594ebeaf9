"""Every kind of value that a setting may have: how it is read, and the exact way back."""

import base64
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from backend.settings.addresses import Address, parse_address, parse_network
from backend.settings.quantities import (
    LARGEST_BYTES,
    format_rate,
    format_size,
    parse_rate,
    parse_seconds,
    parse_size,
)
from backend.settings.reading import Expected, Kind, as_list, as_table, as_text, each

E = TypeVar("E", bound=StrEnum)

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?", re.ASCII)
_LABEL_KEY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?", re.ASCII)
_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9_.]+)?", re.ASCII)
_LANGUAGE = re.compile(r"auto|[a-z]{2,3}(?:[_-][A-Za-z0-9]{2,8})?", re.ASCII)
_ED25519_PREFIX = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20"

_NAME_EXPECTED = "a name of letters, digits, dots, dashes and underscores that begins and ends with a letter or digit"


def _read_text(value: object) -> str:
    return as_text(value, "a string")


def read_name(value: object) -> str:
    """Read a node's name: it stands in files, logs and commands, so it must be harmless. Raises Expected."""
    text = as_text(value, _NAME_EXPECTED)
    if _NAME.fullmatch(text) is None:
        raise Expected(_NAME_EXPECTED)
    return text


def _read_path(value: object) -> Path:
    text = as_text(value, "an absolute path")
    if not text.startswith("/"):
        raise Expected("an absolute path")
    return Path(text)


def _read_optional_path(value: object) -> Path | None:
    return None if value == "" else _read_path(value)


def _write_optional(value: object | None) -> str:
    return "" if value is None else str(value)


def _read_address(value: object) -> Address:
    return parse_address(as_text(value, "an address as a string"))


def _read_optional_address(value: object) -> Address | None:
    return None if value == "" else _read_address(value)


def _read_listen(value: object) -> Address:
    address = _read_address(value)
    if address.port is None:
        raise Expected('an address with a port, such as "0.0.0.0:8730" or "[::]:8730"')
    return address


def _read_optional_listen(value: object) -> Address | None:
    return None if value == "" else _read_listen(value)


def _read_positive_seconds(value: object) -> float:
    seconds = parse_seconds(value)
    if seconds == 0:
        raise Expected("a number of seconds above 0")
    return seconds


def _write_seconds(value: float) -> object:
    return int(value) if value == int(value) else value


def _read_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise Expected("true or false")
    return value


def _read_size(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_BYTES:
        return value
    return parse_size(as_text(value, 'a size such as "1GiB", or a number of bytes'))


def _read_rate(value: object) -> int:
    if value == 0 and not isinstance(value, bool):
        return 0
    return parse_rate(as_text(value, 'a rate such as "80MiB/s", or "0" for no limit'))


def _read_fraction(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise Expected("a fraction from 0 up to, but not including, 1")
    return float(value)


def _read_texts(value: object) -> tuple[str, ...]:
    return each(as_list(value, "a list of strings"), lambda item: as_text(item, "a string"))


def _read_command(value: object) -> tuple[str, ...]:
    words = each(
        as_list(value, 'a list of words, such as ["docker", "-H", "unix:///run/other.sock"]'),
        lambda item: as_text(item, "a word of the command as a string"),
    )
    if words and not words[0]:
        raise Expected("a program as the first word")
    return words


def _read_networks(value: object) -> tuple[str, ...]:
    return each(
        as_list(value, 'a list of networks such as ["10.0.0.0/24"]'),
        lambda item: parse_network(as_text(item, "a network as a string")),
    )


def _read_waits(value: object) -> tuple[float, ...]:
    items = as_list(value, "a list of seconds such as [60, 120, 180]")
    if len(items) > 20:
        raise Expected("at most 20 waits")
    return each(items, _read_positive_seconds)


def _read_labels(value: object) -> Mapping[str, str]:
    labels: dict[str, str] = {}
    for key, word in as_table(value, 'a table of strings such as { zone = "a" }').items():
        if _LABEL_KEY.fullmatch(key) is None:
            raise Expected("a label of letters, digits, dots, dashes, underscores and slashes", f".{key}", word)
        if not isinstance(word, str) or len(word) > 253 or not word.isprintable():
            raise Expected("a printable string of at most 253 characters", f".{key}", word)
        labels[key] = word
    return labels


def _read_keys(value: object) -> Mapping[str, str]:
    keys: dict[str, str] = {}
    for action, key in as_table(value, 'a table from action to key such as { sync = "s" }').items():
        if not isinstance(key, str) or not key or not key.isprintable():
            raise Expected('a key such as "s", "ctrl+r" or "f5", or several with commas', f".{action}", key)
        keys[action] = key
    return keys


def _read_publish(value: object) -> bool | tuple[str, ...]:
    if isinstance(value, bool):
        return value
    patterns = as_list(value, 'true, false or a list of tag patterns such as ["registry/app:*"]')
    return each(patterns, lambda item: as_text(item, "a tag pattern as a string"))


def _write_publish(value: bool | tuple[str, ...]) -> object:
    return value if isinstance(value, bool) else list(value)


def _read_key(value: object) -> str:
    """Take an OpenSSH line; the comment is dropped, so that equal keys are equal text."""
    expected = 'an ed25519 public key as ssh-keygen prints it: "ssh-ed25519 AAAA…"'
    words = as_text(value, expected).split()
    if len(words) < 2 or words[0] != "ssh-ed25519":
        raise Expected(expected)
    try:
        blob = base64.b64decode(words[1], validate=True)
    except ValueError as error:
        # Not only binascii.Error: letters beyond ASCII, such as the dots of "AAAA…", are a plain ValueError.
        raise Expected(expected) from error
    if not blob.startswith(_ED25519_PREFIX) or len(blob) != len(_ED25519_PREFIX) + 32:
        raise Expected(expected)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()}"


def _read_optional_key(value: object) -> str:
    return "" if value == "" else _read_key(value)


def _read_platform(value: object) -> str:
    text = as_text(value, 'a platform such as "linux/amd64" or "linux/arm/v7"')
    if _PLATFORM.fullmatch(text) is None:
        raise Expected('a platform such as "linux/amd64" or "linux/arm/v7"')
    return text


def _read_language(value: object) -> str:
    text = as_text(value, 'a language such as "en" or "pt_BR", or "auto"')
    if _LANGUAGE.fullmatch(text) is None:
        raise Expected('a language such as "en" or "pt_BR", or "auto"')
    return text


TEXT: Kind[str] = Kind("text", _read_text, str)
NAME: Kind[str] = Kind("name", read_name, str)
PATH: Kind[Path] = Kind("absolute path", _read_path, str)
OPTIONAL_PATH: Kind[Path | None] = Kind("absolute path", _read_optional_path, _write_optional)
ADDRESS: Kind[Address] = Kind("host or host:port", _read_address, str)
OPTIONAL_ADDRESS: Kind[Address | None] = Kind("host or host:port", _read_optional_address, _write_optional)
LISTEN: Kind[Address] = Kind("host:port", _read_listen, str)
OPTIONAL_LISTEN: Kind[Address | None] = Kind("host:port", _read_optional_listen, _write_optional)
SECONDS: Kind[float] = Kind("seconds", parse_seconds, _write_seconds)
POSITIVE_SECONDS: Kind[float] = Kind("seconds", _read_positive_seconds, _write_seconds)
FLAG: Kind[bool] = Kind("true or false", _read_flag, bool)
SIZE: Kind[int] = Kind("size", _read_size, format_size)
RATE: Kind[int] = Kind("rate", _read_rate, format_rate)
FRACTION: Kind[float] = Kind("fraction", _read_fraction, float)
TEXTS: Kind[tuple[str, ...]] = Kind("list of text", _read_texts, list)
COMMAND: Kind[tuple[str, ...]] = Kind("list of words", _read_command, list)
NETWORKS: Kind[tuple[str, ...]] = Kind("list of networks", _read_networks, list)
WAITS: Kind[tuple[float, ...]] = Kind("list of seconds", _read_waits, lambda waits: [_write_seconds(w) for w in waits])
LABELS: Kind[Mapping[str, str]] = Kind("table", _read_labels, dict)
KEYS: Kind[Mapping[str, str]] = Kind("table", _read_keys, dict)
PUBLISH: Kind[bool | tuple[str, ...]] = Kind("true, false or tag patterns", _read_publish, _write_publish)
OPTIONAL_KEY: Kind[str] = Kind("public key", _read_optional_key, str)
PLATFORM: Kind[str] = Kind("platform", _read_platform, str)
LANGUAGE: Kind[str] = Kind("language", _read_language, str)


def whole(low: int, high: int) -> Kind[int]:
    """Return the kind of whole numbers from ``low`` to ``high``."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Expected(f"a whole number from {low} to {high}")
        return value

    return Kind(f"{low} to {high}", read, int)


def choice(words: type[E]) -> Kind[E]:
    """Return the kind of the words of an enumeration."""
    listed = ", ".join(f'"{word}"' for word in words)

    def read(value: object) -> E:
        if not isinstance(value, str) or value not in set(words):
            raise Expected(f"one of {listed}")
        return words(value)

    return Kind(" \\| ".join(words), read, lambda word: word.value)
