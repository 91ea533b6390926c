"""What the recorder notes about a worker, so that a service that comes later can take over.

One small JSON file per worker, replaced as a whole (write beside, rename): a reader sees the old note or the new one,
never half of one. It is about processes, which no power cut leaves alive, so it is not made to outlast one: between a
death and the next start nothing shall wait for a disk. What a person asked for has to, and has a note of its own that
does. The intent ("generation 7 is being started") is noted before the process exists and its identity
after; a service that died in between is covered by the marker in the worker's environment and by its lock.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from vmstui.codec import CodecError, from_json, to_json
from vmstui.light_dataclass import dataclass
from vmstui.ownership import hand_over
from vmstui.recorder.process import Identity

WANTED = "wanted.json"


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """The last worker of a camera, live or dead."""

    camera: str
    name: str = ""
    """Display name when it was started: names the segments of a camera that left the configuration meanwhile."""
    recordings: str = ""
    """The recordings folder it was started on, which the configuration may not name any more."""
    wanted: bool | None = None
    """What a person last asked for; None: never asked, the configuration decides."""
    generation: int = 0
    identity: Identity | None = None
    started_at: datetime | None = None
    rung: int = 0
    source_codec: str = ""
    one_connection_since: datetime | None = None
    """When the camera was last seen to serve no second connection while one is open; None: it was not."""
    argv: tuple[str, ...] = ()
    config_digest: str = ""
    """Of everything that shaped the worker; another digest means that it runs on an old configuration."""
    rung_name: str = ""
    note: str = ""
    recording_encoder: str = ""
    recording_codec: str = ""
    live_encoder: str = ""
    live_codec: str = ""


def load_record(path: Path, camera: str) -> WorkerRecord:
    """The note of a camera; an empty one where there is none or it cannot be read (torn by a dying disk, say): the
    lock and the marker then keep a second worker from starting."""
    try:
        record = from_json(WorkerRecord, json.loads(path.read_bytes()))
    except (OSError, ValueError, CodecError):
        return WorkerRecord(camera)
    if record.camera != camera:
        return WorkerRecord(camera)
    # Most arguments of hundreds of workers are the same ones.
    return replace(record, argv=tuple(map(sys.intern, record.argv)))


def save_record(path: Path, record: WorkerRecord) -> None:
    """Replace the note. Raises OSError when the state folder cannot be written."""
    write_atomically(path, json.dumps(to_json(record)).encode(), durable=False)


def load_wanted(folder: Path, noted: bool | None) -> bool | None:
    """What a person last asked for of the camera with this state; `noted` by its worker, where nothing else tells."""
    try:
        wanted = json.loads((folder / WANTED).read_bytes())
    except (OSError, ValueError):
        return noted
    return wanted if wanted is None or isinstance(wanted, bool) else noted


def save_wanted(folder: Path, wanted: bool | None) -> None:
    """Note what was asked for; it outlasts a power cut once `publish.sync` was done to it, in a thread: a disk that is
    busy must not keep all other cameras waiting. Raises OSError when the state folder cannot be written."""
    write_atomically(folder / WANTED, json.dumps(wanted).encode(), durable=False)


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
    """Replace a file as a whole; unless `durable`, a power cut soon after may leave neither the old nor the new one."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        hand_over(beside)
        os.rename(beside, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
