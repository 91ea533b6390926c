"""What is told at once: new incidents and critical findings, folded; nothing that is old."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from tests.tui.fakes import NOW, FakeRecorder, camera, incident, recorder_snapshot
from tests.tui.screens import dashboard, toasts, until
from vmstui.findings import Incident, Severity
from vmstui.model import CameraSnapshot, RecorderSnapshot
from vmstui.tui.notices import FOLD, FORGET, PAUSE, Notices, announcement

IDS = ("a", "b", "c", "d", "e", "f")
WELL = recorder_snapshot(*map(camera, IDS))


def critical(id: str, finding: str = "Its disk is full.") -> CameraSnapshot:  # noqa: A002 (the model's word)
    return camera(id, severity=Severity.CRITICAL, finding=finding)


def at(seconds: float, *changed: CameraSnapshot, incidents: tuple[Incident, ...] = ()) -> RecorderSnapshot:
    cameras = {one.id: one for one in (*map(camera, IDS), *changed)}
    when = NOW + timedelta(seconds=seconds)
    return replace(WELL, at=when, cameras=tuple(cameras.values()), incidents=incidents)


def told(notices: Notices, *snapshots: RecorderSnapshot) -> list[str]:
    return [notice for snapshot in snapshots if (notice := notices.heard(snapshot))]


def test_what_there_was_when_the_dashboard_attached_is_never_told() -> None:
    old = [at(n, critical("a"), incidents=(incident("b", "c"),)) for n in range(60)]
    assert told(Notices(), *old) == []


def test_a_new_critical_finding_is_told_once_in_its_words() -> None:
    notices = Notices()
    assert told(notices, at(0), *(at(n, critical("a")) for n in range(1, 60))) == [
        "✖ Critical on A: Its disk is full.\nf shows the findings."
    ]


def test_a_burst_is_one_notice_with_a_count() -> None:
    notices = Notices()
    steps = [at(0), *(at(n / 2, *map(critical, IDS[:n])) for n in range(1, 7)), at(9, *map(critical, IDS))]
    assert told(notices, *steps) == ["✖ Critical on 6 cameras: A, B, C, D +2.\nf shows the findings."]


def test_an_incident_is_told_instead_of_its_cameras() -> None:
    notices = Notices()
    common = (incident("a", "b", "c"),)
    cameras = [critical(one) for one in "abc"]
    steps = [at(0), at(1, *cameras), *(at(n, *cameras, incidents=common) for n in range(2, 40))]
    assert told(notices, *steps) == [
        "▲ Incident: the RTSP server on this host refused, 3 cameras.\nf shows the findings."
    ]


def test_what_flaps_is_told_once_and_again_when_it_was_gone_for_long() -> None:
    notices = Notices()
    flaps = [at(n, *([critical("a")] if n % 5 == 1 else [])) for n in range(400)]
    assert len(told(notices, *flaps)) <= 1
    late = FORGET.total_seconds() + 400
    again = [at(late, critical("a")), at(late + FOLD.total_seconds(), critical("a"))]
    assert len(told(notices, at(late - 1), *again)) == 1


def test_notices_come_with_a_pause_between_them_and_none_is_lost() -> None:
    notices = Notices()
    steps = [at(n, *map(critical, IDS[: n // 6])) for n in range(60)]
    found = told(notices, *steps)
    assert 2 <= len(found) <= 60 / PAUSE.total_seconds() + 1
    for id_ in IDS:
        assert any(f" {id_.upper()}" in notice for notice in found)


def test_another_service_has_no_news_at_first() -> None:
    notices = Notices()
    told(notices, at(0))
    notices.detached()
    assert told(notices, *(at(n, critical("a")) for n in range(1, 30))) == []


def test_what_is_over_before_it_is_told_is_not_told() -> None:
    assert told(Notices(), at(0), at(1, critical("a")), *(at(n) for n in range(2, 30))) == []


def test_a_silent_camera_says_nothing_and_what_goes_on_is_told_once_it_no_longer_is() -> None:
    notices = Notices()
    both = [at(n, critical("a"), critical("b")) for n in range(1, 60)]
    silent = frozenset({"a"})
    assert [notice for shown in [at(0), *both] if (notice := notices.heard(shown, silent))] == [
        "✖ Critical on B: Its disk is full.\nf shows the findings."
    ]
    later = [at(n, critical("a"), critical("b")) for n in range(60, 90)]
    assert told(notices, *later) == ["✖ Critical on A: Its disk is full.\nf shows the findings."]


def test_who_is_silenced_while_its_notice_waits_is_not_told() -> None:
    notices = Notices()
    told(notices, at(0), at(1, critical("a")))
    assert not any(notices.heard(at(n, critical("a")), frozenset({"a"})) for n in range(2, 30))


def test_an_incident_is_told_unless_all_of_its_cameras_are_silent() -> None:
    common = (incident("a", "b"),)
    for silent, count in ((frozenset({"a"}), 1), (frozenset({"a", "b"}), 0)):
        notices = Notices()
        notices.heard(at(0), silent)
        assert sum(bool(notices.heard(at(n, incidents=common), silent)) for n in range(1, 30)) == count


def test_what_goes_to_the_desktop_is_one_line_that_nothing_in_it_can_end() -> None:
    words = "✖ Critical on A: x\x07\x1b]0;y\x1b\\ z\x9c\nf shows the findings."
    plain = announcement(words)
    assert plain.startswith("\x1b]9;vmstui: ")
    assert plain.endswith("\x07")
    inside = plain.removeprefix("\x1b]9;").removesuffix("\x07")
    assert inside.isprintable()
    assert "f shows the findings." in inside
    assert len(announcement("x" * 10_000)) < 400
    assert announcement("x", in_tmux=True) == "\x1bPtmux;\x1b\x1b]9;vmstui: x\x07\x1b\\"


@pytest.mark.parametrize(
    ("tell", "rings", "announces"), [("screen", 0, 0), ("bell", 1, 0), ("desktop", 0, 1), ("both", 1, 1)]
)
async def test_bell_and_desktop_are_asked_for_and_then_come_with_each_notice(
    tell: str, rings: int, announces: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[None] = []
    written: list[str] = []
    recorder = FakeRecorder()
    async with dashboard(recorder, at(0)) as (app, pilot):
        app.remember(lambda chosen: replace(chosen, tell=tell))
        assert app._driver is not None
        monkeypatch.setattr(app, "bell", lambda: rung.append(None))
        monkeypatch.setattr(app._driver, "write", written.append)
        for n in (1, 8):
            recorder.send(at(n, critical("a")))
            shown = NOW + timedelta(seconds=n)
            await until(pilot, partial(lambda shown: app.picture.snapshot.at == shown, shown))  # type: ignore[union-attr]
        await until(pilot, lambda: "Critical on A" in toasts(app))
        assert len(rung) == rings
        assert sum("]9;vmstui: " in text for text in written) == announces


async def test_the_dashboard_shows_it_as_one_toast() -> None:
    recorder = FakeRecorder()
    async with dashboard(recorder, at(0)) as (app, pilot):
        for n in (1, 2, 8):
            recorder.send(at(n, critical("a", "full \x1b[2J"), critical("b")))
            shown = NOW + timedelta(seconds=n)
            await until(pilot, partial(lambda shown: app.picture.snapshot.at == shown, shown))  # type: ignore[union-attr]
        await until(pilot, lambda: "Critical on 2 cameras: A, B" in toasts(app))
        assert len(app._notifications) == 1
