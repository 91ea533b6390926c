"""The history of a camera as lines."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fakes import NOW
from vmstui.model import Event, EventKind
from vmstui.tui import glyphs
from vmstui.tui.history_lines import KIND_ROLE, event_lines, grown
from vmstui.tui.lines import Role, text_of, width_of

STALL = Event(
    NOW, "lobby", EventKind.WATCHDOG, "segment does not grow", "no growth", "31 s", "20 s", "worker is replaced"
)
TEXTS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=200)


def event(number: int) -> Event:
    return Event(NOW + timedelta(seconds=number), "lobby", EventKind.START, f"start {number}")


def test_an_event_is_a_time_of_the_recorder_a_sign_a_word_and_a_text_with_its_evidence_below() -> None:
    lines = event_lines(STALL, ZoneInfo("Asia/Ho_Chi_Minh"), 100)
    assert [text_of(line) for line in lines] == [
        "2025-10-20 14:56:00  ▲ watchdog    segment does not grow",
        "                       rule: no growth · measured: 31 s · limit: 20 s · outcome: worker is replaced",
    ]
    assert ("▲ watchdog", Role.WARN) in lines[0]
    assert {role for _, role in lines[1]} == {Role.DIM}


def test_a_narrow_pane_leaves_the_year_out_and_wraps() -> None:
    long = Event(NOW, "lobby", EventKind.EXIT, "worker ended: " + "no route to host " * 6, measured="exit code 251")
    texts = [text_of(line) for line in event_lines(long, ZoneInfo("UTC"), 60)]
    assert texts[0].startswith("10-20 07:56:00  ✖ exit        worker ended: no route")
    assert all(text.startswith(" " * 30) for text in texts[1:-1])
    assert texts[-1] == " " * 18 + "measured: exit code 251"
    assert "".join(text[30:] for text in texts[:-1]).replace(" ", "") == long.text.replace(" ", "")


def test_a_rule_that_says_the_same_as_the_text_is_said_once() -> None:
    (line,) = event_lines(Event(NOW, "lobby", EventKind.WATCHDOG, "no footage", rule="no footage"), None, 80)
    assert text_of(line).count("no footage") == 1


@given(st.integers(40, 200), st.sampled_from(EventKind), TEXTS, TEXTS, TEXTS)
def test_no_line_is_wider_than_the_pane_and_nothing_is_left_out(
    cells: int, kind: EventKind, text: str, measured: str, outcome: str
) -> None:
    lines = event_lines(Event(NOW, "lobby", kind, text, "", measured, "", outcome), None, cells)
    assert max(map(width_of, lines)) <= cells
    shown = "".join(map(text_of, lines)).replace(" ", "")
    assert all(part.replace(" ", "") in shown for part in (text, measured, outcome))


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_has_a_sign_beside_its_word_and_deaths_do_not_look_like_stops(kind: EventKind) -> None:
    head = event_lines(Event(NOW, "lobby", kind, "text"), None, 80)[0]
    assert (f"{glyphs.EVENT[kind]} {kind}", KIND_ROLE[kind]) in head
    assert KIND_ROLE[EventKind.EXIT] is not KIND_ROLE[EventKind.STOP]


def test_what_is_known_grows_by_what_is_new_and_is_asked_for_anew_where_there_may_be_a_hole() -> None:
    known = tuple(map(event, range(5)))
    assert grown(known, known[-2:]) == known
    assert grown(known, (*known[-2:], event(5), event(6))) == (*known, event(5), event(6))
    assert grown(known, (event(6), event(7))) is None
    assert grown(known, ()) is None
    assert grown((), known) is None
