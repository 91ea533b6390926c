"""How far an export is: a bar on a terminal, a line now and then in a file, JSON for programs.

Whoever looks may leave: progress that cannot be shown ends no export.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from typing import Protocol, Self, TextIO

LINE_EVERY_S = 10.0
JSON_EVERY_S = 1.0
BAR_CELLS = 30


class Shown(Protocol):
    """Shows what it is told, until it is left."""

    def tell(self, what: str, share: float) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


def shown_on(stream: TextIO) -> Shown:
    """A bar, or lines where there is nobody to look at one."""
    return Bar(stream) if stream.isatty() else Lines(stream)


class Bar:
    """One line that is drawn over and over, and wiped in the end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drawn = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            _write(self._stream, "\r\x1b[K")

    def tell(self, what: str, share: float) -> None:
        drawn = bar(what, share, shutil.get_terminal_size().columns)
        if drawn != self._drawn:
            self._drawn = drawn
            _write(self._stream, f"\r{drawn}\x1b[K")


class Lines:
    """A line when something else is being done, and every ten seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._what = ""
        self._told_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def tell(self, what: str, share: float) -> None:
        now_s = time.monotonic()
        if what != self._what or now_s - self._told_s >= LINE_EVERY_S:
            self._what, self._told_s = what, now_s
            _write(self._stream, f"{what} {share:.0%}\n")


class JsonLines(Lines):
    """The same for programs: one object a line, once a second."""

    def tell(self, what: str, share: float) -> None:
        now_s = time.monotonic()
        if what != self._what or now_s - self._told_s >= JSON_EVERY_S:
            self._what, self._told_s = what, now_s
            _write(self._stream, json.dumps({"progress": {"what": what, "share": round(share, 4)}}) + "\n")


def bar(what: str, share: float, columns: int) -> str:
    """`copying    ######------------------------  20%`, cut to the terminal."""
    done = round(share * BAR_CELLS)
    return f"{what:<10} {'#' * done}{'-' * (BAR_CELLS - done)} {share:4.0%}"[: max(0, columns - 1)]


def _write(stream: TextIO, text: str) -> None:
    with contextlib.suppress(OSError):
        stream.write(text)
        stream.flush()
