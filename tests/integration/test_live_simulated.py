"""Simulated cameras do wrong what they are told to, and leave nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import psutil
import pytest

from tests.integration.live_support import EMBEDDED_FFMPEG, LIMIT_S, BareClient, decode, wait_until
from vmstui.live.client import Description, ProbeError, ProbeErrorKind, describe
from vmstui.live.simulated import CameraSpec, SimulatedCameras

_SMALL = CameraSpec("lobby", size=(320, 180), fps=10)


def _ask(url: str, username: str | None = None, password: str | None = None) -> Description:
    return asyncio.run(describe(url, username, password, LIMIT_S))


def _refusal(url: str, username: str | None = None, password: str | None = None) -> ProbeErrorKind:
    with pytest.raises(ProbeError) as caught:
        _ask(url, username, password)
    assert password is None or password not in str(caught.value)
    return caught.value.kind


def test_cameras_of_both_codecs_play_without_a_complaint(tmp_path: Path) -> None:
    door = CameraSpec("door", codec="h265", size=(320, 180), fps=10)
    gate = CameraSpec("gate", size=(320, 180), fps=10, audio=True)
    with SimulatedCameras(EMBEDDED_FFMPEG, tmp_path, [_SMALL, door, gate]) as cameras:
        assert [_ask(cameras.url(path)).codec for path in ("lobby", "door")] == ["h264", "h265"]
        assert [media.codec for media in _ask(cameras.url("gate")).media] == ["h264", "pcm_alaw"]
        for path in ("lobby", "door"):
            decoded = decode(EMBEDDED_FFMPEG, cameras.url(path), 15)
            assert decoded.stderr == ""
            assert decoded.returncode == 0


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_a_camera_that_was_encoded_before_plays_beyond_its_end(tmp_path: Path, codec: Literal["h264", "h265"]) -> None:
    """Two seconds again and again, of which five are played; two that are alike share the file."""
    specs = [CameraSpec(path, codec=codec, size=(320, 180), fps=10, loop_s=2) for path in ("lobby", "gate")]
    with SimulatedCameras(EMBEDDED_FFMPEG, tmp_path, specs) as cameras:
        assert _ask(cameras.url("lobby")).codec == codec
        decoded = decode(EMBEDDED_FFMPEG, cameras.url("gate"), 50)
        assert (decoded.stderr, decoded.returncode) == ("", 0)
        assert len(list(tmp_path.glob("loop_*"))) == 1
        with pytest.raises(RuntimeError):
            cameras.reopen("gate", size=(1, 1))
        cameras.reopen("gate", size=(160, 90))
        assert decode(EMBEDDED_FFMPEG, cameras.url("gate"), 5).returncode == 0


@pytest.mark.parametrize("scheme", ["digest", "basic"])
def test_a_camera_with_a_password_wants_it_from_the_probe_and_from_ffmpeg(
    tmp_path: Path, scheme: Literal["digest", "basic"]
) -> None:
    password = 'pä:ss@w"ord'
    spec = CameraSpec("lobby", size=(320, 180), fps=10, username="admin", password=password, scheme=scheme)
    with SimulatedCameras(EMBEDDED_FFMPEG, tmp_path, [spec]) as cameras:
        url = cameras.url("lobby")
        assert _ask(url, "admin", password).codec == "h264"
        assert _refusal(url, "admin", "wrong") is ProbeErrorKind.AUTH
        assert _refusal(url) is ProbeErrorKind.AUTH
        full = url.replace("//", f"//admin:{urllib.parse.quote(password, safe='')}@")
        assert _ask(full).codec == "h264"
        assert decode(EMBEDDED_FFMPEG, full, 5).returncode == 0
        assert decode(EMBEDDED_FFMPEG, url, 5).returncode != 0
        arguments = [" ".join(process.cmdline()) for process in _processes(cameras.pid)]
        assert not any(password in line or urllib.parse.quote(password) in line for line in arguments)


def _processes(server_pid: int) -> list[psutil.Process]:
    server = psutil.Process(server_pid)
    return [server, *server.children(recursive=True)]


async def test_a_frozen_camera_stays_connected_and_silent_and_goes_on_when_thawed(tmp_path: Path) -> None:
    cameras = SimulatedCameras(EMBEDDED_FFMPEG, tmp_path, [_SMALL])
    await asyncio.to_thread(cameras.start)
    try:
        player = await BareClient.connect(cameras.port)
        await player.play("lobby")
        await player.packet()
        cameras.freeze("lobby")
        while await _comes(player):
            pass  # what was on its way
        assert (await player.ask("GET_PARAMETER", "lobby")).status == 200
        cameras.thaw("lobby")
        await player.packet()
        player.close()
    finally:
        await asyncio.to_thread(cameras.stop)


async def _comes(player: BareClient) -> bool:
    try:
        async with asyncio.timeout(1.0):
            await player.packet()
    except TimeoutError:
        return False
    return True


async def test_a_closed_camera_ends_its_streams_and_comes_back_with_another_picture(tmp_path: Path) -> None:
    cameras = SimulatedCameras(EMBEDDED_FFMPEG, tmp_path, [_SMALL])
    await asyncio.to_thread(cameras.start)
    try:
        player = await BareClient.connect(cameras.port)
        await player.play("lobby")
        cameras.close("lobby")
        assert await player.closed()
        with pytest.raises(ProbeError) as caught:
            await describe(cameras.url("lobby"), None, None, LIMIT_S)
        assert caught.value.kind is ProbeErrorKind.NOT_FOUND
        await asyncio.to_thread(cameras.reopen, "lobby", size=(640, 360), codec="h265")
        assert (await describe(cameras.url("lobby"), None, None, LIMIT_S)).codec == "h265"
        decoded = await asyncio.to_thread(decode, EMBEDDED_FFMPEG, cameras.url("lobby"), 2)
        assert "#dimensions 0: 640x360" in decoded.stdout
    finally:
        await asyncio.to_thread(cameras.stop)


def test_refusals_and_a_server_that_is_down_look_like_the_real_thing(tmp_path: Path) -> None:
    with SimulatedCameras(EMBEDDED_FFMPEG, tmp_path, [_SMALL]) as cameras:
        url, port = cameras.url("lobby"), cameras.port
        statuses: list[tuple[Literal[401, 403, 404, 453, 503], ProbeErrorKind]] = [
            (401, ProbeErrorKind.AUTH),
            (403, ProbeErrorKind.AUTH),
            (404, ProbeErrorKind.NOT_FOUND),
            (453, ProbeErrorKind.BUSY),
            (503, ProbeErrorKind.BUSY),
        ]
        for status, kind in statuses:
            cameras.refuse("lobby", status)
            assert _refusal(url, "admin", "s3cret") is kind
        cameras.refuse("lobby", None)
        assert _ask(url).codec == "h264"
        cameras.down()
        assert _refusal(url) is ProbeErrorKind.REFUSED
        with socket.socket() as thief, pytest.raises(OSError, match="in use"):
            thief.bind(("127.0.0.1", port))
        cameras.up()
        assert _ask(url).codec == "h264"


@pytest.mark.parametrize("frozen", ["server", "feeder"])
def test_stop_ends_every_process_even_frozen_ones(tmp_path: Path, frozen: str) -> None:
    cameras = SimulatedCameras(EMBEDDED_FFMPEG, tmp_path, [_SMALL])
    cameras.start()
    server, feeder = _processes(cameras.pid)
    (server if frozen == "server" else feeder).suspend()
    cameras.stop()
    wait_until(lambda: not _alive(server) and not _alive(feeder))


def _alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("victim", ["parent", "server"])
def test_nothing_outlives_a_killed_parent_or_server_not_even_a_frozen_feeder(tmp_path: Path, victim: str) -> None:
    command = [sys.executable, "-m", "vmstui.live.simulated", "--cameras", "1", "--ffmpeg", EMBEDDED_FFMPEG]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)}) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline().startswith(b"rtsp://127.0.0.1:")
        (server,) = psutil.Process(parent.pid).children()
        (feeder,) = server.children()
        feeder.suspend()
        if victim == "parent":
            parent.kill()
        else:
            server.kill()
        wait_until(lambda: not _alive(server) and not _alive(feeder))
        parent.kill()


@pytest.mark.parametrize("end", ["terminate", "orphan"])
def test_the_command_shows_addresses_and_ends_with_its_parent_or_on_a_signal(tmp_path: Path, end: str) -> None:
    inner = [sys.executable, "-m", "vmstui.live.simulated", "--cameras", "2", "--ffmpeg", EMBEDDED_FFMPEG]
    outer = [sys.executable, "-c", f"import subprocess; subprocess.run({inner!r})"]
    with subprocess.Popen(outer, stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)}) as parent:
        assert parent.stdout is not None
        urls = [parent.stdout.readline().decode().strip() for _ in range(2)]
        assert [url.rpartition("/")[2] for url in urls] == ["cam1", "cam2"]
        everyone = psutil.Process(parent.pid).children(recursive=True)
        assert len(everyone) == 4
        if end == "terminate":
            everyone[0].send_signal(signal.SIGTERM)
        else:
            parent.kill()
        wait_until(lambda: not any(_alive(process) for process in everyone))
        assert list(tmp_path.iterdir()) == []


def test_an_ffmpeg_that_cannot_feed_is_an_error_that_leaves_nothing(tmp_path: Path) -> None:
    before = psutil.Process().children(recursive=True)
    attempts: list[Callable[[], None]] = [
        SimulatedCameras("/nonexistent/ffmpeg", tmp_path, [_SMALL]).start,
        SimulatedCameras("/bin/false", tmp_path, [_SMALL]).start,
    ]
    for attempt in attempts:
        with pytest.raises(RuntimeError, match="simulated cameras"):
            attempt()
    assert psutil.Process().children(recursive=True) == before
