"""Header, banners and advice: what the person reads first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.tui.fakes import GIB, NOW, camera, recorder_snapshot
from vmstui.configured import OutputKind
from vmstui.model import (
    CameraSnapshot,
    CameraState,
    OpenSegment,
    OutputHealth,
    OutputState,
    ProcessSnapshot,
    Progress,
    RecorderSnapshot,
    StorageSnapshot,
)
from vmstui.tui.lines import Role, text_of, width_of
from vmstui.tui.verdict import Banner, Link, advice, banners, complaints, summary
from vmstui.tui.widgets.header import header_line


def header(snapshot: RecorderSnapshot, cells: int = 160, link: Link | None = None) -> str:
    line = header_line(snapshot, link or Link(), cells)
    assert width_of(line) == cells
    return text_of(line)


def test_the_header_says_it_all_when_all_is_well() -> None:
    text = header(recorder_snapshot(camera("a"), camera("b"), cpu_percent=46.7))
    assert "✔ 2/2 recording · CPU 46.7 % of 205 % · disk 76 G free · 2 live · up 3 h · ffmpeg 9.0.2" in text
    assert "vms-1" in text
    assert text.endswith("07:56:00 ")


def test_the_header_names_what_does_not_record_first() -> None:
    text = header(recorder_snapshot(camera("a"), camera("gate", CameraState.BACKOFF)))
    assert text.startswith(" ✖ 1 of 2 not recording  · Gate · ")


def failing(id: str, minutes: float, state: CameraState = CameraState.FAILING) -> CameraSnapshot:  # noqa: A002
    return camera(id, state, reason="no route to host", failing_since=NOW - timedelta(minutes=minutes))


@pytest.mark.parametrize("cells", [60, 80, 160])
def test_failing_cameras_are_counted_in_the_header_with_the_longest_time(cells: int) -> None:
    one = recorder_snapshot(camera("a"), failing("gate", 23), camera("b", CameraState.BACKOFF))
    assert header(one, cells).startswith(" ✖ 2 of 3 not recording  ·  1 FAILING for 23 min ")
    assert " 2 FAILING for up to 4 h " in header(recorder_snapshot(failing("a", 23), failing("b", 245)))


def test_failing_cameras_are_a_banner_worst_first() -> None:
    (banner,) = banners(recorder_snapshot(camera(), failing("gate", 23)), Link())
    assert banner == Banner("Gate has been FAILING for 23 min: no route to host.", Role.PILL_BAD)
    several = [failing("a", 11, CameraState.AUTH_FAILED), failing("b", 30), failing("c", 12), failing("d", 13)]
    (banner,) = banners(recorder_snapshot(*several), Link())
    assert banner.text == "4 cameras are FAILING: B for 30 min, D for 13 min, C for 12 min +1."


def test_what_holds_all_cameras_is_one_banner_and_not_one_more_for_each() -> None:
    storage = StorageSnapshot("/srv/rec", False, "it is read-only", 0, 0, "/srv")
    held = recorder_snapshot(failing("a", 23, CameraState.HELD), storage=storage)
    assert len(banners(held, Link())) == 1
    assert "1 FAILING for 23 min" in header(held)


def test_a_camera_that_records_again_is_on_trial_and_no_banner() -> None:
    again = recorder_snapshot(failing("a", 23, CameraState.RECORDING))
    assert banners(again, Link()) == []
    assert "✔ 1/1 recording" in header(again)
    assert "1 degraded" in header(again)
    assert "on trial" in complaints(again.cameras[0], NOW)[0]


def test_the_summary_says_for_how_long_it_has_been_failing() -> None:
    bad = failing("gate", 23)
    first, second = (text_of(line) for line in summary(recorder_snapshot(bad), bad))
    assert first == " Gate · no route to host · FAILING for 23 min"
    assert "Tried again by itself" in second


@pytest.mark.parametrize("cells", [60, 72, 80, 100])
def test_the_verdict_never_gives_way_to_figures(cells: int) -> None:
    snapshot = recorder_snapshot(*(camera(f"c{n}", CameraState.STALLED) for n in range(9)), camera("ok"))
    assert "9 of 10 not recording" in header(snapshot, cells)


def test_stopped_cameras_are_not_missing_but_are_counted() -> None:
    text = header(recorder_snapshot(camera("a"), camera("b", CameraState.STOPPED, wanted=False)))
    assert "✔ 1/1 recording" in text
    assert "1 stopped" in text


def test_starting_is_neither_well_nor_wrong() -> None:
    just_now = NOW - timedelta(seconds=3)
    text = header(recorder_snapshot(camera("a"), camera("b", CameraState.STARTING, since=just_now)))
    assert "1/2 recording" in text
    assert "1 starting or stopping" in text
    assert "✔" not in text


def test_a_start_that_takes_long_or_follows_a_failure_counts_as_not_recording() -> None:
    long = camera("b", CameraState.STARTING, since=NOW - timedelta(seconds=20))
    again = camera("c", CameraState.STARTING, since=NOW - timedelta(seconds=1), reason="no packets for 10 s")
    text = header(recorder_snapshot(camera("a"), long, again))
    assert "2 of 3 not recording" in text


def test_live_that_is_down_is_said_though_everything_records() -> None:
    outputs = (OutputHealth(OutputKind.LIVE, OutputState.DOWN, reason="503"),)
    text = header(recorder_snapshot(camera("a", outputs=outputs), camera("b")))
    assert "✔ 2/2 recording" in text
    assert "▲ 1 degraded" in text
    assert "1 of 2 live" in text


def test_an_old_picture_says_its_age_instead_of_the_time() -> None:
    text = header(recorder_snapshot(camera()), link=Link("gone", 2, 12))
    assert text.startswith(" ✖ not connected  · last seen · ")
    assert text.endswith("12 s ago ")


def test_no_camera_and_nothing_wanted_are_not_well() -> None:
    assert "No camera is configured" in header(recorder_snapshot())
    assert "Nothing is recorded" in header(recorder_snapshot(camera("a", CameraState.STOPPED, wanted=False)))


def test_lost_service_is_a_banner_with_the_reason_and_the_next_try() -> None:
    (banner,) = banners(recorder_snapshot(camera()), Link("connection refused", 2, 9))
    for words in ("No recorder answers", "connection refused.", "Trying again in 2 s", "9 s old"):
        assert words in banner.text


def test_a_silent_service_is_a_banner_too() -> None:
    (banner,) = banners(recorder_snapshot(camera()), Link(age_s=7))
    assert "sent nothing for 7 s" in banner.text


def test_unusable_storage_missing_ffmpeg_and_no_camera_say_what_to_do() -> None:
    storage = StorageSnapshot("/srv/rec", False, "it is read-only", 0, 0, "/srv")
    snapshot = recorder_snapshot(storage=storage, ffmpeg=None, ffmpeg_reason="none found on PATH")
    texts = [banner.text for banner in banners(snapshot, Link())]
    assert "/srv/rec is not usable: it is read-only. Nothing is recorded until that is cured" in texts[0]
    assert "No usable ffmpeg: none found on PATH. Install ffmpeg 5.1 or newer" in texts[1]
    assert "A adds one here, `vmstui add` on the command line" in texts[2]


def test_low_space_and_a_dead_relay_warn() -> None:
    storage = StorageSnapshot("/srv/rec", True, "2.1 % free, 5 % wanted", GIB, 50 * GIB, "/srv")
    snapshot = recorder_snapshot(camera(), storage=storage, relay=ProcessSnapshot(None, "down", "port 8554 is taken"))
    texts = " ".join(banner.text for banner in banners(snapshot, Link()))
    assert "2.1 % free" in texts
    assert "port 8554 is taken. Recording is not affected." in texts


def test_all_well_is_no_banner() -> None:
    assert banners(recorder_snapshot(camera()), Link()) == []


def test_what_the_recorder_warns_of_at_its_start_is_on_the_screen() -> None:
    (banner,) = banners(recorder_snapshot(camera(), warnings=("vmstui.service: found KillMode=mixed",)), Link())
    assert (banner.text, banner.role) == ("vmstui.service: found KillMode=mixed.", Role.PILL_WARN)


@pytest.mark.parametrize(
    "state",
    [
        state
        for state in CameraState
        if state not in {CameraState.RECORDING, CameraState.STARTING, CameraState.STOPPING}
    ],
)
def test_every_bad_state_comes_with_what_to_do_in_80_columns(state: CameraState) -> None:
    todo = advice(camera(state=state), "/etc/vmstui/vmstui.yaml")
    assert todo
    assert len(todo) < 80


def test_the_summary_of_a_camera_in_trouble_is_reason_and_advice() -> None:
    bad = camera("gate", CameraState.AUTH_FAILED, reason="401 Unauthorized")
    first, second = (text_of(line) for line in summary(recorder_snapshot(bad), bad))
    assert first.startswith(" Gate · 401 Unauthorized · auth failed since 04:56:00")
    assert "Correct its login in /etc/vmstui/vmstui.yaml" in second


def test_the_summary_of_a_camera_that_is_well_is_what_its_row_omits() -> None:
    good = camera("gate")
    first, second = (text_of(line) for line in summary(recorder_snapshot(good), good))
    assert "recording h265 libx265 · live h264 libx264" in first
    assert "last segment 07:51:00 19.0 M good · 0 restarts" in second


def test_complaints_are_about_growth_speed_and_outputs() -> None:
    stuck = OpenSegment("x.mp4", NOW - timedelta(seconds=60), 1024, NOW - timedelta(seconds=12))
    slow = Progress(1, 11.0, 0.74, 1.0, 0, 0)
    bad = camera(
        open_segment=stuck, progress=slow, outputs=(OutputHealth(OutputKind.LIVE, OutputState.DOWN, reason="x"),)
    )
    assert complaints(bad, NOW) == [
        "the open segment has not grown for 12 s",
        "does not keep up with the camera: speed 0.74x",
        "live is down: x",
    ]
    assert complaints(replace(bad, started_at=NOW), NOW)[1] == "live is down: x", "speed settles after the start"
