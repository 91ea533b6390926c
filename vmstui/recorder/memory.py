"""What an upgrade carries over that is in no file: the log lines in memory, and up to where each log was read.

So no line is lost or shown twice, and those of the service itself are there, too. It lies in memory that belongs to
nobody's file system (memfd_create(2)) and goes with the last descriptor of it. Whoever cannot read it begins with an
empty log book, as after a crash.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

from vmstui.logged import LogLevel, LogLine
from vmstui.recorder.fleet import Fleet
from vmstui.recorder.logbook import LogBook

HOLD_S = 0.02
"""Patience with what is being done to a log in the background at that moment."""

Places = dict[tuple[str, int], int]
"""Camera and generation, and up to which byte their log was read."""


@contextlib.contextmanager
def kept(logbook: LogBook, fleet: Fleet) -> Iterator[int]:
    """A descriptor of all that. Meanwhile nothing is read, and no log is rotated."""
    with ExitStack() as held:
        places = []
        for worker in fleet.workers():
            place = held.enter_context(worker.log.held(HOLD_S))
            if place is not None:
                places.append((worker.camera_id, *place))
        # Rows, as twenty thousand lines by name would take the codec a second.
        lines = [
            (line.seq, line.at.timestamp(), line.camera, line.generation, line.level.value, line.component, line.text)
            for line in logbook.lines()
        ]
        descriptor = os.memfd_create("vmstui", os.MFD_CLOEXEC)
        held.callback(os.close, descriptor)
        with open(descriptor, "wb", closefd=False) as file:
            file.write(json.dumps({"lines": lines, "places": places}).encode("utf-8", "surrogatepass"))
        yield descriptor


def recall(descriptor: int, logbook: LogBook) -> Places:
    """Fill the log book, and tell up to where the logs were read. The descriptor is closed."""
    if descriptor < 0:
        return {}
    try:
        with open(descriptor, "rb") as file:
            file.seek(0)
            kept = json.loads(file.read().decode("utf-8", "surrogatepass"))
        lines = [
            LogLine(seq, datetime.fromtimestamp(at, UTC), camera, generation, LogLevel(level), component, text)
            for seq, at, camera, generation, level, component, text in kept["lines"]
        ]
        places = {(camera, generation): position for camera, generation, position in kept["places"]}
    except (OSError, ValueError, OverflowError, LookupError, TypeError):
        return {}
    logbook.recall(lines)
    return places
