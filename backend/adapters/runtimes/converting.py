"""The skopeo command that turns an OCI archive into one that every docker loads."""

import asyncio
import shlex
import tarfile
from pathlib import Path, PurePath

import msgspec

from backend.model.archive import CatalogEntry, Compression, Image
from backend.model.plain import plain

IMAGES_LIMIT = 4
"""More commands than that nobody reads; the rest follow the same pattern."""
INDEX_LIMIT_BYTES = 4 * 1024 * 1024
REF_NAME = "org.opencontainers.image.ref.name"


class _Descriptor(msgspec.Struct, frozen=True):
    digest: str
    annotations: dict[str, str] | None = None


class _Index(msgspec.Struct, frozen=True):
    manifests: list[_Descriptor]


async def conversion(path: Path, entry: CatalogEntry) -> str:
    """Return a line for a shell in the archive's directory; paths in it are the archive's published name.

    An archive that skopeo writes holds one image, so each image becomes a file of its own.
    """
    names = await asyncio.to_thread(_names_in_index, path, entry)
    return _command(entry, names)


def _command(entry: CatalogEntry, names: list[_Descriptor]) -> str:
    source = plain(entry.name)
    stem = PurePath(source).name.split(".")[0].replace(":", "_").lstrip("-") or "image"
    before = ""
    if ":" in source or source.startswith("-"):
        # To skopeo a colon ends the path.
        link = f"{stem}.oci"
        before, source = shlex.join(["ln", "-s", f"./{source}", f"./{link}"]) + " && ", link
    images = entry.images[:IMAGES_LIMIT]
    commands = []
    for number, image in enumerate(images, start=1):
        target = f"{stem}.docker.tar" if len(images) == 1 else f"{stem}.docker-{number}.tar"
        words = ["skopeo", "copy"]
        words += [word for tag in image.tags[1:] for word in ("--additional-tag", tag)]
        words += [f"oci-archive:{source}{_chosen(image, names)}"]
        words += [":".join(("docker-archive", target, *image.tags[:1]))]
        commands.append(shlex.join(words))
    return before + " && ".join(commands)


def _chosen(image: Image, names: list[_Descriptor]) -> str:
    """Return ``:<name>`` where skopeo must be told which image it is to take, by the name in the index."""
    if len(names) < 2:
        return ""
    for descriptor in names:
        name = (descriptor.annotations or {}).get(REF_NAME, "")
        if name and descriptor.digest in image.manifests:
            return f":{plain(name)}"
    return f":{image.tags[0]}" if image.tags else ""


def _names_in_index(path: Path, entry: CatalogEntry) -> list[_Descriptor]:
    """Read the index; of a packed archive, whose members cannot be sought, none is read."""
    if entry.compression is not Compression.NONE:
        return []
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                if member.isreg() and member.name.removeprefix("./") == "index.json":
                    file = tar.extractfile(member)
                    data = file.read(INDEX_LIMIT_BYTES) if file is not None else b""
                    return msgspec.json.decode(data, type=_Index).manifests
    except (OSError, tarfile.TarError, msgspec.MsgspecError):
        pass  # no reason to give no command at all
    return []
