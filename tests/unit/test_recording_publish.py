"""Files are moved without ever replacing one."""

from __future__ import annotations

import errno
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from vmstui.recording import publish as publishing
from vmstui.recording.publish import PublishError, publish, quarantine

WAYS = ("rename", "link", "placeholder")
PUBLISHERS = 4
FILES_EACH = 25


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the three ways a file system may leave."""
    chosen = str(request.param)
    use(chosen, monkeypatch.setattr)
    return chosen


def use(way: str, patch: Callable[[object, str, object], None]) -> None:
    """Leave only one way to move a file."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "not here")

    if way != "rename":
        patch(publishing, "_renameat2", None)
    if way == "placeholder":
        patch(os, "link", refuse)


def _file(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_moved_into_a_new_folder(tmp_path: Path, way: str) -> None:
    source = _file(tmp_path / "spool" / "000000.mp4", way)
    target = publish(source, tmp_path / "Lobby" / "2025-10-20", "Lobby_1.mp4")
    assert target == tmp_path / "Lobby" / "2025-10-20" / "Lobby_1.mp4"
    assert target.read_text(encoding="utf-8") == way
    assert not source.exists()


def test_a_name_that_is_taken_is_never_replaced(tmp_path: Path, way: str) -> None:
    folder = tmp_path / "out"
    names = [publish(_file(tmp_path / f"{number}", f"{way} {number}"), folder, "a.mp4").name for number in range(3)]
    assert names == ["a.mp4", "a_2.mp4", "a_3.mp4"]
    assert [(folder / name).read_text(encoding="utf-8") for name in names] == [f"{way} {number}" for number in range(3)]


def test_publishers_of_one_name_at_the_same_time_lose_no_file(tmp_path: Path) -> None:
    for way in WAYS:
        root = tmp_path / way
        for publisher in range(PUBLISHERS):
            for number in range(FILES_EACH):
                _file(root / str(publisher) / str(number), f"{publisher} {number}")
        context = multiprocessing.get_context("fork")
        barrier = context.Barrier(PUBLISHERS)
        processes = [
            context.Process(target=_publish_all, args=(root / str(publisher), root / "out", way, barrier.wait))
            for publisher in range(PUBLISHERS)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(60)
            assert process.exitcode == 0
        contents = sorted(path.read_text(encoding="utf-8") for path in (root / "out").iterdir())
        assert contents == sorted(f"{p} {n}" for p in range(PUBLISHERS) for n in range(FILES_EACH))


def _publish_all(folder: Path, out: Path, way: str, wait: Callable[[], object]) -> None:
    use(way, setattr)
    wait()
    for path in sorted(folder.iterdir()):
        publish(path, out, "same.mp4")


def test_a_death_between_link_and_unlink_does_not_publish_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use("link", monkeypatch.setattr)
    source = _file(tmp_path / "source", "x")
    (tmp_path / "out").mkdir()
    os.link(source, tmp_path / "out" / "a.mp4")
    assert publish(source, tmp_path / "out", "a.mp4").name == "a.mp4"
    assert os.listdir(tmp_path / "out") == ["a.mp4"]
    assert not source.exists()


def test_another_file_system_is_an_error_that_says_so_and_leaves_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(publishing, "_rename_noreplace", refuse)
    source = _file(tmp_path / "source", "x")
    with pytest.raises(PublishError, match="different file systems: nothing may be mounted below"):
        publish(source, tmp_path / "out", "a.mp4")
    assert source.read_text(encoding="utf-8") == "x"


def test_a_file_in_the_way_of_a_folder_is_an_error_that_leaves_the_file(tmp_path: Path) -> None:
    source = _file(tmp_path / "source", "x")
    _file(tmp_path / "out", "a file")
    with pytest.raises(PublishError, match="check the recordings folder"):
        publish(source, tmp_path / "out" / "day", "a.mp4")
    assert source.exists()


def test_a_file_in_quarantine_keeps_its_reason_beside_it(tmp_path: Path) -> None:
    first = quarantine(_file(tmp_path / "000000.mp4", "x"), tmp_path / "q", "moov atom not found")
    second = quarantine(_file(tmp_path / "000000.mp4", "y"), tmp_path / "q", "no video frames")
    assert [first.name, second.name] == ["000000.mp4", "000000_2.mp4"]
    assert first.read_text(encoding="utf-8") == "x"
    reason = (tmp_path / "q" / "000000_2.mp4.reason.txt").read_text(encoding="utf-8")
    assert reason == "no video frames\n"
