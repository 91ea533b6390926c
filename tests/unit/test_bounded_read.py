"""Files that do not answer are passed over: a FIFO that nobody writes to is one, as opening it waits for a writer."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from vmstui.recorder.bounded_read import read_each


def test_files_are_read_in_their_order_and_what_is_not_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"")
    assert list(read_each([str(tmp_path / name) for name in ("a", "gone", "b")])) == [b"one", None, b""]
    assert list(read_each([])) == []


def test_one_that_does_not_answer_keeps_no_other_from_being_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"two")
    hung = [tmp_path / "first", tmp_path / "second"]
    for fifo in hung:
        os.mkfifo(fifo)
    paths = [str(path) for path in (hung[0], tmp_path / "a", hung[1], tmp_path / "b")]
    before = set(threading.enumerate())
    assert list(read_each(paths, patience_s=0.5)) == [None, b"one", None, b"two"]
    for fifo in hung:  # whoever still waits is let go, and reads nothing more
        fifo.open("wb").close()
    for thread in set(threading.enumerate()) - before:
        thread.join(20)
        assert not thread.is_alive()
