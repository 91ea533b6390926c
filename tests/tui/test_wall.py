"""Pictures of cameras, of all and of the one that is meant: where they go, and that none is taken that nobody looks
at."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.strip import Strip

from tests.integration.live_support import EMBEDDED_FFMPEG
from tests.integration.test_still import video
from tests.integration.test_still_terminal import KITTY
from tests.tui.fake_fleet import FakeFleet
from tests.tui.screens import at_once, screen_text, until
from tests.tui.terminal import Terminal as PseudoTerminal
from tests.tui.test_terminal import assert_restored
from vmstui.model import CameraDetails, CameraState
from vmstui.recording.layout import generation_spool
from vmstui.tui.app import Dashboard
from vmstui.tui.arrange import Pane
from vmstui.tui.blocks import HALF
from vmstui.tui.child import command
from vmstui.tui.drawn import Lent
from vmstui.tui.graphics import Terminal
from vmstui.tui.kitty import PLACEHOLDER
from vmstui.tui.lines import text_of
from vmstui.tui.link import LIMIT_S, SLOW_S, too_slow
from vmstui.tui.screens.still import Still
from vmstui.tui.screens.wall import WallScreen
from vmstui.tui.stills import take
from vmstui.tui.wall import LEAST_CELLS, newest, title, wall
from vmstui.tui.widgets.fleet_table import FleetTable
from vmstui.tui.widgets.painter import LineBar, LinePane
from vmstui.tui.widgets.still_bar import NUMBER, StillBar

CAMERAS = 8
CELL = (10, 20)
FORGOTTEN = b"\x1b_Ga=d,d=I,i="


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A recorder whose cameras are all writing the same film."""
    folder = tmp_path_factory.mktemp("wall")
    film = video(folder / "film.mp4", "faststart")
    rows = "".join(f"\n  - {{id: cam_{n:02d}, url: rtsp://192.0.2.1/{n}}}" for n in range(1, CAMERAS + 1))
    path = folder / "vmstui.yaml"
    path.write_text(f"recordings: {folder}\nffmpeg: {EMBEDDED_FFMPEG}\ncameras:{rows}\n")
    for number in range(1, CAMERAS + 1):
        spool = generation_spool(folder, f"cam_{number:02d}", 1)
        spool.mkdir(parents=True)
        (spool / "00001.mp4").write_bytes(film.read_bytes())
    return str(path)


def fleet_of(config: str, count: int = CAMERAS) -> FakeFleet:
    fleet = FakeFleet(count, well=True)
    fleet.config = config
    return fleet


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of nobody's own recorder."""
    monkeypatch.setenv("VMSTUI_STATE", str(tmp_path))


@given(st.integers(20, 400), st.integers(3, 120), st.integers(1, 300))
def test_every_camera_has_one_place_on_one_page_and_all_tiles_are_on_the_screen(
    cells: int, lines: int, count: int
) -> None:
    made = wall(cells, lines, count)
    assert made.columns * (made.cells + 1) <= cells
    assert made.rows * (made.lines + 1) <= lines or made.rows == 1
    pages = range(made.page_of(count - 1) + 1)
    assert [index for page in pages for index in made.on_page(page, count)] == list(range(count))
    for by in (-1, 1, -made.columns, made.columns, made.count, -made.count):
        assert 0 <= made.moved(count // 2, by, count) < count


def test_few_cameras_are_large_and_many_are_no_smaller_than_can_be_recognised() -> None:
    assert (wall(80, 22, 1).columns, wall(80, 22, 1).rows) == (1, 1)
    assert wall(200, 58, 4).columns == 2
    many = wall(80, 22, 256)
    assert many.cells >= LEAST_CELLS
    assert many.page_of(255) > 0


def test_a_tile_tells_state_name_and_age_within_its_width() -> None:
    snapshot = FakeFleet(1, well=True).snapshot()
    camera = snapshot.cameras[0]
    told = text_of(title(camera, snapshot.at, snapshot.at - timedelta(seconds=9), 30, " "))
    assert told == " ● Duc Tai Dendo 1         9 s"
    failing = replace(camera, state=CameraState.FAILING)
    assert "FAILING" in text_of(title(failing, snapshot.at, None, 30, "▌"))
    assert newest(camera) != newest(replace(camera, open_segment=None))


def test_a_link_is_slow_where_its_answer_takes_long_or_never_comes() -> None:
    assert not too_slow(0.0)
    assert not too_slow(SLOW_S)
    assert too_slow(1.42) == "the terminal answers after 1.4 s"
    assert f"within {LIMIT_S:g} s" in too_slow(None)


async def test_pictures_are_taken_only_of_what_is_seen_and_once(config: str, state: None) -> None:
    app = Dashboard(fleet_of(config), delays=at_once)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.picture.snapshot is not None)
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, WallScreen) and app.screen.body.now)
        screen = app.screen
        assert isinstance(screen, WallScreen)
        body = screen.body
        seen = {camera.id for camera in body.seen()}
        assert 0 < len(seen) < CAMERAS
        await until(pilot, lambda: set(body.taken) == seen)
        assert all(taken.drawn is not None for taken in body.taken.values()), body.taken
        assert HALF in screen_text(app)
        first = dict(body.taken)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Still) and app.screen.picture.shows_picture)
        await pilot.press("escape", "pagedown")
        await until(pilot, lambda: len(body.taken) == CAMERAS)
        assert {camera: body.taken[camera] for camera in first} == first, "those that are there are not taken again"
        await pilot.press("question_mark")
        await until(pilot, lambda: "as large as the terminal allows" in screen_text(app))
        await pilot.press("escape", "c")
        await until(pilot, lambda: "Details" in screen_text(app))


async def test_what_is_below_the_pictures_is_neither_drawn_nor_asked_for_until_it_is_seen_again(
    config: str, state: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet, useless = fleet_of(config), list[str]()
    app = Dashboard(fleet, delays=at_once)
    details = fleet.details

    async def asked(camera: str) -> CameraDetails:
        if isinstance(app.screen, WallScreen):
            useless.append("asked for details")
        return await details(camera)

    monkeypatch.setattr(fleet, "details", asked)
    for kind in (FleetTable, LinePane, LineBar):
        monkeypatch.setattr(kind, "render_line", telling_where(kind.render_line, app, useless))
    async with app.run_test(size=(160, 45), notifications=True) as pilot:
        await until(pilot, lambda: app.picture.snapshot is not None)
        await pilot.press("enter")
        await until(pilot, lambda: "Details" in screen_text(app))
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, WallScreen) and app.screen.body.taken)
        useless.clear()  # it was seen until it was covered
        begun = app.picture.ticks
        await until(pilot, lambda: app.picture.ticks >= begun + 3)
        assert useless == []
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.fleet and app.fleet.picture.ticks >= begun + 3)
        assert not app.fleet.panes[Pane.DETAILS].trouble


def telling_where(render: Callable[[Any, int], Strip], app: Dashboard, below: list[str]) -> Callable[[Any, int], Strip]:
    """`render_line` that tells when it draws what is not on the screen that is shown."""

    def told(self: Any, y: int) -> Strip:
        if self.screen is not app.screen:
            below.append(f"drew {self}")
        return render(self, y)

    return told


async def test_a_camera_without_a_picture_says_why(config: str, state: None) -> None:
    fleet = fleet_of(config, CAMERAS + 1)  # the last one is not configured
    app = Dashboard(fleet, delays=at_once)
    async with app.run_test(size=(160, 45), notifications=True) as pilot:
        await until(pilot, lambda: app.picture.snapshot is not None)
        await pilot.press("colon", *"pictures", "enter")
        await until(pilot, lambda: "found 'cam_09', accepted" in screen_text(app))


def test_a_terminal_with_placeholders_shows_the_very_pictures_and_gives_them_back(config: str, tmp_path: Path) -> None:
    argv = ["-m", "tests.tui.fake_fleet", "--cameras", "2", "--well", "--config", config]
    with PseudoTerminal(argv, env={"VMSTUI_STATE": str(tmp_path)}, cell=CELL, answer=KITTY) as terminal:
        terminal.wait_for("2/2 recording")
        terminal.type("v")
        terminal.wait_for("Pictures 1–2 of 2")
        numbers = [0xD75E00, 0xD75E01]
        for number in numbers:
            terminal.wait_for_raw(PLACEHOLDER.encode())
            terminal.wait_for_raw(f"a=T,U=1,i={number},".encode())
            terminal.wait_for_raw(f"38;2;215;94;{number & 255};48".encode())
        terminal.type("q")
        terminal.wait_for("r restart")
        terminal.type("q")
        assert terminal.wait_for_end() == 0
        assert_restored(terminal)
        for number in numbers:
            assert terminal.raw.rindex(FORGOTTEN + str(number).encode()) > terminal.raw.rindex(b"a=T,U=1")


def test_over_a_link_that_does_not_answer_there_are_no_pictures_unless_somebody_asks(
    config: str, tmp_path: Path
) -> None:
    argv = ["-m", "tests.tui.fake_fleet", "--cameras", "2", "--well", "--config", config]
    with PseudoTerminal(argv, env={"VMSTUI_STATE": str(tmp_path)}, cursor_told=False) as terminal:
        terminal.wait_for("2/2 recording")
        terminal.type("v")
        terminal.wait_for("answered within 3 s. p takes them.")
        assert HALF.encode() not in terminal.raw
        terminal.type("p")
        terminal.wait_for_raw(HALF.encode())
        terminal.type("qq")
        assert terminal.wait_for_end() == 0


# ------------------------------------------------------------------------------------------ the still in the details


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Cameras that were decoded, in their order; each of them really is."""
    cameras: list[str] = []
    running: set[str] = set()

    @asynccontextmanager
    async def noted(config: str, *arguments: str) -> AsyncIterator[Process]:
        camera = arguments[1]
        assert camera not in running, "two pictures of one camera are decoded at once"
        cameras.append(camera)
        running.add(camera)
        try:
            async with command(config, *arguments) as process:
                yield process
        finally:
            running.remove(camera)

    monkeypatch.setattr("vmstui.tui.stills.command", noted)
    return cameras


def still_of(app: Dashboard) -> StillBar | None:
    return next(iter(app.screen.query(StillBar)), None)


async def test_the_details_of_a_camera_have_its_still_while_they_are_seen(
    config: str, state: None, asked: list[str]
) -> None:
    app = Dashboard(fleet_of(config), delays=at_once)
    async with app.run_test(size=(160, 45), notifications=True) as pilot:
        await until(pilot, lambda: "Details" in screen_text(app))
        assert still_of(app) is None, "beside the fleet there is none: nobody asked for it"
        await pilot.press("2")
        await until(pilot, lambda: "old ─" in screen_text(app) and HALF in screen_text(app))
        still = still_of(app)
        assert still is not None
        first, text = app.tour.selected, app.screen.query_one("#details-text")
        assert asked == [first]
        assert still.size.height < text.size.height, "what is told of it has more room"
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: still.taken is not None and len(asked) == 2)
        assert asked[1] == app.tour.selected != first
        await pilot.press("3")
        await until(pilot, lambda: not still.display)
        assert still.taken is None
        await pilot.press("escape")
        await until(pilot, lambda: HALF in screen_text(app))
        assert len(asked) == 3


async def test_a_still_that_is_there_is_not_sent_again_with_every_tick(
    config: str, state: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Dashboard(fleet_of(config), delays=at_once)
    async with app.run_test(size=(160, 45), notifications=True) as pilot:
        await until(pilot, lambda: app.picture.snapshot is not None)
        await pilot.press("2")
        await until(pilot, lambda: "old ─" in screen_text(app) and HALF in screen_text(app))
        still = still_of(app)
        assert still is not None
        await pilot.pause()
        taken, drawn = still.taken, 0

        def refreshed(*_: object, **__: object) -> StillBar:
            nonlocal drawn
            drawn += 1
            assert still is not None
            return still

        monkeypatch.setattr(still, "refresh", refreshed)
        seen: set[object] = set()

        def ticks() -> int:
            seen.add(app.picture.snapshot.at if app.picture.snapshot is not None else None)
            return len(seen)

        await until(pilot, lambda: ticks() > 3)
        assert drawn == 0 or still.taken is not taken


async def test_on_80_columns_the_still_is_there_once_the_details_have_the_screen(
    config: str, state: None, asked: list[str]
) -> None:
    app = Dashboard(fleet_of(config), delays=at_once)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.picture.snapshot is not None)
        await pilot.press("enter")
        await until(pilot, lambda: "Details" in screen_text(app))
        assert still_of(app) is None
        await pilot.press("Z")
        await until(pilot, lambda: "old ─" in screen_text(app) and HALF in screen_text(app))
        assert "state " in screen_text(app)
        await pilot.press("Z")
        await until(pilot, lambda: HALF not in screen_text(app))
        assert len(asked) == 1


async def test_one_camera_is_decoded_once_at_a_time_whoever_asks(config: str, state: None, asked: list[str]) -> None:
    app = Dashboard(fleet_of(config), delays=at_once)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.picture.snapshot is not None)
        assert app.picture.snapshot is not None
        camera = app.picture.snapshot.cameras[0]
        made = await asyncio.gather(
            *(take(app, Terminal(), config, camera, (24, 6), number, Lent()) for number in range(3))
        )
    assert [one.why for one in made] == [""] * 3
    assert asked == [camera.id] * 3


async def test_details_without_a_still_say_why(config: str, state: None) -> None:
    fleet = fleet_of(config, CAMERAS + 1)  # the last one is not configured
    app = Dashboard(fleet, delays=at_once)
    async with app.run_test(size=(160, 45), notifications=True) as pilot:
        await until(pilot, lambda: app.picture.snapshot is not None)
        await pilot.press("end", "2")
        await until(pilot, lambda: "no picture:" in screen_text(app))
        still = still_of(app)
        assert still is not None
        await until(pilot, lambda: still.size.height == 1)


def test_the_still_of_the_details_is_given_back_with_their_screen(config: str, tmp_path: Path) -> None:
    argv = ["-m", "tests.tui.fake_fleet", "--cameras", "2", "--well", "--config", config]
    variables, gone = {"VMSTUI_STATE": str(tmp_path)}, FORGOTTEN + str(NUMBER).encode()
    with PseudoTerminal(argv, (160, 45), env=variables, cell=CELL, answer=KITTY) as terminal:
        terminal.wait_for("2/2 recording")
        terminal.type("2")
        terminal.wait_for_raw(f"a=T,U=1,i={NUMBER},".encode())
        terminal.wait_for_raw(PLACEHOLDER.encode())
        terminal.type("1")
        terminal.type("q")
        assert terminal.wait_for_end() == 0
        assert terminal.raw.rindex(gone) > terminal.raw.rindex(b"a=T,U=1")


def test_over_a_link_that_does_not_answer_the_details_have_no_still(config: str, tmp_path: Path) -> None:
    argv = ["-m", "tests.tui.fake_fleet", "--cameras", "2", "--well", "--config", config]
    with PseudoTerminal(argv, (160, 45), env={"VMSTUI_STATE": str(tmp_path)}, cursor_told=False) as terminal:
        terminal.wait_for("2/2 recording")
        terminal.type("2")
        terminal.wait_for("p takes one")
        assert HALF.encode() not in terminal.raw
        terminal.type("qq")
        assert terminal.wait_for_end() == 0
