"""What a person chose outlasts the dashboard: whole, beside what others wrote, and nothing foreign is lost."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fakes import NOW
from vmstui.tui.fleet_view import View
from vmstui.tui.remembered import MAX_RECORDERS, TELLS, Chosen, Remembered, silent, with_view, without

HERE = "vms-1:/etc/vmstui/vmstui.yaml"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "vmstui" / "dashboard.json"


def begun(path: Path) -> Remembered:
    remembered = Remembered(str(path))
    assert remembered.begin() == []
    return remembered


words = st.text(max_size=12)
chosen_things = st.builds(
    Chosen,
    words,
    st.sampled_from(TELLS),
    st.builds(View, words, st.booleans(), st.tuples(words), st.tuples(words, words), words, st.booleans()),
    st.dictionaries(words, st.none() | st.just(NOW), max_size=3),
)


@given(chosen_things)
def test_what_was_chosen_comes_back_as_it_was(chosen: Chosen) -> None:
    remembered = Remembered()
    assert remembered.remember(HERE, lambda before: chosen) == []
    assert remembered.chosen(HERE) == chosen


def test_it_outlasts_the_dashboard_and_only_its_owner_reads_it(path: Path) -> None:
    view = View(sort="cpu", backwards=True, hidden=("pid",), wanted=("bitrate",), pattern="gate", faults=True)
    begun(path).remember(HERE, lambda before: Chosen("nord", "bell", view, {"lobby": NOW, "gate": None}))
    assert begun(path).chosen(HERE) == Chosen("nord", "bell", view, {"lobby": NOW, "gate": None})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["dashboard.json"]


def test_filters_and_silence_are_of_one_recorder_and_looks_are_of_all(path: Path) -> None:
    view = View(sort="cpu", pattern="gate", faults=True)
    begun(path).remember(HERE, lambda before: replace(before, view=view, silenced={"lobby": None}))
    other = begun(path).chosen("vms-2:/etc/vmstui/vmstui.yaml")
    assert other == Chosen(view=View(sort="cpu"))


def test_two_dashboards_keep_what_the_other_one_wrote_of_other_things(path: Path) -> None:
    one, other = begun(path), begun(path)
    one.remember("", lambda before: replace(before, theme="nord"))
    other.remember(HERE, with_view(View(sort="cpu")))
    one.remember(HERE, lambda before: replace(before, silenced={"lobby": None}))
    assert begun(path).chosen(HERE) == Chosen("nord", view=View(sort="cpu"), silenced={"lobby": None})


def test_what_a_later_version_wrote_beside_stays_in_the_file(path: Path) -> None:
    path.parent.mkdir(parents=True)
    later = {"moon": [1, 2], "table": {"zoom": 3, "hidden": ["tide"]}, "recorders": {HERE: {"grid": True}}}
    path.write_text(json.dumps(later))
    remembered = begun(path)
    view = remembered.chosen(HERE).view
    assert view.hidden == ("tide",)
    remembered.remember(HERE, with_view(replace(view, sort="cpu", pattern="x")))
    now = json.loads(path.read_text())
    assert now["moon"] == [1, 2]
    assert now["table"] == {"zoom": 3, "hidden": ["tide"], "sort": "cpu"}
    assert now["recorders"][HERE] == {"grid": True, "filter": "x"}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"\xff\x00 not json", "found no JSON"),
        (b"", "found no JSON"),
        (b"[1]", "found no object"),
        (b'{"theme": 3}', "theme: found '3', accepted a text"),
        (b'{"table": {"hidden": "cpu"}}', "hidden: found 'cpu', accepted a list of texts"),
        (b'{"table": {"backwards": "yes"}}', "backwards: found 'yes', accepted true or false"),
        (b'{"recorders": {"a": {"silenced": {"lobby": "soon"}}}}', "silenced 'lobby': found 'soon'"),
        (b'{"recorders": {"a": 1}}', "a: found '1', accepted an object"),
        (b"[" * 200_000, "found no JSON"),
        (b'{"a": "' + b"x" * (1 << 20) + b'"}', "found more than 1 MiB"),
    ],
)
def test_a_file_that_is_not_understood_is_told_once_and_not_lost(path: Path, content: bytes, found: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    remembered = Remembered(str(path))
    (told,) = remembered.begin()
    assert found in told
    assert "It is dashboard.json.unread-1 now, and all is as usual." in told
    assert remembered.chosen(HERE) == Chosen()
    assert (path.parent / "dashboard.json.unread-1").read_bytes() == content
    assert remembered.remember("", lambda before: replace(before, theme="nord")) == []
    assert begun(path).chosen().theme == "nord", "told once"


def test_a_second_foreign_file_replaces_no_first_one(path: Path) -> None:
    path.parent.mkdir(parents=True)
    for number in (1, 2):
        path.write_text(f"foreign {number}")
        Remembered(str(path)).begin()
        assert (path.parent / f"dashboard.json.unread-{number}").read_text() == f"foreign {number}"


def test_a_file_that_is_broken_while_the_dashboard_runs_is_set_aside_as_well(path: Path) -> None:
    remembered = begun(path)
    remembered.remember("", lambda before: replace(before, theme="nord"))
    path.write_text("{")
    (told,) = remembered.remember(HERE, with_view(View(sort="cpu")))
    assert "unread-1" in told
    assert begun(path).chosen(HERE) == Chosen("nord", view=View(sort="cpu"))


def test_what_cannot_be_written_is_told_once_and_holds_for_this_dashboard(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    remembered = Remembered(str(tmp_path / "state" / "dashboard.json"))
    remembered.begin()
    (told,) = remembered.remember("", lambda before: replace(before, theme="nord"))
    assert "is not kept for the next time" in told
    assert remembered.remember(HERE, with_view(View(sort="cpu"))) == []
    assert remembered.chosen(HERE).view.sort == "cpu"


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir(parents=True)
    kept = tmp_path / "dotfiles.json"
    kept.write_text("{}")
    path.symlink_to(kept)
    begun(path).remember("", lambda before: replace(before, theme="nord"))
    assert path.is_symlink()
    assert json.loads(kept.read_text()) == {"theme": "nord"}


def test_recorders_that_come_and_go_do_not_fill_it(path: Path) -> None:
    remembered = begun(path)
    for number in range(MAX_RECORDERS + 5):
        remembered.remember(f"demo:{number}", with_view(View(pattern="x")))
    kept = json.loads(path.read_text())["recorders"]
    assert len(kept) == MAX_RECORDERS
    assert "demo:0" not in kept
    remembered.remember(f"demo:{MAX_RECORDERS}", with_view(View()))
    assert f"demo:{MAX_RECORDERS}" not in json.loads(path.read_text())["recorders"], "it says nothing"


def test_silence_ends_at_its_time_or_when_it_is_undone() -> None:
    silenced = {"lobby": NOW + timedelta(hours=8), "gate": None, "yard": NOW}
    assert silent(silenced, NOW) == {"lobby", "gate"}
    assert silent(silenced, NOW + timedelta(hours=9)) == {"gate"}
    assert silent(without(silenced, "gate"), NOW) == {"lobby"}
