"""The typed client of the control API: one method a route, and a stream that mends itself."""

import asyncio
import contextlib
import importlib
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import msgspec

from backend.api.failures import decode_error, not_reached, reason_of
from backend.api.frames import Frames, Opening
from backend.api.plans import PlanDocument, PlanRequest
from backend.api.wire import (
    API_NEWEST,
    API_OLDEST,
    Action,
    DeliveryDetail,
    Delta,
    Greeting,
    HealthDocument,
    JobAccepted,
    JobResult,
    SettingsDocument,
    Snapshot,
    StatusDocument,
    StreamMessage,
)
from backend.model.errors import ApiVersionError, NotReachedError

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")

SILENCE_S = 2.0
"""A stream beats twice a second; without a word for so long the daemon counts as lost."""
GREETING_S = 10.0
"""A daemon that runs greets at once; one that is silent for so long is stopped, or hangs."""
_BASE_URL = "http://dsync"
_CONNECT_S = 5.0
_ANSWER_S = 60.0
_JOB_WAIT_S = 25.0
_STREAM = "/v1/stream"
_SHORTEST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 0.5
"""Between tries to reach a lost daemon: it is to be seen again within a second, and a try costs next to nothing."""


class Lost(msgspec.Struct, frozen=True):
    """No stream. ``since``: epoch seconds of the last word (0: never one); the next try is in ``retry_in_s``."""

    reason: str
    since: float
    retry_in_s: float
    tries: int


StreamEvent: TypeAlias = StreamMessage | Lost


def new_key() -> str:
    """Make an idempotency key."""
    return secrets.token_hex(16)


def speaks_our_version(greeting: Greeting) -> bool:
    """Tell whether client and daemon share a version of the control API."""
    return greeting.api_oldest <= API_NEWEST and greeting.api_newest >= API_OLDEST


class ControlClient:
    """Talks to one daemon through its Unix socket. Use it as ``async with``.

    Every method raises NotReachedError where no daemon answers, and whatever error of the tree the daemon answers with.
    """

    def __init__(self, socket_path: Path) -> None:
        """Connect to nothing yet."""
        self._path = socket_path
        self._session: aiohttp.ClientSession | None = None
        self._opening: Opening | None = None
        self._frames: Frames | None = None
        self._imported = False

    async def __aenter__(self) -> "ControlClient":
        """Nothing to do: connections are made when they are needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        if self._opening is not None:
            self._opening.close()
            self._opening = None
        if self._frames is not None:
            self._frames.close()
            self._frames = None
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def socket_path(self) -> Path:
        """Where the daemon is looked for."""
        return self._path

    # --- reading ----------------------------------------------------------------------------------------------------

    async def greeting(self) -> Greeting:
        """Ask who is there."""
        return await self._get("/v1/greeting", {}, Greeting, GREETING_S)

    async def status(self, archive: str | None = None, full: bool = False) -> StatusDocument:
        """Ask how the fleet stands. Large with ``full``: a fleet of 500 nodes x 1,000 archives is 130 MB of JSON."""
        return await self._get("/v1/status", _status_query(archive, full), StatusDocument)

    async def status_json(self, archive: str | None = None, full: bool = False) -> AsyncIterator[bytes]:
        """Yield the status document's JSON as it comes in."""
        async with self._request("GET", "/v1/status", _status_query(archive, full)) as response:
            async for chunk in response.content.iter_any():
                yield chunk

    async def health(self, node: str | None = None) -> HealthDocument:
        """Let a node check itself (this one for None); takes up to 10 s."""
        return await self._get("/v1/health", {} if node is None else {"node": node}, HealthDocument)

    async def delivery(self, archive: str, node: str) -> DeliveryDetail:
        """Ask for one cell's story."""
        return await self._get("/v1/delivery", {"digest": archive, "node": node}, DeliveryDetail)

    async def settings(self) -> SettingsDocument:
        """Ask which settings are in force."""
        return await self._get("/v1/settings", {}, SettingsDocument)

    async def plan(self, request: PlanRequest) -> PlanDocument:
        """Ask what a file, or a sync, would move."""
        body = msgspec.json.encode(request)
        async with self._request("POST", "/v1/plan", {}, body, {"Content-Type": "application/json"}) as response:
            return await self._decoded(response, PlanDocument)

    async def job(self, job: str, wait_s: float = 0.0) -> JobResult | None:
        """Ask how an action ended; None while it runs, after waiting so long."""
        async with self._request("GET", "/v1/jobs", {"id": job, "wait": f"{wait_s:g}"}) as response:
            return None if response.status == 204 else await self._decoded(response, JobResult)

    # --- acting -----------------------------------------------------------------------------------------------------

    async def act(self, action: Action) -> str:
        """Begin an action; the job's id. ``stop`` works across versions, everything else needs a common one."""
        if action.verb != "stop":
            await self._demand_our_version()
        body = msgspec.json.encode(action)
        async with self._request("POST", "/v1/actions", {}, body, {"Content-Type": "application/json"}) as response:
            return (await self._decoded(response, JobAccepted)).job

    async def finished(self, job: str) -> JobResult:
        """Wait for an action's end."""
        while True:
            result = await self.job(job, _JOB_WAIT_S)
            if result is not None:
                return result

    async def perform(self, action: Action) -> JobResult:
        """Do an action and wait for its end."""
        return await self.finished(await self.act(action))

    async def upload(self, name: str, chunks: AsyncIterator[bytes], size_bytes: int, to: Iterable[str] = ()) -> str:
        """Stream a file of just ``size_bytes`` into the daemon's store; the job's id."""
        await self._demand_our_version()
        query = [("name", name), *(("to", node) for node in to)]
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size_bytes)}
        source = _Source(chunks)
        try:
            async with self._request("POST", "/v1/files", query, source.chunks(), headers, answer_s=None) as response:
                return (await self._decoded(response, JobAccepted)).job
        except NotReachedError:
            # The connection breaks off too where the file cannot be read to its end: that is the cause to tell.
            if source.error is not None:
                raise source.error from None
            raise

    # --- the stream -------------------------------------------------------------------------------------------------

    def ask_early(self, frames_hz: float) -> None:
        """Ask for the stream with blocking calls, so that the daemon prepares it while this process still starts.

        ``stream`` with the same argument goes on from there. Where nobody answers it will tell.
        """
        with contextlib.suppress(OSError):
            self._opening = Opening.at_once(self._path, _STREAM, _stream_query(frames_hz), _CONNECT_S)

    async def stream(self, frames_hz: float | None = None) -> AsyncGenerator[StreamEvent, None]:
        """Follow the daemon for ever: what it says, and when it is lost and found again. Raises nothing by itself.

        A Greeting tells that the stream stands (again); its role is ``reader`` also where the versions differ too much
        to act. Where its epoch is that of the greeting before, deltas go on where they broke off, or a Snapshot
        follows.
        """
        decode = msgspec.json.Decoder(StreamMessage).decode
        epoch, life, sequence, said_at, tries = "", "", 0, 0.0, 0
        while True:
            query = _stream_query(frames_hz)
            if epoch:
                query |= {"epoch": epoch, "since": str(sequence)}
            reason = "closed"
            try:
                async with self._stream_frames(query) as frames:
                    async for frame in frames:
                        said_at, tries = time.time(), 0
                        try:
                            message = decode(frame)
                        except msgspec.MsgspecError:
                            continue  # a newer daemon's word; its greeting told that the versions differ
                        if isinstance(message, Greeting):
                            life = message.epoch
                            epoch = epoch if epoch == life else ""
                            message = _as_far_as_versions_allow(message)
                        elif isinstance(message, Snapshot | Delta):
                            # Only what has been told may be left out when the stream goes on.
                            epoch, sequence = life, message.sequence
                        yield message
            except TimeoutError:
                reason = "silent"
            except OSError as error:
                reason = reason_of(error)
            tries += 1
            pause_s = min(_LONGEST_PAUSE_S, _SHORTEST_PAUSE_S * 2 ** min(tries - 1, 10))
            yield Lost(reason=reason, since=said_at, retry_in_s=pause_s, tries=tries)
            await asyncio.sleep(pause_s)

    @asynccontextmanager
    async def _stream_frames(self, query: Mapping[str, str]) -> AsyncIterator[AsyncIterator[bytes]]:
        opening, self._opening = self._opening, None
        if opening is not None and opening.query != query:
            opening.close()
            opening = None
        async with asyncio.timeout(_CONNECT_S):
            self._frames = frames = await Frames.open(opening or await Opening.ask(self._path, _STREAM, query))
        try:
            yield _received(frames)
        finally:
            frames.close()

    # --- plumbing ---------------------------------------------------------------------------------------------------

    async def _demand_our_version(self) -> None:
        greeting = await self.greeting()
        if not speaks_our_version(greeting):
            raise ApiVersionError(
                ours=_range(API_OLDEST, API_NEWEST), theirs=_range(greeting.api_oldest, greeting.api_newest)
            )

    async def _get(self, path: str, query: Mapping[str, str], kind: type[T], answer_s: float = _ANSWER_S) -> T:
        async with self._request("GET", path, query, answer_s=answer_s) as response:
            return await self._decoded(response, kind)

    async def _decoded(self, response: "aiohttp.ClientResponse", kind: type[T]) -> T:
        try:
            return msgspec.json.decode(await response.read(), type=kind)
        except msgspec.MsgspecError as error:
            raise NotReachedError(socket=self._path, why=f"an answer that cannot be read: {error}") from error

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | list[tuple[str, str]],
        body: bytes | AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        answer_s: float | None = _ANSWER_S,
    ) -> AsyncIterator["aiohttp.ClientResponse"]:
        await self._have_aiohttp()
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=answer_s)
        try:
            async with self._open().request(
                method, f"{_BASE_URL}{path}", params=query, data=body, headers=headers, timeout=timeout
            ) as response:
                if response.status >= 400:
                    raise decode_error(await response.read(), str(self._path), response.status)
                yield response
        except (aiohttp.ClientError, OSError) as error:
            # TimeoutError is an OSError.
            waited_s = answer_s or _CONNECT_S
            raise not_reached(self._path, error, waited_s) from error

    async def _have_aiohttp(self) -> None:
        """Import it late: it takes a fifth of a second, and who only looks at the stream needs none of it.

        Beside the event loop, which has keys to answer meanwhile.
        """
        if not self._imported:
            await asyncio.to_thread(importlib.import_module, "aiohttp")
            self._imported = True

    def _open(self) -> "aiohttp.ClientSession":
        if self._session is None:
            import aiohttp

            connector = aiohttp.UnixConnector(path=str(self._path))
            self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        return self._session


class _Source:
    """A body that remembers why it broke off: aiohttp tells only that it did."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self.error: Exception | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._chunks:
                yield chunk
        except Exception as error:
            self.error = error
            raise


async def _received(frames: Frames) -> AsyncIterator[bytes]:
    while True:
        async with asyncio.timeout(SILENCE_S):
            frame = await frames.receive()
        if frame is None:
            return
        yield frame


def _stream_query(frames_hz: float | None) -> dict[str, str]:
    return {} if frames_hz is None else {"hz": f"{frames_hz:g}"}


def _as_far_as_versions_allow(greeting: Greeting) -> Greeting:
    return greeting if speaks_our_version(greeting) else msgspec.structs.replace(greeting, role="reader")


def _status_query(archive: str | None, full: bool) -> dict[str, str]:
    query = {"full": "1"} if full else {}
    return query if archive is None else query | {"archive": archive}


def _range(oldest: int, newest: int) -> str:
    return str(oldest) if oldest == newest else f"{oldest}-{newest}"
