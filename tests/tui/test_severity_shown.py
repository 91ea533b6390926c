"""How bad a camera's messages are, and what cameras have in common, on the fleet screen."""

from __future__ import annotations

import pytest

from tests.tui.fakes import NOW, FakeRecorder, camera, incident, recorder_snapshot
from tests.tui.screens import dashboard, screen_text, until
from vmstui.findings import Severity
from vmstui.model import CameraState
from vmstui.tui.details_lines import details_lines
from vmstui.tui.fleet_rows import context_of, matches, ordered, place, row
from vmstui.tui.lines import Role, text_of
from vmstui.tui.verdict import Health, Link, banners, complaints, headline, health, incidents_of, summary

LOST = "Packets are lost."
REFUSED = "Connection refused"


COMMON = recorder_snapshot(
    *(camera(one, CameraState.BACKOFF, reason=REFUSED, failing_since=NOW) for one in ("a", "b", "c")),
    camera("lobby"),
    incidents=(incident("a", "b", "c"),),
)


def test_of_equal_states_the_worse_messages_come_first_and_the_state_before_both() -> None:
    fleet = recorder_snapshot(
        camera("fine"),
        camera("noisy", severity=Severity.BENIGN),
        camera("lossy", severity=Severity.DEGRADED),
        camera("dying", severity=Severity.CRITICAL),
        camera("dead", CameraState.BACKOFF),
    )
    assert [one.id for one in ordered(fleet)] == ["dead", "dying", "lossy", "fine", "noisy"]


def test_a_camera_that_records_with_a_problem_wants_a_look_and_says_why() -> None:
    lossy = camera(severity=Severity.DEGRADED, finding=LOST)
    assert health(lossy, NOW) is Health.DEGRADED
    assert complaints(lossy, NOW) == ["degraded: Packets are lost."]
    for severity in (Severity.BENIGN, Severity.INFO):
        assert health(camera(severity=severity, finding=LOST), NOW) is Health.FINE
    assert health(camera(), NOW) is Health.FINE


def test_an_error_that_nobody_knows_is_never_hidden() -> None:
    odd = camera("odd", finding="what is this 17")
    assert complaints(odd, NOW) == ["an error that nobody knows: what is this 17"]
    fleet = recorder_snapshot(
        camera("noisy", severity=Severity.BENIGN), odd, camera("lossy", severity=Severity.DEGRADED)
    )
    assert [one.id for one in ordered(fleet)] == ["lossy", "odd", "noisy"]
    for cells, sign in ((78, "?E"), (198, "? error")):
        placed = place(cells, ["Odd"])
        index = [item.column.key for item in placed].index("severity")
        assert row(odd, placed, context_of(fleet, {}, 1, {}))[index][0].strip() == sign
    told = [text_of(line).split() for line in details_lines(fleet, odd, None, 78)]
    assert ["finding", "?", "error", "what", "is", "this", "17"] in told


@pytest.mark.parametrize(
    ("cells", "words"), [(78, {"✖C", "▲D", "-B", "iI"}), (198, {"✖ critical", "▲ degraded", "- benign", "i info"})]
)
def test_severity_is_a_sign_and_a_letter_or_word_never_colour_alone(cells: int, words: set[str]) -> None:
    placed = place(cells, ["Lobby"])
    index = [item.column.key for item in placed].index("severity")
    fleet = recorder_snapshot(*(camera(severity=severity) for severity in Severity))
    context = context_of(fleet, {}, 1, {})
    assert {row(one, placed, context)[index][0].strip() for one in fleet.cameras} == words


def test_of_a_camera_that_is_not_recorded_no_incident_of_those_that_are_hides_the_reason() -> None:
    live = incident("gate", "lobby", key="live server")
    fleet = recorder_snapshot(camera("gate", CameraState.BACKOFF, reason=REFUSED), camera("lobby"), incidents=(live,))
    assert incidents_of(fleet) == {"lobby": live}
    drawn = text_of(tuple(row(fleet.cameras[0], place(78, ["Gate"]), context_of(fleet, {}, 1, {}))))
    assert REFUSED in drawn
    assert "incident" not in drawn


def test_the_severity_of_a_camera_that_is_not_recorded_stands_before_its_reason() -> None:
    bad = camera("gate", CameraState.BACKOFF, reason="No route to host", severity=Severity.CRITICAL)
    placed = place(78, ["Gate"])
    text = text_of(tuple(row(bad, placed, context_of(recorder_snapshot(bad), {}, 1, {}))))
    assert text.index("back-off") < text.index("✖C") < text.index("No route to host")


def test_cameras_in_an_incident_show_it_instead_of_their_own_reason_and_one_banner_tells_it() -> None:
    placed = place(158, ["Lobby"])
    context = context_of(COMMON, {}, 1, {})
    text = text_of(tuple(row(COMMON.cameras[0], placed, context)))
    assert "incident: the RTSP server on this host refused" in text
    assert REFUSED not in text
    (banner,) = banners(COMMON, Link())
    assert banner.text.startswith("1 incident: the RTSP server on this host refused, 3 cameras, for 2 min.")
    assert "Look whether it runs." in banner.text


def test_a_cured_camera_is_not_in_the_incident_any_more() -> None:
    fleet = recorder_snapshot(
        *(camera(one, CameraState.BACKOFF, reason=REFUSED) for one in ("a", "b")),
        incidents=(incident("a", "b", cured=("b",)),),
    )
    context = context_of(fleet, {}, 1, {})
    texts = [text_of(tuple(row(one, place(118, ["A"]), context))) for one in fleet.cameras]
    assert "incident:" in texts[0]
    assert REFUSED in texts[1]
    assert "1 of them is well again." in banners(fleet, Link())[0].text


def test_an_incident_all_of_whose_cameras_are_back_says_so_until_it_is_over() -> None:
    fleet = recorder_snapshot(camera("a"), camera("b"), incidents=(incident("a", "b", cured=("a", "b")),))
    assert "1 incident, all back" in "".join(text_of(part) for _, part in headline(fleet))
    assert banners(fleet, Link())[0].role is Role.PILL_WARN


def test_the_summary_of_a_camera_in_an_incident_says_what_to_do_about_that() -> None:
    first, second = summary(COMMON, COMMON.cameras[0])
    assert "incident: the RTSP server on this host refused" in text_of(first)
    assert text_of(second).strip() == "Look whether it runs."


def test_details_show_the_worst_finding_and_where_the_others_are() -> None:
    lossy = camera(severity=Severity.DEGRADED, finding=LOST)
    text = "\n".join(text_of(line) for line in details_lines(recorder_snapshot(lossy), lossy, None, 80))
    assert "finding    ▲ degraded  Packets are lost." in text
    assert "f shows all findings" in text


def test_the_filter_finds_cameras_by_their_worst_finding() -> None:
    lossy = camera(severity=Severity.DEGRADED, finding=LOST)
    assert matches(lossy, "degraded")
    assert matches(lossy, "packets")
    assert not matches(camera(), "degraded")


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_an_incident_is_seen_at_once(size: tuple[int, int], ascii_only: bool) -> None:
    async with dashboard(FakeRecorder(), COMMON, size=size, ascii_only=ascii_only) as (app, pilot):
        shown = screen_text(app)
        assert "3 of 4 not recording" in shown.splitlines()[0]
        assert "1 incident, 3 cameras" in shown.splitlines()[0]
        assert "1 incident: the RTSP server on this host refused" in shown
        assert REFUSED not in "\n".join(shown.splitlines()[:9])
        assert not ascii_only or shown.isascii()
        await pilot.press("f")
        await until(pilot, lambda: "Findings" in screen_text(app))
