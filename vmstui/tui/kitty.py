"""A picture by the graphics protocol of the terminal kitty (sw.kovidgoyal.net/kitty/graphics-protocol). Pure.

The terminal gets a PNG as base64 and may be told to show it where certain characters stand, each of which says which
cell of the picture it is: so a program that knows of nothing but characters moves, covers and erases it. No byte of the
picture can end the escape sequence, and the terminal answers nothing (`q=2`): an answer would come as keys.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

CHUNK = 4096
"""Characters of base64 in one sequence at most, by the protocol."""
PLACEHOLDER = "\U0010eeee"
MAX_CELLS = 297
"""Columns and rows that a placeholder can tell."""

# The combining characters that stand for a row and for a column, in this order: those of class 230 in Unicode 6.0 that
# no normalisation takes for something else (kitty's rowcolumn-diacritics.txt).
_MARKS = """
305 30d-30e 310 312 33d-33f 346 34a-34c 350-352 357 35b 363-36f 483-487 592-595 597-599 59c-5a1 5a8-5a9 5ab-5ac 5af 5c4
610-617 657-65b 65d-65e 6d6-6dc 6df-6e2 6e4 6e7-6e8 6eb-6ec 730 732-733 735-736 73a 73d 73f-741 743 745 747 749-74a
7eb-7f1 7f3 816-819 81b-823 825-827 829-82d 951 953-954 f82-f83 f86-f87 135d-135f 17dd 193a 1a17 1a75-1a7c 1b6b
1b6d-1b73 1cd0-1cd2 1cda-1cdb 1ce0 1dc0-1dc1 1dc3-1dc9 1dcb-1dcc 1dd1-1de6 1dfe 20d0-20d1 20d4-20d7 20db-20dc 20e1 20e7
20e9 20f0 2cef-2cf1 2de0-2dff a66f a67c-a67d a6f0-a6f1 a8e0-a8f1 aab0 aab2-aab3 aab7-aab8 aabe-aabf aac1 fe20-fe26
10a0f 10a38 1d185-1d189 1d1aa-1d1ad 1d242-1d244
"""


def _marks() -> Iterator[str]:
    for part in _MARKS.split():
        first, _, last = part.partition("-")
        yield from map(chr, range(int(first, 16), int(last or first, 16) + 1))


MARKS = tuple(_marks())


def shown(png: bytes, cells: int, lines: int) -> str:
    """Draws it at the cursor, over so many cells and lines; the cursor stays."""
    return _sent(png, f"a=T,C=1,c={cells},r={lines}")


def stored(png: bytes, number: int, cells: int, lines: int) -> str:
    """Gives it to the terminal under a number, in place of the one before, to be seen where placeholders stand."""
    return forgotten(number) + _sent(png, f"a=T,U=1,i={number},c={cells},r={lines}")


def forgotten(number: int) -> str:
    """Takes it out of the terminal and off the screen."""
    return f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"


def placeholder(row: int, column: int) -> str:
    """One cell of a picture that was stored; the colour of the text has to be its number."""
    return PLACEHOLDER + MARKS[row] + MARKS[column]


def _sent(png: bytes, keys: str) -> str:
    text = b64encode(png).decode("ascii")
    chunks = [text[at : at + CHUNK] for at in range(0, len(text), CHUNK)]
    sequences = []
    for nth, chunk in enumerate(chunks, 1):
        first = f"{keys},f=100," if nth == 1 else ""
        sequences.append(f"\x1b_G{first}q=2,m={int(nth < len(chunks))};{chunk}\x1b\\")
    return "".join(sequences)
