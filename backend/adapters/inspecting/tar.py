"""Reading tar headers, strictly: where tar readers disagree, an archive is refused.

Python's tarfile is not used: it reads PAX headers of any size into memory, takes a member that runs past the end of
the file, and stops quietly at a damaged header. What is read as what follows Go's archive/tar, since that is what
Docker, containerd and podman will read the same archive with. Formats: v7, ustar, PAX, GNU, star.
"""

from dataclasses import dataclass
from enum import Enum

from backend.adapters.inspecting.limits import Limits
from backend.adapters.inspecting.sources import Source
from backend.model.errors import HostileArchiveError, NotAnImageError, TruncatedError
from backend.model.plain import plain

BLOCK_BYTES = 512
_ZEROS = bytes(BLOCK_BYTES)


class Kind(Enum):
    """What a member is; everything else is refused."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARD_LINK = "hard link"


@dataclass(frozen=True, slots=True)
class Member:
    """One member. ``name`` is clean (no ``.``, ``..``, doubled or leading slashes); "" is the archive's root.

    ``target``: where a link points, as written. ``offset_bytes`` of the data in the unpacked tar.
    """

    name: str
    kind: Kind
    offset_bytes: int
    size_bytes: int
    target: str = ""


_KINDS = {
    b"0": Kind.FILE,
    b"\0": Kind.FILE,
    b"7": Kind.FILE,
    b"1": Kind.HARD_LINK,
    b"2": Kind.SYMLINK,
    b"5": Kind.DIRECTORY,
}
REFUSED = {
    b"3": "a character device",
    b"4": "a block device",
    b"6": "a named pipe",
    b"S": "a sparse file",
}


class TarReader:
    """Walks a tar member by member. Raises TruncatedError, NotAnImageError, HostileArchiveError."""

    def __init__(self, source: Source, limits: Limits) -> None:
        """Read from ``source``, which stands at the tar's beginning."""
        self._source = source
        self._limits = limits
        self._data_left = 0
        self._padding = 0
        self._members = 0
        self._name_bytes = 0
        self.ended_properly = False

    def next(self) -> Member | None:
        """Pass over what is left of the current member and return the next one, or None at the end."""
        self._pass_over()
        extra = _Extra()
        while (block := self._header_block(extra)) is not None:
            typeflag = block[156:157]
            if typeflag in b"xgLK":
                self._read_extra(extra, typeflag, block)
                continue
            return self._member(block, extra)
        return None

    def read(self, length: int) -> bytes:
        """Read data of the current member; shorter only at the member's end."""
        wanted = min(length, self._data_left)
        data = self._source.read(wanted)
        self._data_left -= len(data)
        if len(data) < wanted:
            raise self._cut(self._data_left)
        return data

    def _pass_over(self) -> None:
        passed = self._source.skip(self._data_left)
        if passed < self._data_left:
            raise self._cut(self._data_left - passed)
        self._source.skip(self._padding)
        self._data_left = self._padding = 0

    def _cut(self, missing_bytes: int) -> TruncatedError:
        return TruncatedError(
            detail=f"ends after {self._source.position} bytes, in the middle of a member: "
            f"at least {missing_bytes} bytes are missing"
        )

    def _header_block(self, extra: "_Extra") -> bytes | None:
        """Read a header; None at the end, with the two blocks of zeros or without them."""
        position = self._source.position
        block = self._source.read(BLOCK_BYTES)
        if len(block) < BLOCK_BYTES and not any(block) and position and not extra.given:
            return None  # cut off in or before the closing zeros: no data are missing, and runtimes take it
        if len(block) < BLOCK_BYTES:
            if position == 0 and not extra.given:
                raise _no_tar(block)
            raise TruncatedError(detail=f"ends after {position + len(block)} bytes, in the middle of a header")
        if block == _ZEROS:
            if extra.given:
                raise damaged(position, "a PAX or GNU header stands before no member")
            self.ended_properly = True
            return None
        if not _checksum_right(block):
            if position == 0:
                raise _no_tar(block)
            raise damaged(position, "a member's header has a wrong checksum")
        self._members += 1
        if self._members > self._limits.members:
            raise HostileArchiveError(detail=f"more than {self._limits.members} members")
        return block

    def _read_extra(self, extra: "_Extra", typeflag: bytes, block: bytes) -> None:
        position = self._source.position
        size = _number(block[124:136], position)
        if size > self._limits.header_bytes:
            raise HostileArchiveError(detail=f"a header of {size} bytes at byte {position}")
        self._spend(size)
        self._data_left, self._padding = size, -size % BLOCK_BYTES
        data = self.read(size)
        self._pass_over()
        if typeflag == b"L":
            extra.name = data.rstrip(b"\0")
        elif typeflag == b"K":
            extra.target = data.rstrip(b"\0")
        else:
            _apply_pax(extra, _pax_records(data, position), typeflag == b"g", position)
        extra.given = extra.given or typeflag != b"g"

    def _member(self, block: bytes, extra: "_Extra") -> Member:
        position = self._source.position
        written = extra.pax_name or extra.name or _ustar_name(block)
        target = extra.pax_target or extra.target or _text(block[157:257])
        size = extra.size if extra.size is not None else _number(block[124:136], position)
        self._spend(len(written) + len(target))
        name = self._clean(written)
        kind = _kind(block[156:157], written, name, size)
        self._data_left = size
        self._padding = -size % BLOCK_BYTES
        linked = kind in (Kind.SYMLINK, Kind.HARD_LINK)
        return Member(name, kind, position, size, self._decoded(target) if linked else "")

    def _spend(self, length: int) -> None:
        self._name_bytes += length
        if self._name_bytes > self._limits.names_bytes:
            raise HostileArchiveError(detail=f"more than {self._limits.names_bytes} bytes of member names")

    def _clean(self, written: bytes) -> str:
        name = self._decoded(written)
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if name.startswith("/") or ".." in parts:
            raise HostileArchiveError(detail=f'a member named "{shown(name)}" points outside the archive')
        if len(parts) > self._limits.name_depth:
            raise HostileArchiveError(detail=f"a member {len(parts)} directories deep")
        return "/".join(parts)

    def _decoded(self, written: bytes) -> str:
        if b"\0" in written:
            raise HostileArchiveError(detail=f'a member name with a NUL: "{shown(_decode(written))}"')
        if len(written) > self._limits.name_bytes:
            raise HostileArchiveError(detail=f"a member name of {len(written)} bytes")
        return _decode(written)


class _Extra:
    """What PAX and GNU headers say about the member that follows."""

    def __init__(self) -> None:
        self.given = False
        self.name = b""
        self.target = b""
        self.pax_name = b""
        self.pax_target = b""
        self.size: int | None = None


def damaged(position: int, what: str) -> NotAnImageError:
    """Return the error for a tar that breaks its own rules at byte ``position``."""
    return NotAnImageError(detail=f"damaged at byte {position}: {what}")


def shown(name: str) -> str:
    """Return a member's name as it may stand in a reason."""
    return plain(name, 120)


def _decode(written: bytes) -> str:
    return written.decode("utf-8", "surrogateescape")


def _text(field: bytes) -> bytes:
    return field.split(b"\0", 1)[0]


def _ustar_name(block: bytes) -> bytes:
    name = _text(block[0:100])
    if block[257:263] != b"ustar\0":
        return name
    is_star = block[508:512] == b"tar\0"
    prefix = _text(block[345:476] if is_star else block[345:500])
    return prefix + b"/" + name if prefix else name


def _checksum_right(block: bytes) -> bool:
    try:
        stored = _octal(block[148:156])
    except ValueError:
        return False
    unsigned = sum(block) - sum(block[148:156]) + 8 * 0x20
    if stored == unsigned:
        return True
    # Some old tars summed signed characters.
    high = sum(1 for index, byte in enumerate(block) if byte > 127 and not 148 <= index < 156)
    return stored == unsigned - 256 * high


def _octal(field: bytes) -> int:
    digits = field.strip(b" \0")
    if not digits:
        return 0
    if not digits.isdigit():  # int() would also take signs and underscores
        raise ValueError(field)
    return int(digits, 8)


def _number(field: bytes, position: int) -> int:
    """Read a size: octal, or base-256 (GNU, star) where the first bit is set."""
    if field[0] & 0x80:
        value = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        if field[0] & 0x40:
            raise HostileArchiveError(detail=f"a member of negative size before byte {position}")
        return value
    try:
        return _octal(field)
    except ValueError as error:
        if b"-" in field:
            raise HostileArchiveError(detail=f"a member of negative size before byte {position}") from error
        raise damaged(position, "a member's size is no number") from error


def _pax_records(data: bytes, position: int) -> list[tuple[bytes, bytes]]:
    """Split ``<length> <key>=<value>\\n`` records; the length counts all of it."""
    records = []
    start = 0
    while start < len(data):
        space = data.find(b" ", start, start + 10)
        digits = data[start:space]
        end = start + int(digits) if space > 0 and digits.isdigit() else 0
        key, equals, value = data[space + 1 : end].partition(b"=")
        if not (equals and key) or end > len(data) or not value.endswith(b"\n"):
            raise damaged(position, "a PAX header that cannot be read")
        records.append((key, value[:-1]))
        start = end
    return records


def _apply_pax(extra: _Extra, records: list[tuple[bytes, bytes]], is_global: bool, position: int) -> None:
    for key, value in records:
        if key.startswith(b"GNU.sparse."):
            raise HostileArchiveError(detail="a sparse file, which no image archive needs")
        if key not in (b"path", b"linkpath", b"size"):
            continue
        if is_global:
            # Tar readers disagree on what this does to the members that follow.
            raise HostileArchiveError(detail=f"a global PAX header sets {key.decode()} for all members")
        if key == b"path":
            extra.pax_name = value
        elif key == b"linkpath":
            extra.pax_target = value
        elif value.isdigit() and len(value) < 20:
            extra.size = int(value)
        elif value.startswith(b"-"):
            raise HostileArchiveError(detail=f"a member of negative size before byte {position}")
        else:
            raise damaged(position, "a PAX size that is no number")


def _kind(typeflag: bytes, written: bytes, name: str, size: int) -> Kind:
    kind = _KINDS.get(typeflag)
    if kind is None:
        what = REFUSED.get(typeflag, f"of unknown type {shown(_decode(typeflag))}")
        raise HostileArchiveError(detail=f'the member "{shown(name)}" is {what}')
    if kind is Kind.FILE and written.endswith(b"/"):
        kind = Kind.DIRECTORY
    if kind is not Kind.FILE and size:
        # Some readers skip these bytes, others read them as members.
        raise HostileArchiveError(detail=f'the {kind.value} "{shown(name)}" claims to have content')
    if kind is not Kind.DIRECTORY and not name:
        raise HostileArchiveError(detail=f"a {kind.value} without a name")
    return kind


def _no_tar(head: bytes) -> NotAnImageError:
    if not head:
        return NotAnImageError(detail="not a tar archive: it is empty")
    for magic, name in OTHERS:
        if head.startswith(magic):
            return NotAnImageError(detail=f"not a tar archive, it looks like {name}")
    return NotAnImageError(detail="not a tar archive")


OTHERS = (
    (b"PK\x03\x04", "a zip file"),
    (b"\x04\x22\x4d\x18", "lz4, which docker load does not take"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-zip file"),
    (b"\x7fELF", "a program"),
    (b"hsqs", "a squashfs image"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"{", "JSON"),
)
