"""Capacity on the dashboard: the answer, what if by keys, both sizes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from textual.pilot import Pilot

from tests.tui.fakes import GIB, NOW, FakeRecorder, camera, recorder_snapshot
from tests.tui.screens import dashboard, screen_text, until
from vmstui.capacity.host import Host
from vmstui.capacity.projection import project
from vmstui.capacity.words import Limit, Measured, MeasuredCamera, Question, Resource, Taken
from vmstui.measured import CpuPast
from vmstui.model import RecorderSnapshot
from vmstui.storage import CameraStorage, StorageProjection
from vmstui.tui.app import Dashboard
from vmstui.tui.capacity_lines import capacity_lines
from vmstui.tui.leave import Leave
from vmstui.tui.lines import Role, text_of, width_of
from vmstui.tui.load import Known
from vmstui.tui.screens.capacity import CapacityScreen

GB = 10**9
NAMES = ("lobby", "gate", "yard")


def fleet() -> RecorderSnapshot:
    return recorder_snapshot(*(camera(name) for name in NAMES))


def recorder() -> FakeRecorder:
    """Three cameras, steady at 23.4 %, that fill little of the disk."""
    made = FakeRecorder()
    made.past = dict.fromkeys(NAMES, (23.4,) * 300)
    stored = tuple(CameraStorage(name, True, 1e6, 86400.0, False, GB, 0, NOW, 10.0, 10.0) for name in NAMES)
    made.projection = StorageProjection(NOW, stored, 3 * GB, 0, 9000 * GB, 10_000 * GB, 100 * GB, 3e6)
    return made


async def opened(app: Dashboard, pilot: Pilot[Leave]) -> CapacityScreen:
    await until(pilot, lambda: app.picture.storage is not None)
    await pilot.press("c")
    await until(pilot, lambda: isinstance(app.screen, CapacityScreen) and app.screen.found is not None)
    await pilot.pause()
    screen = app.screen
    assert isinstance(screen, CapacityScreen)
    return screen


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_a_key_tells_how_many_more_fit_and_what_ends_it(size: tuple[int, int]) -> None:
    async with dashboard(recorder(), fleet(), size=size) as (app, pilot):
        await opened(app, pilot)
        shown = screen_text(app)
        assert "+5 cameras; CPU ends it: 70.2 % of 205 % in use, 23.4 % per camera" in " ".join(shown.split())
        assert "maximum     8 cameras" in shown
        assert "Capacity fits ~5 more (CPU)" in shown
        assert "provisional (less than 10 min)" in shown
        assert "187 %  maximum" in shown
        assert "p profile   +/- CPU   ←/→ cameras   ,/. days   0 as it is" in shown
        if size[0] == 200:
            assert "what would move the limit" in shown
            row = next(line for line in shown.split("\n") if "CAMERAS" in line)
            assert "RESOURCE" in row, "side by side where there is room"
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.fleet)


@pytest.mark.parametrize(("size", "shown"), [((80, 24), False), ((120, 40), True), ((200, 60), True)])
async def test_the_header_tells_how_many_more_fit_where_there_is_room(size: tuple[int, int], shown: bool) -> None:
    async with dashboard(recorder(), fleet(), size=size) as (app, pilot):
        await until(pilot, lambda: app.picture.room is not None)
        await pilot.pause()
        header = screen_text(app).split("\n")[0]
        assert ("fits ~5 more (CPU)" in header) is shown
        assert "3/3 recording" in header
        assert "CPU 70.2 % of 205 %" in header
        assert "disk 10 days" in header


async def test_the_header_warns_of_too_many_before_it_tells_how_long_the_recorder_is_up() -> None:
    snapshot = replace(fleet(), cpu_budget_percent=50.0)
    async with dashboard(recorder(), snapshot, size=(100, 30)) as (app, pilot):
        await until(pilot, lambda: app.picture.room is not None)
        await pilot.pause()
        header = screen_text(app).split("\n")[0]
        assert "too many by 1 (CPU)" in header
        assert "up " not in header


async def test_the_header_goes_by_what_an_earlier_service_measured() -> None:
    made = recorder()
    made.long_past = CpuPast(NOW, 10, dict.fromkeys(NAMES, (23.4,) * 90))
    async with dashboard(made, fleet(), size=(200, 60)) as (app, pilot):
        await until(pilot, lambda: app.picture.room is not None)
        await pilot.pause()
        assert "fits 5 more (CPU)" in screen_text(app).split("\n")[0]


async def test_cameras_that_nobody_measured_leave_the_header_as_it_is() -> None:
    young = recorder_snapshot(camera("lobby", since=NOW - timedelta(seconds=5)))
    known = Known({}, None, Host())
    assert known.headline_part(young, None) is None


async def test_what_if_by_keys() -> None:
    async with dashboard(recorder(), fleet()) as (app, pilot):
        screen = await opened(app, pilot)
        assert screen.found is not None
        await pilot.press("plus")
        assert screen.question == Question(budget_percent=210.0)
        await pilot.press("plus", "plus")
        assert (screen.question.budget_percent, screen.found.maximum) == (230.0, 9)
        await pilot.press("0", "minus")
        assert (screen.question, screen.found.maximum) == (Question(budget_percent=200.0), 8)
        await pilot.press("0", *["right"] * 6)
        assert (screen.question.cameras, screen.found.fits) == (9, False)
        await pilot.pause()
        assert "9 cameras do not fit" in screen_text(app)
        await pilot.press("left")
        assert (screen.question.cameras, screen.found.fits) == (8, True)
        await pilot.press("0", "p")
        assert screen.question == Question(profile="reencode")
        await pilot.press("p", "full_stop")
        assert screen.question == Question(retention_days=11.0)
        await pilot.press("comma", "comma")
        assert screen.question == Question(retention_days=9.0)
        await pilot.press("0")
        assert screen.question == Question()


async def test_days_that_the_disk_has_no_room_for_end_it() -> None:
    made = recorder()
    async with dashboard(made, fleet()) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press(*["full_stop"] * 30)
        assert screen.question.retention_days == 40.0
        assert screen.found is not None
        assert screen.found.binding is Resource.RETENTION


async def test_the_lowest_budget_is_not_nothing() -> None:
    async with dashboard(recorder(), fleet()) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press(*["minus"] * 30)
        assert screen.question.budget_percent == 10.0


async def test_cameras_that_were_not_measured_say_so_and_are_looked_at_again() -> None:
    made = recorder()
    young = recorder_snapshot(camera("lobby", since=NOW - timedelta(seconds=5)))
    async with dashboard(made, young) as (app, pilot):
        await pilot.press("c")
        await until(pilot, lambda: "no camera has been recorded for long enough" in screen_text(app))
        await until(pilot, lambda: "again every 10 s" in screen_text(app))


async def test_it_is_in_the_help_the_palette_and_a_read_only_dashboard() -> None:
    async with dashboard(recorder(), fleet(), readonly=True, size=(120, 60)) as (app, pilot):
        await pilot.press("question_mark")
        await until(pilot, lambda: "How many more cameras fit" in screen_text(app))
        await pilot.press("escape")
        app.perform(next(action for action in app.actions if action.id == "view.capacity"), "")
        await until(pilot, lambda: isinstance(app.screen, CapacityScreen))


async def test_in_ascii_nothing_else_is_shown() -> None:
    async with dashboard(recorder(), fleet(), ascii_only=True) as (app, pilot):
        await opened(app, pilot)
        assert [line for line in screen_text(app).split("\n") if not line.isascii()] == []


def many() -> Measured:
    """A hundred cameras of two profiles, one of them away, where almost nothing is known."""
    cameras = [
        MeasuredCamera(
            f"c{number}", "source" if number % 2 else "reencode_with_a_long_name", True, 900.0,
            (Taken(Resource.CPU, (20.0, 30.0)), Taken(Resource.MEMORY, (2e8,))),
        )
        for number in range(99)
    ]  # fmt: skip
    limits = (Limit(Resource.CPU, 12_800.0, 5.0, "because " * 30), Limit(Resource.MEMORY, 512.0 * GIB, why="some"))
    return Measured((*cameras, MeasuredCamera("away", "source")), limits)


@pytest.mark.parametrize("cells", [40, 78, 129, 130, 198])
@pytest.mark.parametrize("asked", [None, 5000])
def test_lines_are_never_wider_than_there_is_room(cells: int, asked: int | None) -> None:
    question = Question(cameras=asked, budget_percent=12_000.0, retention_days=365.0)
    lines = capacity_lines(project(many(), question), question, cells)
    assert [text_of(line) for line in lines if width_of(line) > cells] == []


def test_what_does_not_fit_is_said_in_words_beside_the_colour() -> None:
    found = project(many())
    over = [line for line in capacity_lines(found, Question(), 78) if any(role is Role.BAD for _, role in line)]
    assert over
    assert all("over: " in text_of(line) for line in over)
