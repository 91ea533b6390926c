"""Keeps what is known of the wall clock (`recording.clock`) over services: some may have been set while none ran."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from vmstui.codec import CodecError, from_json, to_json
from vmstui.recorder.clocks import boot_and_wall_s
from vmstui.recorder.context import Context
from vmstui.recorder.process import boot_id
from vmstui.recorder.record import write_atomically
from vmstui.recording.clock import WallClock

NOTE = "clock.json"


def recall_clock(state_folder: Path) -> WallClock:
    """What a service before us noted in this boot, and what the clocks show now; that is noted."""
    clock = noted_clock(state_folder)
    _save(state_folder, clock)
    return clock


def noted_clock(state_folder: Path) -> WallClock:
    """What services noted in this boot, and what the clocks show now. Changes nothing."""
    clock = WallClock(boot_id())
    with contextlib.suppress(OSError, ValueError, CodecError):
        noted = from_json(WallClock, json.loads((state_folder / NOTE).read_bytes()))
        if noted.boot == clock.boot:
            clock = noted
    return clock.seen(*boot_and_wall_s())[0]


def clock_seen(context: Context) -> float:
    """Look at the clocks; by how much that of the wall was set since the last look, 0.0 if it was not."""
    context.clock, step_s = context.clock.seen(*boot_and_wall_s())
    if step_s:
        _save(context.state_folder, context.clock)
    return step_s


def _save(state_folder: Path, clock: WallClock) -> None:
    with contextlib.suppress(OSError):  # a full state disk: a later service takes the clock as never set
        write_atomically(state_folder / NOTE, json.dumps(to_json(clock)).encode(), durable=False)
