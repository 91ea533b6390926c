"""A page of footage is bounded, says what lies around it, and pages put together are the whole, each segment once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vmstui.codec import from_json, to_json
from vmstui.control.browsing import Browsing
from vmstui.control.protocol import ProtocolError
from vmstui.footage import Gap, GapCause, Segment, SegmentVerdict
from vmstui.footage_accounts import FootageDay, FootagePage, LockedFootage
from vmstui.recorder.service import Service
from vmstui.recording import browse, locking
from vmstui.recording.catalogue import FILE_NAME, Catalogue
from vmstui.recording.locking import LockRefused

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return DAY + timedelta(minutes=minutes)


def segment(nth: int, camera: str = "lobby") -> Segment:
    path = f"/srv/{camera}/{camera}_{nth:06d}.mp4"
    return Segment(camera, 1, path, at(3 * nth), 180.0, 1000, "h264", 640, 360, SegmentVerdict.GOOD)


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    """Twenty segments of three minutes, a hole of three minutes in the middle, and another camera."""
    with Catalogue.open(tmp_path / FILE_NAME) as opened:
        opened.add([segment(nth) for nth in range(20) if nth != 10], [Gap("lobby", at(30), 180.0, GapCause.NETWORK)])
        opened.add([segment(nth, "gate") for nth in range(5)])
        opened.filled()
        yield opened


def test_the_newest_page_comes_first_and_says_that_there_is_more(catalogue: Catalogue) -> None:
    page = browse.before(catalogue, "lobby", None, 5, UTC)
    assert page.segments == tuple(segment(nth) for nth in (19, 18, 17, 16, 15))
    assert (page.older, page.newer, page.filling, page.gaps) == (True, False, False, ())
    assert page.days == (FootageDay(DAY, 19, 19 * 180.0, 19_000, 1, 180.0),)
    last = browse.before(catalogue, "lobby", at(6), 5, UTC)
    assert (last.segments, last.older, last.newer) == ((segment(1), segment(0)), False, True)


def test_a_page_after_an_instant_has_what_goes_on_then_and_the_gap_behind_it(catalogue: Catalogue) -> None:
    page = browse.after(catalogue, "lobby", at(28), 2, UTC)
    assert page.segments == (segment(11), segment(9))
    assert [gap.started_at for gap in page.gaps] == [at(30)]
    assert (page.older, page.newer) == (True, True)
    end = browse.after(catalogue, "lobby", at(58), 5, UTC)
    assert (end.segments, end.newer) == ((segment(19),), False)


@given(limit=st.integers(1, 30), start=st.integers(-5, 70))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_in_both_directions_make_the_whole(catalogue: Catalogue, limit: int, start: int) -> None:
    found: list[Segment] = []
    page = browse.before(catalogue, "lobby", at(start), limit, UTC)
    found += page.segments
    while page.older:
        page = browse.before(catalogue, "lobby", page.segments[-1].started_at, limit, UTC)
        found += page.segments
    newer = browse.before(catalogue, "lobby", at(start), 1, UTC).newer
    newest = found[0].started_at + timedelta(microseconds=1) if found else at(start)
    while newer:
        page = browse.after(catalogue, "lobby", newest, limit + 1, UTC)
        found = [one for one in page.segments if one not in found] + found
        newer, newest = page.newer, page.segments[0].started_at + timedelta(microseconds=1)
    assert found == [segment(nth) for nth in range(19, -1, -1) if nth != 10]


def test_days_are_those_of_the_zone_and_days_without_footage_are_passed_over(catalogue: Catalogue) -> None:
    catalogue.add([segment(-2000)])  # four days before
    saigon = ZoneInfo("Asia/Ho_Chi_Minh")
    newest, before = browse.days(catalogue, "lobby", None, 10, saigon)
    assert newest.began_at == datetime(2026, 2, 28, 17, tzinfo=UTC)
    assert (newest.segments, newest.recorded_s, newest.losses, newest.lost_s) == (19, 19 * 180.0, 1, 180.0)
    assert (before.began_at, before.segments) == (datetime(2026, 2, 24, 17, tzinfo=UTC), 1)
    assert len(browse.days(catalogue, "lobby", None, 1, saigon)) == 1
    assert browse.days(catalogue, "nobody", None, 10, saigon) == ()


def test_a_day_on_which_clocks_are_put_forward_has_23_hours(catalogue: Catalogue) -> None:
    for number, hour in enumerate((22, 23, 45, 46)):  # after the midnight of the 28th, in UTC
        began_at = datetime(2026, 3, 28, tzinfo=UTC) + timedelta(hours=hour)
        catalogue.add([Segment("yard", 1, f"/{number}", began_at, 60.0, 1, "h264", 1, 1, SegmentVerdict.GOOD)])
    days = browse.days(catalogue, "yard", None, 9, ZoneInfo("Europe/Berlin"))
    assert [day.segments for day in days] == [1, 2, 1]
    assert days[0].began_at - days[1].began_at == timedelta(hours=23)


def test_what_cannot_be_locked_is_refused_with_what_is_accepted(catalogue: Catalogue) -> None:
    for camera, until, note, words in (
        ("loby", at(9), "", "did you mean 'lobby'?"),
        ("lobby", at(-1), "", "accepted a time after"),
        ("lobby", at(9), "x" * 501, "found 501 characters, accepted at most 500"),
    ):
        with pytest.raises(LockRefused, match=words.replace("?", r"\?")):
            locking.lock(catalogue, ["lobby"], camera, at(0), until, note, "somebody", at(99))
    assert catalogue.locks(None) == ()
    with pytest.raises(LockRefused, match="found 7, accepted none: nothing is locked"):
        locking.unlock(catalogue, 7, at(99))


# ----------------------------------------------------------------------------------------------------- on the socket


def asked(state: Path, method: str, **params: Any) -> Any:
    """What the service answers."""
    context = SimpleNamespace(state_folder=state, zone=UTC)
    settings_ = SimpleNamespace(cameras=[SimpleNamespace(id="lobby")])
    browsing = Browsing(cast(Service, SimpleNamespace(context=context, settings=settings_)))
    return asyncio.run(cast(Any, browsing.methods[method](params)))


def test_the_newest_gaps_from_an_instant_on_cross_the_socket(tmp_path: Path, catalogue: Catalogue) -> None:
    more = [Gap("lobby", at(minutes), 30.0, GapCause.CAMERA, "closed") for minutes in (1, 50)]
    catalogue.add([], [*more, Gap("gate", at(70), 9.0, GapCause.CAMERA)])
    early, late = more

    def gaps(since: float, **limit: int) -> tuple[Gap, ...]:
        told = asked(tmp_path, "gaps", camera="lobby", since=at(since).isoformat(), **limit)
        return from_json(tuple[Gap, ...], told)

    network = Gap("lobby", at(30), 180.0, GapCause.NETWORK)
    assert gaps(0) == (late, network, early)
    assert gaps(32) == (late, network), "one that goes on then is told whole"
    assert gaps(0, limit=1) == (late,)
    assert gaps(80) == ()


def test_a_page_and_a_lock_cross_the_socket(tmp_path: Path, catalogue: Catalogue) -> None:
    page = from_json(FootagePage, asked(tmp_path, "browse", camera="lobby", before=at(9).isoformat(), limit=2))
    assert page == browse.before(catalogue, "lobby", at(9), 2, UTC)
    again = from_json(FootagePage, asked(tmp_path, "browse", camera="lobby", after=at(9).isoformat(), limit=2))
    assert again == browse.after(catalogue, "lobby", at(9), 2, UTC)
    assert from_json(tuple[FootageDay, ...], asked(tmp_path, "days", camera="lobby")) == page.days
    span = {"since": to_json(at(0)), "until": to_json(at(6))}
    held = from_json(LockedFootage, asked(tmp_path, "lock", camera="lobby", note="fight\x1b[2J", by="anna", **span))
    assert (held.segments, held.size_bytes, held.lock.note, held.lock.by) == (2, 2000, "fight", "anna")
    assert catalogue.locks("lobby") == (held.lock,)
    assert asked(tmp_path, "unlock", id=held.lock.id) is True
    assert catalogue.locks(None) == ()


@pytest.mark.parametrize(
    ("method", "params", "words"),
    [
        ("gaps", {"camera": "lobby"}, "since must be an instant"),
        ("gaps", {"camera": "lobby", "since": at(0).isoformat(), "limit": 1001}, "from 1 to 1000"),
        ("browse", {}, "camera must be the id of a camera"),
        ("browse", {"camera": "lobby", "limit": 0}, "from 1 to 1000"),
        ("browse", {"camera": "lobby", "limit": True}, "from 1 to 1000"),
        ("browse", {"camera": "lobby", "before": "noon"}, "an instant in ISO 8601"),
        ("browse", {"camera": "lobby", "before": "2026-03-01T00:00:00"}, "with an offset"),
        ("browse", {"camera": "lobby", "before": "0001-01-01T00:00:00+10:00"}, "an instant in ISO 8601"),
        ("browse", {"camera": "lobby", "before": str(DAY), "after": str(DAY)}, "either before or after"),
        ("days", {"camera": "lobby", "limit": 63}, "from 1 to 62"),
        ("lock", {"camera": "lobby", "since": str(DAY)}, "must be instants"),
        ("lock", {"camera": "lobby", "since": str(DAY), "until": str(DAY), "note": 7}, "note must be a text"),
        ("unlock", {"id": "1"}, "number of a lock"),
        ("unlock", {"id": 77}, "found 77, accepted none"),
        ("lock", {"camera": "lobby", "since": str(DAY), "until": str(DAY)}, "accepted a time after"),
    ],
)
def test_what_is_no_question_gets_a_sentence(
    tmp_path: Path, catalogue: Catalogue, method: str, params: dict[str, Any], words: str
) -> None:
    with pytest.raises(ProtocolError, match=words):
        asked(tmp_path, method, **params)


def test_without_a_catalogue_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="there is no catalogue yet"):
        asked(tmp_path / "nothing", "browse", camera="lobby")


def test_a_catalogue_that_is_being_filled_says_so(tmp_path: Path) -> None:
    with Catalogue.open(tmp_path / FILE_NAME) as catalogue:
        catalogue.add([segment(1)])
    assert from_json(FootagePage, asked(tmp_path, "browse", camera="lobby")).filling
