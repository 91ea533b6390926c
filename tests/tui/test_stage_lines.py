"""The bars of what a worker spends its CPU time on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fakes import NOW, STAGE_SHARES, FakeRecorder, camera, recorder_snapshot
from tests.tui.screens import dashboard, screen_text, until
from vmstui.stages import Stage, StageBreakdown, StageShare
from vmstui.tui.glyphs import in_ascii
from vmstui.tui.lines import text_of, width_of
from vmstui.tui.stage_lines import stage_lines

FOUND = StageBreakdown("lobby", 101613, NOW, 10.0, 23.4, STAGE_SHARES, "")


def test_each_stage_has_its_figure_its_part_and_a_bar_as_long_as_that() -> None:
    texts = [text_of(line) for line in stage_lines(FOUND, 100)]
    assert [text[11:28].strip() for text in texts[:-1]] == [
        "demux (RTSP)", "decode", "filter", "encode recording", "encode live", "mux", "other threads",
    ]  # fmt: skip
    assert texts[0].startswith("stages     demux (RTSP)       0.5 %   2 % ")
    assert texts[3].startswith("           encode recording   8.4 %  36 % █")
    bars = [text.count("█") for text in texts[:-1]]
    assert bars == [round(share.cpu_percent / 23.4 * 57) for share in STAGE_SHARES]
    assert texts[-1].strip() == "23.4 % of a core in all, over 10 s"


def test_where_there_is_no_breakdown_the_reason_stands() -> None:
    none = StageBreakdown("lobby", 1, None, 0.0, 0.0, (), "this worker's ffmpeg does not tell its threads apart")
    texts = [text_of(line) for line in stage_lines(none, 40)]
    assert texts == ["stages     this worker's ffmpeg does not", "           tell its threads apart"]
    assert stage_lines(None, 40) == []


@given(st.integers(30, 200), st.dictionaries(st.sampled_from(list(Stage)), st.floats(0, 6400), min_size=1))
def test_no_line_is_wider_than_the_pane(cells: int, spent: dict[Stage, float]) -> None:
    shares = tuple(StageShare(stage, spent[stage]) for stage in Stage if stage in spent)
    found = StageBreakdown("lobby", 1, NOW, 10.0, sum(spent.values()), shares, "")
    lines = stage_lines(found, cells)
    assert len(lines) >= len(shares) + 1
    assert max(width_of(line) for line in lines) <= cells
    assert all(in_ascii(text_of(line)).isascii() for line in lines)


async def test_the_details_of_a_camera_show_its_stages_and_do_without_where_a_recorder_does_not_know_them() -> None:
    for reason, shown in (("", "encode recording"), ("no names", "no names"), (None, "")):
        recorder = FakeRecorder(stage_reason=reason)
        async with dashboard(recorder, recorder_snapshot(camera()), size=(160, 60)) as (app, pilot):
            await pilot.press("enter")
            await until(pilot, lambda: "very stable" in screen_text(app))
            assert shown in screen_text(app)
            assert ("stages" in screen_text(app)) == (reason is not None)
