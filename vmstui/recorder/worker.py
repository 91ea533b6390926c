"""One worker of a camera: an ffmpeg process from the question to the camera before it to the explanation of its end.

A camera has one; for the time of a hand-over a second one stands beside it (`camera.py`). Each has a note of its own on
disk, its own log and progress files, and one of the camera's two locks, so that the kernel itself keeps the camera from
ever having three, and a worker that starts alone from having company.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from vmstui.ffmpeg.exits import ExitCause, ExitKind, explain_exit
from vmstui.ffmpeg.plan import Plan, can_cure
from vmstui.model import Camera, EventKind, Segment
from vmstui.model import CameraState as State
from vmstui.recorder import machine as m
from vmstui.recorder.camera_log import CameraLog
from vmstui.recorder.context import Context
from vmstui.recorder.launch import Launch, ask_camera, digest, prepare, progress_path, worker_environment
from vmstui.recorder.process import Exit, LockHeld, Process, find_marked, marker_of, spawn, take_lock
from vmstui.recorder.publisher import Publisher, Spool
from vmstui.recorder.record import WorkerRecord, save_record
from vmstui.recorder.run import Run
from vmstui.recorder.supervised import StartFailed, Supervised, jitter
from vmstui.recorder.watchdog import Finding
from vmstui.recording.spool import SpoolView

LOCKS = ("lock.0", "lock.1")
_CAMERA_STAYED = (ExitKind.STOPPED, ExitKind.KILLED, ExitKind.CRASH, ExitKind.OUT_OF_MEMORY, ExitKind.ENCODER)
"""Ends that do not come from the camera: it still sends what it sent, so that it need not be asked again."""
_LONG_RUN_S = 60.0


class Owner(Protocol):
    """What a worker needs of its camera."""

    camera: Camera
    context: Context
    folder: Path
    """State of the camera."""
    publisher: Publisher
    spooling: asyncio.Lock
    """Held while a spool folder is made and a worker put into it, and while old ones are looked for."""

    def note(
        self, kind: EventKind, text: str, *, rule: str = "", measured: str = "", threshold: str = "", outcome: str = ""
    ) -> None:
        """A line for the history of the camera."""

    def newest_segment(self) -> Segment | None:
        """The last one published."""

    def worker_changed(self, worker: Worker) -> None:
        """Something happened to a worker: it started, recorded, ended, waits."""

    def has_company(self, worker: Worker) -> bool:
        """Whether another worker of the camera lives beside this one, and is known to."""

    def newest_generation(self) -> int:
        """The highest number given to a worker so far."""


class Worker(Supervised):
    """One worker. `note_path` is where what is known about it is kept."""

    def __init__(self, owner: Owner, record: WorkerRecord, note_path: Path) -> None:
        super().__init__(m.WORKER_POLICY)
        self.record = record
        self.note_path = note_path
        self.run: Run | None = None
        """The present run, None while there is no process."""
        self.log = CameraLog(owner.context, owner.camera.id)
        self.ask_again = True
        """The camera is asked what it sends before the next start."""
        self.failure_kind = ExitKind.UNKNOWN
        """Why the last process ended, or the last start came to nothing."""
        self._owner = owner
        self._plan: Plan | None = None
        self._lower_rung = False

    # -- the life of the process -------------------------------------------------------------------------------------

    def take_over(self, process: Process) -> None:
        """Adopt a process that an earlier service started."""
        started_at = self.record.started_at or datetime.now(UTC)
        uptime_s = max(0.0, (datetime.now(UTC) - started_at).total_seconds())
        self.adopt(process, self.record.rung, self.record.failures, uptime_s)
        text = f"worker {process.pid} (generation {self.record.generation}) taken over"
        self._owner.note(EventKind.ADOPT, text)

    async def launch(self) -> Process:
        try:
            return await self._launch()
        except StartFailed as error:
            self.failure_kind = error.kind
            raise

    async def _launch(self) -> Process:
        owner, codec = self._owner, self.record.source_codec
        if self.ask_again or not codec:
            codec = await ask_camera(owner.camera, codec)
        async with owner.spooling:
            with ExitStack() as undo:
                try:
                    lock_fd = take_slot(owner.folder, beside=owner.has_company(self))
                except LockHeld:
                    return self._adopt_holder()
                undo.callback(os.close, lock_fd)
                last = owner.newest_generation()
                prepared = await asyncio.to_thread(
                    prepare, owner.context, owner.camera, self.log, codec, self.machine.rung, last
                )
                undo.pop_all()  # from here on `spawn` looks after the lock, and nothing waits
                return self._spawn(prepared, codec, lock_fd)

    def _spawn(self, prepared: Launch, codec: str, lock_fd: int) -> Process:
        plan, context = prepared.plan, self._owner.context
        intent = replace(
            self.record,
            name=self._owner.camera.name,
            recordings=context.settings.recordings,
            generation=prepared.generation,
            identity=None,
            started_at=datetime.now(UTC),
            rung=self.machine.rung,
            failures=self.machine.failures,
            source_codec=codec,
            argv=tuple(context.masker.mask(part) for part in prepared.argv),
            config_digest=digest(self._owner.camera, context),
            rung_name=plan.rung,
            note=plan.note,
            recording_encoder=plan.recording.encoder,
            recording_codec=plan.recording.codec,
            live_encoder=plan.live.encoder if plan.live else "",
            live_codec=plan.live.codec if plan.live else "",
        )
        self.save(intent)
        try:
            process = spawn(
                prepared.argv,
                marker=marker(context, self._owner.camera.id, prepared.generation),
                environment=worker_environment(context.settings),
                stdout=prepared.progress_path,
                stderr=prepared.log_path,
                lock_fd=lock_fd,
            )
        except OSError as error:
            raise StartFailed(m.Retry.LADDER, f"cannot run {prepared.argv[0]}: {error.strerror}") from None
        self._plan = plan
        self._lower_rung = prepared.lower_rung
        self.save(replace(intent, identity=process.identity))
        text = f"worker {process.pid} (generation {prepared.generation}) started: {plan.rung}"
        self._owner.note(EventKind.START, text)
        return process

    def _adopt_holder(self) -> Process:
        """The camera's lock is held: by a worker of ours that we lost sight of, or by what it forked."""
        found = None
        if not self._owner.has_company(self):
            found = find_marked(marker(self._owner.context, self._owner.camera.id))
        if found is None:
            text = "another process holds the lock of this camera, so it may still be recorded; no second worker starts"
            raise StartFailed(m.Retry.LADDER, text)
        self.save(recovered(self.record, found))
        self._plan = None
        text = f"worker {found.pid} (generation {self.record.generation}) found again"
        self._owner.note(EventKind.ADOPT, text)
        return found

    def attached(self, process: Process) -> None:
        record, adopted = self.record, self.machine.alive
        self.log.follow(record.generation, tail=adopted)
        self.run = Run(
            process.pid,
            self.spool(),
            progress_path(self._owner.folder, record.generation),
            self._begun_at() if adopted else datetime.now(UTC),
            asyncio.get_running_loop().time(),
            fresh=not adopted,
        )
        self._owner.context.run_began.set()

    def detached(self) -> None:
        if self.run is not None:
            self.run.close()
            self.run = None

    def ended(self, exit_: Exit, uptime_s: float) -> m.Ended:
        generation, run = self.record.generation, self.run
        recorded = run is not None and run.recorded
        if run is not None:
            self._owner.publisher.generation_ended(run.spool)
        progress_path(self._owner.folder, generation).unlink(missing_ok=True)
        self.log.read(everything=True)
        cause = self._cause(exit_)
        self.failure_kind = cause.kind
        self.ask_again = cause.kind not in _CAMERA_STAYED
        retry = m.Retry.LADDER
        if self._plan is not None and self._lower_rung and can_cure(self._plan, cause):
            # After a long good run the same rung deserves another try: the device may only have been busy.
            retry = m.Retry.LADDER if uptime_s >= _LONG_RUN_S and recorded else m.Retry.FALLBACK
        elif cause.kind is ExitKind.AUTH:
            retry = m.Retry.AUTH
        elif cause.kind is ExitKind.CONFIGURATION:
            retry = m.Retry.CONFIGURATION
        self.save(replace(self.record, identity=None))
        self._owner.note(
            EventKind.EXIT,
            f"worker (generation {generation}) ended after {uptime_s:.0f} s: {cause.text}",
            measured=f"{exit_}; {cause.evidence}" if cause.evidence else str(exit_),
        )
        return m.Ended(retry, cause.text, jitter(), uptime_s, recorded, run.good_segments if run is not None else 0)

    def explain_unseen_end(self) -> None:
        """The noted worker ended while no service ran."""
        self.log.follow(self.record.generation, tail=True)
        self.log.read(everything=True)
        cause = self._cause(Exit())
        text = f"worker (generation {self.record.generation}) ended while no service looked: {cause.text}"
        self._owner.note(EventKind.EXIT, text, measured=cause.evidence)
        self.save(replace(self.record, identity=None))

    def note(
        self, kind: EventKind, text: str, *, rule: str = "", measured: str = "", threshold: str = "", outcome: str = ""
    ) -> None:
        self._owner.note(kind, text, rule=rule, measured=measured, threshold=threshold, outcome=outcome)

    def changed(self) -> None:
        self._owner.worker_changed(self)

    # -- once a second -----------------------------------------------------------------------------------------------

    def tick(self, now_s: float, late_s: float) -> None:
        """Look at it. `late_s` is how much later than planned this look comes."""
        self.log.read()
        if self.run is not None:
            self.run.look(now_s, late_s)

    def saw_spool(self, run: Run, view: SpoolView, now_s: float) -> bool:
        """Take in what a look at the spool of a run saw; whether that closed a segment.

        A run that is over meanwhile is none of our business.
        """
        if run is not self.run:
            return False
        closed = run.take_in(view, now_s)
        if closed:
            self._owner.publisher.closed(run.spool, closed)
        if run.recorded and self.machine.state is State.STARTING:
            self.dispatch(m.Footage())
        return bool(closed)

    def stall(self, now_s: float) -> Finding | None:
        """What the watchdog has against it now."""
        if self.machine.state not in (State.STARTING, State.RECORDING) or self.run is None:
            return None
        return self.run.stall(now_s)

    # -- its note ----------------------------------------------------------------------------------------------------

    def spool(self) -> Spool:
        """The spool of the present generation."""
        recordings = Path(self.record.recordings or self._owner.context.settings.recordings)
        return Spool(recordings, self._owner.camera, self.record.generation)

    def save(self, record: WorkerRecord) -> None:
        """Take over a changed note and write it down."""
        self.record = record
        # A full state disk must not stop recordings: marker and lock still name the worker.
        with contextlib.suppress(OSError):
            save_record(self.note_path, record)

    def move_note(self, path: Path) -> None:
        """Keep the note at another place from now on."""
        before, self.note_path = self.note_path, path
        self.save(self.record)
        if before != path:
            with contextlib.suppress(OSError):
                before.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of everything; the process, if one runs, goes on."""
        self.let_go()
        self.log.close()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _cause(self, exit_: Exit) -> ExitCause:
        abilities = self._owner.context.abilities
        major = abilities.binary.major if abilities is not None else 0
        return explain_exit(exit_.code, exit_.signal, self.log.lines_of_run(), major, self.machine.step > 0)

    def _begun_at(self) -> datetime:
        """When the open segment of an adopted worker was begun: where the one before it ended."""
        before = self._owner.newest_segment()
        if before is not None and before.generation == self.record.generation:
            return before.started_at + timedelta(seconds=before.duration_s)
        return self.record.started_at or datetime.now(UTC)


def take_slot(folder: Path, *, beside: bool) -> int:
    """A descriptor that holds one of the two locks of a camera. Raises LockHeld.

    Both must be free for a worker that is to be alone, one for a worker that starts beside another.
    """
    held: list[int] = []
    try:
        for name in LOCKS:
            try:
                held.append(take_lock(folder / name))
            except LockHeld:
                if not beside:
                    raise
        if not held:
            raise LockHeld(str(folder / LOCKS[-1]))
        return held.pop(0)
    finally:
        for descriptor in held:
            os.close(descriptor)


def marker(context: Context, camera: str, generation: int | None = None) -> str:
    """The marker of a camera's workers; without a generation, how it begins for all of them."""
    return f"{context.installation}:{camera}:{'' if generation is None else generation}"


def generation_of(process: Process) -> int:
    """The generation in the marker of a worker; 0 where it cannot be read."""
    number = marker_of(process.pid).rsplit(":", 1)[-1]
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
