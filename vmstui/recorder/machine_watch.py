"""Reads the machine every few seconds, in a thread of its own, for the snapshot and for the history of samples.

In its own thread since a broken driver of a GPU may hang in a call for ever, which then costs these figures and nothing
else. What is needed for it is imported there, and the thread starts with the first reading.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from vmstui.measured import MACHINE, GpuNow, MachineNow
from vmstui.recorder.background import Background
from vmstui.telemetry.history_batch import Readings

if TYPE_CHECKING:
    from vmstui.telemetry.machine import MachineReader

PERIOD_S = 5.0
FIRST_S = 3.0
"""After the start, when all is taken over."""
GPU_SIGNS = ("/dev/nvidiactl", "/dev/dxg")
"""One of these is there where a driver of NVIDIA is; the second one in the Linux of a Windows machine."""
KEPT = 120
"""Readings that wait to be written, at most: ten minutes."""


class MachineWatch:
    """`mount_point` gives that of the recordings, empty while it is not known; it is called in the thread."""

    def __init__(self, mount_point: Callable[[], str]) -> None:
        self.now: MachineNow | None = None
        """As last read."""
        self.driver = ""
        """Of the GPUs."""
        self._mount_point = mount_point
        self._thread = Background()
        self._due_s = 0.0
        self._reading = False
        self._reader: MachineReader | None = None
        self._kept: deque[tuple[int, float, MachineNow]] = deque(maxlen=KEPT)
        """Number, instant and reading."""
        self._count = 0

    def tick(self, now_s: float) -> None:
        """Have it read when it is time, and not while the reading before has not come to its end."""
        if not self._due_s:
            self._due_s = now_s + FIRST_S
        if now_s >= self._due_s and not self._reading:
            self._due_s = now_s + PERIOD_S
            self._reading = True
            self._thread.do(self._read)

    def readings_since(self, number: int) -> tuple[Readings | None, int]:
        """What was read after so many readings, as far as it is still there, and how many there are now."""
        kept = [(at_s, now) for count, at_s, now in tuple(self._kept) if count > number]
        return (Readings(MACHINE, tuple(kept)) if kept else None), self._count

    # -- in the thread -----------------------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            now = self._opened().read(time.monotonic())
            if now is not None:
                self.now = now
                self._kept.append((self._count + 1, now.at.timestamp(), now))
                self._count += 1
        except OSError:
            self.now = None  # no /proc, or not all of it: nothing is known of the machine
        finally:
            self._reading = False

    def _opened(self) -> MachineReader:
        if self._reader is None:
            from vmstui.telemetry.machine import MachineReader

            self._reader = MachineReader(self._mount_point, self._gpus())
        return self._reader

    def _gpus(self) -> Callable[[], tuple[GpuNow, ...]]:
        if not any(os.path.exists(sign) for sign in GPU_SIGNS):
            return lambda: ()
        from vmstui.telemetry.gpu import Gpus

        gpus = Gpus()
        self.driver = gpus.driver
        return gpus.read
