"""A camera that sets its own clock while it sends: what was recorded is dated by when it was written."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import time
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import av
import pytest

from tests.integration.live_support import EMBEDDED_FFMPEG
from tests.unit.ffmpeg_examples import camera
from vmstui.ffmpeg.inspect import inspect_media
from vmstui.ffmpeg.join import Ffmpeg
from vmstui.footage import Segment, SegmentVerdict, Uptime
from vmstui.recorder.process import boot_time_s
from vmstui.recording.birth import born_at
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.clock import Era, WallClock
from vmstui.recording.export_making import Request
from vmstui.recording.exporting import export
from vmstui.recording.gaps import gaps_of
from vmstui.recording.layout import generation_spool
from vmstui.recording.spool import Origin, Times, settle
from vmstui.recording.verify import Looks, verify

SECONDS = 6
BOOT = "this boot"


def _recorded(recordings: Path, jump_s: int, jumps: int) -> Path:
    """A segment that ffmpeg wrote in real time, as a worker does, of a stream that jumps ahead at so many of its
    keyframes."""
    spool = generation_spool(recordings, "lobby", 2)
    spool.mkdir(parents=True)
    source = f"testsrc2=size=320x180:rate=10:duration={SECONDS}"
    command = [EMBEDDED_FFMPEG, "-v", "error", "-nostdin", "-re", "-f", "lavfi", "-i", source, "-c:v", "libx264"]
    command += [
        "-vf",
        f"setpts=PTS+min(floor(N/10)\\,{jumps})*{jump_s}/TB",
        "-fps_mode",
        "vfr",
        "-enc_time_base",
        "1:90000",
    ]
    command += ["-preset", "ultrafast", "-tune", "zerolatency", "-g", "10", "-pix_fmt", "yuv420p"]
    command += ["-f", "segment", "-segment_time", "1000000", "-reset_timestamps", "1", "-segment_format", "mp4"]
    command += ["-segment_format_options", "movflags=frag_keyframe+empty_moov+default_base_moof:flush_packets=1"]
    command += ["-segment_list", str(spool / "segments.csv"), "-segment_list_type", "csv", str(spool / "%06d.mp4")]
    subprocess.run(command, check=True, timeout=60)
    return spool / "000000.mp4"


@pytest.mark.parametrize(("jump_s", "jumps"), [(2 * 3600, 1), (6 * 3600, 5)])
def test_a_camera_that_sets_its_clock_ahead_misdates_nothing_and_invents_no_loss(
    tmp_path: Path, jump_s: int, jumps: int
) -> None:
    file = _recorded(tmp_path, jump_s, jumps)
    looked_at = inspect_media(EMBEDDED_FFMPEG, str(file))
    assert 0 < looked_at.duration_s - jumps * jump_s < 60, "the file itself holds the jump"
    assert looked_at.frames == SECONDS * 10
    born, now_s = born_at(file), boot_time_s()
    assert born is not None, "this file system tells when a file was made"
    clock = WallClock(BOOT, (Era(0.0, time.time() - now_s),))
    origin = Origin(camera(), 2, tmp_path, ended=False, codec="h264")
    segment = settle(file, origin, Times(UTC, clock, now_s), lambda path: inspect_media(EMBEDDED_FFMPEG, path))

    assert segment.verdict is SegmentVerdict.SUSPECT, segment.reason
    assert "the camera's clock is wrong" in segment.reason
    assert not Path(segment.path).is_relative_to(tmp_path / ".vmstui"), "it plays, so it is published"
    assert abs(segment.started_at - born) < timedelta(milliseconds=1)
    assert born.strftime("%Y%m%d_%H%M%S") in Path(segment.path).name
    assert 0 < segment.duration_s < 60
    assert segment.uptime is not None
    assert segment.uptime.s == pytest.approx(born.timestamp() - clock.eras[0].offset_s)
    before_s = 10.0
    before = Segment(
        "lobby", 1, "/before.mp4", born - timedelta(seconds=before_s), before_s, 1, "h264", 320, 180,
        SegmentVerdict.GOOD, uptime=Uptime(BOOT, segment.uptime.s - before_s),
    )  # fmt: skip
    assert gaps_of(segment, [before], ()) == ()
    again = verify(segment, Looks(lambda path: inspect_media(EMBEDDED_FFMPEG, path)))
    assert again.after == segment, "later looks find nothing else wrong with it"


@pytest.mark.parametrize(("jump_s", "jumps", "exact"), [(2 * 3600, 1, False), (6 * 3600, 5, False), (7200, 2, True)])
def test_an_export_leaves_the_jump_out_and_says_so(tmp_path: Path, jump_s: int, jumps: int, exact: bool) -> None:
    recordings = tmp_path / "recordings"
    file = _recorded(recordings, jump_s, jumps)
    now_s = boot_time_s()
    clock = WallClock(BOOT, (Era(0.0, time.time() - now_s),))
    origin = Origin(camera(), 2, recordings, ended=False, codec="h264")
    segment = settle(file, origin, Times(UTC, clock, now_s), lambda path: inspect_media(EMBEDDED_FFMPEG, path))
    assert segment.uptime is not None
    # What follows within the same file system tells that the next one lies where it was recorded.
    copied = tmp_path / "next.mp4"
    shutil.copy(segment.path, copied)
    length_s = segment.duration_s
    follows = replace(
        segment, path=str(copied), number=1, span=None, started_at=segment.ended_at,
        uptime=replace(segment.uptime, s=segment.uptime.s + length_s),
    )  # fmt: skip
    request = Request("lobby", "Lobby", segment.started_at, follows.ended_at, tmp_path / "out.mp4", UTC)
    requests = [request]
    if exact:
        # From amid the first group of pictures on: what is encoded anew and what is copied.
        edges = replace(request, out=tmp_path / "edges.mp4", exact=True, since=request.since + timedelta(seconds=0.35))
        requests = [edges, replace(request, exact=True, anew=True)]
    for asked in requests:
        early = 4 if asked.since > request.since else 0
        with Catalogue.open(tmp_path / "catalogue.sqlite3") as catalogue:
            catalogue.add([segment, follows])
            made = export(asked, catalogue, Ffmpeg(EMBEDDED_FFMPEG, "embedded"), lambda what, share: None)
        assert made.frames == 2 * SECONDS * 10 - early
        assert [span.encoded for span in made.spans] == ([True, False] if early else [exact])
        assert made.gaps == ()
        told = [note for note in made.notes if "the camera set its clock ahead by" in note]
        assert len(told) == 2 * jumps, made.notes
        with av.open(str(asked.out)) as opened:
            times = sorted(
                float(packet.pts * packet.time_base) for packet in opened.demux(video=0) if packet.pts is not None
            )
        assert len(times) == 2 * SECONDS * 10 - early
        assert max(after - before for before, after in itertools.pairwise(times)) < 5.0
        assert times[-1] - times[0] == pytest.approx(2 * length_s, abs=5.0)
