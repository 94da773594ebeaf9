"""Errors by code: a message that names the cause, and a remedy that names the next thing to do."""

from collections.abc import Mapping

from backend.texts.entry import Text

ERRORS: Mapping[str, Text] = {
    "internal": Text(
        "an unexpected error[: {detail}]",
        "the daemon's log (paths.logs) shows what led to it; please report it with those lines",
    ),
    # --- operators -------------------------------------------------------------------------------
    "usage": Text("{what}", "dsync-tui --help lists commands and options"),
    "settings-invalid": Text(
        "{file}: {key}: {value} - expected {expected}",
        "correct the line, then run: dsync-tui config check",
    ),
    "daemon-not-reached": Text(
        "no daemon answers on {socket}[: {why}]",
        "start one: dsync-tui --daemon, or open the console with dsync-tui; a daemon elsewhere: "
        "dsync-tui --host ssh://user@node",
    ),
    "daemon-silent": Text(
        "the daemon[ (process {pid})] that has {socket} says nothing within {wait_s:seconds}",
        "it is stopped, or hangs[: ps -o stat,wchan,etime -p {pid}]; where it stays so, end it[: kill -9 {pid}] and "
        "start it again: it goes on from its ledger",
    ),
    "daemon-forbidden": Text(
        "this user may not use {socket}", "run it as root, or join the group that control.group names"
    ),
    "refused": Text("refused: {what}[: {why}]", "dsync-tui status --full shows what it is about"),
    "count-changed": Text(
        "{found} deliveries match now, {expected} did when the action was chosen; nothing was done",
        "look again, then repeat the action",
    ),
    "request-malformed": Text(
        "the daemon cannot read this request[: {detail}]", "dsync-tui and the daemon may differ in version"
    ),
    "read-only": Text(
        "{user} may look at this daemon, not act", "run it as root, or join the group that control.group names"
    ),
    "archive-unknown": Text(
        "no archive goes by {name}[; did you mean {near}?]",
        "dsync-tui status lists them; take a name, a tag or at least 6 digits of the fingerprint",
    ),
    "archive-rejected": Text(
        "{name} is a rejected file, which was never published",
        "remove the file from the store; dsync-tui status {name:quoted} says why it was rejected",
    ),
    "archive-ambiguous": Text(
        "{name} may mean several archives: {candidates}", "take the fingerprint, or more of its digits"
    ),
    "node-unknown": Text(
        "no node goes by {name}[ (did you mean {near}?)][; there is: {known}]",
        "dsync-tui nodes list; each of several nodes takes an option of its own (--to NODE --to NODE)",
    ),
    "node-unreachable": Text(
        "{node} does not answer[: {why}]",
        "look at that machine, whether its daemon runs and the link is up; its address: dsync-tui nodes list",
    ),
    "job-unknown": Text("no action goes by {job} here", "the daemon may have been restarted: dsync-tui status"),
    "key-reused": Text("the key {key} was used for another action", "repeat the action with a new key"),
    "api-version": Text(
        "this program speaks versions {ours} of the control API, the daemon {theirs}: only looking is possible",
        "bring both to one version; dsync-tui stop works across versions",
    ),
    # --- archives --------------------------------------------------------------------------------
    "archive-bad": Text("the archive {name} cannot be used[: {detail}]", "save the image again and replace the file"),
    "archive-truncated": Text(
        "{name} ends too early[: {detail}]", "copy it again in full: docker save -o {name:quoted} IMAGE"
    ),
    "archive-not-an-image": Text(
        "{name} holds no container image[: {detail}]",
        "remove it from the store, or save an image: docker save -o {name:quoted} IMAGE",
    ),
    "archive-hostile": Text(
        "{name} holds what no honest image archive holds[: {detail}]",
        "do not load it anywhere; find out who made it, then remove it from the store",
    ),
    "layout-unsupported": Text(
        "{runtime} cannot load {name}: its layout is {layout}", "convert it, then replace the file: {command}"
    ),
    "load-refused": Text(
        "{runtime} refused {name}[: {detail}]",
        "try it by hand on that node to see all its words; then save the image again and replace the file",
    ),
    "fingerprint-collision": Text(
        "ALARM: {name} has the MD5 {fingerprint} of {known}, but other content",
        "somebody made these files collide: keep both, do not load them, find out who wrote them",
    ),
    # --- files in the store ----------------------------------------------------------------------
    "intake-failed": Text(
        "the file {name} cannot be taken now[: {detail}]", "it is looked at again by itself; the daemon's log says more"
    ),
    "file-unreadable": Text(
        "{name} cannot be read[: {detail}]", "give the daemon's user the right to read it: chmod 644 {name:quoted}"
    ),
    "file-vanished": Text("{name} vanished while it was read", "drop it in again if it was not meant to go"),
    "file-unstable": Text(
        "{name} changed while it was read", "it is taken once it has been quiet; write elsewhere, then mv it in"
    ),
    "left-alone": Text("{name} is no file that could be an archive", "remove it from the store"),
    "file-is-link": Text(
        "{name} is a symbolic link, which is not followed",
        "put the file itself in its place: cp {name:quoted} {name:quoted}.part && mv {name:quoted}.part {name:quoted}",
    ),
    "file-is-folder": Text(
        "{name} is a folder, and what lies in folders is not looked at",
        "put archives into the store itself: mv {name:quoted}/*.tar .",
    ),
    "file-is-special": Text(
        "{name} is a pipe, a socket or a device, not a file",
        "remove it, and let the archive be written to a file: docker save -o {name:quoted} IMAGE",
    ),
    "file-name-bad": Text(
        "the name of {name} is not valid UTF-8, so that no node could be told of it",
        "rename it (in bash): mv -n {path} NEW.tar",
    ),
    # --- sources ---------------------------------------------------------------------------------
    "source-failed": Text(
        "{source} failed as a source[: {detail}]", "another holder is asked by itself; see dsync-tui health"
    ),
    "source-gone": Text(
        "{source} no longer has these bytes[: {detail}]",
        "another holder is asked by itself; dropping the file in again publishes it anew",
    ),
    "digest-mismatch": Text(
        "{source} sent other bytes than announced: expected {expected}, got {found}",
        "another holder is asked by itself; check the disk of {source}, then dsync-tui retry",
    ),
    "transfer-oversize": Text(
        "{source} sent more than the {size_bytes:bytes} announced",
        "another holder is asked by itself; look at {source}: dsync-tui health --node {source:quoted}",
    ),
    "transfer-refused": Text(
        "the data door of {source} refused[: {detail}]",
        "check that rsync.networks on {source} admits this node, then dsync-tui retry",
    ),
    "transfer-failed": Text(
        "the transfer from {source} broke off[ (rsync exit {exit_code})][: {detail}]",
        "it goes on by itself where it stopped; for the link: dsync-tui health --node {source:quoted}",
    ),
    "source-slow": Text(
        "{source} gives only {rate_bps:bytes} a second",
        "another holder is asked by itself; look at that node and its link: dsync-tui health --node {source:quoted}",
    ),
    # --- this node -------------------------------------------------------------------------------
    "local-failure": Text("this node failed[: {detail}]", "dsync-tui health names what is wrong"),
    "disk-full": Text(
        "disk full at {path}: {needed_bytes:bytes} needed, {free_bytes:bytes} free"
        "[; store.min_free keeps {floor_bytes:bytes} free]",
        "make room: dsync-tui clean --dry-run, docker image prune; it then goes on by itself"
        "[; or ask for less than {floor_bytes:bytes} in store.min_free]",
    ),
    "store-unusable": Text(
        "the store {path} cannot be used[: {detail}]",
        "it must be a directory of mode 755 that the daemon may write; then dsync-tui health",
    ),
    "runtime-sick": Text(
        "the runtime[ {runtime}] does not answer[: {detail}]",
        "[restart it: {restart}, or ]see by hand what it says[: {command}]; loading goes on by itself once it answers; "
        "where runtime.command is wrong, mend it and start the daemon anew",
    ),
    "load-timeout": Text(
        "{runtime} did not finish loading within {timeout_s:seconds}",
        "an interrupted load can stall a runtime: restart it, then dsync-tui retry; "
        "slow disks need a longer runtime.timeout_s",
    ),
    "load-vanished": Text(
        "{runtime} ended the load well and does not list {image}",
        "check that runtime's own log and disk; then dsync-tui load",
    ),
    "door-unusable": Text(
        "{address} cannot be listened on[: {detail}]",
        "find who holds the port (ss -ltnp), or choose another in peer.listen or rsync.listen",
    ),
    "daemon-already-running": Text(
        "a daemon (process {pid}) runs already and has {socket}",
        "attach to it with dsync-tui, or end it with dsync-tui stop; a second one needs paths of its own",
    ),
    "tool-missing": Text("the program {tool} is not installed", "install it: apt-get install {package}"),
    "tool-old": Text(
        "{tool} {found} is older than {needed}, which mends holes that are known",
        "bring {tool} up to date; until then let only trusted nodes reach this one's data door",
    ),
    "ledger-unusable": Text(
        "the ledger {path} cannot be used[: {detail}]",
        "check disk and rights of its directory; a broken one is moved aside and made anew from the peers",
    ),
    "ledger-busy": Text(
        "another daemon (process {pid}) has the ledger {path}",
        "attach to it with dsync-tui, or end it with dsync-tui stop",
    ),
    "ledger-newer": Text(
        "a newer version wrote the ledger {path} (schema {found}, this one knows {known})",
        "start the newer version again, or move the ledger away: it is made anew from the peers",
    ),
    "no-holder": Text(
        "no node of the fleet holds {name} any more",
        "drop the file in again on any node, or end it for the fleet: dsync-tui withdraw {name:quoted}",
    ),
    "fleet-failed": Text(
        "{node} of the demo's fleet does not run[: {detail}]",
        "dsync-tui demo --headless --keep shows all that it says, and leaves its log",
    ),
    # --- peers -----------------------------------------------------------------------------------
    "peer-failed": Text(
        "the channel to {peer} failed[: {detail}]",
        "it is dialled again by itself; see that its daemon runs, that its address in [[nodes]] is right, and that the "
        "link is up",
    ),
    "peer-unknown-key": Text(
        "{peer} came with a key that the roster does not name[: {key}]",
        "if it belongs to the fleet, put its key into [[nodes]]; else find out who it is",
    ),
    "peer-other-key": Text(
        "{peer} at {address} shows another key than the roster pins[: {key}]",
        "if its keys were made anew, put its new key (there: dsync-tui key) into [[nodes]]; else somebody stands "
        "between or has its address: find out who",
    ),
    "peer-key-refused": Text(
        "{peer} does not take this node's key[ {key}]",
        "put this node's key (here: dsync-tui key) into [[nodes]] there, and see that the address beside it is this "
        "node's",
    ),
    "peer-slow": Text(
        "{peer} began to connect and did not log in in time",
        "nothing to do while it is busy: it tries again by itself; else look at its load and the link: "
        "dsync-tui health --all",
    ),
    "peer-protocol": Text(
        "{peer} sent what the protocol does not know[: {detail}]", "run the same version of dsync-tui on both nodes"
    ),
    "peer-unsound": Text(
        "{peer} said what cannot be: {detail}", "look at that node: dsync-tui health --node {peer:quoted}"
    ),
    "peer-floods": Text(
        "{peer} asks far too much: {detail}", "look at that node: dsync-tui health --node {peer:quoted}"
    ),
    "peer-version": Text(
        "{peer} speaks other protocol versions ({theirs}) than this node ({ours})",
        "bring dsync-tui to the same version on both nodes",
    ),
}
