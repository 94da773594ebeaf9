"""Likely causes of errors, the likeliest first, by ``cause.<code>.<number>``: for who wonders why."""

from collections.abc import Mapping

from backend.texts.entry import Text

CAUSES: Mapping[str, Text] = {
    "cause.transfer-failed.1": Text("the link broke off, or is slower than the time-out allows"),
    "cause.transfer-failed.2": Text("the source's machine or daemon went down or was restarted"),
    "cause.transfer-failed.3": Text("a firewall between them cuts long connections"),
    "cause.transfer-refused.1": Text(
        "another address is seen at the source than its roster or rsync.networks knows: a NAT stands between"
    ),
    "cause.transfer-refused.2": Text("the ticket came too late: the source is overloaded"),
    "cause.transfer-refused.3": Text("the source serves as many as rsync.max_connections allows"),
    "cause.source-gone.1": Text("the file was removed or written over at the source"),
    "cause.source-gone.2": Text("store.keep there let the copy go"),
    "cause.source-slow.1": Text("its link is shared with others, or limited: limits.bandwidth, limits.schedule"),
    "cause.source-slow.2": Text("its disk is busy"),
    "cause.digest-mismatch.1": Text("the file was rewritten at the source while it was sent"),
    "cause.digest-mismatch.2": Text("memory, disk or network hardware spoils bytes: look at the machine's own log"),
    "cause.digest-mismatch.3": Text("somebody alters what is on the wire"),
    "cause.transfer-oversize.1": Text("the file grew at the source after it was announced"),
    "cause.transfer-oversize.2": Text("the source does not keep to what it announced"),
    "cause.disk-full.1": Text("stored archives that nobody needs any more: store.keep is all by default"),
    "cause.disk-full.2": Text("the runtime's images and build cache fill the same disk"),
    "cause.disk-full.3": Text("left-overs of transfers: dsync-tui clean --dry-run"),
    "cause.store-unusable.1": Text("the file system is not mounted, or mounted read-only after an error"),
    "cause.store-unusable.2": Text("owner or mode of the directory was changed"),
    "cause.runtime-sick.1": Text("the runtime is stopped, or is being restarted"),
    "cause.runtime-sick.2": Text("its socket is not where runtime.command looks, or this user may not use it"),
    "cause.runtime-sick.3": Text("its disk is full: runtimes hang then rather than fail"),
    "cause.runtime-sick.4": Text("podman: runtime.command names other folders than its database was made with"),
    "cause.load-timeout.1": Text("the disk is slow or busy, the image large"),
    "cause.load-timeout.2": Text("the runtime hangs: its disk may be full"),
    "cause.load-vanished.1": Text("something prunes images on that node at the same time"),
    "cause.load-vanished.2": Text("the runtime's disk is full"),
    "cause.load-refused.1": Text("the image is made for a newer runtime than this one"),
    "cause.load-refused.2": Text("the runtime's disk is full"),
    "cause.load-refused.3": Text("the archive was put together by hand"),
    "cause.layout-unsupported.1": Text("it was saved by skopeo, buildah or podman as a pure OCI layout"),
    "cause.layout-unsupported.2": Text("docker here keeps images in its classic store"),
    "cause.no-holder.1": Text("its file was removed by hand from every store that had it"),
    "cause.no-holder.2": Text("the only copy was removed before anybody had fetched it"),
    "cause.node-unreachable.1": Text("the machine or its daemon is down"),
    "cause.node-unreachable.2": Text("a firewall closes the peer port (peer.listen)"),
    "cause.node-unreachable.3": Text("one of the two has another key than the other's roster says"),
    "cause.archive-truncated.1": Text("the copy was interrupted, or its disk ran full"),
    "cause.archive-truncated.2": Text(
        "a program writes it in steps and closes it in between: a longer store.settle_s waits for that"
    ),
    "cause.file-unreadable.1": Text("owner or mode forbid it to the daemon's user"),
    "cause.file-unreadable.2": Text("the disk has errors there"),
    "cause.file-unstable.1": Text("something still writes to it"),
    "cause.file-unstable.2": Text("it is copied more slowly than store.settle_s allows for"),
    "cause.door-unusable.1": Text("another program has the port: rsync.listen"),
    "cause.door-unusable.2": Text("below 1024 a port needs root"),
}
