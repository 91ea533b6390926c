"""The dashboard's side of the control socket, on its event loop; commands use `control.call`.

Raises RecorderLost when no service answers and RecorderError, with a sentence for a person, when it refuses.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from vmstui.changes import changed
from vmstui.codec import CodecError, Json, Reader, from_json, to_json
from vmstui.control import protocol
from vmstui.control.call import CALL_TIMEOUT_S, MAX_ANSWER_BYTES, message_of, result_of
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.findings import Acknowledgement, FindingsPage
from vmstui.footage import Gap
from vmstui.footage_accounts import FootageDay, FootagePage, FootageReport, LockedFootage
from vmstui.logged import LogPage, RunLog
from vmstui.measured import CpuPast, Measured
from vmstui.model import CameraDetails, Event, LeftBehind, RecorderSnapshot
from vmstui.person import person
from vmstui.stages import StageBreakdown
from vmstui.storage import StorageProjection

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")
P = ParamSpec("P")

SHUTDOWN_TIMEOUT_S = 120.0
SILENCE_LIMIT_S = 5.0
"""A subscription delivers every second; this long without one, the service is frozen or gone."""
ASIDE_BYTES = 1 << 16
"""An answer of this size or more is read in a thread, so that no key waits for it."""


class Client:
    """One dashboard's view of the service. Calls share a connection; each `snapshots()` opens one of its own, and so do
    `storage()`, `footage()`, `telemetry()`, `findings()` and `shutdown()`, which must not wait for the answer to
    another question, nor another one for theirs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._lock: asyncio.Lock | None = None
        self._footage = Reader(FootageReport)

    async def snapshots(self) -> AsyncGenerator[RecorderSnapshot, None]:
        """A snapshot at once and then one a second. Raises RecorderLost when the service is gone or frozen."""
        import asyncio

        reader, writer = await self._open()
        snapshots = _Snapshots(self._path)
        try:
            writer.write(protocol.request_line(1, "subscribe", {"changes": True}))
            while True:
                try:
                    line = await asyncio.wait_for(reader.readline(), SILENCE_LIMIT_S)
                except TimeoutError:
                    text = f"the recorder has not answered for {SILENCE_LIMIT_S:g} s"
                    raise RecorderLost(text) from None
                except (OSError, ValueError) as error:
                    raise RecorderLost(f"the connection to the recorder broke: {error}") from None
                if (told := await _aside(line, snapshots.read)) is not None:
                    yield told
        finally:
            writer.close()

    async def details(self, camera: str) -> CameraDetails:
        """What the details of one camera show."""
        return _decode(CameraDetails, await self._call("details", {"camera": camera}))

    async def samples(self, seconds: int, *, own: bool = False) -> dict[str, tuple[float, ...]]:
        """CPU percent of each camera's last seconds, oldest first; with `own` also of the relay and the service."""
        asked: dict[str, Json] = {"seconds": seconds, "own": own}
        return _decode(dict[str, tuple[float, ...]], await self._call("samples", asked))

    async def stages(self, camera: str, seconds: int) -> StageBreakdown:
        """What a worker spent its CPU time on in the last seconds; measured while it is asked for."""
        asked: dict[str, Json] = {"cameras": [camera], "seconds": seconds}
        return _decode(tuple[StageBreakdown], await self._call("stages", asked))[0]

    async def logs(
        self, camera: str | None, after: int, limit: int, *, explain: bool = False, newest: bool = False
    ) -> LogPage:
        """Log lines after a cursor; see `LogPage`. With `explain` each tells which message it is, and how bad; with
        `newest` they are the last ones, not the first."""
        asked: dict[str, Json] = {"camera": camera, "after": after, "limit": limit}
        wishes = {name: wish for name, wish in (("explain", explain), ("newest", newest)) if wish}
        return await _aside(await self._call_line("logs", asked | wishes), self._result, LogPage)

    async def run_log(self, camera: str, back: int, limit: int) -> RunLog:
        """The newest lines of a run that is over, each with the message that it is; see `RunLog`. RecorderError also
        where the service is too old."""
        asked: dict[str, Json] = {"camera": camera, "back": back, "limit": limit, "explain": True}
        return _decode(RunLog, await self._call_aside("run_log", asked))

    async def findings(self, camera: str | None) -> FindingsPage:
        """What ffmpeg's messages mean, of one camera or of all. RecorderError also where the service is too old."""
        return await _aside(await self._line_aside("findings", {"camera": camera}), self._result, FindingsPage)

    async def acknowledge(
        self,
        camera: str,
        fingerprint: str,
        origin: str | None,
        for_s: float | None,
        ceiling_per_min: float | None,
        note: str,
    ) -> Acknowledgement:
        """Say that a kind of message is known, of one camera or (empty) of all; see `Acknowledgement`."""
        asked: dict[str, Json] = {
            "camera": camera, "fingerprint": fingerprint, "origin": origin, "for_s": for_s,
            "ceiling_per_min": ceiling_per_min, "note": note, "by": person(),
        }  # fmt: skip
        return _decode(Acknowledgement, await self._call("acknowledge", asked))

    async def unacknowledge(self, acknowledgement: str) -> Acknowledgement:
        """Take that back, by its id; what was taken back."""
        return _decode(Acknowledgement, await self._call("unacknowledge", {"id": acknowledgement, "by": person()}))

    async def browse(self, camera: str, before: datetime | None, after: datetime | None, limit: int) -> FootagePage:
        """Segments that began before an instant (None: the newest of all), or the first ones after one."""
        asked = {"camera": camera, "before": to_json(before), "after": to_json(after), "limit": limit}
        return _decode(FootagePage, await self._call("browse", asked))

    async def days(self, camera: str, limit: int) -> tuple[FootageDay, ...]:
        """The newest days with footage of a camera, newest first."""
        return _decode(tuple[FootageDay, ...], await self._call("days", {"camera": camera, "limit": limit}))

    async def gaps_since(self, camera: str, since: datetime, limit: int) -> tuple[Gap, ...]:
        """The newest gaps of a camera from an instant on, newest first."""
        asked: dict[str, Json] = {"camera": camera, "since": to_json(since), "limit": limit}
        return _decode(tuple[Gap, ...], await self._call("gaps", asked))

    async def lock(self, camera: str, since: datetime, until: datetime, note: str) -> LockedFootage:
        """Keep the footage of [since, until) from retention."""
        asked = {"camera": camera, "since": to_json(since), "until": to_json(until), "note": note, "by": person()}
        return _decode(LockedFootage, await self._call("lock", asked))

    async def unlock(self, number: int) -> None:
        """Give a lock back."""
        await self._call("unlock", {"id": number})

    async def storage(self) -> StorageProjection:
        """How long footage will stay, and what will end it."""
        return _decode(StorageProjection, await self._call_aside("storage"))

    async def telemetry(self, subject: str, since: datetime, until: datetime | None, width: int) -> Measured:
        """What was measured of a camera, or of one of `measured.OWN_SUBJECTS`, at about `width` points; `until` None is
        now. RecorderError also where the service is of a version that keeps no history."""
        asked = {"subject": subject, "since": to_json(since), "until": to_json(until), "width": width}
        return _decode(Measured, await self._call_aside("telemetry", asked))

    async def cpu_past(self, seconds: int, step_s: int) -> CpuPast:
        """CPU of all that is measured, over the last seconds. RecorderError also where the service cannot tell."""
        return _decode(CpuPast, await self._call_aside("cpu_past", {"seconds": seconds, "step": step_s}))

    async def footage(self) -> FootageReport:
        """How much was recorded, of all cameras."""
        return await _aside(await self._line_aside("footage", {}), self._account)

    async def history(self, camera: str | None, limit: int) -> tuple[Event, ...]:
        """The newest events of one camera (None: of all, merged by time), oldest of them first."""
        return _decode(tuple[Event, ...], await self._call("history", {"camera": camera, "limit": limit}))

    async def start(self, cameras: tuple[str, ...]) -> None:
        """Record these cameras."""
        await self._call("start", {"cameras": list(cameras), "by": "the dashboard"})

    async def stop(self, cameras: tuple[str, ...]) -> None:
        """Do not record these cameras any more."""
        await self._call("stop", {"cameras": list(cameras), "by": "the dashboard"})

    async def restart(self, cameras: tuple[str, ...]) -> None:
        """Replace the workers of these cameras."""
        await self._call("restart", {"cameras": list(cameras), "by": "the dashboard"})

    async def shutdown(self, asked: Callable[[], None]) -> LeftBehind:
        """Stop recording and end the service; returns when all segments are closed and settled, or what was left.

        `asked` is called once the request is sent. RecorderLost after that: it may be carried out, or may not.
        """
        reader, writer = await self._open()
        try:
            # The kernel takes so short a line at once, and the service reads it whatever becomes of us.
            writer.write(protocol.request_line(1, "shutdown", {}))
            asked()
            return _decode(LeftBehind, await self._answer(reader, "shutdown", SHUTDOWN_TIMEOUT_S))
        finally:
            writer.close()

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection[1].close()
            self._connection = None

    def _account(self, line: bytes) -> FootageReport:
        told = result_of(line, self._path)
        return _understood(lambda: self._footage.read(told))

    def _result(self, line: bytes, kind: type[T]) -> T:
        return _decode(kind, result_of(line, self._path))

    async def _call(self, method: str, params: Mapping[str, Json]) -> Json:
        return result_of(await self._call_line(method, params), self._path)

    async def _call_line(self, method: str, params: Mapping[str, Json]) -> bytes:
        import asyncio

        self._lock = self._lock or asyncio.Lock()
        async with self._lock:
            if self._connection is None:
                self._connection = await self._open()
            reader, writer = self._connection
            try:
                writer.write(protocol.request_line(1, method, params))
                line = await self._line(reader, method, CALL_TIMEOUT_S)
                if not line.endswith(b"\n"):  # it hung up; the next question is asked anew
                    await self.close()
                return line
            except (RecorderLost, asyncio.CancelledError):
                # An answer may still be on its way: it must not be taken for that of the next question.
                await self.close()
                raise

    async def _call_aside(self, method: str, params: Mapping[str, Json] | None = None) -> Json:
        """On a connection of its own: a disk that hangs must not keep other questions waiting."""
        return result_of(await self._line_aside(method, params or {}), self._path)

    async def _line_aside(self, method: str, params: Mapping[str, Json]) -> bytes:
        reader, writer = await self._open()
        try:
            writer.write(protocol.request_line(1, method, params))
            return await self._line(reader, method, CALL_TIMEOUT_S)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, method: str, timeout_s: float) -> Json:
        return result_of(await self._line(reader, method, timeout_s), self._path)

    async def _line(self, reader: asyncio.StreamReader, method: str, timeout_s: float) -> bytes:
        import asyncio

        try:
            return await asyncio.wait_for(reader.readline(), timeout_s)
        except TimeoutError:
            raise RecorderLost(f"the recorder did not answer {method} within {timeout_s:g} s") from None
        except (OSError, ValueError) as error:
            raise RecorderLost(f"the connection to the recorder broke: {error}") from None

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        import asyncio

        try:
            return await asyncio.open_unix_connection(str(self._path), limit=MAX_ANSWER_BYTES)
        except OSError as error:
            raise RecorderLost(f"no recorder answers at {self._path} ({error.strerror or error})") from None


class _Snapshots:
    """Of one subscription: those that come whole, as the first one does and all of an older recorder, and those of
    which only what changed is told."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._whole = Reader(RecorderSnapshot)
        self._last: RecorderSnapshot | None = None

    def read(self, line: bytes) -> RecorderSnapshot | None:
        """The snapshot that a line tells; None where it is about something else."""
        message = message_of(line, self._path)
        told, method, last = message.get("params"), message.get("method"), self._last
        if method == "snapshot":
            self._last = _understood(lambda: self._whole.read(told))
        elif method == "changes" and last is not None:
            self._last = _understood(lambda: changed(RecorderSnapshot, last, told))
        else:
            return None
        return self._last


async def _aside(line: bytes, read: Callable[Concatenate[bytes, P], T], *args: P.args, **options: P.kwargs) -> T:
    """What it says, read in a thread if it is long."""
    import asyncio

    if len(line) < ASIDE_BYTES:
        return read(line, *args, **options)
    return await asyncio.to_thread(read, line, *args, **options)


def _decode(kind: type[T], data: Json) -> T:
    return _understood(lambda: from_json(kind, data))


def _understood(read: Callable[[], T]) -> T:
    try:
        return read()
    except CodecError as error:
        raise RecorderError(f"the recorder speaks another version of the protocol: {error}") from None
