"""The recorder with servers of other makes: recording from GStreamer's cameras, publishing into GStreamer's server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import subprocess
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.harness import PASSWORD, Recorder, wait_until
from tests.peers import GSTREAMER_PYTHON, require
from vmstui.configured import OutputKind
from vmstui.live.simulated import SimulatedCameras

HEAD = """
    import sys, gi
    gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0')
    from gi.repository import Gst, GstRtspServer, GLib
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address('127.0.0.1'); server.set_service(sys.argv[1])
"""
CAMERA = (
    HEAD
    + """
    auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    token.set_string('media.factory.role', 'user')
    auth.add_digest('admin', sys.argv[2], token)
    auth.set_supported_methods(2)  # GstRtsp.RTSPAuthMethod.DIGEST
    server.set_auth(auth)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch('( videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=10/1 ! x264enc '
        'tune=zerolatency speed-preset=ultrafast key-int-max=10 bitrate=300 ! rtph264pay name=pay0 pt=96 '
        'config-interval=1 )')
    factory.set_shared(True)
    permissions = GstRtspServer.RTSPPermissions()
    for name in ('media.factory.access', 'media.factory.construct'):
        permissions.add_permission_for_role('user', name, True)
    factory.set_permissions(permissions)
    server.get_mount_points().add_factory('/cam1', factory)
    server.attach(None); print('up', flush=True); GLib.MainLoop().run()
"""
)
SINK = (
    HEAD
    + """
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch('( rtph264depay name=depay0 ! h264parse ! avdec_h264 ! fakesink name=sink sync=false )')
    factory.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)
    factory.set_latency(200)
    def configure(factory, media):
        sink = media.get_element().get_by_name('sink')
        sink.set_property('signal-handoffs', True)
        sink.connect('handoff', lambda *rest: print('frame', flush=True))
    factory.connect('media-configure', configure)
    server.get_mount_points().add_factory('/cam1', factory)
    server.attach(None); print('up', flush=True); GLib.MainLoop().run()
"""
)


@pytest.fixture
def gstreamer(tmp_path: Path) -> Iterator[Callable[..., tuple[int, Path]]]:
    """Starts a GStreamer RTSP server; gives its port and the file its output goes to."""
    started: list[subprocess.Popen[bytes]] = []

    def start(script: str, *arguments: str) -> tuple[int, Path]:
        require("gst-rtsp-server")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        output = tmp_path / f"gstreamer{len(started)}.log"
        with output.open("wb") as file:
            argv = [GSTREAMER_PYTHON, "-c", textwrap.dedent(script), str(port), *arguments]
            started.append(subprocess.Popen(argv, stdout=file, stderr=subprocess.STDOUT))
        wait_until(lambda: b"up" in output.read_bytes(), "GStreamer's server is up", output.read_text)
        return port, output

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.peer
def test_a_camera_of_another_make_is_recorded_with_its_password(
    recorder: Recorder, gstreamer: Callable[..., tuple[int, Path]]
) -> None:
    port, _ = gstreamer(CAMERA, PASSWORD)
    recorder.configure([("cam1", f"rtsp://127.0.0.1:{port}/cam1")])
    recorder.start()
    recorder.wait_recording()
    recorder.wait_for("two segments", lambda camera: camera.segments_closed >= 2)
    segment = recorder.segments()[1]
    assert (segment.codec, segment.width, segment.height) == ("h264", 320, 180)
    assert segment.duration_s == pytest.approx(5, abs=1.2)


@pytest.mark.peer
@pytest.mark.parametrize("ffmpeg", ["embedded", "system"])
def test_a_camera_that_signed_its_own_certificate_is_recorded(
    recorder: Recorder, simulated: Callable[..., SimulatedCameras], tmp_path: Path, ffmpeg: str
) -> None:
    require("openssl", "ffmpeg")
    argv = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=camera"]
    argv += ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "certificate.pem")]
    subprocess.run(argv, check=True, capture_output=True)
    with tls_front(simulated().port, tmp_path) as port:
        recorder.configure([("cam1", f"rtsps://127.0.0.1:{port}/cam1")])
        text = recorder.config.read_text().replace("ffmpeg: embedded", f"ffmpeg: {ffmpeg}")
        recorder.config.write_text(text)
        recorder.start()
        recorder.wait_recording()
        recorder.wait_for("a segment", lambda camera: camera.segments_closed >= 1)


@contextlib.contextmanager
def tls_front(port: int, folder: Path) -> Iterator[int]:
    """A TLS server in front of a plain one, as a camera's `rtsps://` is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            inner = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(copy(reader, inner[1]), copy(inner[0], writer))

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0, ssl=context))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.1))
        loop.close()


@pytest.mark.peer
def test_the_live_stream_goes_into_a_server_of_another_make(
    recorder: Recorder,
    simulated: Callable[..., SimulatedCameras],
    gstreamer: Callable[..., tuple[int, Path]],
) -> None:
    port, output = gstreamer(SINK)
    sources = simulated()
    head = f"retention: {{min_free: 16M}}\nlive: {{server: 'rtsp://127.0.0.1:{port}'}}"
    recorder.configure([("cam1", sources.url("cam1"))], head=head)
    recorder.start()
    recorder.wait_recording()
    wait_until(lambda: output.read_bytes().count(b"frame") > 20, "decoded frames arrive", output.read_text)
    snapshot = recorder.snapshot()
    assert snapshot.relay.state == "external"
    live = snapshot.cameras[0].output(OutputKind.LIVE)
    assert live is not None
    assert live.address == f"rtsp://127.0.0.1:{port}/cam1"
