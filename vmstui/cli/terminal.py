"""Asks the terminal which pictures it shows; what is asked and what the answers mean is in `tui.graphics`.

While answers may come, the terminal echoes nothing and hands over what it has at once; however this ends, it is as it
was before. A terminal that is silent costs the bound, once. Nothing is asked of what is no terminal, nor from the
background, where that would stop us.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from types import FrameType

from vmstui.tui.graphics import Graphics, Terminal, question, read_answers, sensible_cell, terminal_of, wanted_graphics

BOUND_S = 0.2
FAR_BOUND_S = 1.0
"""Over SSH, for a command that draws one picture and is over."""
_MAX_BYTES = 64 * 1024


class Asked:
    """A question that is on its way, or none."""

    def __init__(self, wanted: Graphics | None, file: int, asked: bool, cell: tuple[int, int] | None) -> None:
        self._wanted, self._file, self._asked, self._cell = wanted, file, asked, cell
        self._at = time.monotonic()
        self._data = b""

    def terminal(self, bound_s: float) -> Terminal:
        """What the terminal is, once it has answered; so long after the question, what it is as far as is known."""
        while self._asked and not read_answers(self._data).complete:
            left = self._at + bound_s - time.monotonic()
            if not self._read(max(left, 0.0)):
                break
        return terminal_of(read_answers(self._data), self._wanted, asked=self._asked, cell=self._cell)

    def drain(self) -> None:
        """Answers that came too late shall not be there for whoever reads from the terminal next."""
        if self._asked and not read_answers(self._data).complete:
            while self._read(0.0):
                pass

    def _read(self, timeout_s: float) -> bool:
        ready, _, _ = select.select([self._file], [], [], timeout_s)
        if not ready or len(self._data) > _MAX_BYTES:
            return False
        try:
            data = os.read(self._file, 4096)
        except OSError:
            return False
        self._data += data
        return bool(data)


@contextlib.contextmanager
def asking(option: str | None, environment: Mapping[str, str], *, coloured: bool) -> Iterator[Asked]:
    """Ask the terminal that stdin and stdout are; it is as it was when this block is left. Raises
    UnknownGraphics."""
    wanted = wanted_graphics(option, environment)
    needed = coloured and wanted is not Graphics.BLOCKS
    if not needed:
        yield Asked(Graphics.BLOCKS, -1, False, None)
        return
    cell = _cell()
    all_known = wanted is not None and cell is not None
    words = question(environment, cell_known=cell is not None) if _ours() and not all_known else b""
    if not words:
        yield Asked(wanted, -1, False, cell)
        return
    with _silent(0):
        sys.stdout.flush()
        os.write(1, words)
        asked = Asked(wanted, 0, True, cell)
        try:
            yield asked
        finally:
            asked.drain()


def _ours() -> bool:
    """Whether this is a terminal that we may ask: not from the background."""
    if not (os.isatty(0) and os.isatty(1)):
        return False
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:  # it is no one's controlling terminal, so nobody is stopped for using it
        return True


@contextlib.contextmanager
def _silent(file: int) -> Iterator[None]:
    try:
        before = termios.tcgetattr(file)
        silent = termios.tcgetattr(file)
        silent[3] &= ~(termios.ECHO | termios.ICANON)
        silent[6][termios.VMIN], silent[6][termios.VTIME] = 1, 0
        termios.tcsetattr(file, termios.TCSANOW, silent)
    except termios.error:
        yield
        return
    try:
        with _ended_by_exception():
            yield
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(file, termios.TCSANOW, before)


@contextlib.contextmanager
def _ended_by_exception() -> Iterator[None]:
    """So that being told to end leaves the terminal as it was."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    numbers = (signal.SIGTERM, signal.SIGHUP)
    handlers = [signal.signal(number, end) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, handlers, strict=True):
            signal.signal(number, handler)


def _cell() -> tuple[int, int] | None:
    """Pixels of a character, where the kernel was told."""
    try:
        lines, columns, width, height = struct.unpack("HHHH", fcntl.ioctl(1, termios.TIOCGWINSZ, bytes(8)))
    except OSError:
        return None
    return sensible_cell(width // columns, height // lines) if columns and lines else None
