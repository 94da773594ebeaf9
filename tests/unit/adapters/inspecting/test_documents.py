"""JSON that is no JSON, too much of it, or read by Go in another way than by us."""

from pathlib import Path

import pytest

from backend.adapters.inspecting.limits import Limits
from backend.model.archive import Compression, Layout
from tests.support.archives import Tar, both, dump, oci, old_docker, pack, picture
from tests.support.inspecting import inspect, reason

MANIFEST = "manifest.json"
INDEX = "index.json"


def with_manifest(data: bytes) -> Tar:
    tar = old_docker()
    tar.members[MANIFEST] = data
    return tar


def manifest_text() -> str:
    data = old_docker().members[MANIFEST]
    assert isinstance(data, bytes)
    return data.decode()


@pytest.mark.parametrize("data", [b"", b"null", b"{}", b"[1]", b"[{}]", b'[{"Config": 1}]', b"[", b"\xff\xfe", b"[]x"])
@pytest.mark.parametrize("name", [MANIFEST, INDEX])
def test_what_cannot_be_read_is_refused_with_its_name(tmp_path: Path, name: str, data: bytes) -> None:
    code, told = reason(tmp_path, Tar({name: data}))
    assert code == "archive-not-an-image"
    assert name in told or data == b"{}"


def test_a_document_that_is_nested_too_deep(tmp_path: Path) -> None:
    for data in (b"[" * 100_000, b'[{"Config": "x", "Extra": ' + b"[" * 100_000):
        code, _ = reason(tmp_path, with_manifest(data))
        assert code in ("archive-hostile", "archive-not-an-image")


def test_a_document_of_many_megabytes(tmp_path: Path) -> None:
    code, told = reason(tmp_path, with_manifest(b"[" + b" " * (4 << 20) + b"]"))
    assert (code, told) == ("archive-hostile", f'the document "manifest.json" has {(4 << 20) + 2} bytes')


@pytest.mark.parametrize("packing", [Compression.NONE, Compression.ZSTD])
def test_many_documents_that_are_large_together(tmp_path: Path, packing: Compression) -> None:
    limits = Limits(json_total_bytes=100_000)
    tar = oci(*(picture(f"{number}", f"app:{number}", padding="x" * 20_000) for number in range(6)))
    assert reason(tmp_path, tar, packing, limits)[0] == "archive-hostile"
    assert len(inspect(tmp_path, tar, packing).images) == 6


def test_what_only_looks_like_json_costs_no_more_than_that(tmp_path: Path) -> None:
    """Of a packed archive every small member that may be JSON is kept."""
    tar = old_docker()
    tar.members.update({f"{number}.json": b"{" + b"x" * 5000 for number in range(10)})
    assert reason(tmp_path, tar, Compression.GZIP, Limits(json_total_bytes=40_000))[0] == "archive-hostile"
    assert len(inspect(tmp_path, tar, Compression.GZIP).images) == 1


@pytest.mark.parametrize("blanks", [b" ", b"\n\n\t ", b" " * 60])
def test_a_packed_document_may_begin_with_blanks(tmp_path: Path, blanks: bytes) -> None:
    tar = with_manifest(blanks + manifest_text().encode())
    assert len(inspect(tmp_path, tar, Compression.GZIP).images) == 1


# --- other readers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ('"RepoTags"', '"repotags"'),
        ('"Config"', '"CONFIG"'),
        ('"Layers"', '"Layerſ"'),
        ('"RepoTags"', '"RepoTags": ["evil:1"], "RepoTags"'),
        ('"RepoTags"', '"repoTags": ["evil:1"], "RepoTags"'),
    ],
)
def test_keys_that_go_reads_otherwise(tmp_path: Path, written: str, instead: str) -> None:
    """Go takes a key in whatever case, and merges doubles: another tag would be loaded than shown."""
    code, told = reason(tmp_path, with_manifest(manifest_text().replace(written, instead).encode()))
    assert code in ("archive-hostile", "archive-not-an-image")
    assert code == "archive-hostile" or "missing required field" in told


@pytest.mark.parametrize("key", ["manifests", "digest", "mediaType", "annotations"])
def test_doubled_keys_of_the_index(tmp_path: Path, key: str) -> None:
    tar = oci(picture("one", "app:1"))
    data = tar.members[INDEX]
    assert isinstance(data, bytes)
    tar.members[INDEX] = data.replace(f'"{key}"'.encode(), f'"{key.upper()}": null, "{key}"'.encode(), 1)
    code, told = reason(tmp_path, tar)
    assert code == "archive-hostile"
    assert told == f'index.json has the key "{key.upper()}" twice or in odd letters'


def test_keys_that_nobody_reads_may_be_anything(tmp_path: Path) -> None:
    text = manifest_text().replace('"Config"', '"config2": 1, "Comment": null, "Comment": 2, "Config"')
    assert len(inspect(tmp_path, with_manifest(text.encode())).images) == 1


# --- too much ---------------------------------------------------------------------------------


def test_too_many_references(tmp_path: Path) -> None:
    limits = Limits(descriptors=30)
    tags = [f"app:{number}" for number in range(40)]
    assert reason(tmp_path, old_docker(picture("one", *tags)), limits=limits)[0] == "archive-hostile"
    assert reason(tmp_path, oci(picture("one", *tags)), limits=limits)[0] == "archive-hostile"


def test_an_index_that_repeats_itself_is_no_bomb(tmp_path: Path) -> None:
    """A few kilobytes that would expand to millions of manifests."""
    tar = Tar()
    digest = tar.blob(dump({"manifests": [{"digest": "sha256:" + "0" * 64}] * 100}))
    for _ in range(5):
        digest = tar.blob(dump({"manifests": [{"digest": digest}] * 100}))
    code, told = reason(tmp_path, tar.json(INDEX, {"manifests": [{"digest": digest}]}))
    assert (code, told) == ("archive-hostile", "more than 8192 images, manifests and layers")


def test_the_layer_map_goes_before_an_entry_grows_too_large(tmp_path: Path) -> None:
    """A catalog entry travels in one peer message; the map only saves bytes on the wire."""
    tar = both(picture("one", layers=20))
    whole = inspect(tmp_path, tar)
    assert len(whole.layers) == 20
    facts = inspect(tmp_path, tar, limits=Limits(facts_bytes=2600))
    assert (facts.images, facts.layers, facts.layout) == (whole.images, (), Layout.BOTH)
    code, told = reason(tmp_path, tar, limits=Limits(facts_bytes=500))
    assert (code, told.startswith("1 images: more than a catalog entry can describe")) == ("archive-hostile", True)


def test_reasons_show_names_plain(tmp_path: Path) -> None:
    hostile = old_docker()
    document = hostile.document(MANIFEST)
    assert isinstance(document, list)
    document[0]["Config"] = "\x1b]0;owned\x07\u202e"
    _, told = reason(tmp_path, hostile.json(MANIFEST, document))
    assert told == ('incomplete: the configuration "\\x1b]0;owned\\x07\\u202e", which manifest.json names, is missing')


def test_a_configuration_that_is_none(tmp_path: Path) -> None:
    tar = old_docker()
    (name,) = [name for name in tar.members if name.endswith(".json") and len(name) == 69]
    for data, why in ((b"{}", "it has no rootfs"), (b"[]", "cannot be read"), (pack(b"x", Compression.GZIP), "read")):
        tar.members[name] = data
        code, told = reason(tmp_path, tar)
        assert code == "archive-not-an-image"
        assert why in told
