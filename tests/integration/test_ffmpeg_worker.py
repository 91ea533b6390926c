"""The command line of a worker, run against real RTSP cameras: what it records, how it survives its live server, how it
ends and how that is explained. Every promise holds for the embedded ffmpeg and, as a peer, for Debian's."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.deaf_server import DeafServer
from tests.integration.ffmpeg_support import COPY, REENCODE, Worker, binary_at, decoded, embedded, recorded
from tests.integration.live_support import EMBEDDED_FFMPEG, decode, relay_process, wait_until
from tests.peers import require
from vmstui.configured import Camera
from vmstui.ffmpeg.abilities import probe
from vmstui.ffmpeg.binary import Binary
from vmstui.ffmpeg.exits import ExitKind
from vmstui.ffmpeg.inspect import Unplayable
from vmstui.ffmpeg.plan import Rung, can_cure, plans
from vmstui.footage import SegmentVerdict
from vmstui.live.simulated import CameraSpec, SimulatedCameras
from vmstui.recording.clock import WallClock
from vmstui.recording.spool import Origin, SpoolReader, Times, leftovers, settle

PASSWORD = "hün ter2'@/%#"
LOBBY = CameraSpec("lobby", size=(320, 180), fps=10)
DOOR = CameraSpec("door", codec="h265", size=(320, 180), fps=10, username="admin", password=PASSWORD)


@pytest.fixture(params=["embedded", pytest.param("system", marks=pytest.mark.peer)])
def binary(request: pytest.FixtureRequest) -> Binary:
    if request.param == "embedded":
        return embedded()
    require("ffmpeg")
    return binary_at(str(shutil.which("ffmpeg")))


@pytest.fixture(scope="module")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedCameras]:
    """Two cameras that no test here disturbs."""
    with SimulatedCameras(EMBEDDED_FFMPEG, tmp_path_factory.mktemp("cameras"), [LOBBY, DOOR]) as running:
        yield running


@pytest.fixture
def own_camera(tmp_path: Path) -> Iterator[SimulatedCameras]:
    """A camera for a test that disturbs it."""
    with SimulatedCameras(EMBEDDED_FFMPEG, tmp_path, [LOBBY]) as running:
        yield running


def _listed_s(worker: Worker) -> list[tuple[float, float]]:
    """Start and end of each segment in stream time, as ffmpeg listed them."""
    rows = [line.split(",") for line in (worker.spool / "segments.csv").read_text(encoding="ascii").splitlines()]
    return [(float(row[1]), float(row[2])) for row in rows]


def _times_s(worker: Worker) -> list[float]:
    """Presentation times of all frames of a recording in one row, decoded by PyAV."""
    times: list[float] = []
    for file in worker.segments:
        own = decoded(file).times_s
        start = times[-1] + 0.1 if times else 0.0
        times += [start + moment - own[0] for moment in own]
    return times


def test_a_stopped_recording_is_whole_and_without_a_gap(
    binary: Binary, cameras: SimulatedCameras, tmp_path: Path
) -> None:
    """SIGINT ends it: trailers are written, every file is listed, playable, and no frame is missing between them."""
    with recorded(binary, tmp_path, cameras.url("lobby"), segment_length_s=2) as worker:
        reader = SpoolReader(worker.spool)
        wait_until(lambda: len(reader.look().closed) >= 2)
        assert worker.end(signal.SIGINT) == 255
        assert worker.cause(asked=True).kind is ExitKind.STOPPED
        assert SpoolReader(worker.spool).look().closed == leftovers(worker.spool)
        times = _times_s(worker)
        assert sum(worker.inspect(file).frames for file in worker.segments) == len(times)
        assert max(later - earlier for earlier, later in itertools.pairwise(times)) < 0.25
        first, *middle, _ = worker.segments
        for file in middle:
            # Cut at the first keyframe behind a multiple of 2 s on the clock: one that comes late moves a cut by 1 s.
            assert worker.inspect(file).duration_s == pytest.approx(2.0, abs=1.0 + 0.3)
        assert worker.inspect(first).codec == "h264"


def test_both_outputs_are_encoded_from_one_decode_of_an_h265_camera(
    binary: Binary, cameras: SimulatedCameras, tmp_path: Path
) -> None:
    """Credentials with every nasty character reach the camera, and neither ps nor the log shows them."""
    with relay_process(tmp_path) as (_, port):
        live = f"rtsp://127.0.0.1:{port}/door"
        with recorded(
            binary,
            tmp_path,
            cameras.url("door"),
            profile=REENCODE,
            codec="h265",
            publish_url=live,
            username="admin",
            password=PASSWORD,
            plan=None,
        ) as worker:
            worker.wait_for_footage()
            wait_until(lambda: decode(EMBEDDED_FFMPEG, live, 3).returncode == 0)
            command = Path(f"/proc/{worker.process.pid}/cmdline").read_bytes()
            assert b"ter2" not in command
            assert "ter2" not in worker.log
            worker.end(signal.SIGINT)
        found = worker.inspect(worker.segments[0])
        assert (found.codec, found.width) == ("h265", 320)
        assert b"hvc1" in worker.segments[0].read_bytes()
        assert decoded(worker.segments[0]).codec == "hevc"


def test_a_killed_worker_leaves_all_but_the_last_group_of_pictures(
    binary: Binary, cameras: SimulatedCameras, tmp_path: Path
) -> None:
    with recorded(binary, tmp_path, cameras.url("lobby"), segment_length_s=3600) as worker:
        worker.wait_for_footage(30)
        worker.grow()
        progress = worker.progress
        worker.end(signal.SIGKILL)
        assert worker.cause().kind is ExitKind.KILLED
        [file] = worker.segments
        found = worker.inspect(file)
        assert progress is not None
        assert found.frames >= progress.frame - 2 * LOBBY.fps * LOBBY.gop_s
        assert len(decoded(file).times_s) == found.frames
        camera = Camera("lobby", "Lobby", "rtsp://x", COPY)
        origin, times = Origin(camera, 1, tmp_path, ended=True), Times(None, WallClock("boot"), 0.0)
        segment = settle(file, origin, times, lambda path: worker.inspect(Path(path)))
        assert segment.verdict is SegmentVerdict.PARTIAL
        assert segment.duration_s == pytest.approx(found.duration_s)
        assert abs(time.time() - found.duration_s - segment.started_at.timestamp()) < 30
        assert Path(segment.path).exists()


def test_a_dead_live_server_never_touches_the_recording_and_live_comes_back(
    binary: Binary, cameras: SimulatedCameras, tmp_path: Path
) -> None:
    """Dead from the start, there, frozen, killed, there again: one worker, no gap in its recording."""
    port_file = tmp_path / "port"
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port_file.write_text(str(reserved.getsockname()[1]), encoding="ascii")
    live = f"rtsp://127.0.0.1:{port_file.read_text(encoding='ascii')}/lobby"
    with recorded(binary, tmp_path, cameras.url("lobby"), publish_url=live) as worker:
        worker.wait_for_footage()
        worker.grow()
        for last in (False, True):
            with relay_process(tmp_path) as (relay, _):
                wait_until(lambda: decode(EMBEDDED_FFMPEG, live, 3).returncode == 0)
                if not last:
                    relay.process.send_signal(signal.SIGSTOP)
                    worker.grow()
                relay.process.kill()
                worker.grow()
        assert worker.end(signal.SIGINT) == 255
        times = _times_s(worker)
        assert max(later - earlier for earlier, later in itertools.pairwise(times)) < 0.25
        progress = worker.progress
        assert progress is not None
        assert len(times) >= progress.frame - 2
        assert all(end == start for (_, end), (start, _) in itertools.pairwise(_listed_s(worker)))
        assert worker.log.count("Non-monoton") <= 4, "5.1 wrote one per frame without a time base of its own"


def test_a_live_server_that_hangs_costs_nothing_recorded_and_the_second_signal_ends_the_worker(
    binary: Binary, tmp_path: Path
) -> None:
    """ffmpeg is blocked in a write to the server; the recording goes on, and its trailer is written in the end."""
    fast = CameraSpec("fast", size=(320, 180), fps=30, bitrate_bps=4_000_000)
    with DeafServer() as server, SimulatedCameras(EMBEDDED_FFMPEG, tmp_path, [fast]) as cameras:
        live = f"rtsp://127.0.0.1:{server.port}/fast"
        with recorded(binary, tmp_path, cameras.url("fast"), publish_url=live, segment_length_s=3600) as worker:
            wait_until(lambda: "FIFO queue full" in worker.log)
            assert server.deaf.is_set()
            worker.grow()
            worker.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.process.wait(2)
            if worker.process.poll() is None:
                worker.end(signal.SIGTERM)
            assert worker.process.returncode == 255
            [file] = worker.segments
            progress = worker.progress
            assert progress is not None
            assert worker.inspect(file).frames >= progress.frame - 2
            assert SpoolReader(worker.spool).look().closed == (file.name,)
            times = _times_s(worker)
            assert max(later - earlier for earlier, later in itertools.pairwise(times)) < 0.25


# --------------------------------------------------------------------------------------------------------------------
# How it ends, and how that is explained
# --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, ExitKind.AUTH), (403, ExitKind.AUTH), (404, ExitKind.NOT_FOUND), (453, ExitKind.BUSY), (503, ExitKind.BUSY)],
)
def test_what_a_camera_answers_is_told_apart(
    binary: Binary, own_camera: SimulatedCameras, tmp_path: Path, status: int, kind: ExitKind
) -> None:
    own_camera.refuse("lobby", status)  # type: ignore[arg-type]
    with recorded(binary, tmp_path, own_camera.url("lobby"), username="u", password=PASSWORD) as worker:
        cause = worker.cause()
        assert cause.kind is kind, worker.log
        assert str(status) in cause.evidence


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (lambda cameras: cameras.close("lobby"), ExitKind.CLOSED),
        (lambda cameras: cameras.freeze("lobby"), ExitKind.NETWORK),
    ],
    ids=["closes the stream", "freezes"],
)
def test_a_camera_that_goes_away_while_it_is_recorded(
    binary: Binary,
    own_camera: SimulatedCameras,
    tmp_path: Path,
    fault: Callable[[SimulatedCameras], None],
    kind: ExitKind,
) -> None:
    live = "rtsp://127.0.0.1:1/lobby"
    with recorded(binary, tmp_path, own_camera.url("lobby"), publish_url=live) as worker:
        worker.wait_for_footage()
        fault(own_camera)
        assert worker.process.wait(60) == 0
        cause = worker.cause()
        assert cause.kind is kind, worker.log
        assert worker.inspect(worker.segments[-1]).frames > 0


def test_a_camera_that_is_not_there_is_the_network_and_its_password_is_on_one_line_of_the_log_only(
    binary: Binary, tmp_path: Path
) -> None:
    """The one line that shows the address; the mask of the log is tested against it."""
    with recorded(binary, tmp_path, "rtsp://127.0.0.1:1/x", username="u", password="hunter2") as worker:
        assert worker.cause().kind is ExitKind.NETWORK
        [line] = [line for line in worker.log.splitlines() if "hunter2" in line]
        assert "Impossible to open 'rtsp://u:hunter2@127.0.0.1:1/x'" in line


def test_a_spool_folder_that_vanishes_is_the_disk(binary: Binary, cameras: SimulatedCameras, tmp_path: Path) -> None:
    with recorded(binary, tmp_path, cameras.url("lobby"), segment_length_s=2) as worker:
        worker.wait_for_footage()
        shutil.rmtree(worker.spool)
        cause = worker.cause()
        assert cause.kind is ExitKind.DISK, worker.log
        assert "No such file or directory" in cause.text


def test_a_gpu_that_fails_is_cured_by_a_lower_rung(binary: Binary, cameras: SimulatedCameras, tmp_path: Path) -> None:
    """The ladder is walked down, one real worker per rung, until one records."""
    here = probe(binary, tmp_path / "cache")
    if here.encoders & {"h264_nvenc", "hevc_nvenc"}:
        pytest.skip("NVENC works here, so it cannot be seen failing")
    claimed = replace(here, encoders=here.encoders | {"h264_nvenc", "hevc_nvenc"}, cuda_frames=True)
    walked = []
    for plan in plans(REENCODE, "h264", claimed):
        folder = tmp_path / plan.rung.name
        folder.mkdir()
        with recorded(binary, folder, cameras.url("lobby"), plan=plan, abilities=claimed) as worker:
            walked.append(plan.rung)
            if plan.rung is Rung.SOFTWARE:
                worker.wait_for_footage()
                break
            cause = worker.cause()
            assert cause.kind is ExitKind.ENCODER, worker.log
            assert can_cure(plan, cause)
            with pytest.raises(Unplayable):
                worker.inspect(worker.segments[0] if worker.segments else _empty(folder))
    assert walked == [Rung.GPU_FRAMES, Rung.HARDWARE, Rung.SOFTWARE]


def _empty(folder: Path) -> Path:
    file = folder / "empty.mp4"
    file.touch()
    return file
