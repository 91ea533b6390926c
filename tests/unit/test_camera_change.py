"""A camera more, less or another one: what is planned of a file, and what becomes of a plan."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vmstui.cli.camera_change import (
    Planned,
    Wanted,
    apply,
    free_id,
    free_name,
    instead,
    plan_add,
    plan_edit,
    plan_remove,
    same_camera,
)
from vmstui.settings import SettingsError, load
from vmstui.settings.addresses import CameraAddress, pasted
from vmstui.settings.rewrite import CannotWrite, ChangedMeanwhile

PASSWORD = "p@ss wörd/1"
ADDRESS = CameraAddress("rtsp://192.0.2.9:554/1", "admin", PASSWORD)
TEXT = """# Mine.
recordings: /srv/recordings
cameras:
  - id: gate
    name: Gate
    url: rtsp://user:hunter22@192.0.2.1/1   # to the east
  - id: yard
    url: rtsp://192.0.2.2/1
    password: {env: NOT_SET_HERE}
    retention: {days: 3}
"""


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No recorder runs."""
    monkeypatch.setenv("VMSTUI_RUNTIME", str(tmp_path / "run"))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "vmstui.yaml"
    path.write_text(TEXT)
    return path


def new_text(planned: Planned) -> str:
    return planned.new.decode()


def test_the_first_camera_makes_the_file_and_its_password_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "new" / "vmstui.yaml"
    planned = plan_add(str(path), Wanted(ADDRESS, name="Front door"), "/srv/footage")
    assert not path.exists(), "a plan writes nothing"
    applied = apply(planned)
    assert not applied.running
    assert PASSWORD not in path.read_text() + "\n".join(planned.diff()) + repr(planned)
    loaded = load(str(path))
    (camera,) = loaded.settings.cameras
    assert not loaded.warnings
    assert (camera.id, camera.name, camera.url) == ("front_door", "Front door", ADDRESS.url)
    assert (camera.username, camera.password and camera.password.value) == ("admin", PASSWORD)
    assert loaded.settings.recordings == "/srv/footage"


def test_what_cannot_be_read_here_does_not_keep_a_camera_out(config: Path) -> None:
    planned = plan_add(str(config), Wanted(ADDRESS, name="Hof", profile="reencode", days="7"))
    assert new_text(planned).removeprefix(TEXT) == (
        "  - id: hof\n    name: Hof\n    url: rtsp://192.0.2.9:554/1\n    username: admin\n"
        "    password: {file: secrets/hof}\n    profile: reencode\n    retention: {days: 7}\n"
    )


def test_a_diff_shows_no_password_that_stands_in_the_file(config: Path) -> None:
    config.write_text(
        TEXT.replace("    url: rtsp://192.0.2.2/1\n    password: {env: NOT_SET_HERE}", "    url: rtsp://h/1")
    )
    shown = "\n".join(plan_edit(str(config), "gate", Wanted(name="East gate")).diff())
    assert "+    name: East gate" in shown
    assert "***" in shown
    assert "hunter22" not in shown


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (Wanted(ADDRESS, name="Gate!"), "names that differ in more than punctuation and letter case"),
        (Wanted(ADDRESS, id="gate"), "an id of its own for each camera"),
        (Wanted(ADDRESS, profile="best"), "one of: source, reencode"),
        (Wanted(ADDRESS, days="never"), "a number of days"),
    ],
)
def test_what_the_configuration_refuses_is_refused_before_anything_is_written(
    config: Path, wanted: Wanted, says: str
) -> None:
    with pytest.raises(SettingsError, match=says):
        plan_add(str(config), wanted)
    assert config.read_text() == TEXT


def test_a_broken_file_is_told_with_its_line_and_left(config: Path) -> None:
    config.write_text(TEXT + "cameras: []\n")
    with pytest.raises(SettingsError, match=r"vmstui.yaml:11: cameras: found the same key twice"):
        plan_add(str(config), Wanted(ADDRESS))


def test_a_login_in_an_address_that_goes_is_kept(config: Path) -> None:
    planned = plan_edit(str(config), "gate", Wanted(pasted("rtsp://192.0.2.77/1")))
    assert "    url: rtsp://192.0.2.77/1   # to the east\n    username: user\n" in new_text(planned)
    assert planned.secret is not None
    assert planned.secret[1] == "hunter22"
    assert "hunter22" not in new_text(planned)


def test_another_password_alone_leaves_the_address(config: Path) -> None:
    planned = plan_edit(str(config), "yard", Wanted(username="viewer", password="new one"))
    assert planned.secret is not None
    assert planned.secret[1] == "new one"
    assert "    url: rtsp://192.0.2.2/1\n    username: viewer\n    password: {file: secrets/yard}\n" in new_text(
        planned
    )


def test_limits_are_merged_and_taken_away(config: Path) -> None:
    path = str(config)
    assert "retention: {days: 3, max_size: 500G}" in new_text(plan_edit(path, "yard", Wanted(max_size="500G")))
    assert "retention" not in new_text(plan_edit(path, "yard", Wanted(days="none")))


def test_another_name_tells_what_becomes_of_the_footage(config: Path) -> None:
    what = plan_edit(str(config), "gate", Wanted(name="East gate")).what
    assert "goes to East_gate, what was recorded stays in Gate" in what


def test_what_restarts_for_it_is_told_before(config: Path) -> None:
    planned = plan_edit(str(config), "yard", Wanted(profile="reencode", password="new one", max_size="1T"))
    worker = "(the camera's worker restarts)"
    profile, limit, password = planned.effects
    assert profile == f"~ camera yard: profile: source -> reencode {worker}"
    assert limit.startswith("~ camera yard: retention.max_size: none -> ")
    assert limit.endswith(" (nothing restarts)")
    assert password == f"~ password: *** -> *** {worker}"


def test_a_password_that_was_replaced_or_is_of_no_use_any_more_goes(config: Path) -> None:
    apply(plan_add(str(config), Wanted(ADDRESS, name="Hof")))
    secrets = config.parent / "secrets"
    apply(plan_edit(str(config), "hof", Wanted(password="another")))
    assert {path.name: path.read_text() for path in secrets.iterdir()} == {"hof-2": "another\n"}
    planned = plan_remove(str(config), "hof")
    assert "its footage stays in /srv/recordings/Hof" in planned.what
    apply(planned)
    assert not list(secrets.iterdir())
    assert config.read_text() == TEXT


def test_what_was_agreed_to_is_what_is_done_or_nothing(config: Path) -> None:
    planned = plan_add(str(config), Wanted(ADDRESS, name="Hof"))
    config.write_text(TEXT + "timezone: UTC\n")
    with pytest.raises(ChangedMeanwhile):
        apply(planned, planned.state)
    with pytest.raises(ChangedMeanwhile):
        apply(plan_add(str(config), Wanted(ADDRESS, name="Hof")), planned.state)
    assert config.read_text() == TEXT + "timezone: UTC\n"
    assert not list((config.parent / "secrets").iterdir())


def test_there_has_to_be_a_file_to_change(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="this makes one: vmstui add URL"):
        plan_remove(str(tmp_path / "none.yaml"), "gate")


def test_names_and_ids_are_free_and_of_the_right_letters(config: Path) -> None:
    config.write_text(TEXT.replace("    password: {env: NOT_SET_HERE}\n", ""))
    settings = load(str(config)).settings
    assert free_name(settings, CameraAddress("rtsp://north-door.lan/1")) == "North door"
    assert free_name(settings, CameraAddress("rtsp://gate.lan/1")) == "Camera 3"
    assert free_name(settings, CameraAddress("rtsp://[2001:db8::1]:554/1")) == "Camera 3"
    assert free_id(settings, "Gate") == "gate_2"
    assert free_id(settings, "Cổng trước") == "cong_truoc"
    assert free_id(settings, "正门") == "camera"
    assert len(free_id(settings, "x" * 100)) <= 40
    assert same_camera(str(config), CameraAddress("rtsp://192.0.2.1/1")) == ["Gate"]


def test_who_may_not_write_is_told_what_to_run(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert instead(str(config), ["add"]) == ""
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    assert f"Run: sudo vmstui --config {config} remove gate" in instead(str(config), ["remove", "gate"])
