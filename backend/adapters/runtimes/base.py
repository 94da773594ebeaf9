"""What docker and podman have in common: looking at images and tags, tagging, loading."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from backend.adapters.runtimes.client import Answer, Client
from backend.adapters.runtimes.loading import LoadPlan, run_load
from backend.model.archive import CatalogEntry, Image
from backend.model.errors import LoadRefusedError, LocalError, RuntimeSickError
from backend.model.plain import plain
from backend.model.references import full_reference
from backend.model.runtime import RuntimeInfo, RuntimeView
from backend.ports.runtime import LoadLock, Question

ASKED_AT_ONCE = 200
"""Names in one question: far below the longest command line, and one answer stays small."""

_IMAGE_ID = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.ASCII)
_WARNING = re.compile(r"level=(?:debug|info|warning)\b|^WARNING: ")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


class _RootFs(msgspec.Struct, frozen=True, rename="pascal"):
    layers: list[str] | None = None


class Inspected(msgspec.Struct, frozen=True, rename="pascal"):
    """The part of ``image inspect`` that counts. ``Id`` is the config digest, or on some stores a
    manifest's.
    """

    id: str
    repo_tags: list[str] | None = None
    root_fs: _RootFs = msgspec.field(default_factory=_RootFs, name="RootFS")

    @property
    def image_id(self) -> str:
        """The ID as ``sha256:<hex>``; "" when it is none."""
        found = _IMAGE_ID.fullmatch(self.id)
        return f"sha256:{found[1]}" if found else ""

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """The layers' diff_ids in order."""
        return tuple(self.root_fs.layers or ())

    def references(self) -> Iterator[str]:
        """Yield the image's tags as full references; docker shortens them, ``<none>:<none>`` is none."""
        for tag in self.repo_tags or ():
            try:
                yield full_reference(tag)
            except ValueError:
                continue


class CommandLineRuntime(ABC):
    """A runtime that is driven by its client. Implements the port ``Runtime`` but for what the kinds differ
    in.
    """

    def __init__(self, client: Client, load_timeout_s: float) -> None:
        """Ask through ``client``; one load may take ``load_timeout_s`` seconds."""
        self._client = client
        self._load_timeout_s = load_timeout_s

    @abstractmethod
    async def probe(self) -> RuntimeInfo:
        """Ask for version and identity."""

    @abstractmethod
    async def _plan(self) -> LoadPlan:
        """Return how this runtime takes an archive."""

    @abstractmethod
    def _is_absent(self, line: str) -> bool:
        """Tell whether a line of stderr only says that an image or tag does not exist."""

    @abstractmethod
    def _untag_arguments(self, reference: str) -> tuple[str, ...]:
        """Return the client's arguments that remove a reference."""

    @abstractmethod
    def shadows(self, reference: str) -> tuple[str, ...]:
        """See the port."""

    async def look(self, images: Sequence[Image], tags: Sequence[str]) -> RuntimeView:
        """Ask for images by identity and for tags by full reference, all in one call (per 200 names)."""
        (view,) = await self.look_at_all([Question(images, tags)])
        return view

    async def look_at_all(self, questions: Sequence[Question]) -> list[RuntimeView]:
        """Ask several questions, with up to 200 names a call; a question is divided only if it has more."""
        views: list[RuntimeView] = []
        for together in _groups(questions):
            answers = await self._inspect_all(_names(together))
            found = {image.image_id: image for image in answers}
            # In the order of the answers: a tag that moved in their midst is where it was seen last.
            by_tag = {tag: image.image_id for image in answers for tag in image.references()}
            views.extend(_view(question, found, by_tag) for question in together)
        return views

    async def load(self, path: Path, entry: CatalogEntry, lock: LoadLock) -> None:
        """Load the archive; see the port."""
        try:
            await run_load(self._client, await self._plan(), path, entry, lock, self._load_timeout_s)
        except (LoadRefusedError, LocalError):
            # A runtime that ends in the midst of a load makes its client say "unexpected EOF" too.
            await self.probe()
            raise

    async def tag(self, image_id: str, reference: str) -> None:
        """Let ``reference`` point at ``image_id``."""
        if not _DIGEST.fullmatch(image_id):
            raise LocalError(detail=f"not an image ID: {plain(image_id)}")
        answer = await self._client.ask("image", "tag", "--", image_id, _checked(reference))
        if answer.code != 0:
            raise await self._trouble(answer, f"tagging {reference}")

    async def untag(self, reference: str) -> None:
        """Remove ``reference``; no error when it does not exist."""
        answer = await self._client.ask(*self._untag_arguments(_checked(reference)))
        if answer.code != 0 and not self._only_absent(answer):
            raise await self._trouble(answer, f"untagging {reference}")

    async def _inspect_all(self, names: Sequence[str]) -> list[Inspected]:
        calls = [names[start : start + ASKED_AT_ONCE] for start in range(0, len(names), ASKED_AT_ONCE)]
        return [image for call in calls for image in await self._inspect(call)]

    async def _inspect(self, names: Sequence[str]) -> list[Inspected]:
        """Ask for images by ID or reference; those that do not exist are left out.

        The client prints what it found, complains of each name that it did not find in a line of its own, and ends
        with an error if there was any (tried, docker 28.2, podman 4.3). Any other complaint, or a name of which it
        says nothing, means that it could not ask: that must not pass for an image that isn't there.
        """
        answer = await self._client.ask("image", "inspect", "--", *names)
        if answer.code != 0 and not self._only_absent(answer):
            raise self._client.sick(answer.detail or f"exit code {answer.code}")
        try:
            found = msgspec.json.decode(answer.stdout, type=list[Inspected])
        except msgspec.MsgspecError as error:
            raise self._client.sick(f"an answer that is not understood: {error}") from error
        if len(found) + len(_complaints(answer)) < len(names):
            raise self._client.sick(f"an answer for {len(found)} of {len(names)} names that says nothing of the others")
        return found

    def _only_absent(self, answer: Answer) -> bool:
        lines = _complaints(answer)
        return bool(lines) and all(self._is_absent(line) for line in lines)

    async def _trouble(self, answer: Answer, what: str) -> LocalError:
        """Return the error for a question that was refused: sick if the runtime does not answer, else its
        words.
        """
        try:
            await self.probe()
        except RuntimeSickError as error:
            return error
        return LocalError(detail=f"{self._client.kind}, {plain(what)}: {answer.detail}")


def _complaints(answer: Answer) -> list[str]:
    return [line for line in answer.stderr.splitlines() if line.strip() and not _WARNING.search(line)]


def _names(questions: Iterable[Question]) -> list[str]:
    """Return what is to be asked, tags after images; no other text ever gets into an argument."""
    images = [image for question in questions for image in question.images]
    digests = (digest for image in images for digest in (image.config, *image.manifests))
    tags = (tag for question in questions for tag in question.tags)
    return list(dict.fromkeys([*filter(_DIGEST.fullmatch, digests), *_references(tags)]))


def _groups(questions: Iterable[Question]) -> Iterator[list[Question]]:
    """Yield questions that fit into one call together, in their order."""
    group: list[Question] = []
    count = 0
    for question in questions:
        names = len(_names([question]))
        if group and count + names > ASKED_AT_ONCE:
            yield group
            group, count = [], 0
        group.append(question)
        count += names
    if group:
        yield group


def _view(question: Question, found: dict[str, Inspected], by_tag: dict[str, str]) -> RuntimeView:
    """Return the answer to one question out of what was found for several."""
    matches = ((image.config, _match(image, found)) for image in question.images)
    present = {config: image_id for config, image_id in matches if image_id is not None}
    return RuntimeView(present, {tag: by_tag.get(tag) for tag in question.tags})


def _references(tags: Iterable[str]) -> Iterator[str]:
    """Yield those tags that are references."""
    for tag in tags:
        try:
            yield full_reference(tag)
        except ValueError:
            continue


def _checked(reference: str) -> str:
    """Return a reference that may stand in an argument. Raises LocalError for any other text."""
    try:
        return full_reference(reference)
    except ValueError as error:
        raise LocalError(detail=f"not a reference: {plain(reference)}") from error


def _match(image: Image, found: dict[str, Inspected]) -> str | None:
    """Return the runtime's ID of ``image``: a config or manifest digest of the archive, and the same
    layers.
    """
    for digest in (image.config, *image.manifests):
        candidate = found.get(digest)
        if candidate is not None and candidate.diff_ids == image.diff_ids:
            return candidate.image_id
    return None
