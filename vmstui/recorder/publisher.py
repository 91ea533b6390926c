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
from vmstui.recording.spool import LIST_NAME, leftovers, settle

RETRY_S = 10.0


@dataclass(frozen=True, slots=True)
class Spool:
    """The spool folder of one generation, and the recordings folder it belongs to."""

    recordings: Path
    camera: Camera
    generation: int

    @property
    def folder(self) -> Path:
        return layout.generation_spool(self.recordings, self.camera.id, self.generation)


@dataclass(frozen=True, slots=True)
class _Job:
    """One file to settle, or with `name` empty: the rest of a generation that ended."""

    spool: Spool
    name: str = ""


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

    def closed(self, spool: Spool, names: tuple[str, ...]) -> None:
        """The worker closed these files."""
        for name in names:
            self._jobs.put_nowait(_Job(spool, name))

    def generation_ended(self, spool: Spool) -> None:
        """No worker writes into this spool any more: settle what is left in it and remove it."""
        self._jobs.put_nowait(_Job(spool))

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
                except Exception as error:
                    # A disk that fails, or a mistake of ours: the file stays in the spool, and the queue must go on.
                    if not troubled:
                        self._on_trouble(f"not published, tried again: {error}")
                    troubled = True
                    await asyncio.sleep(RETRY_S)
            self._jobs.task_done()

    async def _do(self, job: _Job) -> None:
        if job.name:
            await self._settle(job.spool, job.name, generation_ended=False)
            return
        for name in leftovers(job.spool.folder):
            await self._settle(job.spool, name, generation_ended=True)
        _remove(job.spool.folder)

    async def _settle(self, spool: Spool, name: str, *, generation_ended: bool) -> None:
        await self._context.ffmpeg_found.wait()
        segment = await asyncio.get_running_loop().run_in_executor(
            self._context.publishing, lambda: self._settled(spool, name, generation_ended=generation_ended)
        )
        if segment is not None:
            self._on_segment(segment)

    def _settled(self, spool: Spool, name: str, *, generation_ended: bool) -> Segment | None:
        """In a thread. None for a file that is gone: settled before, by an earlier job or a service before us."""
        abilities, file = self._context.abilities, spool.folder / name
        assert abilities is not None
        if not file.exists():
            return None
        return settle(
            file,
            generation_ended,
            spool.camera,
            spool.generation,
            spool.recordings,
            layout.camera_quarantine(spool.recordings, spool.camera.id),
            self._context.zone,
            lambda path: inspect_media(abilities.binary.path, path),
        )


def _remove(folder: Path) -> None:
    """Take away a generation's folder; anything in it that is not ours to delete keeps it."""
    with contextlib.suppress(OSError):
        (folder / LIST_NAME).unlink(missing_ok=True)
        folder.rmdir()
        folder.parent.rmdir()
