"""`vmstui capacity` as it is typed: what it prints, what it refuses, its exit codes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.tui.fakes import NOW, camera, recorder_snapshot
from tests.unit.test_capacity import camera as measured_camera
from tests.unit.test_capacity import machine
from tests.unit.test_capacity_seen import stored
from vmstui.capacity.projection import given, project
from vmstui.capacity.words import Limit, Measured, Question, Resource
from vmstui.cli import main
from vmstui.cli.capacity_text import lines
from vmstui.codec import Json, to_json
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.measured import CpuPast
from vmstui.spoken import width

Capture = pytest.CaptureFixture[str]


def asked(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    try:
        code = main(["capacity", *arguments])
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else -1
    out, err = capsys.readouterr()
    return code, out, err


def test_the_figures_of_the_report_as_json(capsys: Capture) -> None:
    code, out, _ = asked(capsys, "--per-camera", "23.4%", "--budget", "205%", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["maximum"] == 8
    by_count = {row["cameras"]: row["cpu_percent"] for row in found["rows"]}
    assert [by_count[count] for count in range(3, 9)] == [70, 94, 117, 140, 164, 187]
    assert [row["cameras"] for row in found["rows"] if row["over"]] == [9]


@pytest.mark.parametrize(("per_camera", "maximum"), [("23.4%", 8), ("40.2%", 5), ("94.1%", 2)])
def test_the_maxima_of_the_report(capsys: Capture, per_camera: str, maximum: int) -> None:
    _, out, _ = asked(capsys, "--per-camera", per_camera, "--budget", "205%", "--json")
    assert json.loads(out)["maximum"] == maximum


def test_the_figures_of_the_report_for_a_person(capsys: Capture) -> None:
    code, out, _ = asked(capsys, "--per-camera", "23.4%", "--budget", "205%")
    assert code == 0
    assert out.startswith("maximum     8 cameras; CPU ends it: 205 % in all, 23.4 % per camera\n")
    assert "      8  187 %  maximum\n      9  211 %  over: CPU\n" in out
    assert "not known: memory, NVENC sessions" in out


def test_no_recorder_is_asked_where_the_cost_is_given(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMSTUI_RUNTIME", "/nonexistent")
    assert asked(capsys, "--per-camera", "23.4%")[0] == 0


@pytest.mark.parametrize(
    ("option", "value", "accepted"),
    [
        ("--per-camera", "nonsense", "a percentage such as 23.4%"),
        ("--per-camera", "23.4", "a percentage such as 23.4%"),
        ("--per-camera", "0%", "a percentage such as 23.4%"),
        ("--per-camera", "-5%", "a percentage such as 23.4%"),
        ("--per-camera", "nan%", "a percentage such as 23.4%"),
        ("--budget", "many", "a percentage such as 23.4%"),
        ("--cameras", "0", "a whole number from 1 to 100000"),
        ("--cameras", "3.5", "a whole number from 1 to 100000"),
        ("--retention", "forever", "a number of days such as 14 or 0.5"),
        ("--retention", "0", "a number of days such as 14 or 0.5"),
    ],
)
def test_nonsense_is_refused_with_what_is_accepted(capsys: Capture, option: str, value: str, accepted: str) -> None:
    code, out, err = asked(capsys, f"{option}={value}")
    assert (code, out) == (2, "")
    assert f"argument {option}: found {value!r}, accepted {accepted}" in err


@pytest.mark.parametrize("options", [("--profile", "x"), ("--retention", "14"), ("--profile", "x", "--retention", "1")])
def test_what_needs_measured_cameras_is_refused_beside_a_given_cost(capsys: Capture, options: tuple[str, ...]) -> None:
    code, out, err = asked(capsys, "--per-camera", "23.4%", *options)
    assert (code, out) == (2, "")
    assert "found beside --per-camera, accepted without" in err
    assert options[0] in err


@pytest.mark.parametrize(("cameras", "code"), [("8", 0), ("9", 1)])
def test_whether_so_many_fit_is_the_exit_code(capsys: Capture, cameras: str, code: int) -> None:
    given_ = ("--per-camera", "23.4%", "--budget", "205%", "--cameras", cameras)
    assert asked(capsys, *given_)[0] == code
    assert asked(capsys, *given_, "--json")[0] == code


# -- by a recorder ----------------------------------------------------------------------------------------------------


class Answering:
    """A control socket that tells what a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, answers: dict[str, object]) -> None:
        self.answers = answers
        monkeypatch.setattr("vmstui.control.call.call", self.call)

    def call(self, path: object, method: str, params: object = None, timeout_s: float = 0.0) -> Json:
        answer = self.answers[method]
        if isinstance(answer, Exception):
            raise answer
        return to_json(answer)


def recorder(monkeypatch: pytest.MonkeyPatch, **changes: object) -> Answering:
    """Three cameras, steady at 23.4 %, for five minutes."""
    names = ("lobby", "gate", "yard")
    answers: dict[str, object] = {
        "snapshot": recorder_snapshot(*(camera(name) for name in names)),
        "samples": {name: (23.4,) * 300 for name in names},
        "cpu_past": RecorderError("unknown method cpu_past"),
        "storage": RecorderError("the catalogue is being filled"),
    }
    return Answering(monkeypatch, answers | changes)


def answer(capsys: Capture, *arguments: str) -> tuple[int, Any]:
    code, out, _ = asked(capsys, *arguments, "--json")
    return code, json.loads(out)


def test_measured_cameras_tell_how_many_more_fit(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder(monkeypatch)
    code, found = answer(capsys)
    assert code == 0
    assert (found["running"], found["maximum"], found["more"], found["binding"]) == (3, 8, 5, "CPU")
    assert found["provisional"] is True
    assert found["confidence"]["provisional"] == ["less than 10 min"]
    assert "retention" in found["unknown"]


def test_what_an_earlier_service_measured_counts(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """This one is back for 20 s, and its workers have run all day."""
    names = ("lobby", "gate", "yard")
    begun, back = NOW - timedelta(days=1), NOW - timedelta(seconds=20)
    cameras = [camera(name, since=NOW - timedelta(seconds=19), started_at=begun) for name in names]
    past = CpuPast(NOW, 10, {name: (23.4,) * 90 for name in names})
    recorder(
        monkeypatch,
        snapshot=recorder_snapshot(*cameras, started_at=back),
        samples={name: (23.4,) * 15 for name in names},
        cpu_past=past,
    )
    found = answer(capsys)[1]
    assert (found["maximum"], found["confidence"]["window_s"], found["provisional"]) == (8, 900.0, False)


def test_a_question_is_put_to_what_is_measured(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder(monkeypatch)
    assert answer(capsys, "--budget", "100%")[1]["maximum"] == 4
    assert answer(capsys, "--cameras", "9")[0] == 1
    assert answer(capsys, "--profile", "reencode")[1]["more"] == 5


def test_a_profile_that_is_not_there_is_wrong_use(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder(monkeypatch)
    code, out, err = asked(capsys, "--profile", "nope\x1b[2J")
    assert (code, out) == (2, "")
    assert "--profile: found 'nope" in err
    assert "accepted: reencode (3)" in err
    assert "\x1b" not in err


def test_cameras_that_were_not_measured_yet_are_not_well(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder(monkeypatch, samples={"lobby": (), "gate": (), "yard": ()})
    code, out, err = asked(capsys)
    assert (code, out) == (1, "")
    assert err == (
        "no camera has been recorded for long enough to be measured. "
        "From a figure of yours instead: vmstui capacity --per-camera 23.4%\n"
    )
    code, found = answer(capsys)
    assert (code, list(found)) == (1, ["reason"])


def test_too_many_cameras_are_not_well(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder(monkeypatch)
    code, found = answer(capsys, "--budget", "50%")
    assert (code, found["more"], found["fits"]) == (1, -1, False)


def test_no_recorder_is_said_with_what_helps_without_one(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder(monkeypatch, snapshot=RecorderLost("no recorder answers at /run/x"))
    code, _, err = asked(capsys)
    assert code == 3
    assert "no recorder answers at /run/x" in err
    assert "vmstui capacity --per-camera 23.4%" in err


def test_promised_days_end_it_where_the_disk_is_small(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = stored(*((name, 1e6, None) for name in ("lobby", "gate", "yard")))
    recorder(monkeypatch, storage=storage)
    code, found = answer(capsys, "--retention", "3")
    assert (code, found["maximum"], found["binding"]) == (0, 3, "retention")


# -- 80 columns -------------------------------------------------------------------------------------------------------


def wide() -> Measured:
    """Large figures of everything, and doubts."""
    cameras = [
        measured_camera(
            f"c{number}", (12.3, 345.6), f"a_profile_with_a_very_very_long_name_{number}", window_s=60.0, memory=123e6,
            encoder_sessions=2.0, encoder=12.3, decoder=12.3, gpu_memory=987e6, disk_write=123.4e6, retention=987e12,
            network=123.4e6, promised_days=14.0,
        )
        for number in range(7)
    ]  # fmt: skip
    return machine(
        *cameras, cpu=12800.0, memory=1e12, encoder_sessions=128.0, encoder=800.0, decoder=800.0, gpu_memory=640e9,
        disk_write=9.9e9, retention=999.9e12, network=12.5e9,
    )  # fmt: skip


@pytest.mark.parametrize("cameras", [None, 50, 100_000])
def test_everything_fits_80_columns(cameras: int | None) -> None:
    told = [
        *lines(project(wide(), Question(cameras=cameras))),
        *lines(given(0.01, Limit(Resource.CPU, 99999.0, why="a long reason " * 20), cameras)),
    ]
    assert [line for line in told if width(line) > 80] == []
    assert len(told) < 120
