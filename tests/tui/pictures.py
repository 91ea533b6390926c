"""`make pictures`: the screens of the README, taken of a real recorder over simulated cameras, some of them in trouble.

    python -m tests.tui.pictures docs/pictures

Takes a minute or two: the faults have to happen.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.integration.harness import PASSWORD, Recorder, make_cache
from tests.tui.fake_fleet import tidy
from vmstui.control.client import Client
from vmstui.live.simulated import CameraSpec, SimulatedCameras
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
