"""The dashboard on terminals that show pictures, that do not, and that answer when nobody asks any more."""

from __future__ import annotations

import re
import signal
from base64 import b64decode

import pytest

from tests.integration.live_support import EMBEDDED_FFMPEG
from tests.integration.test_still import video
from tests.integration.test_still_terminal import KITTY, PLAIN, SIXEL
from tests.tui.terminal import ALTERNATE_OFF, ALTERNATE_ON, QUESTION_END, Terminal
from tests.tui.test_terminal import FLEET, assert_restored
from vmstui.ffmpeg.still import Form, Wanted, take_still
from vmstui.tui.kitty import MARKS, PLACEHOLDER

HALF = "▀".encode()
FORGOTTEN = b"\x1b_Ga=d,d=I,i="
CELL = (10, 20)
SIZE = (80, 24)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The dashboard over cameras whose segments are a film that exists."""
    film = video(tmp_path_factory.mktemp("film") / "film.mp4", "faststart")
    config = film.with_name("vmstui.yaml")
    config.write_text(f"recordings: {film.parent}\nffmpeg: {EMBEDDED_FFMPEG}\ncameras: []\n")
    return [*FLEET, "--film", str(film), "--config", str(config)]


def look_at_a_still(terminal: Terminal) -> None:
    terminal.wait_for("Gate North")
    terminal.type("o")
    terminal.wait_for("older below")
    terminal.type("jp")
    terminal.wait_for("Picture film.mp4")


@pytest.mark.parametrize(("colours", "number"), [("truecolor", 0xD75FAF), ("", 169)])
def test_a_terminal_with_placeholders_shows_the_very_picture_and_gives_it_back(
    fleet: list[str], colours: str, number: int
) -> None:
    with Terminal(fleet, SIZE, {"COLORTERM": colours}, cell=CELL, answer=KITTY) as terminal:
        look_at_a_still(terminal)
        terminal.wait_for_raw(PLACEHOLDER.encode())
        terminal.read_for(0.5)
        sent = re.search(
            rb"\x1b_Ga=T,U=1,i=(\d+),c=(\d+),r=(\d+),f=100,(?:q=2,m=[01];[^\x1b]*\x1b\\(?:\x1b_G)?)+", terminal.raw
        )
        assert sent is not None, "in one piece: nothing of a frame is in between"
        assert (int(sent[1]), int(sent[2]), int(sent[3])) == (number, 80, 22)
        png = b64decode(b"".join(re.findall(rb"m=[01];([^\x1b]*)", sent[0])))
        film = fleet[fleet.index("--film") + 1]
        assert png == take_still(EMBEDDED_FFMPEG, film, Wanted(Form.PNG, (800, 460)))
        cells = re.findall(f"{PLACEHOLDER}(.)(.)", terminal.raw.decode("utf-8", "replace"))
        places = {(MARKS.index(row), MARKS.index(column)) for row, column in cells}
        assert places == {(row, column) for row in range(22) for column in range(80)}
        colour = b"38;2;215;95;175" if colours else b"38;5;169"
        assert colour in terminal.raw, "the number of the picture"
        before = terminal.raw.count(FORGOTTEN)
        terminal.type("\x1b")
        terminal.wait_for("Gate North")
        terminal.read_for(0.5)
        assert terminal.raw.count(FORGOTTEN) == before + 1
        terminal.type("q")
        assert terminal.wait_for_end() == 0
        assert_restored(terminal)


def test_a_picture_is_given_back_before_the_terminal_shows_another_screen(fleet: list[str]) -> None:
    with Terminal(fleet, SIZE, cell=CELL, answer=KITTY) as terminal:
        look_at_a_still(terminal)
        terminal.wait_for_raw(PLACEHOLDER.encode())
        terminal.kill(signal.SIGTERM)
        assert terminal.wait_for_end() == 0
        assert terminal.raw.rindex(b"a=T,U=1") < terminal.raw.rindex(FORGOTTEN) < terminal.raw.rindex(ALTERNATE_OFF)


@pytest.mark.parametrize("answer", [b"", PLAIN, SIXEL, KITTY.replace(b"kitty(0.35.2)", b"WezTerm 20240203")])
def test_any_other_terminal_shows_it_in_characters(fleet: list[str], answer: bytes) -> None:
    with Terminal(fleet, SIZE, cell=CELL, answer=answer) as terminal:
        look_at_a_still(terminal)
        terminal.wait_for_raw(HALF)
        assert terminal.raw.count(QUESTION_END) == 1
        assert b"a=T" not in terminal.raw
        terminal.type("\x1b[27uq")
        assert terminal.wait_for_end() == 0
        assert_restored(terminal)


@pytest.mark.parametrize("late", [KITTY, SIXEL, b"\x1b[6;20;10t" + PLAIN], ids=["kitty", "sixel", "cell"])
def test_an_answer_that_comes_late_presses_no_key(late: bytes) -> None:
    """Of any of them, Textual alone would make a `?`, which opens the help, or other keys."""
    with Terminal(FLEET, SIZE) as terminal:
        terminal.wait_for("Gate North")
        terminal.type(late.decode())
        terminal.type("j")
        terminal.type("r")
        terminal.wait_for("Restart Duc Tai Dendo 1?")
        terminal.type("n")
        terminal.wait_for("q leave")
        terminal.type("?")
        terminal.wait_for("── Help")
        terminal.type("qq")
        assert terminal.wait_for_end() == 0
        assert_restored(terminal)


def test_a_key_pressed_while_the_terminal_is_asked_is_taken_by_the_dashboard() -> None:
    with Terminal(FLEET, SIZE) as terminal:
        terminal.wait_for_raw(QUESTION_END)
        assert ALTERNATE_ON not in terminal.raw
        terminal.type("?" + PLAIN.decode())
        terminal.wait_for("── Help")
        terminal.type("qq")
        assert terminal.wait_for_end() == 0
        assert_restored(terminal)


@pytest.mark.parametrize("env", [{"TERM": "vt220"}, {"NO_COLOR": "1"}, {"VMSTUI_GRAPHICS": "blocks"}])
def test_a_console_is_asked_nothing(env: dict[str, str]) -> None:
    with Terminal(FLEET, SIZE, env) as terminal:
        terminal.wait_for("Gate North")
        terminal.type("q")
        assert terminal.wait_for_end() == 0
        assert QUESTION_END not in terminal.raw
        assert b"\x1b_G" not in terminal.raw
