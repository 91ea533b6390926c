"""Live streams watched by the recorder as a player would, held against what ffprobe says of the same address."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.integration.harness import PASSWORD, Recorder, read_json
from tests.peers import require
from vmstui.codec import from_json
from vmstui.configured import OutputKind
from vmstui.live.simulated import SimulatedCameras
from vmstui.live_check import LiveCheck
from vmstui.model import CameraSnapshot, OutputState
from vmstui.recorder.external_live import ExternalLive

MakeCameras = Callable[..., SimulatedCameras]
PROFILES = """
retention: {min_free: 16M}
live: {listen: '127.0.0.1:0'}
profiles:
  small:
    recording: {codec: source}
    live: {codec: h264, encoder: software, size: 320x180, bitrate: 300k}
  copied:
    recording: {codec: source}
    live: {codec: source, encoder: copy}
"""
PROBED_S = 6


def recorded(recorder: Recorder, sources: SimulatedCameras, profile: str, head: str = PROFILES) -> None:
    recorder.configure([("cam1", sources.url("cam1"))], profile, head)
    recorder.start()
    recorder.wait_for("live is up", lambda camera: _live_is_up(camera))


def _live_is_up(camera: CameraSnapshot) -> bool:
    live = camera.output(OutputKind.LIVE)
    return live is not None and live.state is OutputState.UP


def _readers(camera: CameraSnapshot) -> int | None:
    live = camera.output(OutputKind.LIVE)
    return live.readers if live is not None else None


def _seen(camera: CameraSnapshot) -> tuple[str, datetime | None]:
    live = camera.output(OutputKind.LIVE)
    return (live.seen, live.seen_at) if live is not None else ("", None)


def watched(recorder: Recorder) -> LiveCheck:
    """What `vmstui verify --live` says."""
    done = recorder.command("verify", "cam1", "--live", "--json")
    found = from_json(LiveCheck, read_json(done.stdout))
    assert done.returncode == (0 if found.well else 1), done.stderr
    return found


def probed(url: str) -> dict[str, Any]:
    """The same stream by ffprobe: codec, size, and rates over some seconds of packets."""
    command = ["ffprobe", "-v", "error", "-rtsp_transport", "tcp", "-read_intervals", f"%+{PROBED_S}"]
    command += ["-show_entries", "stream=codec_name,width,height:packet=pts_time,size", "-of", "json", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    times = sorted(float(packet["pts_time"]) for packet in told["packets"] if "pts_time" in packet)
    bits = 8 * sum(int(packet["size"]) for packet in told["packets"])
    elapsed_s = times[-1] - times[0]
    rates = {"fps": (len(times) - 1) / elapsed_s, "bitrate_bps": bits / elapsed_s}
    return {**told["streams"][0], **rates}


@pytest.mark.peer
@pytest.mark.parametrize(
    ("codec", "profile", "size", "seen_codec"),
    [("h264", "small", (320, 180), "h264"), ("h265", "copied", (640, 360), "h265")],
)
def test_ffprobe_says_the_same_of_a_live_stream(
    recorder: Recorder,
    simulated: MakeCameras,
    codec: str,
    profile: str,
    size: tuple[int, int],
    seen_codec: str,
) -> None:
    require("ffprobe")
    recorded(recorder, simulated(1, codec=codec, size=(640, 360), fps=15), profile)
    found = watched(recorder)
    told = probed(found.url)
    print(found, told["codec_name"], told["width"], told["height"], told["fps"], told["bitrate_bps"])
    assert found.well
    assert (found.codec, found.width, found.height) == (seen_codec, *size)
    assert {"h264": "h264", "hevc": "h265"}[told["codec_name"]] == found.codec
    assert (told["width"], told["height"]) == (found.width, found.height)
    assert found.fps == pytest.approx(told["fps"], rel=0.02)
    assert found.bitrate_bps == pytest.approx(told["bitrate_bps"], rel=0.2)
    assert found.first_picture_s is not None
    assert found.lost_packets == 0
    recorder.wait_for("the snapshot tells it", lambda camera: _seen(camera) == (found.summary, found.at))
    # the look is over, and it has left
    recorder.wait_for("nobody plays it", lambda camera: _readers(camera) == 0)


def test_a_relay_that_asks_players_for_a_login_is_given_it(recorder: Recorder, simulated: MakeCameras) -> None:
    login = "username: viewer, password: {file: password}"
    head = PROFILES.replace("{listen: '127.0.0.1:0'}", f"{{listen: '127.0.0.1:0', {login}}}")
    recorded(recorder, simulated(1), "source", head)
    found = watched(recorder)
    assert found.well, found.reason
    assert "@" not in found.url


def test_what_is_not_there_is_said_and_is_not_well(recorder: Recorder, simulated: MakeCameras) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        head = f"retention: {{min_free: 16M}}\nlive: {{server: 'rtsp://127.0.0.1:{port}'}}"
        recorder.configure([("cam1", simulated(1).url("cam1"))], "source", head)
        recorder.start()
        recorder.wait_recording()
        done = recorder.command("verify", "--live")
    assert done.returncode == 1
    assert f"NOT WELL: 127.0.0.1:{port} refused the connection: nothing listens there" in done.stdout
    assert "0 of 1 live streams are well" in done.stdout
    recorder.command("stop", "cam1", "--wait")
    done = recorder.command("verify", "cam1", "--live")
    assert done.returncode == 1
    assert "NOT WELL: the worker does not run" in done.stdout


@pytest.mark.parametrize(
    ("login", "state", "says"),
    [
        (("admin", PASSWORD), OutputState.UP, ""),
        (("admin", "wrong"), OutputState.UNKNOWN, "refuses the login for playing"),
        ((None, None), OutputState.UNKNOWN, "wants a login for playing (live.username)"),
    ],
)
async def test_a_stream_on_another_server_is_asked_for_with_the_configured_login(
    simulated: MakeCameras, login: tuple[str | None, str | None], state: OutputState, says: str
) -> None:
    server = ExternalLive(simulated().url("cam1").removesuffix("/cam1"), lambda: ("cam1",), login)
    try:
        for _ in range(400):
            if server.health("cam1")[1] != "not asked yet":
                break
            await asyncio.sleep(0.05)
        found, reason, _ = server.health("cam1")
    finally:
        server.close()
    assert found is state
    assert says in reason
