"""Keys that come faster than the dashboard can follow: each is taken by what the keys before it set off."""

from __future__ import annotations

import asyncio
from typing import Never

import pytest
from textual.app import App
from textual.events import Idle, Key, Paste
from textual.pilot import Pilot

from tests.tui.fakes import FakeRecorder, camera, recorder_snapshot
from tests.tui.screens import dashboard, until
from vmstui.tui import typed
from vmstui.tui.app import Dashboard
from vmstui.tui.arrange import Pane
from vmstui.tui.leave import Leave
from vmstui.tui.log_ring import Threshold
from vmstui.tui.screens.confirm import Confirm
from vmstui.tui.typed import Typed

FLEET = recorder_snapshot(*(camera(f"cam_{number}") for number in range(60)))
NAMES = {"/": "slash", ":": "colon", "?": "question_mark", " ": "space", "\r": "enter", "\x1b": "escape", "!": "bang"}


def burst(app: App[Leave], *keys: str | Key | Paste) -> None:
    """All of it at once, as from one read of the terminal; a text is a key per character."""
    for key in keys:
        if isinstance(key, str):
            for character in key:
                app.post_message(Key(NAMES.get(character, character), character))
        else:
            app.post_message(key)


def held(key: str, times: int) -> list[Key]:
    """A key that is held down."""
    return [Key(key, None) for _ in range(times)]


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One entry for each time the queue looked whether the dashboard has come to rest."""
    seen: list[None] = []
    look = Typed._let_through

    async def counted(typed: Typed) -> object:
        seen.append(None)
        return await look(typed)

    monkeypatch.setattr(Typed, "_let_through", counted)
    return seen


async def left(app: Dashboard, pilot: Pilot[Leave]) -> None:
    await until(pilot, lambda: app.return_value is Leave.DETACHED)


async def test_text_for_a_filter_is_never_taken_as_commands_and_a_paste_keeps_its_place_in_it() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        burst(app, "/rys", Paste("yQ"), "y", Paste("s"), "!\rq", "syQy")  # the rest is dropped with the dashboard
        await left(app, pilot)
        assert app.fleet.pattern == "rysyQys!"
    assert recorder.calls == []


async def test_an_answer_goes_to_the_question_that_was_asked_before_it() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        burst(app, "jrysnQnq")
        await left(app, pilot)
    assert recorder.calls == [("restart", ("cam_1",))]


async def test_keys_for_a_pane_reach_it_though_it_was_only_just_opened() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        burst(app, "le/rtsp\r")
        await until(pilot, lambda: app.fleet.log_pane.log_body.view.search.typed == "rtsp")
        await until(pilot, lambda: app.fleet.log_pane.log_body.has_focus)
        assert app.fleet.log_pane.log_body.rule.threshold is Threshold.ERRORS
        assert app.fleet.pattern == ""
        burst(app, "\x1b\x1boh\x1b/7")  # out of the filter, out of the pane; two panes and back; the cameras' filter
        await until(pilot, lambda: app.fleet.pattern == "7")
        assert app.fleet.chosen is None
    assert recorder.calls == []


async def test_enter_in_the_palette_means_what_was_typed_before_it() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        burst(app, ":logs cam 37\r/h264\r")
        await until(pilot, lambda: app.fleet.log_pane.log_body.view.search.typed == "h264")
        assert app.fleet.chosen is Pane.LOG
        assert app.fleet.table.selected_id == "cam_37"
        burst(app, ":restart cam 41\r")
        await until(pilot, lambda: isinstance(app.screen, Confirm) and "Restart Cam 41?" in app.screen.text)
    assert recorder.calls == []


async def test_escape_and_a_letter_in_one_breath_are_both_taken() -> None:
    """A terminal sends them as it sends alt and the letter; one that tells them apart names no character with alt."""
    recorder = FakeRecorder()
    async with dashboard(recorder, FLEET) as (app, pilot):
        burst(app, "h", Key("alt+r", "r"), "y")
        await until(pilot, lambda: recorder.calls == [("restart", ("cam_0",))])
        assert app.fleet.chosen is None
        burst(app, "h", Key("alt+r", None), "?qq")
        await left(app, pilot)
        assert app.fleet.chosen is Pane.HISTORY


async def test_a_held_arrow_and_typed_text_do_not_wait_in_between(looks: list[None]) -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        looks.clear()
        burst(app, *held("down", 59))
        await until(pilot, lambda: app.fleet.table.selected_id == "cam_59")
        assert len(looks) < 20
        burst(app, "/")
        await until(pilot, lambda: app.focused is not None and app.focused.id == "filter-input")
        await pilot.pause()
        looks.clear()
        burst(app, "x" * 200)
        await until(pilot, lambda: app.fleet.pattern == "x" * 200)
        assert len(looks) < 20


async def test_keys_that_edit_a_text_do_not_wait_in_between_and_no_letter_overtakes_them(looks: list[None]) -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        burst(app, "/")
        await until(pilot, lambda: app.focused is not None and app.focused.id == "filter-input")
        await pilot.pause()
        looks.clear()
        burst(app, "a" * 60, *held("backspace", 58), "bcdef", *held("left", 4), *held("delete", 2), "g")
        burst(app, *held("end", 1), *held("backspace", 2), "h")
        await until(pilot, lambda: app.fleet.pattern == "aabgh")
        assert len(looks) < 60  # of 133 keys, each of which would look twice


async def test_nothing_is_looked_at_while_no_key_comes(looks: list[None]) -> None:
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        burst(app, "l")
        await until(pilot, lambda: app.fleet.log_pane.log_body.has_focus)
        for _ in range(20):
            looks.clear()
            await pilot.pause(0.3)
            if not looks:
                return
    pytest.fail("it looks and looks")


async def test_a_dashboard_that_never_rests_still_takes_every_key_in_order() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, recorder_snapshot(*FLEET.cameras, camera("library"))) as (app, pilot):

        async def keep_busy() -> None:
            while True:
                app.fleet.log_pane.log_body.post_message(Idle())
                await asyncio.sleep(0)

        noise = asyncio.create_task(keep_busy())
        burst(app, "/ry\rl")
        await until(pilot, lambda: app.fleet.chosen is Pane.LOG)
        noise.cancel()
        assert app.fleet.pattern == "ry"
    assert recorder.calls == []


async def test_a_failing_look_costs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(typed: Typed) -> Never:
        raise RuntimeError("nothing to be seen")

    monkeypatch.setattr(Typed, "_let_through", fails)
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        burst(app, "j")
        await until(pilot, lambda: app.fleet.table.selected_id == "cam_1")
        burst(app, Key("ctrl+q", "\x11"))
        await left(app, pilot)


async def test_a_cursor_that_is_moved_along_does_not_wait_for_a_look_that_is_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(typed, "LIMIT_S", 600.0)
    async with dashboard(FakeRecorder(), FLEET) as (app, pilot):
        looking = asyncio.Event()

        def never(callback: object) -> bool:
            looking.set()
            return True

        with monkeypatch.context() as held_up:
            held_up.setattr(app, "call_after_refresh", never)
            burst(app, *held("down", 1))
            await looking.wait()
            burst(app, *held("down", 1))
            await until(pilot, lambda: app.fleet.table.selected_id == "cam_2")
        burst(app, *held("down", 1))
        await until(pilot, lambda: app.fleet.table.selected_id == "cam_3")
