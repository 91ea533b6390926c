"""`vmstui demo`: simulated cameras, a real recorder over them, and the dashboard, or a verdict where no terminal is.

Nothing to configure and nothing to clean up: everything lies in one folder that is named at the end, and every process
ends with the demo. The cameras are real RTSP sources that ask for a password, so that the whole path is shown: probe,
worker, segments, publication, relay, dashboard.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vmstui.cli.dashboard import Looks, shown, wrongly_chosen
from vmstui.cli.ending import ended_in_order
from vmstui.cli.lifecycle import SHUTDOWN_TIMEOUT_S
from vmstui.cli.patience import Patience
from vmstui.cli.picture import picture
from vmstui.cli.printing import terminal_width
from vmstui.cli.recorder_socket import socket_path
from vmstui.cli.starting import start_service
from vmstui.codec import Json, from_json
from vmstui.configured import OutputKind
from vmstui.control.call import call
from vmstui.control.client import Client
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.ffmpeg.abilities import Abilities, choose
from vmstui.ffmpeg.inspect import Unplayable, inspect_media, read_framecrc
from vmstui.footage import Segment
from vmstui.live.simulated import CameraSpec, SimulatedCameras
from vmstui.model import CameraSnapshot, RecorderSnapshot
from vmstui.settings import default_folders

SEGMENT_S = 5
DEMO_CAMERAS, DEMO_SECONDS = 2, 30
"""Where nobody asks for others."""
IDLE_S, LONGEST_S = 60.0, 600.0
"""Cameras are waited for as long as something becomes of them."""
TELL_EVERY_S = 10.0
LIVE_FRAMES = 10
LIVE_LIMIT_S = 60.0
PASSWORD = "demo password"


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What can be asked of the demo."""

    cameras: int
    seconds: int
    """How long to record without a terminal."""
    as_json: bool
    folder: str | None
    looks: Looks
    """Of the dashboard, where there is a terminal."""


@dataclass(frozen=True, slots=True)
class CameraVerdict:
    """What was proved of one camera."""

    id: str
    playable: int
    """Closed segments that were opened and hold video."""
    live_frames: int
    """Frames that were read from its live stream."""
    text: str
    """What is missing; empty when all is well."""


def demo(options: DemoOptions) -> int:
    """Run it. 0 when every camera recorded a playable segment and its live stream could be read, else 1."""
    interactive = all(os.isatty(number) for number in (0, 1, 2)) and not options.as_json
    if interactive and wrongly_chosen():
        return 2
    folder = Path(options.folder).absolute() if options.folder else Path(tempfile.mkdtemp(prefix="vmstui-demo-"))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ.update(VMSTUI_STATE=str(folder / "state"), VMSTUI_RUNTIME=str(folder / "run"))
    with ended_in_order(lambda number: KeyboardInterrupt()):
        _say(f"demo in {folder}: starting {options.cameras} simulated cameras and a recorder …")
        abilities = choose("auto", folder / "state" / "cache")
        specs = [
            CameraSpec(f"cam{number}", username="demo", password=PASSWORD, codec="h265" if number % 4 == 0 else "h264")
            for number in range(1, options.cameras + 1)
        ]
        (folder / "cameras").mkdir(exist_ok=True)
        with SimulatedCameras(abilities.binary.path, folder / "cameras", specs) as cameras:
            config = _write_config(folder, cameras, specs)
            service = start_service(str(config), default_folders(), end_mute=True)
            if service is None:
                return 1
            try:
                if interactive:
                    shown(Client(socket_path()), options.looks)
                    print(f"The demo has ended and nothing of it runs any more. What it recorded: {folder}")
                    return 0
                return _without_terminal(options, folder, abilities)
            finally:
                _end_service(service)


def _without_terminal(options: DemoOptions, folder: Path, abilities: Abilities) -> int:
    _record(options.seconds)
    answer = call(socket_path(), "snapshot")
    snapshot = from_json(RecorderSnapshot, answer)
    verdicts = [_judge(camera, abilities) for camera in snapshot.cameras]
    good = sum(not verdict.text for verdict in verdicts)
    well = good == options.cameras == len(verdicts)
    segments = sum(verdict.playable for verdict in verdicts)
    outcome = "PASS" if well else "FAIL"
    line = f"{outcome}: {good} of {options.cameras} cameras recorded and live, {segments} playable segments in {folder}"
    if options.as_json:
        print(
            json.dumps(
                {"ok": well, "verdict": line, "folder": str(folder), "cameras": _proofs(verdicts), "snapshot": answer}
            )
        )
    else:
        print(picture(answer, terminal_width()))
        for verdict in verdicts:
            proof = f"{verdict.playable} playable segments, {verdict.live_frames} live frames read"
            print(f"{verdict.id}: {proof}{'; ' + verdict.text if verdict.text else ''}")
        print(line)
    return 0 if well else 1


def _record(seconds: int) -> None:
    """Let it record for so long, counted from when all cameras do, and until each has closed a segment; but wait no
    longer than they get on."""
    _wait("to record", lambda camera: camera.state == "recording")
    time.sleep(seconds)
    _wait("to close a segment", lambda camera: camera.segments_closed > 0)


def _wait(what: str, done: Callable[[CameraSnapshot], bool]) -> None:
    begun_s = told_s = time.monotonic()
    patience = Patience(begun_s, IDLE_S, LONGEST_S)
    while True:
        cameras: tuple[CameraSnapshot, ...] | None = None
        with contextlib.suppress(RecorderLost):  # it may be slow to answer
            cameras = from_json(RecorderSnapshot, call(socket_path(), "snapshot")).cameras
        waiting = [camera for camera in cameras or () if not done(camera)]
        if cameras is not None and not waiting:
            return
        now_s = time.monotonic()
        seen = [(one.state, one.reason, one.pid, one.progress, one.open_segment) for one in waiting]
        if not patience.lasts(now_s, seen):
            return
        if now_s - told_s >= TELL_EVERY_S:
            told_s = now_s
            named = ", ".join(f"{one.id} ({one.state.value})" for one in waiting)
            _say(f"waiting for {named or 'the recorder to answer, and cameras'} {what}, {now_s - begun_s:.0f} s so far")
        time.sleep(0.5)


def _judge(camera: CameraSnapshot, abilities: Abilities) -> CameraVerdict:
    """Open what it recorded, and read its live stream."""
    data = call(socket_path(), "segments", {"camera": camera.id, "limit": 1000})
    playable, trouble = 0, []
    for segment in from_json(tuple[Segment, ...], data):
        try:
            playable += inspect_media(abilities.binary.path, segment.path).frames > 0
        except Unplayable as error:
            trouble.append(f"{Path(segment.path).name}: {error}")
    if not playable:
        trouble.append(f"no closed segment ({camera.state.value}{': ' + camera.reason if camera.reason else ''})")
    live = camera.output(OutputKind.LIVE)
    frames = _read_live(abilities.binary.path, live.address) if live is not None else 0
    if frames < LIVE_FRAMES:
        why = live.reason if live is not None else "not part of the profile"
        trouble.append(f"live stream: {frames} of {LIVE_FRAMES} frames read ({why or 'no reason known'})")
    return CameraVerdict(camera.id, playable, frames, "; ".join(trouble))


def _read_live(ffmpeg: str, address: str) -> int:
    """Play the live stream as anybody would; gives the frames that came."""
    argv = [ffmpeg, "-nostdin", "-loglevel", "error", "-rtsp_transport", "tcp", "-i", address]
    argv += ["-map", "0:v:0", "-frames:v", str(LIVE_FRAMES), "-f", "framecrc", "-"]
    try:
        played = subprocess.run(argv, capture_output=True, timeout=LIVE_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return 0
    info = read_framecrc(played.stdout.decode("ascii", "replace"))
    return info.frames if info is not None else 0


def _proofs(verdicts: list[CameraVerdict]) -> list[Json]:
    return [
        {
            "id": verdict.id,
            "playable_segments": verdict.playable,
            "live_frames": verdict.live_frames,
            "trouble": verdict.text,
        }
        for verdict in verdicts
    ]


def _write_config(folder: Path, cameras: SimulatedCameras, specs: list[CameraSpec]) -> Path:
    """The configuration of the demo, worth a look as an example. Every second camera is re-encoded, small."""
    secret = folder / "camera-password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    lines = [
        "# Written by `vmstui demo`.",
        f"recordings: {folder / 'recordings'}",
        f"segment: {{length: {SEGMENT_S}s}}",
        "retention: {min_free: 64M}",
        "live: {server: embedded, listen: 127.0.0.1:0}",
        "profiles:",
        "  compact:",
        "    recording: {codec: h265, encoder: auto, size: 640x360, bitrate: 400k}",
        "    live: {codec: h264, encoder: auto}",
        "cameras:",
    ]
    for number, spec in enumerate(specs, 1):
        lines += [
            f"  - id: {spec.path}",
            f"    name: Demo {number}",
            f"    url: {cameras.url(spec.path)}",
            "    username: demo",
            "    password: {file: camera-password}",
            f"    profile: {'compact' if number % 2 == 0 else 'source'}",
        ]
    path = folder / "vmstui.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


def _end_service(pid: int) -> None:
    """Stop recording and see the service off; it is our child."""
    with contextlib.suppress(RecorderLost, RecorderError):
        call(socket_path(), "shutdown", timeout_s=SHUTDOWN_TIMEOUT_S)
    limit = time.monotonic() + 10.0
    while time.monotonic() < limit:
        ended, _ = os.waitpid(pid, os.WNOHANG)
        if ended:
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
