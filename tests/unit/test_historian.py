"""The history is fed from rings, once, late or not at all; whatever its disk does, the loop does not wait for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from vmstui.logged import LogLevel
from vmstui.measured import ALL, Measured
from vmstui.model import Progress, Sample
from vmstui.recorder.background import Background
from vmstui.recorder.context import Context
from vmstui.recorder.fleet import Fleet
from vmstui.recorder.historian import FIRST_S, PERIOD_S, Historian
from vmstui.recorder.logbook import LogBook
from vmstui.stages import Stage, StageBreakdown, StageShare
from vmstui.telemetry.history_ask import ask
from vmstui.telemetry.history_batch import CAMERA, WARNINGS, Rows, Staged, unpacked
from vmstui.telemetry.history_file import FILE_NAME, HistoryError
from vmstui.telemetry.ring import SAMPLES_KEPT, ReportRing, SampleRing

BEGUN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


class HeldBack:
    """A thread that does nothing until it is let."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def do(self, work: Callable[[], None]) -> None:
        self.waiting.append(work)


@dataclass
class Bench:
    """A historian of one camera, seconds that are made up, and a real file."""

    folder: Path
    do: Callable[[Callable[[], None]], None]
    logbook: LogBook = field(default_factory=lambda: LogBook(2))
    said: list[tuple[LogLevel, str]] = field(default_factory=list)
    total: SampleRing = field(default_factory=SampleRing)
    second: int = 0
    frames: int = 0
    dropped: int = 0
    generation: int = 1

    def __post_init__(self) -> None:
        self.camera = self.new_camera()
        self.fleet = SimpleNamespace(cameras={"gate": self.camera})
        context = SimpleNamespace(state_folder=self.folder, logbook=self.logbook)
        self.historian = Historian(
            cast(Context, context),
            cast(Fleet, self.fleet),
            self.total,
            lambda: "",
            lambda level, text: self.said.append((level, text)),
            self.do,
        )

    def new_camera(self) -> SimpleNamespace:
        camera = SimpleNamespace(id="gate")
        return SimpleNamespace(camera=camera, samples=SampleRing(), reports=ReportRing(), staged=(), process=object())

    def tick(self, seconds: int = 1, fps: int = 10, reports: bool = True) -> None:
        for _ in range(seconds):
            self.second += 1
            at = BEGUN + timedelta(seconds=self.second)
            self.camera.samples.append(Sample(at, 20.0, 100 * 2**20, 9, 0.0, 2.0**20))
            self.total.append(Sample(at, 30.0, 200 * 2**20, 9, 0.0, 2.0**20))
            self.frames += fps
            if reports and self.second % 5 == 0:
                progress = Progress(self.frames, fps, 1.0, self.second, 0, self.dropped)
                warnings = self.logbook.warnings("gate")
                count = self.camera.samples.count
                self.camera.reports.append(count, float(self.second), progress, warnings, self.generation)
            self.historian.tick(float(self.second), None, None)

    def warn(self, times: int) -> None:
        for _ in range(times):
            self.logbook.add(BEGUN, "gate", 1, LogLevel.WARNING, "rtsp", "late")

    def ask(self, subject: str = "gate", *, pending: bool = False) -> Measured:
        since_s, until_s = BEGUN.timestamp(), BEGUN.timestamp() + self.second + 1
        beyond = self.historian.pending(subject) if pending else []
        return ask(self.folder / FILE_NAME, subject, since_s, until_s, until_s, 1000, beyond)

    def known(self, name: str = "cpu_percent", subject: str = "gate", *, pending: bool = False) -> list[float | None]:
        column = self.ask(subject, pending=pending).column(name)
        assert column is not None
        return list(column.mean)


async def settled(bench: Bench) -> None:
    for _ in range(500):
        if not bench.historian._writing:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the batch was never written")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Background().do)


async def minutes(bench: Bench, count: int) -> None:
    for _ in range(count):
        bench.tick(int(PERIOD_S))
        await settled(bench)


async def test_every_second_is_written_once(bench: Bench) -> None:
    await minutes(bench, 5)
    cpu = bench.known()
    written = 300 - int(PERIOD_S - FIRST_S)
    assert cpu[: written + 1].count(20.0) >= written - 5
    assert len(bench.ask().overlaps) == 0
    assert bench.known(pending=True)[1:301] == [20.0] * 300
    fps = bench.known("fps", pending=True)
    assert fps[6:296] == [10.0] * 290
    assert set(bench.known("write_bytes_per_s", pending=True)[1:301]) == {1_049_000.0}  # to four digits
    assert bench.known(subject=ALL, pending=True)[1:301] == [30.0] * 300
    assert bench.said == []


async def test_drops_and_warnings_are_counted_where_they_happened(bench: Bench) -> None:
    bench.tick(30)
    bench.dropped += 10
    bench.warn(5)
    bench.tick(30)
    await settled(bench)
    dropped, warnings = (bench.known(name, pending=True) for name in ("dropped_frames_per_s", "warnings_per_s"))
    assert [at for at, value in enumerate(dropped) if value] == [31, 32, 33, 34, 35]
    assert sum(value or 0 for value in dropped) == pytest.approx(10, rel=1e-3)
    assert sum(value or 0 for value in warnings) == pytest.approx(5, rel=1e-3)


async def test_another_worker_counts_anew(bench: Bench) -> None:
    bench.tick(60)
    bench.generation, bench.frames, bench.dropped = 2, 5, 0
    bench.tick(60)
    await settled(bench)
    fps = [value for value in bench.known("fps", pending=True) if value is not None]
    assert set(fps) == {10.0}
    assert len(fps) >= 105


async def test_warnings_of_workers_that_never_got_far_are_told(bench: Bench) -> None:
    """A camera that is tried again and again: there is no sample, and much that ffmpeg says."""
    bench.camera.process = None
    bench.warn(30)
    for _ in range(70):
        bench.second += 1
        bench.historian.tick(float(bench.second), None, None)
    await settled(bench)
    now_s = time.time()
    column = ask(bench.folder / FILE_NAME, "gate", now_s - 60, now_s + 1, now_s, 60).column("warnings_per_s")
    assert column is not None
    assert (column.known, column.known_s) == ((30.0,), 1.0)


@pytest.mark.parametrize(("over_s", "points"), [(0.2, 1), (20.7, 20), (300.0, 60)])
def test_what_was_said_without_a_sample_is_spread_over_the_time_since_anything_was_handed_over(
    over_s: float, points: int
) -> None:
    at_s = BEGUN.timestamp()
    quantities, found = unpacked(Rows("gate", CAMERA, 0, b"", told=5, warnings=35, at_s=at_s, over_s=over_s))
    rates = found.stats[quantities.index(WARNINGS)][1]
    assert len(rates) == points
    assert sum(rates) == pytest.approx(30.0)
    assert found.times_s[-1] == at_s
    assert found.times_s[0] > at_s - max(over_s, 1)


@pytest.mark.parametrize("asked_for", [1000, 40])
async def test_every_warning_is_told_also_those_before_the_first_report_and_between_two_samples(
    bench: Bench, asked_for: int
) -> None:
    """ffmpeg warns most while it opens the camera, when it has reported nothing yet."""
    bench.warn(3)
    bench.tick(7)
    for _ in range(2):  # two reports, and no sample in between
        bench.warn(4)
        reported = Progress(bench.frames, 10, 1.0, bench.second, 0, 0)
        bench.camera.reports.append(bench.camera.samples.count, 7.5, reported, bench.logbook.warnings("gate"), 1)
    bench.tick(60)
    await settled(bench)
    bench.warn(2)
    bench.tick(55, reports=False)
    await settled(bench)
    since_s, until_s = BEGUN.timestamp(), BEGUN.timestamp() + bench.second + 1
    found = ask(bench.folder / FILE_NAME, "gate", since_s, until_s, until_s, asked_for, bench.historian.pending("gate"))
    column = found.column("warnings_per_s")
    assert column is not None
    assert column.overall is not None
    assert column.overall * column.known_s == pytest.approx(13, rel=2e-3)


@pytest.mark.parametrize("width", [1000, 12])
async def test_what_a_worker_spends_its_cpu_on_is_kept_with_the_time_it_was_measured(bench: Bench, width: int) -> None:
    bench.tick(30)
    shares = (StageShare(Stage.DEMUX, 1.5), StageShare(Stage.DECODE, 12.0))
    at = BEGUN + timedelta(seconds=bench.second)
    breakdown = StageBreakdown("gate", 1, at, 5.0, 13.5, shares, "")
    staged = Staged.of(breakdown)
    assert staged is not None
    bench.camera.staged = (staged,)
    bench.tick(30)
    await settled(bench)
    await minutes(bench, 12)
    since_s, until_s = BEGUN.timestamp(), BEGUN.timestamp() + bench.second + 1
    pending = bench.historian.pending("gate")
    found = ask(bench.folder / FILE_NAME, "gate", since_s, until_s, until_s, width, pending)
    assert found.tier_s == (1 if width == 1000 else 60)
    for name, percent in (("stage_demux_percent", 1.5), ("stage_decode_percent", 12.0)):
        column = found.column(name)
        assert column is not None
        assert column.overall == percent
        assert column.known_s >= 5.0
        first = found.since + timedelta(seconds=found.step_s * column.mean.index(percent))
        assert first <= at
        assert first + timedelta(seconds=found.step_s) > at - timedelta(seconds=5)
    assert found.column("stage_encode_live_percent") is None, "it has none"
    assert found.column("cpu_percent") is not None


def test_a_worker_whose_stages_cannot_be_told_has_none() -> None:
    assert Staged.of(StageBreakdown("gate", 1, None, 0.0, 0.0, (), "no breakdown")) is None


async def test_a_disk_that_hangs_is_not_waited_for_and_given_no_more(tmp_path: Path) -> None:
    held = HeldBack()
    bench = Bench(tmp_path, held.do)
    bench.tick(240)
    assert len(held.waiting) == 1
    await bench.historian.flush()
    assert len(held.waiting) == 1
    held.waiting[0]()
    await settled(bench)
    bench.tick(60)
    held.waiting[1]()
    await settled(bench)
    # All of it: the rings remembered for five minutes.
    assert len([value for value in bench.known(pending=True) if value is not None]) == SAMPLES_KEPT


async def test_a_disk_that_hangs_longer_costs_what_the_rings_forgot(tmp_path: Path) -> None:
    held = HeldBack()
    bench = Bench(tmp_path, held.do)
    bench.tick(600)
    held.waiting[0]()
    await settled(bench)
    bench.tick(60)
    held.waiting[1]()
    await settled(bench)
    known = [at for at, value in enumerate(bench.known(pending=True)) if value is not None]
    assert known[-SAMPLES_KEPT:] == list(range(660 - SAMPLES_KEPT + 1, 661))


async def test_what_cannot_be_written_is_said_once_and_written_when_it_can_be(bench: Bench) -> None:
    path = bench.folder / FILE_NAME
    path.mkdir()
    await minutes(bench, 3)
    path.rmdir()
    await minutes(bench, 1)
    texts = [text for _, text in bench.said]
    assert len(texts) == 2
    assert "history of samples" in texts[0]
    assert texts[1] == "the history of samples is written again"
    assert bench.known(pending=True)[1:241] == [20.0] * 240


async def test_a_damaged_file_is_said_and_replaced(bench: Bench) -> None:
    (bench.folder / FILE_NAME).write_bytes(b"nonsense" * 1000)
    await minutes(bench, 1)
    assert [level for level, text in bench.said if "put aside" in text] == [LogLevel.WARNING]
    assert bench.known(pending=True)[1:61] == [20.0] * 60


async def test_a_camera_that_comes_back_into_the_configuration_is_kept_again(bench: Bench) -> None:
    await minutes(bench, 2)
    bench.camera = bench.new_camera()
    bench.fleet.cameras["gate"] = bench.camera
    await minutes(bench, 2)
    assert bench.known(pending=True)[121:241] == [20.0] * 120


async def test_what_is_left_is_written_at_the_end(bench: Bench) -> None:
    bench.tick(10)
    with pytest.raises(HistoryError):
        bench.ask()
    await bench.historian.flush()
    await settled(bench)
    assert bench.known()[1:11] == [20.0] * 10
