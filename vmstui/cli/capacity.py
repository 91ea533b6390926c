"""`vmstui capacity`: how many more cameras fit, and what ends it.

From the cameras a recorder has, as it measures them; or with `--per-camera` from one figure, and then no recorder is
asked. All of it is worked out here: the recorder only tells what it tells the dashboard anyway.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmstui.capacity.projection import UnknownProfile, Unmeasured, given, project
from vmstui.capacity.words import Capacity, Limit, Measured, Question, Resource
from vmstui.cli.capacity_text import as_json as shown_as_json
from vmstui.cli.capacity_text import lines
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.sanitise import clean
from vmstui.spoken import plural

if TYPE_CHECKING:
    from pathlib import Path

    from vmstui.codec import Json
    from vmstui.measured import CpuPast
    from vmstui.storage import StorageProjection

NOT_WELL, WRONG_USE = 1, 2


@dataclass(frozen=True, slots=True)
class CapacityOptions:
    """What was asked on the command line."""

    question: Question
    per_camera_percent: float | None = None
    as_json: bool = False


def capacity(options: CapacityOptions) -> int:
    """Print it. Exit code 1 when what is asked does not fit, what runs is too much already, or nothing is measured.
    Raises RecorderLost and RecorderError."""
    try:
        if options.per_camera_percent is not None:
            found = _given(options.per_camera_percent, options.question)
        else:
            found = project(*measured(options.question))
    except UnknownProfile as error:
        print(clean(f"--{error}"), file=sys.stderr)
        return WRONG_USE
    except Unmeasured as error:
        text = f"{error}. From a figure of yours instead: vmstui capacity --per-camera 23.4%"
        if options.as_json:
            print(json.dumps({"reason": text}))
        else:
            print(clean(text), file=sys.stderr)
        return NOT_WELL
    print(json.dumps(shown_as_json(found)) if options.as_json else "\n".join(clean(line) for line in lines(found)))
    return 0 if found.fits else NOT_WELL


def _given(per_camera_percent: float, question: Question) -> Capacity:
    asked = (("--profile", question.profile), ("--retention", question.retention_days))
    if wrong := [name for name, value in asked if value is not None]:
        raise RecorderError(
            f"{' and '.join(wrong)}: found beside --per-camera, accepted without: it goes by cameras that are measured"
        )
    if question.budget_percent is not None:
        return given(per_camera_percent, Limit(Resource.CPU, question.budget_percent, why="as asked"), question.cameras)
    from vmstui.configured import CORE_BUDGET_PERCENT

    cores = os.cpu_count() or 1
    why = f"{CORE_BUDGET_PERCENT:g} % of {plural(cores, 'core')} of this machine: the rest is for bursts and the system"
    return given(per_camera_percent, Limit(Resource.CPU, CORE_BUDGET_PERCENT * cores, why=why), question.cameras)


def measured(question: Question) -> tuple[Measured, Question]:
    """By the recorder that runs. Raises RecorderLost and RecorderError."""
    from vmstui.capacity.host import look
    from vmstui.capacity.seen import measured as seen
    from vmstui.cli.recorder_socket import socket_path
    from vmstui.codec import from_json
    from vmstui.control.call import call
    from vmstui.model import RecorderSnapshot
    from vmstui.telemetry.ring import SAMPLES_KEPT

    path = socket_path()
    try:
        snapshot = from_json(RecorderSnapshot, call(path, "snapshot"))
    except RecorderLost as error:
        raise RecorderLost(
            f"{error}; without one, say what a camera takes: vmstui capacity --per-camera 23.4%"
        ) from None
    asked: dict[str, Json] = {"seconds": SAMPLES_KEPT, "own": True}
    samples = from_json(dict[str, tuple[float, ...]], call(path, "samples", asked))
    return seen(snapshot, samples, _storage(), look(snapshot.service.pid), question, _past(path)), question


def _past(path: Path) -> CpuPast | None:
    """What is in the history; None where the recorder does not tell: it is older, or its disk does not answer."""
    from vmstui.capacity.window import BLOCK_S, WINDOW_S
    from vmstui.codec import from_json
    from vmstui.control.call import call
    from vmstui.measured import CpuPast

    try:
        return from_json(CpuPast, call(path, "cpu_past", {"seconds": WINDOW_S, "step": BLOCK_S}))
    except RecorderLost:
        raise
    except RecorderError:
        return None


def _storage() -> StorageProjection | str:
    """How long footage will stay, or why that is not known."""
    from vmstui.cli.recorder_socket import socket_path
    from vmstui.codec import from_json
    from vmstui.control.call import call
    from vmstui.storage import StorageProjection

    try:
        return from_json(StorageProjection, call(socket_path(), "storage"))
    except RecorderLost:
        raise
    except RecorderError as error:
        return str(error)
