"""Children of the bench, as real processes: what they say last is told without passwords."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.harness import wait_until
from vmstui.bench.children import BY_SHAPE, Child
from vmstui.triage.masking import Masker


@contextmanager
def saying(folder: Path, text: str, masker: Masker = BY_SHAPE) -> Iterator[Child]:
    """A process that says this and fails."""
    child = Child(("sh", "-c", 'printf %s "$1" >&2; exit 3', "sh", text), folder, "cam1", os.environ, masker=masker)
    try:
        yield child
    finally:
        child.kill()


@pytest.mark.parametrize(
    ("text", "secrets", "told"),
    [
        ("first\nrtsp://admin:hunter2@cam/1: 404 Not Found\n\n", (), "rtsp://***@cam/1: 404 Not Found"),
        ("rtsp://cam/1?code=open+sesame: refused\n", ("open sesame",), "rtsp://cam/1?code=***: refused"),
    ],
)
def test_last_words_hold_no_password(tmp_path: Path, text: str, secrets: tuple[str, ...], told: str) -> None:
    with saying(tmp_path, text, Masker(secrets)) as child:
        assert wait_until(child.ended, "it has ended") == f"cam1 ended with 3: {told}"


def test_a_password_in_a_line_of_any_length_is_not_cut_in_two(tmp_path: Path) -> None:
    for filling in range(995, 1005):
        with saying(tmp_path, f"hunter2{'x' * filling}\n", Masker(["hunter2"])) as child:
            wait_until(child.ended, "it has ended")
            said = child.last_words()
        assert "x" * 990 in said
        assert set(said) <= set("x*")
