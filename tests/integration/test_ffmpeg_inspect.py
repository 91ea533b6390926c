"""What is in a file, checked against PyAV and ffprobe."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from tests.integration.ffmpeg_support import decoded
from tests.integration.live_support import EMBEDDED_FFMPEG
from tests.peers import require
from vmstui.ffmpeg.inspect import MediaInfo, Unplayable, inspect_media, read_framecrc
from vmstui.ffmpeg.reading import CouldNotLook

FRAGMENTED = "frag_keyframe+empty_moov+default_base_moof"
HYBRID = "hybrid_fragmented"


def _make(folder: Path, encoder: str = "libx264", movflags: str = HYBRID, duration_s: float = 6) -> Path:
    file = folder / f"{encoder}-{movflags}.mp4"
    source = f"testsrc2=size=320x180:rate=10:duration={duration_s}"
    options = ["-c:v", encoder, "-preset", "ultrafast", "-g", "20", "-pix_fmt", "yuv420p"]
    command = [EMBEDDED_FFMPEG, "-v", "error", "-nostdin", "-f", "lavfi", "-i", source, *options]
    subprocess.run([*command, "-movflags", movflags, "-flush_packets", "1", str(file)], check=True)
    return file


@pytest.mark.parametrize(("encoder", "codec"), [("libx264", "h264"), ("libx265", "h265")])
@pytest.mark.parametrize("movflags", [HYBRID, FRAGMENTED])
def test_a_whole_file_is_told_as_pyav_decodes_it(tmp_path: Path, encoder: str, codec: str, movflags: str) -> None:
    file = _make(tmp_path, encoder, movflags)
    found = inspect_media(EMBEDDED_FFMPEG, str(file))
    assert found == MediaInfo(6.0, 60, codec, 320, 180, 10.0, True, ())
    pictures = decoded(file)
    assert len(pictures.times_s) == found.frames
    assert (pictures.width, pictures.height) == (found.width, found.height)
    assert pictures.times_s[-1] - pictures.times_s[0] + 0.1 == pytest.approx(found.duration_s)


def test_a_file_that_was_cut_off_is_told_up_to_its_last_whole_frame(tmp_path: Path) -> None:
    whole = _make(tmp_path, movflags=FRAGMENTED)
    raw = whole.read_bytes()
    cut = tmp_path / "cut off 100%.mp4"
    seen = []
    for share in (0.3, 0.6, 0.9):
        cut.write_bytes(raw[: int(len(raw) * share)])
        found = inspect_media(EMBEDDED_FFMPEG, str(cut))
        assert found.frames == pytest.approx(found.duration_s * 10)
        seen.append(found.frames)
    assert 0 < seen[0] < seen[1] < seen[2] < 60


@pytest.mark.parametrize("content", [b"", b"not a film", bytes(4096), b"\x00\x00\x00\x1cftypisom"])
def test_what_holds_no_video_is_unplayable_with_a_reason(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.mp4"
    file.write_bytes(content)
    with pytest.raises(Unplayable) as caught:
        inspect_media(EMBEDDED_FFMPEG, str(file))
    assert str(caught.value)


def test_a_file_with_nothing_but_its_header_is_unplayable(tmp_path: Path) -> None:
    raw = _make(tmp_path, movflags=FRAGMENTED).read_bytes()
    file = tmp_path / "header.mp4"
    file.write_bytes(raw[: raw.index(b"moof") - 4])
    with pytest.raises(Unplayable, match="no video frames"):
        inspect_media(EMBEDDED_FFMPEG, str(file))


def test_what_could_not_be_looked_at_is_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        inspect_media(EMBEDDED_FFMPEG, str(tmp_path / "missing.mp4"))
    file = _make(tmp_path, duration_s=1)
    with pytest.raises(CouldNotLook, match="cannot be run"):
        inspect_media(str(tmp_path / "no-ffmpeg"), str(file))
    with pytest.raises(TimeoutError):
        inspect_media(EMBEDDED_FFMPEG, str(file), timeout_s=0)


def test_a_listing_without_a_packet_is_nothing() -> None:
    assert read_framecrc("") is None
    assert read_framecrc("#tb 0: 1/90000\n#codec_id 0: h264\n#dimensions 0: 320x180\n") is None


def test_frames_are_counted_but_for_a_damaged_one_and_times_are_those_shown() -> None:
    listing = (
        "#extradata 0:     2584, 0x917f77d9\n#tb 0: 1/90000\n#codec_id 0: hevc\n#dimensions 0: 320x180\n"
        "0,     -18000,      18000,     9000,     1698, 0xb06e5048\n"
        "0,      -9000,      36000,     9000,     1521, 0xd28bf4bc, F=0x0\n"
        "0,          0,      27000,     9000,     1122, 0x615327ed, F=0x0, S=1,       12, 0x1\n"
        "0,       9000,      45000,     9000,     1122, 0x615327ed, F=0x2\n"
    )
    assert read_framecrc(listing) == MediaInfo(0.3, 3, "h265", 320, 180, 10.0, True, ())


def test_a_stretch_without_frames_is_told_with_its_place_and_length(tmp_path: Path) -> None:
    whole, holed = _make(tmp_path), tmp_path / "holed.mp4"
    command = [EMBEDDED_FFMPEG, "-v", "error", "-nostdin", "-i", str(whole), "-c", "copy"]
    shift = "setts=ts='if(gte(PTS*TB,4),PTS+7/TB,PTS)'"
    subprocess.run([*command, "-bsf:v", shift, "-movflags", FRAGMENTED, str(holed)], check=True)
    found = inspect_media(EMBEDDED_FFMPEG, str(holed))
    [hole] = found.holes
    assert (round(hole.offset_s, 3), round(hole.length_s, 3)) == (4.0, 7.0)
    assert (found.frames, found.fps, round(found.duration_s, 3)) == (60, 10.0, 13.0)
    times_s = decoded(holed).times_s
    assert max(after - before for before, after in pairwise(times_s)) == pytest.approx(7.1)


def test_a_camera_that_sends_a_frame_every_three_seconds_has_no_holes() -> None:
    header = "#tb 0: 1/90000\n#codec_id 0: h264\n#dimensions 0: 320x180\n"
    packets = [f"0, {90000 * second}, {90000 * second}, 270000, 1698, 0xb06e5048" for second in (0, 3, 6, 9)]
    found = read_framecrc(header + "\n".join(packets))
    assert found is not None
    assert (round(found.fps, 3), found.holes) == (0.333, ())


def test_a_file_that_begins_with_another_frame_than_a_keyframe_is_told(tmp_path: Path) -> None:
    header = "#tb 0: 1/90000\n#codec_id 0: h264\n#dimensions 0: 320x180\n"
    found = read_framecrc(header + "0, 0, 0, 9000, 1698, 0xb06e5048, F=0x0\n0, 9000, 9000, 9000, 1698, 0xb06e5048\n")
    assert found is not None
    assert not found.starts_with_keyframe


@pytest.mark.peer
@pytest.mark.parametrize("encoder", ["libx264", "libx265"])
def test_debians_ffmpeg_and_ffprobe_tell_the_same(tmp_path: Path, encoder: str) -> None:
    require("ffmpeg", "ffprobe")
    whole = _make(tmp_path, encoder, FRAGMENTED)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.7)])
    for file in (whole, cut):
        found = inspect_media(EMBEDDED_FFMPEG, str(file))
        assert inspect_media("ffmpeg", str(file)) == found
        times = _ffprobe_times_s(file)[: None if file == whole else -1]  # it counts the frame that was cut, too
        assert found.frames == len(times)
        assert found.duration_s == pytest.approx(max(times) - min(times) + 0.1)


def _ffprobe_times_s(file: Path) -> list[float]:
    command = ["ffprobe", "-v", "quiet", "-of", "json", "-show_entries", "packet=pts_time", str(file)]
    packets = json.loads(subprocess.run(command, capture_output=True, check=False).stdout)["packets"]
    return [float(packet["pts_time"]) for packet in packets]
