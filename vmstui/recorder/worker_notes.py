"""The notes of the workers of one camera, and which of them is whose: for a service that finds workers alive, perhaps
two of a hand-over that another service did not bring to its end. Called by `succession.py`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vmstui.recorder.launch import forget_progress
from vmstui.recorder.life import forget_worker
from vmstui.recorder.marks import generation_of, recovered
from vmstui.recorder.process import Process
from vmstui.recorder.record import WorkerRecord, load_record

NOTE, SUCCESSOR, PREDECESSOR = "worker.json", "successor.json", "predecessor.json"
"""Of the present worker, of one that is to take its place, and of one whose place was taken."""


class Notes:
    """As they are on disk now."""

    def __init__(self, folder: Path, camera: str) -> None:
        self._all = [load_record(folder / name, camera) for name in (NOTE, SUCCESSOR, PREDECESSOR)]

    def of(self, process: Process, like: WorkerRecord) -> WorkerRecord:
        """That of a live worker, also where none tells of it; what is wanted of the camera, and was learnt of it, is as
        in `like`."""
        matching = (note for note in self._all if note.identity == process.identity)
        note = next(matching, None) or recovered(self._all[0], process)
        return replace(note, wanted=like.wanted, one_connection_since=like.one_connection_since)

    def is_present(self, process: Process) -> bool:
        """Whether it is the one that records the camera, and no successor."""
        return self._all[0].generation == generation_of(process)


def forget_others(folder: Path, live: set[int], *, successor: bool, predecessor: bool) -> None:
    """Notes and progress of workers that are no more: `live` are the generations that are, and the others tell who of
    them stands beside the present one."""
    forget_progress(folder, live)
    if not successor:
        forget_worker(folder / SUCCESSOR)
    if not predecessor:
        forget_worker(folder / PREDECESSOR)
