"""What inspecting says of an archive that it refuses, by ``inspected.<what>``: the details of those errors.

The readers of archives raise these as plain words; ``phrases.phrased`` finds the entry that words were made from, so
that another language can say them. A parameter called ``what``, ``kind`` or ``missing`` is such words itself; others
are names, figures, or what a library said, and stand as they are.
"""

from collections.abc import Mapping

from backend.texts.entry import Text

INSPECTED: Mapping[str, Text] = {
    # --- it ends too early -----------------------------------------------------------------------
    "inspected.cut-member": Text(
        "ends after {position} bytes, in the middle of a member: at least {missing_bytes} bytes are missing"
    ),
    "inspected.cut-header": Text("ends after {position} bytes, in the middle of a header"),
    "inspected.cut-packing": Text("the {packing} data end in the middle, after {unpacked_bytes} unpacked bytes"),
    "inspected.cut-documents": Text("ends before {manifest} or {index}"),
    "inspected.incomplete": Text("incomplete: {missing}"),
    "inspected.no-image-of": Text("incomplete: no image of {tag} is there as a whole; {missing}"),
    "inspected.no-whole-image": Text("incomplete: no image is there as a whole; {missing}"),
    "inspected.missing-named": Text('the {kind} "{path}", which {document} names, is missing'),
    "inspected.missing": Text('the {kind} "{digest}" is missing'),
    # --- it is something else --------------------------------------------------------------------
    "inspected.no-tar": Text("not a tar archive"),
    "inspected.no-tar-empty": Text("not a tar archive: it is empty"),
    "inspected.no-tar-but": Text("not a tar archive, it looks like {what}"),
    "inspected.zip": Text("a zip file"),
    "inspected.lz4": Text("lz4, which docker load does not take"),
    "inspected.7-zip": Text("a 7-zip file"),
    "inspected.program": Text("a program"),
    "inspected.squashfs": Text("a squashfs image"),
    "inspected.web-page": Text("a web page"),
    "inspected.no-documents": Text("a tar without {manifest} or {index}: not written by docker save or podman save"),
    "inspected.names-none": Text("{manifest} or {index} is there, but names no image"),
    "inspected.index-names-none": Text("{index} names no image"),
    "inspected.old-layout": Text("the layout of Docker before 1.10 (2016): load it and save it again"),
    "inspected.other": Text('holds "{other}", not a container image'),
    "inspected.no-rootfs": Text("{what} is none of a container image: it has no rootfs"),
    "inspected.no-json": Text('"{name}" holds no JSON'),
    "inspected.no-tag": Text('"{tag}" in {document} has no tag: no runtime takes that'),
    "inspected.bad-tag": Text('"{tag}" is no valid tag'),
    # --- it is damaged ---------------------------------------------------------------------------
    "inspected.damaged-at": Text("damaged at byte {position}: {what}"),
    "inspected.lone-header": Text("a PAX or GNU header stands before no member"),
    "inspected.checksum": Text("a member's header has a wrong checksum"),
    "inspected.member-size": Text("a member's size is no number"),
    "inspected.pax": Text("a PAX header that cannot be read"),
    "inspected.pax-size": Text("a PAX size that is no number"),
    "inspected.damaged-packing": Text("the {packing} data are damaged before byte {position}: {error}"),
    "inspected.damaged-stream": Text(
        "the {packing} data are damaged before byte {position} (stream {number}, or rubbish after the end): {error}"
    ),
    "inspected.digest": Text('damaged: "{name}" does not hash to its digest'),
    "inspected.blob-size": Text('damaged: "{name}" has {size_bytes} bytes, its descriptor says {said_bytes}'),
    "inspected.no-digest": Text('{what} has "{text}" for a digest'),
    "inspected.layer-count": Text("{what} names {count} layers, the configuration {digest} has {other_count}"),
    "inspected.unreadable": Text("{what} cannot be read: {error}"),
    # --- no honest archive has that --------------------------------------------------------------
    "inspected.nested": Text("{what} is nested too deep"),
    "inspected.odd-key": Text('{what} has the key "{field}" twice or in odd letters'),
    "inspected.outside-name": Text('a member named "{name}" points outside the archive'),
    "inspected.outside-path": Text('the path "{path}" leads outside the archive'),
    "inspected.outside-link": Text('the {kind} "{name}" points outside the archive, to "{target}"'),
    "inspected.below": Text('"{name}" lies below the {kind} "{parent}"'),
    "inspected.twice": Text('"{name}" stands in the archive twice, and readers disagree which counts'),
    "inspected.endless-links": Text('the links behind "{path}" go on and on'),
    "inspected.member-is": Text('the member "{name}" is {what}'),
    "inspected.character-device": Text("a character device"),
    "inspected.block-device": Text("a block device"),
    "inspected.pipe": Text("a named pipe"),
    "inspected.sparse": Text("a sparse file"),
    "inspected.unknown-type": Text("of unknown type {type}"),
    "inspected.content": Text('the {kind} "{name}" claims to have content'),
    "inspected.nameless": Text("a {kind} without a name"),
    "inspected.nul": Text('a member name with a NUL: "{name}"'),
    "inspected.sparse-pax": Text("a sparse file, which no image archive needs"),
    "inspected.global-pax": Text("a global PAX header sets {field} for all members"),
    "inspected.negative": Text("a member of negative size before byte {position}"),
    "inspected.two-images": Text("manifest.json and index.json give {tag} to different images"),
    "inspected.index-and-image": Text("{what} is an index and an image at once"),
    # --- more than is read -----------------------------------------------------------------------
    "inspected.memory": Text("the {packing} data demand too much memory: {error}"),
    "inspected.streams": Text("{count} tiny {packing} streams one after the other"),
    "inspected.bomb": Text("unpacks to more than {limit_bytes} bytes: a decompression bomb"),
    "inspected.document-size": Text('the document "{name}" has {size_bytes} bytes'),
    "inspected.documents-size": Text("more than {limit_bytes} bytes of JSON to read"),
    "inspected.json-size": Text("more than {limit_bytes} bytes of JSON"),
    "inspected.references": Text("more than {limit} images, manifests and layers"),
    "inspected.index-depth": Text("indexes inside indexes, {depth} deep"),
    "inspected.members": Text("more than {limit} members"),
    "inspected.header-size": Text("a header of {size_bytes} bytes at byte {position}"),
    "inspected.names-size": Text("more than {limit_bytes} bytes of member names"),
    "inspected.name-size": Text("a member name of {size_bytes} bytes"),
    "inspected.name-depth": Text("a member {depth} directories deep"),
    "inspected.images": Text("{count} images: more than a catalog entry can describe; save them in several archives"),
    # --- words within the others -----------------------------------------------------------------
    "inspected.of-configuration": Text('the configuration "{name}"'),
    "inspected.of-manifest": Text('the manifest "{name}"'),
    "inspected.of-descriptor": Text("a {kind}'s descriptor"),
    "inspected.configuration": Text("configuration"),
    "inspected.manifest": Text("manifest"),
    "inspected.layer": Text("layer"),
    "inspected.file": Text("file"),
    "inspected.directory": Text("directory"),
    "inspected.symlink": Text("symlink"),
    "inspected.hard-link": Text("hard link"),
}
