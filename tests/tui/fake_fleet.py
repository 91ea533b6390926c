"""A fleet that lives without any camera: the dashboard over invented data, to look at it and to take its pictures.

    python -m tests.tui.fake_fleet --cameras 12
    python -m tests.tui.fake_fleet --cameras 2 --well --svg picture.svg --size 80x24 --keys enter

Faults happen as they do in life: a camera that refuses its password, one that cannot be reached, one that stalls now
and then, a live stream that is down, software encoding where the GPU gave up. `--log-lines` writes so many a second.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import math
import random
import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.cells import cell_len

from tests.tui import fake_findings
from tests.tui.fakes import STAGE_SHARES, measured_by, page_of
from vmstui.configured import OutputKind
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.findings import Acknowledgement, FindingsPage, Severity
from vmstui.footage import Gap, GapCause, Lock, Segment, SegmentVerdict
from vmstui.footage_accounts import (
    Account,
    CameraFootage,
    CellKind,
    Cells,
    FootageDay,
    FootagePage,
    FootageReport,
    LockedFootage,
)
from vmstui.logged import LogLevel, LogLine, LogPage, RunLog
from vmstui.measured import CpuPast, DiskNow, EncoderSession, GpuNow, MachineNow, Measured
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
from vmstui.stages import StageBreakdown
from vmstui.storage import CameraStorage, StorageProjection

MIB = 1024 * 1024
GIB = 1024 * MIB
NAMES = (
    "Duc Tai Dendo 1", "Duc Tai Dendo 2", "Gate North", "Gate South", "Lobby", "Loading Dock", "Car Park P1",
    "Car Park P2", "Stairs East", "Server Room", "Yard", "Roof", "Canteen", "Corridor 2", "Reception", "Workshop",
)  # fmt: skip
MESSAGES = (
    (LogLevel.WARNING, "rtsp", "max delay reached. need to consume packet"),
    (LogLevel.WARNING, "rtsp", "RTP: missed 12 packets"),
    (LogLevel.ERROR, "h264", "error while decoding MB 57 41, bytestream -7"),
    (LogLevel.WARNING, "hevc", "Could not find ref with POC 37"),
    (LogLevel.INFO, "segment", "Opening '00042.mp4' for writing"),
    (LogLevel.WARNING, "mp4", "Non-monotonic DTS; previous: 43200, current: 43199; changing to 43201."),
    (LogLevel.INFO, "in#0/rtsp", "Missing PPS in sprop-parameter-sets, ignoring"),
    (LogLevel.UNKNOWN, "", "    Last message repeated 3 times"),
)
EXPLAINED = {
    "RTP: missed 12 packets": ("rtp_missed", Severity.DEGRADED),
    "Missing PPS in sprop-parameter-sets, ignoring": ("missing_pps", Severity.BENIGN),
    "Non-monotonic DTS; previous: 43200, current: 43199; changing to 43201.": ("non_monotonic", Severity.BENIGN),
}
SEGMENT_S = 180.0
CONFIG = "/etc/vmstui/vmstui.yaml"
COMMAND = """
ffmpeg -nostdin -hide_banner -loglevel level+info -progress /run/vmstui/CAMERA.progress -hwaccel cuda
-hwaccel_output_format cuda -protocol_whitelist file,rtsp,rtp,udp,tcp,tls,crypto,data -safe 0 -f concat
-i /run/vmstui/CAMERA.ffconcat -map 0:v:0 -c:v hevc_nvenc -preset p4 -b:v 1500k -f segment -segment_time 180
-segment_atclocktime 1 -segment_list_type csv /srv/recordings/.spool/CAMERA/1/%05d.mp4 -map 0:v:0
-vf scale_cuda=1920:1080 -c:v h264_nvenc -b:v 3000k -f fifo -fifo_format rtsp -format_opts rtsp_transport=tcp
rtsp://127.0.0.1:8554/CAMERA
"""


class FakeFleet:
    """A `Recorder` that invents everything; time is real, or frozen at `at` for pictures."""

    def __init__(self, count: int, *, well: bool = False, log_lines_per_s: float = 2.0, at: datetime | None = None):
        self._random = random.Random(7)
        self._frozen = at
        self._started_at = (at or datetime.now(UTC)) - timedelta(hours=3, minutes=2)
        self._log_rate = log_lines_per_s
        self._lines: deque[LogLine] = deque(maxlen=50_000)
        self._seq = 0
        self._wrote_at = self._now()
        self._stopped: set[str] = set()
        self._restarted: dict[str, tuple[datetime, int]] = {}
        self._ended = False
        self._locks: list[Lock] = []
        self._well = well
        self.common: tuple[str, ...] = ()
        """Cameras whose live stream is refused."""
        self._acknowledged: list[tuple[Acknowledgement, str]] = []
        self.ids = [f"cam_{number + 1:02d}" for number in range(count)]
        self.names = [NAMES[n] if n < len(NAMES) else f"Camera {n + 1:03d}" for n in range(count)]
        self.config = CONFIG
        self.film: str | None = None
        self._write(200)

    def _now(self) -> datetime:
        return self._frozen or datetime.now(UTC)

    # ------------------------------------------------------------------------------------------------ what is seen

    async def snapshots(self) -> AsyncIterator[RecorderSnapshot]:
        while not self._ended:
            yield self.snapshot()
            await asyncio.sleep(1.0)
        raise RecorderLost("the service has ended.")

    def snapshot(self) -> RecorderSnapshot:
        """The fleet as it is now."""
        now = self._now()
        found = self._findings(now)
        cameras = tuple(fake_findings.with_worst(self._camera(n, now), found) for n in range(len(self.ids)))
        cpu = sum(camera.sample.cpu_percent for camera in cameras if camera.sample)
        return RecorderSnapshot(
            now, "vms-1", "0.1.0", self.config, "local", ProcessSnapshot(900, "running"),
            ProcessSnapshot(901, "running", address="rtsp://127.0.0.1:8554"),
            StorageSnapshot("/srv/recordings", True, "", 4000 * 1024 * MIB, 8000 * 1024 * MIB, "/srv"),
            FfmpegInfo("/opt/vmstui/ffmpeg", "9.0.2", "embedded", ("libx264", "libx265", "hevc_nvenc", "h264_nvenc")),
            "", cameras, self._started_at, cpu + 0.4, 205.0 if len(cameras) < 9 else 1600.0, 16,
            (len(cameras) * 118 + 40) * MIB, incidents=found.incidents, machine=self._machine(cameras, now),
        )  # fmt: skip

    @staticmethod
    def _machine(cameras: tuple[CameraSnapshot, ...], now: datetime) -> MachineNow:
        pids = [camera.pid for camera in cameras if camera.pid is not None and not camera.fallback]
        sessions = tuple(EncoderSession(pid, "h265", 1920, 1080, 15) for pid in pids[:8])
        gpu = GpuNow(0, "NVIDIA RTX A2000", 31.0, 41.0, 22.0, 3 * GIB, 6 * GIB, 58.0, 41.0, sessions)
        cores = tuple(20.0 + 4.5 * number for number in range(16))
        disk = DiskNow("sda1", 0.2 * MIB, 2.6 * MIB, 8.1, 4.0, 9.0)
        return MachineNow(now, sum(cores), cores, 2.1, 3.4, 5 * GIB, 16 * GIB, disk, 3.1 * MIB, 0.9 * MIB, 61.0, (gpu,))

    def _fault(self, number: int, now: datetime) -> str:
        if self._well:
            return ""
        if number == 7 and int(now.timestamp()) % 40 < 8:
            return "stalled"
        return {2: "password", 5: "unreachable", 4: "live", 9: "software"}.get(number, "")

    def _camera(self, number: int, now: datetime) -> CameraSnapshot:
        camera_id, name, fault = self.ids[number], self.names[number], self._fault(number, now)
        file_name = name.replace(" ", "_")
        base = CameraSnapshot(
            camera_id, name, CameraState.RECORDING, "", self._started_at, camera_id not in self._stopped, "reencode",
            self._outputs(camera_id, file_name, fault), generation=1,
        )  # fmt: skip
        if camera_id in self._stopped:
            return replace(base, state=CameraState.STOPPED, reason="stopped by a person", since=now, outputs=())
        if fault == "password":
            since = self._started_at + timedelta(minutes=19)
            again = now + timedelta(seconds=600 - now.timestamp() % 600)
            reason = "The camera refused the password of user 'admin' (401 Unauthorized)"
            return replace(base, state=CameraState.AUTH_FAILED, reason=reason, since=since, next_start_at=again)
        if fault == "unreachable":
            left_s = 60 - now.timestamp() % 60
            reason = "No route to 10.20.4.17:554 (No route to host)"
            since = now - timedelta(minutes=43)
            return replace(base, state=CameraState.FAILING, reason=reason, since=since, restarts=14,
                           next_start_at=now + timedelta(seconds=left_s), failing_since=since,
                           generation=15)  # fmt: skip
        started_at, generation = self._restarted.get(camera_id, (self._started_at, 1 + (number % 5 == 3)))
        if (now - started_at).total_seconds() < 2.0:
            return replace(base, state=CameraState.STARTING, since=started_at, generation=generation)
        pid = 101_600 + number * 7 + generation
        if fault == "stalled":
            reason = "No footage for 31 s (limit 30 s); the worker is being ended"
            return replace(base, state=CameraState.STALLED, reason=reason, pid=pid, since=now - timedelta(seconds=4))
        phase = number * 17.0
        age_s = (now.timestamp() + phase) % SEGMENT_S
        opened_at = now - timedelta(seconds=age_s)
        local = opened_at.astimezone()
        level = 61.0 if fault == "software" else 23.4
        wave = math.sin(now.timestamp() / 9 + number) * 1.2 + random.Random(number + now.timestamp()).uniform(-0.4, 0.4)
        last = self._segment(number, opened_at - timedelta(seconds=SEGMENT_S))
        return replace(
            base, pid=pid, started_at=started_at, generation=generation, restarts=generation - 1,
            fallback="software encoders: NVENC has no free session (OpenEncodeSessionEx failed)"
            if fault == "software" else "",
            sample=Sample(now, level + wave, (118 + number % 5) * MIB, 14, 320_000.0, 431_000.0),
            progress=Progress(int((now - started_at).total_seconds() * 15), 15.0, 1.0,
                              (now - started_at).total_seconds(), 0, 0),
            open_segment=OpenSegment(f"{file_name}_{local:%Y%m%d_%H%M%S}.mp4", opened_at, int(age_s * 108_000), now),
            last_segment=last, segments_closed=60, warnings_per_min=(0, 0, 0, 4, 0, 0, 0, 12)[number % 8],
        )  # fmt: skip

    def _outputs(self, camera_id: str, file_name: str, fault: str) -> tuple[OutputHealth, ...]:
        nvenc = fault != "software"
        state = OutputState.UNKNOWN if fault in {"password", "unreachable"} else OutputState.UP
        live = OutputState.DOWN if fault == "live" else state
        why = "the RTSP server refuses it (503); tried again every second, recording is not affected"
        return (
            OutputHealth(OutputKind.RECORDING, state, "h265", "hevc_nvenc" if nvenc else "libx265",
                         f"/srv/recordings/{file_name}"),
            OutputHealth(OutputKind.LIVE, live, "h264", "h264_nvenc" if nvenc else "libx264",
                         f"rtsp://127.0.0.1:8554/{camera_id}", why if fault == "live" else "",
                         1 if live is OutputState.UP else None),
        )  # fmt: skip

    def _segment(self, number: int, started_at: datetime) -> Segment:
        name = self.names[number].replace(" ", "_")
        local = started_at.astimezone()
        path = f"/srv/recordings/{name}/{local:%Y-%m-%d}/{name}_{local:%Y%m%d_%H%M%S}.mp4"
        size_bytes = int((18.4 + (number * 7 + local.minute) % 10 / 10) * MIB)
        return Segment(self.ids[number], 1, self.film or path, started_at, SEGMENT_S, size_bytes, "h265", 1920, 1080,
                       SegmentVerdict.GOOD)  # fmt: skip

    # ---------------------------------------------------------------------------------------------- what is asked

    async def details(self, camera: str) -> CameraDetails:
        number = self.ids.index(camera)
        row = self._camera(number, self._now())
        name = self.names[number].replace(" ", "_")
        noise = random.Random(number)
        values = tuple(round(23.4 + noise.uniform(-0.15, 0.15), 1) for _ in range(6)) if row.sample else ()
        verdict = StabilityVerdict.VERY_STABLE if values else StabilityVerdict.TOO_FEW
        low, high = (min(values), max(values)) if values else (0.0, 0.0)
        mean = sum(values) / len(values) if values else 0.0
        command = tuple(COMMAND.replace("CAMERA", camera).split())
        return CameraDetails(
            camera, f"rtsp://***@{name.lower().replace('_', '')}.example:556/Streaming/Channels/102", "h264", command,
            Stability(values, low, high, mean, verdict), (), self._events(row), f"/var/lib/vmstui/log/{camera}.log",
            f"/srv/recordings/.spool/{camera}/{row.generation}",
        )  # fmt: skip

    async def history(self, camera: str | None, limit: int) -> tuple[Event, ...]:
        rows = [self._camera(self.ids.index(one), self._now()) for one in ([camera] if camera else self.ids)]
        events = (event for row in rows for event in self._events(row))
        return tuple(sorted(events, key=lambda event: event.at))[-limit:]

    def _events(self, row: CameraSnapshot) -> tuple[Event, ...]:
        camera = row.id
        events = [Event(self._started_at, camera, EventKind.START, f"worker started, PID {row.pid or 101_602}")]
        if row.state is CameraState.FAILING:
            events.append(Event(row.since, camera, EventKind.WATCHDOG, "the worker produced nothing", "no_growth",
                                "31 s", "30 s", "ended, next start after back-off"))  # fmt: skip
        if row.state is CameraState.AUTH_FAILED:
            events.append(Event(row.since, camera, EventKind.EXIT, "ffmpeg ended: 401 Unauthorized"))
        if row.fallback:
            events.append(Event(self._started_at, camera, EventKind.FALLBACK, row.fallback))
        return tuple(sorted(events, key=lambda event: event.at))

    async def stages(self, camera: str, seconds: int) -> StageBreakdown:
        return StageBreakdown(camera, 101613, self._now(), float(seconds), 23.4, STAGE_SHARES, "")

    async def cpu_past(self, seconds: int, step_s: int) -> CpuPast:
        percents = {name: values[::step_s] for name, values in (await self.samples(seconds)).items()}
        return CpuPast(self._now(), step_s, dict(percents))

    async def samples(self, seconds: int, *, own: bool = False) -> dict[str, tuple[float, ...]]:
        return {
            camera: tuple(23.4 + math.sin((second - seconds) / 9 + number) * 1.2 for second in range(seconds))
            for number, camera in enumerate(self.ids)
            if self._fault(number, self._now()) not in {"password", "unreachable"}
        }

    async def telemetry(self, subject: str, since: datetime, until: datetime | None, width: int) -> Measured:
        """A day and a night, a restart at every sixth hour, a leak, and a quarter of an hour without a recorder."""
        return measured_by(subject, since, until or self._now(), width, _invented(subject in self.ids))

    def _findings(self, now: datetime) -> FindingsPage:
        if self._well:
            return FindingsPage(now, (), (), ())
        found = fake_findings.page(self.ids, now, common=self.common)
        known = tuple(one for one, _ in self._acknowledged)
        rows = tuple(
            replace(row, acknowledgement=mine[-1], is_quiet=True)
            if (mine := [one for one, camera in self._acknowledged if one.fingerprint == row.finding.fingerprint
                         and camera in {"", row.finding.camera}])
            else row
            for row in found.rows
        )  # fmt: skip
        return replace(found, rows=rows, acknowledgements=(*found.acknowledgements, *known))

    async def findings(self, camera: str | None) -> FindingsPage:
        found = self._findings(self._now())
        return replace(found, rows=tuple(row for row in found.rows if camera in {None, row.finding.camera}))

    async def acknowledge(
        self,
        camera: str,
        fingerprint: str,
        origin: str | None,
        for_s: float | None,
        ceiling_per_min: float | None,
        note: str,
    ) -> Acknowledgement:
        known = fake_findings.acknowledged(camera, fingerprint, origin, self._now(), for_s, ceiling_per_min, note)
        self._acknowledged.append((replace(known, id=f"k{len(self._acknowledged) + 8}"), camera))
        return self._acknowledged[-1][0]

    async def unacknowledge(self, acknowledgement: str) -> Acknowledgement:
        gone = next((one for one, _ in self._acknowledged if one.id == acknowledgement), None)
        if gone is None:
            raise RecorderError(f"nothing is acknowledged under {acknowledgement}")
        self._acknowledged = [(one, camera) for one, camera in self._acknowledged if one is not gone]
        return gone

    async def logs(
        self, camera: str | None, after: int, limit: int, *, explain: bool = False, newest: bool = False
    ) -> LogPage:
        now = self._now()
        due = int((now - self._wrote_at).total_seconds() * self._log_rate)
        if due:
            self._wrote_at = now
            self._write(min(due, 5000))
        kept = [line for line in self._lines if line.seq > after and camera in {None, line.camera}]
        page = kept[:limit] if after and not newest else kept[-limit:]
        if explain:
            meanings = [EXPLAINED.get(line.text, ("", None)) for line in page]
            page = [
                replace(line, message=message, severity=severity)
                for line, (message, severity) in zip(page, meanings, strict=True)
            ]
        missed = len(kept) - len(page) if after and newest else 0
        return LogPage(tuple(page), page[-1].seq if page else max(after, 0), missed)

    def _write(self, count: int) -> None:
        for _ in range(count):
            self._seq += 1
            level, component, text = self._random.choice(MESSAGES)
            camera = self._random.choice(self.ids) if self.ids else ""
            at = self._now() - timedelta(seconds=max(0, 200 - self._seq))
            self._lines.append(LogLine(self._seq, at, camera, 1, level, component, text))

    async def storage(self) -> StorageProjection:
        """Each camera writes 1.5 Mbit/s; a fortnight is promised, and the disk is large enough for it."""
        now, rate = self._now(), 190_000.0
        cameras = tuple(
            CameraStorage(
                camera, True, rate, 86_000.0, False, round(rate * 9 * 86_400), 0, now - timedelta(days=9), 14.0, 14.0,
                "age", 0, "age", now + timedelta(days=5),
            )
            for camera in self.ids
        )  # fmt: skip
        size_bytes = sum(camera.size_bytes for camera in cameras)
        return StorageProjection(
            now, cameras, size_bytes, 0, 4000 * GIB, 8000 * GIB, 400 * GIB, rate * len(cameras), "age", self.ids[0],
            now + timedelta(days=5),
        )  # fmt: skip

    async def run_log(self, camera: str, back: int, limit: int) -> RunLog:
        at = self._started_at - timedelta(hours=back)
        chance = random.Random(back)
        found = [chance.choice(MESSAGES[:7]) for _ in range(min(limit, 400))]
        lines = tuple(LogLine(0, at, camera, 1, *one, *EXPLAINED.get(one[2], ("", None))) for one in found)
        last = LogLine(0, at, camera, 1, LogLevel.ERROR, "in#0/rtsp", "Error during demuxing: Connection timed out")
        return RunLog(camera, 1, (*lines, last), 380, True, at)

    async def browse(self, camera: str, before: datetime | None, after: datetime | None, limit: int) -> FootagePage:
        number = self.ids.index(camera)
        row = self._camera(number, self._now())
        newest = row.last_segment.started_at if row.last_segment else self._now() - timedelta(minutes=50)
        starts = [newest - timedelta(seconds=SEGMENT_S * index + (41 if index >= 4 else 0)) for index in range(900)]
        segments = [self._segment(number, start) for start in starts]
        segments[4] = replace(segments[4], duration_s=97.4, verdict=SegmentVerdict.PARTIAL, size_bytes=9 * MIB,
                              reason="the worker died; playable up to its last fragment")  # fmt: skip
        gap = Gap(camera, segments[4].ended_at, 123.6, GapCause.CAMERA, "the camera closed the stream")
        mine = tuple(lock for lock in self._locks if lock.camera == camera)
        found = page_of(camera, tuple(segments), (gap,), mine, before, after, limit)
        lost = [gap.length_s if gap.started_at >= day.began_at else 0.0 for day in found.days]
        days = (replace(day, losses=int(bool(one)), lost_s=one) for day, one in zip(found.days, lost, strict=True))
        return replace(found, days=tuple(days))

    async def days(self, camera: str, limit: int) -> tuple[FootageDay, ...]:
        return (await self.browse(camera, None, None, 900)).days[:limit]

    async def lock(self, camera: str, since: datetime, until: datetime, note: str) -> LockedFootage:
        self._locks.append(Lock(len(self._locks) + 1, camera, since, until, note, "anna", self._now()))
        return LockedFootage(self._locks[-1], 1, 19 * MIB)

    async def unlock(self, number: int) -> None:
        self._locks = [lock for lock in self._locks if lock.id != number]

    async def footage(self) -> FootageReport:
        now = self._now()
        begun = datetime.fromtimestamp(now.timestamp() // 600 * 600, UTC) - timedelta(hours=23, minutes=50)
        return FootageReport(
            now, begun, 600.0, tuple(self._footage(number, begun, now) for number in range(len(self.ids)))
        )

    async def gaps_since(self, camera: str, since: datetime, limit: int) -> tuple[Gap, ...]:
        now = self._now()
        gaps = self._gaps(self.ids.index(camera), now)
        return tuple(gap for gap in gaps[::-1] if since < gap.ended_at < now)[:limit]

    def _gaps(self, number: int, now: datetime) -> tuple[Gap, ...]:
        """Of the last day, oldest first; the last one of a camera in trouble goes on."""
        camera, fault = self.ids[number], self._fault(number, now)
        found: list[Gap] = []
        if number == 1:
            at = now - timedelta(hours=9, minutes=4)
            found.append(Gap(camera, at, 14.2, GapCause.NETWORK, "the connection was reset"))
        if number == 5:
            at = now - timedelta(hours=12, minutes=30)
            found.append(Gap(camera, at, 4200.0, GapCause.OFF, "stopped by anna"))
        if number == 7:
            at = now - timedelta(hours=3, minutes=30)
            found.append(Gap(camera, at, 31.4, GapCause.CAMERA, "the camera sent nothing for 31 s"))
        if fault in {"password", "unreachable"}:
            began = self._started_at + timedelta(minutes=19) if fault == "password" else now - timedelta(minutes=43)
            detail = "401 Unauthorized" if fault == "password" else "No route to host"
            found.append(Gap(camera, began, (now - began).total_seconds(), GapCause.CAMERA, detail))
        return tuple(found)

    def _footage(self, number: int, begun: datetime, now: datetime) -> CameraFootage:
        camera, gaps = self.ids[number], self._gaps(number, now)
        first = begun + timedelta(hours=4) if number == 2 else begun
        cells = tuple(self._cell(begun + timedelta(seconds=600 * n), first, now, gaps) for n in range(144))
        today, last_day = (self._account(camera, max(since, first), now, gaps)
                           for since in (now - timedelta(hours=8), begun))  # fmt: skip
        return CameraFootage(camera, today, last_day, cells, tuple(gap for gap in gaps if gap.ended_at >= now))

    def _cell(self, since: datetime, first: datetime, now: datetime, gaps: tuple[Gap, ...]) -> Cells:
        if since < first:
            return Cells(1, CellKind.NONE)
        account = self._account("", since, min(since + timedelta(seconds=600), now), gaps)
        if account.lost_s:
            cause = next(gap.cause for gap in gaps if gap.lost and gap.ended_at > since)
            return Cells(1, CellKind.PART if account.recorded_s > 1 else CellKind.LOST, account.lost_s, cause)
        return Cells(1, CellKind.RECORDED if account.recorded_s > 1 else CellKind.OFF)

    def _account(self, camera: str, since: datetime, until: datetime, gaps: tuple[Gap, ...]) -> Account:
        within = [
            (gap.lost, (min(gap.ended_at, until) - max(gap.started_at, since)).total_seconds())
            for gap in gaps
            if gap.started_at < until and gap.ended_at > since
        ]
        lost_s, off_s = (sum(length for lost, length in within if lost is wanted) for wanted in (True, False))
        recorded_s = (until - since).total_seconds() - lost_s - off_s
        return Account(camera, since, until, recorded_s, lost_s, off_s, sum(lost for lost, _ in within))

    async def start(self, cameras: tuple[str, ...]) -> None:
        self._stopped -= set(cameras)
        await self.restart(cameras)

    async def stop(self, cameras: tuple[str, ...]) -> None:
        self._stopped |= set(cameras)

    async def restart(self, cameras: tuple[str, ...]) -> None:
        for camera in cameras:
            self._restarted[camera] = (self._now(), self._restarted.get(camera, (None, 1))[1] + 1)

    async def shutdown(self, asked: Callable[[], None]) -> LeftBehind:
        asked()
        self._ended = True
        return LeftBehind((), 0)

    async def close(self) -> None:
        return None


def _invented(of_camera: bool) -> dict[str, Callable[[float], tuple[float, float, float] | None]]:
    def known(function: Callable[[float], tuple[float, float, float]]) -> Callable[..., Any]:
        return lambda at_s: None if 17_000 < at_s % 43_200 < 17_900 else function(at_s)

    def around(mean: float, by: float, swing: float = 0.0) -> Callable[..., Any]:
        def value(at_s: float) -> tuple[float, float, float]:
            middle = mean + swing * math.sin(at_s / 13_751) + by * 0.4 * math.sin(at_s / 97) * math.sin(at_s / 1031)
            noise = by * (1 + math.sin(at_s / 61) ** 2) / 2
            return max(middle - noise, 0.0), max(middle, 0.0), middle + noise

        return known(value)

    def burst(every_s: float, length_s: float, rate: float) -> Callable[..., Any]:
        return known(lambda at_s: (0.0, 0.0, 0.0) if at_s % every_s > length_s else (0.0, rate, 2 * rate))

    if of_camera:
        return {
            "cpu_percent": around(23.4, 1.5, 2.0), "rss_bytes": around(122.0 * MIB, 2.0 * MIB),
            "fps": around(15.0, 0.4), "dropped_frames_per_s": burst(5_400, 60, 0.3),
            "duplicated_frames_per_s": burst(1e12, 0, 0.0), "write_bytes_per_s": around(190_000.0, 30_000.0, 60_000.0),
            "warnings_per_s": burst(2_700, 120, 0.1),
        }  # fmt: skip
    return {
        "cpu_percent": around(310.0, 40.0, 60.0), "steal_percent": around(2.0, 1.0), "load": around(3.4, 0.8, 0.5),
        "memory_used_bytes": around(5.2 * GIB, 0.1 * GIB), "rss_bytes": around(38.0 * MIB, 1.0 * MIB),
        "received_bytes_per_s": around(3.1 * MIB, 0.4 * MIB), "sent_bytes_per_s": around(0.9 * MIB, 0.3 * MIB),
        "temperature_celsius": around(61.0, 3.0, 5.0), "disk_write_bytes_per_s": around(2.6 * MIB, 1.0 * MIB),
        "disk_write_ms": around(4.0, 3.0), "disk_busy_percent": around(9.0, 4.0),
        "core_0_percent": around(70.0, 20.0), "core_1_percent": around(60.0, 20.0),
        "gpu_0_encoder_percent": around(41.0, 5.0), "gpu_0_encoder_sessions": around(8.0, 0.0),
    }  # fmt: skip


async def _picture(fleet: FakeFleet, options: argparse.Namespace) -> str:
    from vmstui.tui.app import Dashboard

    width, height = (int(part) for part in options.size.split("x"))
    app = Dashboard(fleet, readonly=options.readonly, theme=options.theme, ascii_only=options.ascii)
    async with app.run_test(size=(width, height), notifications=True) as pilot:
        await pilot.pause(options.wait)
        for key in options.keys:
            await pilot.press(key)
            await pilot.pause(0.1)
        await pilot.pause(0.5)
        return tidy(app.export_screenshot(title="vmstui"))


def tidy(svg: str) -> str:
    """Place each word by itself, and a line in pieces that overlap: some renderers trim blanks at the start of a text,
    or know another advance width."""

    def words(match: re.Match[str]) -> str:
        before, x, between, length, after, text = match.groups()
        characters = html.unescape(text)
        cell = float(length) / max(cell_len(characters), 1)
        pieces: list[str] = []
        for word in re.finditer("[━─]{1,8}|[⠁-⣿]|[^\xa0━─⠁-⣿]+", characters):
            start = float(x) + cell * cell_len(characters[: word.start()])
            goes_on = word[0][-1] in "━─" and characters[word.end() : word.end() + 1] == word[0][-1]
            shown = html.escape(word[0]) + (word[0][-1] if goes_on else "")
            pieces.append(f'<text{before}x="{start:.1f}"{between}{after}>{shown}</text>')
        return "".join(pieces)

    svg = svg.replace('"Fira Code"', '"DejaVu Sans Mono", "Fira Code"').replace("Fira Code,", "DejaVu Sans Mono,")
    return re.sub(r'<text([^>]*?)x="([\d.]+)"([^>]*?)textLength="([\d.]+)"([^>]*)>([^<]*)</text>', words, svg)


def main() -> None:
    """Run the dashboard, or save a picture of it."""
    parser = argparse.ArgumentParser(description="The dashboard over an invented fleet.")
    parser.add_argument("--cameras", type=int, default=12)
    parser.add_argument("--well", action="store_true", help="no faults")
    parser.add_argument("--log-lines", type=float, default=2.0, help="log lines a second, all cameras together")
    parser.add_argument("--readonly", action="store_true")
    parser.add_argument("--incident", type=int, default=0, help="so many cameras have one cause in common")
    parser.add_argument("--theme")
    parser.add_argument("--ascii", action="store_true")
    parser.add_argument("--no-mouse", action="store_true")
    parser.add_argument("--wallboard", action="store_true")
    parser.add_argument("--svg", help="write a picture here instead of running")
    parser.add_argument("--size", default="80x24")
    parser.add_argument("--wait", type=float, default=2.5, help="seconds before the keys")
    parser.add_argument("--keys", nargs="*", default=[], help="keys to press before the picture")
    parser.add_argument("--film", help="the file of every segment, for pictures of them")
    parser.add_argument("--config", default=CONFIG, help="the configuration that commands are told")
    options = parser.parse_args()
    fleet = FakeFleet(options.cameras, well=options.well, log_lines_per_s=options.log_lines)
    fleet.film, fleet.config = options.film, options.config
    fleet.common = tuple(fleet.ids[number] for number in (0, 1, 3, 6, 8, 10, 11) if number < options.cameras)[
        : options.incident
    ]
    if options.svg:
        Path(options.svg).write_text(asyncio.run(_picture(fleet, options)), encoding="utf-8")
        return
    from vmstui.cli.dashboard import looks_of, shown

    print(shown(fleet, looks_of(options)).sentence)


if __name__ == "__main__":
    main()
