"""What `vmstui status` shows of incidents."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.tui.fakes import NOW, camera, recorder_snapshot
from vmstui.cli.picture import HEADER, incidents, picture, troubles
from vmstui.codec import to_json
from vmstui.findings import Incident, Severity
from vmstui.model import CameraState

REFUSED = Incident(
    "i12ab34",
    "exit:camera@10.0.0.5",
    "nothing answers at 10.0.0.5: 3 cameras",
    "see to the power\x1b[2J",
    Severity.CRITICAL,
    ("a", "b", "c"),
    NOW - timedelta(minutes=5),
    NOW,
)


def test_an_incident_stands_above_the_cameras_and_these_have_no_line_of_their_own() -> None:
    waiting = [
        replace(camera(name, CameraState.BACKOFF, reason="10.0.0.5 refused"), incident=REFUSED.id)
        for name in ("a", "b")
    ]
    other = camera("d", CameraState.BACKOFF, reason="another reason")
    snapshot = replace(recorder_snapshot(*waiting, camera("c"), other), incidents=(REFUSED,))
    told = incidents(snapshot)
    assert told[1].startswith("CRITICAL nothing answers at 10.0.0.5: 3 cameras, since ")
    assert told[2:] == ["  what to do: see to the power", f"  not recorded: {waiting[0].name}, {waiting[1].name}"]
    assert [line for line in troubles(snapshot) if "refused" in line] == []
    assert any("another reason" in line for line in troubles(snapshot))


def test_without_incidents_nothing_is_said_of_them() -> None:
    assert incidents(recorder_snapshot(camera("a"))) == []


def test_a_camera_of_an_incident_that_is_not_told_keeps_its_line() -> None:
    alone = replace(camera("a", CameraState.BACKOFF, reason="10.0.0.5 refused"), incident="gone")
    assert any("refused" in line for line in troubles(recorder_snapshot(alone)))


LEFT_OUT: dict[int, set[str]] = {
    200: set(),
    100: {"LAST SEGMENT", "SPEED", "RECORDING"},
    80: {"LAST SEGMENT", "SPEED", "RECORDING", "LIVE"},
}


@pytest.mark.parametrize("cells", sorted(LEFT_OUT))
def test_no_row_of_cameras_is_wider_than_the_terminal_and_what_is_left_out_is_named(cells: int) -> None:
    answer = to_json(recorder_snapshot(camera("gate"), camera("the yard behind the hall")))
    lines = picture(answer, cells).splitlines()
    header = next(line for line in lines if line.startswith("CAMERA"))
    at = lines.index(header)
    assert max(map(len, lines[at : at + 3])) <= cells
    left_out = [title for title in HEADER if title not in header]
    assert left_out == [title for title in HEADER if title in LEFT_OUT[cells]]
    told = f"(no room for: {', '.join(left_out)})"
    assert lines[at + 3 : at + 4] == ([told] if left_out else [])
    assert {"CAMERA", "STATE", "PID", "OPEN SEGMENT"} <= {title for title in HEADER if title in header}


def test_a_file_gets_all_columns() -> None:
    header = next(line for line in picture(to_json(recorder_snapshot(camera("gate")))).splitlines() if "STATE" in line)
    assert all(title in header for title in HEADER)
