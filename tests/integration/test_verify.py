"""`verify` finds what has become of recorded files; PyAV, another reader of the same files, agrees."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest

from tests.integration.live_support import EMBEDDED_FFMPEG
from tests.peers import require
from vmstui.ffmpeg.decode import Decoded, decode_media
from vmstui.ffmpeg.inspect import MediaInfo, inspect_media
from vmstui.footage import GapCause, Segment, SegmentVerdict, StoredEventKind, StreamSpan, Uptime
from vmstui.recording import journal
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.fill import ingest, record
from vmstui.recording.layout import camera_quarantine
from vmstui.recording.publish import quarantine
from vmstui.recording.verify import VANISHED, Looks, Surroundings, Verified, take_over, verify

START = datetime(2025, 10, 20, 12, 0, tzinfo=UTC)


def _inspect(path: str) -> MediaInfo:
    return inspect_media(EMBEDDED_FFMPEG, path)


def _decode(path: str) -> Decoded:
    return decode_media(EMBEDDED_FFMPEG, path, 60.0)


@pytest.fixture
def segments(tmp_path: Path) -> dict[str, Segment]:
    """Recorded files by what is about to become of them."""
    folder = tmp_path / "Lobby" / "2025-10-20"
    folder.mkdir(parents=True)
    made = {}
    for number, name in enumerate(("untouched", "cut", "bits", "head", "gone")):
        path = folder / f"Lobby_20251020_12{number:02d}00.mp4"
        source = "testsrc2=size=320x180:rate=10:duration=6"
        command = [EMBEDDED_FFMPEG, "-v", "error", "-nostdin", "-f", "lavfi", "-i", source, "-c:v", "libx264"]
        command += ["-preset", "ultrafast", "-g", "20", "-pix_fmt", "yuv420p", "-movflags", "frag_keyframe+empty_moov"]
        subprocess.run([*command, str(path)], check=True)
        found, size_bytes = _inspect(str(path)), path.stat().st_size
        made[name] = Segment(
            "lobby", 1, str(path), START + timedelta(minutes=number), found.duration_s, size_bytes, found.codec,
            found.width, found.height, SegmentVerdict.GOOD, "", found.frames, found.fps, True, number,
        )  # fmt: skip
    return made


def _damage(segments: dict[str, Segment]) -> None:
    raw = bytearray(Path(segments["cut"].path).read_bytes())
    Path(segments["cut"].path).write_bytes(raw[: len(raw) * 6 // 10])
    raw = bytearray(Path(segments["bits"].path).read_bytes())
    middle = raw.index(b"mdat", len(raw) // 2) + 200
    raw[middle : middle + 400] = bytes(byte ^ 0x5A for byte in raw[middle : middle + 400])
    Path(segments["bits"].path).write_bytes(raw)
    raw = bytearray(Path(segments["head"].path).read_bytes())
    raw[:2000] = bytes(2000)
    Path(segments["head"].path).write_bytes(raw)
    Path(segments["gone"].path).unlink()


def _decoded_by_pyav(path: str) -> int:
    """Pictures without a fault, counted by PyAV, up to the first fault; -1 where it cannot open the file."""
    count = 0
    try:
        with av.open(path) as container:
            container.streams.video[0].codec_context.thread_count = 1
            for _ in container.decode(video=0):
                count += 1
    except av.FFmpegError:
        return count or -1
    return count


def test_what_became_of_files_is_found_and_nothing_is_deleted(tmp_path: Path, segments: dict[str, Segment]) -> None:
    _damage(segments)
    bodies = {name: Path(one.path).read_bytes() for name, one in segments.items() if name != "gone"}
    found: dict[str, Verified] = {}
    with Catalogue.open(tmp_path / "catalogue.sqlite3") as catalogue:
        catalogue.add(segments.values())
        for name, segment in segments.items():
            verified = verify(segment, Looks(_inspect, _decode))
            found[name] = replace(verified, after=take_over(catalogue, Surroundings(tmp_path), verified))
        told = {name: (one.after.verdict, one.after.reason) for name, one in found.items()}
        assert told["untouched"] == (SegmentVerdict.GOOD, "")
        assert told["cut"][0] is SegmentVerdict.SUSPECT
        assert "frames, not 60 as when it was recorded" in told["cut"][1]
        assert told["bits"][0] is SegmentVerdict.SUSPECT
        assert "does not decode without errors" in told["bits"][1]
        assert told["head"][0] is SegmentVerdict.BROKEN
        assert told["gone"][1] == VANISHED
        kept = Path(found["head"].after.path)
        assert kept.is_relative_to(tmp_path / ".vmstui" / "quarantine" / "lobby")
        assert kept.with_name(kept.name + ".reason.txt").exists()
        assert {name: Path(found[name].after.path).read_bytes() for name in bodies} == bodies
        catalogued = {segment.path: segment.verdict for segment in catalogue.segments("lobby", None, None)}
        assert catalogued == {one.after.path: one.after.verdict for name, one in found.items() if name != "gone"}
        kinds = [event.kind for event in catalogue.events()]
        assert sorted(kinds) == [StoredEventKind.QUARANTINED, StoredEventKind.VANISHED]
        # Once more: nothing changes, nothing is noted twice.
        for segment in catalogue.segments("lobby", None, None):
            take_over(catalogue, Surroundings(tmp_path), verify(segment, Looks(_inspect, _decode)))
        assert len(catalogue.events()) == 2
    assert _decoded_by_pyav(found["untouched"].after.path) == 60
    assert _decoded_by_pyav(found["cut"].after.path) < 60
    assert _decoded_by_pyav(str(kept)) == -1


def test_changed_bits_are_found_only_by_decoding(segments: dict[str, Segment]) -> None:
    _damage(segments)
    assert verify(segments["bits"], Looks(_inspect)).well
    assert not verify(segments["bits"], Looks(_inspect, _decode)).well


@pytest.mark.peer
def test_both_ffmpegs_decode_the_same(segments: dict[str, Segment]) -> None:
    require("ffmpeg")
    _damage(segments)
    for name in ("untouched", "cut"):
        path = segments[name].path
        ours, theirs = _decode(path), decode_media("ffmpeg", path, 60.0)
        assert ours.frames == theirs.frames == max(0, _decoded_by_pyav(path))


def _spanned(segments: dict[str, Segment]) -> list[Segment]:
    """Three in a row, as one worker records them."""
    return [
        replace(
            segments[name],
            number=number,
            started_at=START + timedelta(seconds=6 * number),
            span=StreamSpan(6.0 * number, 6.0 * number + 6),
            uptime=Uptime("boot", 1000.0 + 6 * number),
        )
        for number, name in enumerate(("untouched", "cut", "bits"))
    ]


def _verified(catalogue: Catalogue, folder: Path, segment: Segment) -> Segment:
    return take_over(catalogue, Surroundings(folder, UTC), verify(segment, Looks(_inspect)))


def test_what_is_put_aside_is_a_gap_and_comes_back_with_its_place_when_it_plays(
    tmp_path: Path, segments: dict[str, Segment]
) -> None:
    row = _spanned(segments)
    content = Path(row[1].path).read_bytes()
    with Catalogue.open(tmp_path / "catalogue.sqlite3") as catalogue:
        record(catalogue, row, lambda camera: ())
        Path(row[1].path).write_bytes(bytes(len(content)))
        broken = _verified(catalogue, tmp_path, row[1])
        assert broken.verdict is SegmentVerdict.BROKEN
        [gap] = catalogue.gaps("lobby", None, None)
        assert (gap.started_at, gap.length_s, gap.cause) == (row[1].started_at, 6.0, GapCause.DAMAGE)
        assert _verified(catalogue, tmp_path, broken) == broken
        Path(broken.path).write_bytes(content)
        back = _verified(catalogue, tmp_path, broken)
        assert back == replace(row[1], path=str(tmp_path / "Lobby" / "2025-10-20" / "Lobby_20251020_120006.mp4"))
        assert Path(back.path).read_bytes() == content
        assert list((tmp_path / ".vmstui" / "quarantine" / "lobby").iterdir()) == []
        assert catalogue.segments("lobby", None, None) == (row[0], back, row[2])
        assert catalogue.gaps("lobby", None, None) == ()
        kinds = [event.kind for event in catalogue.events()]
        assert kinds == [StoredEventKind.QUARANTINED, StoredEventKind.RESTORED]
    with Catalogue.open(tmp_path / "anew.sqlite3") as anew:
        for segment in (row[0], row[2]):
            journal.append(tmp_path, segment)
        ingest(anew, tmp_path, {"Lobby": "lobby"}, _inspect, UTC, lambda camera: ())
        assert [one for one in anew.segments("lobby", None, None) if one.generation] == [row[0], back, row[2]]


def test_what_was_called_broken_as_it_was_recorded_comes_back_at_its_time(
    tmp_path: Path, segments: dict[str, Segment]
) -> None:
    row = _spanned(segments)
    # As it is catalogued: nothing is known of it but when it was closed.
    kept = quarantine(Path(row[1].path), camera_quarantine(tmp_path, "lobby"), "x", "Lobby_20251020_120012.mp4")
    unknown = replace(
        row[1], path=str(kept), started_at=row[1].ended_at, duration_s=0.0, verdict=SegmentVerdict.BROKEN,
        reason="does not play: no video frames", codec="", width=0, height=0, frames=0, fps=0.0,
        uptime=Uptime("boot", 1012.0),
    )  # fmt: skip
    with Catalogue.open(tmp_path / "catalogue.sqlite3") as catalogue:
        record(catalogue, [row[0], unknown, row[2]], lambda camera: ())
        assert [gap.length_s for gap in catalogue.gaps("lobby", None, None)] == [6.0]
        back = _verified(catalogue, tmp_path, unknown)
        assert back == replace(row[1], path=str(tmp_path / "Lobby" / "2025-10-20" / "Lobby_20251020_120006.mp4"))
        assert catalogue.gaps("lobby", None, None) == ()
        assert catalogue.segments("lobby", None, None) == (row[0], back, row[2])


def test_a_file_that_got_shorter_is_counted_as_long_as_it_is_and_what_is_lost_is_a_gap(
    tmp_path: Path, segments: dict[str, Segment]
) -> None:
    row = _spanned(segments)
    raw = Path(row[1].path).read_bytes()
    Path(row[1].path).write_bytes(raw[: len(raw) * 6 // 10])
    with Catalogue.open(tmp_path / "catalogue.sqlite3") as catalogue:
        record(catalogue, row, lambda camera: ())
        after = _verified(catalogue, tmp_path, row[1])
        assert after.verdict is SegmentVerdict.SUSPECT
        assert after.frames == _inspect(after.path).frames < 60
        assert after.duration_s == pytest.approx(after.frames / 10)
        assert catalogue.segments("lobby", None, None)[1] == after
        assert catalogue.total("lobby") == (3, sum(Path(one.path).stat().st_size for one in row))
        [gap] = catalogue.gaps("lobby", None, None)
        assert (gap.started_at, gap.cause) == (after.ended_at, GapCause.DAMAGE)
        assert gap.ended_at == row[1].ended_at
        assert "as when it was recorded" in gap.detail
        assert _verified(catalogue, tmp_path, after) == after


def test_what_cannot_be_looked_at_keeps_its_verdict(segments: dict[str, Segment]) -> None:
    def fails(path: str) -> MediaInfo:
        raise TimeoutError("a slow disk")

    found = verify(segments["untouched"], Looks(fails))
    assert (found.after, found.well) == (segments["untouched"], False)
    assert "a slow disk" in found.error
