"""Promises of the one rule that makes folders and file names of camera names."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.settings.names import MAX_FOLDER_BYTES, folder_name


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Duc Tai Dendo 1", "Duc_Tai_Dendo_1"),
        ("Front door (left)", "Front_door_left"),
        ("  a -- b  ", "a_b"),
        ("Đức Tài", "Đức_Tài"),
        (unicodedata.normalize("NFD", "Đức Tài"), "Đức_Tài"),
        ("駐車場 2", "駐車場_2"),
        ("कैमरा", "कैमरा"),
        ("../../etc/passwd", "etc_passwd"),
        (".hidden", "hidden"),
        ("a\x00b\x1b[31m\u202ec", "a_b_31m_c"),
        ("50% *?<>|", "50"),
        ("A\ufe0fB", "AB"),
        ("a" * 200, "a" * 80),
        ("ü" * 60, "ü" * 40),
        ("日" * 60, "日" * 26),
    ],
)
def test_names(name: str, folder: str) -> None:
    assert folder_name(name) == folder


@pytest.mark.parametrize("name", ["", "...", "/", "\u0301", "💡", "___"])
def test_a_name_without_letters_and_digits_falls_back_to_the_id(name: str) -> None:
    assert folder_name(name, "gate") == "gate"


@given(st.text())
def test_any_name_gives_one_harmless_path_component(name: str) -> None:
    folder = folder_name(name)
    assert 0 < len(folder.encode()) <= MAX_FOLDER_BYTES
    assert not set(folder) & set("/\0. \n")
    assert not folder.startswith("_")
    assert not folder.endswith("_")
    assert folder.isprintable()
    assert folder_name(folder) == folder


@given(st.text(st.characters(max_codepoint=127)))
def test_names_in_ascii_follow_the_same_rule_without_the_tables_of_unicode(name: str) -> None:
    assert folder_name(name) == folder_name(f"{name}\ufe0f")  # a mark that the rule leaves out
