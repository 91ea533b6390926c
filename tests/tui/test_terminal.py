"""On a real terminal: however the dashboard ends, the terminal is a plain one again."""

from __future__ import annotations

import signal

import pytest

from tests.tui.terminal import ALTERNATE_OFF, ALTERNATE_ON, CURSOR_ON, MOUSE_OFF, Terminal

FLEET = ["-m", "tests.tui.fake_fleet", "--cameras", "3"]


def assert_restored(terminal: Terminal) -> None:
    assert ALTERNATE_ON in terminal.raw
    after = terminal.raw[terminal.raw.rindex(ALTERNATE_OFF) :]
    assert ALTERNATE_ON not in after
    for code in (MOUSE_OFF, CURSOR_ON):
        assert code in terminal.raw[-4000:]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_restores_the_terminal_and_says_that_recording_goes_on(number: signal.Signals) -> None:
    with Terminal(FLEET) as terminal:
        terminal.wait_for("recording")
        terminal.kill(number)
        assert terminal.wait_for_end() == 0
        assert_restored(terminal)
        assert "recording goes on" in terminal.screen()


@pytest.mark.parametrize("number", [None, signal.SIGTERM])
def test_a_dashboard_without_a_terminal_ends(number: signal.Signals | None) -> None:
    """An SSH link that broke must not leave one behind, for ever drawing for nobody."""
    with Terminal(FLEET) as terminal:
        terminal.wait_for("recording")
        terminal.hang_up()
        if number is not None:
            terminal.kill(number)
        terminal.process.wait(30)


def test_keys_work_and_q_leaves_a_plain_terminal() -> None:
    with Terminal(FLEET) as terminal:
        terminal.wait_for("Gate North")
        terminal.type("j")
        terminal.type("r")
        terminal.wait_for("Restart Duc Tai Dendo 1?")
        terminal.type("n")
        terminal.wait_for("q leave")
        terminal.type("q")
        assert terminal.wait_for_end() == 0
        assert_restored(terminal)
        assert "recording goes on" in terminal.screen()


def test_keys_of_one_write_are_each_taken_by_what_the_keys_before_set_off() -> None:
    """As a slow link delivers what was typed meanwhile."""
    with Terminal(FLEET) as terminal:
        terminal.wait_for("Gate North")
        terminal.type("/ryQy\r")  # a text for the filter, and no restart, stop or end of everything
        terminal.wait_for("No camera matches 'ryQy'; esc shows all.")
        terminal.type("\x1b[27u/gate\rlw&rtsp\r")  # all cameras again, the gate, its log, only warnings, their filter
        terminal.wait_for("Log Gate North")
        terminal.wait_for("warnings and errors · &rtsp")
        terminal.type(":logs dendo 2\r")
        terminal.wait_for("Log Duc Tai Dendo 2")
        terminal.type("h\x1bsy")  # its history, back to the cameras, stop it, yes
        terminal.wait_for("stopped by a person")
        terminal.type("?qQnlqQy")  # help and back, stop all and no, its log, leave; the rest is nobody's any more
        assert terminal.wait_for_end() == 0
        assert_restored(terminal)
        assert "recording goes on" in terminal.screen()


def test_a_terminal_that_is_not_utf_8_gets_a_whole_screen_in_ascii() -> None:
    with Terminal(FLEET, env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}) as terminal:
        terminal.wait_for("* recording")
        assert "\\u" not in terminal.screen()
        assert terminal.screen().isascii()
        terminal.type("q")
        assert terminal.wait_for_end() == 0


def test_no_color_sends_no_colour() -> None:
    with Terminal(FLEET, env={"NO_COLOR": "1"}) as terminal:
        terminal.wait_for("recording")
        terminal.type("q")
        terminal.wait_for_end()
        for code in (b"38;2;", b"48;2;", b"38;5;", b"48;5;", b"[31m", b"[32m"):
            assert code not in terminal.raw


@pytest.mark.parametrize("option", [[], ["--no-mouse"]])
def test_the_mouse_is_left_to_the_terminal_where_that_is_wanted(option: list[str]) -> None:
    with Terminal([*FLEET, *option]) as terminal:
        terminal.wait_for("recording")
        terminal.type("q")
        assert terminal.wait_for_end() == 0
        assert (b"\x1b[?1000h" in terminal.raw) is not bool(option)
