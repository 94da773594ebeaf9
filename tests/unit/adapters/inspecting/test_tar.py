"""The tar walk: every header format, and all that an honest archive never holds."""

import io
import tarfile
from pathlib import Path

import pytest

from backend.adapters.inspecting.limits import Limits
from backend.adapters.inspecting.sources import StreamSource
from backend.adapters.inspecting.tar import Kind, Member, TarReader
from backend.model.errors import ArchiveError, HostileArchiveError, NotAnImageError, TruncatedError
from tests.support.archives import BLOCK, Link, Tar, TarForm, member, old_docker, padded, patched, pax
from tests.support.inspecting import inspect, reason

END = bytes(2 * BLOCK)
SIZE = 124
TYPE = 156
LINK_NAME = 157


def walk(data: bytes, limits: Limits | None = None, piece: int = 700) -> list[Member]:
    """All members, from a stream in odd pieces."""
    pieces = (data[start : start + piece] for start in range(0, len(data), piece))
    reader = TarReader(StreamSource(pieces), limits or Limits())
    members = []
    while (found := reader.next()) is not None:
        members.append(found)
    return members


def names(data: bytes) -> list[str]:
    return [found.name for found in walk(data)]


def refused(data: bytes, limits: Limits | None = None) -> ArchiveError:
    with pytest.raises(ArchiveError) as caught:
        walk(data, limits)
    return caught.value


def detail(data: bytes, kind: type[ArchiveError] = HostileArchiveError, limits: Limits | None = None) -> str:
    error = refused(data, limits)
    assert type(error) is kind
    return error.params["detail"]


def header(name: str = "x", *changes: tuple[int, bytes], data: bytes = b"") -> bytes:
    """A header with some of its bytes changed, and data."""
    return patched(member(name, data)[:BLOCK], *changes) + padded(data)


# --- formats ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_all_kinds_of_members(form: TarForm) -> None:
    tar = Tar(
        {"folder": None, "folder/file": b"data", "link": Link("folder/file"), "hard": Link("file", True)}, form=form
    )
    found = walk(tar.data())
    assert [(each.name, each.kind, each.size_bytes, each.target) for each in found] == [
        ("folder", Kind.DIRECTORY, 0, ""),
        ("folder/file", Kind.FILE, 4, ""),
        ("link", Kind.SYMLINK, 0, "folder/file"),
        ("hard", Kind.HARD_LINK, 0, "file"),
    ]
    assert tar.data()[found[1].offset_bytes :][:4] == b"data"


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("length", [99, 100, 101, 155, 255, 256, 257, 1000])
def test_long_names_and_targets(form: TarForm, length: int) -> None:
    name, target = "n" * length, "t" * length
    found = walk(Tar({name: b"data", "link": Link(target)}, form=form).data())
    assert [(each.name, each.target) for each in found] == [(name, ""), ("link", target)]


def test_a_name_in_two_parts() -> None:
    """ustar's prefix."""
    name = "/".join(["p" * 50] * 3 + ["file"])
    assert names(Tar({name: b""}, form=tarfile.USTAR_FORMAT).data()) == [name]


def test_old_tars_have_no_magic() -> None:
    """v7: what stands where ustar has its prefix is no name."""
    block = header("file", (257, bytes(8)), (345, b"prefix"))
    assert names(block + END) == ["file"]


def test_gnu_s_prefix_is_none() -> None:
    assert names(header("file", (257, b"ustar  \0"), (345, b"prefix")) + END) == ["file"]


@pytest.mark.parametrize(
    "written", [b"0000000004\0\0", b"       4\0\0\0\0", b"000000000004", b"\x80" + bytes(10) + b"\x04"]
)
def test_sizes_in_every_spelling(written: bytes) -> None:
    block = header("file", (SIZE, written), data=b"data")
    assert [found.size_bytes for found in walk(block + END)] == [4]


def test_a_pax_size_counts_before_the_header_s() -> None:
    """Go, and so docker, reads it so."""
    data = pax({"size": "512"}) + header("file", (SIZE, b"00000000000\0")) + b"x" * 512
    assert [(found.name, found.size_bytes) for found in walk(data + header("next") + END)] == [
        ("file", 512),
        ("next", 0),
    ]


def test_pax_names_count_before_gnu_s_and_both_before_the_header_s() -> None:
    gnu = member("././@LongLink", b"gnu\0")
    long_name = patched(gnu[:BLOCK], (TYPE, b"L")) + gnu[BLOCK:]
    assert names(long_name + header("short") + END) == ["gnu"]
    assert names(pax({"path": "pax"}) + long_name + header("short") + END) == ["pax"]


def test_checksums_of_signed_characters_are_taken() -> None:
    """As some old tars wrote them."""
    block = bytearray(member("ä", b"")[:BLOCK])
    signed = sum(byte - 256 if byte > 127 else byte for index, byte in enumerate(block) if not 148 <= index < 156)
    block[148:156] = b"%06o\0 " % (signed + 8 * 32)
    assert names(bytes(block) + END) == ["ä"]


def test_harmless_headers_are_passed_over() -> None:
    data = pax({"comment": "hello"}, b"g") + pax({"mtime": "1.5", "SCHILY.xattr.user.a": b"\xff\n\0"}) + header("file")
    assert names(data + END) == ["file"]


@pytest.mark.parametrize("name", ["./a/b", "a//b", "a/./b", "././a/b"])
def test_names_are_cleaned(name: str) -> None:
    assert names(member(name, b"x") + END) == ["a/b"]


def test_a_directory_told_by_its_slash() -> None:
    assert [(found.name, found.kind) for found in walk(member("a/b/", b"") + END)] == [("a/b", Kind.DIRECTORY)]


def test_the_root_itself_may_be_a_member() -> None:
    assert [(found.name, found.kind) for found in walk(member("./", None) + END)] == [("", Kind.DIRECTORY)]


def test_names_that_are_no_unicode_are_kept() -> None:
    block = patched(member("x", b"")[:BLOCK], (0, b"caf\xe9"))
    assert names(block + END) == ["caf\udce9"]


# --- ends -------------------------------------------------------------------------------------


@pytest.mark.parametrize("zeros", [0, 1, 511, 512, 1023, 1024, 10240])
def test_an_end_may_be_short_as_long_as_no_data_are_missing(zeros: int) -> None:
    """Docker takes an archive whose closing zeros were cut off."""
    assert names(member("file", b"data") + bytes(zeros)) == ["file"]


def test_what_follows_the_end_is_not_read() -> None:
    assert names(member("file", b"data") + END + member("after", b"x")) == ["file"]


def test_the_padding_of_the_last_member_may_be_missing() -> None:
    assert names(member("file", b"data")[:-100]) == ["file"]


@pytest.mark.parametrize("cut", [1, 100, 511, BLOCK + 1, BLOCK + 99])
def test_a_cut_is_noticed_with_its_place(cut: int) -> None:
    data = member("first", b"1") + member("file", b"x" * 100)
    assert f"ends after {2 * BLOCK + cut} bytes" in detail(data[: 2 * BLOCK + cut], TruncatedError)


def test_a_member_that_promises_more_than_there_is() -> None:
    data = header("file", (SIZE, b"\x80" + b"\xff" * 11), data=b"data")
    assert "in the middle of a member: at least" in detail(data + END, TruncatedError)


@pytest.mark.parametrize("rest", [b"", END])
def test_a_header_before_no_member(rest: bytes) -> None:
    kind = NotAnImageError if rest else TruncatedError
    detail(member("file", b"") + pax({"path": "x"}) + rest, kind)


# --- no tar -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "looks_like"),
    [
        (b"PK\x03\x04", ", it looks like a zip file"),
        (b"\x04\x22\x4d\x18", ", it looks like lz4, which docker load does not take"),
        (b"\x7fELF", ", it looks like a program"),
        (b"<!DOCTYPE html>", ", it looks like a web page"),
        (b'{"errors": []}', ", it looks like JSON"),
        (b"hello", ""),
    ],
)
@pytest.mark.parametrize("length", [0, 4096])
def test_other_files_are_named(head: bytes, looks_like: str, length: int) -> None:
    assert detail(head + b"x" * length, NotAnImageError) == f"not a tar archive{looks_like}"


def test_an_empty_file_is_called_that() -> None:
    assert detail(b"", NotAnImageError) == "not a tar archive: it is empty"


def test_zeros_alone_are_an_empty_tar() -> None:
    assert walk(END) == []


def test_damage_in_the_middle_is_told_with_its_place() -> None:
    data = member("first", b"1") + b"\xff" * BLOCK
    assert detail(data, NotAnImageError) == f"damaged at byte {2 * BLOCK}: a member's header has a wrong checksum"


def test_a_size_that_is_no_number() -> None:
    assert "size is no number" in detail(header("file", (SIZE, b"0000000x004\0")), NotAnImageError)


@pytest.mark.parametrize(
    "body",
    [b"5 a=b", b"x path=y\n", b"99 path=y\n", b"11 path y\n\n", b"9 =value\n", b"0 path=y\n", b"10 path=y\nrest"],
)
def test_a_pax_header_that_cannot_be_read(body: bytes) -> None:
    data = patched(member("pax", body)[:BLOCK], (TYPE, b"x")) + padded(body) + header("file")
    assert "a PAX header that cannot be read" in detail(data, NotAnImageError)


# --- hostile members --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../etc/passwd", "/etc/passwd", "a/../../b", "..", "a/..", "//etc/passwd"])
def test_names_that_point_outside(name: str) -> None:
    assert detail(member(name, b"x") + END).endswith("points outside the archive")
    assert detail(pax({"path": name}) + header("x") + END).endswith("points outside the archive")


@pytest.mark.parametrize(
    ("typeflag", "what"),
    [
        (b"3", "a character device"),
        (b"4", "a block device"),
        (b"6", "a named pipe"),
        (b"S", "a sparse file"),
        (b"D", "of unknown type D"),
        (b"\x1b", "of unknown type \\x1b"),
    ],
)
def test_members_that_no_image_archive_holds(typeflag: bytes, what: str) -> None:
    assert detail(header("x", (TYPE, typeflag)) + END) == f'the member "x" is {what}'


@pytest.mark.parametrize("key", ["GNU.sparse.major", "GNU.sparse.map", "GNU.sparse.realsize"])
def test_sparse_files_in_pax(key: str) -> None:
    assert "sparse" in detail(pax({key: "1"}) + header("x") + END)


@pytest.mark.parametrize("typeflag", [b"1", b"2", b"5"])
def test_what_has_no_content_may_claim_none(typeflag: bytes) -> None:
    """Some readers skip these bytes, others take them for members."""
    data = header("x", (TYPE, typeflag), (LINK_NAME, b"y"), data=member("smuggled", b""))
    assert detail(data + END).endswith("claims to have content")


@pytest.mark.parametrize("size", [b"-0000000004\0", b"\xff" * 12, b"\xc0" + bytes(11)])
def test_negative_sizes(size: bytes) -> None:
    assert detail(header("x", (SIZE, size)) + END).startswith("a member of negative size")
    assert detail(pax({"size": "-4"}) + header("x") + END).startswith("a member of negative size")


@pytest.mark.parametrize("key", ["path", "linkpath", "size"])
def test_global_headers_that_rename_all_members(key: str) -> None:
    """Readers disagree on how far they reach."""
    assert detail(pax({key: "1"}, b"g") + header("x") + END).startswith("a global PAX header sets")


def test_a_name_with_a_nul() -> None:
    assert detail(pax({"path": "manifest.json\0.txt"}) + header("x") + END).startswith("a member name with a NUL")
    assert "NUL" in detail(pax({"linkpath": "a\0b"}) + header("x", (TYPE, b"2")) + END)


def test_a_file_without_a_name() -> None:
    assert detail(member("./.", b"x") + END) == "a file without a name"


def test_hostile_names_are_shown_plain() -> None:
    told = detail(pax({"path": "/\x1b[31m\u202egnp.exe"}) + header("x") + END)
    assert told == 'a member named "/\\x1b[31m\\u202egnp.exe" points outside the archive'


# --- bombs ------------------------------------------------------------------------------------


def test_too_many_members() -> None:
    limits = Limits(members=100)
    assert len(walk(member("x", b"") * 100 + END, limits)) == 100
    assert detail(member("x", b"") * 101 + END, limits=limits) == "more than 100 members"


def test_headers_before_members_count_as_members() -> None:
    assert detail(pax({"comment": "x"}) * 101 + END, limits=Limits(members=100)) == "more than 100 members"


def test_a_huge_header_is_not_read() -> None:
    block = patched(member("pax", b"")[:BLOCK], (TYPE, b"x"), (SIZE, b"77777777777\0"))
    assert detail(block).startswith("a header of 8589934591 bytes")


def test_names_are_bounded_one_by_one_and_all_together() -> None:
    assert "name of 4097 bytes" in detail(pax({"path": "n" * 4097}) + header("x") + END)
    assert "33 directories deep" in detail(pax({"path": "n/" * 32 + "n"}) + header("x") + END)
    data = b"".join(pax({"path": f"{number:04d}" * 100}) + header("x") for number in range(30))
    assert detail(data + END, limits=Limits(names_bytes=10_000)) == "more than 10000 bytes of member names"


# --- links and doubles, as the whole inspection sees them -------------------------------------


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("x", Link("/etc/passwd")),
        ("x", Link("../outside")),
        ("a/b/x", Link("../../../outside")),
        ("x", Link("a/../../outside")),
        ("x", Link("")),
        ("a/x", Link("../outside", hard=True)),
        ("x", Link("/etc/passwd", hard=True)),
    ],
)
def test_links_that_lead_outside(tmp_path: Path, name: str, link: Link) -> None:
    tar = old_docker()
    tar.members[name] = link
    code, told = reason(tmp_path, tar)
    assert code == "archive-hostile"
    assert "points outside the archive" in told


@pytest.mark.parametrize("above", [Link("other"), b"a file"])
def test_members_below_what_is_no_directory(tmp_path: Path, above: Link | bytes) -> None:
    """The classic: a link, then a file that is unpacked through it."""
    tar = old_docker()
    tar.members["a"] = above
    tar.members["a/b/c"] = b"x"
    code, told = reason(tmp_path, tar)
    assert code == "archive-hostile"
    assert told.startswith('"a/b/c" lies below the ')


@pytest.mark.parametrize("length", [1, 2, 9, 50])
def test_links_that_go_round_and_round(tmp_path: Path, length: int) -> None:
    tar = old_docker()
    (path,) = [name for name, data in tar.members.items() if name.endswith("layer.tar")][:1]
    folder = path.rpartition("/")[0]
    tar.members[path] = Link("0")
    tar.members.update({f"{folder}/{number}": Link(str((number + 1) % length)) for number in range(length)})
    code, told = reason(tmp_path, tar)
    assert code == "archive-hostile"
    assert told.endswith("go on and on")


@pytest.mark.parametrize("name", ["manifest.json", "layer"])
def test_what_stands_there_twice_with_other_contents(tmp_path: Path, name: str) -> None:
    """Readers disagree on which counts: one would be shown, another loaded."""
    tar = old_docker()
    if name == "layer":
        (name, _) = [name for name in tar.members if name.endswith("layer.tar")]
    tar.repeated.append((name, b"[]"))
    code, told = reason(tmp_path, tar)
    assert code == "archive-hostile"
    assert told == f'"{name}" stands in the archive twice, and readers disagree which counts'


def test_what_nobody_asks_for_may_stand_there_twice(tmp_path: Path) -> None:
    tar = old_docker()
    tar.repeated += [("VERSION", b"1"), ("VERSION", b"2"), ("repositories", b"{}")]
    assert len(inspect(tmp_path, tar).images) == 1


def test_an_oracle_agrees() -> None:
    """What Python's own reader says of an ordinary archive."""
    tar = old_docker()
    with tarfile.open(fileobj=io.BytesIO(tar.data())) as oracle:
        theirs = [(found.name, found.size, found.offset_data) for found in oracle if found.isreg()]
    ours = [(found.name, found.size_bytes, found.offset_bytes) for found in walk(tar.data()) if found.kind is Kind.FILE]
    assert ours == theirs
