"""The scroll bar of a long list: drawn where it looks different, and only there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.scrollbar import ScrollBar

from tests.tui.fakes import log_line
from tests.tui.test_log_pane import LogApp, log_app
from vmstui.tui.widgets.log_body import LogBody


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Each time that a scroll bar is drawn."""
    times: list[int] = []
    render: Callable[[ScrollBar], Any] = ScrollBar.render

    def watched(bar: ScrollBar) -> Any:
        times.append(bar.window_virtual_size)
        return render(bar)

    monkeypatch.setattr(ScrollBar, "render", watched)
    return times


async def filled(app: LogApp, body: LogBody, pilot: Pilot[None], drawn: list[int], lines: int) -> None:
    body.append(tuple(map(log_line, range(lines))))
    await pilot.pause()
    assert app.shown()[-1].endswith(f"line {lines - 1:06}")
    assert drawn
    drawn.clear()


async def test_a_line_more_in_a_long_log_does_not_draw_the_scroll_bar_anew(drawn: list[int]) -> None:
    async with log_app(capacity=10_000) as (app, body, pilot):
        await filled(app, body, pilot, drawn, 5000)
        for number in range(5000, 5020):
            body.append((log_line(number),))
            await pilot.pause()
            assert app.shown()[-1].endswith(f"line {number:06}")
        assert drawn == []


async def test_a_mark_that_moves_is_drawn_and_so_is_one_of_another_length(drawn: list[int]) -> None:
    async with log_app(capacity=10_000) as (app, body, pilot):
        await filled(app, body, pilot, drawn, 20)
        body.set_scroll_y(0)
        await pilot.pause()
        assert drawn
        drawn.clear()
        body.append(tuple(map(log_line, range(20, 40))))
        await pilot.pause()
        assert drawn


async def test_a_bar_in_other_colours_or_of_another_size_is_drawn(drawn: list[int]) -> None:
    async with log_app(capacity=10_000) as (app, body, pilot):
        await filled(app, body, pilot, drawn, 5000)
        app.theme = "textual-light"
        await pilot.pause()
        assert drawn
        drawn.clear()
        await pilot.resize_terminal(60, 20)
        await pilot.pause()
        assert drawn
