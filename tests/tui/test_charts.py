"""Charts on the dashboard: what is asked, what is drawn, the keys, both sizes, and recorders that cannot answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.fakes import MIB, NOW, FakeRecorder, camera, measured_by, recorder_snapshot, segment
from tests.tui.screens import dashboard, screen_text, toasts, until
from vmstui.control.errors import RecorderLost
from vmstui.footage import Gap, GapCause
from vmstui.footage_accounts import FootageReport
from vmstui.measured import ALL, MACHINE, OWN_SUBJECTS, Measured
from vmstui.model import Event, EventKind, RecorderSnapshot
from vmstui.stages import StageBreakdown
from vmstui.tui.app import Dashboard
from vmstui.tui.chart_lines import Shown, chart_lines, charts_of, head_line, unseen
from vmstui.tui.leave import Leave
from vmstui.tui.lines import Role, text_of, width_of
from vmstui.tui.plot import Signs
from vmstui.tui.screens.ask import Ask
from vmstui.tui.screens.help import Help
from vmstui.tui.screens.panes import PanesScreen
from vmstui.tui.time_view import TimeView
from vmstui.tui.widgets import charts
from vmstui.tui.widgets.charts import TOO_OLD, ChartsPane
from vmstui.tui.widgets.segments import SegmentsPane

BURST = datetime(2025, 10, 20, 3, 12, tzinfo=UTC).timestamp()
"""At 03:12 it took 61 % and dropped frames; from 04:00 to 04:30 nothing was measured."""
SILENCE = BURST + 48 * 60
EXIT = Event(NOW - timedelta(hours=2), "gate", EventKind.EXIT, "ffmpeg ended: 401 Unauthorized")
GAP = Gap("gate", NOW - timedelta(hours=2), 31.0, GapCause.NETWORK, "the connection was reset")


def answer(subject: str, since: datetime, until_: datetime, width: int) -> Measured:
    def known(value: float) -> tuple[float, float, float]:
        return value * 0.9, value, value * 1.2

    def cpu(at_s: float) -> tuple[float, float, float] | None:
        if SILENCE <= at_s < SILENCE + 1800:
            return None
        return known(61.0 if BURST - 60 <= at_s < BURST + 60 else 23.4)

    columns = {
        "cpu_percent": cpu,
        "rss_bytes": lambda at_s: known(122.0 * MIB),
        "fps": lambda at_s: known(15.0),
        "dropped_frames_per_s": lambda at_s: (0.0, 0.5, 3.0) if abs(at_s - BURST) < 60 else (0.0, 0.0, 0.0),
        "write_bytes_per_s": lambda at_s: known(375_000.0),
        "warnings_per_s": lambda at_s: (0.0, 0.0, 0.0),
        "duplicated_frames_per_s": lambda at_s: (0.0, 0.0, 0.0),
    }
    if subject in OWN_SUBJECTS:
        columns = {
            "cpu_percent": cpu,
            "load": lambda at_s: known(1.5),
            "memory_used_bytes": lambda at_s: known(4.2 * 1024 * MIB),
            "core_0_percent": lambda at_s: known(10.0),
            "core_1_percent": lambda at_s: known(80.0),
        }
    return measured_by(subject, since, until_, width, columns)


def recorder() -> FakeRecorder:
    made = FakeRecorder()
    made.measured, made.events, made.gaps = answer, (EXIT,), (GAP,)
    made.footage_report = FootageReport(NOW, NOW - timedelta(days=1), 600.0, ())
    return made


def fleet(**changes: object) -> RecorderSnapshot:
    return recorder_snapshot(camera("gate"), camera("yard"), **changes)


async def opened(app: Dashboard, pilot: Pilot[Leave], key: str = "m") -> ChartsPane:
    await pilot.press(key)
    await until(pilot, lambda: app.view is not app.fleet and app.view.is_mounted)
    pane = pane_of(app)
    await until(pilot, lambda: pane.charts.has_focus if key == "m" else pane.is_mounted)
    await answered(pilot, pane)
    return pane


def pane_of(app: Dashboard) -> ChartsPane:
    assert isinstance(app.view, PanesScreen)
    return app.view.pane(ChartsPane)


async def answered(pilot: Pilot[Leave], screen: ChartsPane) -> None:
    await until(pilot, lambda: screen.found is not None and "asking" not in screen.state[0])
    await pilot.pause()


async def sees(pilot: Pilot[Leave], app: Dashboard, *texts: str) -> None:
    await until(pilot, lambda: all(text in screen_text(app) for text in texts))


async def type_time(pilot: Pilot[Leave], app: Dashboard, text: str) -> None:
    await pilot.press("t")
    await until(pilot, lambda: isinstance(app.screen, Ask))
    app.screen.query_one(Input).value = text
    await pilot.press("enter")


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_what_did_it_look_like_at_twelve_past_three(size: tuple[int, int]) -> None:
    async with dashboard(recorder(), fleet(), size=size) as (app, pilot):
        screen = await opened(app, pilot)
        titles = ("CPU", "frames", "dropped", "bitrate", "memory", "warnings")
        await sees(pilot, app, *titles, "23.4 %", "3 Mbit/s")
        await type_time(pilot, app, "03:12")
        await until(pilot, lambda: app.screen is app.view)
        await sees(pilot, app, "61.0 %", "03:12:00")
        assert screen.view.until is not None
        await pilot.press("n")
        await sees(pilot, app, "23.4 %")
        assert screen.view.until is None
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.fleet)


def with_stages(subject: str, since: datetime, until_: datetime, width: int) -> Measured:
    """Measured for five seconds in ten minutes, as the recorder does it by itself."""
    staged = {
        "cpu_percent": lambda at_s: (20.0, 23.4, 25.0),
        "stage_decode_percent": lambda at_s: (5.0, 5.1, 5.2) if at_s % 600 < 60 else None,
        "stage_encode_recording_percent": lambda at_s: (8.0, 8.4, 9.0) if at_s % 600 < 60 else None,
    }
    return measured_by(subject, since, until_, width, staged)


def test_what_is_measured_rarely_stands_until_it_is_measured_again_and_no_longer() -> None:
    """Known for a minute in ten; from 04:00 on no more."""
    view = TimeView(3 * 3600, datetime(2025, 10, 20, 6, 0, tzinfo=UTC))
    found = with_stages("gate", *view.window(NOW), 120)
    ended = int((SILENCE - found.since.timestamp()) / found.step_s)
    decode = found.column("stage_decode_percent")
    assert decode is not None
    cut = replace(decode, **{side: getattr(decode, side)[:ended] for side in ("minimum", "mean", "maximum")})
    drawn = shown(view=view, found=replace(found, columns=(cut,)), signs=Signs.ASCII)
    (row,) = (text_of(line) for line in chart_lines(drawn, 118, 57) if " 0┤" in text_of(line))
    curve = row.partition("┤")[2]
    assert re.fullmatch(r" {0,6}#+ +", curve), "one stretch without a hole, and nothing after it"
    assert curve.count("#") == pytest.approx(len(curve) * 71 / 180, abs=6)


async def test_what_a_worker_spends_its_cpu_on_is_drawn_over_time_and_measured_while_somebody_looks() -> None:
    made, asked = recorder(), []
    made.measured = with_stages
    tell = made.stages

    async def counted(camera: str, seconds: int) -> StageBreakdown:
        asked.append(camera)
        return await tell(camera, seconds)

    made.stages = counted  # type: ignore[method-assign]
    async with dashboard(made, fleet(), size=(120, 60)) as (app, pilot):
        await opened(app, pilot)
        await sees(pilot, app, "decode", "5.1 %", "encode rec.", "8.4 %")
        await until(pilot, lambda: "gate" in asked)
        assert "encode live" not in screen_text(app), "this worker has none"


async def test_yesterday_and_dates_can_be_typed_and_nonsense_is_explained() -> None:
    made = recorder()
    async with dashboard(made, fleet()) as (app, pilot):
        screen = await opened(app, pilot)
        await type_time(pilot, app, "half past nine")
        await until(pilot, lambda: "accepted" in screen_text(app))
        app.screen.query_one(Input).value = "yesterday 03:12"
        await pilot.press("enter")
        await until(pilot, lambda: screen.view.at(screen.now) == datetime(2025, 10, 19, 3, 12, tzinfo=UTC))
        await type_time(pilot, app, "2025-10-01")
        await until(pilot, lambda: screen.view.at(screen.now) == datetime(2025, 10, 1, tzinfo=UTC))
        await until(pilot, lambda: made.measured_questions[-1][1:3] == screen.view.window(screen.now))


async def test_keys_move_in_time_and_the_recorder_is_asked_for_what_is_shown() -> None:
    made = recorder()
    async with dashboard(made, fleet()) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("left_square_bracket", "left_square_bracket")
        two = (NOW - timedelta(hours=2), NOW - timedelta(hours=1))
        await until(pilot, lambda: screen.view.window(NOW) == two and made.measured_questions[-1][1:3] == two)
        await pilot.press("minus")
        await until(pilot, lambda: screen.view.words == "6 h")
        await pilot.press("plus", "plus")
        await until(pilot, lambda: screen.view.words == "10 min")
        await until(pilot, lambda: made.measured_questions[-1][1:3] == screen.view.window(NOW))
        before = screen.view.at(NOW)
        await pilot.press("left")
        await until(pilot, lambda: timedelta(0) < before - screen.view.at(NOW) < timedelta(seconds=15))
        await pilot.press("right_square_bracket", "n")
        await until(pilot, lambda: screen.view.until is None)


async def test_a_key_that_is_held_down_asks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "SETTLE_S", 1.0)  # on a busy machine keys come slowly
    made = recorder()
    async with dashboard(made, fleet()) as (app, pilot):
        screen = await opened(app, pilot)
        asked, moved = len(made.measured_questions), (NOW - timedelta(hours=7), NOW - timedelta(hours=6))
        await pilot.press(*["left_square_bracket"] * 12)
        await until(pilot, lambda: made.measured_questions[-1][1:3] == moved)
        assert len(made.measured_questions) - asked < 12
        assert screen.view.window(NOW) == moved


async def test_an_answer_that_does_not_come_holds_nothing_up() -> None:
    made = recorder()
    released = asyncio.Event()
    ask = made.telemetry

    async def slowly(subject: str, since: datetime, until_: datetime | None, width: int) -> Measured:
        if subject == "yard":
            await released.wait()
        return await ask(subject, since, until_, width)

    made.telemetry = slowly  # type: ignore[assignment, method-assign]
    async with dashboard(made, fleet()) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: screen.subject == "yard" and "asking…" in screen_text(app))
        await pilot.press("left_square_bracket", "minus", "left")
        await until(pilot, lambda: screen.view.words == "6 h")
        await pilot.press("less_than_sign")
        await until(pilot, lambda: screen.found is not None and screen.found.subject == "gate")
        released.set()


async def test_events_are_marked_told_and_gone_to() -> None:
    async with dashboard(recorder(), fleet(), size=(120, 40)) as (app, pilot):
        screen = await opened(app, pilot)
        await until(pilot, lambda: screen.events)
        await sees(pilot, app, "nothing happened at the cursor")
        await pilot.press("comma")
        gap = "no footage from 2025-10-20 05:56:00 for 31.0 s (network: the connection was reset)"
        await sees(pilot, app, gap, "exit: ffmpeg ended: 401 Unauthorized")
        assert screen.view.at(NOW) == EXIT.at
        assert any("events" in line and "✖" in line for line in screen_text(app).split("\n"))
        await pilot.press("comma")
        await until(pilot, lambda: "No event before" in toasts(app))


async def test_the_machine_and_all_that_is_no_camera() -> None:
    made = recorder()
    async with dashboard(made, fleet(), size=(120, 40)) as (app, pilot):
        screen = await opened(app, pilot, "M")
        assert screen.subject == MACHINE
        await sees(pilot, app, "the machine", "busiest core", "80.0 %")
        assert "events" not in screen_text(app), "a machine has none"
        await pilot.press("tab")
        await until(pilot, lambda: screen.charts.has_focus)
        await pilot.press("m")
        await until(pilot, lambda: screen.subject == "gate")
        await pilot.press("greater_than_sign", "greater_than_sign")
        await until(pilot, lambda: screen.subject == ALL)
        await pilot.press("o")
        await until(pilot, lambda: "no footage of this" in toasts(app))
        await pilot.press("at")
        await until(pilot, lambda: screen.subject == MACHINE)


async def test_the_footage_of_the_time_at_the_cursor() -> None:
    made = recorder()
    made.closed_segments = tuple(segment("gate", 3.0 * number) for number in range(1, 300))
    async with dashboard(made, fleet(), size=(120, 50)) as (app, pilot):
        await opened(app, pilot)
        await type_time(pilot, app, "03:12")
        await until(pilot, lambda: app.screen is app.view)
        await pilot.press("o")
        assert isinstance(app.view, PanesScreen)
        pane = app.view.pane(SegmentsPane)
        await until(pilot, lambda: pane.list.has_focus)
        at = datetime.fromtimestamp(BURST, UTC)
        await until(pilot, lambda: pane.list.row is not None and pane.list.row.at <= at < pane.list.row.until)


async def test_a_recorder_that_keeps_no_history_says_so() -> None:
    made = recorder()
    made.measured = None
    async with dashboard(made, fleet()) as (app, pilot):
        await pilot.press("m")
        await until(pilot, lambda: TOO_OLD.split(":")[0][:60] in " ".join(screen_text(app).split()))
        await pilot.press("left_square_bracket", "minus", "escape")
        await until(pilot, lambda: app.screen is app.fleet)


async def test_a_lost_recorder_is_told_and_what_was_known_stays() -> None:
    made = recorder()
    async with dashboard(made, fleet()) as (app, pilot):
        screen = await opened(app, pilot)

        async def gone(*_: object) -> Measured:
            raise RecorderLost("nothing listens on /run/vmstui/control.sock.")

        made.telemetry = gone  # type: ignore[assignment, method-assign]
        made.reachable = False
        made.lose()
        await until(pilot, lambda: screen.state[1] is Role.BAD)
        await pilot.press("left_square_bracket")
        await sees(pilot, app, "23.4 %", "nothing listens")


async def test_a_time_before_anything_was_measured_says_since_when_there_is() -> None:
    made = recorder()
    made.measured = lambda subject, since, until_, width: measured_by(subject, since, until_, width, {})
    async with dashboard(made, fleet()) as (app, pilot):
        await opened(app, pilot)
        await sees(pilot, app, "what is known begins at 2025-09-20")
        made.measured = lambda subject, since, until_, width: replace(
            measured_by(subject, since, until_, width, {}), oldest_at=None
        )
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "nothing was ever measured of this" in screen_text(app))


async def test_keys_are_in_the_help_and_the_palette_and_work_read_only() -> None:
    async with dashboard(recorder(), fleet(), readonly=True, size=(120, 100)) as (app, pilot):
        app.perform(next(action for action in app.actions if action.id == "view.charts"), "yard")
        await until(pilot, lambda: app.view is not app.fleet and pane_of(app).subject == "yard")
        await pilot.press("question_mark")
        await until(
            pilot, lambda: isinstance(app.screen, Help) and "The footage of the time at the" in screen_text(app)
        )
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is app.fleet)
        await pilot.press("question_mark")
        await until(pilot, lambda: "What it looked like, now or at 03:12" in screen_text(app))


async def test_the_scale_of_what_has_a_whole_does_not_depend_on_what_was_measured() -> None:
    async with dashboard(recorder(), fleet(), size=(160, 45)) as (app, pilot):
        await opened(app, pilot)
        await sees(pilot, app, "CPU               100 %┤", "frames           30 fps┤")
        await pilot.press("7")
        await sees(pilot, app, "CPU               200 %┤", "busiest core      100 %┤")


@pytest.mark.parametrize("cells", [58, 70, 158])
def test_titles_and_scales_have_room_beside_each_other(cells: int) -> None:
    measured = {
        "cpu_percent": 190.0, "core_0_percent": 99.0, "core_1_percent": 99.0, "steal_percent": 12.0,
        "memory_used_bytes": 15e9, "load": 12.5, "disk_write_bytes_per_s": 900e6, "disk_read_bytes_per_s": 900e6,
        "disk_write_ms": 120.0, "disk_read_ms": 120.0, "disk_busy_percent": 99.0, "received_bytes_per_s": 100e6,
        "sent_bytes_per_s": 100e6, "temperature_celsius": 95.0, "gpu_0_percent": 99.0, "gpu_0_encoder_percent": 99.0,
        "gpu_0_encoder_sessions": 8.0,
    }  # fmt: skip

    def always(value: float) -> Callable[[float], tuple[float, float, float] | None]:
        return lambda _: (value, value, value)

    columns = {name: always(value) for name, value in measured.items()}
    found = measured_by(MACHINE, NOW - timedelta(hours=1), NOW, 120, columns)
    lines = chart_lines(Shown(MACHINE, found, TimeView(), NOW, UTC), cells, 90)
    cut = [text_of(line) for line in lines if "…" in text_of(line)]
    assert "GPU 0 sessions" in "\n".join(map(text_of, lines))
    assert not cut


async def test_a_font_without_braille_gets_blocks() -> None:
    async with dashboard(recorder(), fleet()) as (app, pilot):
        await opened(app, pilot)
        await sees(pilot, app, "⣿⣿⣿")
        await pilot.press("b")
        await sees(pilot, app, "███")
        assert "⣿" not in screen_text(app)
        await pilot.press("b")
        await sees(pilot, app, "⣿⣿⣿")


async def test_in_ascii_nothing_else_is_shown() -> None:
    async with dashboard(recorder(), fleet(), ascii_only=True) as (app, pilot):
        await opened(app, pilot)
        await sees(pilot, app, "#####")
        await pilot.press("comma")
        await sees(pilot, app, "no footage from")
        assert [line for line in screen_text(app).split("\n") if not line.isascii()] == []
        assert "?/" not in screen_text(app), "a key that has no sign in ASCII"


def shown(subject: str = "gate", **changes: object) -> Shown:
    view = TimeView(86_400)
    found = answer(subject, *view.window(NOW), 120)
    return replace(Shown(subject, found, view, NOW, UTC, (EXIT,), (GAP,)), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("cells", [58, 78, 118, 198])
@pytest.mark.parametrize("lines", [13, 21, 42, 57])
@pytest.mark.parametrize("subject", ["gate", MACHINE, ALL])
@pytest.mark.parametrize("found", [True, False])
def test_it_fits_whatever_the_size(cells: int, lines: int, subject: str, found: bool) -> None:
    at = replace(TimeView(86_400), cursor=EXIT.at)
    drawn = shown(subject, view=at)
    drawn = drawn if found else replace(drawn, found=None)
    made = chart_lines(drawn, cells, lines)
    assert len(made) <= lines
    assert [text_of(line) for line in made if width_of(line) > cells] == []
    assert width_of(head_line(drawn, cells, ("asking…", Role.BUSY))) <= cells


def test_where_nothing_was_measured_the_curve_has_a_gap_and_the_cursor_says_so() -> None:
    at = datetime.fromtimestamp(SILENCE + 900, UTC)
    view = TimeView(6 * 3600, None, at)
    drawn = shown(view=view, found=answer("gate", *view.window(NOW), 120), signs=Signs.ASCII)
    rows = [text_of(line) for line in chart_lines(drawn, 118, 42)]
    edge = width_of(((rows[0].partition("┤")[0], Role.TEXT),)) + 1
    bottom = next(row[edge:] for row in rows if " 0┤#" in row)
    assert re.fullmatch("#{30,}[|]? {2,}│ {2,}[|]?#{30,}", bottom)
    assert rows[1].startswith("– "), "there is no value at the cursor"


def test_charts_that_have_no_room_are_counted_and_reached() -> None:
    few = shown()
    assert unseen(few, 78, 13) > 0
    last = len(charts_of(few.found, few.subject)) - 1
    assert "duplicated" in text_of(chart_lines(replace(few, first=last), 78, 13)[0])
    assert unseen(replace(few, first=last), 78, 13) == 0


def test_what_is_counted_is_told_as_a_number_and_not_as_a_rate() -> None:
    at = datetime.fromtimestamp(BURST, UTC)
    rows = [text_of(line) for line in chart_lines(shown(view=TimeView(86_400, None, at)), 118, 42)]
    (title,) = (number for number, row in enumerate(rows) if row.startswith("dropped"))
    assert rows[title + 1].split()[1:4] == ["in", "12", "min"]
