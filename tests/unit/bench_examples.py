"""A result of the layout bench as the report of an owner has it, and what it is made of."""

from __future__ import annotations

from datetime import UTC, datetime

from vmstui.bench.rounds import differences, summarised
from vmstui.bench.words import FORMAT, BenchResult, Layout, LeftOut, Setting, Source, Turn

CAMERAS = 2
AT = datetime(2025, 10, 20, 7, 56, tzinfo=UTC)
ENCODERS = {
    Layout.SEPARATE_SOFTWARE: "libx265 + libx264",
    Layout.SEPARATE_BEST: "hevc_nvenc + h264_nvenc",
    Layout.SINGLE: "hevc_nvenc + h264_nvenc",
    Layout.SINGLE_COPY: "copy + copy",
}
PERCENTS = {
    Layout.SEPARATE_SOFTWARE: (188.1, 190.0, 187.0),
    Layout.SEPARATE_BEST: (80.3, 80.5, 80.1),
    Layout.SINGLE: (46.7, 46.5, 46.8),
    Layout.SINGLE_COPY: (1.0, 1.1, 0.9),
}


def turn(layout: Layout, round_: int, percent: float, speed: float = 1.0) -> Turn:
    """Ten seconds of both cameras."""
    processes = CAMERAS * (2 if layout.separate else 1)
    return Turn(layout, round_, 10.0, percent / 10.0 * speed, percent / 10.0, processes, processes * 50_000_000, speed)


def turns() -> tuple[Turn, ...]:
    """Three rounds of all layouts."""
    return tuple(
        turn(layout, number, percents[number - 1]) for number in (1, 2, 3) for layout, percents in PERCENTS.items()
    )


def result(found: tuple[Turn, ...] | None = None, left_out: tuple[LeftOut, ...] = ()) -> BenchResult:
    """Phase 1 and phase 3 of `seed_phase3_results.md`, under a budget of 205 %."""
    measured = turns() if found is None else found
    return BenchResult(
        format=FORMAT,
        setting=Setting(
            at=AT,
            host="nvr",
            machine="AMD EPYC, 2 cores",
            ffmpeg="9.0.2 (embedded)",
            version="0.2.0",
            simulated=False,
            profile="reencode",
            recording="H.265, 1.5 Mbit/s",
            live="H.264, 1920x1080, 3 Mbit/s",
            rounds=3,
            window_s=10.0,
            budget_percent=205.0,
            budget_why="capacity.cpu_budget",
        ),
        sources=(
            Source("duc_tai_dendo_1", "h264", 1280, 720, 15.0, 2_000_000),
            Source("duc_tai_dendo_2", "h264", 1280, 720, 15.0, 2_000_000),
        ),
        layouts=summarised(measured, CAMERAS, ENCODERS, lambda percent: int(205 / percent)),
        differences=differences(measured),
        left_out=left_out,
        turns=measured,
    )
