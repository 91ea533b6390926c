"""Nothing is left of an export that came to nothing, whoever was killed, on whatever file system."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vmstui.recording import export_file
from vmstui.recording.export_file import remove_leftovers, unfinished

_MAKER = """
import sys, time
from pathlib import Path
from vmstui.recording import export_file

def refuse(folder):
    raise OSError(95, "Operation not supported")

if sys.argv[2] == "named":
    export_file._nameless = refuse
with export_file.unfinished(Path(sys.argv[1])) as made:
    Path(made.path).write_bytes(b"half of it")
    print(made.path, flush=True)
    time.sleep(600)
"""
KINDS = pytest.mark.parametrize("kind", ["nameless", "named"])


def _refuse(_folder: Path) -> int:
    raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))


def _maker(folder: Path, kind: str) -> tuple[subprocess.Popen[str], Path]:
    """Another process in the middle of an export, and its file."""
    process = subprocess.Popen([sys.executable, "-c", _MAKER, str(folder), kind], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


@KINDS
def test_a_file_gets_its_name_whole_and_replaces_none(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "named":
        monkeypatch.setattr(export_file, "_nameless", _refuse)
    taken, free = tmp_path / "taken.mp4", tmp_path / "free.mp4"
    taken.write_bytes(b"mine")
    umask = os.umask(0o027)
    try:
        with unfinished(tmp_path) as made:
            assert made.named == (kind == "named")
            Path(made.path).write_bytes(b"whole")
            assert Path(made.path).read_bytes() == b"whole"
            assert not made.publish(taken)
            assert made.publish(free)
    finally:
        os.umask(umask)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"taken.mp4": b"mine", "free.mp4": b"whole"}
    assert free.stat().st_mode & 0o777 == 0o640


@KINDS
def test_what_comes_to_nothing_is_gone(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "named":
        monkeypatch.setattr(export_file, "_nameless", _refuse)

    def interrupted() -> None:
        with unfinished(tmp_path) as made:
            Path(made.path).write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_of_a_maker_that_is_killed_nothing_is_left(tmp_path: Path) -> None:
    process, path = _maker(tmp_path, "nameless")
    with process:
        assert path.read_bytes() == b"half of it"
        process.kill()
    assert list(tmp_path.iterdir()) == []


def test_where_files_need_a_name_what_a_killed_maker_left_goes_with_the_next_export_and_nothing_else(
    tmp_path: Path,
) -> None:
    others = ["holiday.mp4", ".vmstui-export-notes.txt", ".vmstui-export-x.mp4"]
    for name in others:
        (tmp_path / name).write_bytes(b"mine")
    link, pipe = (tmp_path / f".vmstui-export-{digit * 16}.mp4" for digit in "01")
    link.symlink_to(tmp_path / "holiday.mp4")
    os.mkfifo(pipe)
    process, path = _maker(tmp_path, "named")
    with process:
        remove_leftovers(tmp_path)
        assert path.read_bytes() == b"half of it", "its maker lives"
        process.send_signal(signal.SIGKILL)
    assert path.exists()
    remove_leftovers(tmp_path)
    assert {entry.name for entry in tmp_path.iterdir()} == {*others, link.name, pipe.name}
