"""The members of one archive by name, links resolved inside the archive only, and its JSON documents."""

from collections.abc import Callable

from backend.adapters.inspecting.files import OpenFile
from backend.adapters.inspecting.limits import Limits
from backend.adapters.inspecting.sources import FileSource, StreamSource
from backend.adapters.inspecting.tar import Kind, Member, TarReader, shown
from backend.model.errors import HostileArchiveError, NotAnImageError

_BLANKS = b" \t\r\n"


class Contents:
    """What was found. All sizes are in bytes."""

    def __init__(self, limits: Limits, fetch: Callable[[Member], bytes | None]) -> None:
        """Take documents' bytes from ``fetch``; it answers None for what was not kept."""
        self._limits = limits
        self._fetch = fetch
        self._members: dict[str, Member] = {}
        self._twice: set[str] = set()
        self._documents_bytes = 0
        self.ended_properly = False

    def add(self, member: Member) -> None:
        """Enter a member; one that stands there twice is noted, and refused once somebody asks for it."""
        known = self._members.setdefault(member.name, member)
        if known is member or known.kind is member.kind is Kind.DIRECTORY:
            return
        # Some writers repeat a blob that two images share. Its name says what it holds: it is the same.
        same_blob = (
            member.name.startswith("blobs/")
            and known.kind is member.kind is Kind.FILE
            and known.size_bytes == member.size_bytes
        )
        if not same_blob:
            self._twice.add(member.name)

    def check_links(self) -> None:
        """Raise HostileArchiveError where unpacking would write through, or link to, the outside."""
        for member in self._members.values():
            if member.kind in (Kind.SYMLINK, Kind.HARD_LINK):
                self._target_of(member)
            parent = member.name.rpartition("/")[0]
            while parent:
                above = self._members.get(parent)
                if above is not None and above.kind is not Kind.DIRECTORY:
                    raise HostileArchiveError(
                        detail=f'"{shown(member.name)}" lies below the {above.kind.value} "{shown(parent)}"'
                    )
                parent = parent.rpartition("/")[0]

    def find(self, path: str) -> Member | None:
        """Return the regular file that ``path`` leads to, if it is there. Raises HostileArchiveError."""
        name = _joined((), path)
        for _ in range(self._limits.links + 1):
            if name is None:
                raise HostileArchiveError(detail=f'the path "{shown(path)}" leads outside the archive')
            if name in self._twice:
                raise HostileArchiveError(
                    detail=f'"{shown(name)}" stands in the archive twice, and readers disagree which counts'
                )
            member = self._members.get(name)
            if member is None or member.kind is Kind.DIRECTORY:
                return None
            if member.kind is Kind.FILE:
                return member
            name = self._target_of(member)
        raise HostileArchiveError(detail=f'the links behind "{shown(path)}" go on and on')

    def document(self, member: Member) -> bytes:
        """Return the bytes of a JSON document. Raises HostileArchiveError beyond the limits."""
        size = member.size_bytes
        if size > self._limits.json_bytes:
            raise HostileArchiveError(detail=f'the document "{shown(member.name)}" has {size} bytes')
        self._documents_bytes += size
        if self._documents_bytes > self._limits.json_total_bytes:
            raise HostileArchiveError(detail=f"more than {self._limits.json_total_bytes} bytes of JSON to read")
        data = self._fetch(member)
        if data is None:
            raise NotAnImageError(detail=f'"{shown(member.name)}" holds no JSON')
        return data

    def _target_of(self, member: Member) -> str | None:
        """Return where a link points. Raises HostileArchiveError when that is outside."""
        base = tuple(member.name.split("/")[:-1]) if member.kind is Kind.SYMLINK else ()
        target = _joined(base, member.target)
        if not target:
            raise HostileArchiveError(
                detail=f'the {member.kind.value} "{shown(member.name)}" points outside the archive, '
                f'to "{shown(member.target)}"'
            )
        return target


def read_file(file: OpenFile, limits: Limits) -> Contents:
    """Walk an uncompressed tar, passing over the data."""
    contents = Contents(limits, lambda member: file.read_at(member.offset_bytes, member.size_bytes))
    reader = TarReader(FileSource(file), limits)
    while (member := reader.next()) is not None:
        contents.add(member)
    contents.ended_properly = reader.ended_properly
    contents.check_links()
    return contents


def read_stream(source: StreamSource, limits: Limits) -> Contents:
    """Walk a tar that comes as a stream, keeping what may be JSON: it may stand before or after what it speaks of."""
    kept: dict[int, bytes] = {}
    contents = Contents(limits, lambda member: kept.get(member.offset_bytes))
    reader = TarReader(source, limits)
    kept_bytes = 0
    while (member := reader.next()) is not None:
        contents.add(member)
        if member.kind is not Kind.FILE or member.size_bytes > limits.json_bytes:
            continue
        head = reader.read(64)
        if head.lstrip(_BLANKS)[:1] not in (b"{", b"["):
            continue
        kept_bytes += member.size_bytes
        if kept_bytes > limits.json_total_bytes:
            raise HostileArchiveError(detail=f"more than {limits.json_total_bytes} bytes of JSON")
        kept[member.offset_bytes] = head + reader.read(member.size_bytes)
    contents.ended_properly = reader.ended_properly
    contents.check_links()
    return contents


def _joined(base: tuple[str, ...], path: str) -> str | None:
    """Join and clean; None where the result would be outside."""
    if path.startswith("/"):
        return None
    parts = list(base)
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
