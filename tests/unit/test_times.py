"""Times on the command line are understood one way, or refused with what is accepted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.cli import join_times
from vmstui.times import TimeError, parse_time

SAIGON = ZoneInfo("Asia/Ho_Chi_Minh")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2025, 10, 20, 20, 30, 15, tzinfo=UTC)  # 03:30:15 of the 21st in Saigon


@pytest.fixture
def machine_in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", "2025-10-20T20:30:15"),
        ("-2h", "2025-10-20T18:30:15"),
        ("-90m", "2025-10-20T19:00:15"),
        ("-3d", "2025-10-17T20:30:15"),
        ("-1h30m", "2025-10-20T19:00:15"),
        ("-15s", "2025-10-20T20:30:00"),
        ("07:54", "2025-10-21T00:54"),
        ("7:54", "2025-10-21T00:54"),
        ("07:54:30", "2025-10-21T00:54:30"),
        ("7:54:30.25", "2025-10-21T00:54:30.250000"),
        ("today 07:54", "2025-10-21T00:54"),
        ("yesterday 07:54", "2025-10-20T00:54"),
        ("  Yesterday   07:54 ", "2025-10-20T00:54"),
        ("yesterday", "2025-10-19T17:00"),
        ("2025-10-20", "2025-10-19T17:00"),
        ("2025-10-20T07:54", "2025-10-20T00:54"),
        ("2025-10-20 07:54:59", "2025-10-20T00:54:59"),
        ("2025-10-20T07:54Z", "2025-10-20T07:54"),
        ("2025-10-20T07:54:10+02:00", "2025-10-20T05:54:10"),
        ("2025-10-20T07:54-0330", "2025-10-20T11:24"),
        ("yesterday 07:54+07:00", "2025-10-20T00:54"),
    ],
)
def test_each_form_means_one_instant(text: str, meant: str) -> None:
    found = parse_time(text, NOW, SAIGON)
    assert found == datetime.fromisoformat(meant).replace(tzinfo=UTC)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "noon", "25:00", "07:60", "7", "2h", "-", "-2", "-2w", "+2h", "2025-13-01", "2025-02-30T07:54"),
        *("2025-10-20T", "2025-10-20T07:54+25:00", "20251020", "2025-10-20 07:54 x", "yesterday07:54", "٠٧:٥٤"),
        *("-999999d", "0001-01-01T00:00+12:00", "9999-12-31T23:59-01:00", "\x1b[31m07:54"),
    ],
)
def test_what_is_not_understood_is_refused_with_what_is_accepted(text: str) -> None:
    with pytest.raises(TimeError) as caught:
        parse_time(text, NOW, SAIGON)
    assert str(caught.value).startswith(f"found {text!r}, accepted 2025-10-20T07:54")


@pytest.mark.usefixtures("machine_in_berlin")
@pytest.mark.parametrize("zone", [BERLIN, None])
def test_a_time_that_comes_twice_is_the_earlier_one_and_an_offset_names_the_later(zone: tzinfo | None) -> None:
    assert parse_time("2025-10-26T02:30", NOW, zone) == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    assert parse_time("2025-10-26T02:30+01:00", NOW, zone) == datetime(2025, 10, 26, 1, 30, tzinfo=UTC)
    night = datetime(2025, 10, 26, 12, tzinfo=UTC)
    assert parse_time("02:30", night, zone) == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    assert parse_time("02:30+01:00", night, zone) == datetime(2025, 10, 26, 1, 30, tzinfo=UTC)


@pytest.mark.usefixtures("machine_in_berlin")
@pytest.mark.parametrize("zone", [BERLIN, None])
def test_a_time_that_does_not_exist_is_refused_with_both_ways_to_say_what_was_meant(zone: tzinfo | None) -> None:
    with pytest.raises(TimeError, match="which does not exist") as caught:
        parse_time("2025-03-30 02:30", NOW, zone)
    accepted = "accepted 2025-03-30T02:30+02:00 (which is 01:30) or 2025-03-30T02:30+01:00 (which is 03:30)"
    assert str(caught.value).endswith(accepted)
    assert parse_time("2025-03-30T02:30+01:00", NOW, zone) == datetime(2025, 3, 30, 1, 30, tzinfo=UTC)
    assert parse_time("2025-03-30T02:30+02:00", NOW, zone) == datetime(2025, 3, 30, 0, 30, tzinfo=UTC)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_what_is_written_with_an_offset_is_read_back(local: datetime, minutes: int) -> None:
    instant = local.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_time(instant.isoformat(), NOW, SAIGON) == instant


@given(st.datetimes(datetime(2025, 1, 1), datetime(2026, 1, 1)))
def test_local_times_are_read_back_but_for_the_second_of_two(instant: datetime) -> None:
    aware = instant.replace(tzinfo=UTC)
    local = aware.astimezone(BERLIN)
    expected = aware - timedelta(hours=1) if local.fold else aware
    assert parse_time(local.replace(tzinfo=None).isoformat(), NOW, BERLIN) == expected


def test_a_time_ago_is_no_option() -> None:
    written = ["export", "lobby", "--from", "-2h", "--to", "now", "--at", "-1h30m", "--from", "--json", "-n", "-5"]
    assert join_times(written) == [
        *("export", "lobby", "--from=-2h", "--to", "now", "--at=-1h30m", "--from", "--json", "-n", "-5"),
    ]
