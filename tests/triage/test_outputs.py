"""Disks and live servers that fail, and what the triage makes of what real ffmpegs say of them: the expected severity,
and no error that nobody knows."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.live_support import EMBEDDED_FFMPEG, LIMIT_S, wait_until
from tests.peers import unavailable
from tests.triage.provoke import CRITICAL, DEGRADED, HEAD, SEGMENTS, X264, expect, findings, small_files, triaged

FIFO = (
    *("-f", "fifo", "-fifo_format", "rtsp", "-format_opts", "rtsp_transport=tcp"),
    *("-attempt_recovery", "1", "-recovery_wait_time", "0.2", "-recover_any_error", "1"),
)


@pytest.fixture
def nowhere() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.mark.parametrize("form", ["segment", "matroska"])
def test_a_full_disk_is_told(ffmpeg: str, media: Path, tmp_path: Path, form: str) -> None:
    name = "%03d.mp4" if form == "segment" else "x.mkv"
    out = ("-c", "copy", "-f", form, *(("-segment_time", "1") if form == "segment" else ()), str(tmp_path / name))
    expect(findings(ffmpeg, media, "-i", "good.mp4", *out, prepare=small_files), "disk_full", CRITICAL)


def test_a_live_server_that_is_gone_is_told(ffmpeg: str, media: Path, nowhere: int) -> None:
    url = f"rtsp://127.0.0.1:{nowhere}/x"
    copied = ("-re", "-i", "good.mp4", "-map", "0:v", "-c", "copy")
    plain = findings(ffmpeg, media, *copied, "-f", "rtsp", "-rtsp_transport", "tcp", url)
    expect(plain, "header_not_written", CRITICAL)
    given_up = findings(ffmpeg, media, *copied, *FIFO, "-max_recovery_attempts", "1", url)
    expect(given_up, "connection_refused", DEGRADED)
    expect(given_up, "live_given_up", CRITICAL)


def test_a_recording_that_cannot_be_made_is_told(ffmpeg: str, media: Path, tmp_path: Path) -> None:
    (tmp_path / "x.mp4").mkdir()
    found = findings(ffmpeg, media, "-i", "good.mp4", "-c", "copy", str(tmp_path / "x.mp4"))
    expect(found, "path_is_folder", CRITICAL)


@pytest.mark.parametrize("output", [(*SEGMENTS, "disk/%03d.mp4"), ("-c", "copy", "disk/x.mkv")])
def test_a_disk_that_is_mounted_to_be_read_only_is_told(
    ffmpeg: str, media: Path, tmp_path: Path, mounts: Callable[..., None], output: tuple[str, ...]
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounts(disk, "ro")
    expect(findings(ffmpeg, tmp_path, "-i", str(media / "good.mp4"), *output), "disk_read_only", CRITICAL)


@contextlib.contextmanager
def failing_disk(folder: Path) -> Iterator[tuple[Path, Path]]:
    """A disk, and the file that makes it fail with the error whose name is in it."""
    disk, below, switch = folder / "disk", folder / "below", folder / "switch"
    disk.mkdir()
    below.mkdir()
    argv = [sys.executable, "-m", "tests.faults.failing_disk", str(disk), str(below), str(switch)]
    server = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    try:
        wait_until(lambda: os.path.ismount(disk) or server.poll() is not None)
        if server.poll() is not None:
            unavailable(server.stderr.read().strip())
        yield disk, switch
    finally:
        switch.unlink(missing_ok=True)
        if server.poll() is None:
            subprocess.run(["umount", "--lazy", str(disk)], capture_output=True, check=True)
        server.wait(LIMIT_S)
        server.stderr.close()


@pytest.mark.parametrize(
    ("error", "message"),
    [("EIO", "disk_error"), ("ESTALE", "disk_error"), ("EROFS", "disk_read_only"), ("EDQUOT", "disk_quota")],
)
def test_a_disk_that_fails_in_mid_recording_is_told(
    ffmpeg: str, media: Path, tmp_path: Path, error: str, message: str
) -> None:
    """Broken, gone from its server, remounted because of an error, or used up. What 5.1 cannot write it keeps to itself
    until it begins the next segment."""
    record = ("-re", "-stream_loop", "1", "-i", str(media / "good.mp4"), *SEGMENTS)
    options = ("-segment_format_options", "flush_packets=1:movflags=frag_keyframe+empty_moov+default_base_moof")
    log = tmp_path / "log"
    with failing_disk(tmp_path) as (disk, switch):
        with log.open("wb") as file:
            process = subprocess.Popen([ffmpeg, *HEAD, *record, *options, str(disk / "%03d.mp4")], stderr=file)
        wait_until(lambda: (tmp_path / "below" / "000.mp4").exists())
        (tmp_path / "next").write_text(error)
        (tmp_path / "next").rename(switch)
        process.wait(LIMIT_S)
    expect(triaged(ffmpeg, log.read_bytes()), message, CRITICAL)


@contextlib.contextmanager
def frozen_server() -> Iterator[tuple[int, Callable[[], None]]]:
    """A live server that takes a stream and then reads no byte of it, until it is ended by what is given; its port."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        over = threading.Event()

        def serve() -> None:
            connection, _ = listener.accept()
            unread = b""
            with connection, contextlib.suppress(OSError):
                while data := connection.recv(4096):
                    *requests, unread = (unread + data).split(b"\r\n\r\n")
                    for request in requests:
                        number = re.search(rb"CSeq: (\d+)", request)
                        if number is None:
                            continue  # the description of the stream
                        transport = re.search(rb"Transport: [^\r]*", request)
                        answer = b"RTSP/1.0 200 OK\r\nCSeq: " + number[1] + b"\r\nSession: 1\r\n"
                        connection.sendall(answer + (transport[0] + b"\r\n" if transport else b"") + b"\r\n")
                        if b"RECORD rtsp" in request:
                            over.wait(2 * LIMIT_S)
                            return

        def end() -> None:
            listener.close()
            over.set()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], end
        over.set()
        thread.join(LIMIT_S)


@pytest.fixture(scope="module")
def much(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds that are larger than what the buffers of a connection hold."""
    file = tmp_path_factory.mktemp("much") / "much.mkv"
    source = ("-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=10:duration=2,noise=alls=60:allf=t")
    encode = (*X264, "-g", "1", "-qp", "2")
    subprocess.run([EMBEDDED_FFMPEG, "-v", "error", "-nostdin", *source, *encode, str(file)], check=True)
    assert file.stat().st_size > 20 * 10**6
    return file


def test_a_live_server_that_takes_nothing_any_more_is_told(ffmpeg: str, much: Path, tmp_path: Path) -> None:
    """The queue before it is full; ffmpeg is not ended by that, and gives up only when the server is gone."""
    log = tmp_path / "log"
    live = (*FIFO, "-queue_size", "5", "-drop_pkts_on_overflow", "1", "-max_recovery_attempts", "1")
    with frozen_server() as (port, end):
        argv = [ffmpeg, *HEAD, "-re", "-stream_loop", "-1", "-i", str(much), "-map", "0:v", "-c", "copy"]
        with log.open("wb") as file:
            process = subprocess.Popen([*argv, *live, f"rtsp://127.0.0.1:{port}/x"], stderr=file)
        try:
            wait_until(lambda: b"queue full" in log.read_bytes())
            assert process.poll() is None
            end()
            process.wait(LIMIT_S)
        finally:
            process.kill()
            process.wait()
    found = triaged(ffmpeg, log.read_bytes())
    expect(found, "live_queue_full", DEGRADED)
    expect(found, "live_given_up", CRITICAL)
