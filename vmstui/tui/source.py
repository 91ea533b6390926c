"""What the dashboard needs from a recorder, and the cleaning of what comes from it.

`Recorder` is implemented by `control.client` over the socket and by fakes in tests. Everything that enters the app
passes through `harmless`, so that no widget has to think about control characters again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Mapping
from dataclasses import is_dataclass, replace
from datetime import datetime
from enum import Enum
from functools import cache
from operator import attrgetter, is_
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast, get_args

from vmstui.codec import field_kinds
from vmstui.logged import LogLine
from vmstui.sanitise import clean

if TYPE_CHECKING:
    from vmstui.findings import Acknowledgement, FindingsPage
    from vmstui.footage import Gap
    from vmstui.footage_accounts import FootageDay, FootagePage, FootageReport, LockedFootage
    from vmstui.logged import LogPage, RunLog
    from vmstui.measured import CpuPast, Measured
    from vmstui.model import CameraDetails, Event, LeftBehind, RecorderSnapshot
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

    async def logs(
        self, camera: str | None, after: int, limit: int, *, explain: bool = False, newest: bool = False
    ) -> LogPage:
        """Lines of one camera (None: all) after a cursor; `after=0` gives the last `limit` lines, as does `newest`,
        which tells how many it left out. With `explain` each tells which message it is, and how bad."""
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

    async def history(self, camera: str | None, limit: int) -> tuple[Event, ...]:
        """The newest events of one camera (None: of all, merged by time), oldest of them first."""
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


class Harmless(Generic[T]):
    """`harmless` for what comes again and again: what is the same object as the last time is not looked at again."""

    def __init__(self) -> None:
        self._before: tuple[T, T] | None = None

    def __call__(self, value: T) -> T:
        cleaned: T = _again(value, *self._before) if self._before is not None else _harmless(value)
        self._before = value, cleaned
        return cleaned


def _again(value: Any, before: Any, clean_before: Any) -> Any:
    """Given what came before, and what was made of that."""
    if value is before:
        return clean_before
    kind = type(value)
    if kind is not type(before):
        return _harmless(value)
    if kind is tuple:
        first = [_again(*items) for items in zip(value, before, clean_before, strict=False)]
        items = (*first, *map(_harmless, value[len(first) :]))
        return value if all(map(is_, items, value)) else items
    if (names := _with_text(cast(Hashable, kind))) is None or len(names) < 2:
        return _harmless(value)
    values_of = attrgetter(*names)
    new, old = values_of(value), values_of(before)
    if clean_before is before and all(map(is_, new, old)):
        return value
    made = values_of(clean_before) if clean_before is not before else old
    parts = [
        part if one is other else _again(one, other, part) for one, other, part in zip(new, old, made, strict=True)
    ]
    changed = {name: part for name, part, one in zip(names, parts, new, strict=True) if part is not one}
    return replace(value, **changed) if changed else value


def _harmless(value: Any) -> Any:
    kind = type(value)
    if kind in _TEXTLESS:
        return value
    if kind is LogLine and f"{value.camera}{value.component}{value.text}{value.message}".isprintable():
        return value  # of these there may be thousands
    if kind is str:
        # Printable text holds none of the characters `clean` removes, and asking is far cheaper than removing.
        return value if value.isprintable() else clean(value)
    if kind is tuple:
        items = [_harmless(item) for item in value]
        return value if all(map(is_, items, value)) else tuple(items)
    if (names := _with_text(cast(Hashable, kind))) is not None:
        changed = {name: new for name in names if (new := _harmless(old := getattr(value, name))) is not old}
        return replace(value, **changed) if changed else value
    if isinstance(value, Mapping):
        pairs = {_harmless(key): _harmless(item) for key, item in value.items()}
        return value if pairs == value else pairs
    return value


_TEXTLESS = frozenset({int, float, bool, type(None), datetime})
"""Most of what comes, hundreds of times a second."""


@cache
def _with_text(kind: Hashable) -> tuple[str, ...] | None:
    """Fields of a dataclass that may hold text of any kind; None of what is none."""
    if not is_dataclass(kind):
        return None
    return tuple(name for name, of in field_kinds(kind).items() if not _textless(of))


def _textless(kind: Hashable) -> bool:
    """Numbers, times and words of our own."""
    if isinstance(kind, type):
        return kind in _TEXTLESS or issubclass(kind, Enum) or _with_text(cast(Hashable, kind)) == ()
    return bool(arguments := get_args(kind)) and all(of is Ellipsis or _textless(of) for of in arguments)
