"""The findings screen: what a person sees and does there, at 80x24 and large, by keys alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.fakes import (
    NOW,
    FakeRecorder,
    acknowledged,
    camera,
    explained,
    findings_page,
    incident,
    log_line,
    recorder_snapshot,
)
from tests.tui.screens import dashboard, screen_text, toasts, until
from vmstui.findings import FindingsPage, Severity
from vmstui.logged import LogLevel
from vmstui.model import CameraState
from vmstui.tui.actions import ACTIONS, Scope
from vmstui.tui.app import Dashboard
from vmstui.tui.leave import Leave
from vmstui.tui.screens import bundle
from vmstui.tui.screens.acknowledge import Acknowledge, proposed, wrong_ceiling
from vmstui.tui.screens.acknowledged import Acknowledged
from vmstui.tui.screens.ask import Ask
from vmstui.tui.screens.bundle import Bundle
from vmstui.tui.screens.camera import CameraScreen
from vmstui.tui.screens.confirm import Confirm
from vmstui.tui.screens.findings import FindingsScreen
from vmstui.tui.screens.help import Help
from vmstui.tui.screens.logs import LogsScreen
from vmstui.tui.widgets.log_pane import LogPane

FLEET = recorder_snapshot(camera("gate", CameraState.AUTH_FAILED, reason="401"), camera("lobby"), camera("yard"))
REFUSED = explained(
    "login", Severity.CRITICAL, camera="gate", text="401 Unauthorized", cause="The camera refused its login.",
    action="Correct its password.",
)  # fmt: skip
LOSSY = explained("rtp.missed")
ODD = explained("", None, camera="yard", level="error", text="[vendor @ 0x55] blob 41 exploded")
QUIET = explained("known", camera="yard", is_quiet=True, acknowledgement=acknowledged(camera="", id="k9"))
PAGE = findings_page(REFUSED, LOSSY, ODD, QUIET)


@asynccontextmanager
async def findings(
    page: FindingsPage | None = PAGE,
    size: tuple[int, int] = (80, 24),
    recorder: FakeRecorder | None = None,
    *,
    ascii_only: bool = False,
    readonly: bool = False,
) -> AsyncIterator[tuple[Dashboard, FindingsScreen, FakeRecorder, Pilot[Leave]]]:
    """The findings of a fleet, as they are after `f`."""
    recorder = recorder or FakeRecorder()
    recorder.page = page
    async with dashboard(recorder, FLEET, size=size, ascii_only=ascii_only, readonly=readonly) as (app, pilot):
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, FindingsScreen) and (app.screen.page or app.screen.trouble))
        screen = app.screen
        assert isinstance(screen, FindingsScreen)
        await pilot.pause()
        yield app, screen, recorder, pilot


async def log_of(app: Dashboard, pilot: Pilot[Leave]) -> LogPane:
    await until(pilot, lambda: isinstance(app.screen, LogsScreen))
    assert isinstance(app.screen, LogsScreen)
    return app.screen.pane(LogPane)


def test_no_key_means_two_things_there() -> None:
    heard = [action for action in ACTIONS if action.scope in {Scope.TABLE, Scope.FINDINGS}]
    keys = [key for action in heard for key in action.keys.split(",")]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (200, 60)])
async def test_a_key_lists_what_is_wrong_the_worst_first_and_what_to_do(size: tuple[int, int]) -> None:
    async with findings(size=size) as (app, _, recorder, pilot):
        shown = screen_text(app)
        lines = shown.splitlines()
        assert "1 of 3 not recording" in lines[0]
        assert "Findings all cameras" in lines[1]
        assert "1 critical · 1 degraded · 1 unknown" in lines[1]
        assert [line[1:11].strip() for line in lines[3:6]] == ["✖ critical", "▲ degraded", "? error"]
        assert "blob 41 exploded" in shown.replace("…", "exploded")
        assert "▸ 1 acknowledged finding" in shown
        assert "The camera refused its login." in shown
        assert "Correct its password." in shown
        assert "a acknowledge" in lines[-1]
        assert set(recorder.finding_questions) == {None}
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.fleet)


async def test_nobody_is_asked_while_it_is_not_shown() -> None:
    async with findings() as (app, _, recorder, pilot):
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.fleet)
        await until(pilot, lambda: not any(worker.group == "findings" for worker in app.workers))
        asked = len(recorder.finding_questions)
        for number in range(3):
            recorder.send(replace(FLEET, at=NOW + timedelta(seconds=number + 1)))
            await until(pilot, partial(_shown, app, number + 1))
        assert len(recorder.finding_questions) == asked


def _shown(app: Dashboard, seconds: int) -> bool:
    snapshot = app.picture.snapshot
    return snapshot is not None and snapshot.at == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_enter_opens_everything_about_it_and_esc_leads_back(size: tuple[int, int]) -> None:
    async with findings(size=size) as (app, screen, _, pilot):
        await pilot.press("down", "enter")
        await until(pilot, lambda: screen.text.has_focus and "Finding Lobby" in screen_text(app))
        shown = screen_text(app)
        for words in ("means      Packets from the camera", "what to do Use TCP", "RTP: missed 12 packets", "line 1207",
                      "30/min at most", "30 min ago", "libavformat/rtpdec.c", "numbers    missed 12"):  # fmt: skip
            assert words in shown
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "Finding Yard" in screen_text(app))
        assert "Nobody knows; ffmpeg calls it an error." in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: screen.list.has_focus)
        assert "▌? error" in screen_text(app)


async def test_an_incident_is_on_top_and_opens_to_its_cameras() -> None:
    page = findings_page(replace(REFUSED, incident="i1"), LOSSY, incidents=(incident("gate", "yard"),))
    async with findings(page) as (app, _, _, pilot):
        lines = screen_text(app).splitlines()
        assert "▸ Incident: the RTSP server on this host refused, 2 cameras" in lines[3]
        assert "2 min" in lines[3]
        assert "Look whether it runs." in lines[-2]
        assert "The camera refused its login." not in screen_text(app)
        await pilot.press("r")
        await until(pilot, lambda: "choose one of them" in toasts(app))
        await pilot.press("enter", "down")
        await until(
            pilot, lambda: "▾ Incident" in screen_text(app) and "The camera refused its login." in screen_text(app)
        )
        assert "Yard" in screen_text(app).splitlines()[5]


async def test_acknowledged_ones_can_be_opened_and_tell_who_and_until_when() -> None:
    async with findings() as (app, screen, _, pilot):
        await pilot.press("end", "enter", "down", "enter")
        await until(pilot, lambda: "Finding Yard" in screen_text(app))
        words = " ".join(screen.shown.split())
        assert "acknowledged by anna at 2025-10-20 07:56 on all cameras until 2025-10-20 15:56, up to 50/min" in words


async def test_one_is_acknowledged_here_or_everywhere_for_a_time_up_to_a_rate_with_a_note() -> None:
    async with findings() as (app, _, recorder, pilot):
        await pilot.press("down", "a")
        await until(pilot, lambda: isinstance(app.screen, Acknowledge))
        assert app.screen.query_one("#known-ceiling", Input).value == "50", "about twice the present rate"
        await pilot.press("enter")
        await until(pilot, lambda: recorder.acknowledged)
        assert recorder.acknowledged == [("lobby", "rtp.missed", "input", 8 * 3600.0, 50.0, "")]
        await until(pilot, lambda: "cknowledged by anna" in toasts(app) and len(recorder.finding_questions) > 1)
        await pilot.press("a", "left", "up", "right", "down", "down", "backspace", "backspace", "2", "0", "down")
        await pilot.press(*"switch", "enter")
        await until(pilot, lambda: len(recorder.acknowledged) == 2)
        assert recorder.acknowledged[1] == ("", "rtp.missed", "input", 3600.0, 20.0, "switch")
        await pilot.press("a", "right", "right", "down", "backspace", "backspace", "enter")
        await until(pilot, lambda: len(recorder.acknowledged) == 3)
        assert recorder.acknowledged[2] == ("lobby", "rtp.missed", "input", None, None, "")


async def test_a_ceiling_that_is_none_is_told_and_nothing_is_sent() -> None:
    async with findings() as (app, _, recorder, pilot):
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, Acknowledge))
        await pilot.press("down", *"many", "enter")
        await until(pilot, lambda: "The ceiling is lines per minute" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FindingsScreen))
        assert not recorder.acknowledged


@pytest.mark.parametrize(("rate", "ceiling"), [(None, ""), (0.0, "1"), (0.4, "1"), (12.0, "50"), (990.0, "2000")])
def test_the_proposed_ceiling_is_above_the_present_rate(rate: float | None, ceiling: str) -> None:
    assert proposed(rate) == ceiling
    assert not wrong_ceiling(ceiling)


@pytest.mark.parametrize("typed", ["-1", "0", "nan", "inf", "1e99", "x"])
def test_a_ceiling_is_a_number_above_zero(typed: str) -> None:
    assert wrong_ceiling(typed)


async def test_what_was_refused_is_told_in_the_words_of_the_recorder() -> None:
    async with findings(recorder=FakeRecorder(refuses="there is no such finding on lobby")) as (app, _, _, pilot):
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, Acknowledge))
        await pilot.press("enter")
        await until(pilot, lambda: "there is no such finding on lobby" in toasts(app))


async def test_an_acknowledgement_is_taken_back_from_its_row_and_from_the_list_of_all() -> None:
    async with findings() as (app, _, recorder, pilot):
        await pilot.press("u")
        await until(pilot, lambda: "This is not acknowledged" in toasts(app))
        await pilot.press("end", "enter", "down", "u")
        await until(pilot, lambda: recorder.calls == [("unacknowledge", ("k9",))])
        await until(pilot, lambda: "Taken back" in toasts(app))
        await pilot.press("A")
        await until(pilot, lambda: isinstance(app.screen, Acknowledged))
        await pilot.pause()
        shown = " ".join(screen_text(app).split())
        for words in ("Acknowledged 1", "all cameras", "15:56", "50/min", "anna", "the switch is replaced"):
            assert words in shown
        await pilot.press("u")
        await until(pilot, lambda: recorder.calls[1:] == [("unacknowledge", ("k9",))])
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FindingsScreen))


async def test_keys_lead_to_the_camera_and_restart_it() -> None:
    async with findings() as (app, _, recorder, pilot):
        await pilot.press("down", "r")
        await until(pilot, lambda: isinstance(app.screen, Confirm) and "Restart Lobby?" in screen_text(app))
        await pilot.press("y")
        await until(pilot, lambda: recorder.calls == [("restart", ("lobby",))])
        await until(pilot, lambda: isinstance(app.screen, FindingsScreen))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, CameraScreen) and "Details Lobby" in screen_text(app))
        await pilot.press("1")
        await until(pilot, lambda: app.screen is app.fleet and app.fleet.table.selected_id == "lobby")


async def test_a_key_leads_to_the_log_at_that_very_line() -> None:
    lines = [log_line(n, f"line {n}") for n in range(1, 400)]
    lines[100] = replace(log_line(101, "RTP: missed 12 packets", LogLevel.WARNING), at=NOW - timedelta(seconds=8))
    async with findings(recorder=FakeRecorder(lines=lines)) as (app, _, _, pilot):
        await pilot.press("down", "l")
        pane = await log_of(app, pilot)
        body = pane.log_body
        await until(pilot, lambda: body.cursor is not None and body.view.ring.line(body.cursor).seq == 101)
        assert (pane.camera, pane.everyone) == ("lobby", False)
        assert "RTP: missed 12 packets" in screen_text(app)


async def test_a_line_is_found_also_where_thousands_came_after_it() -> None:
    lines = [log_line(n, f"line {n}") for n in range(1, 4000)]
    lines[50] = log_line(51, "RTP: missed 12 packets", LogLevel.WARNING)
    async with findings(recorder=FakeRecorder(lines=lines)) as (app, _, _, pilot):
        await pilot.press("down", "l")
        pane = await log_of(app, pilot)
        body = pane.log_body
        await until(pilot, lambda: body.cursor is not None and body.view.ring.line(body.cursor).seq == 51)


async def test_a_line_that_is_not_there_any_more_is_told() -> None:
    async with findings(recorder=FakeRecorder(lines=[log_line(n) for n in range(1, 50)])) as (app, _, _, pilot):
        await pilot.press("down", "l")
        await until(pilot, lambda: "not in the present log any more" in toasts(app))
        await log_of(app, pilot)


async def test_only_one_camera_and_all_again() -> None:
    async with findings() as (app, _, recorder, pilot):
        await pilot.press("down", "tab")
        await until(pilot, lambda: "Findings Lobby" in screen_text(app) and recorder.finding_questions[-1] == "lobby")
        assert "401" not in screen_text(app)
        assert "login" not in screen_text(app)
        assert "tab all cameras" in screen_text(app) or app.size.width < 100
        await pilot.press("tab")
        await until(
            pilot, lambda: "Findings all cameras" in screen_text(app) and "refused its login" in screen_text(app)
        )


async def test_a_filter_keeps_what_it_is_typed_for_and_esc_shows_all_again() -> None:
    async with findings() as (app, screen, _, pilot):
        await pilot.press("slash", *"blob", "enter")
        await until(pilot, lambda: screen.list.has_focus and "'blob'" in screen_text(app))
        assert "critical" not in screen_text(app).splitlines()[3]
        await pilot.press("escape")
        await until(pilot, lambda: "✖ critical" in screen_text(app))
        assert isinstance(app.screen, FindingsScreen)


async def test_the_cursor_stays_on_its_finding_whatever_comes_in_above_it() -> None:
    async with findings() as (app, screen, recorder, pilot):
        await pilot.press("down")
        assert screen.row is not None
        key = screen.row.key
        recorder.page = findings_page(explained("new", Severity.CRITICAL, camera="yard"), *PAGE.rows)
        screen._ask_now()
        await until(pilot, lambda: screen.page is not None and len(screen.page.rows) == 5)
        await pilot.pause()
        assert screen.row.key == key
        assert "▌▲ degraded" in screen_text(app)


async def test_an_older_recorder_and_a_lost_one_are_told() -> None:
    async with findings(None) as (app, screen, recorder, pilot):
        assert "older version" in screen_text(app)
        recorder.page = PAGE
        screen._ask_now()
        await until(pilot, lambda: "✖ critical" in screen_text(app))
        recorder.page = None
        screen._ask_now()
        await until(pilot, lambda: screen.trouble)
        assert "✖ critical" in screen_text(app), "what was known stays"


async def test_all_its_keys_are_in_its_help_and_it_opens_from_the_palette() -> None:
    async with findings() as (app, _, _, pilot):
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help))
        assert isinstance(app.screen, Help)
        helped = "\n".join(str(line) for line in app.screen.text.lines)
        for action in ACTIONS:
            if action.scope is Scope.FINDINGS:
                assert action.help[:40] in helped
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is app.fleet)
        await pilot.press("colon", *"findings of yard")
        await until(pilot, lambda: "findings of Yard" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FindingsScreen) and "Findings Yard" in screen_text(app))


async def test_a_readonly_dashboard_looks_and_changes_nothing() -> None:
    async with findings(readonly=True) as (app, _, recorder, pilot):
        for words in ("acknowledge ", "restart", "bundle"):
            assert words not in screen_text(app).splitlines()[-1]
        await pilot.press("a", "r", "x", "u", "A")
        await until(pilot, lambda: isinstance(app.screen, Acknowledged))
        await pilot.press("u", "escape")
        await until(pilot, lambda: isinstance(app.screen, FindingsScreen))
        assert not recorder.calls
        assert not recorder.acknowledged


async def test_a_bundle_asks_where_and_says_what_came_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is the real one; there is no configuration, so it says that."""
    monkeypatch.chdir(tmp_path)
    async with findings() as (app, _, _, pilot):
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Ask))
        field = app.screen.query_one(Input)
        assert field.value.startswith(f"{tmp_path}/vmstui-bundle-gate-")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Bundle))
        dialog = app.screen
        assert isinstance(dialog, Bundle)
        await until(pilot, lambda: dialog.ended, tries=2000)
        assert dialog.said
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FindingsScreen))


def test_what_is_said_of_a_bundle_is_shown_harmless_and_ends_with_the_advice() -> None:
    said = b"/srv/a.tar.gz: 6.1 K\n" + b"missing: \x1b[2Jlog\n" * 40 + b"look through it before you hand it on\n"
    lines = bundle.words(said).splitlines()
    assert lines[:2] == ["/srv/a.tar.gz: 6.1 K", "missing: log"]
    assert lines[-1] == "look through it before you hand it on"
    assert len(lines) <= bundle.MOST_LINES


async def test_ascii_has_no_other_sign_and_severity_is_in_words() -> None:
    page = findings_page(*PAGE.rows, incidents=(incident("lobby", "gate"),))
    async with findings(page, ascii_only=True) as (app, _, _, pilot):
        assert screen_text(app).isascii()
        assert "X critical" in screen_text(app)
        for keys in (("down", "enter"), ("escape", "a"), ("escape", "A"), ("escape", "question_mark")):
            await pilot.press(*keys)
            await pilot.pause(0.1)
            assert screen_text(app).isascii()


async def test_without_colours_severity_is_told_by_sign_and_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with findings() as (app, _, _, _):
        lines = screen_text(app).splitlines()
        assert [line[1:11].strip() for line in lines[3:6]] == ["✖ critical", "▲ degraded", "? error"]
