"""Numbers, times and text as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from vmstui.tui import format as f


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 K"),
        (19 * 1024**2, "19.0 M"),
        (273 * 1024, "273 K"),
        (76 * 1024**3, "76.0 G"),
        (1023.9 * 1024, "1.0 M"),
        (5000 * 1024**4, "5000 T"),
        (-5, "0 B"),
    ],
)
def test_sizes_are_those_of_ls_and_df(size_bytes: float, words: str) -> None:
    assert f.size(size_bytes) == words


def test_a_size_at_a_glance_has_no_needless_fraction() -> None:
    assert f.coarse_size(76.4 * 1024**3) == "76 G"
    assert f.coarse_size(1.24 * 1024**3) == "1.2 G"


@pytest.mark.parametrize(
    ("seconds", "words", "short"),
    [
        (-3, "0 s", "0 s"),
        (59.9, "59 s", "59 s"),
        (60, "1 min", "1 min"),
        (3 * 3600 + 120, "3 h 02 min", "3 h"),
        (5 * 86400 + 4 * 3600, "5 d 4 h", "5 d"),
    ],
)
def test_spans_have_units(seconds: float, words: str, short: str) -> None:
    assert (f.span(seconds), f.short_span(seconds)) == (words, short)
    assert f.tiny_span(seconds) == short.replace(" min", "m").replace(" ", "")


def test_timers_look_like_clocks() -> None:
    assert [f.timer(s) for s in (-1, 134, 3600 + 134)] == ["00:00", "02:14", "1:02:14"]


def test_times_are_those_of_the_recorders_zone() -> None:
    at = datetime(2025, 10, 20, 0, 54, 59, tzinfo=UTC)
    assert f.clock(at, ZoneInfo("Asia/Tokyo")) == "09:54:59"
    assert f.day_and_clock(at, UTC) == "2025-10-20 00:54:59"


def test_an_unknown_zone_is_the_local_one_and_no_error() -> None:
    assert f.zone("local") is None
    assert f.zone("Nowhere/Such") is None
    assert f.zone("../../etc/passwd") is None


@given(st.text(max_size=40), st.integers(0, 30), st.booleans())
def test_fitted_text_takes_exactly_its_cells(text: str, cells: int, right: bool) -> None:
    clean = "".join(character for character in text if character.isprintable())
    assert cell_len(f.fit(clean, cells, right=right)) == cells


@given(st.text(max_size=30), st.integers(0, 20))
def test_the_end_of_a_text_stays_within_its_cells(text: str, cells: int) -> None:
    clean = "".join(character for character in text if character.isprintable())
    kept = f.tail(clean, cells)
    assert cell_len(kept) <= cells
    assert kept == clean if cell_len(clean) <= cells else clean.endswith(kept[1:])


def test_of_names_that_differ_at_their_ends_these_are_shown() -> None:
    assert f.tail("Gate_North_20251020_075053.mp4", 20) == "…20251020_075053.mp4"
    assert f.tail("東京駅前", 5) == "…駅前"
    assert f.tail("東京駅前", 4) == "…前"


def test_wide_letters_count_twice() -> None:
    assert f.fit("東京駅前", 5) == "東京…"
    assert f.fit("東京", 5) == "東京 "


@given(st.lists(st.text("abc東-", min_size=1, max_size=30), min_size=1, max_size=8), st.integers(2, 40))
def test_wrapping_loses_nothing_and_keeps_the_width(words: list[str], cells: int) -> None:
    lines = f.wrap(" ".join(words), cells)
    assert all(cell_len(line) <= cells for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(words)


def test_facts_break_between_and_not_within() -> None:
    assert f.flow(["PID 7", "14 threads", "1 viewer"], 20) == ["PID 7 · 14 threads", "1 viewer"]


def test_a_command_can_be_pasted() -> None:
    assert f.command_lines(("ffmpeg", "-i", "a b", "$x"), 80) == ["ffmpeg -i 'a b' '$x'"]


def test_names_say_how_many_more() -> None:
    assert f.names(["a", "b", "c"], 2) == "a, b +1"
    assert f.names(["a"], 2) == "a"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"),
        (4.46, "4.5 s"),
        (59.97, "1 min 00 s"),
        (182.4, "3 min 02 s"),
        (3599.6, "1 h 00 min"),
        (3720, "1 h 02 min"),
    ],
)
def test_the_length_of_a_segment_is_told_to_the_second(seconds: float, words: str) -> None:
    assert f.length(seconds) == words


@pytest.mark.parametrize(
    ("size_bytes", "words"), [(9_400, "9.4 kB"), (10**9, "1.0 GB"), (12_340_000_000_000, "12.3 TB")]
)
def test_sizes_of_disks_are_those_they_are_sold_by(size_bytes: int, words: str) -> None:
    assert f.decimal_size(size_bytes) == words
