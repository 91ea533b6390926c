"""Child processes of the bench: none outlives it, however it ends.

The kernel kills them with it (prctl(2), PR_SET_PDEATHSIG), also when it is killed itself. Each leads a session of its
own, so that Ctrl-C reaches the bench alone, which then ends them in its own order.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from vmstui.ffmpeg.progress import parse_progress
from vmstui.telemetry.procfs import ProcessGone, ProcReader, cpu_clock
from vmstui.triage.masking import Masker

_PR_SET_PDEATHSIG = 1
_TAIL_BYTES = 4096
_MOST_SAID = 1000
"""Characters of a last line."""
_END_S = 10.0
BY_SHAPE = Masker(())
"""Knows no password, and finds what looks like one."""
_LIBC = ctypes.CDLL(None)


class Child:
    """One process that runs; its output goes to files of a folder."""

    def __init__(
        self,
        argv: Sequence[str],
        folder: Path,
        name: str,
        environment: Mapping[str, str],
        nice: int = 0,
        masker: Masker = BY_SHAPE,
    ) -> None:
        """`masker` is for what it says. Raises OSError when it cannot be started."""
        self.name = name
        self._masker = masker
        self.log = folder / f"{name}.log"
        self._progress = folder / f"{name}.progress"
        bench = os.getpid()

        def settle_in() -> None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != bench:
                os._exit(1)
            os.nice(nice)

        with self.log.open("ab") as log, self._progress.open("ab") as progress:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=progress,
                stderr=log,
                env=dict(environment),
                start_new_session=True,
                preexec_fn=settle_in,
            )
        self._reader = ProcReader(self.pid)

    @property
    def pid(self) -> int:
        """It is ours to wait for, so nobody else can have it."""
        return self._process.pid

    def ended(self) -> str:
        """How it ended, with its last words; empty while it runs."""
        code = self._process.poll()
        if code is None:
            return ""
        how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
        return f"{self.name} {how}: {self.last_words() or 'it said nothing'}"

    def last_words(self) -> str:
        """The last line of its log, without passwords: ffmpeg writes the addresses it was given."""
        try:
            lines = self.log.read_bytes().decode(errors="replace").split("\n")
        except OSError:
            return ""
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        # Masked as a whole and cut then: half a password is not recognised.
        return self._masker.mask(last)[-_MOST_SAID:]

    def cpu_s(self) -> float:
        """User and system time of all its threads, also of those that ended."""
        return time.clock_gettime(cpu_clock(self.pid))

    def rss_bytes(self) -> int:
        """Resident memory; 0 once it has ended."""
        try:
            return self._reader.read(time.monotonic()).rss_bytes
        except ProcessGone:
            return 0

    def frames(self) -> tuple[int, float] | None:
        """Frames as it told last, and when; None before it told any."""
        try:
            with self._progress.open("rb") as file:
                written_s = os.fstat(file.fileno()).st_mtime_ns / 1e9
                file.seek(max(os.fstat(file.fileno()).st_size - _TAIL_BYTES, 0))
                told = parse_progress(file.read())
        except OSError:
            return None
        return (told.frame, written_s) if told is not None and told.frame else None

    def kill(self) -> None:
        """End it at once, and wait for that."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        self._reader.close()
