"""`vmstui still` on a terminal: it is asked what it shows, gets the very picture, and is afterwards as it was."""

from __future__ import annotations

import re
import signal
import threading
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.live_support import EMBEDDED_FFMPEG
from tests.integration.test_still import video
from tests.tui.terminal import QUESTION_END, Terminal
from tests.tui.test_graphics import drawn_by
from vmstui.ffmpeg.still import Form, Wanted, take_still
from vmstui.tui.bitmap import read_ppm

KITTY = b"\x1b_Gi=31;OK\x1b\\\x1bP>|kitty(0.35.2)\x1b\\\x1b[?62;c"
SIXEL = b"\x1bP>|XTerm(379)\x1b\\\x1b[?62;4;22c"
PLAIN = b"\x1b[?62;22c"
HALF = "▀".encode()
CELL = (10, 20)
FIT = (800, 440)
"""Of 80x24 characters of that size, two lines are for what follows the picture."""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return video(tmp_path_factory.mktemp("film") / "film.mp4", "faststart")


def still_of(film: Path, *more: str, ffmpeg: str = EMBEDDED_FFMPEG) -> list[str]:
    config = film.parent / f"{Path(ffmpeg).name}.yaml"
    config.write_text(f"recordings: {film.parent}\nffmpeg: {ffmpeg}\ncameras: []\n")
    return ["-m", "vmstui", "--config", str(config), "still", str(film), *more]


def written(
    argv: list[str], answer: bytes = b"", env: Mapping[str, str] | None = None, cell: tuple[int, int] = CELL
) -> bytes:
    """All that a terminal got, which is as it was before when this returns."""
    with Terminal(argv, env=env, cell=cell, answer=answer) as terminal:
        before = terminal.attributes()
        assert terminal.wait_for_end() == 0, terminal.raw
        assert terminal.attributes() == before
        return terminal.raw


def kitty_picture(raw: bytes) -> bytes:
    sent = re.findall(rb"\x1b_G(?:a=T[^;]*,)?q=2,m=[01];([^\x1b]*)\x1b\\", raw)
    return b64decode(b"".join(sent), validate=True)


@pytest.mark.parametrize("told_by", ["kernel", "answer"])
def test_a_terminal_with_kittys_protocol_gets_the_very_picture(film: Path, told_by: str) -> None:
    by_answer = told_by == "answer"
    answer = KITTY.replace(b"\x1b[?", b"\x1b[6;20;10t\x1b[?") if by_answer else KITTY
    raw = written(still_of(film), answer, cell=(0, 0) if by_answer else CELL)
    assert kitty_picture(raw) == take_still(EMBEDDED_FFMPEG, str(film), Wanted(Form.PNG, FIT))
    assert b"c=32,r=9," in raw, "320x180 pixels as large as they are"
    assert (b"\x1b[16t" in raw) == by_answer
    assert HALF not in raw
    assert raw.rstrip().endswith(b"film.mp4")


def test_a_terminal_with_sixels_gets_the_picture_nearly_in_its_colours(film: Path) -> None:
    raw = written(still_of(film), SIXEL)
    sequence = re.search(rb'\x1bP0;1q"[^\x1b]*\x1b\\', raw)
    assert sequence is not None
    width, height, rows = drawn_by(sequence[0].decode())
    wanted = read_ppm(take_still(EMBEDDED_FFMPEG, str(film), Wanted(Form.PPM, FIT)))
    assert (width, height) == (wanted.width, wanted.height) == (320, 180)
    seen = bytes(value for row in rows for pixel in row if pixel is not None for value in pixel)
    assert len(seen) == len(wanted.rgb)
    assert sum(abs(a - b) for a, b in zip(seen, wanted.rgb, strict=True)) / len(seen) < 6.0
    assert raw.rstrip().endswith(b"film.mp4")


@pytest.mark.parametrize("answer", [b"", PLAIN, b"\xff\xfe\x1b[?\x1b[6;9999999999t\x1b_Gi=31;EBAD\x1b\\\x00\x1b[?1;2c"])
def test_any_other_terminal_gets_characters(film: Path, answer: bytes) -> None:
    raw = written(still_of(film), answer)
    assert raw.count(HALF) > 100
    assert b"a=T" not in raw
    assert b"\x1bP0;1q" not in raw


@pytest.mark.parametrize(
    "env", [{"TERM": "vt220"}, {"TERM": "linux"}, {"NO_COLOR": "1"}, {"VMSTUI_GRAPHICS": "blocks"}, {"TERM": "dumb"}]
)
def test_where_no_answer_matters_or_none_is_known_to_come_nothing_is_asked(film: Path, env: dict[str, str]) -> None:
    raw = written(still_of(film), KITTY, env)
    assert QUESTION_END not in raw
    assert b"\x1b_G" not in raw


def test_what_a_person_chose_is_done_and_what_there_is_not_is_told(film: Path) -> None:
    assert b"\x1bP0;1q" in written(still_of(film, "--graphics", "sixel"), KITTY)
    assert kitty_picture(written(still_of(film), env={"VMSTUI_GRAPHICS": "kitty"}))
    with Terminal(still_of(film), env={"VMSTUI_GRAPHICS": "gif"}) as terminal:
        assert terminal.wait_for_end() == 2
        assert b"$VMSTUI_GRAPHICS: found 'gif', accepted auto, blocks, kitty, sixel" in terminal.raw


def test_an_answer_that_comes_late_is_not_left_to_the_shell(film: Path) -> None:
    slow = film.parent / "slow_ffmpeg"
    slow.write_text(f'#!/bin/sh\ncase "$*" in *image2pipe*) sleep 2;; esac\nexec {EMBEDDED_FFMPEG} "$@"\n')
    slow.chmod(0o755)
    then = (
        "import subprocess, sys, tty, termios, fcntl, struct; subprocess.run([sys.executable, *sys.argv[1:]]);"
        "tty.setcbreak(0, termios.TCSANOW);"
        "print('LEFT', struct.unpack('i', fcntl.ioctl(0, termios.FIONREAD, bytes(4)))[0], 'BYTES')"
    )
    with Terminal(["-c", then, *still_of(film, ffmpeg=str(slow))], cell=CELL) as terminal:
        terminal.wait_for_raw(QUESTION_END)
        late = threading.Timer(0.6, terminal.type, (KITTY.decode(),))
        late.start()
        terminal.wait_for("BYTES")
        assert not late.is_alive(), "it was late, and not too late"
        assert "LEFT 0 BYTES" in terminal.screen()
        assert b"62;c" not in terminal.raw, "it was not echoed"


def test_one_that_is_told_to_end_while_it_waits_for_an_answer_leaves_the_terminal_as_it_was(film: Path) -> None:
    with Terminal(still_of(film), env={"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}) as terminal:
        before = terminal.attributes()
        terminal.wait_for_raw(QUESTION_END)
        assert terminal.attributes() != before
        terminal.kill(signal.SIGTERM)
        assert terminal.wait_for_end() == 128 + signal.SIGTERM
        assert terminal.attributes() == before


def test_a_name_is_harmless_below_a_picture(film: Path) -> None:
    evil = film.with_name("a\x1b]0;owned\x07\x1b_Ga=d\x1b\\b.mp4")
    evil.write_bytes(film.read_bytes())
    raw = written(still_of(evil), KITTY)
    assert kitty_picture(raw)
    assert b"\x1b]0" not in raw
    assert b"\x1b_Ga=d" not in raw
    assert b"\x07" not in raw
