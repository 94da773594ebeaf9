"""What a daemon says, in this user's language: made from code and parameters where these are known, else as it stands.

Another version's daemon may use codes that this program has no text for, or lack parameters that the text needs; then
its own English words are shown.
"""

from collections.abc import Mapping

from msgspec import UnsetType

from backend.api.wire import CheckDocument, JobResult, LogLine, NodeResult, NodeRow
from backend.model.errors import Problem
from backend.texts import Texts
from backend.texts.catalogue import CATALOGUE
from backend.texts.filling import demanded

_PROBLEM = "problem"


def sentence(
    texts: Texts, code: str | UnsetType | None, params: Mapping[str, str] | UnsetType, english: str | None
) -> str:
    """What went wrong, or what was done; "" for nothing."""
    problem = _problem(code, params)
    if problem is None or not _can_fill(CATALOGUE[problem.code].message, problem.params):
        return english or ""
    return texts.message_of(problem)


def remedy(
    texts: Texts, code: str | UnsetType | None, params: Mapping[str, str] | UnsetType, english: str | None
) -> str:
    """The next command to try; "" for none."""
    problem = _problem(code, params)
    if problem is None or not _can_fill(CATALOGUE[problem.code].remedy, problem.params):
        return texts.call.put_into(english or "")
    return texts.remedy_of(problem)


def _problem(code: str | UnsetType | None, params: Mapping[str, str] | UnsetType) -> Problem | None:
    """The problem, where this program has a text for it."""
    if not code or code not in CATALOGUE:
        return None
    return Problem(code, {} if isinstance(params, UnsetType) else dict(params))


def _can_fill(template: str, params: Mapping[str, str]) -> bool:
    return demanded(template) <= params.keys()


def event(texts: Texts, line: LogLine) -> str:
    """A line of the event log."""
    code = line.params.get(_PROBLEM)
    prefix = f"{_PROBLEM}."
    within = {name.removeprefix(prefix): value for name, value in line.params.items() if name.startswith(prefix)}
    own = {name: value for name, value in line.params.items() if name != _PROBLEM and not name.startswith(prefix)}
    entry, problem = CATALOGUE.get(f"event.{line.code}"), _problem(code, within)
    if entry is None or not _can_fill(entry.message, own):
        return line.text
    if code is not None and (problem is None or not _can_fill(CATALOGUE[problem.code].message, within)):
        return line.text
    return texts.event_text(line.code, own, problem)


def sickness(texts: Texts, node: NodeRow) -> str | None:
    """What is wrong with a node; None for nothing."""
    said = [sentence(texts, trouble.code, trouble.params, None) for trouble in node.sickness]
    return texts.template("list.semicolon").join(said) if said and all(said) else node.sick


def detail(texts: Texts, check: CheckDocument) -> str:
    """What a health check has seen."""
    return texts.told_again("detail", check.said) or check.detail


def answer(texts: Texts, result: JobResult | NodeResult) -> str:
    """How an action ended, on all nodes or on one."""
    return sentence(texts, result.code, result.params, result.message)
