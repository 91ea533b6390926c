"""Pictures for terminals that can show them: what is sent is the picture and nothing else, and answers are no keys."""

from __future__ import annotations

import contextlib
import io
import re
import struct
import subprocess
import unicodedata
import zlib
from base64 import b64decode
from collections.abc import Callable
from itertools import product

import av
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.color import Color, ColorSystem
from rich.segment import Segment
from textual.strip import Strip

from tests.peers import require
from vmstui.tui.bitmap import Indexed, NoBitmap, Rgb, png_size, read_bmp
from vmstui.tui.drawn import PIECE
from vmstui.tui.graphics import (
    USUAL_CELL,
    Answers,
    Graphics,
    LateAnswers,
    UnknownGraphics,
    cells_of,
    fit_pixels,
    question,
    read_answers,
    terminal_of,
    wanted_graphics,
)
from vmstui.tui.kitty import CHUNK, MARKS, MAX_CELLS, forgotten, placeholder, shown, stored
from vmstui.tui.screens.still import NUMBER, NUMBERS
from vmstui.tui.sixel import sixels

KITTY = b"\x1b_Gi=31;OK\x1b\\"
NO_KITTY = b"\x1b_Gi=31;ENOTSUPPORTED:no graphics\x1b\\"
CELL = b"\x1b[6;20;10t"
WITH_SIXEL, WITHOUT = b"\x1b[?62;4;6;22c", b"\x1b[?62;22c"
XTERM = {"TERM": "xterm-256color"}


def version(name: str) -> bytes:
    return f"\x1bP>|{name}\x1b\\".encode()


# --------------------------------------------------------------------------------------------------------------------
# Sixels, read back by a decoder that shares nothing with what wrote them
# --------------------------------------------------------------------------------------------------------------------


def drawn_by(data: str) -> tuple[int, int, list[list[Rgb | None]]]:
    """Width, height and pixels of a sixel picture, by the manual: DECGRA, DECGCI, DECGRI, `$`, `-` and sixels."""
    body = re.fullmatch(r'\x1bP[\d;]*q"1;1;(\d+);(\d+)(.*)\x1b\\', data, re.DOTALL)
    assert body is not None
    width, height = int(body[1]), int(body[2])
    palette: dict[int, Rgb] = {}
    rows: list[list[Rgb | None]] = [[None] * width for _ in range(height)]
    x = top = current = 0
    for token in re.finditer(r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)([?-~])|([?-~])|([$-])|(.)", body[3], re.DOTALL):
        assert not token[10], f"{token[10]!r} is nothing that belongs into a sixel picture"
        if token[1]:
            red, green, blue = (round(int(token[n]) * 255 / 100) for n in (2, 3, 4))
            palette[int(token[1])] = red, green, blue
        elif token[5]:
            current = int(token[5])
        elif token[9]:
            x, top = 0, top + (6 if token[9] == "-" else 0)
        else:
            count, sign = (int(token[6]), token[7]) if token[6] else (1, token[8])
            for bit in range(6):
                if (ord(sign) - 63) >> bit & 1:
                    rows[top + bit][x : x + count] = [palette[current]] * count
            x += count
            assert x <= width
    return width, height, rows


@st.composite
def indexed(draw: st.DrawFn) -> Indexed:
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 20))
    palette = draw(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=256))
    numbers = st.integers(0, len(palette) - 1)
    pixels = draw(st.lists(numbers, min_size=width * height, max_size=width * height))
    return Indexed(width, height, tuple(palette), bytes(pixels))


def flat(width: int, height: int) -> Indexed:
    return Indexed(width, height, ((1, 2, 3),), bytes(width * height))


@given(indexed())
@example(flat(1, 1))
@example(flat(400, 13))
@example(Indexed(256, 7, tuple((n, 255 - n, n) for n in range(256)), bytes(range(256)) * 7))
def test_sixels_are_the_picture_in_every_pixel(picture: Indexed) -> None:
    """But for its colours, that sixels have in percents: half of one is lost at most."""
    data = sixels(picture)
    width, height, rows = drawn_by(data)
    assert (width, height) == (picture.width, picture.height)
    for y, x in product(range(height), range(width)):
        wanted, seen = picture.palette[picture.row(y)[x]], rows[y][x]
        assert seen is not None
        assert max(abs(a - b) for a, b in zip(wanted, seen, strict=True)) <= 2


@given(indexed())
def test_nothing_of_a_picture_ends_the_sequence_it_is_in(picture: Indexed) -> None:
    data = sixels(picture)
    assert data.isascii()
    assert data[2:-2].isprintable()
    assert data.count("\x1b") == 2


def test_an_even_surface_takes_few_bytes() -> None:
    assert sixels(flat(1000, 6)) == '\x1bP0;1q"1;1;1000;6#0;2;0;1;1#0!1000~\x1b\\'


@pytest.mark.peer
def test_sixels_are_read_alike_by_libsixel() -> None:
    require("sixel2png")
    palette = tuple((n, 255 - n, n // 2) for n in range(0, 256, 5))
    picture = Indexed(64, 50, palette, bytes((x * y) % len(palette) for y in range(50) for x in range(64)))
    done = subprocess.run(["sixel2png"], input=sixels(picture).encode(), capture_output=True, check=True)
    pixels = rgb(done.stdout)
    wanted = [picture.palette[number] for number in picture.pixels]
    assert len(pixels) == len(wanted)
    worst = max(
        max(abs(a - b) for a, b in zip(one, other, strict=True)) for one, other in zip(pixels, wanted, strict=True)
    )
    assert worst <= 2


def rgb(png: bytes) -> list[Rgb]:
    """The pixels of a PNG, by PyAV."""
    with av.open(io.BytesIO(png)) as container:
        frame = next(container.decode(video=0)).reformat(format="rgb24")
    plane = frame.planes[0]
    raw = bytes(plane)
    rows = (raw[plane.line_size * y : plane.line_size * y + frame.width * 3] for y in range(frame.height))
    return [pixel for row in rows for pixel in struct.iter_unpack("3B", row)]


# --------------------------------------------------------------------------------------------------------------------
# Kitty's protocol
# --------------------------------------------------------------------------------------------------------------------


def png(width: int, height: int, pixels: bytes) -> bytes:
    """As small a PNG as there can be, not made by what is tested."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + pixels[y * width * 3 : (y + 1) * width * 3] for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


SEQUENCE = re.compile(r"\x1b_G([\w=,]*)(?:;([\w+/=]*))?\x1b\\")


def received(data: str) -> list[tuple[dict[str, str], str]]:
    """Keys and payload of every sequence; nothing else may be in between."""
    assert SEQUENCE.sub("", data) == ""
    found = SEQUENCE.findall(data)
    return [(dict(pair.split("=") for pair in keys.split(",")), payload) for keys, payload in found]


@given(st.binary(min_size=1, max_size=20_000))
@example(b"\x1b\\" * 5000)
@example(bytes(CHUNK * 3 // 4))
def test_what_the_terminal_puts_together_is_the_very_picture(data: bytes) -> None:
    for sent in (shown(data, 80, 20), stored(data, 169, 80, 20)):
        parts = [(keys, payload) for keys, payload in received(sent) if keys.get("a") != "d"]
        assert b64decode("".join(payload for _, payload in parts), validate=True) == data
        assert [keys["m"] for keys, _ in parts] == ["1"] * (len(parts) - 1) + ["0"]
        assert all(len(payload) <= CHUNK and len(payload) % 4 == 0 for _, payload in parts)
        assert all(keys["q"] == "2" for keys, _ in received(sent)), "an answer would come as keys"
        assert all(set(keys) == {"m", "q"} for keys, _ in parts[1:])
        assert (parts[0][0]["a"], parts[0][0]["f"], parts[0][0]["c"], parts[0][0]["r"]) == ("T", "100", "80", "20")


def test_a_picture_arrives_pixel_by_pixel() -> None:
    pixels = bytes((x * 7 + n) % 256 for x in range(90 * 60) for n in range(3))
    parts = received(shown(png(90, 60, pixels), 9, 3))
    assert len(parts) > 1
    arrived = b64decode("".join(payload for _, payload in parts))
    assert b"".join(bytes(pixel) for pixel in rgb(arrived)) == pixels


def test_a_stored_picture_takes_the_place_of_the_one_before_and_can_be_taken_back() -> None:
    first, second = received(stored(b"x", 5, 2, 1))
    assert first == received(forgotten(5))[0] == ({"a": "d", "d": "I", "i": "5", "q": "2"}, "")
    assert (second[0]["U"], second[0]["i"]) == ("1", "5")


def test_marks_are_those_of_the_protocol() -> None:
    """By the rule that kitty's list was made by; and that one begins, goes on and ends with these."""
    assert len(MARKS) == len(set(MARKS)) == MAX_CELLS
    assert list(MARKS) == sorted(MARKS)
    assert all(unicodedata.combining(mark) == 230 and not unicodedata.decomposition(mark) for mark in MARKS)
    known = {0: 0x305, 1: 0x30D, 5: 0x33D, 17: 0x363, 30: 0x483, 42: 0x59C, 296: 0x1D244}
    assert {place: ord(MARKS[place]) for place in known} == known


def test_a_cell_of_a_picture_keeps_its_marks_wherever_a_line_of_it_is_cut() -> None:
    text = "".join(placeholder(3, column) for column in range(PIECE))
    for length in range(1, PIECE + 1):
        line = text[: 3 * length]
        assert Strip([Segment(line)]).cell_length == length
        for cut in range(1, length):
            left, right = Strip([Segment(line)]).divide([cut, length])
            assert (left.text, right.text) == (line[: 3 * cut], line[3 * cut :])
            assert Strip([Segment(line)]).crop(cut, length).text == line[3 * cut :]


def test_the_colour_of_a_placeholder_is_its_number_as_rich_writes_it() -> None:
    colour = Color.from_rgb(*NUMBER)
    assert int.from_bytes(bytes(NUMBER), "big") == NUMBERS["truecolor"]
    assert colour.downgrade(ColorSystem.EIGHT_BIT).number == NUMBERS["256"]


# --------------------------------------------------------------------------------------------------------------------
# Pictures as ffmpeg hands them over
# --------------------------------------------------------------------------------------------------------------------


def bmp(picture: Indexed, *, upward: bool = True) -> bytes:
    stride = -(-picture.width // 4) * 4
    rows = [picture.row(y).ljust(stride, b"\xff") for y in range(picture.height)]
    palette = b"".join(bytes((blue, green, red, 0)) for red, green, blue in picture.palette)
    begin = 54 + len(palette)
    height = picture.height if upward else -picture.height
    head = struct.pack("<2sIHHI", b"BM", begin + stride * len(rows), 0, 0, begin)
    info = struct.pack("<IiiHHIIiiII", 40, picture.width, height, 1, 8, 0, 0, 0, 0, len(picture.palette), 0)
    return head + info + palette + b"".join(reversed(rows) if upward else rows)


@given(indexed(), st.booleans())
def test_a_bmp_is_read_as_it_was_written_and_a_cut_one_is_told(picture: Indexed, upward: bool) -> None:
    data = bmp(picture, upward=upward)
    assert read_bmp(data) == picture
    padding = -picture.width % 4
    with pytest.raises(NoBitmap):
        read_bmp(data[: -padding - 1])


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_a_picture_or_told_from_one(data: bytes) -> None:
    begun = bmp(flat(2, 2))
    readers: list[Callable[[bytes], object]] = [read_bmp, png_size]
    for given_, read in product((data, begun[:20] + data, begun[:50] + data, png(1, 1, b"abc")[:16] + data), readers):
        with contextlib.suppress(NoBitmap):
            read(given_)


def test_what_says_it_is_enormous_is_not_believed() -> None:
    with pytest.raises(NoBitmap, match="99999x1 pixels"):
        read_bmp(bmp(flat(1, 1)).replace(struct.pack("<i", 1), struct.pack("<i", 99999), 1))
    assert png_size(png(3, 2, bytes(18))) == (3, 2)
    with pytest.raises(NoBitmap, match="0x2 pixels"):
        png_size(png(0, 2, b""))


# --------------------------------------------------------------------------------------------------------------------
# Question and answers
# --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["", "dumb", "linux", "vt100", "vt220", "vt102", "ansi", "cons25", "unknown"])
def test_a_console_is_asked_nothing(kind: str) -> None:
    """A serial console is a vt220 to systemd's getty."""
    assert question({"TERM": kind}, cell_known=False) == b""
    assert question({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, cell_known=False) == b""


@pytest.mark.parametrize(
    "environment",
    [{"TERM": "screen-256color"}, {"TERM": "tmux-256color"}, {**XTERM, "TMUX": "/tmp/x,1,0"}, {**XTERM, "STY": "1.a"}],
)
def test_in_tmux_and_screen_only_that_is_asked_which_they_know(environment: dict[str, str]) -> None:
    """Kitty's question would become the title of the pane."""
    assert question(environment, cell_known=True) == b"\x1b[c"
    assert question(environment, cell_known=False) == b"\x1b[16t\x1b[c"


def test_what_every_terminal_answers_is_asked_last() -> None:
    asked = question(XTERM, cell_known=True)
    assert asked.endswith(b"\x1b[c")
    assert asked.startswith(b"\x1b7")
    assert b"a=q" in asked
    assert b"\x1b[16t" not in asked


@pytest.mark.parametrize(
    ("answer", "graphics", "placeholders", "cell"),
    [
        (KITTY + version("kitty(0.35.2)") + CELL + WITHOUT, Graphics.KITTY, True, (10, 20)),
        (KITTY + version("kitty(0.28.0)") + WITHOUT, Graphics.KITTY, True, USUAL_CELL),
        (KITTY + version("kitty(0.26.5)") + WITHOUT, Graphics.KITTY, False, USUAL_CELL),
        (KITTY + version("ghostty 1.1.3") + WITHOUT, Graphics.KITTY, True, USUAL_CELL),
        (KITTY + version("WezTerm 20240203") + WITH_SIXEL, Graphics.KITTY, False, USUAL_CELL),
        (NO_KITTY + version("ghostty 1.1.3") + WITH_SIXEL, Graphics.SIXEL, False, USUAL_CELL),
        (version("XTerm(379)") + CELL + WITH_SIXEL, Graphics.SIXEL, False, (10, 20)),
        (WITHOUT, Graphics.BLOCKS, False, USUAL_CELL),
        (b"\x1b[?4c", Graphics.BLOCKS, False, USUAL_CELL),  # a VT132: the first number is the kind of terminal
        (b"", Graphics.BLOCKS, False, USUAL_CELL),
    ],
)
def test_a_terminal_is_what_it_says(
    answer: bytes, graphics: Graphics, placeholders: bool, cell: tuple[int, int]
) -> None:
    terminal = terminal_of(read_answers(b"jj" + answer), None, asked=True, cell=None)
    assert (terminal.graphics, terminal.placeholders, terminal.cell) == (graphics, placeholders, cell)
    assert terminal.typed == b"jj", "keys are not lost"
    assert terminal.awaited == (answer == b"")


def test_a_person_overrules_the_terminal_and_the_option_the_environment() -> None:
    assert wanted_graphics(None, {}) is None
    assert wanted_graphics(None, {"VMSTUI_GRAPHICS": "sixel"}) is Graphics.SIXEL
    assert wanted_graphics("auto", {"VMSTUI_GRAPHICS": "sixel"}) is None
    assert wanted_graphics("blocks", {"VMSTUI_GRAPHICS": "sixel"}) is Graphics.BLOCKS
    with pytest.raises(UnknownGraphics, match="found 'gif', accepted auto, blocks, kitty, sixel"):
        wanted_graphics(None, {"VMSTUI_GRAPHICS": "gif"})
    said = read_answers(KITTY + WITH_SIXEL)
    assert terminal_of(said, Graphics.BLOCKS, asked=True, cell=None).graphics is Graphics.BLOCKS
    forced = terminal_of(Answers(), Graphics.KITTY, asked=False, cell=(9, 18))
    assert (forced.graphics, forced.placeholders, forced.cell, forced.awaited) == (Graphics.KITTY, True, (9, 18), False)


@given(st.binary(max_size=300))
@example(b"\x1b[6;0;0t")
@example(b"\x1b[6;9999;1t\x1b_Gi=31")
def test_any_answer_leaves_a_terminal_that_can_be_drawn_on(data: bytes) -> None:
    terminal = terminal_of(read_answers(data), None, asked=True, cell=None)
    assert min(terminal.cell) >= 2
    assert min(fit_pixels(80, 24, terminal.cell, (1280, 720))) >= 1


@given(
    st.tuples(st.integers(1, 8192), st.integers(1, 8192)),
    st.tuples(st.integers(2, 200), st.integers(4, 400)),
    st.tuples(st.integers(1, 500), st.integers(1, 400)),
    st.booleans(),
)
def test_a_picture_stays_in_its_room(
    size: tuple[int, int], cell: tuple[int, int], room: tuple[int, int], grow: bool
) -> None:
    columns, lines = cells_of(size, cell, room, grow=grow)
    assert 1 <= columns <= min(room[0], MAX_CELLS)
    assert 1 <= lines <= min(room[1], MAX_CELLS)


def test_a_picture_keeps_its_proportions() -> None:
    assert cells_of((1280, 720), (10, 20), (200, 58), grow=True) == (200, 56)
    assert cells_of((1280, 720), (10, 20), (80, 22), grow=True) == (78, 22)
    assert cells_of((640, 360), (10, 20), (200, 58)) == (64, 18), "never larger than it is"


ANSWERS = st.sampled_from([KITTY, NO_KITTY, version("kitty(0.35.2)"), CELL])
KEYS = st.sampled_from(
    [b"j", b"?", "é".encode(), b"\x1b[A", b"\x1b[27u", b"\x1bq", b"\x1b[?2026;2$y", b"\x1b[<35;1;2M", b"4c"]
)


@given(st.lists(ANSWERS | KEYS, max_size=12), st.data())
def test_late_answers_are_taken_out_however_they_are_cut_and_keys_come_through_in_order(
    parts: list[bytes], data: st.DataObject
) -> None:
    """But for a cut between an escape and what follows it: a lone escape is a key, and nobody's to hold back."""
    answers = (KITTY, NO_KITTY, CELL, version("kitty(0.35.2)"))
    whole = b"".join([*parts, WITH_SIXEL, b"jk"])
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=6)))
    cuts = [cut for cut in cuts if not whole[:cut].endswith(b"\x1b") or whole[cut : cut + 1] == b"\\"]
    late = LateAnswers()
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert b"".join(map(late.without, pieces)) == b"".join(part for part in parts if part not in answers) + b"jk"
    assert late.over
    assert late.without(WITH_SIXEL) == WITH_SIXEL, "it is no longer looked for"


@given(st.lists(st.binary(max_size=20), max_size=8))
def test_nothing_is_lost_of_what_is_no_answer(pieces: list[bytes]) -> None:
    late = LateAnswers()
    came = b"".join(map(late.without, [*pieces, b"\x00\x00"]))
    whole = b"".join(pieces) + b"\x00\x00"
    assert came == whole or re.search(rb"\x1b[\[_P]", whole) is not None
