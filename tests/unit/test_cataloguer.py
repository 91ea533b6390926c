"""The catalogue of a service holds everything, whatever happened to the service before and to the disk meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.test_recording_fill import Found
from vmstui.footage import Gap, Segment, SegmentVerdict, StreamSpan
from vmstui.recorder.cataloguer import Cataloguer, Folder
from vmstui.recording import journal
from vmstui.recording.catalogue import FILE_NAME, Catalogue

NOW = datetime.now(UTC)


def _segment(recordings: Path, days_ago: float, number: int, camera: str = "lobby") -> Segment:
    """Published and journalled."""
    at = (NOW - timedelta(days=days_ago)).replace(microsecond=0)
    path = recordings / "Lobby" / f"{at:%Y-%m-%d}" / f"Lobby_{at:%Y%m%d_%H%M%S}_{number}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    segment = Segment(
        camera, 1, str(path), at, 60.0, 1, "h264", 320, 180, SegmentVerdict.GOOD, "", 600, 10.0, True, number,
        StreamSpan(60.0 * number, 60.0 * number + 60.0),
    )  # fmt: skip
    journal.append(recordings, segment)
    return segment


@contextmanager
def _running(
    state: Path,
    folder: Callable[[], Folder | None],
    after_s: float = 0.0,
    found: Callable[[Sequence[Segment]], None] = lambda segments: None,
) -> Iterator[tuple[Cataloguer, list[str]]]:
    said: list[str] = []
    cataloguer = Cataloguer(state, "boot", folder, lambda camera: (), said.append, found)
    cataloguer.start(after_s)
    try:
        yield cataloguer, said
    finally:
        cataloguer.stop(20.0)


def _folder(recordings: Path, folder_id: str = "disk a") -> Folder:
    (recordings / ".vmstui" / "journal").mkdir(parents=True, exist_ok=True)
    return Folder(folder_id, recordings, {"Lobby": "lobby"}, lambda path: Found(), UTC)


def _wait_for(state: Path, paths: set[str]) -> None:
    deadline = time.monotonic() + 20
    while True:
        with Catalogue.open(state / FILE_NAME) as catalogue:
            found = {segment.path for segment in catalogue.segments(None, None, None)}
        if found == paths:
            return
        assert time.monotonic() < deadline, (found, paths)
        time.sleep(0.05)


def _wait_until_filled(state: Path) -> None:
    deadline = time.monotonic() + 20
    while True:
        with Catalogue.open(state / FILE_NAME) as catalogue:
            if not catalogue.fresh:
                return
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _catalogued(state: Path, told: list[Gap]) -> set[str]:
    """What is in the catalogue now; gaps that are told are added to a list."""
    with Catalogue.open(state / FILE_NAME) as catalogue:
        told += catalogue.gaps(None, None, None)
        return {segment.path for segment in catalogue.segments(None, None, None)}


def test_what_older_versions_and_dead_services_left_is_catalogued_before_what_is_new(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    folder = _folder(recordings)
    first = _segment(recordings, 9, 0)
    with _running(tmp_path, lambda: folder):
        _wait_for(tmp_path, {first.path})
    missed = {_segment(recordings, 5, number).path for number in range(1, 11)}
    with _running(tmp_path, lambda: folder) as (cataloguer, _):
        newest = _segment(recordings, 0, 11)
        cataloguer.published(newest)
        _wait_for(tmp_path, {first.path, *missed, newest.path})


def test_what_a_dead_service_published_last_is_never_told_as_a_loss(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    folder = _folder(recordings)
    first = _segment(recordings, 1, 0)
    with _running(tmp_path, lambda: folder):
        _wait_for(tmp_path, {first.path})
    missed = _segment(recordings, 1, 1)
    with _running(tmp_path, lambda: folder, after_s=0.5) as (cataloguer, _):
        newest = _segment(recordings, 1, 2)
        cataloguer.published(newest)
        told: list[Gap] = []
        deadline = time.monotonic() + 20
        while newest.path not in (found := _catalogued(tmp_path, told)):
            assert time.monotonic() < deadline, found
        assert missed.path in found
    assert told == []


def test_what_a_dead_service_published_and_did_not_note_is_told_of_its_camera(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    folder = _folder(recordings)
    first = _segment(recordings, 3, 0)
    told: list[list[str]] = []

    def found(segments: Sequence[Segment]) -> None:
        told.append([segment.path for segment in segments])

    with _running(tmp_path, lambda: folder, found=found):
        _wait_until_filled(tmp_path)
    lost = [_segment(recordings, 0.01, 1), _segment(recordings, 0.01, 7, "gate"), _segment(recordings, 0.005, 2)]
    with _running(tmp_path, lambda: folder, found=found):
        _wait_for(tmp_path, {first.path, *(segment.path for segment in lost)})
    with _running(tmp_path, lambda: folder, found=found):
        pass  # nothing is found twice
    assert told == [[first.path], [lost[1].path], [lost[0].path, lost[2].path]]


def test_what_is_published_in_the_first_seconds_of_a_service_that_ends_then_is_noted(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    folder = _folder(recordings)
    with _running(tmp_path, lambda: folder, after_s=600.0) as (cataloguer, _):
        segment = _segment(recordings, 0, 0)
        cataloguer.published(segment)
    _wait_for(tmp_path, {segment.path})


def test_what_a_dead_service_published_last_is_noted_also_by_one_that_ends_in_its_first_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vmstui.recorder.cataloguer.LAST_LOOK_S", 20.0)  # which is no matter of how busy a machine is
    recordings = tmp_path / "recordings"
    folder = _folder(recordings)
    first = _segment(recordings, 1, 0)
    with _running(tmp_path, lambda: folder):
        _wait_for(tmp_path, {first.path})
        _wait_until_filled(tmp_path)  # what ends before goes on with that at its next start
    missed = _segment(recordings, 1, 1)
    with _running(tmp_path, lambda: folder, after_s=600.0) as (cataloguer, _):
        newest = _segment(recordings, 1, 2)
        cataloguer.published(newest)
    told: list[Gap] = []
    assert _catalogued(tmp_path, told) == {first.path, missed.path, newest.path}
    assert told == []


def test_another_disk_in_the_place_of_the_first_is_looked_through_from_its_beginning(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    there = _folder(first)
    old = _segment(first, 0, 0)
    with _running(tmp_path, lambda: there):
        _wait_for(tmp_path, {old.path})
    other = _folder(second, "disk b")
    years_old = _segment(second, 700, 0)
    with _running(tmp_path, lambda: other):
        _wait_for(tmp_path, {old.path, years_old.path})


def test_nothing_counts_as_complete_while_the_folder_is_not_known(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    folder = _folder(recordings)
    known = threading.Event()
    segment = _segment(recordings, 3, 0)
    with _running(tmp_path, lambda: folder if known.is_set() else None) as (cataloguer, _):
        late = _segment(recordings, 0, 1)
        cataloguer.published(late)
        _wait_for(tmp_path, {late.path})
        with Catalogue.open(tmp_path / FILE_NAME) as catalogue:
            assert catalogue.fresh
        known.set()
        _wait_for(tmp_path, {late.path, segment.path})


def test_a_segment_that_cannot_be_noted_does_not_end_the_thread(tmp_path: Path) -> None:
    recordings = tmp_path / "recordings"
    folder = _folder(recordings)
    with _running(tmp_path, lambda: folder) as (cataloguer, said):
        good = _segment(recordings, 0, 0)
        cataloguer.published(replace(good, path=str(tmp_path / "impossible.mp4"), size_bytes=1 << 70))
        deadline = time.monotonic() + 20
        while not said:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert cataloguer._thread.is_alive()
        _wait_for(tmp_path, {good.path})  # it has a line in the journal
