"""The docker-archive side of an archive: ``manifest.json``."""

from backend.adapters.inspecting.documents import DockerItem, decode, refuse_ambiguous_keys
from backend.adapters.inspecting.gathering import (
    MANIFEST_JSON,
    ImageFinder,
    digest_of_blob,
    tag_reference,
    wrong_count,
)
from backend.adapters.inspecting.tar import Member, shown
from backend.model.errors import NotAnImageError, TruncatedError


def add_manifest(finder: ImageFinder, member: Member) -> None:
    """Gather the images of ``manifest.json``; each must be there as a whole."""
    data = finder.contents.document(member)
    items = decode(data, list[DockerItem], MANIFEST_JSON)
    refuse_ambiguous_keys(data, ("Config", "RepoTags", "Layers"), MANIFEST_JSON)
    for item in items:
        _add_item(finder, item)


def _add_item(finder: ImageFinder, item: DockerItem) -> None:
    paths, tags = item.layers or [], item.repo_tags or []
    finder.spend(1 + len(paths) + len(tags))
    config = finder.config(_present(finder, item.config, "configuration"), None)
    if len(paths) != len(config.diff_ids):
        raise wrong_count(MANIFEST_JSON, len(paths), config)
    for path, diff_id in zip(paths, config.diff_ids, strict=True):
        layer = _present(finder, path, "layer")
        finder.layers.setdefault(layer, digest_of_blob(layer.name) or diff_id)
    found = finder.image(config)
    for tag in tags:
        if ":" not in tag.rpartition("/")[2]:
            # docker load stops there with half of the images loaded; podman refuses the whole (tried).
            raise NotAnImageError(detail=f'"{shown(tag)}" in {MANIFEST_JSON} has no tag: no runtime takes that')
        reference = tag_reference(tag)
        finder.give_tag(reference, [found])
        finder.docker_tags[reference] = found


def _present(finder: ImageFinder, path: str, what: str) -> Member:
    member = finder.contents.find(path)
    if member is None:
        raise TruncatedError(detail=f'incomplete: the {what} "{shown(path)}", which {MANIFEST_JSON} names, is missing')
    return member
