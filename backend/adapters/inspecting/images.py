"""Which images an archive holds, by ``manifest.json``, by ``index.json``, or by both.

Layers' contents are not hashed here: that would read packed layers twice, and runtimes do it when they load. What
is checked: every configuration and layer that counts is there, with the size that its descriptor declares, and every
JSON blob hashes to its name.
"""

from backend.adapters.inspecting.contents import Contents
from backend.adapters.inspecting.docker import add_manifest
from backend.adapters.inspecting.gathering import INDEX_JSON, MANIFEST_JSON, ImageFinder
from backend.adapters.inspecting.limits import Limits
from backend.adapters.inspecting.oci import add_index
from backend.model.archive import Layout
from backend.model.errors import ArchiveError, NotAnImageError, TruncatedError


def find_images(contents: Contents, limits: Limits) -> tuple[Layout, ImageFinder]:
    """Tell the layout and gather the images. Raises TruncatedError, NotAnImageError, HostileArchiveError."""
    finder = ImageFinder(contents, limits)
    manifest, index = contents.find(MANIFEST_JSON), contents.find(INDEX_JSON)
    if manifest is not None:
        add_manifest(finder, manifest)
    if index is not None:
        add_index(finder, index)
    if not finder.found:
        raise _no_image(contents, manifest is not None or index is not None)
    if manifest is not None and index is not None:
        return Layout.BOTH, finder
    return (Layout.DOCKER if manifest is not None else Layout.OCI), finder


def _no_image(contents: Contents, has_documents: bool) -> ArchiveError:
    if has_documents:
        return NotAnImageError(detail=f"{MANIFEST_JSON} or {INDEX_JSON} is there, but names no image")
    if not contents.ended_properly:
        return TruncatedError(detail=f"ends before {MANIFEST_JSON} or {INDEX_JSON}")
    if contents.find("repositories") is not None:
        return NotAnImageError(detail="the layout of Docker before 1.10 (2016): load it and save it again")
    return NotAnImageError(
        detail=f"a tar without {MANIFEST_JSON} or {INDEX_JSON}: not written by docker save or podman save"
    )
