"""Which pictures a terminal can show: what it is asked, what its answers mean, and how large a picture then is. Pure.

A terminal is asked once, in one breath, and last of all for what every terminal answers (DA1): when that answer is
there, there will be no others. What is not known to understand the questions is not asked: on a serial console or the
console of the machine they could be printed. Called by the commands that draw, before they do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from vmstui.tui.kitty import MAX_CELLS

AUTO = "auto"
VARIABLE = "VMSTUI_GRAPHICS"
"""How pictures are drawn, where not what the terminal answers shall decide."""
USUAL_CELL = (8, 16)
"""Pixels of a character, where the terminal does not tell."""

_PLAIN = re.compile(r"dumb|unknown|linux|ansi|vt\d+|cons\d|sun|con80", re.IGNORECASE)
_MULTIPLEXER = re.compile(r"screen|tmux", re.IGNORECASE)

_KITTY = re.compile(rb"\x1b_G(?:[^\x1b;]*,)?i=31\b[^\x1b;]*;([^\x1b]*)\x1b\\")
_VERSION = re.compile(rb"\x1bP>\|([^\x1b]*)\x1b\\")
_CELL = re.compile(rb"\x1b\[6;(\d{1,4});(\d{1,4})t")
_DA1 = re.compile(rb"\x1b\[\?([\d;]*)c")
_ANSWER = re.compile(b"|".join(part.pattern for part in (_KITTY, _VERSION, _CELL, _DA1)))
_BEGUN = re.compile(
    rb"\x1b(?:_[^\x1b]{0,200}\x1b?|P(?:>[^\x1b]{0,200}\x1b?)?|\[(?:\?[\d;]{0,60}|6(?:;[\d;]{0,12})?)?)$"
)
_WITH_PLACEHOLDERS = re.compile(r"kitty\((\d+)\.(\d+)|ghostty\b", re.IGNORECASE)


class UnknownGraphics(ValueError):
    """What was chosen is nothing there is. The text is for the person who chose."""


class Graphics(StrEnum):
    """How a picture is drawn."""

    BLOCKS = "blocks"
    """In characters, as every terminal can."""
    KITTY = "kitty"
    SIXEL = "sixel"


@dataclass(frozen=True, slots=True)
class Answers:
    """What a terminal said to the question."""

    complete: bool = False
    """It has answered the last part, so that no other answer is to come."""
    kitty: bool = False
    sixel: bool = False
    program: str = ""
    """Name and version as it gives them: `kitty(0.35.2)`."""
    cell: tuple[int, int] | None = None
    """Width and height of a character in pixels."""
    typed: bytes = b""
    """What came in between and is no answer: keys."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """What is known of a terminal by those who draw on it."""

    graphics: Graphics = Graphics.BLOCKS
    placeholders: bool = False
    """It knows kitty's placeholders, so that its pictures go where characters go."""
    cell: tuple[int, int] = USUAL_CELL
    awaited: bool = False
    """Answers may still come."""
    typed: bytes = b""
    """Keys that came while it was asked."""


def wanted_graphics(option: str | None, environment: Mapping[str, str]) -> Graphics | None:
    """What a person chose, None where the terminal decides. Raises UnknownGraphics."""
    given = option or environment.get(VARIABLE) or AUTO
    if given == AUTO:
        return None
    if given not in set(Graphics):
        raise UnknownGraphics(f"${VARIABLE}: found {given!r}, accepted {AUTO}, {', '.join(Graphics)}")
    return Graphics(given)


def question(environment: Mapping[str, str], *, cell_known: bool) -> bytes:
    """What to send to the terminal; empty where nothing may be asked."""
    kind = environment.get("TERM", "")
    if not kind or _PLAIN.match(kind) or environment.get("TERM_PROGRAM") == "Apple_Terminal":
        return b""
    asked = b"" if cell_known else b"\x1b[16t"
    if not _in_multiplexer(environment):
        # tmux would take the first for the title of the pane, and hands neither on. Of what an old terminal prints of
        # it instead, nothing stays.
        asked = b"\x1b7\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b8\x1b[K\x1b[>q" + asked
    return asked + b"\x1b[c"


def read_answers(data: bytes) -> Answers:
    """Whatever came from the terminal after the question, answers and keys."""
    kitty, version, cell, attributes = (part.search(data) for part in (_KITTY, _VERSION, _CELL, _DA1))
    size = (int(cell[2]), int(cell[1])) if cell else (0, 0)
    return Answers(
        complete=attributes is not None,
        kitty=kitty is not None and kitty[1] == b"OK",
        sixel=attributes is not None and b"4" in attributes[1].split(b";")[1:],
        program=version[1].decode("utf-8", "replace") if version else "",
        cell=sensible_cell(*size),
        typed=_ANSWER.sub(b"", data),
    )


def sensible_cell(width: int, height: int) -> tuple[int, int] | None:
    """The size of a character, if it can be one."""
    return (width, height) if 2 <= width <= 200 and 4 <= height <= 400 else None


def terminal_of(answers: Answers, wanted: Graphics | None, *, asked: bool, cell: tuple[int, int] | None) -> Terminal:
    """What to draw with. `cell` is what the kernel knows of it."""
    known = _WITH_PLACEHOLDERS.match(answers.program)
    by_answer = Graphics.KITTY if answers.kitty else Graphics.SIXEL if answers.sixel else Graphics.BLOCKS
    graphics = wanted or by_answer
    with_placeholders = known is not None and (known[1] is None or (int(known[1]), int(known[2])) >= (0, 28))
    return Terminal(
        graphics,
        placeholders=graphics is Graphics.KITTY and (with_placeholders or wanted is Graphics.KITTY),
        cell=cell or answers.cell or USUAL_CELL,
        awaited=asked and not answers.complete,
        typed=answers.typed,
    )


def fit_pixels(cells: int, lines: int, cell: tuple[int, int], most: tuple[int, int]) -> tuple[int, int]:
    """Pixels a picture may have to fit into so many cells; never more than `most`, as it has to be sent."""
    return max(1, min(cells * cell[0], most[0])), max(1, min(lines * cell[1], most[1]))


def cells_of(
    size: tuple[int, int], cell: tuple[int, int], room: tuple[int, int], *, grow: bool = False
) -> tuple[int, int]:
    """Columns and lines for a picture of so many pixels, its proportions kept; `grow`: as many as there is room for."""
    columns, lines = (max(1, min(most, MAX_CELLS)) for most in room)
    scale = min(columns * cell[0] / size[0], lines * cell[1] / size[1])
    scale = scale if grow else min(scale, 1.0)
    wide, high = (max(1, round(side * scale / one)) for side, one in zip(size, cell, strict=True))
    return min(wide, columns), min(high, lines)


def _in_multiplexer(environment: Mapping[str, str]) -> bool:
    kind = environment.get("TERM", "")
    return "TMUX" in environment or "STY" in environment or _MULTIPLEXER.match(kind) is not None


class LateAnswers:
    """Takes answers out of what a terminal sends, until the last one has come; everything else is left as it is."""

    def __init__(self) -> None:
        self.over = False
        self._held = b""

    def without(self, data: bytes) -> bytes:
        """Of what was read, all but answers. The beginning of one is held back until it is seen what it becomes."""
        data, self._held = self._held + data, b""
        if self.over:
            return data
        if (last := _DA1.search(data)) is not None:
            self.over = True
            return _ANSWER.sub(b"", data[: last.end()]) + data[last.end() :]
        rest = _ANSWER.sub(b"", data)
        if (begun := _BEGUN.search(rest)) is not None:
            rest, self._held = rest[: begun.start()], rest[begun.start() :]
        return rest
