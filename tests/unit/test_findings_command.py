"""Promises of `vmstui findings`, `acknowledge` and `unacknowledge`: what they print, ask, refuse, and their codes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.unit.answering import Answering, answering
from tests.unit.findings_examples import NOW, acknowledgement, finding, incident, page, row
from vmstui.cli import main
from vmstui.cli.findings_arguments import ORIGINS
from vmstui.codec import Json, from_json
from vmstui.control.errors import RecorderError
from vmstui.findings import FindingsPage, Origin, Severity, UntoldLines
from vmstui.spoken import width
from vmstui.triage.messages_file import read_messages

Capture = pytest.CaptureFixture[str]
REFUSED = finding("rtsp_refused", text="Connection refused")
NO_FRAME = finding("no_frame", Severity.BENIGN, text="no frame!")
ODD = finding("", None, text="an odd thing happened 17 times", fingerprint="an odd thing happened # times")


class Serve(Protocol):
    def __call__(self, found: FindingsPage, cameras: Sequence[Json] = ()) -> Answering: ...


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """A recorder with these findings, that takes whatever is acknowledged."""
    monkeypatch.setenv("VMSTUI_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setenv("VMSTUI_CONFIG", str(tmp_path / "vmstui.yaml"))
    monkeypatch.setenv("COLUMNS", "80")
    with ExitStack() as stack:

        def begin(found: FindingsPage, cameras: Sequence[Json] = ()) -> Answering:
            def findings(params: Mapping[str, Json]) -> object:
                if params["camera"] not in (None, "gate", "yard"):
                    raise RecorderError("no camera 'nobody'; there are: gate, yard")
                return found

            def acknowledge(params: Mapping[str, Json]) -> object:
                keys = ("fingerprint", "camera", "ceiling_per_min", "by", "note")
                changes: dict[str, object] = {key: params[key] for key in keys}
                for_s, origin = params["for_s"], params["origin"]
                changes["until"] = NOW + timedelta(seconds=for_s) if isinstance(for_s, float) else None
                changes["origin"] = Origin(str(origin)) if origin is not None else None
                return acknowledgement(**changes)

            def unacknowledge(params: Mapping[str, Json]) -> object:
                if params["id"] != "a1b2":
                    raise RecorderError(f"no acknowledgement {params['id']!r}; there are: a1b2")
                return acknowledgement()

            snapshot = {"cameras": cameras}
            methods = {
                "snapshot": lambda params: snapshot,
                "findings": findings,
                "acknowledge": acknowledge,
                "unacknowledge": unacknowledge,
            }
            return stack.enter_context(answering(tmp_path / "run", methods))

        yield begin


def told(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    try:
        code = main(arguments)
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else -1
    out, err = capsys.readouterr()
    return code, out, err


# -- findings ---------------------------------------------------------------------------------------------------------

QUIET: dict[str, Any] = {"acknowledgement": acknowledgement(), "is_quiet": True}


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (page(), 0),
        (page(row()), 1),
        (page(row(finding("x", Severity.DEGRADED))), 1),
        (page(row(NO_FRAME)), 0),
        (page(row(finding("x", Severity.INFO))), 0),
        (page(row(active=False)), 0),
        (page(row(**QUIET)), 0),
        (page(row(acknowledgement=acknowledgement())), 1),
        (page(row(ODD)), 1),
        (page(row(finding("", None, level="warning"))), 0),
        (page(incidents=(incident("gate", "yard", key="exit:refused"),)), 1),
        (page(incidents=(incident("gate", "yard", key="exit:refused", over_at=NOW),)), 0),
        (page(row(**QUIET, incident="i1"), incidents=(incident("gate", "yard"),)), 0),
    ],
)
def test_the_exit_code_says_whether_something_goes_on_that_nobody_acknowledged(
    serve: Serve, capsys: Capture, found: FindingsPage, code: int
) -> None:
    serve(found)
    assert told(capsys, "findings")[0] == code
    assert told(capsys, "findings", "--all")[0] == code
    assert told(capsys, "findings", "--json")[0] == code


def test_what_cameras_have_in_common_comes_first_then_problems_then_what_is_folded(
    serve: Serve, capsys: Capture
) -> None:
    serve(
        page(
            row(REFUSED, incident="i1", cause="Nobody listens."),
            row(),
            row(ODD),
            row(finding("missing_pps", Severity.DEGRADED, text="x" * 300), active=False),
            row(NO_FRAME),
            row(finding("known_one", Severity.DEGRADED), **QUIET),
            incidents=(incident("gate", "yard"),),
            untold=(UntoldLines("gate", 1200, 30, 0), UntoldLines("yard", 0, 0, 70_000)),
        )
    )
    shown = told(capsys, "findings")[1]
    parts = (
        "1 incident, 1 critical, 1 benign, 1 unknown, 1 acknowledged, 1 over",
        "CRITICAL  incident: the RTSP server on this host refused, 2 cameras",
        "on:    gate, yard",
        "found: rtsp_refused of gate x3",
        "means: Nobody listens.",
        "do:    Start the server.",
        "CRITICAL  rtsp_unauthorized, input of gate  x3, 1 a minute, up to 2 a minute",
        "| method DESCRIBE failed: 401 Unauthorized",
        "means: The camera refused the login.",
        "do:    Look at the password.",
        "UNKNOWN: 1 kind of lines",
        "error   x3      gate, input: an odd thing happened 17 times",
        "1,200 more unknown lines, 30 of them errors, were only counted: gate",
        "70,000 lines came faster than they could be looked at",
        "benign: no_frame of gate x3",
        "acknowledged: known_one of gate x3",
        "over: missing_pps of gate x3",
    )
    places = [shown.index(part) for part in parts]
    assert places == sorted(places)
    assert shown.count("rtsp_refused") == 1, "told with its incident"
    assert max(width(line) for line in shown.splitlines()) <= 80


def test_of_how_workers_ended_their_messages_say_no_meaning(serve: Serve, capsys: Capture) -> None:
    closed = row(finding("rtsp_closed", Severity.DEGRADED), incident="i1", cause="The camera closed the connection.")
    odd = row(ODD, incident="i1")
    serve(page(closed, odd, incidents=(incident("gate", "yard", key="exit:camera@localhost"),)))
    shown = told(capsys, "findings")[1]
    assert shown.startswith("1 incident, 1 unknown\n")
    assert "found: rtsp_closed of gate x3\n" in shown
    assert shown.count("an odd thing") == 1, "what nobody knows is not hidden in an incident"
    assert "means:" not in shown


def state(camera: str, state: str, reason: str = "", *, wanted: bool = True) -> Json:
    """As far as a snapshot matters here."""
    return {"id": camera, "state": state, "reason": reason, "wanted": wanted}


def test_a_camera_that_is_not_recorded_is_told_also_where_no_message_says_why(serve: Serve, capsys: Capture) -> None:
    serve(page(row(NO_FRAME)), (state("gate", "backoff", "10.0.0.5 has no stream at this path (404)"),))
    for arguments in (("findings",), ("findings", "gate"), ("findings", "--all")):
        code, shown, _ = told(capsys, *arguments)
        assert code == 1
        assert shown.startswith("1 not recorded, 1 benign\n")
        assert "NOT RECORDED  gate: 10.0.0.5 has no stream at this path (404)" in shown
    assert told(capsys, "findings", "yard")[:2] == (0, "nothing found\n")


def test_what_is_told_already_or_not_wanted_or_just_starts_is_not_told_as_down(serve: Serve, capsys: Capture) -> None:
    cameras = (
        state("gate", "backoff", "refused"),
        state("yard", "backoff", "refused"),
        state("lobby", "stopped", "stopped by root", wanted=False),
        state("door", "starting"),
        state("roof", "recording", "records again"),
    )
    serve(page(row(), incidents=(incident("gate", "yard", key="exit:camera"),)), cameras)
    assert "NOT RECORDED" not in told(capsys, "findings")[1]


def test_what_workers_say_that_run_is_no_reason_why_a_camera_is_not_recorded(serve: Serve, capsys: Capture) -> None:
    serve(page(row(), incidents=(incident("gate", "yard"),)), (state("gate", "backoff", "refused"),))
    assert "NOT RECORDED  gate: refused" in told(capsys, "findings")[1]


def test_rates_are_told_as_a_person_would(serve: Serve, capsys: Capture) -> None:
    serve(page(row(finding("lossy", rate_per_min=0.889992, peak_per_min=12_345.0))))
    assert "x3, 0.9 a minute, up to 12.3k a minute" in told(capsys, "findings")[1]


def test_of_one_kind_on_many_cameras_the_meaning_is_told_once_and_folded_it_is_one_word(
    serve: Serve, capsys: Capture
) -> None:
    noise = [row(finding("no_frame", Severity.BENIGN, f"cam{number}")) for number in range(40)]
    serve(page(row(), row(finding("other")), row(finding(camera="yard")), *noise))
    shown = told(capsys, "findings")[1]
    assert "benign: no_frame on 40 cameras x120" in shown
    first, second, other = (shown.index(f"CRITICAL  {name}") for name in (
        "rtsp_unauthorized, input of gate", "rtsp_unauthorized, input of yard", "other, input of gate"))  # fmt: skip
    assert first < second < other
    assert shown.count("means:") == 2
    assert shown.index("means:") > second


def test_with_all_nothing_is_folded(serve: Serve, capsys: Capture) -> None:
    known = acknowledgement(note="the old switch", ceiling_per_min=30.0)
    serve(
        page(
            row(REFUSED, incident="i1"),
            row(NO_FRAME),
            row(finding("known_one", Severity.DEGRADED), acknowledgement=known, is_quiet=True),
            row(finding("past", Severity.INFO, worst=Severity.CRITICAL), active=False),
            incidents=(incident("gate", "yard"), incident("gate", "yard", id="i0", over_at=NOW)),
        )
    )
    shown = told(capsys, "findings", "--all")[1]
    for heading in (
        "CRITICAL  rtsp_refused",
        "benign  no_frame",
        "DEGRADED  known_one",
        "info  past",
        "over  incident",
    ):
        assert f"\n{heading}" in shown
    assert "acknowledged by root (a1b2) until it is taken back, unless more than 30 a" in shown
    assert "the old switch" in shown
    assert "over: it has not come for 5 s; it was critical" in shown


def test_one_camera_is_told_of_alone_also_what_it_has_in_common_with_others(serve: Serve, capsys: Capture) -> None:
    recorder = serve(
        page(
            row(REFUSED, incident="i1"),
            row(finding(camera="yard")),
            incidents=(incident("gate", "yard"), incident("yard", "lobby", id="i2")),
        )
    )
    code, shown, _ = told(capsys, "findings", "gate")
    assert code == 1
    assert recorder.params("findings") == {"camera": "gate"}
    assert "CRITICAL  rtsp_refused, input of gate" in shown
    assert "rtsp_unauthorized" not in shown
    assert shown.count("incident:") == 1


def test_a_finding_above_its_ceiling_is_told_all_the_same(serve: Serve, capsys: Capture) -> None:
    serve(page(row(acknowledgement=acknowledgement(ceiling_per_min=0.5))))
    code, shown, _ = told(capsys, "findings")
    assert code == 1
    assert "told all the same: acknowledged by root (a1b2) until it is taken back" in shown


def test_json_is_the_whole_page(serve: Serve, capsys: Capture) -> None:
    found = page(row(), row(NO_FRAME, active=False), incidents=(incident("gate", "yard"),))
    serve(found)
    assert from_json(FindingsPage, json.loads(told(capsys, "findings", "--json")[1])) == found


def test_what_nobody_knows_is_ready_to_paste_once_for_all_cameras(serve: Serve, capsys: Capture) -> None:
    yard = finding("", None, "yard", "an odd thing happened 4 times", fingerprint="an odd thing happened # times")
    serve(page(row(ODD), row(yard), row()))
    pasted = told(capsys, "findings", "--unknown")[1]
    (entry,) = read_messages("messages.yaml", pasted.encode(), {}).values()
    assert re.search(entry.pattern, "an odd thing happened 99 times")
    assert "# 6 lines, error" in pasted


def test_what_is_acknowledged_is_listed_with_who_and_until_when(serve: Serve, capsys: Capture) -> None:
    everywhere = acknowledgement(id="c3", camera="", until=NOW, ceiling_per_min=30.0, note="why", origin=Origin.LIVE)
    serve(page(row(), acknowledgements=(acknowledgement(), everywhere, acknowledgement(id="d4", camera="yard"))))
    code, out, _ = told(capsys, "findings", "gate", "--acknowledged")
    assert code == 0, "whatever goes on"
    shown = out.splitlines()
    assert [line.split()[0] for line in shown] == ["ID", "a1b2", "c3"]
    assert "everywhere, live" in shown[2]
    assert "30/min" in shown[2]
    assert json.loads(told(capsys, "findings", "--acknowledged", "--json")[1])[1]["id"] == "c3"


def test_hostile_text_is_harmless(serve: Serve, capsys: Capture) -> None:
    hostile = "\x1b]0;owned\x07\u202eevil"
    found = finding("", None, text=hostile)
    serve(
        page(
            row(found),
            row(acknowledgement=acknowledgement(note=hostile)),
            incidents=(incident("gate", "yard", text=hostile),),
            acknowledgements=(acknowledgement(note=hostile),),
        )
    )
    for options in ((), ("--all",), ("--json",), ("--acknowledged",)):
        shown = told(capsys, "findings", *options)[1]
        assert "evil" in shown
        assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_a_camera_that_there_is_not_is_refused_with_those_that_are(serve: Serve, capsys: Capture) -> None:
    serve(page())
    code, out, err = told(capsys, "findings", "nobody")
    assert (code, out) == (2, "")
    assert "gate, yard" in err


@pytest.mark.parametrize("command", [["findings"], ["acknowledge", "x"], ["unacknowledge", "x"]])
def test_without_a_recorder_it_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, command: list[str]
) -> None:
    monkeypatch.setenv("VMSTUI_RUNTIME", str(tmp_path))
    code, out, err = told(capsys, *command)
    assert (code, out) == (3, "")
    assert "Start it with: vmstui up" in err


# -- acknowledge ------------------------------------------------------------------------------------------------------


def test_a_message_is_acknowledged_with_all_that_was_said(serve: Serve, capsys: Capture) -> None:
    recorder = serve(page(row(), row(NO_FRAME)))
    code, out, _ = told(
        capsys,
        "acknowledge",
        "no_frame",
        "gate",
        "--origin",
        "input",
        "--for",
        "8h",
        "--above",
        "30/min",
        "--note",
        "n",
    )
    assert code == 0
    params = dict(recorder.params("acknowledge"))
    assert params.pop("by")
    assert params == {
        "camera": "gate", "fingerprint": "no_frame", "origin": "input", "for_s": 28_800.0, "ceiling_per_min": 30.0,
        "note": "n",
    }  # fmt: skip
    assert "acknowledged: no_frame, gate, input" in out
    assert "unless more than 30 a minute; told again by: vmstui unacknowledge a1b2" in out


def test_without_a_camera_it_is_the_one_that_has_it(serve: Serve, capsys: Capture) -> None:
    recorder = serve(page(row(), row(NO_FRAME)))
    assert told(capsys, "acknowledge", "no_frame")[0] == 0
    assert recorder.params("acknowledge")["camera"] == "gate"
    assert recorder.params("acknowledge")["for_s"] is None


def test_of_several_cameras_one_has_to_be_named_or_all(serve: Serve, capsys: Capture) -> None:
    recorder = serve(page(row(), row(finding(camera="yard"))))
    code, _, err = told(capsys, "acknowledge", "rtsp_unauthorized")
    assert code == 2
    assert "found on 2 cameras: name one of gate, yard, or say --everywhere" in err
    assert told(capsys, "acknowledge", "rtsp_unauthorized", "--everywhere")[0] == 0
    assert recorder.params("acknowledge")["camera"] == ""


@pytest.mark.parametrize(
    "said",
    ["an odd thing", "an odd thing happened 17…", "an  odd thing happened # times", "an odd thing happened 17 times"],
)
def test_what_nobody_knows_is_named_by_the_beginning_of_what_is_shown(serve: Serve, capsys: Capture, said: str) -> None:
    recorder = serve(page(row(), row(ODD)))
    assert told(capsys, "acknowledge", said)[0] == 0
    assert recorder.params("acknowledge")["fingerprint"] == "an odd thing happened # times"


def test_what_may_mean_several_and_what_there_is_not_are_refused_with_those_that_are(
    serve: Serve, capsys: Capture
) -> None:
    other = finding("", None, text="an odd bird\x1b[2J")
    recorder = serve(page(row(), row(ODD), row(other)))
    code, _, err = told(capsys, "acknowledge", "an odd")
    assert code == 2
    assert "say more of:\n  an odd bird\n  an odd thing happened 17 times\n" in err
    code, _, err = told(capsys, "acknowledge", "rtsp")
    assert code == 2
    assert "no finding 'rtsp'; there are:\n  an odd bird\n" in err
    assert "  rtsp_unauthorized\n" in err
    assert told(capsys, "acknowledge", "")[0] == 2
    assert "acknowledge" not in {method for method, _ in recorder.asked}


def test_where_it_is_about_something_else_it_is_refused(serve: Serve, capsys: Capture) -> None:
    serve(page(row()))
    code, _, err = told(capsys, "acknowledge", "rtsp_unauthorized", "--origin", "live")
    assert code == 2
    assert "no finding 'rtsp_unauthorized': there are none about live" in err


@pytest.mark.parametrize(
    ("option", "value", "accepted"),
    [
        ("--for", "8", "a time such as 8h, 7d or 1d12h"),
        ("--for", "0h", "a time such as 8h, 7d or 1d12h"),
        ("--for", "-8h", "a time such as 8h, 7d or 1d12h"),
        ("--for", "9999999d", "a time such as 8h, 7d or 1d12h"),
        ("--for", "99999d", "at most 3650d"),
        ("--above", "many", "a rate such as 30/min"),
        ("--above", "-1", "a rate such as 30/min"),
        ("--above", "nan", "a rate such as 30/min"),
    ],
)
def test_nonsense_is_refused_with_what_is_accepted(capsys: Capture, option: str, value: str, accepted: str) -> None:
    code, out, err = told(capsys, "acknowledge", "x", f"{option}={value}")
    assert (code, out) == (2, "")
    assert f"argument {option}: found {value!r}, accepted" in err
    assert accepted in " ".join(err.split())


@pytest.mark.parametrize(
    ("option", "value", "key", "expected"),
    [
        ("--for", "1d12h", "for_s", 129_600.0),
        ("--for", "90m", "for_s", 5400.0),
        ("--above", "30", "ceiling_per_min", 30.0),
        ("--above", "2/s", "ceiling_per_min", 120.0),
        ("--above", "0.5/m", "ceiling_per_min", 0.5),
        ("--above", "0", "ceiling_per_min", 0.0),
    ],
)
def test_times_and_rates_are_understood(
    serve: Serve, capsys: Capture, option: str, value: str, key: str, expected: float
) -> None:
    recorder = serve(page(row()))
    assert told(capsys, "acknowledge", "rtsp_unauthorized", option, value)[0] == 0
    assert recorder.params("acknowledge")[key] == expected


def test_an_acknowledgement_is_taken_back_by_its_id(serve: Serve, capsys: Capture) -> None:
    serve(page())
    assert told(capsys, "unacknowledge", "a1b2")[1] == "told again: no_frame, gate\n"
    answer: Any = json.loads(told(capsys, "unacknowledge", "a1b2", "--json")[1])
    assert answer["fingerprint"] == "no_frame"
    code, _, err = told(capsys, "unacknowledge", "zz")
    assert code == 2
    assert "there are: a1b2" in err


def test_it_may_be_about_each_part_of_a_worker() -> None:
    assert tuple(ORIGINS) == tuple(origin.value for origin in Origin)
