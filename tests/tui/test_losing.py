"""A camera that is not recorded now is never one of which nothing was lost, whatever the last report said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.tui.fakes import NOW, camera, recorder_snapshot, segment
from vmstui.footage import Gap, GapCause
from vmstui.footage_accounts import Account, CameraFootage, FootageReport
from vmstui.model import CameraSnapshot, CameraState, OpenSegment
from vmstui.tui.details_lines import details_lines
from vmstui.tui.footage_lines import LastDay
from vmstui.tui.lines import text_of
from vmstui.tui.losing import Losing, losing, with_loss

REPORTED = NOW - timedelta(seconds=14)
NOT_RECORDED = [
    state for state in CameraState if state not in (CameraState.RECORDING, CameraState.STOPPED)
]  # fmt: skip


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def told(one: CameraSnapshot, *gaps: Gap) -> Losing | None:
    footage = CameraFootage("lobby", None, None, (), gaps)
    return losing(one, NOW, FootageReport(REPORTED, ago(86_400), 600.0, (footage,)), footage)


def dark(state: CameraState = CameraState.BACKOFF, **changes: object) -> CameraSnapshot:
    values: dict[str, object] = {"since": ago(1), "last_segment": segment(minutes_ago=4.0)}
    return replace(camera(state=state), **(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("state", NOT_RECORDED)
def test_a_camera_that_should_be_recorded_and_is_not_loses_since_its_last_frame(state: CameraState) -> None:
    assert told(dark(state)) == Losing(ago(60), NOW)
    assert told(dark(state, grew_at=ago(3))) == Losing(ago(3), NOW), "what it left open is not published yet"


def test_one_that_is_recorded_or_not_wanted_loses_nothing() -> None:
    assert told(camera()) is None
    assert told(dark(CameraState.STOPPED, wanted=False)) is None


def test_a_file_that_does_not_grow_is_told_and_not_counted() -> None:
    silent = camera(open_segment=OpenSegment("a.mp4", ago(100), 1, ago(17)))
    found = told(silent)
    assert found == Losing(ago(17), NOW, certain=False)
    whole = Account("lobby", ago(3600), REPORTED, 3586.0, 0.0, 0.0, 0)
    assert with_loss(whole, found) == whole


def test_what_the_report_counts_is_counted_once() -> None:
    known = Gap("lobby", ago(60), 46.0, GapCause.NETWORK)
    found = told(dark(), known)
    assert found == Losing(ago(60), NOW, counted_until=REPORTED)
    counted = Account("lobby", ago(3600), REPORTED, 3540.0, 46.0, 0.0, 1)
    assert with_loss(counted, found) == replace(counted, lost_s=60.0)
    assert with_loss(replace(counted, lost_s=0.0, gaps=0), told(dark())) == replace(counted, lost_s=60.0, gaps=1)


def test_a_loss_before_midnight_is_none_of_today() -> None:
    today = Account("lobby", ago(20), REPORTED, 0.0, 0.0, 0.0, 0)
    assert with_loss(today, told(dark())) == replace(today, lost_s=20.0, gaps=1)


def test_time_in_which_nobody_wanted_it_is_not_lost() -> None:
    off = Gap("lobby", ago(600), 586.0, GapCause.OFF)
    started = dark(last_segment=segment(minutes_ago=13.0))
    assert told(started, off) == Losing(REPORTED, NOW)


def test_a_camera_that_went_dark_again_after_the_report_loses_since_then() -> None:
    before = Gap("lobby", ago(80), 66.0, GapCause.NETWORK)
    assert told(dark(grew_at=ago(5)), before) == Losing(ago(5), NOW)


def test_one_of_which_nothing_is_known_or_only_of_the_future_loses_since_its_state_began() -> None:
    assert told(dark(last_segment=None)) == Losing(ago(1), NOW)
    assert told(dark(last_segment=segment(minutes_ago=-60.0))) == Losing(ago(1), NOW), "the clock was put back"


def test_the_details_say_since_when_and_never_that_nothing_was_lost() -> None:
    whole = Account("lobby", ago(3600), REPORTED, 3586.0, 0.0, 0.0, 0)
    footage = CameraFootage("lobby", whole, whole, ())
    report = FootageReport(REPORTED, ago(86_400), 600.0, (footage,))

    def shown(one: CameraSnapshot) -> str:
        day = LastDay(report, footage, None, losing(one, NOW, report, footage))
        return "\n".join(text_of(line) for line in details_lines(recorder_snapshot(one), one, None, 80, day=day))

    assert "nothing lost" in shown(camera())
    text = shown(dark(grew_at=ago(17)))
    assert "nothing lost" not in text
    assert "not recording since 07:55:43" in text
    assert "99.53 % · 59 min 46 s recorded · 17.0 s lost in 1 gap" in text
    assert f"{ago(17).astimezone(UTC):%H:%M:%S}" == "07:55:43"
    silent = shown(camera(open_segment=OpenSegment("a.mp4", ago(100), 1, ago(17))))
    assert "nothing lost" not in silent
    assert "nothing was written since 07:55:43" in silent
