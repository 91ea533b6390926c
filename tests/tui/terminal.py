"""A real pseudo-terminal with a program in it, and what a person would see on it (by pyte, an independent emulator)."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import pyte

# Queries and modes that pyte does not know; it would print parts of them.
_UNKNOWN = re.compile(rb"\x1b\[[<>=][\d;]*u|\x1b\[\?[\d;]*\$p|\x1b\[>\d*[a-z]|\x1b[P_][^\x1b]*\x1b\\")
_UNFINISHED = re.compile(rb"\x1b(?:\[[<=>?]?[\d;]*\$?|[P_][^\x1b]*\x1b?)?$")

_NOT_OURS = {
    "NO_COLOR",
    "COLUMNS",
    "LINES",
    "TMUX",
    "STY",
    "TERM_PROGRAM",
    "VMSTUI_GRAPHICS",
    "SSH_CONNECTION",
    "SSH_TTY",
}
QUESTION_END = b"\x1b[c"
CURSOR_QUESTION = b"\x1b[6n"

ALTERNATE_ON, ALTERNATE_OFF = b"\x1b[?1049h", b"\x1b[?1049l"
MOUSE_OFF, CURSOR_ON = b"\x1b[?1000l", b"\x1b[?25h"


class Terminal:
    """Runs a program on a terminal of its own, Python unless another is named. A context manager that leaves no process
    behind."""

    def __init__(
        self,
        argv: list[str],
        size: tuple[int, int] = (80, 24),
        env: Mapping[str, str] | None = None,
        *,
        cell: tuple[int, int] = (0, 0),
        answer: bytes = b"",
        program: str = sys.executable,
        cursor_told: bool = True,
    ) -> None:
        """`cell` is a character in pixels as the kernel knows it, 0x0 where it does not; `answer` is what comes when
        the terminal is asked what it is, nothing from one that is silent; where its cursor is it tells at once, or
        never."""
        self.raw = b""
        self._cursor_told, self._asked_for_cursor = cursor_told, 0
        self._answer = answer
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._seen = 0
        self._drains: threading.Thread | None = None
        self._master, slave = pty.openpty()
        fcntl.ioctl(
            slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], size[0] * cell[0], size[1] * cell[1])
        )
        variables = {key: value for key, value in os.environ.items() if key not in _NOT_OURS}
        # What somebody chose on another terminal, such as a filter, is not to be found on this one.
        self._chosen = tempfile.TemporaryDirectory(prefix="vmstui-terminal-")
        variables |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
        variables |= {"XDG_STATE_HOME": self._chosen.name, **(env or {})}
        self.process = subprocess.Popen(
            [program, *argv], stdin=slave, stdout=slave, stderr=slave, env=variables, start_new_session=True
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self._drains is not None:  # else it might read from what next has the number of our end
            self._drains.join()
        self.hang_up()
        self._chosen.cleanup()

    def hang_up(self) -> None:
        """The terminal is gone; the program has no controlling terminal, so that no signal tells it."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def kill(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.process.pid, number)

    def screen(self, size: int | None = None) -> str:
        """What is on the screen now, or was when so many bytes had come."""
        new = self.raw[self._seen : size]
        if cut := _UNFINISHED.search(new):
            new = new[: cut.start()]
        self._seen += len(new)
        self._stream.feed(_UNKNOWN.sub(b"", new))
        return "\n".join(line.rstrip() for line in self._screen.display)

    def wait_for(self, words: str, timeout_s: float = 30.0) -> None:
        """Read until these words are on the screen."""
        self._read_until(lambda: words in self.screen(), timeout_s, words)

    def wait_for_raw(self, data: bytes, timeout_s: float = 30.0) -> None:
        """Read until these bytes have come."""
        self._read_until(lambda: data in self.raw, timeout_s, repr(data))

    def wait_for_end(self, timeout_s: float = 30.0) -> int:
        """Read until the program has ended; its exit status."""
        self._read_until(lambda: self.process.poll() is not None, timeout_s, "the end")
        while self._read(0.05):
            pass
        return self.process.returncode

    def read_for(self, seconds: float) -> int:
        """Read for so long; returns how many bytes came."""
        before, end = len(self.raw), time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left)
        return len(self.raw) - before

    def drain(self) -> list[tuple[float, int]]:
        """From now on read at once whatever comes, in a thread, and nowhere else: what is not read delays the program.
        Gives a list that grows: after each piece the monotonic clock, and how many bytes had come by then."""
        found: list[tuple[float, int]] = []

        def read() -> None:
            while self._master >= 0 and self.process.poll() is None:
                if self._read(0.1):
                    found.append((time.monotonic(), len(self.raw)))

        self._drains = threading.Thread(target=read, daemon=True)
        self._drains.start()
        return found

    def _read_until(self, condition: Callable[[], object], timeout_s: float, what: str) -> None:
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            self._read(0.1)
            while time.monotonic() < end and self._read(0.0):  # to look takes longer than to read
                pass
            if condition():
                return
        raise AssertionError(f"waited {timeout_s:.0f} s for {what}; the screen shows:\n{self.screen()}")

    def _read(self, timeout_s: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], timeout_s)
        if not ready:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # the other side is closed
            time.sleep(0.02)
            return False
        self.raw += data
        if self._answer and QUESTION_END in self.raw:
            answer, self._answer = self._answer, b""
            os.write(self._master, answer)
        if self._cursor_told and (asked := self.raw.count(CURSOR_QUESTION)) > self._asked_for_cursor:
            self._asked_for_cursor = asked
            os.write(self._master, b"\x1b[5;5R")
        return bool(data)

    def resize(self, columns: int, rows: int, *, told: bool = True) -> None:
        """As when a person pulls at its window; the program may not be told, or be told something older last."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._screen.resize(rows, columns)
        if told:
            self.kill(signal.SIGWINCH)  # it is not the controlling terminal, of which the kernel would tell

    def attributes(self) -> list[object]:
        """How it is set now: whether it echoes, and what else `stty` tells."""
        return termios.tcgetattr(self._master)
