"""What a report is made from, made up: that of the hand-written one after a day, and what a test needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.tui.fakes import MIB, NOW, STAGE_SHARES, camera, camera_details, log_line, recorder_snapshot, segment
from tests.unit.bench_examples import result as bench_result
from tests.unit.findings_examples import finding, page, row
from vmstui.capacity.projection import given
from vmstui.capacity.words import Limit, Resource
from vmstui.codec import Json, to_json
from vmstui.footage import Gap, GapCause, SegmentVerdict
from vmstui.footage_accounts import Account
from vmstui.live_check import LiveCheck
from vmstui.logged import LogLevel
from vmstui.measured import Column, Measured
from vmstui.model import Event, EventKind, Stability, StabilityVerdict
from vmstui.report.gathered import Absence, Gathered, OfCamera, OfProcess, recordings
from vmstui.stages import StageBreakdown

DAY = timedelta(hours=24)
SINCE = NOW - DAY
STEP_S = 120
POINTS = 720
HOSTILE = "a|b `c` *d* _e_ <script>alert(1)</script> [x](javascript:y) &lt; \x1b[2J\u202e"
"""What a camera may be called."""
LAYOUTS: Json = to_json(bench_result())
"""As `vmstui bench` leaves it, with the figures of the hand-written report."""


def measured(subject: str, cpu: Callable[[int], float | None], rss: Callable[[int], float | None]) -> Measured:
    """A day, by the number of each point."""

    def column(name: str, values: Sequence[float | None]) -> Column:
        return Column(name, tuple(values), tuple(values), tuple(values))

    numbers = range(POINTS)
    columns = (
        column("cpu_percent", [cpu(number) for number in numbers]),
        column("rss_bytes", [rss(number) for number in numbers]),
        column("warnings_per_s", [0.0 for _ in numbers]),
    )
    return Measured(subject, SINCE, NOW, STEP_S, 60, columns)


def of_camera(name: str, **changes: object) -> OfCamera:
    """A camera that is well, after a day."""
    segments = [replace(segment(name, 3.0 + 3 * number), fps=15.0) for number in range(480)]
    account = Account(name, SINCE, NOW, 86_400.0, 0.0, 0.0, 0)
    values: dict[str, object] = {
        "camera": camera(name, started_at=SINCE - timedelta(hours=1)),
        "details": camera_details(name),
        "measured": measured(name, lambda number: 23.4 + 0.1 * (number % 3), lambda _: 122.0 * MIB),
        "recordings": recordings(segments, (), account),
        "events": (Event(SINCE - timedelta(hours=1), name, EventKind.START, "worker started"),),
        "stages": StageBreakdown(name, 101613, NOW, 30.0, 23.4, STAGE_SHARES, ""),
        "live": LiveCheck(
            name, NOW, f"rtsp://127.0.0.1:8554/{name}", "h264", 1920, 1080, 25.0, 3_000_000, 0.42, 4.0, 100
        ),
    }
    return OfCamera(**(values | changes))  # type: ignore[arg-type]


def gathered(*cameras: OfCamera, **changes: object) -> Gathered:
    """A recorder that is well, over a day."""
    shown = cameras or (of_camera("gate"), of_camera("yard"))
    together = Stability((46.7, 46.5, 46.5, 46.7, 46.8, 46.8), 46.5, 46.8, 46.7, StabilityVerdict.VERY_STABLE)
    snapshot = recorder_snapshot(*(one.camera for one in shown), stability=together, started_at=SINCE - DAY)
    values: dict[str, object] = {
        "since": SINCE,
        "until": NOW,
        "asked_since": SINCE,
        "zone": UTC,
        "snapshot": snapshot,
        "cameras": shown,
        "together": measured("@all", lambda number: 46.7 + 0.1 * (number % 3), lambda _: 300.0 * MIB),
        "processes": (OfProcess("service", 900, SINCE - DAY, measured("@service", lambda _: 0.7, lambda _: 38e6)),),
        "capacity": given(23.4, Limit(Resource.CPU, 205.0, why="as asked"), 2),
        "lines": (),
    }
    return Gathered(**(values | changes))  # type: ignore[arg-type]


def loss(name: str, at: datetime, length_s: float = 12.0, detail: str = "closed the stream") -> Gap:
    """A gap by the camera's fault."""
    return Gap(name, at, length_s, GapCause.CAMERA, detail)


def ill() -> Gathered:
    """Everything that can be wrong at once, with names and texts that mean harm."""
    gap = loss("gate", NOW - timedelta(hours=5), 90.0, HOSTILE)
    broken = replace(segment("gate", 300.0), verdict=SegmentVerdict.BROKEN, reason=HOSTILE)
    account = Account("gate", SINCE, NOW, 86_310.0, 90.0, 0.0, 1)
    one = of_camera(
        "gate",
        camera=camera("gate", name=HOSTILE),
        recordings=recordings([segment("gate"), broken], [gap], account),
        live=LiveCheck("gate", NOW, "rtsp://127.0.0.1:8554/gate", reason=HOSTILE),
        details=replace(camera_details("gate"), command=("ffmpeg", "-i", HOSTILE, "``` x")),
        stages=StageBreakdown("gate", 1, None, 0.0, 0.0, (), HOSTILE),
        events=(Event(NOW - timedelta(hours=5), "gate", EventKind.EXIT, HOSTILE, measured="exit 1"),),
    )
    return gathered(
        one,
        lines=(log_line(1, HOSTILE, LogLevel.ERROR, "gate"), log_line(2, "- 1. # x", LogLevel.WARNING, "gate")),
        absences=(Absence(NOW - timedelta(hours=2), NOW - timedelta(hours=1), True),),
        troubles=(HOSTILE,),
        findings=page(row(finding(HOSTILE, text=HOSTILE), cause=HOSTILE, action=HOSTILE)),
        layouts={"layouts": HOSTILE},
        capacity=HOSTILE,
    )
