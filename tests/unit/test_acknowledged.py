"""Acknowledged findings: quiet where, until when and below which rate; told again in time; listed, taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vmstui.findings import Acknowledgement, Origin
from vmstui.triage.acknowledged import CALM_S, LISTED, MOST, Acknowledged, Said, TooMany

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SAID = Said("rtp_missed", "gate", None, None, None, "ops")


def quiet(
    known: Acknowledged, at: datetime, *, camera: str = "gate", rate: float | None = 1.0, **other: Origin
) -> bool:
    return known.judge(camera, "rtp_missed", other.get("origin", Origin.INPUT), rate, at)[1]


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_it_holds_on_its_camera_alone_or_everywhere() -> None:
    known = Acknowledged()
    known.add(SAID, NOW)
    assert quiet(known, NOW)
    assert not quiet(known, NOW, camera="yard")
    assert known.judge("gate", "another", Origin.INPUT, 1.0, NOW) == (None, False)
    known.add(replace(SAID, camera=""), NOW)
    assert quiet(known, NOW, camera="yard")


def test_it_holds_for_one_output_where_that_is_named() -> None:
    known = Acknowledged()
    known.add(replace(SAID, origin=Origin.LIVE), NOW)
    assert quiet(known, NOW, origin=Origin.LIVE)
    assert not quiet(known, NOW, origin=Origin.RECORDING)


def test_it_expires_is_listed_for_a_day_and_then_forgotten() -> None:
    known = Acknowledged()
    made = known.add(replace(SAID, for_s=3600.0), NOW)
    assert made.until == later(3600)
    assert quiet(known, later(3599))
    assert known.judge("gate", "rtp_missed", Origin.INPUT, 1.0, later(3600)) == (made, False)
    assert not known.forget_old(later(3600) + LISTED)
    assert known.listed == (made,)
    assert known.forget_old(later(3601) + LISTED)
    assert not known.listed
    assert known.judge("gate", "rtp_missed", Origin.INPUT, 1.0, later(3601) + LISTED) == (None, False)


def test_one_for_good_is_never_forgotten() -> None:
    known = Acknowledged()
    known.add(SAID, NOW)
    assert not known.forget_old(NOW + 1000 * LISTED)
    assert quiet(known, NOW + 1000 * LISTED)


def test_above_its_ceiling_it_is_told_and_is_quiet_again_only_when_it_stayed_below_for_a_while() -> None:
    known = Acknowledged()
    made = known.add(replace(SAID, ceiling_per_min=10.0), NOW)
    assert quiet(known, NOW, rate=10.0)
    assert known.judge("gate", "rtp_missed", Origin.INPUT, 10.5, later(1)) == (made, False)
    told = [quiet(known, later(1 + second), rate=9.0) for second in range(0, int(CALM_S) + 1, 10)]
    assert not any(told), "around a ceiling it is told all the time"
    assert quiet(known, later(2 + CALM_S), rate=9.0)
    assert quiet(known, later(3 + CALM_S), rate=10.0), "and stays so"


def test_going_up_and_down_around_a_ceiling_it_is_told_all_the_time() -> None:
    known = Acknowledged()
    known.add(replace(SAID, ceiling_per_min=10.0), NOW)
    assert not any(quiet(known, later(30 * turn), rate=11.0 if turn % 8 == 0 else 5.0) for turn in range(100))


def test_each_camera_is_above_a_ceiling_for_itself() -> None:
    known = Acknowledged()
    known.add(replace(SAID, camera="", ceiling_per_min=10.0), NOW)
    assert not quiet(known, NOW, camera="gate", rate=11.0)
    assert quiet(known, NOW, camera="yard", rate=9.0)


def test_a_rate_that_nobody_knows_is_above_no_ceiling() -> None:
    known = Acknowledged()
    known.add(replace(SAID, ceiling_per_min=0.0), NOW)
    assert quiet(known, NOW, rate=None)


def test_a_clock_that_is_set_back_does_not_keep_it_told_for_ever() -> None:
    known = Acknowledged()
    known.add(replace(SAID, ceiling_per_min=10.0), NOW)
    assert not quiet(known, later(86_400), rate=11.0)
    assert quiet(known, NOW, rate=9.0)


def test_of_several_one_that_makes_it_quiet_is_enough_and_that_of_the_camera_is_named() -> None:
    known = Acknowledged()
    everywhere = known.add(replace(SAID, camera=""), NOW)
    of_camera = known.add(replace(SAID, ceiling_per_min=10.0), NOW)
    assert known.judge("gate", "rtp_missed", Origin.INPUT, 5.0, NOW) == (of_camera, True)
    assert known.judge("gate", "rtp_missed", Origin.INPUT, 50.0, NOW) == (everywhere, True)


def test_the_same_said_again_is_one_and_the_newer_word_counts() -> None:
    known = Acknowledged()
    first = known.add(SAID, NOW)
    second = known.add(replace(SAID, for_s=60.0, note="until it is replaced"), later(1))
    assert known.listed == (second,)
    assert first.id != second.id
    assert known.judge("gate", "rtp_missed", Origin.INPUT, 1.0, later(62)) == (second, False)


def test_it_is_taken_back_by_its_id_and_told_again() -> None:
    known = Acknowledged()
    made = known.add(SAID, NOW)
    assert known.take_back(made.id) == made
    assert not quiet(known, NOW)
    assert known.take_back(made.id) is None
    assert known.take_back("nonsense") is None


def test_an_id_is_given_once_also_by_a_later_service() -> None:
    known = Acknowledged()
    known.take_back(known.add(SAID, NOW).id)
    again = Acknowledged(known.listed, known.next_number)
    assert again.add(SAID, NOW).id == "a2"
    assert Acknowledged([Acknowledgement("a7", "x", "", None, NOW, None, None, "ops")]).add(SAID, NOW).id == "a8"


def test_the_number_of_them_is_bounded_and_that_is_said() -> None:
    known = Acknowledged()
    for number in range(MOST):
        known.add(replace(SAID, fingerprint=f"kind {number}"), NOW)
    with pytest.raises(TooMany, match=str(MOST)):
        known.add(SAID, NOW)
    known.add(replace(SAID, fingerprint="kind 7", note="another word"), NOW)
    assert len(known.listed) == MOST
