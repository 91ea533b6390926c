"""When no recorder ran, noted in the state folder: a service says every minute that it is alive, and the next one finds
since when nobody was. Explains gaps; a note that is lost costs an explanation."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime, timedelta
from pathlib import Path

from vmstui.codec import CodecError, from_json, to_json
from vmstui.light_dataclass import dataclass
from vmstui.recorder.record import write_atomically
from vmstui.recording.gaps import Downtime

NOTE = "alive.json"
KEPT = 100
"""Downtimes that are remembered: a catalogue that is made anew needs those of long ago."""


@dataclass(frozen=True, slots=True)
class Alive:
    """The note."""

    at: datetime
    """A recorder ran then."""
    boot: str
    downtimes: tuple[Downtime, ...] = ()
    """Before that, oldest first."""


def came_up(before: Alive | None, now: datetime, boot: str) -> Alive:
    """What a service that starts now notes, by what the one before it did."""
    if before is None:
        return Alive(now, boot)
    down = (Downtime(before.at, now, before.boot != boot),) if now - before.at > timedelta() else ()
    return Alive(now, boot, (*before.downtimes, *down)[-KEPT:])


def read_alive(state_folder: Path) -> Alive | None:
    """The note, None where there is none that can be read."""
    try:
        return from_json(Alive, json.loads((state_folder / NOTE).read_bytes()))
    except (OSError, ValueError, CodecError):
        return None


def write_alive(state_folder: Path, alive: Alive) -> None:
    """Note it; a state disk that fails costs the note alone."""
    with contextlib.suppress(OSError):
        write_atomically(state_folder / NOTE, json.dumps(to_json(alive)).encode())
