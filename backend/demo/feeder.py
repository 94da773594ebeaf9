"""Drops archives into the stores of a fleet that stands, one after the other."""

import asyncio
import random
import secrets
from collections.abc import Iterator

from backend.demo.drops import LIVELY, QUICK, REPOSITORY, Drop, file_drops, made_drops, place
from backend.demo.fleet import Fleet
from backend.demo.leftovers import Leftovers, Loaded, recall, remember
from backend.demo.options import DemoOptions
from backend.demo.places import Places
from backend.demo.saying import say


class Feeder:
    """``shared``: command of a docker that is not the demo's, () where there is none.

    ``dropped``: the names so far. ``error``: why it could not go on.
    """

    def __init__(self, options: DemoOptions, places: Places, shared: tuple[str, ...]) -> None:
        """Make and drop nothing yet."""
        self._options = options
        self._places = places
        self._shared = shared
        self._done = False
        self.dropped: list[str] = []
        self.error: OSError | None = None

    @property
    def done(self) -> bool:
        """Whether all has been dropped, or nothing more can be."""
        return self._done

    async def run(self, fleet: Fleet) -> None:
        """Drop all there is; raises nothing but what cancels it."""
        drops = self._drops(len(fleet.nodes))
        try:
            while (drop := await asyncio.to_thread(next, drops, None)) is not None:
                self._remember(drop)
                await asyncio.sleep(drop.pause_s)
                size_bytes = drop.source.stat().st_size
                node = fleet.nodes[drop.node]
                await asyncio.to_thread(place, drop, node.store)
                self.dropped.append(drop.name)
                say("demo.dropped", name=drop.name, size_bytes=size_bytes, node=node.name)
        except OSError as error:
            self.error = error
        self._done = True

    def _drops(self, nodes: int) -> Iterator[Drop]:
        options, made = self._options, self._places.made
        if options.files:
            return iter(file_drops(options.files))
        recipes = LIVELY if options.lively else QUICK
        if not self._shared:
            return made_drops(recipes, made, nodes)
        # Other demos may use that docker at the same time: neither may have an image or a tag of the other's.
        repository = f"{REPOSITORY}/{secrets.token_hex(3)}"
        return made_drops(recipes, made, nodes, repository, seed=random.getrandbits(40))

    def _remember(self, drop: Drop) -> None:
        """What gets into a docker that is not ours is known on disk before it gets there."""
        if drop.made is None or not self._shared:
            return
        known = recall(self._places.directory)
        loaded = Loaded(self._shared, drop.made.tags, (drop.made.config,))
        remember(self._places.directory, Leftovers(known.locks, (*known.loaded, loaded)))
