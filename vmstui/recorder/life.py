"""What a later service must know of a camera's life: failures, alarm, waits, and the signals its worker was sent.

A small file of its own beside the note about the worker (`record.py`), because it is rewritten at every failure and
before every signal: it is replaced as a whole but not forced onto the disk, so that ending 300 workers at once waits
for no disk. Only a power cut can lose it, and no worker outlives that.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import field, replace
from datetime import datetime
from pathlib import Path

from vmstui.codec import CodecError, from_json, to_json
from vmstui.light_dataclass import dataclass
from vmstui.recorder.machine_events import Past
from vmstui.recorder.record import write_atomically


@dataclass(frozen=True, slots=True)
class Now:
    """An instant on both clocks: the monotonic one counts since `boot_id`, the wall clock may be set by anybody."""

    boot_id: str
    monotonic_s: float
    wall: datetime


@dataclass(frozen=True, slots=True)
class Life:
    """What was known when it was noted. The instants in `past` are of the monotonic clock of that boot."""

    noted: Now | None = None
    generation: int = 0
    """Of the worker that the signals were sent to."""
    camera: str = ""
    """Digest of the camera's configuration; with another one nothing is waited for."""
    failures: int = 0
    past: Past = field(default_factory=Past)

    def recalled(self, now: Now, generation: int, camera: str) -> tuple[int, Past]:
        """Failures and past as they are to be taken now.

        Within one boot all instants hold, whatever was done to the wall clock. Over a reboot only the time of trouble
        goes on, by the wall clock, unless that went backwards; the first start is at once.
        """
        if self.noted is None:
            return 0, Past()
        past = self.past
        if generation != self.generation:
            past = replace(past, signals=0, signalled_s=0.0)
        if self.noted.boot_id != now.boot_id:
            past = Past(unwell_since_s=past.unwell_since_s, failing=past.failing)
            if past.unwell_since_s is not None:
                away_s = max(0.0, (now.wall - self.noted.wall).total_seconds())
                unwell_s = self.noted.monotonic_s - past.unwell_since_s + away_s
                past = replace(past, unwell_since_s=now.monotonic_s - unwell_s)
        elif camera != self.camera:
            past = replace(past, waiting=None, next_start_s=0.0)
        return self.failures, past


def life_beside(note_path: Path) -> Path:
    """Where the life of a worker is noted, by the place of its note: `worker.life.json` beside `worker.json`."""
    return note_path.with_suffix(".life.json")


def forget_worker(note_path: Path) -> None:
    """The note about a worker that is no more goes, and what was noted of its life."""
    for path in (note_path, life_beside(note_path)):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def load_life(path: Path) -> Life:
    """What was noted; an empty life where nothing was, or it cannot be read."""
    try:
        return from_json(Life, json.loads(path.read_bytes()))
    except (OSError, ValueError, CodecError):
        return Life()


def save_life(path: Path, life: Life) -> None:
    """Replace the note. Raises OSError when the state folder cannot be written."""
    write_atomically(path, json.dumps(to_json(life)).encode(), durable=False)
