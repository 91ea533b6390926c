"""`make pictures`: the screens of the README, taken of a real recorder over simulated cameras, some of them in trouble.

    python -m tests.tui.pictures docs/pictures

Takes a minute or two: the faults have to happen. The day before them is only written into the catalogue, so that the
strips have something to show.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.integration.harness import PASSWORD, Recorder, make_cache
from tests.tui.fake_fleet import tidy
from vmstui.control.client import Client
from vmstui.footage import Gap, GapCause, Segment, SegmentVerdict
from vmstui.live.simulated import CameraSpec, SimulatedCameras
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.tui.app import Dashboard

SCREENS = (("fleet-80x24", (80, 24), ()), ("fleet-160x45", (160, 45), ("down", "down", "l", "a")))
CAMERAS = (
    ("duc_tai_dendo_1", "Duc Tai Dendo 1", "reencode_small"),
    ("duc_tai_dendo_2", "Duc Tai Dendo 2", "source"),
    ("lobby", "Lobby", "source"),
    ("loading_dock", "Loading dock", "source"),
    ("gate_north", "Gate north", "source"),
    ("car_park", "Car park", "source"),
)
WRONG_PASSWORD, GONE = "gate_north", "car_park"
HISTORY_S = 45.0
"""So that the sparks and the six samples have something to show."""
STARTING_S = 15.0
DAY_S, SEGMENT_S, SIZE_BYTES = 25 * 3600.0, 180.0, 19_000_000
MISSING = {
    "duc_tai_dendo_2": ((9.1, 14.2, GapCause.NETWORK, "the connection was reset"),),
    "loading_dock": ((13.0, 4200.0, GapCause.OFF, "stopped by anna"),),
    "car_park": (
        (20.2, 5400.0, GapCause.NETWORK, "No route to host"),
        (3.4, 31.4, GapCause.CAMERA, "the camera sent nothing for 31 s"),
    ),
}
"""Of the day before: hours ago, seconds, cause and why."""


def main() -> int:
    """Write the pictures into the folder that is named."""
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="vms-") as name:
        folder = Path(name)
        ffmpeg = str(folder / "ffmpeg")  # a short path, and nobody's own
        os.symlink(make_cache(folder / "cache"), ffmpeg)
        specs = [
            CameraSpec(
                camera,
                size=(640, 360),
                username="admin",
                password="another" if camera == WRONG_PASSWORD else PASSWORD,
            )
            for camera, _, _ in CAMERAS
        ]
        (folder / "cameras").mkdir()
        recorder = Recorder(folder / "srv", folder / "cache")
        with SimulatedCameras(ffmpeg, folder / "cameras", specs) as sources:
            _configure(recorder, sources, ffmpeg)
            _day_before(recorder)
            try:
                recorder.start()
                for camera, _, _ in CAMERAS:
                    if camera != WRONG_PASSWORD:
                        recorder.wait_recording(camera)
                sources.close(GONE)
                time.sleep(HISTORY_S)
                for file, size, keys in SCREENS:
                    (target / f"{file}.svg").write_text(asyncio.run(_take(recorder, size, keys)), encoding="utf-8")
            finally:
                recorder.stop()
    return 0


async def _take(recorder: Recorder, size: tuple[int, int], keys: tuple[str, ...]) -> str:
    """One screen, after these keys."""
    app = Dashboard(Client(recorder.socket))
    async with app.run_test(size=size) as pilot:
        await asyncio.sleep(3)
        for key in keys:
            await pilot.press(key)
        await asyncio.sleep(2)
        picture = tidy(app.export_screenshot(title="vmstui"))
        app.exit()
    return picture


def _day_before(recorder: Recorder) -> None:
    """Catalogue a day of segments that are not there, and the gaps between them; no gap before the recorder's own."""
    now = datetime.now(UTC) + timedelta(seconds=STARTING_S)
    with Catalogue.open(recorder.folder / "state" / FILE_NAME) as catalogue:
        for camera, name, _ in CAMERAS:
            gaps = tuple(
                Gap(camera, now - timedelta(hours=hours), length_s, cause, why)
                for hours, length_s, cause, why in MISSING.get(camera, ())
            )
            catalogue.add(_segments(recorder.recordings / name.replace(" ", "_"), camera, now, gaps), gaps)
        catalogue.filled()  # else it would be held against the recordings


def _segments(folder: Path, camera: str, now: datetime, gaps: tuple[Gap, ...]) -> list[Segment]:
    """Of the day, up to gaps and from their ends on."""
    found: list[Segment] = []
    at, number = now - timedelta(seconds=DAY_S), 0
    for end, next_at in [*((gap.started_at, gap.ended_at) for gap in gaps), (now, now)]:
        while at < end:
            length_s = min(SEGMENT_S, (end - at).total_seconds())
            path = str(folder / f"{at:%Y-%m-%d}" / f"{folder.name}_{at:%Y%m%d_%H%M%S}.mp4")
            # Of no generation: those of the recorder begin with 1.
            found.append(Segment(camera, 0, path, at, length_s, SIZE_BYTES, "h265", 1920, 1080, SegmentVerdict.GOOD,
                                 number=number))  # fmt: skip
            at, number = at + timedelta(seconds=length_s), number + 1
        at = next_at
    return found


def _configure(recorder: Recorder, sources: SimulatedCameras, ffmpeg: str) -> None:
    lines = [
        f"recordings: {recorder.recordings}",
        "segment: {length: 15s}",
        "retention: {min_free: 16M}",
        "capacity: {cpu_budget: 205%}",
        "live: {listen: '127.0.0.1:0'}",
        f"ffmpeg: {ffmpeg}",
        "profiles:",
        "  reencode_small:",
        "    recording: {codec: h265, encoder: nvenc, bitrate: 400k}",
        "    live: {codec: h264, encoder: auto, size: 640x360, bitrate: 500k}",
        "cameras:",
    ]
    for camera, name, profile in CAMERAS:
        lines += [
            f"  - id: {camera}",
            f"    name: {name}",
            f"    url: {sources.url(camera)}",
            "    username: admin",
            "    password: {file: password}",
            f"    profile: {profile}",
        ]
    recorder.config.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
