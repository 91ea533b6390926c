"""A disk that gets full while an export is written to it: it is told, nothing is left of it, and recording goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.test_disk_faults import fill
from tests.integration.export_support import START, Footage, pictures
from tests.integration.harness import Recorder
from tests.integration.live_support import EMBEDDED_FFMPEG
from tests.integration.test_recorder import MakeCameras, recording
from vmstui import __version__
from vmstui.cli.export import _keep_free_bytes
from vmstui.ffmpeg.join import Ffmpeg
from vmstui.model import EventKind
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.recording.export_making import ExportFailed, Request, Tell
from vmstui.recording.exporting import export
from vmstui.recording.manifest import FORMAT, Manifest, Report
from vmstui.settings import load

TOOL = Ffmpeg(EMBEDDED_FFMPEG, "embedded")
Mounts = Callable[[Path, str], None]


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    made = Footage(tmp_path_factory.mktemp("footage"))
    made.record(1, 0, 40, segment_s=10, fps=10, size="160x90")
    return made


@dataclass
class FillsUp:
    """Told what an export does, it takes all room but a few kilobytes as soon as that is a certain thing."""

    when: str
    ballast: Path
    leave_bytes: int

    def tell(self, what: str, _share: float) -> None:
        if what == self.when and not self.ballast.exists():
            fill(self.ballast, self.leave_bytes)


def hashes(footage: Footage) -> list[str]:
    return [hashlib.sha256(Path(segment.path).read_bytes()).hexdigest() for segment in footage.segments]


def manifest_of(request: Request) -> Manifest:
    nothing = Report(
        request.camera,
        request.camera_name,
        *(request.since, request.until) * 2,
        str(request.out),
        "",
        0,
        0.0,
        0,
        (),
        (),
    )
    return Manifest(FORMAT, datetime.now(UTC), "op", "host", __version__, "embedded", nothing)


@pytest.mark.parametrize(
    ("when", "leave_bytes", "exact", "anew"),
    [
        ("copying", 24_576, False, False),
        ("copying", 0, False, False),
        ("hashing", 0, False, False),
        ("encoding", 4_096, True, False),
        ("joining", 24_576, True, False),
        ("encoding", 24_576, True, True),
    ],
    ids=["half copied", "nothing copied", "manifest", "an edge", "joined", "re-encoded"],
)
def test_a_disk_that_gets_full_while_it_is_written_is_told_and_no_half_file_is_left(
    footage: Footage, tmp_path: Path, mounts: Mounts, when: str, leave_bytes: int, exact: bool, anew: bool
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounts(disk, "size=4M")
    before = hashes(footage)
    since, until = START + timedelta(seconds=7), START + timedelta(seconds=33.25)
    request = Request("lobby", "Lobby", since, until, disk / "x.mp4", exact=exact, anew=anew)
    fills_up = FillsUp(when, disk / "ballast", leave_bytes)

    def made(tell: Tell) -> Report:
        with footage.catalogue() as catalogue:
            return export(request, catalogue, TOOL, tell, manifest_of(request))

    with pytest.raises(ExportFailed, match="No space left on device") as raised:
        made(fills_up.tell)
    assert str(disk) in str(raised.value), "which disk it is"
    assert list(disk.iterdir()) == [fills_up.ballast]
    assert hashes(footage) == before
    fills_up.ballast.unlink()
    assert made(lambda *_: None).frames == len(pictures(request.out)), "with room it is made as ever"


def test_an_export_to_the_disk_of_the_recordings_gives_way_before_recording_has_to(
    recorder: Recorder, simulated: MakeCameras, tmp_path: Path, mounts: Mounts
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounts(disk, "size=80M")
    recorder.recordings = disk / "recordings"
    recording(recorder, simulated)
    recorder.wait_catalogued()
    kept = _keep_free_bytes(load(str(recorder.config)).settings, disk)
    now = datetime.now(UTC)
    request = Request("cam1", "cam1", now - timedelta(hours=1), now, disk / "x.mp4", keep_free_bytes=kept)
    fills_up = FillsUp("copying", disk / "ballast", kept - 2**20)
    with (
        Catalogue.open(recorder.folder / "state" / FILE_NAME, readonly=True) as catalogue,
        pytest.raises(ExportFailed, match="are kept free there: export to another disk"),
    ):
        export(request, catalogue, TOOL, fills_up.tell)
    assert [entry.name for entry in disk.iterdir() if entry.suffix == ".mp4"] == []
    closed = recorder.camera().segments_closed
    recorder.wait_for("two more segments", lambda camera: camera.segments_closed >= closed + 2)
    assert recorder.camera().generation == 1
    began = next(event.at for event in recorder.details().events if event.kind is EventKind.START)
    held = [event for event in recorder.details().events if event.kind is EventKind.HOLD and event.at > began]
    assert held == []
