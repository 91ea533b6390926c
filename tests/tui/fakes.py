"""A recorder that does what a test tells it, and builders of model values that are well unless told otherwise."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from vmstui.configured import OutputKind
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.findings import (
    Acknowledgement,
    ExplainedFinding,
    Finding,
    FindingsPage,
    Incident,
    Origin,
    Seen,
    Severity,
)
from vmstui.footage import Gap, Lock, Segment, SegmentVerdict
from vmstui.footage_accounts import FootageDay, FootagePage, FootageReport, LockedFootage
from vmstui.logged import LogLevel, LogLine, LogPage, RunLog
from vmstui.measured import Column, CpuPast, Measured
from vmstui.model import (
    CameraDetails,
    CameraSnapshot,
    CameraState,
    Event,
    EventKind,
    FfmpegInfo,
    LeftBehind,
    OpenSegment,
    OutputHealth,
    OutputState,
    ProcessSnapshot,
    Progress,
    RecorderSnapshot,
    Sample,
    Stability,
    StabilityVerdict,
    StorageSnapshot,
)
from vmstui.stages import Stage, StageBreakdown, StageShare
from vmstui.storage import StorageProjection

NOW = datetime(2025, 10, 20, 7, 56, 0, tzinfo=UTC)
MIB = 1024 * 1024
GIB = 1024 * MIB


def segment(camera: str = "lobby", minutes_ago: float = 3.0, **changes: object) -> Segment:
    """A closed segment of three minutes."""
    started_at = NOW - timedelta(minutes=minutes_ago)
    path = f"/srv/recordings/{camera}/2025-10-20/{camera}_{started_at:%Y%m%d_%H%M%S}.mp4"
    values: dict[str, object] = {
        "camera": camera, "generation": 1, "path": path, "started_at": started_at, "duration_s": 180.0,
        "size_bytes": 19 * MIB, "codec": "h265", "width": 1920, "height": 1080, "verdict": SegmentVerdict.GOOD,
    }  # fmt: skip
    return Segment(**(values | changes))  # type: ignore[arg-type]


def camera(id: str = "lobby", state: CameraState = CameraState.RECORDING, **changes: object) -> CameraSnapshot:  # noqa: A002
    """A camera: one that records has a worker and an open segment, any other has none."""
    records = state is CameraState.RECORDING
    live = OutputState.UP if records else OutputState.UNKNOWN
    values: dict[str, object] = {
        "id": id, "name": id.replace("_", " ").title(), "state": state, "reason": "", "wanted": True,
        "since": NOW - timedelta(hours=3), "profile": "reencode",
        "outputs": (
            OutputHealth(OutputKind.RECORDING, live, "h265", "libx265", f"/srv/recordings/{id}"),
            OutputHealth(OutputKind.LIVE, live, "h264", "libx264", f"rtsp://127.0.0.1:8554/{id}", readers=1),
        ),
        "generation": 1,
    }  # fmt: skip
    if records:
        values |= {
            "pid": 101613,
            "started_at": NOW - timedelta(hours=3),
            "sample": Sample(NOW, 23.4, 122 * MIB, 14, 0.0, 421_000.0),
            "progress": Progress(162_000, 15.0, 1.0, 10_800.0, 0, 0),
            "open_segment": OpenSegment(f"{id}_20251020_075346.mp4", NOW - timedelta(seconds=134), 18 * MIB, NOW),
            "last_segment": segment(id, 5.0),
            "segments_closed": 60,
        }
    return CameraSnapshot(**(values | changes))  # type: ignore[arg-type]


def recorder_snapshot(*cameras: CameraSnapshot, **changes: object) -> RecorderSnapshot:
    """A recorder that is well, over these cameras."""
    values: dict[str, object] = {
        "at": NOW, "host": "vms-1", "version": "0.1.0", "config_path": "/etc/vmstui/vmstui.yaml", "timezone": "UTC",
        "service": ProcessSnapshot(900, "running"),
        "relay": ProcessSnapshot(901, "running", address="rtsp://127.0.0.1:8554"),
        "storage": StorageSnapshot("/srv/recordings", True, "", 76 * GIB, 200 * GIB, "/srv"),
        "ffmpeg": FfmpegInfo("/opt/ffmpeg", "9.0.2", "embedded", ("libx264", "libx265")), "ffmpeg_reason": "",
        "cameras": tuple(cameras), "started_at": NOW - timedelta(hours=3),
        "cpu_percent": sum(camera.sample.cpu_percent for camera in cameras if camera.sample),
        "cpu_budget_percent": 205.0, "cpu_count": 4, "rss_bytes": 300 * MIB,
    }  # fmt: skip
    return RecorderSnapshot(**(values | changes))  # type: ignore[arg-type]


def log_line(seq: int, text: str = "", level: LogLevel = LogLevel.INFO, camera: str = "lobby") -> LogLine:
    """A line that can be told from its neighbours."""
    return LogLine(seq, NOW + timedelta(milliseconds=seq), camera, 1, level, "rtsp", text or f"line {seq:06d}")


def explained(
    message: str = "rtp.missed",
    severity: Severity | None = Severity.DEGRADED,
    camera: str = "lobby",
    text: str = "RTP: missed 12 packets",
    **changes: object,
) -> ExplainedFinding:
    """A finding that goes on; without a severity, one that nobody knows. `changes` are of either."""
    values: dict[str, object] = {
        "camera": camera, "origin": Origin.INPUT, "fingerprint": message or text, "message": message,
        "level": "warning", "severity": severity, "worst": severity, "count": 312, "amount": 312,
        "rate_per_min": 12.0, "peak_per_min": 30.0, "spark": (0,) * 20 + (3, 5, 8, 30, 12, 4, 4, 2, 9, 12),
        "first": Seen(7, NOW - timedelta(minutes=41), text), "last": Seen(1207, NOW - timedelta(seconds=8), text),
        "numbers": {"missed": 12}, "examples": (text,), "follows": "",
    }  # fmt: skip
    beside: dict[str, object] = {
        "cause": "Packets from the camera are lost on the way." if message else "",
        "action": "Use TCP, or look at the network between camera and recorder." if message else "",
        "source": "libavformat/rtpdec.c" if message else "",
        "active": True, "acknowledgement": None, "is_quiet": False, "incident": "",
        "outlived": False,
    }  # fmt: skip
    finding = Finding(**{name: changes.get(name, value) for name, value in values.items()})  # type: ignore[arg-type]
    return ExplainedFinding(finding, **{name: changes.get(name, of) for name, of in beside.items()})  # type: ignore[arg-type]


def acknowledged(**changes: object) -> Acknowledgement:
    """What a person knows of a camera for eight hours."""
    values: dict[str, object] = {
        "id": "k7", "fingerprint": "rtp.missed", "camera": "lobby", "origin": Origin.INPUT, "at": NOW,
        "until": NOW + timedelta(hours=8), "ceiling_per_min": 50.0, "by": "anna", "note": "the switch is replaced",
    }  # fmt: skip
    return Acknowledgement(**(values | changes))  # type: ignore[arg-type]


def incident(*cameras: str, **changes: object) -> Incident:
    """One that goes on since two minutes."""
    values: dict[str, object] = {
        "id": "i1", "key": "exit:refused", "text": f"the RTSP server on this host refused, {len(cameras)} cameras",
        "action": "Look whether it runs.", "severity": Severity.CRITICAL, "cameras": cameras,
        "since": NOW - timedelta(minutes=2), "last": NOW - timedelta(seconds=4), "over_at": None,
    }  # fmt: skip
    return Incident(**(values | changes))  # type: ignore[arg-type]


def findings_page(*rows: ExplainedFinding, **changes: object) -> FindingsPage:
    """A page of these."""
    acknowledgements = tuple(row.acknowledgement for row in rows if row.acknowledgement is not None)
    values: dict[str, object] = {"at": NOW, "rows": rows, "incidents": (), "acknowledgements": acknowledgements}
    return FindingsPage(**(values | changes))  # type: ignore[arg-type]


def camera_details(id: str) -> CameraDetails:  # noqa: A002 (the model's word)
    """What the service says about a camera beyond its row."""
    samples = (46.7, 46.5, 46.5, 46.7, 46.8, 46.8)
    return CameraDetails(
        id,
        f"rtsp://camera.example:556/{id}",
        "h264",
        ("ffmpeg", "-hide_banner", "-i", f"/run/vmstui/{id}.ffconcat", "-map", "0:v:0", "-c:v", "libx265"),
        Stability(samples, 46.5, 46.8, 46.67, StabilityVerdict.VERY_STABLE),
        (),
        (Event(NOW, id, EventKind.START, "worker started, PID 101613"),),
        f"/var/lib/vmstui/log/{id}.log",
        f"/srv/recordings/.spool/{id}/1",
    )


def measured_by(
    subject: str,
    since: datetime,
    until: datetime,
    width: int,
    columns: dict[str, Callable[[float], tuple[float, float, float] | None]],
) -> Measured:
    """An answer as a recorder would give it, of functions of the time since the epoch."""
    span_s = (until - since).total_seconds()
    tier_s = 1 if span_s / width < 10 else 10 if span_s / width < 60 else 60
    step_s = tier_s * max(1, math.ceil(span_s / width / tier_s))
    first_s = since.timestamp() // step_s * step_s
    times = [first_s + step_s * number for number in range(math.ceil((until.timestamp() - first_s) / step_s))]
    made: list[Column] = []
    for name, function in columns.items():
        found = [function(at_s) for at_s in times]
        low, mean, high = (tuple(None if one is None else one[side] for one in found) for side in range(3))
        if any(one is not None for one in found):
            made.append(Column(name, low, mean, high))
    begun, ended = (datetime.fromtimestamp(at_s, UTC) for at_s in (first_s, first_s + step_s * len(times)))
    return Measured(subject, begun, ended, step_s, tier_s, tuple(made), NOW - timedelta(days=30))


STAGE_SHARES = tuple(
    StageShare(stage, percent)
    for stage, percent in (
        (Stage.DEMUX, 0.5),
        (Stage.DECODE, 5.1),
        (Stage.FILTER, 1.9),
        (Stage.ENCODE_RECORDING, 8.4),
        (Stage.ENCODE_LIVE, 7.0),
        (Stage.MUX, 0.4),
        (Stage.OTHER, 0.1),
    )
)
"""Of the worker of a report: 23.4 % in all."""


def page_of(
    camera: str,
    segments: tuple[Segment, ...],
    gaps: tuple[Gap, ...],
    locks: tuple[Lock, ...],
    before: datetime | None,
    after: datetime | None,
    limit: int,
) -> FootagePage:
    """A page of segments that are given newest first, as the recorder would give it."""
    if after is not None:
        found = [segment for segment in segments if segment.ended_at > after]
        kept, newer = found[-limit:], len(found) > limit
        older = bool(kept) and kept[-1] != segments[-1]
    else:
        found = [segment for segment in segments if before is None or segment.started_at < before]
        kept, older = found[:limit], len(found) > limit
        newer = len(found) < len(segments)
    since = kept[-1].started_at if kept else NOW
    touched = tuple(gap for gap in gaps if gap.ended_at > since)
    return FootagePage(camera, tuple(kept), touched, locks, days_of(segments), older=older, newer=newer)


def days_of(segments: tuple[Segment, ...]) -> tuple[FootageDay, ...]:
    """Their days in UTC, newest first."""
    found: dict[datetime, list[Segment]] = {}
    for segment in segments:
        found.setdefault(segment.started_at.replace(hour=0, minute=0, second=0, microsecond=0), []).append(segment)
    return tuple(
        FootageDay(day, len(of), sum(one.duration_s for one in of), sum(one.size_bytes for one in of), 1, 41.0)
        for day, of in found.items()
    )


@dataclass
class FakeRecorder:
    """Sends what `send` is given, remembers what it was asked."""

    calls: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    lines: list[LogLine] = field(default_factory=list)
    past: dict[str, tuple[float, ...]] = field(default_factory=dict)
    long_past: CpuPast | None = None
    """None: a recorder that keeps no history."""
    closed_segments: tuple[Segment, ...] = ()
    """Newest first."""
    gaps: tuple[Gap, ...] = ()
    locks: list[Lock] = field(default_factory=list)
    pages: list[tuple[datetime | None, datetime | None]] = field(default_factory=list)
    """What was asked for of the footage: before, after."""
    events: tuple[Event, ...] = ()
    history_questions: list[tuple[str | None, int]] = field(default_factory=list)
    footage_report: FootageReport | None = None
    """None: a recorder that does not know the question."""
    footage_questions: int = 0
    gap_questions: list[str] = field(default_factory=list)
    stopped: asyncio.Event | None = None
    """Set by a test in which stopping takes its time, once it is done."""
    sending: asyncio.Event | None = None
    """Set by a test in which the request to stop takes its time to get out, once it may."""
    left: LeftBehind | None = field(default_factory=lambda: LeftBehind((), 0))
    """What stopping leaves; None: it dies before it can say."""
    projection: StorageProjection | None = None
    """None: it is not known yet."""
    storage_questions: int = 0
    measured: Callable[[str, datetime, datetime, int], Measured] | None = None
    """Answers about what was measured; None: a recorder that does not know the question."""
    measured_questions: list[tuple[str, datetime, datetime | None, int]] = field(default_factory=list)
    stage_reason: str | None = ""
    """Why there is no breakdown by stages; None: a recorder that does not know the question."""
    refuses: str = ""
    """Sentence with which every request is refused."""
    reachable: bool = True
    connections: int = 0
    closed: bool = False
    missed: int = 0
    """Lines that the next answer about the log says were missed."""
    log_questions: list[tuple[str | None, int]] = field(default_factory=list)
    explained_questions: int = 0
    meanings: dict[str, tuple[str, Severity]] = field(default_factory=dict)
    """By text, which message a line is and how bad."""
    page: FindingsPage | None = None
    """None: a recorder that does not know the question."""
    finding_questions: list[str | None] = field(default_factory=list)
    acknowledged: list[tuple[str, str, str | None, float | None, float | None, str]] = field(default_factory=list)
    runs: list[RunLog] = field(default_factory=list)
    """That are over, newest first."""
    run_questions: list[tuple[str, int]] = field(default_factory=list)
    _waiting: asyncio.Queue[RecorderSnapshot | None] = field(default_factory=asyncio.Queue)

    def send(self, snapshot: RecorderSnapshot) -> None:
        """Let the next snapshot be this one."""
        self._waiting.put_nowait(snapshot)

    def lose(self) -> None:
        """Break the connection; `reachable` says whether it can be made again."""
        self._waiting.put_nowait(None)

    async def snapshots(self) -> AsyncIterator[RecorderSnapshot]:
        self.connections += 1
        if not self.reachable:
            raise RecorderLost("nothing listens on /run/vmstui/control.sock.")
        while (snapshot := await self._waiting.get()) is not None:
            yield snapshot
        raise RecorderLost("the service closed the connection.")

    async def details(self, camera: str) -> CameraDetails:
        return camera_details(camera)

    async def samples(self, seconds: int, *, own: bool = False) -> dict[str, tuple[float, ...]]:
        return self.past

    async def cpu_past(self, seconds: int, step_s: int) -> CpuPast:
        if self.long_past is None:
            raise RecorderError("the recorder does not know cpu_past")
        return self.long_past

    async def stages(self, camera: str, seconds: int) -> StageBreakdown:
        if self.stage_reason is None:
            raise RecorderError("unknown method 'stages'")
        if self.stage_reason:
            return StageBreakdown(camera, 101613, None, 0.0, 0.0, (), self.stage_reason)
        return StageBreakdown(camera, 101613, NOW, float(seconds), 23.4, STAGE_SHARES, "")

    async def logs(
        self, camera: str | None, after: int, limit: int, *, explain: bool = False, newest: bool = False
    ) -> LogPage:
        self.log_questions.append((camera, after))
        self.explained_questions += explain
        kept = [line for line in self.lines if line.seq > after and camera in {None, line.camera}]
        page = kept[:limit] if after and not newest else kept[-limit:]
        if explain:
            found = [self.meanings.get(line.text, ("", None)) for line in page]
            page = [
                replace(line, message=message, severity=severity)
                for line, (message, severity) in zip(page, found, strict=True)
            ]
        missed, self.missed = self.missed, 0
        missed += len(kept) - len(page) if after and newest else 0
        return LogPage(tuple(page), page[-1].seq if page else after, missed)

    async def findings(self, camera: str | None) -> FindingsPage:
        self.finding_questions.append(camera)
        if self.page is None:
            raise RecorderError("unknown method 'findings'; known: details, samples")
        return replace(self.page, rows=tuple(row for row in self.page.rows if camera in {None, row.finding.camera}))

    async def acknowledge(
        self,
        camera: str,
        fingerprint: str,
        origin: str | None,
        for_s: float | None,
        ceiling_per_min: float | None,
        note: str,
    ) -> Acknowledgement:
        self.acknowledged.append((camera, fingerprint, origin, for_s, ceiling_per_min, note))
        if self.refuses:
            raise RecorderError(self.refuses)
        until = None if for_s is None else NOW + timedelta(seconds=for_s)
        about = None if origin is None else Origin(origin)
        return Acknowledgement("k7", fingerprint, camera, about, NOW, until, ceiling_per_min, "anna", note)

    async def unacknowledge(self, acknowledgement: str) -> Acknowledgement:
        self._request("unacknowledge", (acknowledgement,))
        return acknowledged(id=acknowledgement)

    async def run_log(self, camera: str, back: int, limit: int) -> RunLog:
        self.run_questions.append((camera, back))
        if back > len(self.runs):
            raise RecorderError(f"no log is kept of the run {back} before the present one of {camera}; kept: none")
        return self.runs[back - 1]

    async def browse(self, camera: str, before: datetime | None, after: datetime | None, limit: int) -> FootagePage:
        self.pages.append((before, after))
        if self.refuses:
            raise RecorderError(self.refuses)
        return page_of(camera, self.closed_segments, self.gaps, tuple(self.locks), before, after, limit)

    async def days(self, camera: str, limit: int) -> tuple[FootageDay, ...]:
        return days_of(self.closed_segments)[:limit]

    async def gaps_since(self, camera: str, since: datetime, limit: int) -> tuple[Gap, ...]:
        self.gap_questions.append(camera)
        if self.footage_report is None:
            raise RecorderError("unknown method 'gaps'")
        found = sorted(self.gaps, key=lambda gap: gap.started_at, reverse=True)
        return tuple(gap for gap in found if gap.camera == camera and gap.ended_at > since)[:limit]

    async def lock(self, camera: str, since: datetime, until: datetime, note: str) -> LockedFootage:
        self._request("lock", (camera, since.isoformat(), until.isoformat(), note))
        self.locks.append(Lock(len(self.locks) + 1, camera, since, until, note, "anna", NOW))
        return LockedFootage(self.locks[-1], 2, 38 * MIB)

    async def unlock(self, number: int) -> None:
        self._request("unlock", (str(number),))
        self.locks = [lock for lock in self.locks if lock.id != number]

    async def storage(self) -> StorageProjection:
        self.storage_questions += 1
        if self.projection is None:
            raise RecorderError("the catalogue is being filled")
        return self.projection

    async def footage(self) -> FootageReport:
        self.footage_questions += 1
        if self.footage_report is None:
            raise RecorderError("unknown method 'footage'")
        return self.footage_report

    async def history(self, camera: str | None, limit: int) -> tuple[Event, ...]:
        self.history_questions.append((camera, limit))
        return tuple(event for event in self.events if camera in {None, event.camera})[-limit:]

    async def telemetry(self, subject: str, since: datetime, until: datetime | None, width: int) -> Measured:
        self.measured_questions.append((subject, since, until, width))
        if self.measured is None:
            raise RecorderError("unknown method 'telemetry'; known: details, samples")
        return self.measured(subject, since, until or NOW, width)

    async def start(self, cameras: tuple[str, ...]) -> None:
        self._request("start", cameras)

    async def stop(self, cameras: tuple[str, ...]) -> None:
        self._request("stop", cameras)

    async def restart(self, cameras: tuple[str, ...]) -> None:
        self._request("restart", cameras)

    async def shutdown(self, asked: Callable[[], None]) -> LeftBehind:
        if self.sending is not None:
            await self.sending.wait()
        if not self.reachable:
            raise RecorderLost("nothing listens on /run/vmstui/control.sock.")
        self._request("shutdown", ())
        asked()
        if self.stopped is not None:
            await self.stopped.wait()
        if self.left is None:
            raise RecorderLost("the recorder hung up.")
        return self.left

    async def close(self) -> None:
        self.closed = True

    def _request(self, verb: str, cameras: tuple[str, ...]) -> None:
        self.calls.append((verb, cameras))
        if self.refuses:
            raise RecorderError(self.refuses)
