"""One worker of a camera: an ffmpeg process from the question to the camera before it to the explanation of its end.

A camera has one; for the time of a hand-over a second one stands beside it (`succession.py`). Each has a note of its
own on disk, its own log and progress files, and one of the camera's two locks, so that the kernel itself keeps the
camera from ever having three, and a worker that starts alone from having company.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol, Unpack

from vmstui.configured import Camera
from vmstui.ffmpeg.exits import ExitCause, ExitKind, explain_exit, refuses_session
from vmstui.ffmpeg.plan import Plan
from vmstui.footage import GapCause, Segment
from vmstui.model import CameraState as State
from vmstui.model import EventKind
from vmstui.recorder import machine_events as ev
from vmstui.recorder.camera_log import CameraLog
from vmstui.recorder.causes import WHY_NOTHING_IS_RECORDED, after_exit
from vmstui.recorder.common_ends import kind_of_start
from vmstui.recorder.context import Context
from vmstui.recorder.history import Evidence
from vmstui.recorder.launch import (
    Launch,
    ask_camera,
    camera_digest,
    digest,
    prepare,
    progress_path,
    shape,
    surroundings,
    worker_environment,
)
from vmstui.recorder.life import Life, Now, life_beside, load_life, save_life
from vmstui.recorder.marks import marker, recovered
from vmstui.recorder.policy import WORKER_POLICY, Retry
from vmstui.recorder.process import Exit, LockHeld, Process, boot_id, find_marked, reap_dead, spawn
from vmstui.recorder.publisher import Publisher, Spool
from vmstui.recorder.record import WorkerRecord, save_record
from vmstui.recorder.run import Run
from vmstui.recorder.slots import slots_are_free, take_slot
from vmstui.recorder.start_gate import host_of
from vmstui.recorder.supervised import StartFailed, Supervised, jitter
from vmstui.recorder.triage_inbox import Began, Failed, Stopping
from vmstui.recorder.watchdog import Closed, Finding
from vmstui.recording.spool import SpoolView
from vmstui.triage.death import of_death

_CAMERA_STAYED = (ExitKind.STOPPED, ExitKind.KILLED, ExitKind.CRASH, ExitKind.OUT_OF_MEMORY, ExitKind.ENCODER)
"""Ends that do not come from the camera: it still sends what it sent, so that it need not be asked again."""


class Owner(Protocol):
    """What a worker needs of its camera."""

    camera: Camera
    context: Context
    folder: Path
    """State of the camera."""
    publisher: Publisher
    spooling: asyncio.Lock
    """Held while a spool folder is made and a worker put into it, and while old ones are looked for."""
    unsettled: bool
    """What a generation left in the spool could not be settled at its end: something held its lock still."""
    settling: int
    """How many tries to settle that are under way."""

    @property
    def wanted(self) -> bool:
        """Whether the camera is to be recorded."""

    def note(self, kind: EventKind, text: str, **evidence: Unpack[Evidence]) -> None:
        """A line for the history of the camera."""

    def newest_segment(self) -> Segment | None:
        """The last one published."""

    def settle_leftovers(self) -> None:
        """Settle what ended generations left in the spool, as soon as nothing of them can write there any more."""


class Company(Protocol):
    """What a worker needs of those before and beside it."""

    def worker_changed(self, worker: Worker) -> None:
        """Something happened to a worker: it started, recorded, ended, waits."""

    def has_company(self, worker: Worker) -> bool:
        """Whether another worker of the camera lives beside this one, and is known to."""

    def is_present(self, worker: Worker) -> bool:
        """Whether it is the one that records the camera, or is to."""

    def newest_generation(self) -> int:
        """The highest number given to a worker so far."""

    def burn_generation(self) -> None:
        """The next number is given to nobody."""


class Worker(Supervised):
    """One worker. `note_path` is where what is known about it is kept."""

    def __init__(self, owner: Owner, company: Company, record: WorkerRecord, note_path: Path) -> None:
        super().__init__(WORKER_POLICY)
        self.record = record
        self.note_path = note_path
        self.run: Run | None = None
        """The present run, None while there is no process."""
        self.log = CameraLog(owner.context, owner.camera.id)
        self.ask_again = True
        """The camera is asked what it sends before the next start."""
        self.asked_for = False
        """The next start is one that a person waits for."""
        self.failed_starts = 0
        """In a row: that came to nothing, or to a worker that ended before it recorded."""
        self.failure_kind = ExitKind.UNKNOWN
        """Why the last process ended, or the last start came to nothing."""
        self._owner = owner
        self._company = company
        self._plan: Plan | None = None
        self._lower_rung = False
        self._told_to_end = 0
        """The generation that was."""
        self._grew_at: datetime | None = None
        """When the last file of a run that has ended last grew."""

    @property
    def camera_id(self) -> str:
        """Whose worker it is."""
        return self._owner.camera.id

    # -- the life of the process -------------------------------------------------------------------------------------

    def recalled(self) -> tuple[int, ev.Past]:
        """Failures and past as an earlier service left them, as they are to be taken now."""
        noted = load_life(self.life_path)
        return noted.recalled(_now(), self.record.generation, camera_digest(self._owner.camera))

    def take_over(self, process: Process) -> None:
        """Adopt a process that an earlier service started."""
        failures, past = self.recalled()
        self.adopt(process, self.record.rung, failures, process.age_s(), past)
        text = f"worker {process.pid} (generation {self.record.generation}) taken over"
        self._owner.note(EventKind.ADOPT, text)

    async def launch(self) -> Process:
        try:
            return await self._launch()
        except StartFailed as error:
            self.failure_kind = error.kind
            self._suspect_disk(error.retry)
            self.failed_starts += 1
            self._tell_end(kind_of_start(error.kind, error.retry), str(error), self.since.timestamp())
            raise

    async def _launch(self) -> Process:
        owner, codec = self._owner, self.record.source_codec
        asked_for, self.asked_for = self.asked_for, False
        await owner.context.gate.turn(host_of(owner.camera.url), self._delay, first=asked_for)
        if self.ask_again or not codec:
            codec = await ask_camera(owner.camera, codec)
        async with owner.spooling, owner.context.undisturbed:
            with ExitStack() as undo:
                try:
                    lock_fd = take_slot(owner.folder, beside=self._company.has_company(self))
                except LockHeld:
                    return self._adopt_holder()
                undo.callback(os.close, lock_fd)
                prepared = await self._prepared(codec)
                undo.pop_all()  # from here on `spawn` looks after the lock, and nothing waits
                return self._spawn(prepared, codec, lock_fd)

    async def _prepared(self, codec: str) -> Launch:
        owner, rung, last = self._owner, self.machine.rung, self._company.newest_generation()
        given_up = threading.Event()
        try:
            return await owner.context.starts.do(
                partial(prepare, owner.context, owner.camera, self.log, codec, rung, last, given_up.is_set)
            )
        except asyncio.CancelledError:
            # On a disk that hangs it is still under way, and may take this number yet.
            given_up.set()
            self._company.burn_generation()
            raise

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
            source_codec=codec,
            argv=tuple(context.masker.mask(part) for part in prepared.argv),
            config_digest=digest(shape(self._owner.camera, surroundings(context))),
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
            raise StartFailed(Retry.DRIVER, f"cannot run {prepared.argv[0]}: {error.strerror}") from None
        self._plan = plan
        self._lower_rung = prepared.lower_rung
        self.save(replace(intent, identity=process.identity))
        text = f"worker {process.pid} (generation {prepared.generation}) started: {plan.rung}"
        self._owner.note(EventKind.START, text)
        if self._owner.unsettled:
            self._owner.settle_leftovers()
        return process

    def _adopt_holder(self) -> Process:
        """The camera's lock is held: by a worker of ours that we lost sight of, or by what it forked."""
        found = None
        if not self._company.has_company(self):
            found = find_marked(marker(self._owner.context, self._owner.camera.id))
        if found is None:
            text = "another process holds the lock of this camera, so it may still be recorded; no second worker starts"
            raise StartFailed(Retry.BUSY, text)
        self.save(recovered(self.record, found))
        self._plan = None
        text = f"worker {found.pid} (generation {self.record.generation}) found again"
        self._owner.note(EventKind.ADOPT, text)
        return found

    def attached(self, process: Process) -> None:
        record, adopted = self.record, self.machine.alive
        self.log.follow(record.generation, tail=adopted)
        started_at = (adopted and record.started_at) or datetime.now(UTC)
        self._owner.context.triage.put(
            Began(self.camera_id, record.generation, started_at.timestamp(), adopted=adopted)
        )
        self.run = Run(
            process.pid,
            self.spool(),
            progress_path(self._owner.folder, record.generation),
            self._begun_at() if adopted else datetime.now(UTC),
            asyncio.get_running_loop().time(),
            fresh=not adopted,
        )
        self._owner.context.spools_due.set()

    def detached(self) -> None:
        if self.run is not None:
            # At its end ffmpeg writes what it had not yet; nothing else tells of that any more.
            is_fresh = self.run.recorded and not self.run.still(asyncio.get_running_loop().time())
            self._grew_at = datetime.now(UTC) if is_fresh and self.process is None else self.grew_at
            self.run.close()
            self.run = None

    @property
    def grew_at(self) -> datetime | None:
        """When the file that it writes, or wrote last, last grew; None before the first."""
        opened = self.run.open if self.run is not None and self.run.recorded else None  # not by the header of a file
        return opened.grew_at if opened is not None else self._grew_at

    def ended(self, exit_: Exit, uptime_s: float) -> ev.Ended:
        generation, run = self.record.generation, self.run
        closed = run.closed if run is not None else Closed()
        # What does not play is no record, unless it was preceded by what does.
        recorded = run is not None and run.recorded and not (closed.unplayable and not closed.valid)
        if run is not None:
            if self._company.has_company(self) or slots_are_free(self._owner.folder):
                self._owner.publisher.generation_ended(run.spool)
            else:
                # What it forked may go on writing there; or it is the next one, which is being prepared.
                self._owner.unsettled = True
        with contextlib.suppress(OSError):  # a state disk that fails must not hide what it died of
            progress_path(self._owner.folder, generation).unlink(missing_ok=True)
        self.log.read(everything=True)
        sent = self.machine.signals_sent
        cause = self._cause(exit_, asked=bool(sent))
        self.failure_kind = cause.kind
        self.ask_again = cause.kind not in _CAMERA_STAYED or closed.unplayable
        failure = self._failure(cause, closed)
        retry = after_exit(failure, self._plan, lower_rung=self._lower_rung, uptime_s=uptime_s, recorded=recorded)
        self._suspect_disk(retry)
        if self.machine.state is not State.STOPPING:
            self.failed_starts += not recorded and retry is not Retry.FALLBACK
            self._tell_end(failure.kind, failure.text, time.time() - uptime_s)
        self.save(replace(self.record, identity=None))
        self._owner.note(
            EventKind.STOP if self.machine.state is State.STOPPING else EventKind.EXIT,
            f"worker (generation {generation}) ended after {uptime_s:.0f} s: {self._sentence(cause, exit_, sent)}",
            measured="; ".join(filter(None, (str(exit_), self._told(sent), cause.evidence))),
            cause=self._why_asked() if sent else WHY_NOTHING_IS_RECORDED[cause.kind],
        )
        if cause.kind is ExitKind.ENCODER and refuses_session(cause.evidence):
            told = self._owner.context.session_refused(cause.evidence)
            self._owner.note(EventKind.FALLBACK, told, rule="limit of encoder sessions", measured=cause.evidence)
        return ev.Ended(retry, failure.text, jitter(), uptime_s, recorded, closed.valid)

    def explain_unseen_end(self) -> None:
        """The noted worker ended while no service ran."""
        _, past = self.recalled()
        with contextlib.suppress(OSError):  # it wrote there twice a second
            at_s = progress_path(self._owner.folder, self.record.generation).stat().st_mtime
            self._grew_at = datetime.fromtimestamp(at_s, UTC)
        self.log.follow(self.record.generation, tail=True)
        self.log.read(everything=True)
        exit_ = (reap_dead(self.record.identity) if self.record.identity is not None else None) or Exit()
        cause = self._cause(exit_, asked=past.signals > 0)
        told = self._sentence(cause, exit_, ())
        text = f"worker (generation {self.record.generation}) ended while no service looked: {told}"
        measured = f"{exit_}; {cause.evidence}" if cause.evidence else str(exit_)
        self._owner.note(EventKind.EXIT, text, measured=measured, cause=WHY_NOTHING_IS_RECORDED[cause.kind])
        self.save(replace(self.record, identity=None))

    def note(self, kind: EventKind, text: str, **evidence: Unpack[Evidence]) -> None:
        self._owner.note(kind, text, **evidence)

    def cause_of_hold(self) -> GapCause:
        if not self._owner.context.surveyed.is_set():
            return GapCause.SERVICE  # that has only just come
        return GapCause.DISK if self._owner.context.ffmpeg_found.is_set() else GapCause.CONFIGURATION

    def changed(self) -> None:
        if self.machine.signals_sent and self._told_to_end != self.record.generation:
            self._told_to_end = self.record.generation
            self._owner.context.triage.put(Stopping(self.camera_id, self.record.generation))
        self._company.worker_changed(self)

    def remember(self) -> None:
        past = replace(self.machine.past, reason=self._owner.context.masker.mask(self.machine.past.reason))
        camera = camera_digest(self._owner.camera)
        # Where it cannot be written, a later service begins anew; that must not keep this one from its work.
        with contextlib.suppress(OSError):
            save_life(self.life_path, Life(_now(), self.record.generation, camera, self.machine.failures, past))

    # -- once a second -----------------------------------------------------------------------------------------------

    def tick(self, now_s: float, late_s: float) -> None:
        """Look at it; `late_s` is how much later than planned this look comes."""
        if self.run is not None:
            self.run.look(now_s, late_s)
            if self.troubled:
                self.saw_health(self.run.closed.valid)

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
            self.failed_starts = 0
            self.dispatch(ev.Footage())
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
        return Spool(recordings, self._owner.camera, self.record.generation, self.record.recording_codec)

    def save(self, record: WorkerRecord) -> None:
        """Take over a changed note and write it down."""
        self.record = record
        # A full state disk must not stop recordings: marker and lock still name the worker.
        with contextlib.suppress(OSError):
            save_record(self.note_path, record)

    @property
    def life_path(self) -> Path:
        """What a later service must know of its life, beside the note."""
        return life_beside(self.note_path)

    def close(self) -> None:
        """Let go of everything; the process, if one runs, goes on."""
        self.let_go()
        self.log.close()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _sentence(self, cause: ExitCause, exit_: Exit, sent: tuple[signal.Signals, ...]) -> str:
        """Why it ended."""
        context, code = self._owner.context, f"exit code {exit_.code}" if exit_.code is not None else ""
        why = self.machine.reason if sent and not self.machine.hold else ""  # a hold the service says once, for all
        return of_death(cause, code, self.log.lines_of_run(), context.match, sent, why)

    def _told(self, sent: tuple[signal.Signals, ...]) -> str:
        """Who sent which signal, as far as it was us."""
        if not sent:
            return ""
        return f"vmstui sent {', '.join(number.name for number in sent)}: {self.machine.reason}"

    def _suspect_disk(self, retry: Retry) -> None:
        """A disk that is to blame is so for all cameras: have it looked at while this one waits for its next start."""
        if retry is Retry.DISK:
            self._owner.context.storage_due.set()

    def _tell_end(self, kind: ExitKind, text: str, since_s: float) -> None:
        """That it ended, or did not start, though that was not wanted, and when it had been begun; only the present
        worker is of interest."""
        if self._company.is_present(self):
            self._owner.context.ended(self._owner.camera, kind, text)
            self._owner.context.triage.put(Failed(self.camera_id, since_s))

    def _failure(self, cause: ExitCause, closed: Closed) -> ExitCause:
        """What the next start is to go by: of a worker that was ended because nothing plays that it made, not that it
        ended when told to."""
        if self.machine.state is not State.STALLED or not closed.unplayable:
            return cause
        return ExitCause(ExitKind.ENCODER, f"what it made is no footage: {closed.reason}", cause.evidence)

    def _why_asked(self) -> GapCause:
        """Why the process was told to end."""
        if self.machine.state is State.STALLED:
            return GapCause.DAMAGE if self.run is not None and self.run.closed.unplayable else GapCause.CAMERA
        if self.machine.over:
            return GapCause.SERVICE
        if self.machine.hold:
            return self.cause_of_hold()
        if not self._owner.wanted:
            return GapCause.OFF
        return GapCause.OPERATOR if self.asked_for else GapCause.CONFIGURATION

    def _delay(self, text: str) -> None:
        self.delayed = text

    def _cause(self, exit_: Exit, *, asked: bool) -> ExitCause:
        abilities = self._owner.context.abilities
        major = abilities.binary.major if abilities is not None else 0
        cause = explain_exit(exit_.code, exit_.signal, self.log.lines_of_run(), major, asked)
        if cause.kind is not ExitKind.KILLED or exit_.signal != signal.SIGKILL or self.record.identity is None:
            return cause
        identity = self.record.identity
        evidence = self._owner.context.oom.evidence(identity.pid, identity.start_ticks / os.sysconf("SC_CLK_TCK"))
        if not evidence:
            return cause
        if self.run is not None and self.run.rates is not None:
            evidence += f"; last seen with {self.run.rates.rss_bytes / 2**20:.0f} MiB"
        return ExitCause(ExitKind.OUT_OF_MEMORY, "killed by the kernel for want of memory", evidence)

    def _begun_at(self) -> datetime:
        """When the open segment of an adopted worker was begun: where the one before it ended."""
        before = self._owner.newest_segment()
        if before is not None and before.generation == self.record.generation:
            return before.started_at + timedelta(seconds=before.duration_s)
        return self.record.started_at or datetime.now(UTC)


def _now() -> Now:
    return Now(boot_id(), asyncio.get_running_loop().time(), datetime.now(UTC))
