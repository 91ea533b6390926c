"""A recordings folder has one owner."""

from __future__ import annotations

from pathlib import Path

from vmstui.recording.owner import claim


def installation(folder: Path, name: str) -> Path:
    state = folder / name
    state.mkdir()
    (state / "installation").write_text(f"{name}\n")
    return state


def test_the_first_recorder_owns_the_folder_and_a_second_is_told_who(tmp_path: Path) -> None:
    first, second = installation(tmp_path, "first"), installation(tmp_path, "second")
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    assert claim(recordings, "first", first) == ""
    assert claim(recordings, "first", first) == ""
    reason = claim(recordings, "second", second)
    assert str(first) in reason
    assert "owner.json" in reason


def test_the_folder_of_a_recorder_that_is_provably_gone_is_taken_over(tmp_path: Path) -> None:
    first, second = installation(tmp_path, "first"), installation(tmp_path, "second")
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    claim(recordings, "first", first)
    (first / "installation").unlink()
    assert claim(recordings, "second", second) == ""
    (first / "installation").write_text("first")
    assert claim(recordings, "first", first) != ""


def test_a_torn_mark_is_written_anew_and_a_missing_folder_is_told(tmp_path: Path) -> None:
    state = installation(tmp_path, "first")
    (tmp_path / ".vmstui").mkdir()
    (tmp_path / ".vmstui" / "owner.json").write_text("{")
    assert claim(tmp_path, "first", state) == ""
    assert "No such file" in claim(tmp_path / "nothing", "first", state)
