"""Promises of `vmstui config check|show|schema|diff`: what is printed, the exit code, and no password."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.settings_examples import CAMERA, HEAD
from vmstui.cli.config_commands import check, diff, reload_lines, schema, show
from vmstui.model import CameraTouch, ReloadEffects, RestartCost, Touch
from vmstui.settings import CameraChange, Change, SettingsDiff, SettingsError
from vmstui.settings.keys import Effect
from vmstui.settings.schema import schema_text


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A configuration with a warning: its password stands in it."""
    path = tmp_path / "vmstui.yaml"
    path.write_text(HEAD + CAMERA + "    password: hunter2\n    profile: lobby\nprofiles: {lobby: {}}\n")
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    path = tmp_path / "bad.yaml"
    path.write_text("recordings: srv\ncamras: []\n")
    return path


def test_check_of_a_good_configuration(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(str(good), as_json=False) == 0
    warning, verdict = capsys.readouterr().out.splitlines()
    assert warning.startswith(f"{good}:5: cameras[0].password: found *** written into the file")
    assert warning.endswith("(warning)")
    assert verdict == f"{good}: good, 1 camera, 1 warning"


def test_check_lists_all_errors_and_exits_with_2(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(str(bad), as_json=False) == 2
    first, second, verdict = capsys.readouterr().out.splitlines()
    assert first == f"{bad}:1: recordings: found 'srv', accepted a path that starts with /"
    assert second.startswith(f"{bad}:2: camras: found 'camras', accepted: did you mean 'cameras'? (one of: ")
    assert verdict == f"{bad}: 2 errors"


def test_check_as_json(good: Path, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(str(bad), as_json=True) == 2
    answer = json.loads(capsys.readouterr().out)
    assert (answer["file"], answer["ok"]) == (str(bad), False)
    assert answer["errors"][0]["line"] == 1
    assert answer["errors"][0]["key"] == "recordings"
    assert answer["errors"][1]["hint"] == "did you mean 'cameras'?"
    assert check(str(good), as_json=True) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["ok"], answer["cameras"], answer["errors"], len(answer["warnings"])) == (True, 1, [], 1)


def test_show_tells_each_value_and_its_origin_but_no_password(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(str(good), as_json=False) == 0
    out = capsys.readouterr().out
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
    assert rows["recordings"] == ["/srv/recordings", f"{good}:1"]
    assert rows["segment.length"] == ["180", "s", "default"]
    assert rows["cameras[0].password"] == ["inline", f"{good}:5"]
    assert rows["live.password"] == ["none", "default"]
    assert rows["profiles.lobby.live"] == ["none", "default"]
    assert "hunter2" not in out


def test_show_as_json(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show(str(good), as_json=True) == 0
    out = capsys.readouterr().out
    values = {value["key"]: value for value in json.loads(out)["values"]}
    assert values["cameras[0].password"] == {
        "key": "cameras[0].password",
        "value": "inline",
        "origin": f"{good}:5",
        "secret": True,
    }
    assert "hunter2" not in out


def test_built_in_profiles_are_shown_as_such(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "vmstui.yaml"
    path.write_text(HEAD + CAMERA)
    assert show(str(path), as_json=True) == 0
    origins = {value["key"]: value["origin"] for value in json.loads(capsys.readouterr().out)["values"]}
    assert origins["profiles.source.recording.encoder"] == "built in"
    assert set(origins.values()) == {"default", "built in", f"{path}:1", f"{path}:3", f"{path}:4"}


def test_show_and_diff_leave_errors_to_the_caller(good: Path, bad: Path) -> None:
    with pytest.raises(SettingsError):
        show(str(bad), as_json=False)
    with pytest.raises(SettingsError):
        diff(str(good), str(bad), as_json=False)


def test_diff(good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff(str(good), str(good), as_json=False) == 0
    assert capsys.readouterr().out == "no difference\n"
    new = tmp_path / "new.yaml"
    text = good.read_text().replace("hunter2", "hunter3").replace("recordings: /srv/recordings", "recordings: /mnt/r")
    new.write_text(text.replace("profiles:", "  - {id: yard, url: 'rtsp://h'}\nprofiles:"))
    assert diff(str(good), str(new), as_json=False) == 0
    assert capsys.readouterr().out.splitlines() == [
        "+ camera yard",
        "~ recordings: /srv/recordings -> /mnt/r (all workers restart)",
        "~ camera gate: password: *** -> *** (the camera's worker restarts)",
    ]
    assert diff(str(new), str(good), as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["removed"] == ["yard"]


def test_a_reload_is_told_camera_by_camera_before_and_after() -> None:
    changes = SettingsDiff(
        ("yard",),
        ("door",),
        (CameraChange("gate", (Change("transport", "tcp", "udp", Effect.WORKER),)),),
        (Change("segment.length", "180 s", "60 s", Effect.ALL_WORKERS),),
    )
    effects = ReloadEffects(
        (
            CameraTouch("gate", Touch.RESTARTS, ("transport", "segment.length"), RestartCost.SEAMLESS),
            CameraTouch("hall", Touch.RESTARTS, (), RestartCost.STOP_FIRST),
            CameraTouch("lobby", Touch.UNTOUCHED),
            CameraTouch("yard", Touch.STARTS),
            CameraTouch("door", Touch.ENDS),
        ),
        Touch.RESTARTS,
        ("a note",),
    )
    assert list(reload_lines(changes, effects, foretold=True)) == [
        "+ camera yard",
        "- camera door",
        "~ segment.length: 180 s -> 60 s",
        "~ camera gate: transport: tcp -> udp",
        "live relay: would restart, recording goes on",
        "gate: would restart, seamless: nothing is lost (transport, segment.length)",
        "hall: would restart, stop first: about 1-3 s are lost (it runs on an older one)",
        "yard: would start",
        "door: would end",
        "a note",
        "1 camera untouched",
    ]
    told = list(reload_lines(changes, effects, foretold=False))
    assert "gate: restarts, seamless: nothing is lost (transport, segment.length)" in told
    assert not any("would" in line for line in told)
    nothing = ReloadEffects((CameraTouch("lobby", Touch.UNTOUCHED),))
    assert list(reload_lines(SettingsDiff((), (), (), ()), nothing, foretold=True)) == ["no difference"]


def test_schema_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert schema() == 0
    assert capsys.readouterr().out == schema_text()


def test_the_commands_do_not_load_the_dashboard(good: Path) -> None:
    """Held against a fresh interpreter."""
    program = (
        "import sys; from vmstui.cli.config_commands import check; check(sys.argv[1], False); "
        "print(sorted({'textual', 'rich', 'psutil'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(good)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_finding_the_folders_loads_neither_yaml_nor_the_table_of_keys() -> None:
    """`vmstui status` asks for the folders only and has 150 ms."""
    program = (
        "import sys; from vmstui.settings import default_folders, SettingsError; "
        "print(sorted({'yaml', 'vmstui.settings.keys', 'vmstui.configured', 'vmstui.model'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
