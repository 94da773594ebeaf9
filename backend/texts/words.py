"""Words of the field that screens and commands share: states, notes on deliveries, health checks."""

from collections.abc import Mapping

from backend.texts.entry import Text
from backend.texts.filling import ENGLISH_UNITS

WORDS: Mapping[str, Text] = {
    # --- states of a delivery --------------------------------------------------------------------
    "state.queued": Text("queued"),
    "state.transferring": Text("transferring"),
    "state.verifying": Text("verifying"),
    "state.loading": Text("loading"),
    "state.ready": Text("ready"),
    "state.stored": Text("stored"),
    "state.waiting": Text("waiting"),
    "state.held": Text("held"),
    "state.failed": Text("failed"),
    "state.cancelled": Text("cancelled"),
    # --- states of a node ------------------------------------------------------------------------
    "language.none": Text("console.language: there is no {name}, so it is English; there is: {known}"),
    "node.up": Text("up"),
    "node.down": Text("down"),
    "node.isolated": Text("isolated"),
    "node.paused": Text("paused"),
    "node.pending": Text("pending"),
    # --- states of an archive --------------------------------------------------------------------
    "archive.active": Text("active"),
    "archive.overtaken": Text("overtaken"),
    "archive.rejected": Text("rejected"),
    "archive.superseded": Text("superseded"),
    "archive.withdrawn": Text("withdrawn"),
    # --- actions ---------------------------------------------------------------------------------
    "verb.sync": Text("sync"),
    "verb.retry": Text("retry"),
    "verb.cancel": Text("cancel"),
    "verb.load": Text("load"),
    "verb.clean": Text("clean"),
    "verb.limit": Text("limit"),
    "verb.pause": Text("pause"),
    "verb.resume": Text("resume"),
    "verb.stop": Text("stop"),
    "verb.withdraw": Text("withdraw"),
    # --- what a node did of an action ------------------------------------------------------------
    "outcome.done": Text("done"),
    "outcome.refused": Text("refused"),
    "outcome.unreachable": Text("unreachable"),
    # --- plans: what would move ------------------------------------------------------------------
    "plan.verdict.new": Text("{name} is new to the fleet: {size_bytes:bytes}[, {tags}]"),
    "plan.verdict.again": Text("{name} was superseded or withdrawn; dropped in again it is published anew"),
    "plan.verdict.known": Text("{name} is known to the fleet[ as {known}]: {size_bytes:bytes}[, {tags}]"),
    "plan.verdict.refused": Text("{name} would be rejected"),
    "plan.supersedes": Text("supersedes {name}, which was published under the same name"),
    "plan.takes": Text("takes the tag {tag} from {name}"),
    "plan.does.check": Text("has it, asks its runtime"),
    "plan.does.there": Text("images are there"),
    "plan.does.load": Text("loads its copy"),
    "plan.does.copy": Text("gets a copy"),
    "plan.does.moving": Text("goes on"),
    "plan.total": Text("over the wire: {moving_bytes:bytes}[, and {waiting_bytes:bytes} once nothing hinders]"),
    # --- notes on a delivery ---------------------------------------------------------------------
    "note.overtaken": Text("newer archives own its tags: kept, not loaded"),
    "note.superseded": Text("ended: a newer file of that name took its place"),
    "note.withdrawn": Text("ended: withdrawn from the fleet"),
    "note.alias": Text("the same bytes as a known archive"),
    "note.operator": Text("ended by an operator"),
    "note.expired": Text("its stored copy was let go, as store.keep says; others keep theirs"),
    "note.dropped": Text("removed from this node's store by hand"),
    "note.holder-away": Text("waits: no node that may have it is in reach"),
    # --- reasons that are no errors --------------------------------------------------------------
    "paused": Text("paused by an operator", "let the node go on: p on its row in the console"),
    # --- numbers and lists -----------------------------------------------------------------------
    **{f"unit.{name}": Text(template) for name, template in ENGLISH_UNITS.items()},
    "list.comma": Text(", "),
    "list.semicolon": Text("; "),
    # --- health checks ---------------------------------------------------------------------------
    "check.store": Text("store writable, mode 755"),
    "check.daemon": Text("daemon running"),
    "check.rsync": Text("rsync port answers"),
    "check.watch": Text("watch triggers within 3 s"),
    "check.peers": Text("peers reachable within 10 s"),
    "check.disk": Text("free room"),
    "check.runtime": Text("runtime answers"),
    "check.answer": Text("node answers"),
    # --- what health checks have seen ------------------------------------------------------------
    "checked.store": Text("{path}, mode {mode}"),
    "checked.store-unwritable": Text("{path}, mode {mode}, not writable"),
    "checked.daemon": Text("process {pid}"),
    "checked.rsync": Text("port {port}"),
    "checked.watch": Text("seen after {took_ms} ms"),
    "checked.watch-nothing": Text("nothing seen within {wait_s:seconds}"),
    "checked.peers": Text("{up} of {all}[, out of reach: {away}]"),
    "checked.disk": Text("{free_bytes:bytes} free"),
    "checked.error": Text("{why}"),
    "checked.failed": Text("-"),
    # --- what is wrong where a check fails, and what to do ----------------------------------------
    "check-store": Text(
        "the store is not as it must be",
        "it must be a directory of mode 755 that the daemon may write: chmod 755 DIRECTORY",
    ),
    "check-gone": Text(
        "the store is not there",
        "mount its disk again; where it was removed for good: mkdir -m 755 DIRECTORY; what is there is taken up again",
    ),
    "check-daemon": Text("the daemon has not finished starting", "wait; its log (paths.logs) says what it is at"),
    "check-rsync": Text(
        "nobody can fetch from here: the rsync port does not answer",
        "the daemon's log says why; ss -ltnp shows who holds the port",
    ),
    "check-watch": Text(
        "new files are not noticed at once, only by the next sweep",
        "raise the limits of inotify: sysctl fs.inotify; then restart the daemon",
    ),
    "check-peers": Text(
        "not every node is reached[: {why}]", "dsync-tui nodes list; then look at those machines and their links"
    ),
    "check-disk": Text("little room is left", "make room: dsync-tui clean --dry-run, docker image prune"),
    "check-disk-floor": Text(
        "nothing is taken in below {needed_bytes:bytes}: store.min_free is {floor_bytes:bytes}",
        "make room: dsync-tui clean --dry-run, docker image prune; or ask for less in store.min_free",
    ),
}
