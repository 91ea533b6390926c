"""Takes closed segments of one camera out of its spool, in order: checked, published, or set aside.

Works from what lies in the spool, so that it does not matter who died before: a file is gone from the spool only when
it stands under its final name. The checks run in a thread; a disk that fails is tried again until it works.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vmstui.ffmpeg.inspect import inspect_media
from vmstui.model import Camera, Segment
from vmstui.recorder.context import Context
from vmstui.recording import layout
from vmstui.recording.spool import closed_before, leftovers, settle

RETRY_S = 10.0


@dataclass(frozen=True, slots=True)
class _Job:
    """One file to settle, or with `file` None: the rest of a generation that ended."""

    camera: Camera
    generation: int
    folder: Path
    file: Path | None


class Publisher:
    """The queue of one camera."""

    def __init__(
        self, context: Context, on_segment: Callable[[Segment], None], on_trouble: Callable[[str], None]
    ) -> None:
        self._context = context
        self._on_segment = on_segment
        self._on_trouble = on_trouble
        self._jobs: asyncio.Queue[_Job] = asyncio.Queue()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def closed(self, camera: Camera, generation: int, folder: Path, names: tuple[str, ...]) -> None:
        """The worker of this generation closed these files."""
        for name in names:
            self._jobs.put_nowait(_Job(camera, generation, folder, folder / name))

    def generation_ended(self, camera: Camera, generation: int, folder: Path) -> None:
        """No worker writes into this folder any more: settle what is left in it and remove it."""
        self._jobs.put_nowait(_Job(camera, generation, folder, None))

    async def drained(self) -> None:
        """Wait until everything that was handed in is settled."""
        await self._jobs.join()

    def close(self) -> None:
        """Stop; what is queued stays in the spool for the next service."""
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            job = await self._jobs.get()
            troubled = False
            while True:
                try:
                    await self._do(job)
                    break
                except OSError as error:
                    if not troubled:
                        self._on_trouble(f"cannot publish from {job.folder}: {error.strerror or error}; tried again")
                    troubled = True
                    await asyncio.sleep(RETRY_S)
            self._jobs.task_done()

    async def _do(self, job: _Job) -> None:
        if job.file is not None:
            await self._settle(job, job.file, was_closed=True)
            return
        closed = closed_before(job.folder)
        for file in leftovers(job.folder):
            await self._settle(job, file, was_closed=file.name in closed)
        _remove(job.folder)

    async def _settle(self, job: _Job, file: Path, *, was_closed: bool) -> None:
        await self._context.ffmpeg_found.wait()
        segment = await asyncio.get_running_loop().run_in_executor(
            self._context.publishing, lambda: self._settled(job, file, was_closed=was_closed)
        )
        if segment is not None:
            self._on_segment(segment)

    def _settled(self, job: _Job, file: Path, *, was_closed: bool) -> Segment | None:
        """In a thread. None for a file that is gone: settled before, by an earlier job or a service before us."""
        abilities = self._context.abilities
        assert abilities is not None
        try:
            return settle(
                file,
                was_closed=was_closed,
                camera=job.camera,
                generation=job.generation,
                zone=self._context.zone,
                inspect=lambda path: inspect_media(abilities.binary.path, path),
            )
        except FileNotFoundError:
            return None


def _remove(folder: Path) -> None:
    """Take away a generation's folder; anything in it that is not ours to delete keeps it."""
    with contextlib.suppress(OSError):
        (folder / layout.SEGMENT_LIST).unlink(missing_ok=True)
        folder.rmdir()
        folder.parent.rmdir()
