"""A pass deletes what it planned, of real files: those that still are what was catalogued, and nothing beside them."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vmstui.footage import Lock, Segment, SegmentVerdict, StoredEventKind
from vmstui.recording import journal, retention_pass
from vmstui.recording.catalogue import Catalogue
from vmstui.recording.catalogue_rows import StoredFile
from vmstui.recording.naming import segment_path
from vmstui.recording.publish import quarantine
from vmstui.recording.retention import Limits, Policy
from vmstui.recording.retention_pass import Files, Outcome, Within, dry_run, run_pass

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
SIZE_BYTES = 100


class Recorded:
    """A recordings folder and its catalogue."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "recordings"
        (self.folder / ".vmstui").mkdir(parents=True)
        self.catalogue = Catalogue.open(folder / "state" / "catalogue.sqlite3")

    def add(
        self, camera: str, hours_ago: float, verdict: SegmentVerdict = SegmentVerdict.GOOD, number: int = 0
    ) -> Path:
        """A segment of 100 bytes and three minutes, published, journaled and catalogued."""
        started_at = NOW - timedelta(hours=hours_ago)
        folders, name = segment_path(camera.title(), started_at, UTC)
        path = self.folder.joinpath(*folders, name)
        if verdict is SegmentVerdict.BROKEN:
            spooled = self.folder / "spooled"
            spooled.write_bytes(b"x" * SIZE_BYTES)
            path = quarantine(spooled, self.folder / ".vmstui" / "quarantine" / camera, "does not play", name)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x" * SIZE_BYTES)
        segment = Segment(camera, 1, str(path), started_at, 180.0, SIZE_BYTES, "h264", 64, 36, verdict, number=number)
        journal.append(self.folder, segment)
        self.catalogue.add([segment])
        return path

    def run(self, policy: Policy, **how: int) -> Outcome:
        root = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return run_pass(self.catalogue, policy, root, self.folder, NOW, **how)  # type: ignore[arg-type]
        finally:
            os.close(root)

    def paths(self) -> set[str]:
        return {file.path for file in self.catalogue.oldest(None)}

    def files(self) -> set[str]:
        return {str(path) for path in self.folder.rglob("*.mp4")}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Recorded]:
    recorded = Recorded(tmp_path)
    yield recorded
    recorded.catalogue.close()


def test_old_footage_goes_with_its_row_its_folder_and_its_journal_and_each_file_is_told(made: Recorded) -> None:
    old = [made.add("gate", ago) for ago in (80, 79, 50)]
    new = [made.add("gate", ago) for ago in (30, 3, 2)]
    outcome = made.run(Policy(days=2))
    assert [doomed.file.path for doomed in outcome.deleted] == [str(path) for path in old]
    assert made.paths() == made.files() == {str(path) for path in new}
    days = sorted(path.name for path in (made.folder / "Gate").iterdir())
    assert days == ["2026-03-09", "2026-03-10"]
    assert [path.stem for path in journal.days(made.folder, "gate")] == ["2026-03-09", "2026-03-10"]
    events = made.catalogue.events("gate")
    assert [event.path for event in events] == [str(path) for path in old]
    first = events[0]
    assert (first.kind, first.size_bytes, first.rule, first.measured, first.threshold, first.outcome) == (
        StoredEventKind.DELETED,
        SIZE_BYTES,
        "age",
        "3.3 days old",
        "2 days",
        "deleted",
    )
    assert made.run(Policy(days=2)).deleted == ()


def test_the_two_that_were_recorded_last_stay_after_the_clock_was_put_back(made: Recorded) -> None:
    before = [made.add("gate", ago, number=number) for number, ago in enumerate((80, 79, 78, 77))]
    after = [made.add("gate", ago, number=4 + number) for number, ago in enumerate((101, 100, 99))]
    made.run(Policy(days=1))
    assert made.files() == {str(path) for path in (*before[2:], *after[1:])}


def test_a_folder_with_something_else_in_it_stays_and_so_does_a_day_of_which_something_is_left(made: Recorded) -> None:
    old = made.add("gate", 80)
    beside = old.with_name("notes.txt")
    beside.write_text("mine")
    for ago in (50, 49, 3, 2):
        made.add("gate", ago)
    made.run(Policy(days=2.06))
    assert beside.read_text() == "mine"
    assert [path.stem for path in journal.days(made.folder, "gate")] == ["2026-03-08", "2026-03-10"]


def test_rows_of_an_earlier_recordings_folder_cost_the_present_one_nothing(made: Recorded) -> None:
    for number, away in enumerate((made.folder.with_name("a-moved"), made.folder.with_name("recordings2"))):
        for ago in range(400 + 50 * number, 430 + 50 * number):
            at = NOW - timedelta(hours=ago)
            path, good = str(away / f"Gate/{ago}.mp4"), SegmentVerdict.GOOD
            made.catalogue.add([Segment("gate", 1, path, at, 180.0, SIZE_BYTES, "h264", 64, 36, good)])
    new = {str(made.add("gate", ago)) for ago in range(30, 0, -1)}
    for policy in (Policy(max_bytes=30 * SIZE_BYTES), Policy(cameras={"gate": Limits(max_bytes=30 * SIZE_BYTES)})):
        outcome = made.run(policy)
        assert (outcome.deleted, outcome.plan.refused, outcome.plan.short) == ((), (), ())
    assert made.files() == new
    assert len(made.run(Policy(max_bytes=28 * SIZE_BYTES)).deleted) == 2, "its own rule still acts"
    footage = Within(made.catalogue, made.folder)
    assert (footage.total("gate"), footage.total(None)) == ((28, 2800), (28, 2800))


def test_a_lock_that_is_set_during_a_pass_is_kept(made: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [made.add("gate", 400 - ago) for ago in range(60)]
    delete: Callable[[Files, StoredFile], None] = Files.delete
    locking: list[threading.Thread] = []

    def lock() -> None:
        """As the command does: another connection."""
        with Catalogue.open(made.folder.parent / "state" / "catalogue.sqlite3") as catalogue:
            catalogue.lock("gate", NOW - timedelta(hours=400), NOW, "", "me", NOW)

    def deleting(self: Files, file: StoredFile) -> None:
        delete(self, file)
        if not locking:
            locking.append(threading.Thread(target=lock))
            locking[0].start()
        elif file.path == str(paths[19]):
            assert locking[0].is_alive(), "it waits for the batch"
            assert made.catalogue.locks(None) == ()

    nobody_locks = Catalogue.nobody_locks

    @contextlib.contextmanager
    def after_the_lock(self: Catalogue) -> Iterator[tuple[Lock, ...]]:
        if locking:
            locking[0].join(60)
        with nobody_locks(self) as locks:
            yield locks

    monkeypatch.setattr(retention_pass, "_BATCH_S", 60.0)
    monkeypatch.setattr(Files, "delete", deleting)
    monkeypatch.setattr(Catalogue, "nobody_locks", after_the_lock)
    outcome = made.run(Policy(days=2))
    assert [doomed.file.path for doomed in outcome.deleted] == [str(path) for path in paths[:20]]
    assert outcome.failed == ()
    assert made.paths() == made.files() == {str(path) for path in paths[20:]}
    assert len(made.catalogue.events("gate")) == 21, "each file that went, and the lock"


def test_quarantine_goes_by_the_same_rules_with_its_reason(made: Recorded) -> None:
    broken = made.add("gate", 80, SegmentVerdict.BROKEN)
    for ago in (4, 3, 2):
        made.add("gate", ago)
    assert broken.with_name(broken.name + ".reason.txt").exists()
    made.run(Policy(days=2))
    assert list(broken.parent.iterdir()) == []


def test_a_file_that_is_gone_leaves_the_catalogue_and_frees_nothing(made: Recorded) -> None:
    paths = [made.add("gate", ago) for ago in (80, 79, 3, 2)]
    paths[0].unlink()
    outcome = made.run(Policy(days=2))
    assert [file.path for file in outcome.gone] == [str(paths[0])]
    assert made.paths() == {str(paths[2]), str(paths[3])}
    kinds = [event.kind for event in made.catalogue.events()]
    assert kinds == [StoredEventKind.DELETED, StoredEventKind.VANISHED]


def replaced_by_a_link(path: Path, outside: Path) -> None:
    path.unlink()
    path.symlink_to(outside / "precious.mp4")


def in_a_linked_folder(path: Path, outside: Path) -> None:
    (outside / path.name).write_bytes(b"x" * SIZE_BYTES)
    path.unlink()
    path.parent.rmdir()
    path.parent.symlink_to(outside)


def below_a_linked_camera(path: Path, outside: Path) -> None:
    in_a_linked_folder(path, outside)
    path.parent.unlink()
    (outside / path.parent.name).mkdir()
    (outside / path.parent.name / path.name).write_bytes(b"x" * SIZE_BYTES)
    aside = outside.with_name("aside")
    path.parent.parent.rename(aside)
    path.parent.parent.symlink_to(outside)


def grown(path: Path, _: Path) -> None:
    path.write_bytes(b"y" * SIZE_BYTES + b"more")


def a_folder(path: Path, _: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("trick", [replaced_by_a_link, in_a_linked_folder, below_a_linked_camera, grown, a_folder])
def test_what_stands_in_the_place_of_a_recording_is_never_deleted(tmp_path: Path, trick: object) -> None:
    made = Recorded(tmp_path)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.mp4").write_bytes(b"x" * SIZE_BYTES)
    path = made.add("gate", 80)
    others = [made.add("yard", ago) for ago in (80, 3, 2)]
    for ago in (3, 2):
        made.catalogue.add([replace(gate(made, ago), size_bytes=SIZE_BYTES)])
    trick(path, outside)  # type: ignore[operator]
    before = sorted(str(entry) for entry in outside.rglob("*"))
    outcome = made.run(Policy(days=2))
    assert sorted(str(entry) for entry in outside.rglob("*")) == before
    assert os.path.lexists(path)
    assert [file.path for file, _ in outcome.plan.refused] == [str(path)]
    assert [doomed.file.path for doomed in outcome.deleted] == [str(others[0])], "the others go all the same"
    assert str(path) in made.paths()
    made.catalogue.close()


def gate(made: Recorded, hours_ago: float) -> Segment:
    """One that is catalogued only."""
    path = made.folder / "Gate" / "2026-03-10" / f"Gate_20260310_{int(hours_ago):02d}0000.mp4"
    began_at = NOW - timedelta(hours=hours_ago)
    return Segment("gate", 1, str(path), began_at, 180.0, 1, "h264", 64, 36, SegmentVerdict.GOOD, number=1)


def test_what_is_catalogued_outside_of_the_recordings_folder_is_never_deleted(made: Recorded, tmp_path: Path) -> None:
    outside = tmp_path / "Gate" / "2026-03-01" / "Gate_20260301_000000.mp4"
    outside.parent.mkdir(parents=True)
    outside.write_bytes(b"x")
    climbing = made.folder / ".." / "Gate" / "2026-03-01" / outside.name
    for path in (outside, climbing):
        made.catalogue.add([replace(gate(made, 200), path=str(path))])
    for ago in (3, 2):
        made.add("gate", ago, number=2)
    outcome = made.run(Policy(days=2))
    assert outside.exists()
    assert [file.path for file, _ in outcome.plan.refused] == [str(climbing)], "the other is none of its business"
    assert outcome.deleted == ()


def test_a_file_that_cannot_be_deleted_does_not_stop_the_others(
    made: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [made.add("gate", ago) for ago in (80, 79, 78, 3, 2)]
    delete = Files.delete

    def refuse(self: Files, file: StoredFile) -> None:
        if file.path == str(paths[1]):
            raise PermissionError(1, "Operation not permitted")
        delete(self, file)

    monkeypatch.setattr(Files, "delete", refuse)
    outcome = made.run(Policy(days=2))
    assert [(failure.file.path, failure.reason) for failure in outcome.failed] == [
        (str(paths[1]), "Operation not permitted")
    ]
    assert made.paths() == made.files() == {str(paths[1]), str(paths[3]), str(paths[4])}


def test_a_dry_run_names_what_a_pass_would_delete_and_deletes_nothing(made: Recorded) -> None:
    for ago in (80, 79, 3, 2):
        made.add("gate", ago)
    before = made.files()
    root = os.open(made.folder, os.O_RDONLY | os.O_DIRECTORY)
    found = dry_run(made.catalogue, Policy(days=2), root, made.folder, NOW)
    os.close(root)
    assert made.files() == made.paths() == before
    assert made.catalogue.events() == ()
    assert made.run(Policy(days=2)).deleted == found.doomed


def test_a_pass_that_was_killed_between_file_and_row_is_made_good_by_the_next(
    made: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ago in (80, 79, 3, 2):
        made.add("gate", ago)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Catalogue, "remove", killed)
        with pytest.raises(KeyboardInterrupt):
            made.run(Policy(days=2))
    assert len(made.paths()) == 4
    made.run(Policy(days=2))
    assert made.paths() == made.files()
    assert len(made.paths()) == 2


def test_two_passes_at_once_tell_each_file_once(
    made: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ago in (80, 79, 78, 3, 2):
        made.add("gate", ago)
    path = tmp_path / "state" / "catalogue.sqlite3"
    nobody_locks = Catalogue.nobody_locks

    def other_first(self: Catalogue) -> contextlib.AbstractContextManager[tuple[Lock, ...]]:
        monkeypatch.setattr(Catalogue, "nobody_locks", nobody_locks)
        with Catalogue.open(path) as second:
            mine, made.catalogue = made.catalogue, second
            assert len(made.run(Policy(days=2)).deleted) == 3
            made.catalogue = mine
        return nobody_locks(self)

    monkeypatch.setattr(Catalogue, "nobody_locks", other_first)
    assert made.run(Policy(days=2)).deleted == ()
    assert [event.kind for event in made.catalogue.events()] == [StoredEventKind.DELETED] * 3
    assert made.paths() == made.files()
