"""State and recordings on one small disk, as in a home folder, that fills up while no recorder runs: the next one makes
room by itself, though there is none to open its catalogue in, and nothing that is locked goes for it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.test_disk_faults import CAMERAS, fill
from tests.faults.test_small_disk import SIZE_MB, all_record, published, start
from tests.integration.harness import Recorder, wait_until
from vmstui.cli import main
from vmstui.configured import Settings
from vmstui.footage import Segment, SegmentVerdict, StoredEventKind
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import Event, EventKind
from vmstui.recorder.cataloguer import Cataloguer
from vmstui.recorder.keeper import Keeper
from vmstui.recording import catalogue_file, journal
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.recording.catalogue_file import CatalogueError
from vmstui.recording.guard import Guard
from vmstui.recording.naming import segment_path

LIMIT_S = 60.0
SIZE_BYTES = 600_000


def record(recordings: Path, ago: timedelta) -> Segment:
    """Published and journalled."""
    started_at = datetime.now(UTC).replace(microsecond=0) - ago
    folders, name = segment_path("Gate", started_at, UTC)
    path = recordings.joinpath(*folders, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * SIZE_BYTES)
    closed_s = (started_at + timedelta(minutes=3)).timestamp()
    os.utime(path, (closed_s, closed_s))
    segment = Segment("gate", 1, str(path), started_at, 180.0, SIZE_BYTES, "h264", 64, 36, SegmentVerdict.GOOD)
    journal.append(recordings, segment)
    return segment


def missing(segments: Sequence[Segment]) -> list[str]:
    """Paths of those that are not there any more."""
    return [segment.path for segment in segments if not Path(segment.path).exists()]


@pytest.fixture
def full(mounts: Callable[..., None], tmp_path: Path) -> tuple[Settings, Path, list[Segment]]:
    """Settings and state folder of a disk without a byte left, of which the oldest of ten segments is locked."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounts(disk, "size=12M")
    state, recordings = disk / "state", disk / "recordings"
    (recordings / ".vmstui").mkdir(parents=True)
    settings = Settings("/x.yaml", str(recordings), (), min_free_bytes=1_000_000)
    assert Guard(state, "ours").look(settings.recordings, None, 0, use=False).usable
    segments = [record(recordings, timedelta(hours=ago)) for ago in range(20, 10, -1)]
    with Catalogue.open(state / FILE_NAME) as catalogue:
        with Guard(state, "ours").inside(settings.recordings, None):
            catalogue.add(segments)
        catalogue.filled()
        oldest = segments[0]
        catalogue.lock("gate", oldest.started_at, oldest.ended_at, "", "me", datetime.now(UTC))
    assert sorted(path.name for path in state.glob(f"{FILE_NAME}-*")) == [], "it was closed as at every stop"
    return settings, state, segments


async def make_room(settings: Settings, state: Path, limit_s: float = LIMIT_S) -> tuple[bool, list[str]]:
    """Ask a service's keeper for room beside its cataloguer, until the catalogue is open: whether anything went for it,
    and what both said."""
    said: list[str] = []

    def note(event: Event) -> None:
        said.append(event.text)

    cataloguer = Cataloguer(state, "boot", lambda: None, lambda camera: (), said.append, lambda segments: None)
    keeper = Keeper(
        settings, Guard(state, "ours"), lambda: cataloguer.catalogue, note, said.append, no_room=cataloguer.no_room
    )
    cataloguer.start()
    keeper.start()
    try:
        deadline_s, freed = time.monotonic() + limit_s, False
        while cataloguer.catalogue is None and time.monotonic() < deadline_s:
            freed |= await asyncio.wait_for(keeper.free_now(), LIMIT_S)
            await asyncio.sleep(0.1)
    finally:
        await keeper.stop()
        await asyncio.to_thread(cataloguer.stop)
    return freed, said


async def test_room_is_made_where_there_is_none_to_open_the_catalogue_in(
    full: tuple[Settings, Path, list[Segment]],
) -> None:
    settings, state, segments = full
    fill(state.parent / "ballast")
    with pytest.raises(CatalogueError, match="is full: free space there") as refused:
        Catalogue.open(state / FILE_NAME)
    assert refused.value.no_room
    with closing(Catalogue.open(state / FILE_NAME, readonly=True)) as catalogue:
        assert len(catalogue.segments(None, None, None)) == 10, "to read needs no room"
    freed, said = await make_room(settings, state)
    assert freed, said
    gone = missing(segments)
    assert gone == [segment.path for segment in segments[1 : len(gone) + 1]], "the oldest, but for what is locked"
    assert len(gone) == 6, "no more than wanted"
    with Catalogue.open(state / FILE_NAME) as catalogue:
        assert [event.path for event in catalogue.events() if event.kind is StoredEventKind.DELETED] == gone
        assert catalogue.known(gone) == set()


async def test_room_is_made_by_name_where_the_catalogue_is_lost_and_locks_are_known_from_their_note(
    full: tuple[Settings, Path, list[Segment]],
) -> None:
    settings, state, segments = full
    (state / FILE_NAME).unlink()
    fill(state.parent / "ballast")
    freed, said = await make_room(settings, state)
    assert freed, said
    gone = missing(segments)
    assert gone == [segment.path for segment in segments[1 : len(gone) + 1]], "the oldest, but for what is locked"
    with Catalogue.open(state / FILE_NAME) as catalogue:
        assert len(catalogue.locks(None)) == 1


async def test_nothing_goes_where_neither_catalogue_nor_note_tell_what_is_locked(
    full: tuple[Settings, Path, list[Segment]],
) -> None:
    settings, state, segments = full
    (state / FILE_NAME).unlink()
    (state / "locks.json").write_text("[{")
    fill(state.parent / "ballast")
    freed, said = await make_room(settings, state, 3.0)
    assert not freed
    assert any("the locks noted in" in text for text in said), said
    assert missing(segments) == []


def test_the_command_makes_room_too_and_meanwhile_nobody_locks_unheard(
    full: tuple[Settings, Path, list[Segment]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, state, segments = full
    config = state.parent.parent / "vmstui.yaml"
    config.write_text(
        f"recordings: {settings.recordings}\ntimezone: UTC\nretention: {{min_free: 1M}}\n"
        "cameras:\n  - {id: gate, url: 'rtsp://h/x'}\n"
    )
    (state / "installation").write_text("ours\n")
    monkeypatch.setenv("VMSTUI_STATE", str(state))
    monkeypatch.setenv("VMSTUI_CONFIG", str(config))
    monkeypatch.setattr(catalogue_file, "BUSY_S", 0.1)
    fill(state.parent / "ballast")
    with Catalogue.without_room(state / FILE_NAME):
        assert main(["lock", "gate", "--from", "-2d", "--to", "2099-01-01"]) == 1
        assert "by another process" in capsys.readouterr().err
    assert main(["lock", "gate", "--from", "-2d", "--to", "2099-01-01"]) == 1
    assert "is full: free space there" in capsys.readouterr().err
    assert main(["retention", "--now"]) == 0
    gone = missing(segments)
    assert gone == [segment.path for segment in segments[1 : len(gone) + 1]]
    assert f"free space: {len(gone)} segments deleted" in capsys.readouterr().out
    assert main(["lock", "gate", "--from", "-2d", "--to", "2099-01-01"]) == 0


def test_a_recorder_that_starts_on_a_full_disk_has_room_again(
    mounts: Callable[..., None], recorder: Recorder, source: SimulatedCameras, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounts(disk, f"size={SIZE_MB}M")
    shutil.copytree(recorder.folder / "state", disk / "state")
    recorder.environment["VMSTUI_STATE"] = str(disk / "state")
    start(recorder, source, disk, 3 * 10**6)
    recorder.stop()
    before = sorted(recorder.recordings.glob("cam*/*/*.mp4"), key=lambda path: path.name[-10:])
    assert before[0].exists()
    assert published(recorder) > 0
    fill(disk / "ballast")
    recorder.start()
    wait_until(lambda: all_record(recorder), "both record again", recorder._explain, 90)
    assert not before[0].exists()
    newest = {name: [path for path in before if path.parts[-3] == name][-2:] for name in CAMERAS}
    assert all(path.exists() for paths in newest.values() for path in paths)
    told = [event for name in CAMERAS for event in recorder.details(name).events if event.kind is EventKind.RETENTION]
    assert {event.rule for event in told} == {"free space"}, recorder._explain()
