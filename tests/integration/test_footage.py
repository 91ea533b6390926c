"""What was recorded and what was not, told by the recorder and held against the files themselves."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import signal
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.harness import Recorder, kill_amid_segment, wait_until
from tests.integration.test_recorder import MakeCameras, frames, recording
from vmstui.codec import from_json
from vmstui.control.call import call
from vmstui.footage import Gap, GapCause, Segment, SegmentVerdict
from vmstui.footage_accounts import CellKind, FootageReport
from vmstui.recording import layout


def _told(recorder: Recorder, command: str, *arguments: str) -> list[dict[str, Any]]:
    done = recorder.command(command, *arguments, "--json")
    assert done.stderr == "" or "catalogue" in done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _segments(recorder: Recorder, *arguments: str) -> list[Segment]:
    return [from_json(Segment, line) for line in _told(recorder, "segments", *arguments)]


def _gaps(recorder: Recorder) -> list[Gap]:
    """Those that are over."""
    told = _told(recorder, "gaps", "--from", "-1h")
    return [from_json(Gap, line["gap"]) for line in told if "gap" in line and not line["ongoing"]]


def _on_disk(recorder: Recorder) -> set[str]:
    return {str(path) for path in recorder.recordings.glob("cam*/*/*.mp4")}


def _all_segments(recorder: Recorder) -> list[Segment]:
    """Told by the command, at a moment when nothing is being published that it does not tell yet."""

    def look() -> list[Segment] | None:
        told = _segments(recorder)
        return told if {segment.path for segment in told} == _on_disk(recorder) else None

    found: list[Segment] = wait_until(look, "what is told is what is on disk")
    return found


def _wait_for_gaps(recorder: Recorder, count: int) -> list[Gap]:
    found: list[Gap] = wait_until(
        lambda: gaps if len(gaps := _gaps(recorder)) >= count else None,
        f"{count} gaps",
        lambda: "\n".join(map(str, _gaps(recorder))) + (recorder.folder / "service.log").read_text(),
    )
    return found


def test_every_gap_is_told_with_its_cause_and_length(recorder: Recorder, simulated: MakeCameras) -> None:
    recording(recorder, simulated)
    recorder.wait_for("a closed segment", lambda camera: camera.segments_closed >= 1)
    assert _gaps(recorder) == []

    assert recorder.command("restart", "cam1", "--stop-first", "--wait").returncode == 0
    recorder.wait_for("a segment of the second worker", lambda camera: camera.segments_closed >= 3)
    assert recorder.command("stop", "cam1", "--wait").returncode == 0
    time.sleep(3)
    assert recorder.command("start", "cam1", "--wait").returncode == 0
    third = recorder.wait_recording(generation=3)
    recorder.wait_for("a segment of the third worker", lambda camera: camera.segments_closed >= 5)
    assert third.pid is not None
    recorder.kill_service()
    kill_amid_segment(third.pid, layout.generation_spool(recorder.recordings, "cam1", third.generation))
    time.sleep(3)
    recorder.start()
    recorder.wait_recording(generation=4)
    recorder.wait_for("a segment of the fourth worker", lambda camera: camera.segments_closed >= 2)
    gaps = _wait_for_gaps(recorder, 2)  # a restart may be too short to be one: this camera sends what it had kept
    lost = [gap for gap in gaps if gap.lost]
    causes = [gap.cause for gap in gaps]
    assert GapCause.OFF in causes
    assert GapCause.SERVICE in causes
    assert GapCause.UNKNOWN not in causes, "\n".join(map(str, (*gaps, *recorder.details().events)))
    assert all(gap.length_s < 30 for gap in gaps)
    # The files themselves, read by another program: what no frame covers is what is told as gaps.
    segments = sorted(_all_segments(recorder), key=lambda segment: (segment.generation, segment.number))
    holes_s = 0.0
    for before, after in itertools.pairwise(segments):
        assert before.frames == len(frames(before.path))
        if before.generation != after.generation:
            holes_s += (after.started_at - before.ended_at).total_seconds()
    assert sum(gap.length_s for gap in gaps) == pytest.approx(holes_s, abs=1.0 * len(gaps))
    until = segments[-1].ended_at.isoformat()  # meanwhile it records on
    told = _told(recorder, "gaps", "--from", "-1h", "--to", until)
    [account] = [line["account"] for line in told if "account" in line]
    whole_s = (segments[-1].ended_at - segments[0].started_at).total_seconds()
    assert account["lost_s"] == pytest.approx(sum(gap.length_s for gap in lost), abs=0.1)
    assert account["recorded_s"] == pytest.approx(
        sum(segment.duration_s for segment in segments if segment.plays), abs=2
    )
    assert account["recorded_s"] + account["lost_s"] + account["off_s"] == pytest.approx(whole_s, abs=2)

    _catalogue_is_made_anew(recorder)


def test_a_camera_that_is_dark_is_told_while_it_is(recorder: Recorder, simulated: MakeCameras) -> None:
    sources = recording(recorder, simulated)
    recorder.wait_for("a closed segment", lambda camera: camera.segments_closed >= 1)
    sources.down()
    gap, account = wait_until(lambda: _ongoing(recorder), "the gap that goes on", limit_s=90)
    assert from_json(Gap, gap["gap"]).cause in (GapCause.CAMERA, GapCause.NETWORK)
    assert account["account"]["lost_s"] > 10
    _the_service_says_the_same(recorder)
    sources.up()
    recorder.wait_recording()
    wait_until(lambda: not _ongoing(recorder), "recorded again", limit_s=90)
    # Without a recorder, but with a worker that records on, nothing is lost.
    recorder.kill_service()
    time.sleep(16)
    assert not _ongoing(recorder)


def _ongoing(recorder: Recorder) -> tuple[dict[str, Any], dict[str, Any]] | None:
    told = _told(recorder, "gaps", "--from", "-1h")
    gaps = [line for line in told if line.get("ongoing") and line["gap"]["cause"] != "unknown"]
    return (gaps[-1], told[-1]) if gaps else None


def _the_service_says_the_same(recorder: Recorder) -> None:
    """What a dashboard is told of a dark camera is what `gaps` tells of the same time."""

    def lost() -> FootageReport | None:
        report = from_json(FootageReport, call(recorder.socket, "footage"))
        day = report.cameras[0].last_day if report.cameras else None
        return report if day is not None and day.lost_s > 10 else None

    report: FootageReport = wait_until(lost, "the gap in what the service tells", limit_s=90)
    [footage] = report.cameras
    assert footage.last_day is not None
    assert footage.strip[-1].kind in (CellKind.PART, CellKind.LOST)
    assert footage.strip[-1].cause in (GapCause.CAMERA, GapCause.NETWORK)
    assert sum(cells.count * cells.lost_s for cells in footage.strip) == pytest.approx(footage.last_day.lost_s)
    told = _told(recorder, "gaps", "--from", report.since.isoformat(), "--to", report.at.isoformat())
    [account] = [line["account"] for line in told if "account" in line]
    assert footage.last_day.lost_s == pytest.approx(account["lost_s"], abs=1e-3)
    assert footage.last_day.recorded_s == pytest.approx(account["recorded_s"], abs=1e-3)
    assert footage.last_day.gaps == account["gaps"]


def _catalogue_is_made_anew(recorder: Recorder) -> None:
    """From the recordings: lost, damaged under the service, and without a journal."""
    recorder.stop()
    before, gaps = _segments(recorder), _gaps(recorder)
    catalogue = recorder.folder / "state" / "catalogue.sqlite3"
    for path in catalogue.parent.glob("catalogue.sqlite3*"):
        path.unlink()
    assert recorder.command("segments").returncode == 2
    assert _segments(recorder, "--rebuild") == before
    assert [(gap.cause, gap.started_at) for gap in _gaps(recorder)] == [(gap.cause, gap.started_at) for gap in gaps]

    for path in (recorder.recordings / ".vmstui" / "journal").rglob("*.jsonl"):
        path.unlink()
    for path in catalogue.parent.glob("catalogue.sqlite3*"):
        path.unlink()
    found = _segments(recorder, "--rebuild")
    assert {segment.path for segment in found} == {
        segment.path for segment in before if segment.verdict is not SegmentVerdict.BROKEN
    }
    by_path = {segment.path: segment for segment in before}
    for segment in found:
        known = by_path[segment.path]
        assert (segment.frames, segment.size_bytes, segment.codec) == (known.frames, known.size_bytes, known.codec)
        assert abs(segment.started_at - known.started_at) <= timedelta(seconds=1)  # names tell whole seconds

    catalogue.write_bytes(b"not a catalogue")
    for path in catalogue.parent.glob("catalogue.sqlite3-*"):
        path.unlink()
    recorder.start()
    wait_until(lambda: len(_segments(recorder)) >= len(found), "the catalogue is filled again")
    assert list(catalogue.parent.glob("catalogue.sqlite3.corrupt-*"))


def test_a_lost_state_folder_costs_no_gap_its_place(recorder: Recorder, simulated: MakeCameras) -> None:
    recorder.segment_s = 2
    recording(recorder, simulated)
    assert recorder.command("restart", "cam1", "--stop-first", "--wait").returncode == 0
    recorder.wait_for("a segment of the second worker", lambda camera: camera.segments_closed >= 2)
    recorder.stop()
    before = _segments(recorder)
    for path in (recorder.folder / "state").iterdir():
        if path.name != "cache":  # what ffmpeg can do takes long to find out
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    time.sleep(3)  # longer than what the camera keeps for who joins, with which a quick start loses nothing
    recorder.start()
    recorder.wait_recording(generation=3)
    last = max(segment.ended_at for segment in before)
    wait_until(lambda: len(_segments(recorder)) > len(before), "a segment of the third worker is catalogued")
    wait_until(
        lambda: any(abs(gap.started_at - last) < timedelta(seconds=1) for gap in _gaps(recorder)),
        "the time without a recorder is told as a gap",
        lambda: f"{last}: {_gaps(recorder)}",
    )


def test_power_cuts_leave_every_closed_segment_and_nothing_twice(recorder: Recorder, simulated: MakeCameras) -> None:
    """`bench_power_cut` does the same for fifty rounds."""
    recording(recorder, simulated, count=2)
    for number in range(3):
        power_cut(recorder, after_s=2.0 + 1.7 * number)
    check_consistent(recorder)


def power_cut(recorder: Recorder, after_s: float) -> None:
    """Kill the service and all workers at once, check what is there, and start again."""
    time.sleep(after_s)
    closed = _content(_on_disk(recorder))
    pids = {camera.id: camera.pid for camera in recorder.snapshot().cameras}
    assert all(pids.values())
    for pid in pids.values():
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    recorder.kill_service()
    cut_at = datetime.now(UTC)
    recorder.start()
    for name in pids:
        recorder.wait_for("a new worker", lambda camera: camera.pid not in (None, *pids.values()), name)
        recorder.wait_recording(name)
        last = _last_before(recorder, name, cut_at)
        # The GOP of the simulated camera is a second; one more for what was on its way.
        assert (cut_at - last.ended_at).total_seconds() < 2.5, last
    assert _content(closed) == closed, "the next service leaves alone what was closed"


def _content(paths: Iterable[str]) -> dict[str, str]:
    return {path: hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths}


def _last_before(recorder: Recorder, name: str, cut_at: datetime) -> Segment:
    """The newest footage from before the cut, once it is published."""

    def look() -> Segment | None:
        mine = [segment for segment in recorder.segments(name) if segment.plays and segment.started_at < cut_at]
        newest = max(mine, key=lambda segment: segment.ended_at, default=None)
        spools = list((recorder.recordings / ".vmstui" / "spool" / name).glob("*/*.mp4"))
        return newest if newest is not None and len(spools) <= 1 else None

    found: Segment = wait_until(look, f"{name}: what was open is published")
    return found


def check_consistent(recorder: Recorder) -> None:
    """The catalogue has each file once and no other, and tells of it what is in it."""
    recorder.stop()
    segments = _segments(recorder, "-n", "100000")
    playing = [segment for segment in segments if segment.plays]
    assert len({segment.path for segment in segments}) == len(segments)
    found, there = {segment.path for segment in playing}, _on_disk(recorder)
    assert found == there, f"catalogued only: {found - there}; on disk only: {there - found}"
    # Of one that was published in the very moment of the cut nobody noted whose it was: it is found by its name.
    noted = [segment for segment in segments if segment.generation]
    assert len(segments) - len(noted) <= len(segments) // 10
    numbers = [(segment.camera, segment.generation, segment.number) for segment in noted]
    assert len(set(numbers)) == len(numbers), sorted(numbers)
    for segment in playing:
        assert len(frames(segment.path)) == segment.frames
        assert Path(segment.path).stat().st_size == segment.size_bytes
    for segment in playing:
        assert segment.verdict in (SegmentVerdict.GOOD, SegmentVerdict.PARTIAL), segment
