"""Archives to drop."""

import hashlib

from backend.model.archive import ArchiveFacts, Compression, Hashes, Image, Layout
from backend.model.ids import Digest, Fingerprint


def archive(
    label: str, *image_tags: str, size_bytes: int = 100_000_000, images: tuple[Image, ...] = ()
) -> ArchiveFacts:
    """Facts of an archive with one image that carries ``image_tags`` (short names)."""
    number = int(hashlib.sha256(label.encode()).hexdigest(), 16) % (1 << 120) + (1 << 120)
    full = tuple(f"docker.io/library/{tag}" for tag in image_tags)
    image = Image(
        config=f"sha256:{number:064x}", diff_ids=(f"sha256:{number + 1:064x}",), tags=full, platform="linux/amd64"
    )
    return ArchiveFacts(
        Hashes(Fingerprint(f"{number % (1 << 128):032x}"), Digest(f"sha256:{number:064x}"), size_bytes),
        Layout.DOCKER,
        Compression.NONE,
        images or (image,),
        unpacked_bytes=size_bytes,
    )
