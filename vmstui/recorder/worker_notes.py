"""The notes of the workers of one camera, and which of them is whose: for a service that finds workers alive, perhaps
two of a hand-over that another service did not bring to its end. Called by `succession.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from vmstui.recorder.launch import forget_progress
from vmstui.recorder.life import forget_worker, life_beside
from vmstui.recorder.marks import generation_of, recovered
from vmstui.recorder.process import Process
from vmstui.recorder.record import WorkerRecord, load_record

NOTE, SUCCESSOR, PREDECESSOR = "worker.json", "successor.json", "predecessor.json"
"""Of the present worker, of one that is to take its place, and of one whose place was taken."""


class Notes:
    """As they are on disk now; `present` is the one of the present worker, which was just read."""

    def __init__(self, folder: Path, present: WorkerRecord) -> None:
        self._folder = folder
        self._present = present

    def of(self, process: Process, like: WorkerRecord) -> WorkerRecord:
        """That of a live worker, also where none tells of it; what is wanted of the camera, and was learnt of it, is as
        in `like`."""
        matching = (note for note in self._all() if note.identity == process.identity)
        note = next(matching, None) or recovered(self._present, process)
        return replace(note, wanted=like.wanted, one_connection_since=like.one_connection_since)

    def _all(self) -> Iterator[WorkerRecord]:
        """The others are read only where it is not about the present one: that is one of hundreds."""
        yield self._present
        for name in (SUCCESSOR, PREDECESSOR):
            yield load_record(self._folder / name, self._present.camera)

    def is_present(self, process: Process) -> bool:
        """Whether it is the one that records the camera, and no successor."""
        return self._present.generation == generation_of(process)


def forget_others(folder: Path, live: set[int], *, successor: bool, predecessor: bool) -> None:
    """Notes and progress of workers that are no more: `live` are the generations that are, and the others tell who of
    them stands beside the present one."""
    try:
        names = os.listdir(folder)  # once: of nearly all of hundreds there is nothing to be forgotten
    except OSError:
        return
    forget_progress(folder, names, live)
    for note, is_there in ((SUCCESSOR, successor), (PREDECESSOR, predecessor)):
        if not is_there and not {note, life_beside(Path(note)).name}.isdisjoint(names):
            forget_worker(folder / note)
