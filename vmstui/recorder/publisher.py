"""Takes closed segments of one camera out of its spool, in order: checked, published, or set aside.

Works from what lies in the spool, so that it does not matter who died before: a file is gone from the spool only when
it stands under its final name. The checks run in a thread; a disk that fails is tried again until it works. A file
that cannot be settled three times is left for later, ever later, and keeps nothing behind it from being published.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from vmstui.configured import Camera
from vmstui.ffmpeg.inspect import inspect_media
from vmstui.footage import Segment
from vmstui.recorder.context import Context
from vmstui.recorder.process import boot_time_s
from vmstui.recording import journal, layout
from vmstui.recording.spool import LIST_NAME, Origin, Times, leftovers, settle

SUCCESSOR_FIRST_S = 0.2
"""What an ended worker left waits until the next one has had time to start: to be checked it needs CPU and the disk."""
RETRY_S, LONGEST_RETRY_S = 10.0, 320.0
TRIES = 3
"""Before it may be the file, and not the disk."""
LOOKING_S = 5.0
"""So long a service that has just begun may still look for ffmpeg and at the recordings folder."""
INSPECT_S = 30.0
SLOW_DISK_BYTES_PER_S = 5e6
"""A file is read through for its check; a large one on a slow disk gets its time."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spool:
    """The spool folder of one generation, and the recordings folder it belongs to."""

    recordings: Path
    camera: Camera
    generation: int
    codec: str = ""
    """Of the recording, where it is known."""

    @property
    def folder(self) -> Path:
        return layout.generation_spool(self.recordings, self.camera.id, self.generation)


@dataclass(eq=False, slots=True)
class _Job:
    """One file to settle, or with `name` empty: the rest of a generation that ended."""

    spool: Spool
    name: str = ""
    failures: int = 0
    due_s: float = 0.0
    """Not to be tried before, on the clock of the loop."""


class Publisher:
    """The queue of one camera. It costs nothing while it is empty, which it mostly is, for hundreds of cameras."""

    def __init__(
        self,
        context: Context,
        on_segment: Callable[[Segment], None],
        on_settled: Callable[[int], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        """`on_settled` is told the generation of which nothing is left in the spool."""
        self.troubled = False
        """What is done next could not be done before: the first job in the queue, or what is left for later."""
        self._context = context
        self._on_segment = on_segment
        self._on_settled = on_settled
        self._on_trouble = on_trouble
        self._jobs: list[_Job] = []
        """The first is being done."""
        self._later: list[_Job] = []
        """They failed too often: done when there is no other."""
        self._told = False
        """That something could not be done, since something could be."""
        self._cured: asyncio.Event | None = None
        """Waited for in trouble; set by whatever is worth doing meanwhile, too."""
        self._task: asyncio.Task[None] | None = None
        """Does them, while there are any."""

    def closed(self, spool: Spool, names: tuple[str, ...]) -> None:
        """The worker closed these files."""
        for name in names:
            self._put(_Job(spool, name))

    def try_again(self) -> None:
        """The disk is well again: what could not be done is worth another try now."""
        for job in (*self._jobs, *self._later):
            job.due_s = 0.0
        if self._cured is not None:
            self._cured.set()

    def generation_ended(self, spool: Spool) -> None:
        """No worker writes into this spool any more: settle what is left in it and remove it."""
        # That has all that is left of it.
        self._later = [job for job in self._later if job.spool.folder != spool.folder]
        self._put(_Job(spool))

    @property
    def unsettled(self) -> frozenset[int]:
        """Generations of which files are being published now, or in a moment; not while that cannot be done."""
        if not self._jobs or self.troubled or not self._context.folder_is_ours.is_set():
            return frozenset()
        return frozenset(job.spool.generation for job in self._jobs)

    async def drained(self, patience_s: float) -> bool:
        """Wait until everything that was handed in is settled; False when it cannot be, or not so soon."""
        begun_s = asyncio.get_running_loop().time()
        limit_s = begun_s + patience_s
        while self._task is not None and not self._task.done() and asyncio.get_running_loop().time() < limit_s:
            await asyncio.wait([self._task], timeout=0.5)
            ready = self._context.ffmpeg_found.is_set() and self._context.folder_is_ours.is_set()
            looking = asyncio.get_running_loop().time() < begun_s + LOOKING_S  # a service that has just begun
            if (self._jobs or self._later) and (self.troubled or not (ready or looking)):
                return False
        return not self._jobs and not self._later

    def close(self) -> None:
        """Stop; what is queued stays in the spool for the next service."""
        if self._task is not None:
            self._task.cancel()

    def _put(self, job: _Job) -> None:
        if self._cured is not None and not self._jobs:
            self._cured.set()
        self._jobs.append(job)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._do_all()
        finally:
            self._task = None

    async def _do_all(self) -> None:
        while self._jobs or self._later:
            job = self._jobs[0] if self._jobs else min(self._later, key=lambda job: job.due_s)
            self.troubled = job.failures > 0
            wait_s = job.due_s - asyncio.get_running_loop().time()
            if wait_s > 0:
                self._cured = asyncio.Event()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._cured.wait(), wait_s)
                continue
            try:
                await self._do(job)
            except Exception as error:
                # A disk that fails, or a mistake of ours: the file stays in the spool, and the queue must go on.
                self._failed(job, error)
            else:
                self._told = False
                self._take_out(job)
        self.troubled = False

    def _take_out(self, job: _Job) -> None:
        for jobs in (self._jobs, self._later):
            if job in jobs:
                jobs.remove(job)

    def _failed(self, job: _Job, error: Exception) -> None:
        job.failures += 1
        wait_s = min(RETRY_S * 2 ** min(max(job.failures - TRIES, 0), 10), LONGEST_RETRY_S)
        job.due_s = asyncio.get_running_loop().time() + wait_s
        self.troubled = True
        if job.failures == 1:
            self._context.storage_due.set()
            if not self._told:
                self._told = True
                self._on_trouble(f"not published, tried again: {error}")
        if job.failures == TRIES and job in self._jobs:
            self._take_out(job)
            self._later.append(job)
            what = job.name or "what an ended worker left"
            self._on_trouble(f"{what} is still not published after {TRIES} tries, and what follows goes first: {error}")

    async def _do(self, job: _Job) -> None:
        await self._context.ffmpeg_found.wait()
        await self._context.folder_is_ours.wait()
        if not job.name:
            await asyncio.sleep(SUCCESSOR_FIRST_S)
        names = (job.name,) if job.name else await self._in_thread(lambda: leftovers(job.spool.folder))
        failed: Exception | None = None
        for name in names:
            async with self._context.undisturbed:
                try:
                    segment = await self._in_thread(partial(self._settled, job.spool, name, not job.name))
                except Exception as error:
                    if job.failures < TRIES - 1:
                        raise
                    failed = failed or error  # it is the file, as it seems: the others go on
                    continue
                if segment is not None:
                    self._on_segment(segment)
        if failed is not None:
            raise failed
        if not job.name:
            await self._in_thread(lambda: _remove(job.spool.folder))
            self._on_settled(job.spool.generation)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._context.publishing, work)

    def _settled(self, spool: Spool, name: str, generation_ended: bool) -> Segment | None:
        """In a thread. None for a file that is gone: settled before, by an earlier job or a service before us."""
        abilities, file = self._context.abilities, spool.folder / name
        assert abilities is not None
        try:
            limit_s = INSPECT_S + file.stat().st_size / SLOW_DISK_BYTES_PER_S
        except FileNotFoundError:
            return None
        segment = settle(
            file,
            Origin(spool.camera, spool.generation, spool.recordings, ended=generation_ended, codec=spool.codec),
            Times(self._context.zone, self._context.clock, boot_time_s()),
            lambda path: inspect_media(abilities.binary.path, path, limit_s),
        )
        journal.append(spool.recordings, segment)
        return segment


def _remove(folder: Path) -> None:
    """Take away a generation's folder; anything in it that is not ours to delete keeps it."""
    with contextlib.suppress(OSError):
        (folder / LIST_NAME).unlink(missing_ok=True)
        folder.rmdir()
        folder.parent.rmdir()
