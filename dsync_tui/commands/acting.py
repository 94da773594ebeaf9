"""What all acting commands do: begin an action, wait for its end, tell how it went."""

from backend.api.wire import Action, JobResult, Verb
from backend.model.plain import plain
from dsync_tui import exit_codes, saying
from dsync_tui.invocation import Invocation


def perform(
    invocation: Invocation,
    verb: Verb,
    archives: list[str] | None = None,
    nodes: list[str] | None = None,
    argument: str = "",
) -> JobResult:
    """Do an action and wait for its end. Raises DsyncError."""
    from backend.api.client import new_key

    action = Action(key=new_key(), verb=verb, archives=archives, nodes=nodes, argument=argument)
    return invocation.ask(lambda client: client.perform(action))


def tell(invocation: Invocation, result: JobResult) -> int:
    """Show a result; its exit code."""
    output = invocation.output
    if invocation.json:
        output.json(result)
    else:
        output.lines(plain(line) for line in result.lines)
        output.line(plain(saying.answer(invocation.texts, result)))
    for node in result.nodes:
        if node.outcome != "done":
            outcome = invocation.texts.text(f"outcome.{node.outcome}")
            why = saying.answer(invocation.texts, node)
            output.message(invocation.texts.text("cli.action.node", node=node.node, outcome=outcome, why=why))
    return code_of(result)


def code_of(result: JobResult) -> int:
    """Done, refused by a node, or (some are out of reach) not well."""
    if result.ok:
        return exit_codes.DONE
    refused = any(node.outcome == "refused" for node in result.nodes)
    return exit_codes.REFUSED if refused else exit_codes.NOT_WELL
