"""What a worker carries in its environment to be found again by, and what can be told of one without a note."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from vmstui.recorder.context import Context
from vmstui.recorder.process import Process
from vmstui.recorder.record import WorkerRecord


def marker(context: Context, camera: str, generation: int | None = None) -> str:
    """The marker of a camera's workers; without a generation, how it begins for all of them."""
    return f"{context.installation}:{camera}:{'' if generation is None else generation}"


def camera_of(process: Process) -> str:
    """The camera in the marker of a worker; empty where it cannot be read."""
    parts = process.mark.split(":")
    return parts[1] if len(parts) == 3 else ""


def generation_of(process: Process) -> int:
    """The generation in the marker of a worker; 0 where it cannot be read."""
    number = process.mark.rsplit(":", 1)[-1]
    return int(number) if number.isdigit() else 0


def recovered(record: WorkerRecord, found: Process) -> WorkerRecord:
    """What can be told of a worker that no note is left of: its generation by its marker, the rest by its argv."""
    argv: tuple[str, ...] = ()
    with contextlib.suppress(OSError):
        argv = tuple(Path(f"/proc/{found.pid}/cmdline").read_text(errors="replace").split("\0")[:-1])
    encoders = [value for option, value in pairwise(argv) if option == "-c:v"]
    return replace(
        record,
        generation=generation_of(found) or record.generation,
        identity=found.identity,
        argv=argv,
        recording_encoder=encoders[0] if encoders else "",
        live_encoder=encoders[1] if len(encoders) > 1 else "",
    )
