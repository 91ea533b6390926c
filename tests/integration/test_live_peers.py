"""The relay and the probe held against foreign programs: two ffmpegs, GStreamer's client, player and server."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.live_support import (
    EMBEDDED_FFMPEG,
    LIMIT_S,
    decode,
    picture_argv,
    relay_process,
    running,
    wait_until,
)
from tests.peers import GSTREAMER_PYTHON, require
from vmstui.live.client import ProbeError, ProbeErrorKind, describe, poll_stats
from vmstui.live.simulated import CameraSpec, SimulatedCameras
from vmstui.live.stats import PathStats

pytestmark = pytest.mark.peer

_PUBLISHERS = ("ffmpeg", "embedded ffmpeg", "ffmpeg fifo", "embedded ffmpeg fifo", "rtspclientsink")
_PLAYERS = ("ffmpeg", "embedded ffmpeg", "rtspsrc")
_FIFO = [
    *("-map", "0:v", "-f", "fifo", "-fifo_format", "rtsp", "-format_opts", "rtsp_transport=tcp"),
    *("-queue_size", "300", "-drop_pkts_on_overflow", "1", "-attempt_recovery", "1", "-recovery_wait_time", "1"),
    *("-recover_any_error", "1", "-restart_with_keyframe", "1", "-max_recovery_attempts", "0"),
]
_WORKER = ["-flags:v", "+global_header", "-bsf:v", "dump_extra=freq=keyframe", *_FIFO]
_FRAMES = 15


def _publisher(name: str, url: str) -> list[str]:
    if name == "rtspclientsink":
        require("gst-launch-1.0")
        picture = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=180,framerate=10/1"
        encode = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10"
        return ["gst-launch-1.0", "-q", *f"{picture} ! {encode} ! rtspclientsink protocols=tcp location={url}".split()]
    if "embedded" not in name:
        require("ffmpeg")
    ffmpeg = EMBEDDED_FFMPEG if "embedded" in name else "ffmpeg"
    return picture_argv(ffmpeg, url, extra=_FIFO if "fifo" in name else ())


def _gstreamer_player(url: str, frames: int, *log_in: str) -> list[str]:
    require("gst-rtsp-server")
    return [GSTREAMER_PYTHON, str(Path(__file__).with_name("gst_player.py")), url, str(frames), *log_in]


def _play(name: str, url: str) -> None:
    """Decode some frames with a player that must find nothing wrong."""
    if name == "rtspsrc":
        played = subprocess.run(
            _gstreamer_player(url, _FRAMES), capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
        assert (played.returncode, played.stderr) == (0, "")
        assert len(played.stdout.splitlines()) == _FRAMES
        return
    if name == "ffmpeg":
        require("ffmpeg")
    decoded = decode(EMBEDDED_FFMPEG if "embedded" in name else "ffmpeg", url, _FRAMES)
    assert decoded.stderr == ""
    assert len([line for line in decoded.stdout.splitlines() if not line.startswith("#")]) == _FRAMES


def _path(port: int) -> PathStats | None:
    return asyncio.run(poll_stats("127.0.0.1", port, LIMIT_S)).paths.get("lobby")


def _is_published(port: int) -> bool:
    path = _path(port)
    return path is not None and path.publisher and path.packets_in > 0


@pytest.mark.parametrize("publisher", _PUBLISHERS)
def test_every_publisher_reaches_every_player_without_an_error(tmp_path: Path, publisher: str) -> None:
    with relay_process(tmp_path) as (relay, port):
        url = f"rtsp://127.0.0.1:{port}/lobby"
        with running(*_publisher(publisher, url)):
            wait_until(lambda: _is_published(port))
            with ThreadPoolExecutor() as players:
                list(players.map(lambda player: _play(player, url), _PLAYERS))
            path = _path(port)
            assert path is not None
            assert (path.codec, path.dropped_readers) == ("h264", 0)
        assert "dropped" not in relay.log


def test_players_play_on_across_a_handover_to_another_ffmpeg_with_another_picture_size(tmp_path: Path) -> None:
    """The promise of test_live_handover, with foreign players, and with publishers that encode differently."""
    require("ffmpeg", "gst-rtsp-server")
    with relay_process(tmp_path) as (relay, port), contextlib.ExitStack() as stack:
        url = f"rtsp://127.0.0.1:{port}/lobby"
        old = stack.enter_context(running(*picture_argv("ffmpeg", url, gop=600, extra=_WORKER)))
        wait_until(lambda: _is_published(port))
        gstreamer = subprocess.Popen(
            _gstreamer_player(url, 100), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        stack.callback(gstreamer.kill)
        players = stack.enter_context(ThreadPoolExecutor())
        debian = players.submit(decode, "ffmpeg", url, 100)
        wait_until(lambda: (path := _path(port)) is not None and path.readers == 2)
        new = picture_argv(EMBEDDED_FFMPEG, url, gop=600, size="480x270", extra=_WORKER)
        stack.enter_context(running(*new))
        wait_until(lambda: (path := _path(port)) is not None and path.standby)
        before = _path(port)
        assert before is not None
        wait_until(lambda: (path := _path(port)) is not None and path.packets_in > before.packets_in + 20)
        old.send_signal(signal.SIGINT)
        wait_until(lambda: (path := _path(port)) is not None and path.handovers == 1)
        said, complaints = gstreamer.communicate(timeout=LIMIT_S)
        assert (gstreamer.returncode, complaints) == (0, "")
        shown_ns = [int(line) for line in said.splitlines()]
        assert len(shown_ns) == 100
        assert shown_ns == sorted(shown_ns)
        decoded = debian.result()
        assert decoded.stderr == ""
        assert len([line for line in decoded.stdout.splitlines() if not line.startswith("#")]) == 100
        assert "handed over, 2 readers stay" in relay.log


def test_a_stopped_publisher_says_goodbye_and_ffmpeg_has_nothing_to_complain_about(tmp_path: Path) -> None:
    require("ffmpeg")
    with relay_process(tmp_path) as (_, port):
        for ffmpeg in ("ffmpeg", EMBEDDED_FFMPEG):
            command = picture_argv(ffmpeg, f"rtsp://127.0.0.1:{port}/lobby")
            command[2:2] = ["-t", "1"]
            ended = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
            assert (ended.returncode, ended.stderr) == (0, "")
            wait_until(lambda: not _is_published(port))


@pytest.mark.parametrize("ffmpeg", ["ffmpeg", EMBEDDED_FFMPEG], ids=["debian", "embedded"])
def test_a_fifo_publisher_comes_back_by_itself_when_the_relay_does(tmp_path: Path, ffmpeg: str) -> None:
    require(ffmpeg)
    with relay_process(tmp_path) as (relay, port), contextlib.ExitStack() as stack:
        url = f"rtsp://127.0.0.1:{port}/lobby"
        stack.enter_context(running(*picture_argv(ffmpeg, url, extra=_FIFO)))
        wait_until(lambda: _is_published(port))
        relay.process.kill()
        relay.process.wait()
        (tmp_path / "relay.log").unlink()
        _, again = stack.enter_context(relay_process(tmp_path))
        assert again == port
        wait_until(lambda: _is_published(port))
        _play("embedded ffmpeg", url)


def test_players_log_in_with_digest(tmp_path: Path) -> None:
    require("ffmpeg", "gst-rtsp-server")
    camera = CameraSpec("lobby", size=(320, 180), fps=10, username="viewer", password="s3:cr@t")
    with SimulatedCameras(EMBEDDED_FFMPEG, tmp_path, [camera]) as cameras:
        url = cameras.url("lobby")
        for ffmpeg in ("ffmpeg", EMBEDDED_FFMPEG):
            assert decode(ffmpeg, url.replace("//", "//viewer:s3%3Acr%40t@"), 5).stderr == ""
            assert "401 Unauthorized" in decode(ffmpeg, url.replace("//", "//viewer:wrong@"), 5).stderr
        played = [
            subprocess.run(
                _gstreamer_player(url, 5, "viewer", password),
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
            for password in ("s3:cr@t", "wrong")
        ]
        assert (played[0].returncode, played[0].stderr) == (0, "")
        assert played[1].returncode == 1
        assert "Unauthorized" in played[1].stderr


_GST_SERVER = """
import sys, gi
gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtsp, GstRtspServer, GLib
Gst.init(None)
server = GstRtspServer.RTSPServer(); server.set_address("127.0.0.1"); server.set_service("0")
factory = GstRtspServer.RTSPMediaFactory(); factory.set_shared(True)
factory.set_launch("( videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=10/1"
    " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 ! rtph264pay name=pay0 pt=96"
    " audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay1 )")
if sys.argv[1] != "open":
    auth = GstRtspServer.RTSPAuth(); token = GstRtspServer.RTSPToken(); token.set_string("media.factory.role", "user")
    if sys.argv[1] == "basic":
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic("viewer", "s3:cr@t"), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest("viewer", "s3:cr@t", token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("user", "media.factory.access", True)
    permissions.add_permission_for_role("user", "media.factory.construct", True)
    factory.set_permissions(permissions)
server.get_mount_points().add_factory("/cam1", factory)
server.attach(None); print(server.get_bound_port(), flush=True); GLib.MainLoop().run()
"""


@contextlib.contextmanager
def _gstreamer_server(log_in: str) -> Iterator[str]:
    require("gst-rtsp-server")
    command = [GSTREAMER_PYTHON, "-c", _GST_SERVER, log_in]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout is not None
        try:
            yield f"rtsp://127.0.0.1:{int(server.stdout.readline())}/cam1"
        finally:
            server.kill()


def _refusal(url: str, username: str | None, password: str | None) -> ProbeErrorKind:
    with pytest.raises(ProbeError) as caught:
        asyncio.run(describe(url, username, password, LIMIT_S))
    return caught.value.kind


@pytest.mark.parametrize("log_in", ["open", "basic", "digest"])
def test_gstreamers_server_is_described_with_either_log_in(log_in: str) -> None:
    with _gstreamer_server(log_in) as url:
        username, password = (None, None) if log_in == "open" else ("viewer", "s3:cr@t")
        description = asyncio.run(describe(url, username, password, LIMIT_S))
        assert [media.codec for media in description.media] == ["h264", "pcm_alaw"]
        assert description.server.startswith("GStreamer RTSP server")
        assert _refusal(url.replace("cam1", "cam2"), username, password) is ProbeErrorKind.NOT_FOUND
        if log_in != "open":
            assert _refusal(url, "viewer", "wrong") is ProbeErrorKind.AUTH
            assert _refusal(url, None, None) is ProbeErrorKind.AUTH
