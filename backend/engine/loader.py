"""Brings one archive's images into the runtime and puts its tags right, one at a time per runtime."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec

from backend.logic import tags
from backend.model.archive import CatalogEntry, Image
from backend.model.errors import DsyncError, LoadVanishedError, LocalError, RuntimeSickError
from backend.model.ids import Digest
from backend.model.plain import plain
from backend.model.runtime import RuntimeInfo, RuntimeView
from backend.ports.runtime import LoadLock, LoadLocks, Runtime

TagsBefore = dict[str, str | None]
OnBegan = Callable[[TagsBefore], Awaitable[None]]

_log = logging.getLogger("dsync.loader")


class LoadJob(msgspec.Struct, frozen=True):
    """What to settle.

    ``path``: a verified copy, None where there is none (then only tags are put right). ``others``: the
    entries that own tags of ``entry``. ``force``: load although the images are there. ``tags_before``: how
    the tags stood before a try that a crash cut off.
    """

    entry: CatalogEntry
    path: Path | None
    others: tuple[CatalogEntry, ...] = ()
    force: bool = False
    tags_before: TagsBefore | None = None


class LoadOutcome(msgspec.Struct, frozen=True):
    """The runtime's own answer at the end. ``loaded``: bytes went in. ``missing``: images aren't there, nor
    is a copy.
    """

    view: RuntimeView
    loaded: bool = False
    missing: bool = False


class Loader:
    """Settles archives in one runtime."""

    def __init__(self, runtime: Runtime, locks: LoadLocks) -> None:
        """Use ``runtime`` under ``locks``."""
        self._runtime = runtime
        self._locks = locks
        self._not_undone: dict[Digest, TagsBefore] = {}

    async def settle(self, job: LoadJob, on_began: OnBegan) -> LoadOutcome:
        """Let the runtime hold the needed images of ``job.entry``, and its tags point where they belong.

        Takes the runtime's lock. ``on_began`` is awaited before a load changes anything: a crash after it
        can be mended from what it was given. Raises what ``Runtime.load`` raises, and LoadVanishedError;
        then, and when it is cancelled, the tags stand as before.
        """
        info = await self._runtime.probe()
        lock = await self._locks.acquire(info.endpoint)
        try:
            return await self._settle(job, info, lock, on_began)
        finally:
            self._locks.release(lock)

    async def _settle(self, job: LoadJob, info: RuntimeInfo, lock: LoadLock, on_began: OnBegan) -> LoadOutcome:
        owners = tags.owners((job.entry, *job.others))
        view = await self._look(job)
        unfinished = self._not_undone.pop(job.entry.digest, None) or job.tags_before
        before = {**view.tags, **(unfinished or {})}
        missing = tags.missing_images(job.entry, owners, view)
        if missing and job.path is None:
            return LoadOutcome(view, missing=True)
        wanted = bool(missing) or (job.force and bool(tags.needed_images(job.entry, owners)))
        if not wanted or job.path is None:
            if unfinished is not None:
                await on_began(before)
            return LoadOutcome(await self._put_right(job, owners, before, view))
        await on_began(before)
        try:
            await self._runtime.load(job.path, job.entry, lock)
            view = await self._look(job)
            _check_arrival(job.entry, owners, view, info)
            return LoadOutcome(await self._put_right(job, owners, before, view), loaded=True)
        except BaseException:
            await self._undo(job.entry, before)
            raise

    async def _look(self, job: LoadJob) -> RuntimeView:
        """Ask for the archive's images, for those that own its tags, and for every reference a load may
        set.
        """
        named = frozenset(job.entry.tags)
        owning = (image for other in job.others for image in other.images if named.intersection(image.tags))
        references = dict.fromkeys((*job.entry.tags, *self._shadows(job.entry)))
        return await self._runtime.look([*job.entry.images, *owning], list(references))

    def _shadows(self, entry: CatalogEntry) -> tuple[str, ...]:
        named = frozenset(entry.tags)
        shadows = (shadow for tag in entry.tags for shadow in self._runtime.shadows(tag))
        return tuple(shadow for shadow in shadows if shadow not in named)

    async def _put_right(
        self, job: LoadJob, owners: Mapping[str, Digest], before: TagsBefore, now: RuntimeView
    ) -> RuntimeView:
        """Correct the tags; the runtime's answer afterwards."""
        others = {other.digest: other for other in job.others}
        also = self._shadows(job.entry)
        found = tags.corrections(job.entry, owners, before, now, others, also)
        if not found:
            return now
        await self._apply(found, now, job.entry.images)
        return await self._look(job)

    async def _apply(self, found: tuple[tags.Correction, ...], now: RuntimeView, images: tuple[Image, ...]) -> None:
        ours = {now.present[image.config] for image in images if image.config in now.present}
        for correction in found:
            if isinstance(correction, tags.RemoveTag):
                await self._runtime.untag(correction.reference)
                continue
            try:
                await self._runtime.tag(correction.image_id, correction.reference)
            except RuntimeSickError:
                raise
            except LocalError:
                if correction.image_id in now.present.values():
                    raise
                # The image where the tag stood is gone: better no tag than one that points at another's
                # image.
                if now.tags.get(correction.reference) in ours:
                    await self._runtime.untag(correction.reference)

    async def _undo(self, entry: CatalogEntry, before: TagsBefore) -> None:
        """Let the tags stand as ``before``; where that fails the next ``settle`` of the archive does it."""
        try:
            now = await self._runtime.look(entry.images, list(before))
            await self._apply(tags.undo(before, now), now, entry.images)
        except DsyncError as error:
            self._not_undone[entry.digest] = before
            _log.warning("tags of %s could not be put back: %s", plain(entry.name), error)


def _check_arrival(entry: CatalogEntry, owners: Mapping[str, Digest], view: RuntimeView, info: RuntimeInfo) -> None:
    """A loader may end well and leave nothing (jwbron/egg#2790)."""
    missing = tags.missing_images(entry, owners, view)
    if missing:
        name = missing[0].tags[0] if missing[0].tags else missing[0].config
        raise LoadVanishedError(runtime=str(info), image=plain(name))
