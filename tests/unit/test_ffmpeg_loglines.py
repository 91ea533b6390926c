"""Lines of ffmpeg's log, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmstui.ffmpeg.loglines import ParsedLine, parse_line, printable_lines
from vmstui.logged import LogLevel


@pytest.mark.parametrize(
    ("raw", "parsed"),
    [
        (
            "[rtsp @ 0x55a90abce480] [error] method DESCRIBE failed: 401 Unauthorized",
            ParsedLine(LogLevel.ERROR, "rtsp", "method DESCRIBE failed: 401 Unauthorized"),
        ),
        (
            "[vost#0:0/h264_nvenc @ 0x5570] [enc:h264_nvenc @ 0x5571] [error] Could not open encoder before EOF",
            ParsedLine(LogLevel.ERROR, "vost#0:0/h264_nvenc", "Could not open encoder before EOF"),
        ),
        (
            "[fatal] Error opening input files: Connection refused",
            ParsedLine(LogLevel.FATAL, "", "Error opening input files: Connection refused"),
        ),
        (
            "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x1] [warning] [not a component] text",
            ParsedLine(LogLevel.WARNING, "mov,mp4,m4a,3gp,3g2,mj2", "[not a component] text"),
        ),
        ("[out#0/mp4 @ 0x1] [verbose] done", ParsedLine(LogLevel.INFO, "out#0/mp4", "done")),
        ("x265 [error]: no memory", ParsedLine(LogLevel.UNKNOWN, "", "x265 [error]: no memory")),
        ("[libx264 @ 0x2] using cpu", ParsedLine(LogLevel.UNKNOWN, "libx264", "using cpu")),
        ("", ParsedLine(LogLevel.UNKNOWN, "", "")),
    ],
)
def test_a_line_is_split_into_level_outermost_component_and_text(raw: str, parsed: ParsedLine) -> None:
    assert parse_line(raw) == parsed
    assert parse_line(raw + "\n") == parsed


def test_the_name_of_a_component_may_hold_what_its_address_begins_with() -> None:
    assert parse_line("[a @ 0xb @ 0x1f] [b @ 2] [error] c @ d] e") == ParsedLine(LogLevel.ERROR, "a @ 0xb", "c @ d] e")
    assert parse_line("[a @ no address] [error] b").level is LogLevel.UNKNOWN


@given(st.text())
def test_no_text_breaks_the_parser_or_gets_a_guessed_level(text: str) -> None:
    line = parse_line(text)
    assert text.rstrip("\r\n").endswith(line.text)
    if "[" not in text:
        assert line.level is LogLevel.UNKNOWN


def test_lines_of_a_short_run_cannot_steer_a_terminal() -> None:
    raw = b"\x1b]0;title\x07[error] a\xe2\x80\xaeb\xff\r\n\n[error] c\n"
    assert printable_lines(raw) == ["]0;title[error] ab\N{REPLACEMENT CHARACTER}", "[error] c"]
