"""How much was recorded, on the dashboard: header, table, summary and details, over a fake recorder."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.tui.fakes import NOW, FakeRecorder, camera, recorder_snapshot
from tests.tui.screens import dashboard, screen_text, until
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.footage import Gap, GapCause
from vmstui.footage_accounts import Account, CameraFootage, CellKind, Cells, FootageReport
from vmstui.model import CameraState
from vmstui.tui import app as tested
from vmstui.tui.fleet_rows import RowContext, place, row
from vmstui.tui.lines import text_of

SINCE = NOW - timedelta(hours=23, minutes=56)
MIDNIGHT = NOW.replace(hour=0, minute=0)
RECORDED_S = (NOW - MIDNIGHT).total_seconds()


def footage(id: str, lost_s: float = 0.0, *, going_on: tuple[Gap, ...] = ()) -> CameraFootage:  # noqa: A002
    """Of a camera that lost so much at 06:00 today."""
    strip: tuple[Cells, ...] = (Cells(144, CellKind.RECORDED),)
    if lost_s:
        strip = (
            Cells(132, CellKind.RECORDED), Cells(1, CellKind.PART, lost_s, GapCause.NETWORK),
            Cells(11, CellKind.RECORDED),
        )  # fmt: skip
    today = Account(id, MIDNIGHT, NOW, RECORDED_S - lost_s, lost_s, 0.0, int(lost_s > 0))
    return CameraFootage(id, today, replace(today, since=SINCE, recorded_s=86_160 - lost_s), strip, going_on)


def report(*cameras: CameraFootage, trouble: str = "") -> FootageReport:
    return FootageReport(NOW, SINCE, 600.0, cameras, trouble)


FLEET = recorder_snapshot(camera("lobby"), camera("gate"), camera("yard"))
COUNTED = report(footage("lobby"), footage("gate", 5.7), footage("yard"))


async def test_the_header_has_the_share_of_today_of_all_cameras_also_on_80_columns() -> None:
    async with dashboard(FakeRecorder(footage_report=COUNTED), FLEET) as (app, pilot):
        await until(pilot, lambda: "99.99 % today" in screen_text(app).splitlines()[0])
        assert screen_text(app).startswith(" ✔ 3/3 recording · 99.99 % today · ")


async def test_the_share_gives_way_before_the_verdict_does() -> None:
    async with dashboard(FakeRecorder(footage_report=COUNTED), FLEET, size=(61, 17)) as (app, pilot):
        await until(pilot, lambda: app.picture.strips is not None)
        assert screen_text(app).startswith(" ✔ 3/3 recording")


@pytest.mark.parametrize(("size", "cells"), [((120, 40), 24), ((200, 60), 48), ((250, 60), 72)])
async def test_each_camera_has_its_share_and_its_strip_in_the_table(size: tuple[int, int], cells: int) -> None:
    strip = "▲".rjust(cells * 132 // 144 + 1, "━").ljust(cells, "━")
    async with dashboard(FakeRecorder(footage_report=COUNTED), FLEET, size=size) as (app, pilot):
        await until(pilot, lambda: "99.98 %" in screen_text(app))
        lines = screen_text(app).splitlines()
        gate = next(line for line in lines if " Gate " in line)
        assert gate.rstrip().endswith(f"99.98 % {strip}")
        lobby = next(line for line in lines if " Lobby " in line)
        assert lobby.rstrip().endswith(f"  100 % {'━' * len(strip)}")
        assert "today last 24 hours" in lines[1]


async def test_on_80_columns_the_share_of_a_camera_is_below_the_table() -> None:
    many = recorder_snapshot(*FLEET.cameras, *(camera(f"more_{n}") for n in range(20)))
    async with dashboard(FakeRecorder(footage_report=COUNTED), many) as (app, pilot):
        assert "last 24 hours" not in screen_text(app)
        await pilot.press("down")
        await until(pilot, lambda: "· 99.98 % today ·" in screen_text(app))


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_details_show_the_strip_its_clock_and_every_loss_with_its_cause(size: tuple[int, int]) -> None:
    gap = Gap("gate", NOW - timedelta(minutes=110), 5.7, GapCause.NETWORK, "the connection was reset")
    recorder = FakeRecorder(footage_report=COUNTED, gaps=(gap, replace(gap, camera="lobby", detail="not hers")))
    async with dashboard(recorder, FLEET, size=size) as (app, pilot):
        await until(pilot, lambda: app.picture.strips is not None)
        await pilot.press("down", "enter")
        await until(pilot, lambda: "the connection was reset" in app_details(app))
        text = app_details(app)
        for words in ("today      99.98 % · 7 h 55 min recorded · 5.7 s lost in 1 gap", "▲ lost in part", "06:00",
                      "lost       ▼ 06:06:00  5.7 s  network: the connection was reset"):  # fmt: skip
            assert words in text
        assert text.index("live ") < text.index("today ") < text.index("▲") < text.index("worker ")
        assert "not hers" not in text
        await until(pilot, lambda: "today      99.98 %" in screen_text(app))


def app_details(app: tested.Dashboard) -> str:
    return "\n".join(text_of(line) for line in app.fleet.details_pane.text.lines)


async def test_gaps_are_asked_for_again_only_when_something_was_lost_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tested, "FOOTAGE_PERIOD_S", 0.02)
    recorder = FakeRecorder(footage_report=COUNTED)
    async with dashboard(recorder, FLEET, size=(120, 40)) as (app, pilot):
        app.fleet.details_pane.period_s = 0.02
        await until(pilot, lambda: app.picture.strips is not None)
        await pilot.press("down")
        await until(pilot, lambda: recorder.gap_questions)
        asked = recorder.footage_questions
        await until(pilot, lambda: recorder.footage_questions > asked + 10)
        assert recorder.gap_questions == ["gate"]
        recorder.footage_report = report(footage("lobby"), footage("gate", 9.0), footage("yard"))
        await until(pilot, lambda: recorder.gap_questions == ["gate", "gate"])


async def test_an_older_recorder_leaves_it_blank_and_says_nothing() -> None:
    recorder = FakeRecorder(footage_report=None)
    async with dashboard(recorder, FLEET, size=(120, 40)) as (app, pilot):
        await until(pilot, lambda: recorder.footage_questions)
        await pilot.press("down", "enter")
        await pilot.pause(0.3)
        text = screen_text(app)
        assert "% today" not in text
        assert "unknown method" not in text
        assert not app._notifications
        gate = next(line for line in text.splitlines() if " Gate " in line)
        assert gate.rstrip().endswith("101613")


class Scripted(FakeRecorder):
    """Answers the question about footage from a list."""

    answers: tuple[FootageReport | RecorderError, ...] = ()

    async def footage(self) -> FootageReport:
        answer = self.answers[min(self.footage_questions, len(self.answers) - 1)]
        self.footage_questions += 1
        if isinstance(answer, RecorderError):
            raise answer
        return answer


async def test_what_was_known_stays_while_nobody_answers_and_goes_where_it_is_not_told_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tested, "FOOTAGE_PERIOD_S", 0.01)
    recorder = Scripted()
    recorder.answers = (COUNTED, RecorderLost("the recorder did not answer footage within 10 s"))
    async with dashboard(recorder, FLEET, size=(120, 40)) as (app, pilot):
        await until(pilot, lambda: recorder.footage_questions > 5)
        await pilot.pause()
        assert "99.98 %" in screen_text(app)
        recorder.answers = (RecorderError("unknown method 'footage'"),)
        await until(pilot, lambda: "99.98 %" not in screen_text(app))
        recorder.answers = (COUNTED,)
        await until(pilot, lambda: "99.98 %" in screen_text(app))


async def test_a_recorder_that_still_counts_is_asked_again_soon_and_what_may_lack_something_is_marked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tested, "COUNTING_PERIOD_S", 0.01)
    recorder = Scripted()
    filling = "the catalogue is being filled: some footage may not be counted yet"
    recorder.answers = (report(trouble="what was recorded is being counted"),) * 2 + (
        report(footage("lobby", 5.7), trouble=filling),
    )
    async with dashboard(recorder, FLEET, size=(120, 40)) as (app, pilot):
        await until(pilot, lambda: "~99.98 % today" in screen_text(app))
        await until(pilot, lambda: filling in app_details(app))
        assert recorder.footage_questions == 3


@pytest.mark.parametrize("text", ["\x1b]0;owned\x07", "\x1b[2J\x1b[H", "\u202egateevil\u2066", "a\nb\r\x00\x9b31m"])
async def test_what_a_cause_says_cannot_steer_the_terminal(text: str) -> None:
    gap = Gap("gate", NOW - timedelta(minutes=60), 5.7, GapCause.NETWORK, f"reset {text} by peer")
    going_on = replace(gap, started_at=NOW - timedelta(seconds=20), length_s=20.0, detail=f"gone {text}")
    counted = report(footage("gate", 25.7, going_on=(going_on,)), trouble=f"may lack {text}")
    recorder = FakeRecorder(footage_report=counted, gaps=(gap,))
    async with dashboard(recorder, recorder_snapshot(camera("gate")), size=(120, 40)) as (app, pilot):
        await until(pilot, lambda: "reset" in screen_text(app))
        assert "gone" in screen_text(app)
        assert "may lack" in screen_text(app)
        assert not set("\x1b\x07\x9b\x00\r\u202e\u2066") & set(screen_text(app))


async def test_ascii_alone_tells_a_loss_from_the_rest() -> None:
    strip = (Cells(100, CellKind.RECORDED), Cells(20, CellKind.LOST, 600.0), Cells(10, CellKind.OFF),
             Cells(7, CellKind.GONE), Cells(7, CellKind.PART, 3.0))  # fmt: skip
    counted = report(replace(footage("gate"), strip=strip))
    async with dashboard(FakeRecorder(footage_report=counted), recorder_snapshot(camera("gate")), size=(200, 60),
                         ascii_only=True) as (app, pilot):  # fmt: skip
        await until(pilot, lambda: "XXXXXX" in screen_text(app))
        assert "XXXXXXooo" in screen_text(app)
        assert screen_text(app).isascii()
        for words in ("X lost", "^ lost in part", "= recorded", "o not wanted", ". deleted since"):
            assert words in screen_text(app)


async def test_the_help_has_the_signs_of_a_strip() -> None:
    async with dashboard(FakeRecorder(), FLEET, size=(120, 60)) as (app, pilot):
        await pilot.press("question_mark")
        await until(pilot, lambda: app.actions[0].help[:40] in screen_text(app))
        await pilot.press("end")
        await until(pilot, lambda: "▲ lost in part" in screen_text(app))
        assert "┈ deleted since" in screen_text(app)


# ------------------------------------------------------------------------------------------------------- the columns


def keys(cells: int) -> list[str]:
    return [item.column.key for item in place(cells, ["Duc Tai Dendo 1"])]


def test_the_strip_goes_before_the_share_and_that_before_the_pid_but_after_the_speed() -> None:
    found = [keys(cells) for cells in range(60, 250)]
    for narrow, wide in ((("strip",), "today"), (("today",), "pid"), (("speed", "last", "restarts"), "strip")):
        for columns in found:
            assert wide in columns or not set(narrow) & set(columns)


def test_a_camera_in_trouble_says_why_and_still_shows_what_it_lost() -> None:
    from vmstui.tui.day_strip import Strips

    context = RowContext(NOW, strips=Strips(report(footage("gate", 5.7))))
    down = camera("gate", CameraState.BACKOFF, reason="No route to host", restarts=14, grew_at=NOW)
    text = text_of(tuple(row(down, place(118, ["Gate"]), context)))
    assert "No route to host · 14 restarts" in text
    assert text.rstrip().endswith("99.98 % " + "━" * 22 + "▲━")
