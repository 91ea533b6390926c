"""What is closed, what is open, and what becomes of each file."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.unit.ffmpeg_examples import camera
from vmstui.footage import Hole, Segment, SegmentVerdict, StreamSpan
from vmstui.recording.clock import Era, WallClock
from vmstui.recording.layout import generation_spool
from vmstui.recording.publish import PublishError
from vmstui.recording.spool import Origin, SpoolReader, Times, leftovers, settle

CLOSED_AT = datetime(2025, 10, 20, 0, 57, 59, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
UNKNOWN_CLOCK = WallClock("boot")
NOW_S = 5000.0
"""On the clock of the boot."""


@dataclass(frozen=True)
class Found:
    """What the check finds."""

    duration_s: float = 180.0
    frames: int = 2700
    codec: str = "h264"
    width: int = 1920
    height: int = 1080
    fps: float = 15.0
    starts_with_keyframe: bool = True
    holes: tuple[Hole, ...] = ()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = generation_spool(tmp_path, "lobby", 3)
    folder.mkdir(parents=True)
    return folder


def _segment(spool: Path, number: int, *, listed: bool, size_bytes: int = 10) -> Path:
    file = spool / f"{number:06d}.mp4"
    file.write_bytes(bytes(size_bytes))
    os.utime(file, (CLOSED_AT.timestamp(), CLOSED_AT.timestamp()))
    if listed:
        with (spool / "segments.csv").open("a", encoding="ascii") as stream:
            stream.write(f"{file.name},0.000000,180.000000\n")
    return file


def _settle(
    file: Path,
    recordings: Path,
    found: Found | Exception = Found(),
    *,
    ended: bool = True,
    clock: WallClock = UNKNOWN_CLOCK,
) -> Segment:
    def inspect(path: str) -> Found:
        assert path == str(file)
        if isinstance(found, Exception):
            raise found
        return found

    origin = Origin(camera(name="Duc Tai Dendo 1"), 3, recordings, ended=ended, codec="h264")
    return settle(file, origin, Times(ZONE, clock, NOW_S), inspect)


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _list(spool: Path, *lines: str) -> None:
    with (spool / "segments.csv").open("a", encoding="ascii") as stream:
        stream.writelines(lines)


def test_closed_segments_are_reported_once_their_line_is_whole_and_while_they_are_there(spool: Path) -> None:
    reader = SpoolReader(spool)
    assert reader.look().closed == ()
    first = _segment(spool, 0, listed=True)
    assert reader.look().closed == (first.name,)
    second = _segment(spool, 1, listed=False)
    _list(spool, f"{second.name},180.0000")
    assert reader.look().closed == (first.name,)
    _list(spool, "00,360.000000\n")
    assert reader.look().closed == (first.name, second.name)
    first.unlink()
    assert reader.look().closed == (second.name,)


@pytest.mark.parametrize("line", ["../../etc/passwd,0,1", "/etc/passwd,0,1", "", "\xff\xfe", "x.mp4,0,1"])
def test_a_line_that_names_no_segment_of_ours_is_left_out(spool: Path, line: str) -> None:
    (spool / "segments.csv").write_bytes(line.encode("latin-1") + b"\n000000.mp4,0,1\n")
    _segment(spool, 0, listed=False)
    assert SpoolReader(spool).look().closed == ("000000.mp4",)


def _newest(reader: SpoolReader) -> tuple[str, int] | None:
    newest = reader.look().newest
    return None if newest is None else (newest.name, newest.size_bytes)


def test_the_open_segment_is_the_newest(spool: Path) -> None:
    assert SpoolReader(spool).look().newest is None
    assert SpoolReader(spool / "missing").look().newest is None
    for number in (999999, 1000000, 5):
        _segment(spool, number, listed=False, size_bytes=7)
    assert _newest(SpoolReader(spool)) == ("1000000.mp4", 7)
    assert leftovers(spool) == ("000005.mp4", "999999.mp4", "1000000.mp4")


def test_the_open_segment_is_followed_from_file_to_file(spool: Path) -> None:
    """Whichever of the many orders things come in: a file that is closed is never taken for the open one for long."""
    reader = SpoolReader(spool)
    first = _segment(spool, 0, listed=False)
    for size_bytes in (7, 8, 8):
        first.write_bytes(bytes(size_bytes))
        assert _newest(reader) == (first.name, size_bytes)
    first.write_bytes(bytes(9))  # the last of it, and its line, since the last look
    _list(spool, f"{first.name},0,1\n")
    reader.look()
    view = reader.look()
    assert view.closed == (first.name,)
    second = _segment(spool, 1, listed=False, size_bytes=3)
    assert _newest(reader) == (second.name, 3)
    first.unlink()  # published
    second.write_bytes(bytes(4))
    assert reader.look().closed == ()
    assert _newest(reader) == (second.name, 4)
    second.unlink()  # by somebody else
    reader.look()
    assert _newest(reader) is None
    _segment(spool, 2, listed=False, size_bytes=5)
    assert _newest(reader) == ("000002.mp4", 5)


def test_a_good_segment_is_published_under_the_time_it_began(spool: Path, tmp_path: Path) -> None:
    segment = _settle(_segment(spool, 0, listed=True), tmp_path, ended=False)
    path = tmp_path / "Duc_Tai_Dendo_1" / "2025-10-20" / "Duc_Tai_Dendo_1_20251020_075459.mp4"
    assert segment == Segment(
        camera="lobby",
        generation=3,
        path=str(path),
        started_at=datetime(2025, 10, 20, 0, 54, 59, tzinfo=UTC),
        duration_s=180.0,
        size_bytes=10,
        codec="h264",
        width=1920,
        height=1080,
        verdict=SegmentVerdict.GOOD,
        frames=2700,
        fps=15.0,
        starts_with_keyframe=True,
        number=0,
        span=StreamSpan(0.0, 180.0),
    )
    assert path.exists()
    assert leftovers(spool) == ()


def test_a_segment_is_placed_on_the_clock_that_nobody_sets(spool: Path, tmp_path: Path) -> None:
    clock = WallClock("this boot", (Era(0.0, CLOSED_AT.timestamp() - 4000.0),))
    segment = _settle(_segment(spool, 0, listed=True), tmp_path, clock=clock)
    assert segment.uptime is not None
    assert (segment.uptime.boot, round(segment.uptime.s, 3)) == ("this boot", 3820.0)


def test_a_segment_left_open_by_a_dead_worker_is_published_as_partial(spool: Path, tmp_path: Path) -> None:
    segment = _settle(_segment(spool, 0, listed=False), tmp_path, Found(duration_s=12.5))
    assert segment.verdict is SegmentVerdict.PARTIAL
    assert segment.reason
    assert Path(segment.path).name == "Duc_Tai_Dendo_1_20251020_075746.mp4"


def test_a_segment_that_is_being_written_is_not_touched(spool: Path, tmp_path: Path) -> None:
    file = _segment(spool, 0, listed=False)
    with pytest.raises(ValueError, match="still being written"):
        _settle(file, tmp_path, ended=False)
    assert file.exists()


@pytest.mark.parametrize(
    ("found", "listed", "words"),
    [
        (ValueError("moov atom not found"), True, "does not play: moov atom not found"),
        (ValueError("no video frames"), False, "normal for a worker that ended within seconds"),
        (Found(frames=0), True, "no video frames"),
    ],
)
def test_what_does_not_play_is_kept_with_its_reason(
    spool: Path, tmp_path: Path, found: Found | Exception, listed: bool, words: str
) -> None:
    segment = _settle(_segment(spool, 0, listed=listed), tmp_path, found)
    assert segment.verdict is SegmentVerdict.BROKEN
    assert words in segment.reason
    kept = tmp_path / ".vmstui" / "quarantine" / "lobby" / "Duc_Tai_Dendo_1_20251020_075759.mp4"
    assert segment.path == str(kept)
    assert kept.exists()
    assert words in kept.with_name(kept.name + ".reason.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("duration_s", [0.0, -1.0, 1e7, float("nan")])
def test_what_plays_is_published_whatever_its_time_stamps_say(spool: Path, tmp_path: Path, duration_s: float) -> None:
    """How long it was recorded is then told by its frames at their usual interval."""
    segment = _settle(_segment(spool, 0, listed=True), tmp_path, Found(duration_s=duration_s))
    assert segment.verdict is SegmentVerdict.SUSPECT
    assert "time stamps are broken" in segment.reason
    assert segment.duration_s == 180.0
    assert Path(segment.path).name == "Duc_Tai_Dendo_1_20251020_075459.mp4"


@pytest.mark.parametrize("error", [TimeoutError("slow disk"), FileNotFoundError("no ffmpeg")])
def test_a_file_that_could_not_be_looked_at_stays_in_the_spool(spool: Path, tmp_path: Path, error: OSError) -> None:
    file = _segment(spool, 0, listed=True)
    with pytest.raises(type(error)):
        _settle(file, tmp_path, error)
    assert file.exists()


def test_two_segments_of_one_second_are_both_kept(spool: Path, tmp_path: Path) -> None:
    names = [Path(_settle(_segment(spool, n, listed=True), tmp_path).path).name for n in range(2)]
    assert names == ["Duc_Tai_Dendo_1_20251020_075459.mp4", "Duc_Tai_Dendo_1_20251020_075459_2.mp4"]


def test_a_death_at_any_step_loses_nothing_and_the_next_call_finishes(
    spool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every call that reaches the file system fails once, in turn, as if the process had died there."""
    calls = ("fsync", "open", "mkdir", "unlink", "stat", "close")
    for name in calls:
        for fatal in range(1, 12):
            _segment(spool, 0, listed=True)
            real, count = getattr(os, name), 0

            def dying(*arguments: object, **keywords: object) -> object:
                nonlocal count
                count += 1
                if count == fatal:  # noqa: B023
                    raise KeyboardInterrupt
                return real(*arguments, **keywords)  # noqa: B023

            before = len(_published(tmp_path))
            with monkeypatch.context() as patch:
                patch.setattr(os, name, dying)
                with contextlib.suppress(KeyboardInterrupt, PublishError):
                    _settle(spool / "000000.mp4", tmp_path)
            assert len(_published(tmp_path)) + len(leftovers(spool)) == before + 1, (name, fatal)
            if leftovers(spool):
                _settle(spool / "000000.mp4", tmp_path)
            assert len(_published(tmp_path)) == before + 1


def _published(recordings: Path) -> list[str]:
    return [name for name in _files(recordings) if name.startswith("Duc_Tai_Dendo_1/")]
