"""What the findings screen lists, in which order, and how it looks: pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fakes import NOW, acknowledged, camera, explained, findings_page, incident, recorder_snapshot
from vmstui.findings import ExplainedFinding, FindingsPage, Origin, Seen, Severity, UntoldLines
from vmstui.model import CameraState
from vmstui.tui.findings_lines import (
    Context,
    finding_lines,
    head_line,
    place,
    row_line,
    spark,
    summary,
    text_lines,
    trend_lines,
)
from vmstui.tui.findings_rows import OVER, QUIET, Kind, Look, Row, counted, rows
from vmstui.tui.format import short_count
from vmstui.tui.glyphs import LEVELS, in_ascii
from vmstui.tui.lines import Role, text_of, width_of

FLEET = recorder_snapshot(camera("lobby"), camera("gate"), camera("yard"))
CONTEXT = Context(NOW, None, {one.id: one for one in FLEET.cameras})


def order(*found: ExplainedFinding, look: Look | None = None, **changes: object) -> list[str]:
    return [named(row) for row in rows(findings_page(*found, **changes), FLEET, look or Look())]


def named(row: Row) -> str:
    return row.explained.finding.fingerprint if row.explained is not None else row.kind.value


def drawn(row: Row, cells: int = 80) -> str:
    return text_of(row_line(row, place(cells, 8, one_camera=False), CONTEXT, cells - 1))


def said(*found: ExplainedFinding, cells: int = 80) -> str:
    context = replace(CONTEXT, findings=found)
    return "\n".join(text_of(line) for line in finding_lines(found[0], context, cells))


def test_problems_come_first_the_worst_of_those_that_go_on_and_unknown_errors_before_known_noise() -> None:
    assert order(
        explained("info", Severity.INFO),
        explained("", None, text="odd", fingerprint="unknown warning"),
        explained("noise", Severity.BENIGN),
        explained("", None, text="odd", fingerprint="unknown error", level="error"),
        explained("lossy", rate_per_min=2.0),
        explained("lossier", rate_per_min=90.0),
        explained("over", Severity.CRITICAL, active=False),
        explained("dead", Severity.CRITICAL),
    ) == ["dead", "lossier", "lossy", "unknown error", "over", "noise", "unknown warning", "info"]


def test_what_a_camera_that_is_not_recorded_suffers_from_goes_on_however_long_its_next_try_takes() -> None:
    waiting = recorder_snapshot(camera("gate", CameraState.AUTH_FAILED), camera("lobby"))
    found = findings_page(
        explained("lossy", camera="lobby"), explained("refused", Severity.CRITICAL, camera="gate", active=False)
    )
    first, second = rows(found, waiting, Look())
    assert (named(first), first.over) == ("refused", False)
    assert named(second) == "lossy"


def test_what_a_camera_said_long_before_it_was_not_recorded_any_more_is_not_why() -> None:
    """Its password was refused once; now there is no stream at its path, and of that no message is to be had."""
    told = explained("refused", Severity.CRITICAL, camera="gate", active=False)
    assert told.finding.last.at is not None
    for minutes, kinds in ((1, [Kind.FINDING]), (14, [Kind.DOWN, Kind.FINDING])):
        since = told.finding.last.at + timedelta(minutes=minutes)
        gate = camera("gate", CameraState.BACKOFF, reason="no stream at this path", offline_since=since)
        shown = rows(findings_page(told), recorder_snapshot(gate), Look())
        assert [row.kind for row in shown] == kinds
        assert shown[-1].over == (minutes > 1)


def test_the_newest_cause_of_an_outage_leads_and_what_an_earlier_try_failed_for_is_over() -> None:
    """Its password was refused and corrected, now its path is wrong: within one outage, a minute apart."""
    refused = explained("refused", Severity.CRITICAL, camera="gate", active=False, rate_per_min=9.0, outlived=True)
    no_path = explained("no path", Severity.CRITICAL, camera="gate", active=False)
    gate = camera("gate", CameraState.BACKOFF, reason="no stream at this path", offline_since=NOW - timedelta(hours=1))
    shown = rows(findings_page(refused, no_path), recorder_snapshot(gate), Look())
    assert [(named(row), row.over) for row in shown] == [("no path", False), ("refused", True)]
    shown = rows(findings_page(refused), recorder_snapshot(gate), Look())
    assert [(row.kind, row.over) for row in shown] == [(Kind.DOWN, False), (Kind.FINDING, True)]


def test_what_is_over_says_so_in_a_word() -> None:
    over, on = (explained("lossy", active=active, rate_per_min=1.0) for active in (False, True))
    for cells in (80, 160):
        row, *_ = rows(findings_page(over), FLEET, Look())
        assert " over " in drawn(row, cells)
        row, *_ = rows(findings_page(on), FLEET, Look())
        assert " over " not in drawn(row, cells)


def test_a_camera_that_is_not_recorded_is_listed_also_where_no_message_says_why() -> None:
    refused = camera("gate", CameraState.AUTH_FAILED, reason="the camera refused the password")
    fleet = recorder_snapshot(
        refused, camera("lobby"), camera("yard", CameraState.BACKOFF), camera("dock", CameraState.HELD)
    )
    page = findings_page(
        explained("lossy"), explained("dead", Severity.CRITICAL, camera="yard", active=False),
        incidents=(incident("dock", "lobby"),),
    )  # fmt: skip
    shown = rows(page, fleet, Look())
    assert [named(row) for row in shown] == ["incident", "down", "dead", "lossy"]
    assert counted(page, shown) == {"incident": 1, "down": 1, "degraded": 1}
    context = replace(CONTEXT, cameras={one.id: one for one in fleet.cameras}, config="/etc/v.yaml")
    line = text_of(row_line(shown[1], place(80, 8, one_camera=False), context, 79))
    assert line.startswith("✖ down     Gate     auth failed: the camera refused the password")
    assert "Correct its login in /etc/v.yaml" in text_of(summary(shown[1], context, 100)[1])
    assert rows(page, fleet, Look(pattern="!gate"))[1].kind is not Kind.DOWN


def test_an_incident_folds_the_findings_of_its_cameras_and_opens_to_them() -> None:
    page = findings_page(
        explained("refused", Severity.CRITICAL, camera="gate", incident="i1"),
        explained("lossy", camera="gate"),
        incidents=(incident("gate", "lobby"),),
    )
    assert [row.kind for row in rows(page, FLEET, Look())] == [Kind.INCIDENT, Kind.FINDING]
    opened = rows(page, FLEET, Look(opened=frozenset({"incident:i1"})))
    assert [(row.kind, row.camera) for row in opened] == [
        (Kind.INCIDENT, ""), (Kind.FINDING, "gate"), (Kind.MEMBER, "lobby"), (Kind.FINDING, "gate"),
    ]  # fmt: skip
    assert named(opened[1]) == "refused"
    assert "Lobby" in drawn(opened[2])


def test_noise_of_a_camera_in_an_incident_stays_where_noise_is() -> None:
    page = findings_page(
        explained("noise", Severity.BENIGN, camera="gate", incident="i1"),
        explained("refused", Severity.CRITICAL, camera="gate", incident="i1"),
        incidents=(incident("gate", "lobby"),),
    )
    assert [named(row) for row in rows(page, FLEET, Look())] == ["incident", "noise"]


def test_a_camera_that_is_cured_is_told_so_and_what_it_has_besides_is_not_folded() -> None:
    page = findings_page(
        explained("refused", Severity.CRITICAL, camera="gate", incident="i1", active=False),
        incidents=(incident("gate", "lobby", "yard", cured=("gate",)),),
    )
    assert [row.kind for row in rows(page, FLEET, Look())] == [Kind.INCIDENT, Kind.FINDING]
    opened = rows(page, FLEET, Look(opened=frozenset({"incident:i1"})))
    assert "Gate  does not have it any more" in drawn(opened[1])


def test_a_finding_of_an_incident_that_lacks_its_camera_is_not_lost() -> None:
    assert order(explained(camera="yard", incident="i1"), incidents=(incident("gate", "lobby"),)) == [
        "incident", "rtp.missed",
    ]  # fmt: skip


def test_acknowledged_ones_and_incidents_that_are_over_are_a_line_each_at_the_end_and_can_be_opened() -> None:
    page = findings_page(
        explained("known", is_quiet=True, acknowledgement=acknowledged()),
        explained("noise", Severity.BENIGN),
        incidents=(incident("gate", "lobby", over_at=NOW - timedelta(minutes=1)),),
    )
    closed = rows(page, FLEET, Look())
    assert [named(row) for row in closed] == ["noise", "fold", "fold"]
    assert [drawn(row).strip() for row in closed[1:]] == ["▸ 1 acknowledged finding", "▸ 1 incident that is over"]
    opened = rows(page, FLEET, Look(opened=frozenset({QUIET, OVER})))
    assert [named(row) for row in opened] == ["noise", "fold", "known", "fold", "incident"]
    assert "for 1 min" in drawn(opened[-1])


def test_one_that_is_acknowledged_but_above_its_ceiling_is_told_as_any_other() -> None:
    loud = explained("lossy", acknowledgement=acknowledged(), is_quiet=False)
    assert order(loud) == ["lossy"]
    assert "(acknowledged, but above its ceiling)" in drawn(rows(findings_page(loud), FLEET, Look())[0], 160)
    assert "told again" in said(loud)


def test_lines_in_no_finding_and_findings_in_no_answer_are_told() -> None:
    page = findings_page(untold=(UntoldLines("gate", 120, 12, 400),), more=7)
    lines, more = rows(page, FLEET, Look())
    assert "Gate: 120 lines of further unknown kinds, 12 of them errors, were only counted." in drawn(lines, 120)
    assert "400 lines came faster" in text_of(summary(lines, CONTEXT, 200)[0])
    assert "7 findings more" in drawn(more)


def test_only_one_camera_is_listed_where_that_is_wanted_and_what_it_has_in_common() -> None:
    page = findings_page(
        explained("mine", camera="gate"), explained("other", camera="yard"),
        incidents=(incident("gate", "lobby"), incident("yard", "lobby", id="i2")),
        untold=(UntoldLines("gate", 1, 0, 0), UntoldLines("yard", 1, 0, 0)),
    )  # fmt: skip
    shown = rows(page, FLEET, Look(camera="gate"))
    assert [named(row) for row in shown] == ["incident", "mine", "untold"]
    assert counted(page, (), "gate") == {"incident": 1, "degraded": 1}


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("gate", ["critical"]), ("TCP", ["critical", "lossy"]), ("critical", ["critical"]), ("!gate", ["lossy"]),
        ("blob 41", []), ("", ["critical", "lossy"]), ("!", ["critical", "lossy"]), ("input", ["critical", "lossy"]),
    ],
)  # fmt: skip
def test_a_filter_looks_at_all_that_is_said_of_a_finding(pattern: str, left: list[str]) -> None:
    found = (explained("critical", Severity.CRITICAL, camera="gate"), explained("lossy"))
    assert order(*found, look=Look(pattern=pattern)) == left


def test_what_is_counted_is_what_goes_on_and_nobody_acknowledged() -> None:
    page = findings_page(
        explained("a", Severity.CRITICAL), explained("b"), explained("c", active=False), explained("d", is_quiet=True),
        explained("e", Severity.BENIGN), explained("", None, level="error"), explained("f", incident="i1"),
        incidents=(incident("lobby", "gate"),),
    )  # fmt: skip
    assert counted(page, ()) == {"incident": 1, "critical": 1, "degraded": 1, "unknown": 1}


@given(st.integers(60, 300), st.sampled_from([*Severity, None]), st.booleans(), st.integers(0, 10**12))
def test_every_row_fits_its_cells(cells: int, severity: Severity | None, one: bool, count: int) -> None:
    found = explained("odd" if severity else "", severity, count=count, rate_per_min=count / 7, cause="x " * 300)
    page = findings_page(found, incidents=(incident("lobby", "gate", text="y" * 400),), more=3)
    columns = place(cells, 12, one_camera=one)
    assert width_of(head_line(columns)) <= cells
    for row in rows(page, FLEET, Look(opened=frozenset({"incident:i1"}))):
        line = row_line(row, columns, CONTEXT, cells - 1)
        assert width_of(line) <= cells
        assert in_ascii(text_of(line)).isascii()
        assert all(width_of(part) <= cells for part in summary(row, CONTEXT, cells))
        assert all(width_of(part) <= cells for part in text_lines(row, CONTEXT, cells))


def test_severity_is_a_sign_and_a_word_of_its_own_each() -> None:
    heads = {drawn(rows(findings_page(explained("m", one)), FLEET, Look())[0])[:11] for one in Severity}
    assert heads == {"✖ critical ", "▲ degraded ", "- benign   ", "i info     "}
    unknown = explained("", None, level="error", text="[vendor] blob")
    row = rows(findings_page(unknown), FLEET, Look())[0]
    assert drawn(row).startswith("? error    Lobby")
    assert "[vendor] blob" in drawn(row)


def test_the_text_of_a_finding_has_all_there_is_to_know() -> None:
    text = said(
        explained(
            acknowledgement=acknowledged(), is_quiet=True, worst=Severity.CRITICAL, amount=3744,
            examples=("RTP: missed 12 packets", "RTP: missed 99 packets"),
        ),
        cells=100,
    )  # fmt: skip
    for words in (
        "▲ degraded  Lobby · about its input · rtp.missed · was critical at its worst · goes on",
        "means      Packets from the camera are lost on the way.",
        "what to do Use TCP, or look at the network between camera and recorder.",
        "how often  312 lines · 3744 counted in them · 12/min now · 30/min at most",
        "numbers    missed 12",
        "(41 min ago), line 7",
        "RTP: missed 12 packets",
        "(8 s ago), line 1207",
        "also       RTP: missed 99 packets",
        "known      acknowledged by anna",
        "trend",
        "30/min",
        "30 min ago",
        "known from libavformat/rtpdec.c",
    ):
        assert words in text


def test_what_nobody_knows_says_so_with_its_own_words_and_how_to_name_it() -> None:
    text = said(explained("", None, level="error", text="[vendor @ 0x5581] blob 41 exploded"))
    assert "Nobody knows; ffmpeg calls it an error." in text
    assert "vmstui findings --unknown" in text
    assert "[vendor @ 0x5581] blob 41 exploded" in text


def test_what_only_follows_names_what_it_follows_from() -> None:
    cause = explained("refused", Severity.CRITICAL, cause="The camera refused its login.")
    assert "it only follows from: The camera refused its login." in said(explained(follows="refused"), cause)
    assert "it only follows from: gone" in said(explained(follows="gone"))


def test_what_only_follows_from_a_finding_stands_in_its_text() -> None:
    refused = explained("refused", Severity.CRITICAL)
    again = explained("again", Severity.INFO, follows="refused", last=Seen(2, NOW, "Server returned 401"))
    elsewhere = explained("x", Severity.INFO, camera="gate", follows="refused", last=Seen(2, NOW, "of another camera"))
    text = said(refused, again, elsewhere)
    assert "with it    Server returned 401" in text
    assert "of another camera" not in text
    assert "with it" not in said(again, refused)


def test_a_log_without_times_has_no_rate_and_no_trend_and_is_shown() -> None:
    row = rows(
        findings_page(explained(rate_per_min=None, peak_per_min=None, spark=(), last=Seen(3, None, "x"))), FLEET, Look()
    )[0]
    assert drawn(row).rstrip().endswith("–    –")
    assert row.explained is not None
    assert "line 3" in said(row.explained)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30), st.integers(1, 40))
def test_a_spark_has_its_cells_and_shows_no_zero_and_every_line(minutes: list[int], cells: int) -> None:
    drawn = spark(minutes, cells)
    assert len(drawn) == cells
    assert set(drawn) <= set(LEVELS) | {" "}
    assert drawn.strip() == "" if not any(minutes) else LEVELS[-1] in drawn


def test_a_trend_is_as_high_as_its_highest_minute_and_tells_its_scale() -> None:
    lines = trend_lines((0,) * 28 + (1, 24), 80)
    assert text_of(lines[0]).rstrip().endswith("██ 24/min")
    assert text_of(lines[2]).rstrip().endswith("▁▁██")
    assert trend_lines((0,) * 30, 80)[0][1] == ("none in the last 30 minutes", Role.DIM)


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0"), (0.4, "0.4"), (312, "312"), (9999, "9999"), (12_400, "12.4k"), (999_949, "1000k"), (5e6, "5.0M")],
)
def test_counts_take_six_cells_at_most(count: float, words: str) -> None:
    assert short_count(count) == words


def test_an_empty_page_lists_nothing() -> None:
    assert rows(FindingsPage(NOW, (), (), ()), None, Look()) == ()
    assert Origin.INPUT.value
