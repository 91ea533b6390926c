"""What triage does beside a worker that runs: equal lines counted together, what comes now, findings that are taken up
again by a later service."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmstui.codec import from_json, to_json
from vmstui.ffmpeg.loglines import parse_line
from vmstui.findings import Finding, Origin, Severity
from vmstui.triage.findings import FORGOTTEN_S, QUIET_S, Bounds, CameraTriage
from vmstui.triage.knowledge import Knowledge, Message, Rule
from vmstui.triage.messages_file import shipped_messages
from vmstui.triage.remembered import KeptTriage, taken_up, written_down

T = 1.79e9
BAD = Message(
    "bad", "^bad (?P<lost>[0-9]+)", Severity.BENIGN, "Bad.", "Nothing.", rules=(Rule(Severity.DEGRADED, over=100),)
)
SUMMED = Message("summed", "^summed (?P<lost>[0-9]+)", Severity.BENIGN, "Sums.", "Nothing.", sums="lost")
CAUSE = Message("cause", "^cause", Severity.DEGRADED, "It.", "Mend it.")
FOLLOWS = Message("follows", "^follows", Severity.DEGRADED, "After it.", "Nothing.", follows=True)
NOISE = Message("noise", "^noise", Severity.DEGRADED, "A start.", "Nothing.", settles=True)
TABLE = Knowledge((BAD, SUMMED, CAUSE, FOLLOWS, NOISE))


def feed(triage: CameraTriage, text: str, at_s: float | None = T, times: int = 1) -> None:
    triage.feed(parse_line(f"[x @ 0x5] [error] {text}"), at_s, 0, times)


def by_fingerprint(triage: CameraTriage, now_s: float = T) -> dict[str, Finding]:
    return {finding.fingerprint: finding for finding in triage.findings(now_s)}


def again(triage: CameraTriage, knowledge: Knowledge = TABLE) -> CameraTriage:
    """As a later service takes it up."""
    noted = from_json(KeptTriage, json.loads(json.dumps(to_json(written_down(triage)))))
    made = CameraTriage(knowledge, camera="cam")
    taken_up(noted, made, knowledge)
    made.resumed()
    return made


TEXTS = st.sampled_from(("bad 1", "bad 2", "summed 3", "cause", "noise", "nobody knows", "nor this 7"))


@given(st.lists(st.tuples(TEXTS, st.integers(1, 50)), max_size=12))
@settings(max_examples=60, deadline=None)
def test_lines_that_are_counted_together_count_as_they_do_one_by_one(some: list[tuple[str, int]]) -> None:
    together, one_by_one = CameraTriage(TABLE), CameraTriage(TABLE)
    for text, times in some:
        feed(together, text, times=times)
        for _ in range(times):
            feed(one_by_one, text)
    assert together.lines == one_by_one.lines
    left, right = by_fingerprint(together), by_fingerprint(one_by_one)
    assert left.keys() == right.keys()
    for fingerprint, finding in left.items():
        other = right[fingerprint]
        assert (finding.count, finding.amount, finding.severity) == (other.count, other.amount, other.severity)
        assert (finding.rate_per_min, finding.level, finding.numbers) == (
            other.rate_per_min,
            other.level,
            other.numbers,
        )


def test_what_follows_from_an_error_does_so_also_when_that_came_a_thousand_times() -> None:
    triage = CameraTriage(TABLE)
    feed(triage, "cause", times=1000)
    feed(triage, "follows", times=1000)
    assert by_fingerprint(triage)["follows"].follows == "cause"


def test_findings_are_the_same_when_a_later_service_takes_them_up() -> None:
    before = CameraTriage(Knowledge(tuple(shipped_messages().values())), camera="cam")
    before.began(T - 100, sees_frames=True)
    for number in range(200):
        before.feed(parse_line(f"[rtsp @ 0x5] [warning] RTP: missed {number} packets"), T + number)
        before.feed(parse_line(f"[x @ 0x5] [error] Something {number} nobody knows"), T + number)
    before.left_out = 7
    after = again(before, Knowledge(tuple(shipped_messages().values())))
    assert after.findings(T + 200) == before.findings(T + 200)
    assert (after.lines, after.left_out) == (before.lines, 7)
    assert all(after.is_active(finding, T + 200) for finding in after.findings(T + 200))


def test_what_is_taken_up_goes_on_being_counted_and_graded() -> None:
    before = CameraTriage(TABLE)
    before.began(T - 100)
    feed(before, "bad 1", times=100)
    after = again(before)
    assert by_fingerprint(after)["bad"].severity is Severity.BENIGN
    feed(after, "bad 1", T + 1)
    finding = by_fingerprint(after, T + 1)["bad"]
    assert (finding.count, finding.severity) == (101, Severity.DEGRADED)


def test_the_bound_of_unknown_kinds_holds_over_services() -> None:
    before = CameraTriage(TABLE, bounds=Bounds(unknown_kinds=2))
    feed(before, "nobody knows a")
    feed(before, "nobody knows b")
    noted = written_down(before)
    after = CameraTriage(TABLE, bounds=Bounds(unknown_kinds=2))
    taken_up(noted, after, TABLE)
    feed(after, "nobody knows c")
    assert (len(after.findings()), after.not_kept) == (2, 1)


def test_a_message_that_the_table_has_no_more_is_not_taken_up() -> None:
    before = CameraTriage(TABLE)
    feed(before, "bad 1")
    feed(before, "cause")
    assert list(by_fingerprint(again(before, Knowledge((CAUSE,))))) == ["cause"]


def test_with_another_table_what_has_an_entry_now_is_known_and_what_has_none_is_gone() -> None:
    triage = CameraTriage(Knowledge((BAD, CAUSE)))
    for text in ("bad 1", "cause", "noise", "nobody knows"):
        feed(triage, text)
    worse = Message("bad", BAD.pattern, Severity.CRITICAL, "Worse.", "Run.")
    triage.learn(Knowledge((worse, NOISE)))
    assert set(by_fingerprint(triage)) == {"bad", "nobody knows"}
    feed(triage, "bad 1", T + 1)
    feed(triage, "noise", T + 1)
    assert by_fingerprint(triage, T + 1)["bad"].severity is Severity.CRITICAL
    assert by_fingerprint(triage, T + 1)["noise"].severity is Severity.DEGRADED


def test_an_unknown_kind_that_has_not_come_for_a_day_makes_room_and_its_lines_are_told() -> None:
    triage = CameraTriage(TABLE, bounds=Bounds(unknown_kinds=1))
    feed(triage, "nobody knows a", T, times=3)
    feed(triage, "nobody knows b", T + FORGOTTEN_S - 1)
    assert (list(by_fingerprint(triage)), triage.not_kept) == (["nobody knows a"], 1)
    feed(triage, "nobody knows c", T + FORGOTTEN_S + 1)
    assert (list(by_fingerprint(triage)), triage.not_kept, triage.not_kept_errors) == (["nobody knows c"], 4, 4)


@pytest.mark.parametrize("closes", [False, True])
def test_a_finding_of_the_run_before_comes_still_until_this_one_has_closed_a_good_segment(closes: bool) -> None:
    triage = CameraTriage(TABLE)
    triage.began(T)
    feed(triage, "cause", T + 20)
    triage.began(T + 30)
    if closes:
        triage.segment_closed()
    assert bool(triage.standing(T + 40)) is not closes
    (finding,) = triage.findings(T + 40)
    assert triage.is_active(finding, T + 40) is not closes
    assert not triage.standing(T + 20 + QUIET_S + 1)


def test_what_kept_a_camera_from_any_picture_is_over_with_the_first_one() -> None:
    triage = CameraTriage(TABLE)
    triage.began(T, sees_frames=True)
    triage.picture(T + 1)
    feed(triage, "bad 1", T + 2)
    for start in (10, 20):
        triage.began(T + start, sees_frames=True)
        feed(triage, "cause", T + start)
    triage.began(T + 30, sees_frames=True)
    assert {one.message.id for one in triage.standing(T + 31)} == {"bad", "cause"}
    news = triage.news
    triage.picture(T + 32)
    assert triage.news > news
    assert {one.message.id for one in triage.standing(T + 33)} == {"bad"}, "that run had pictures and died all the same"
    triage.segment_closed()
    assert triage.standing(T + 34) == []


def test_where_nobody_knows_of_pictures_only_a_good_segment_ends_what_was_said_before() -> None:
    triage = CameraTriage(TABLE)
    triage.began(T, sees_frames=True)
    feed(triage, "cause")
    later = again(triage)
    later.began(T + 30, sees_frames=True)
    later.picture(T + 31)
    assert [one.message.id for one in later.standing(T + 32)] == ["cause"]


def test_what_is_about_the_live_stream_alone_is_never_critical_as_it_costs_no_footage() -> None:
    refused = "[tcp @ 0x5] [error] Connection to tcp://127.0.0.1:8554{}failed: Connection refused"
    table = Knowledge(tuple(shipped_messages().values()))
    live, recording = (CameraTriage(table) for _ in range(2))
    for second in range(0, 120, 2):
        live.feed(parse_line(refused.format("?timeout=0 ")), T + second)
        recording.feed(parse_line(refused.format(" ")), T + second)
    assert [one.severity for one in live.standing(T + 120)] == [Severity.DEGRADED]
    assert [one.severity for one in recording.standing(T + 120)] == [Severity.CRITICAL]
    assert [one.worst for one in again(live, table).findings(T + 121)] == [Severity.DEGRADED]


def test_only_known_messages_stand_and_unknown_ones_are_active_all_the_same() -> None:
    triage = CameraTriage(TABLE)
    triage.began(T)
    feed(triage, "cause", T + 20)
    feed(triage, "nobody knows", T + 20)
    (one,) = triage.standing(T + 21)
    assert (one.message.id, one.severity, one.last_s) == ("cause", Severity.DEGRADED, T + 20)
    assert all(triage.is_active(finding, T + 21) for finding in triage.findings(T + 21))
    assert triage.has("cause", None)
    assert triage.has("cause", Origin.PROCESS)
    assert not triage.has("cause", Origin.LIVE)


def test_what_came_nobody_knows_when_is_counted_and_does_not_come_now() -> None:
    triage = CameraTriage(TABLE)
    triage.began(T)
    feed(triage, "bad 1", None, times=1000)
    finding = by_fingerprint(triage)["bad"]
    assert (finding.count, finding.severity, finding.peak_per_min) == (1000, Severity.BENIGN, None)
    assert not triage.standing(T + 1)
