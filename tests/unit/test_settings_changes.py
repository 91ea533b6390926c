"""Promises about the difference of two configurations: what a reload would touch, and nothing that is secret."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

from vmstui.configured import Camera, Encoder, LiveServer, OutputSettings, Profile, Secret, Settings, VideoCodec
from vmstui.settings import CameraChange, Change, SettingsDiff, diff
from vmstui.settings.keys import CAMERAS, PROFILES, ROOT, Effect, Section
from vmstui.settings.rows import camera_rows, general_rows, profile_rows

PROFILE = Profile("lobby", OutputSettings(VideoCodec.H265), OutputSettings(VideoCodec.H264, size=(640, 480)))
GATE = Camera("gate", "Gate", "rtsp://h/gate", PROFILE, "admin", Secret("hunter2", "env:A"))
DOOR = Camera("door", "Door", "rtsp://h/door", PROFILE)
OLD = Settings("/etc/vmstui.yaml", "/srv/recordings", (GATE, DOOR))


def test_the_same_configuration_has_no_difference() -> None:
    assert diff(OLD, OLD) == SettingsDiff((), (), (), ())
    assert not diff(OLD, OLD)


def test_file_order_of_cameras_and_source_of_a_password_do_not_count() -> None:
    moved = replace(GATE, password=Secret("hunter2", "file:/a"))
    assert not diff(OLD, replace(OLD, path="/other.yaml", cameras=(DOOR, moved)))


def test_added_and_removed_cameras() -> None:
    yard = replace(DOOR, id="yard")
    assert diff(OLD, replace(OLD, cameras=(yard, GATE))) == SettingsDiff(("yard",), ("door",), (), ())


def test_a_changed_password_shows_as_changed_and_not_as_itself() -> None:
    new = replace(GATE, password=Secret("hunter3", "env:A"), transport="udp")
    change = diff(OLD, replace(OLD, cameras=(new, DOOR)))
    assert change.changed == (
        CameraChange(
            "gate",
            (
                Change("password", "***", "***", Effect.WORKER),
                Change("transport", "tcp", "udp", Effect.WORKER),
            ),
        ),
    )
    assert "hunter" not in repr(change)
    (removed,) = diff(OLD, replace(OLD, cameras=(replace(GATE, password=None), DOOR))).changed
    assert removed.changes == (Change("password", "***", "none", Effect.WORKER),)


def test_a_secret_in_an_address_does_not_show() -> None:
    one = replace(DOOR, url="rtsp://h:554/user=a_password=hunter2_x=1?token=hunter2")
    change = diff(OLD, replace(OLD, cameras=(GATE, one)))
    assert change.changed[0].changes[0].new == "rtsp://h:554/***?***"


def test_a_changed_profile_touches_the_cameras_that_use_it() -> None:
    live = OutputSettings(VideoCodec.H264, Encoder.NVENC, (1280, 720))
    (change,) = diff(OLD, replace(OLD, cameras=(replace(GATE, profile=replace(PROFILE, live=live)), DOOR))).changed
    assert change == CameraChange(
        "gate",
        (
            Change("profile.live.encoder", "auto", "nvenc", Effect.WORKER),
            Change("profile.live.size", "640x480", "1280x720", Effect.WORKER),
        ),
    )
    (change,) = diff(OLD, replace(OLD, cameras=(replace(GATE, profile=replace(PROFILE, live=None)), DOOR))).changed
    assert {one.key for one in change.changes} >= {"profile.live.codec", "profile.live.size"}


def test_the_same_outputs_by_another_name_restart_nothing() -> None:
    (change,) = diff(OLD, replace(OLD, cameras=(replace(GATE, profile=replace(PROFILE, name="hall")), DOOR))).changed
    assert change == CameraChange("gate", (Change("profile", "lobby", "hall", Effect.NOTHING),))


def test_other_changes_say_what_has_to_restart() -> None:
    live = LiveServer(password=Secret("viewer-password"), username="viewer")
    new = replace(OLD, segment_length_s=60, min_free_percent=None, min_free_bytes=2_000_000_000, live=live)
    assert diff(OLD, new).other == (
        Change("segment.length", "180 s", "60 s", Effect.ALL_WORKERS),
        Change("retention.min_free", "5%", "2000000000 bytes", Effect.NOTHING),
        Change("live.username", "none", "viewer", Effect.RELAY),
        Change("live.password", "none", "***", Effect.RELAY),
    )
    (server, *rest) = diff(OLD, replace(OLD, live=LiveServer(url="rtsp://h:8554"))).other
    assert server == Change("live.server", "embedded", "rtsp://h:8554", Effect.RELAY_AND_WORKERS)
    assert [change.key for change in rest] == ["live.listen"]


def test_how_long_footage_of_a_camera_stays_restarts_nothing() -> None:
    new = replace(GATE, retention_days=30.0, retention_max_bytes=5 * 10**11)
    (change,) = diff(OLD, replace(OLD, cameras=(new, DOOR))).changed
    assert change.changes == (
        Change("retention.days", "none", "30", Effect.NOTHING),
        Change("retention.max_size", "none", "500000000000 bytes", Effect.NOTHING),
    )


def test_every_key_of_the_table_has_a_row_and_every_row_a_key() -> None:
    """Else a change of that key would not be noticed at a reload."""

    def dotted(section: Section, leave_out: tuple[Section, ...] = ()) -> set[str]:
        keys: set[str] = set()
        for field in section.fields:
            if not isinstance(field, Section):
                keys.add(field.name)
            elif field not in leave_out:
                keys |= {f"{field.name}.{below}" for below in dotted(field)}
        return keys

    assert {row.key for row in general_rows(OLD)} == dotted(ROOT, (CAMERAS, PROFILES))
    assert {row.key for row in camera_rows(GATE)} == dotted(CAMERAS)
    assert {row.key for row in profile_rows(PROFILE)} == dotted(PROFILES)


def test_every_field_of_the_model_is_compared() -> None:
    """Fields that have rows of another name are listed, so that a new field is not forgotten."""
    rows = {row.key.replace(".", "_") for row in general_rows(OLD)}
    others = {"path", "cameras", "live", "segment_length_s", "min_free_bytes", "min_free_percent", "cpu_budget_percent"}
    others |= {"retention_max_bytes", "readonly", "viewers"}
    assert {field.name for field in fields(Settings)} - rows == others
    camera = {row.key.replace(".", "_") for row in camera_rows(GATE)}
    assert {field.name for field in fields(Camera)} - camera == {"retention_max_bytes"}


def test_reading_the_same_file_again_gives_no_difference(tmp_path: Path) -> None:
    from vmstui.resources import config_folder
    from vmstui.settings import load

    example = str(config_folder() / "vmstui.example.yaml")
    assert not diff(load(example).settings, load(example).settings)
