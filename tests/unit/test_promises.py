"""The warning that footage will not be kept as promised: when it shows, once, and not for provisional figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.unit.test_keeper import Kept, running
from tests.unit.test_retention_pass import NOW
from vmstui.configured import Camera, OutputSettings, Profile
from vmstui.footage import Segment, SegmentVerdict
from vmstui.recorder.promises import LOOK_EVERY_S, WARN_EVERY_S, Promises

HOUR_S = 3600.0
BROKEN = ("gate: 9.5 of 14 promised days will be kept, as the disk is 450.0 GB too small",)


def test_it_is_told_once_when_it_shows_and_again_only_after_it_was_well_and_a_day_later() -> None:
    promises = Promises()
    assert promises.warning((), 0) == ""
    assert "will not be kept as promised: gate: 9.5 of 14" in promises.warning(BROKEN, HOUR_S)
    assert promises.warning(BROKEN, 2 * HOUR_S) == ""
    assert promises.warning(BROKEN, 9 * WARN_EVERY_S) == "", "it is still the same"
    assert promises.warning((), 10 * WARN_EVERY_S) == ""
    assert promises.warning(BROKEN, 10 * WARN_EVERY_S + HOUR_S) != ""
    assert promises.warning((), 10 * WARN_EVERY_S + 2 * HOUR_S) == ""
    assert promises.warning(BROKEN, 10 * WARN_EVERY_S + 3 * HOUR_S) == "", "at most once a day"
    assert promises.warning(BROKEN, 11 * WARN_EVERY_S + 3 * HOUR_S) != "", "but then it is, if it still is so"


def test_it_is_looked_at_every_hour_and_when_something_else_is_promised() -> None:
    promises = Promises()
    fourteen, twenty = object(), object()
    assert promises.due(0, fourteen)
    assert not promises.due(LOOK_EVERY_S - 1, fourteen)
    assert promises.due(LOOK_EVERY_S, fourteen)
    assert promises.due(LOOK_EVERY_S + 1, twenty)
    assert not promises.due(LOOK_EVERY_S + 2, twenty)


def recorded(kept: Kept, camera: str, hours: int, days_later: int = 0) -> None:
    """A megabyte an hour until now, or later."""
    segments = []
    for hour in range(hours):
        at = NOW + timedelta(days=days_later) - timedelta(hours=hours - hour)
        path = kept.folder / camera.title() / "2026-03-10" / f"{camera.title()}_{at:%Y%m%d_%H%M%S}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.truncate(10**6)
        good = SegmentVerdict.GOOD
        segments.append(Segment(camera, 1, str(path), at, 3600.0, 10**6, "h264", 64, 36, good))
    kept.catalogue.add(segments)


def promising(folder: Path, days: float, *cameras: str) -> Kept:
    """What is promised, and room for 240 MB."""
    kept = Kept(folder, period_s=0.01, retention_days=days, retention_max_bytes=240 * 10**6)
    profile = Profile("source", OutputSettings(), None)
    configured = tuple(Camera(camera, camera.title(), "rtsp://h/x", profile) for camera in cameras)
    kept.settings = replace(kept.settings, cameras=configured)
    kept.keeper.configure(kept.settings)
    return kept


async def test_the_keeper_says_so_before_anything_is_deleted_too_early(tmp_path: Path) -> None:
    kept = promising(tmp_path, 14, "gate")
    recorded(kept, "gate", 30)
    async with running(kept):
        told = await kept.next()
        assert isinstance(told, str)
        assert told == (
            "footage will not be kept as promised: gate: 10.0 of 14 promised days will be kept, "
            "as retention.max_size is 96.0 MB too small (vmstui storage)"
        )
        kept.keeper.configure(replace(kept.settings, retention_days=5))  # room enough
        for _ in range(2):  # the first may be answered by a pass that had begun before
            assert not await kept.free_now()
        recorded(kept, "gate", 24, days_later=1)
        kept.pass_by(WARN_EVERY_S)
        kept.keeper.configure(replace(kept.settings, retention_days=20))
        told = await kept.next()
        assert isinstance(told, str)
        assert "10.0 of 20 promised days" in told


async def test_what_was_measured_for_less_than_a_day_raises_no_alarm(tmp_path: Path) -> None:
    kept = promising(tmp_path, 14, "gate", "new")
    recorded(kept, "new", 20)
    async with running(kept):
        assert not await kept.free_now()  # a whole pass
        assert not await kept.free_now()
        assert kept.told.empty()
        recorded(kept, "gate", 30)
        kept.pass_by(HOUR_S)
        told = await kept.next()
        assert isinstance(told, str)
        assert told.startswith("footage will not be kept as promised: gate: 10.0 of 14")
