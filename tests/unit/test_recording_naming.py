"""Names of published recordings, and where they and everything else go."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from vmstui.recording.layout import camera_quarantine, camera_spool, generation_spool, spool_root, spooled_generations
from vmstui.recording.naming import segment_path, with_suffix

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_segment_is_named_by_camera_and_time_of_its_zone() -> None:
    started_at = datetime(2025, 10, 20, 0, 54, 59, 900000, tzinfo=UTC)
    assert segment_path("Duc_Tai_Dendo_1", started_at, ZoneInfo("Asia/Ho_Chi_Minh")) == (
        ("Duc_Tai_Dendo_1", "2025-10-20"),
        "Duc_Tai_Dendo_1_20251020_075459.mp4",
    )
    assert segment_path("x", started_at, ZoneInfo("America/New_York")) == (("x", "2025-10-19"), "x_20251019_205459.mp4")


def test_without_a_zone_it_is_the_time_of_the_machine() -> None:
    started_at = datetime(2025, 10, 20, 0, 54, 59, tzinfo=UTC)
    local = started_at.astimezone()
    assert segment_path("x", started_at, None)[1] == f"x_{local:%Y%m%d_%H%M%S}.mp4"


def test_the_hour_that_comes_twice_gives_one_name_twice_and_the_suffix_tells_them_apart() -> None:
    first = segment_path("x", datetime(2025, 10, 26, 0, 30, tzinfo=UTC), BERLIN)
    second = segment_path("x", datetime(2025, 10, 26, 1, 30, tzinfo=UTC), BERLIN)
    assert first == second
    assert with_suffix(first[1], 1) == "x_20251026_023000.mp4"
    assert with_suffix(first[1], 2) == "x_20251026_023000_2.mp4"
    assert with_suffix("no extension", 3) == "no extension_3"


def test_everything_internal_is_below_one_hidden_folder(tmp_path: Path) -> None:
    for path in (
        spool_root(tmp_path),
        camera_spool(tmp_path, "lobby"),
        generation_spool(tmp_path, "lobby", 7),
        camera_quarantine(tmp_path, "lobby"),
    ):
        assert path.relative_to(tmp_path).parts[0] == ".vmstui"


def test_generations_with_a_spool_folder_are_found_oldest_first(tmp_path: Path) -> None:
    assert spooled_generations(tmp_path, "lobby") == ()
    for name in ("10", "9", "x", "2"):
        (camera_spool(tmp_path, "lobby") / name).mkdir(parents=True)
    (camera_spool(tmp_path, "lobby") / "3").touch()
    assert spooled_generations(tmp_path, "lobby") == (2, 9, 10)
