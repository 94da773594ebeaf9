"""Lines of the event log, by ``event.<note code>``; a note's problem stands at its end."""

from collections.abc import Mapping

from backend.texts.entry import Text

EVENTS: Mapping[str, Text] = {
    "event.with-problem": Text("{line}: {problem}"),
    # --- archives --------------------------------------------------------------------------------
    "event.published": Text("published {name} ({size_bytes:bytes})"),
    "event.alias": Text("{name} has the bytes of {known}: an alias, nothing to send"),
    "event.superseded": Text("{name} is superseded by a newer file of that name"),
    "event.withdrawn": Text("{name} was withdrawn from the fleet"),
    "event.archive-rejected": Text("{name} rejected"),
    "event.left-alone": Text("left alone in the store"),
    "event.dropped-locally": Text("{name} was removed from this node's store by hand"),
    "event.last-copy-gone": Text(
        "no node of the fleet holds {name} any more: drop it in again on any node, or withdraw it"
    ),
    "event.replaced-locally": Text("{name} was replaced by another file in this node's store"),
    "event.expired": Text("the stored copy of {name} is let go, as store.keep says"),
    "event.entry-refused": Text("an entry from {peer} was refused: {fault}"),
    # --- deliveries ------------------------------------------------------------------------------
    "event.fetch-began": Text("fetching {name} from {source}"),
    "event.attempt-failed": Text("an attempt at {name} failed"),
    "event.retry-due": Text("{name} is tried again in {wait_s:seconds}"),
    "event.delivery-failed": Text("gave up on {name}"),
    "event.loaded": Text("loaded {name} in {took_s:seconds}"),
    "event.load-failed": Text("loading {name} failed"),
    "event.ready": Text("{name} is ready"),
    "event.stored": Text("{name} is stored"),
    "event.images-keep-vanishing": Text("images of {name} keep vanishing from the runtime; not loaded again today"),
    # --- this node -------------------------------------------------------------------------------
    "event.runtime-by-setting": Text("runtime {runtime}: the settings say so"),
    "event.runtime-by-command": Text("runtime {runtime}: by the command in the settings ({command})"),
    "event.runtime-by-ledger": Text("runtime {runtime}: the one that this node has used so far"),
    "event.runtime-answered": Text("runtime {runtime}: the first that answers"),
    "event.runtime-first-client": Text("runtime {runtime}: it does not answer, but its client is installed"),
    "event.runtime-none-by-setting": Text("no runtime: the settings say so; archives are stored, not loaded"),
    "event.runtime-none-no-client": Text(
        "no runtime: neither docker nor podman is installed; archives are stored, not loaded"
    ),
    "event.runtime-sick": Text("the runtime is sick; loading is held"),
    "event.disk-sick": Text("the store's disk is sick; fetching is held"),
    "event.disk-well": Text("the store's disk is well; fetching goes on"),
    "event.decision-broke": Text("a decision ({what}) broke off and was taken back"),
    "event.runtime-well": Text("the runtime[ {runtime}] answers; loading goes on"),
    "event.intake-paused": Text(
        "only {free_bytes:bytes} are free, less than the {floor_bytes:bytes} of store.min_free: nothing more is fetched"
    ),
    "event.intake-resumed": Text("{free_bytes:bytes} are free: fetching goes on"),
    "event.operator-acted": Text("{operator}: {verb}, {count} deliveries[ ({outcome})]"),
    # --- peers -----------------------------------------------------------------------------------
    "event.peer-up": Text("{peer} is up[ ({address})]"),
    "event.peer-down": Text("{peer} is down"),
    "event.node-away": Text(
        "{peer} has been away for {away_s:seconds} and lacks {count} archives: {names}[ and {more} more]"
    ),
    "event.stranger-refused": Text("a stranger at {address} was refused"),
    "event.call-in-vain": Text("a call between this node and {address} came to nothing"),
    "event.unknown-archive-requested": Text("{peer} asked for an archive that is not known here ({digest})"),
    "event.peer-misbehaved": Text("what {peer} said was refused"),
    "event.peer-isolated": Text("{peer} is isolated for {pause_s:seconds}: it is asked for nothing until it is probed"),
    "event.peer-on-trial": Text("{peer} answers: it may serve once, on trial"),
    "event.peer-trusted": Text("{peer} served well: it is trusted again"),
    "event.granted": Text("granted {name} to {peer}"),
}
