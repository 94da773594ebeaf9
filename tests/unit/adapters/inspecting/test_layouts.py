"""Every layout that docker, podman, skopeo and containerd write, and what is found in it."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from backend.adapters.inspecting.inspector import inspect_file
from backend.adapters.inspecting.limits import Limits
from backend.model.archive import ArchiveFacts, Compression, Layout
from backend.texts import Texts, message_of
from tests.support.archives import (
    Link,
    Picture,
    Tar,
    add_index,
    add_manifest,
    both,
    dump,
    hexdigest,
    oci,
    old_docker,
    pack,
    picture,
    podman,
)
from tests.support.inspecting import inspect, reason, refusal

Maker = Callable[..., Tar]
LAYOUTS: dict[str, tuple[Maker, Layout]] = {
    "docker < 25": (old_docker, Layout.DOCKER),
    "podman": (podman, Layout.DOCKER),
    "oci": (oci, Layout.OCI),
    "docker >= 25": (both, Layout.BOTH),
}
Identity = tuple[str, tuple[str, ...], tuple[str, ...], str]
MISSING = "f" * 64

every_layout = pytest.mark.parametrize(("make", "layout"), LAYOUTS.values(), ids=LAYOUTS)


def found(facts: ArchiveFacts) -> list[Identity]:
    return [(image.config, image.diff_ids, image.tags, image.platform) for image in facts.images]


def wanted(shown: Picture, tags: Sequence[str], platform: str = "linux/amd64") -> Identity:
    return shown.digest, shown.diff_ids, tuple(tags), platform


# --- what all layouts have in common ----------------------------------------------------------


@every_layout
@pytest.mark.parametrize("packing", list(Compression))
def test_one_image(tmp_path: Path, make: Maker, layout: Layout, packing: Compression) -> None:
    shown = picture("one", "app:1", "quay.io/team/app:stable")
    facts = inspect(tmp_path, make(shown), packing)
    assert found(facts) == [wanted(shown, ("docker.io/library/app:1", "quay.io/team/app:stable"))]
    assert (facts.layout, facts.compression) == (layout, packing)
    assert facts.unpacked_bytes == len(make(shown).data())


@every_layout
def test_several_images_that_share_layers(tmp_path: Path, make: Maker, layout: Layout) -> None:
    first, other = picture("one", "app:1"), picture("two", "web:2")
    layers = (*first.layers, *other.layers)
    config = {"architecture": "arm", "variant": "v7", "os": "linux", "rootfs": {"diff_ids": []}}
    config["rootfs"] = {"diff_ids": [f"sha256:{hexdigest(layer)}" for layer in layers]}
    second = Picture(dump(config), layers, ("web:2",))
    facts = inspect(tmp_path, make(first, second))
    assert found(facts) == [
        wanted(first, ["docker.io/library/app:1"]),
        wanted(second, ["docker.io/library/web:2"], "linux/arm/v7"),
    ]
    assert sorted(layer.digest for layer in facts.layers) == sorted(second.diff_ids)


@every_layout
def test_an_image_without_tags(tmp_path: Path, make: Maker, layout: Layout) -> None:
    shown = Picture(picture().config, picture().layers, ())
    assert found(inspect(tmp_path, make(shown))) == [wanted(shown, ())]


@every_layout
def test_an_image_without_layers(tmp_path: Path, make: Maker, layout: Layout) -> None:
    shown = picture(layers=0)
    assert found(inspect(tmp_path, make(shown))) == [wanted(shown, ["docker.io/library/app:1"])]


@pytest.mark.parametrize("make", [old_docker, podman, oci])
def test_a_tag_that_two_images_claim_belongs_to_the_last(tmp_path: Path, make: Maker) -> None:
    first, second = picture("one", "app:1", "app:old"), picture("two", "app:1")
    assert found(inspect(tmp_path, make(first, second))) == [
        wanted(first, ["docker.io/library/app:old"]),
        wanted(second, ["docker.io/library/app:1"]),
    ]


@every_layout
def test_the_layer_map_leads_to_the_layers_bytes(tmp_path: Path, make: Maker, layout: Layout) -> None:
    shown = picture("one", layers=3)
    facts = inspect(tmp_path, make(shown))
    data = (tmp_path / "app.tar").read_bytes()
    pieces = {layer.digest: data[layer.offset_bytes :][: layer.length_bytes] for layer in facts.layers}
    assert pieces == dict(zip(shown.diff_ids, shown.layers, strict=True))


@every_layout
def test_a_packed_archive_has_no_layer_map(tmp_path: Path, make: Maker, layout: Layout) -> None:
    """Offsets into what it unpacks to are of no use to anybody."""
    assert inspect(tmp_path, make(), Compression.GZIP).layers == ()


@every_layout
def test_members_may_begin_with_a_dot(tmp_path: Path, make: Maker, layout: Layout) -> None:
    """As ``tar -C directory .`` writes them."""
    tar = make(picture("one"))
    dotted = Tar({f"./{name}": content for name, content in tar.members.items()})
    assert found(inspect(tmp_path, dotted)) == found(inspect(tmp_path, tar))


@pytest.mark.parametrize("name", ["app.tar.gz", "app.zip", "app", "app.tar.zst.xz"])
@pytest.mark.parametrize("packing", list(Compression))
def test_the_archive_s_name_says_nothing(tmp_path: Path, name: str, packing: Compression) -> None:
    path = old_docker().write(tmp_path / name, packing)
    assert inspect_file(path, Limits(), threading.Event()).compression is packing


@pytest.mark.parametrize("packing", [Compression.GZIP, Compression.ZSTD])
@pytest.mark.parametrize("make", [oci, both])
def test_packed_layers_are_known_by_the_digest_of_their_stored_bytes(
    tmp_path: Path, make: Maker, packing: Compression
) -> None:
    """As on Docker's containerd store: another layer map, the same image."""
    shown = picture("one")
    facts = inspect(tmp_path, make(shown, packing=packing))
    assert found(facts) == [wanted(shown, ["docker.io/library/app:1"])]
    packed = {f"sha256:{hexdigest(pack(layer, packing))}" for layer in shown.layers}
    assert {layer.digest for layer in facts.layers} == packed


# --- docker-archive ---------------------------------------------------------------------------


def test_layers_behind_links_are_found(tmp_path: Path) -> None:
    """Podman's manifest may name the links, not the files at the root."""
    shown = picture("one")
    tar = podman(shown)
    links = [name for name, content in tar.members.items() if isinstance(content, Link)]
    manifest = [{"Config": f"{hexdigest(shown.config)}.json", "RepoTags": ["app:1"], "Layers": links}]
    facts = inspect(tmp_path, tar.json("manifest.json", manifest))
    assert found(facts) == [wanted(shown, ["docker.io/library/app:1"])]
    assert len(facts.layers) == 2


def test_a_hard_link_to_a_layer_is_found(tmp_path: Path) -> None:
    shown = picture("one")
    tar = old_docker(shown)
    folder = hexdigest(shown.config + shown.layers[0])
    tar.members["copy/layer.tar"] = Link(f"{folder}/layer.tar", hard=True)
    document = tar.document("manifest.json")
    assert isinstance(document, list)
    document[0]["Layers"][0] = "copy/layer.tar"
    facts = inspect(tmp_path, tar.json("manifest.json", document))
    assert found(facts) == [wanted(shown, ["docker.io/library/app:1"])]


def test_a_packed_layer_of_the_old_layout_is_in_no_layer_map(tmp_path: Path) -> None:
    """Its diff_id is not the digest of its stored bytes."""
    shown = picture("one", layers=1)
    tar = old_docker(shown)
    (path,) = [name for name in tar.members if name.endswith("/layer.tar")]
    tar.members[path] = pack(shown.layers[0], Compression.GZIP)
    facts = inspect(tmp_path, tar)
    assert found(facts) == [wanted(shown, ["docker.io/library/app:1"])]
    assert facts.layers == ()


@pytest.mark.parametrize(
    ("gone", "why"),
    [("config", 'incomplete: the configuration "'), ("layer", 'incomplete: the layer "')],
)
def test_what_the_manifest_names_must_be_there(tmp_path: Path, gone: str, why: str) -> None:
    shown = picture("one", layers=1)
    tar = old_docker(shown)
    ending = "/layer.tar" if gone == "layer" else f"{hexdigest(shown.config)}.json"
    (name,) = [name for name in tar.members if name.endswith(ending)]
    del tar.members[name]
    code, detail = reason(tmp_path, tar)
    assert code == "archive-truncated"
    assert detail == f'{why}{name}", which manifest.json names, is missing'


def test_a_configuration_of_other_layers_is_refused(tmp_path: Path) -> None:
    tar = old_docker(picture("one"))
    document = tar.document("manifest.json")
    assert isinstance(document, list)
    document[0]["Layers"].pop()
    code, detail = reason(tmp_path, tar.json("manifest.json", document))
    assert code == "archive-not-an-image"
    assert detail.startswith("manifest.json names 1 layers, the configuration sha256:")
    assert detail.endswith("has 2")


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ("app", '"app" in manifest.json has no tag: no runtime takes that'),
        ("reg:5000/app", '"reg:5000/app" in manifest.json has no tag: no runtime takes that'),
        ("APP:1", '"APP:1" is no valid tag'),
        ("../app:1", '"../app:1" is no valid tag'),
        ("app:1\x1b[2J", '"app:1\\x1b[2J" is no valid tag'),
        ("-v:1", '"-v:1" is no valid tag'),
    ],
)
def test_a_tag_that_no_runtime_takes_is_refused(tmp_path: Path, tag: str, why: str) -> None:
    assert reason(tmp_path, old_docker(picture("one", tag))) == ("archive-not-an-image", why)


def test_the_layout_before_docker_1_10_is_named(tmp_path: Path) -> None:
    tar = Tar({"abc/layer.tar": b"x", "abc/json": b"{}"}).json("repositories", {"app": {"1": "abc"}})
    code, detail = reason(tmp_path, tar)
    assert code == "archive-not-an-image"
    assert "before 1.10" in detail


@pytest.mark.parametrize("name", ["manifest.json", "index.json"])
def test_documents_that_name_no_image(tmp_path: Path, name: str) -> None:
    tar = Tar().json(name, [] if name == "manifest.json" else {"manifests": []})
    code, _ = reason(tmp_path, tar)
    assert code == "archive-not-an-image"


def test_a_tar_of_something_else(tmp_path: Path) -> None:
    code, detail = reason(tmp_path, Tar({"etc/passwd": b"root", "bin": None}))
    assert code == "archive-not-an-image"
    assert detail == "a tar without manifest.json or index.json: not written by docker save or podman save"


# --- OCI --------------------------------------------------------------------------------------


def index_of(tar: Tar, *entries: object) -> Tar:
    return tar.json("index.json", {"schemaVersion": 2, "manifests": entries})


def test_nested_indexes_lead_to_images_and_are_kept_as_their_manifests(tmp_path: Path) -> None:
    """On Docker's containerd store the index's digest is the image's ID."""
    tar, shown = Tar(), picture("one")
    manifest = add_manifest(tar, shown)
    inner = add_index(tar, manifest)
    outer = add_index(tar, inner)
    facts = inspect(tmp_path, index_of(tar, {**outer, "annotations": {"io.containerd.image.name": "quay.io/a:1"}}))
    assert found(facts) == [wanted(shown, ["quay.io/a:1"])]
    assert facts.images[0].manifests == (outer["digest"], inner["digest"], manifest["digest"])


def test_platforms_may_be_absent(tmp_path: Path) -> None:
    """``docker pull`` brings one platform of a multi-platform index, ``docker save`` writes the whole index."""
    tar, shown = Tar(), picture("one")
    here = {**add_manifest(tar, shown), "platform": {"os": "linux", "architecture": "amd64"}}
    absent = {**here, "digest": f"sha256:{MISSING}", "platform": {"os": "linux", "architecture": "s390x"}}
    index = {**add_index(tar, absent, here), "annotations": {"io.containerd.image.name": "app:1"}}
    assert found(inspect(tmp_path, index_of(tar, index))) == [wanted(shown, ["docker.io/library/app:1"])]


def test_several_platforms_share_a_tag(tmp_path: Path) -> None:
    tar = Tar()
    one, other = picture("one"), picture("two", architecture="arm64", variant="v8")
    index = add_index(tar, add_manifest(tar, one), add_manifest(tar, other))
    facts = inspect(tmp_path, index_of(tar, {**index, "annotations": {"io.containerd.image.name": "app:1"}}))
    assert found(facts) == [
        wanted(one, ["docker.io/library/app:1"]),
        wanted(other, ["docker.io/library/app:1"], "linux/arm64/v8"),
    ]


@pytest.mark.parametrize(
    "marks",
    [
        {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
        {"platform": {"os": "unknown", "architecture": "unknown"}},
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_attestations_are_no_images(tmp_path: Path, marks: dict[str, object], there: bool) -> None:
    """What buildx adds; ``docker save`` leaves the blobs out or in."""
    tar, shown = Tar(), picture("one")
    statement = add_manifest(tar if there else Tar(), picture("statement"))
    index = add_index(tar, add_manifest(tar, shown), {**statement, **marks})
    assert found(inspect(tmp_path, index_of(tar, index))) == [wanted(shown, ())]


def test_a_platform_that_only_the_descriptor_tells(tmp_path: Path) -> None:
    tar, shown = Tar(), picture("one", os="", architecture="")
    entry = {**add_manifest(tar, shown), "platform": {"os": "linux", "architecture": "riscv64"}}
    assert found(inspect(tmp_path, index_of(tar, entry))) == [wanted(shown, (), "linux/riscv64")]


@pytest.mark.parametrize("architecture", ["amd64\x1b[2J", "a" * 33, "x/../y", ""])
def test_a_platform_that_is_none_is_left_out(tmp_path: Path, architecture: str) -> None:
    shown = picture("one", architecture=architecture)
    assert inspect(tmp_path, oci(shown)).images[0].platform == ""


def test_the_image_that_a_tag_names_must_be_whole(tmp_path: Path) -> None:
    tar = oci(picture("one", "app:1"), picture("two", "web:1"))
    del tar.members[f"blobs/sha256/{hexdigest(picture('two').layers[0])}"]
    code, detail = reason(tmp_path, tar)
    assert code == "archive-truncated"
    assert detail.startswith("incomplete: the layer ")


def test_an_index_whose_images_are_all_absent_is_incomplete(tmp_path: Path) -> None:
    manifest = {"digest": f"sha256:{MISSING}", "mediaType": "x"}
    code, detail = reason(tmp_path, index_of(Tar(), manifest))
    assert (code, detail.startswith("incomplete: no image is there as a whole; the manifest")) == (
        "archive-truncated",
        True,
    )


@pytest.mark.parametrize(
    "names",
    [
        {"org.opencontainers.image.ref.name": "1"},
        {"org.opencontainers.image.ref.name": "latest"},
        {"io.containerd.image.name": f"app@sha256:{MISSING}"},
        {},
    ],
)
def test_what_is_no_full_name_is_no_tag(tmp_path: Path, names: dict[str, str]) -> None:
    tar, shown = Tar(), picture("one")
    entry = {**add_manifest(tar, shown), "annotations": names}
    assert found(inspect(tmp_path, index_of(tar, entry))) == [wanted(shown, ())]


def test_containerd_s_name_counts_before_the_bare_one(tmp_path: Path) -> None:
    tar, shown = Tar(), picture("one")
    names = {"io.containerd.image.name": "quay.io/app:1", "org.opencontainers.image.ref.name": "1"}
    entry = {**add_manifest(tar, shown), "annotations": names}
    assert found(inspect(tmp_path, index_of(tar, entry))) == [wanted(shown, ["quay.io/app:1"])]


def test_a_manifest_that_forgets_its_layers_is_known_from_docker_25(tmp_path: Path) -> None:
    """moby#47065: manifest.json says it right."""
    shown = picture("one")
    tar = both(shown)
    forgetful = Picture(shown.config, (), shown.tags)
    entry = {**add_manifest(tar, forgetful), "annotations": {"io.containerd.image.name": "app:1"}}
    facts = inspect(tmp_path, index_of(tar, entry))
    assert found(facts) == [wanted(shown, ["docker.io/library/app:1"])]
    assert len(facts.layers) == 2


def test_the_same_manifest_alone_is_refused(tmp_path: Path) -> None:
    tar = Tar()
    entry = add_manifest(tar, Picture(picture("one").config, ()))
    code, detail = reason(tmp_path, index_of(tar, entry))
    assert code == "archive-not-an-image"
    assert "names 0 layers" in detail


def test_another_artifact_is_named_by_its_kind(tmp_path: Path) -> None:
    """A Helm chart, a signature."""
    tar = Tar()
    document = {"config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": tar.blob(b"{}")}}
    entry = {"digest": tar.blob(dump(document)), "mediaType": "x"}
    code, detail = reason(tmp_path, index_of(tar, entry))
    assert code == "archive-not-an-image"
    assert detail == 'holds "application/vnd.cncf.helm.config.v1+json", not a container image'


@pytest.mark.parametrize(("before", "after"), [(b'"amd64"', b'"arm64"'), (b"manifest.v1+json", b"manifest.v2+json")])
def test_a_blob_that_is_not_what_its_name_says_is_damage(tmp_path: Path, before: bytes, after: bytes) -> None:
    """A configuration, and a manifest, of the right size."""
    tar = oci(picture("one"))
    blobs = [name for name, data in tar.members.items() if isinstance(data, bytes) and before in data]
    data = tar.members[blobs[0]]
    assert isinstance(data, bytes)
    tar.members[blobs[0]] = data.replace(before, after)
    assert reason(tmp_path, tar) == ("archive-not-an-image", f'damaged: "{blobs[0]}" does not hash to its digest')


def test_a_blob_of_another_size_than_declared_is_damage(tmp_path: Path) -> None:
    tar, shown = Tar(), picture("one", layers=1)
    manifest = add_manifest(tar, shown)
    tar.members[f"blobs/sha256/{hexdigest(shown.layers[0])}"] = shown.layers[0][:-512]
    code, detail = reason(tmp_path, index_of(tar, manifest))
    assert code == "archive-not-an-image"
    assert detail.endswith(f"bytes, its descriptor says {len(shown.layers[0])}")


@pytest.mark.parametrize("digest", ["md5:" + "a" * 32, "sha256:xyz", "sha256:../../etc/passwd", ""])
def test_a_digest_that_is_none_is_refused(tmp_path: Path, digest: str) -> None:
    code, detail = reason(tmp_path, index_of(Tar(), {"digest": digest}))
    assert code == "archive-not-an-image"
    assert "for a digest" in detail


def test_both_documents_must_agree_on_a_tag(tmp_path: Path) -> None:
    """Else docker would tag another image than containerd."""
    one, two = picture("one", "app:1"), picture("two", "web:1")
    tar = both(one, two)
    entries = [
        {**add_manifest(tar, shown), "annotations": {"io.containerd.image.name": name}}
        for shown, name in ((one, "web:1"), (two, "app:1"))
    ]
    code, detail = reason(tmp_path, index_of(tar, *entries))
    assert code == "archive-hostile"
    assert detail == "manifest.json and index.json give docker.io/library/web:1 to different images"


def test_a_manifest_that_is_an_index_too_is_refused(tmp_path: Path) -> None:
    """CVE-2021-41190: readers disagree on which it is."""
    tar = Tar()
    entry = {"digest": tar.blob(dump({"manifests": [], "layers": [], "config": None})), "mediaType": "x"}
    assert reason(tmp_path, index_of(tar, entry))[0] == "archive-hostile"


def test_indexes_inside_indexes_come_to_an_end(tmp_path: Path) -> None:
    tar = Tar()
    entry = add_manifest(tar, picture("one"))
    for _ in range(9):
        entry = add_index(tar, entry)
    code, detail = reason(tmp_path, index_of(tar, entry))
    assert (code, detail) == ("archive-hostile", "indexes inside indexes, 9 deep")


def test_why_an_archive_is_refused_can_be_said_in_another_language(tmp_path: Path) -> None:
    whole = both(picture()).data()
    cut = refusal(tmp_path, whole[: len(whole) // 2]).problem()
    said = Texts("zh_CN").message_of(cut)
    assert "提前结束：在第 " in said
    assert "bytes" in message_of(cut)
    assert "bytes" not in said
