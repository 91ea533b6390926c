"""Promises of `sanitise`: what is shown is what is there, and nothing of it is hidden."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.sanitise import clean, is_visible

INVISIBLE = "\u00ad\u061c\u180e\u200b\u200e\u202e\u2060\u2064\u2066\u206a\ufeff\U0001d173\U000e0001\U000e0041"


@pytest.mark.parametrize("character", INVISIBLE)
def test_characters_without_width_are_removed_wherever_they_stand(character: str) -> None:
    assert clean(f"{character}Gate{character}{character} 1{character}") == "Gate 1"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("می\u200cخواهم", "می\u200cخواهم"),  # Persian: "I want"
        ("क्\u200dष", "क्\u200dष"),
        ("👨\u200d👩\u200d👧 yard", "👨\u200d👩\u200d👧 yard"),
        ("🏳\ufe0f\u200d🌈", "🏳\ufe0f\u200d🌈"),
        ("Ga\u200dte\u200c", "Gate"),
        ("\u200c\u200d", ""),
        ("門\u200d\u200d\u200c番", "門番"),
        ("門\u200d\u00a0番\u200d\u200b", "門\u00a0番"),
    ],
)
def test_joiners_stay_where_a_script_or_an_emoji_needs_them_and_go_elsewhere(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize(
    "text", ["", " \t\u00a0\u3000", INVISIBLE, "\u200d", "\x1b[2J", "\u0301\u20dd", "\u2800", "\u3164\uffa0"]
)
def test_nothing_can_be_seen_of_blanks_accents_without_a_letter_and_what_is_removed(text: str) -> None:
    assert not is_visible(text)


@pytest.mark.parametrize("text", ["a", "e\u0301", "門", "🎥", "!", "\u200b1", "ـ"])
def test_a_letter_a_sign_or_an_emoji_is_seen(text: str) -> None:
    assert is_visible(text)


@given(st.text(st.characters() | st.sampled_from(INVISIBLE + "\u200c\u200d\x1b[]m門")))
def test_cleaning_removes_no_printable_character_outside_escapes_and_leaves_nothing_to_clean(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    if "\x1b" not in text and "\x9b" not in text:
        assert [c for c in cleaned if c.isprintable()] == [c for c in text.replace("\t", " ") if c.isprintable()]
    assert not {c for c in cleaned if unicodedata.category(c) in ("Cc", "Cs")}
