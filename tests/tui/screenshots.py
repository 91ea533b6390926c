"""`make screenshots`: pictures of every screen, of a real recorder over simulated cameras, some of them in trouble.

    python -m tests.tui.screenshots docs/pictures [NAME …]

Takes three minutes: the faults have to happen. The day before them is only written down, in the catalogue and in the
history of samples, so that strips and charts have something to show. A new screen is a line in `SHOTS`.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from textual.events import Paste
from textual.widgets import Input

from tests.integration.harness import PASSWORD, Recorder, make_cache
from tests.tui.fake_fleet import GIB, tidy
from tests.tui.screens import screen_text, until
from vmstui.control.client import Client
from vmstui.footage import Gap, GapCause, Segment, SegmentVerdict
from vmstui.live.simulated import CameraSpec, SimulatedCameras
from vmstui.measured import MACHINE
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.telemetry.history import History
from vmstui.telemetry.history_batch import CAMERA
from vmstui.telemetry.history_file import FILE_NAME as SAMPLES_FILE
from vmstui.telemetry.history_rows import Points, Quantity
from vmstui.tui.app import Dashboard


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: the keys to what it shows, and words that are on the screen once that is there."""

    name: str
    size: tuple[int, int]
    keys: tuple[str, ...]
    shows: str
    pastes: str = ""
    """After the keys: the address of this camera, with its login, and enter."""


SMALL, LARGE = (80, 24), (160, 45)
ENDS = "down", "down"
"""To a camera that records."""
DAY = "minus", "minus"
"""To charts of 24 hours."""
SPARE = "back_door"
"""A camera that is not recorded yet."""
SHOTS = (
    Shot("fleet-80x24", SMALL, (), "recording"),
    Shot("fleet-160x45", LARGE, (*ENDS, "l", "a"), "following"),
    Shot("details-80x24", SMALL, (*ENDS, "enter"), "── Details"),
    Shot("camera-160x45", LARGE, (*ENDS, "2", "tab", *DAY), "▀▀▀"),
    Shot("logs-160x45", LARGE, ("3", "v", "up"), "── Log"),
    Shot("findings-160x45", LARGE, ("4",), "what to do"),
    Shot("segments-80x24", SMALL, (*ENDS, "5"), "older below"),
    Shot("capacity-160x45", LARGE, ("6",), "DAYS KEPT"),
    Shot("machine-160x45", LARGE, ("7", "tab", *DAY), "CPU stolen"),
    Shot("history-80x24", SMALL, ("8",), "── History"),
    Shot("wallboard-160x45", LARGE, ("B",), "▲"),
    Shot("pictures-80x24", SMALL, ("v",), "▀▀▀"),
    Shot("palette-80x24", SMALL, ("colon", *"logs", "space", *"gate"), "Gate north"),
    Shot("adding-80x24", SMALL, ("A",), "profile", pastes=SPARE),
    Shot("help-80x24", SMALL, ("question_mark",), "── Help"),
)
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
WAIT_TRIES = 3000
SETTLING_S = 3.0
"""What a screen asks the recorder for is there."""
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
SAMPLE_S, MIB = 10, 2**20


def main() -> int:
    """Write the pictures into the folder that is named."""
    target, wanted = Path(sys.argv[1]), sys.argv[2:]
    target.mkdir(parents=True, exist_ok=True)
    with _folder() as folder:
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
        specs.append(CameraSpec(SPARE, size=(1280, 720), username="admin", password=PASSWORD, loop_s=4, gop_s=2.0))
        recorder = Recorder(folder / "srv", folder / "cache")
        with SimulatedCameras(ffmpeg, folder / "cameras", specs) as sources:
            _configure(recorder, sources, ffmpeg)
            last = _day_before(recorder)
            _day_of_samples(recorder)
            try:
                recorder.start()
                for camera, _, _ in CAMERAS:
                    if camera != WRONG_PASSWORD:
                        recorder.wait_recording(camera)
                sources.close(GONE)
                time.sleep(HISTORY_S)
                last.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(next((recorder.recordings / "Lobby").rglob("*.mp4")), last)
                os.environ.update(recorder.environment)  # for the commands that the dashboard starts
                for shot in SHOTS:
                    if not wanted or shot.name in wanted:
                        picture = asyncio.run(_take(recorder, shot, sources.url(shot.pastes) if shot.pastes else ""))
                        (target / f"{shot.name}.svg").write_text(picture, encoding="utf-8")
            finally:
                recorder.stop()
    return 0


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """One with a name that may be seen in a picture."""
    folder = Path(tempfile.gettempdir()) / "vms"
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        sys.exit(f"{folder} is there already: its name is to be seen in the pictures, and all in it would be lost")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _take(recorder: Recorder, shot: Shot, address: str) -> str:
    """One picture."""
    app = Dashboard(Client(recorder.socket))
    async with app.run_test(size=shot.size) as pilot:
        await until(pilot, lambda: "last 24 hours" in screen_text(app) or app.picture.strips is not None, WAIT_TRIES)
        await pilot.press(*shot.keys)
        if address:
            await until(pilot, lambda: isinstance(app.focused, Input))
            app.post_message(Paste(address.replace("://", f"://admin:{quote(PASSWORD, safe='')}@")))
            await pilot.press("enter")
        await until(pilot, lambda: _is_there(shot, screen_text(app)), WAIT_TRIES)
        await asyncio.sleep(SETTLING_S)
        picture = smaller(tidy(app.export_screenshot(title="vmstui")))
        app.exit()
    return picture


def _is_there(shot: Shot, screen: str) -> bool:
    return shot.shows in screen and "decoding" not in screen and "nothing was measured" not in screen


def smaller(svg: str) -> str:
    """The same picture without what no viewer of it needs: a font that is not loaded, clips that cut nothing off, long
    names of classes."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<clipPath id="[\w-]+-line-\d+">.*?</clipPath>\s*', "", svg, flags=re.DOTALL)
    svg = re.sub(r'\s+clip-path="url\(#[\w-]+-line-\d+\)"', "", svg)
    svg = re.sub(r"terminal-\d+-", "t", svg)
    svg = re.sub(r'(?<=[ "])(\d+)\.0(?=")', r"\1", svg).replace(' shape-rendering="crispEdges"', "")
    return re.sub(r"\n\s+", "\n", svg)


def _day_before(recorder: Recorder) -> Path:
    """Catalogue a day of segments that are not there, and the gaps between them; no gap before the recorder's own.
    Gives where the last one of the camera with the wrong password should be, of which there will be a still."""
    last = Path()
    now = datetime.now(UTC) + timedelta(seconds=STARTING_S)
    with Catalogue.open(recorder.folder / "state" / FILE_NAME) as catalogue:
        for camera, name, _ in CAMERAS:
            gaps = tuple(
                Gap(camera, now - timedelta(hours=hours), length_s, cause, why)
                for hours, length_s, cause, why in MISSING.get(camera, ())
            )
            segments = _segments(recorder.recordings / name.replace(" ", "_"), camera, now, gaps)
            catalogue.add(segments, gaps)
            last = Path(segments[-1].path) if camera == WRONG_PASSWORD else last
        catalogue.filled()  # else it would be held against the recordings
    return last


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


def _day_of_samples(recorder: Recorder) -> None:
    """What was measured in that day, of cameras and machine, as if it had been written minute by minute."""
    until_s = time.time()
    history = History(recorder.folder / "state" / SAMPLES_FILE)
    chance = random.Random(7)
    cores = os.cpu_count() or 1
    machine = tuple(Quantity(*one) for one in _MACHINE) + tuple(Quantity(f"core_{n}_percent") for n in range(cores))
    for minute in range(int((until_s - DAY_S) // 60), int(until_s // 60)):
        times = [60.0 * minute + second for second in range(0, 60, SAMPLE_S)]
        batch: list[tuple[str, tuple[Quantity, ...], Points]] = []
        for camera, _, profile in CAMERAS:
            seen = [at for at in times if not any(begin < (until_s - at) / 3600 < begin + length / 3600
                                                  for begin, length in _missing(camera))]  # fmt: skip
            rows = [_of_camera(at, profile, chance) for at in seen]
            batch.append((camera, CAMERA, Points.of_samples(seen, list(zip(*rows, strict=True)))))
        rows = [_of_machine(at, cores, chance) for at in times]
        batch.append((MACHINE, machine, Points.of_samples(times, list(zip(*rows, strict=True)))))
        history.add(batch, 60.0 * minute + 60, lambda: None)
    history.close()


def _missing(camera: str) -> list[tuple[float, float]]:
    """Hours ago that the end of each gap was, and its seconds."""
    return [(hours - length_s / 3600, length_s) for hours, length_s, _, _ in MISSING.get(camera, ())]


def _light(at_s: float) -> float:
    """How much of the day there is to be seen, 0 to 1."""
    return math.sqrt(max(0.0, math.sin((at_s % 86_400 / 3600 - 6.0) / 12.0 * math.pi)))


def _busy(at_s: float) -> float:
    """Somebody copies something, 0 to 1; for twenty minutes."""
    return max(0.0, random.Random(int(at_s // 1200)).random() ** 12 - 0.02)


def _of_camera(at_s: float, profile: str, chance: random.Random) -> tuple[float, ...]:
    """In the order of `CAMERA`, in multiples of the scales."""
    light, busy = _light(at_s), _busy(at_s)
    heavy = profile != "source"
    cpu = (14.0 + 5.0 * light + 6.0 * busy if heavy else 0.5 + 0.2 * light + 0.4 * busy) + chance.gauss(0, 0.05)
    dropped = 1.5 if chance.random() < 0.0006 else 0.0
    written = (0.025 + 0.02 * light + 0.03 * busy) * (1.0 if heavy else 1.6)
    return cpu, 119.0 if heavy else 42.0, 15.0 - dropped + chance.gauss(0, 0.06), dropped, 0.0, written, dropped / 5


_MACHINE = (
    ("cpu_percent",), ("steal_percent",), ("load",), ("memory_used_bytes", GIB), ("disk_read_bytes_per_s", MIB),
    ("disk_write_bytes_per_s", MIB), ("disk_read_ms",), ("disk_write_ms",), ("disk_busy_percent",),
    ("received_bytes_per_s", MIB), ("sent_bytes_per_s", MIB),
)  # fmt: skip


def _of_machine(at_s: float, cores: int, chance: random.Random) -> tuple[float, ...]:
    """In the order of `_MACHINE`, and then of each core, in multiples of the scales."""
    light, busy = _light(at_s), _busy(at_s)
    percents = [min(18.0 + 14.0 * light + 30.0 * busy + chance.gauss(0, 1.5), 100.0) for _ in range(cores)]
    cpu = sum(percents)
    disk = 0.35 + 0.2 * light + 2.0 * busy
    return (
        cpu, abs(chance.gauss(0.4, 0.3)), cpu / 80 + busy, 1.2 + 0.15 * light, 0.02 + 0.5 * busy, disk,
        0.2 + busy + abs(chance.gauss(0, 0.02)), 0.3 + 2.0 * busy + abs(chance.gauss(0, 0.03)),
        1.0 + 6.0 * busy + light, 0.4 + 0.2 * light, 0.05 + 0.3 * busy, *percents,
    )  # fmt: skip


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
