"""What the dashboard needs from a recorder, and the cleaning of what comes from it.

`Recorder` is implemented by `control.client` over the socket and by fakes in tests. Everything that enters the app
passes through `harmless`, so that no widget has to think about control characters again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any, Protocol, TypeVar

from vmstui.findings import Acknowledgement, FindingsPage
from vmstui.footage import Gap
from vmstui.footage_accounts import FootageDay, FootagePage, FootageReport, LockedFootage
from vmstui.measured import CpuPast, Measured
from vmstui.model import CameraDetails, Event, LeftBehind, LogPage, RecorderSnapshot, RunLog
from vmstui.sanitise import clean
from vmstui.stages import StageBreakdown
from vmstui.storage import StorageProjection

T = TypeVar("T")


class Recorder(Protocol):
    """A recorder service as the dashboard sees it.

    Every call may raise `RecorderError` with a sentence for the person (refused, unknown camera) or `RecorderLost`
    when no service answers.
    """

    def snapshots(self) -> AsyncIterator[RecorderSnapshot]:
        """One snapshot per second; ends or raises `RecorderLost` when the service is gone. Calling again reconnects."""
        ...

    async def details(self, camera: str) -> CameraDetails: ...

    async def samples(self, seconds: int, *, own: bool = False) -> dict[str, tuple[float, ...]]:
        """CPU percent per camera id, oldest first, one per second; with `own` also of the relay and the service, by
        their subjects of `measured`."""
        ...

    async def cpu_past(self, seconds: int, step_s: int) -> CpuPast:
        """CPU of all that is measured, as far as it is in the history on disk."""
        ...

    async def stages(self, camera: str, seconds: int) -> StageBreakdown:
        """What a worker spent its CPU time on in the last seconds; measured while it is asked for."""
        ...

    async def logs(self, camera: str | None, after: int, limit: int, *, explain: bool = False) -> LogPage:
        """Lines of one camera (None: all) after a cursor; `after=0` gives the last `limit` lines. With `explain` each
        tells which message it is, and how bad."""
        ...

    async def findings(self, camera: str | None) -> FindingsPage:
        """What ffmpeg's messages mean, of one camera or of all; an older recorder refuses."""
        ...

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
        ...

    async def unacknowledge(self, acknowledgement: str) -> Acknowledgement: ...

    async def run_log(self, camera: str, back: int, limit: int) -> RunLog:
        """The newest lines of a run that is over: 1 is the one before the present one. Each tells which message it is,
        and how bad; an older recorder does not say."""
        ...

    async def browse(self, camera: str, before: datetime | None, after: datetime | None, limit: int) -> FootagePage:
        """The newest segments that began before an instant (None: of all), or the oldest ones after one."""
        ...

    async def storage(self) -> StorageProjection:
        """How long footage will stay; a recorder that does not know it yet refuses."""
        ...

    async def days(self, camera: str, limit: int) -> tuple[FootageDay, ...]:
        """The newest days with footage of a camera, newest first."""
        ...

    async def gaps_since(self, camera: str, since: datetime, limit: int) -> tuple[Gap, ...]:
        """The newest gaps of a camera from an instant on that are catalogued, newest first."""
        ...

    async def lock(self, camera: str, since: datetime, until: datetime, note: str) -> LockedFootage:
        """Keep the footage of [since, until) from retention, also what is only recorded later."""
        ...

    async def unlock(self, number: int) -> None: ...

    async def footage(self) -> FootageReport:
        """How much was recorded today and in the last 24 hours, of all cameras."""
        ...

    async def history(self, camera: str, limit: int) -> tuple[Event, ...]:
        """The newest events of a camera, oldest of them first."""
        ...

    async def telemetry(self, subject: str, since: datetime, until: datetime | None, width: int) -> Measured:
        """What was measured of a camera, or of one of `measured.OWN_SUBJECTS`, at about `width` points; one that keeps
        no history refuses."""
        ...

    async def start(self, cameras: tuple[str, ...]) -> None: ...

    async def stop(self, cameras: tuple[str, ...]) -> None: ...

    async def restart(self, cameras: tuple[str, ...]) -> None: ...

    async def shutdown(self, asked: Callable[[], None]) -> LeftBehind:
        """Stop recording and end the service; returns when that is done.

        `asked` is called once the request is on its way: it is carried out whatever becomes of us. `RecorderLost`
        before that means that nothing was asked, and after it that nobody knows what came of it.
        """
        ...

    async def close(self) -> None: ...


def reconnect_delays() -> Iterator[float]:
    """Seconds to wait before each further attempt to reach a lost service: 1, 2, 4, 8, then 10 for ever."""
    delay_s = 1.0
    while True:
        yield delay_s
        delay_s = min(delay_s * 2, 10.0)


def harmless(value: T) -> T:
    """A copy of model data in which no text can steer the terminal; the same object where nothing had to change."""
    cleaned: T = _harmless(value)
    return cleaned


def _harmless(value: Any) -> Any:
    if isinstance(value, str):
        # Printable text holds none of the characters `clean` removes, and asking is far cheaper than removing.
        return value if isinstance(value, Enum) or value.isprintable() else clean(value)
    if isinstance(value, tuple):
        items = tuple(_harmless(item) for item in value)
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    if isinstance(value, Mapping):
        pairs = {_harmless(key): _harmless(item) for key, item in value.items()}
        return value if pairs == value else pairs
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: new
            for field in fields(value)
            if (new := _harmless(old := getattr(value, field.name))) is not old
        }
        return replace(value, **changed) if changed else value
    return value
