"""How long footage will stay, in the header and in the details: what is promised and not kept is seen at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.tui.fakes import GIB, NOW, FakeRecorder, camera, camera_details, recorder_snapshot
from tests.tui.screens import dashboard, screen_text, until
from vmstui.storage import CameraStorage, StorageProjection
from vmstui.tui.details_lines import details_lines
from vmstui.tui.lines import Line, Role, text_of, width_of
from vmstui.tui.verdict import Link
from vmstui.tui.widgets.header import header_line

GB = 10**9


def stays(name: str, days: float | None = 14.0, promised: float | None = 14.0, **changes: object) -> CameraStorage:
    one = CameraStorage(
        name, True, 422_000.0, 86_000.0, False, 412 * GB, 0, NOW - timedelta(days=11), promised, days, "age", 0, "age",
        NOW + timedelta(days=3),
    )  # fmt: skip
    return replace(one, **changes)  # type: ignore[arg-type]


def projection(*cameras: CameraStorage, **changes: object) -> StorageProjection:
    found = StorageProjection(NOW, cameras, 412 * GB, 0, 76 * GIB, 200 * GIB, 10 * GIB, 422_000.0, "age", "a", NOW)
    return replace(found, **changes)  # type: ignore[arg-type]


def header(storage: StorageProjection | None, cells: int = 160) -> Line:
    line = header_line(recorder_snapshot(camera("a"), camera("b")), Link(), cells, storage)
    assert width_of(line) == cells
    return line


def role_of(line: Line, words: str) -> Role:
    return next(role for text, role in line if words in text)


def test_the_header_says_for_how_long_footage_stays() -> None:
    assert "CPU 46.8 % of 205 % · disk 14 days · 2 live · up 3 h" in text_of(header(projection(stays("a"), stays("b"))))
    assert "disk 2–11.4 days" in text_of(header(projection(stays("a", 11.4, None), stays("b", 2.0, 2.0))))
    assert "disk ~14 days" in text_of(header(projection(stays("a", provisional=True))))
    assert "disk 76 G free" in text_of(header(projection(stays("a", None))))
    assert "disk 76 G free" in text_of(header(None))


@pytest.mark.parametrize("cells", [80, 120, 160])
def test_a_promise_that_will_be_broken_is_a_warning_in_words_at_every_width(cells: int) -> None:
    line = header(projection(stays("a"), stays("b", 11.4), stays("c", 3.0)), cells)
    assert "▲ disk 3 of 14 days" in text_of(line), "the worst of them"
    assert role_of(line, "of 14 days") is Role.WARN


@pytest.mark.parametrize(
    ("hours", "words", "role"), [(5, "full in 5 h", Role.PILL_BAD), (75, "full in 3 d", Role.PILL_WARN)]
)
def test_a_disk_on_which_nothing_can_make_room_says_when_it_is_full(hours: int, words: str, role: Role) -> None:
    line = header(projection(stays("a", 0.0), held_at=NOW + timedelta(hours=hours)), 80)
    assert words in text_of(line)
    assert role_of(line, words) is role


def details(storage: CameraStorage | None, cells: int = 100) -> list[str]:
    snapshot = recorder_snapshot(camera("a"))
    lines = details_lines(snapshot, snapshot.cameras[0], camera_details("a"), cells, storage)
    assert all(width_of(line) <= cells for line in lines)
    return [text_of(line) for line in lines]


@pytest.mark.parametrize("cells", [70, 100, 160])
def test_the_details_of_a_camera_tell_its_rate_and_how_long_its_footage_stays(cells: int) -> None:
    text = " ".join(" ".join(details(stays("a"), cells)).split())
    for words in ("1,519.2 MB/h", "412.0 GB since 2025-10-09", "stays 14 days, ended by age", "next: age, in 3 d"):
        assert words in text
    assert "promised" not in text
    assert not [line for line in details(None, cells) if line.startswith("storage")]


def test_what_is_wrong_with_it_has_a_line_of_its_own() -> None:
    short = stays("a", 9.5, rule="free space", missing_bytes=450 * GB)
    lines = details(short)
    assert any("14 days are promised, 9.5 will stay: free space, 450.0 GB too little" in line for line in lines)
    silent = details(stays("a", None, bytes_per_s=0.0))
    assert any("nothing was recorded in the last 24 hours" in line for line in silent)
    assert any("~ measured over less than a day" in line for line in details(stays("a", provisional=True)))


async def test_the_dashboard_asks_when_it_connects_and_shows_it_in_header_and_details() -> None:
    recorder = FakeRecorder(projection=projection(stays("a"), stays("b", 9.5, rule="free space")))
    snapshot = recorder_snapshot(camera("a"), camera("b"))
    async with dashboard(recorder, snapshot, size=(120, 40)) as (app, pilot):
        await until(pilot, lambda: "▲ disk 9.5 of 14 days" in screen_text(app))
        await pilot.press("enter")
        recorder.send(replace(snapshot, at=NOW + timedelta(seconds=1)))
        await until(pilot, lambda: "1,519.2 MB/h" in screen_text(app))
        asked = recorder.storage_questions
        recorder.lose()
        recorder.send(snapshot)
        await until(pilot, lambda: recorder.storage_questions > asked, tries=800)


async def test_a_recorder_that_does_not_know_it_is_shown_as_before() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, recorder_snapshot(camera("a"))) as (app, pilot):
        await until(pilot, lambda: recorder.storage_questions)
        await pilot.pause()
        assert "disk 76 G free" in screen_text(app)
        assert "days" not in screen_text(app).split("\n")[0]


async def test_text_of_the_recorder_cannot_steer_the_terminal() -> None:
    hostile = stays("a", 9.5, rule="free\x1b[31m space")
    recorder = FakeRecorder(projection=projection(hostile))
    snapshot = recorder_snapshot(camera("a"))
    async with dashboard(recorder, snapshot, size=(120, 40)) as (app, pilot):
        await until(pilot, lambda: app.picture.storage)
        await pilot.press("enter")
        recorder.send(replace(snapshot, at=NOW + timedelta(seconds=1)))
        await until(pilot, lambda: "free space" in screen_text(app))
        assert "\x1b" not in screen_text(app)
