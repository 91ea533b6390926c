"""A recordings folder has one owner, and what was recorded to once is not silently replaced by anything else."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vmstui.recording.guard import ACCEPT, NOTE, Guard, Known, WrongFolder
from vmstui.recording.storage import ELSEWHERE, StorageStatus, Trouble, mount_point_of


def installation(folder: Path, name: str) -> Guard:
    state = folder / name
    state.mkdir()
    (state / "installation").write_text(f"{name}\n")
    return Guard(state, name)


def mark(recordings: Path) -> dict[str, str]:
    said: dict[str, str] = json.loads((recordings / ".vmstui" / "owner.json").read_bytes())
    return said


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture
def guard(tmp_path: Path) -> Guard:
    return installation(tmp_path, "first")


def look(guard: Guard, recordings: Path, floor_bytes: int = 0) -> StorageStatus:
    return guard.look(str(recordings), None, floor_bytes)


def test_at_first_use_the_folder_is_made_marked_and_remembered_but_never_its_parents(
    guard: Guard, recordings: Path, tmp_path: Path
) -> None:
    assert look(guard, tmp_path / "nothing" / "recordings").trouble is Trouble.MISSING
    assert look(guard, recordings).usable
    assert os.listdir(recordings) == [".vmstui"]
    known = guard.known(str(recordings))
    assert known == Known(mount_point_of(str(recordings)), mark(recordings)["folder"])
    assert known.folder
    assert look(guard, recordings).usable
    assert guard.known(str(recordings)) == known


def test_what_is_in_the_place_of_the_folder_is_refused_and_nothing_is_made_in_it(
    guard: Guard, recordings: Path
) -> None:
    assert look(guard, recordings).usable
    recordings.rename(recordings.with_name("away"))
    gone = look(guard, recordings)
    assert (gone.trouble, recordings.exists()) == (Trouble.MISSING, False)
    assert f"{recordings} is gone" in gone.reason
    with pytest.raises(WrongFolder, match="recordings does not exist"):
        guard.make_spool(str(recordings), None, "lobby", 1)
    assert not recordings.exists()
    recordings.mkdir()
    empty = look(guard, recordings)
    assert (empty.trouble, os.listdir(recordings)) == (Trouble.OTHER, [])
    assert "has no mark" in empty.reason
    assert ACCEPT in empty.reason
    with pytest.raises(WrongFolder, match="has no mark"):
        guard.make_spool(str(recordings), None, "lobby", 1)
    assert os.listdir(recordings) == []
    recordings.rmdir()
    recordings.with_name("away").rename(recordings)
    assert look(guard, recordings).usable
    assert guard.make_spool(str(recordings), None, "lobby", 1).is_dir()


def test_another_folder_with_a_mark_of_its_own_is_refused_until_a_person_accepts_it(
    guard: Guard, recordings: Path
) -> None:
    look(guard, recordings)
    recordings.rename(recordings.with_name("away"))
    recordings.mkdir()
    guard.accept(str(recordings), None)
    second = mark(recordings)["folder"]
    assert look(guard, recordings).usable
    recordings.rename(recordings.with_name("second"))
    recordings.with_name("away").rename(recordings)
    other = look(guard, recordings)
    assert (other.trouble, mark(recordings)["folder"] == second) == (Trouble.OTHER, False)
    assert "has the mark of another one" in other.reason
    before = mark(recordings)
    guard.accept(str(recordings), None)
    assert mark(recordings) == before, "its own id stays"
    assert look(guard, recordings).usable


def test_only_a_folder_that_is_there_and_nobody_elses_can_be_accepted(
    guard: Guard, recordings: Path, tmp_path: Path
) -> None:
    with pytest.raises(WrongFolder, match="does not exist"):
        guard.accept(str(recordings), None)
    look(installation(tmp_path, "second"), recordings)
    with pytest.raises(WrongFolder, match="belongs to another recorder"):
        guard.accept(str(recordings), None)
    with pytest.raises(WrongFolder, match="change recordings_mount"):
        guard.accept(str(recordings), "/srv/disk")
    assert guard.known(str(recordings)) is None


def test_the_configured_mount_point_is_asked_for_first_and_ends_nothing_where_the_folder_is_the_right_one(
    guard: Guard, recordings: Path
) -> None:
    elsewhere = guard.look(str(recordings), "/srv/disk", 0)
    assert (elsewhere.trouble, recordings.exists()) == (Trouble.MISSING, False), "not made on the wrong file system"
    assert "change recordings_mount" in elsewhere.reason
    look(guard, recordings)
    mistyped = guard.look(str(recordings), "/srv/disk", 0)
    assert (mistyped.trouble, mistyped.trouble in ELSEWHERE) == (Trouble.WRONG_MOUNT, False)
    recordings.rename(recordings.with_name("away"))
    recordings.mkdir()
    replaced = guard.look(str(recordings), "/srv/disk", 0)
    assert (replaced.trouble, replaced.trouble in ELSEWHERE) == (Trouble.OTHER, True)
    assert elsewhere.reason == mistyped.reason == replaced.reason
    assert os.listdir(recordings) == []


def test_an_installation_without_ids_is_upgraded_silently(guard: Guard, recordings: Path) -> None:
    look(guard, recordings)
    old = {"installation": "first", "state_folder": str(guard.state_folder)}
    (recordings / ".vmstui" / "owner.json").write_text(json.dumps(old))
    note = guard.state_folder / NOTE
    note.write_text(json.dumps({"recordings": str(recordings), "mount": mount_point_of(str(recordings))}))
    assert look(guard, recordings).usable
    known = guard.known(str(recordings))
    assert known is not None
    assert known.folder == mark(recordings)["folder"] != ""
    # Back to the earlier version, which writes its own mark, and up again: it is the same folder still.
    (recordings / ".vmstui" / "owner.json").write_text(json.dumps(old))
    assert look(guard, recordings).usable
    assert mark(recordings)["folder"] == known.folder


def test_a_torn_mark_is_mended_where_the_folder_was_but_not_on_another_file_system(
    guard: Guard, recordings: Path
) -> None:
    look(guard, recordings)
    known = guard.known(str(recordings))
    assert known is not None
    (recordings / ".vmstui" / "owner.json").write_text("{")
    assert look(guard, recordings).usable
    assert mark(recordings)["folder"] == known.folder
    (recordings / ".vmstui" / "owner.json").write_text("{")
    note = guard.state_folder / NOTE
    note.write_text(json.dumps({"recordings": str(recordings), "mount": "/srv/disk", "folder": known.folder}))
    found = look(guard, recordings)
    assert (found.trouble, found.trouble in ELSEWHERE) == (Trouble.NOT_MOUNTED, True)
    assert "not on the file system mounted at /srv/disk" in found.reason


def test_the_same_folder_on_another_mount_point_is_the_same(guard: Guard, recordings: Path) -> None:
    look(guard, recordings)
    note, folder = guard.state_folder / NOTE, mark(recordings)["folder"]
    note.write_text(json.dumps({"recordings": str(recordings), "mount": "/srv/disk", "folder": folder}))
    assert look(guard, recordings).usable
    assert guard.known(str(recordings)) == Known(mount_point_of(str(recordings)), folder)


@pytest.mark.parametrize("lost", [b"", b"{", b"[]", b'{"recordings": 1}'])
def test_what_the_state_folder_forgot_is_read_from_the_mark(guard: Guard, recordings: Path, lost: bytes) -> None:
    look(guard, recordings)
    before = mark(recordings)
    (guard.state_folder / NOTE).write_bytes(lost)
    assert look(guard, recordings).usable
    assert mark(recordings) == before
    assert guard.known(str(recordings)) == Known(mount_point_of(str(recordings)), before["folder"])


def test_many_who_come_first_give_it_one_id(guard: Guard, recordings: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: look(guard, recordings), range(16)))
    assert all(status.usable for status in found), found
    assert guard.known(str(recordings)) == Known(mount_point_of(str(recordings)), mark(recordings)["folder"])
    assert sorted(os.listdir(recordings)) == [".vmstui"]
    assert sorted(os.listdir(recordings / ".vmstui")) == ["owner.json"]


def test_the_first_recorder_owns_the_folder_and_a_second_is_told_who(
    guard: Guard, recordings: Path, tmp_path: Path
) -> None:
    second = installation(tmp_path, "second")
    assert look(guard, recordings).usable
    found = look(second, recordings)
    assert (found.trouble, found.trouble in ELSEWHERE) == (Trouble.NOT_OURS, False)
    assert str(guard.state_folder) in found.reason
    assert "owner.json" in found.reason


def test_the_folder_of_a_recorder_that_is_provably_gone_is_taken_over(
    guard: Guard, recordings: Path, tmp_path: Path
) -> None:
    second = installation(tmp_path, "second")
    look(guard, recordings)
    folder = mark(recordings)["folder"]
    (guard.state_folder / "installation").unlink()
    assert look(second, recordings).usable
    assert mark(recordings) == {"installation": "second", "state_folder": str(second.state_folder), "folder": folder}
    (guard.state_folder / "installation").write_text("first")
    assert look(guard, recordings).trouble is Trouble.NOT_OURS
