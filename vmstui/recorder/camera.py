"""One camera in the recorder: its worker, what the worker produces, and what is known about it.

Feeds the state machine (through `Supervised`) with what happens to the worker, and once a second (`tick`) looks at its
files: progress, log, spool. Health is judged by the product: footage on disk for the recording, packets at the server
for the live stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Coroutine
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from vmstui.ffmpeg.exits import ExitCause, ExitKind, explain_exit
from vmstui.ffmpeg.plan import Plan, can_cure
from vmstui.model import Camera, Event, EventKind, LogLevel, Segment, SegmentVerdict
from vmstui.model import CameraState as State
from vmstui.recorder import machine as m
from vmstui.recorder.camera_log import CameraLog
from vmstui.recorder.context import Context
from vmstui.recorder.history import History
from vmstui.recorder.launch import INPUT_SCRIPT, Launch, ask_camera, digest, prepare, worker_environment
from vmstui.recorder.process import Exit, LockHeld, Process, adopt, find_marked, marker_of, spawn, take_lock
from vmstui.recorder.publisher import Publisher, Spool
from vmstui.recorder.record import WorkerRecord, load_record, save_record
from vmstui.recorder.run import Run, SpoolView
from vmstui.recorder.supervised import StartFailed, Supervised, jitter
from vmstui.recorder.watchdog import Finding
from vmstui.recording import layout
from vmstui.telemetry.ring import SampleRing

EVENTS_KEPT = 200
SEGMENTS_KEPT = 1000
LOG_COMPONENT = "recorder"
"""Of our own lines between those of ffmpeg."""
_CAMERA_STAYED = (ExitKind.STOPPED, ExitKind.KILLED, ExitKind.CRASH, ExitKind.OUT_OF_MEMORY, ExitKind.ENCODER)
"""Ends that do not come from the camera: it still sends what it sent, so that it need not be asked again."""
_LONG_RUN_S = 60.0


class CameraWorker(Supervised):
    """A configured camera. Made by the service, which calls `take_over` once and then `tick` every second."""

    def __init__(self, camera: Camera, context: Context) -> None:
        super().__init__(m.WORKER_POLICY)
        self.camera = camera
        self.context = context
        self.folder = context.camera_folder(camera.id)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.record = load_record(self.folder / "worker.json", camera.id)
        self.events = History(self.folder / "events.jsonl", Event, EVENTS_KEPT)
        self.segments = History(self.folder / "segments.jsonl", Segment, SEGMENTS_KEPT)
        self.samples = SampleRing()
        self.run: Run | None = None
        """The present run of the worker, None while there is none."""
        self.log = CameraLog(context, camera.id)
        self.segments_closed = 0
        """Good ones published since the service started."""
        self._plan: Plan | None = None
        self._lower_rung = False
        self._ask_again = True
        self._spooling = asyncio.Lock()
        """Held while a spool folder is made and a worker put into it, and while old ones are looked for."""
        self._chores: set[asyncio.Task[None]] = set()
        self._publisher = Publisher(context, self._published, lambda text: self.note(EventKind.SEGMENT, text))

    # -- commands ----------------------------------------------------------------------------------------------------

    @property
    def wanted(self) -> bool:
        """What a person last asked for, else what the configuration says."""
        return self.camera.enabled if self.record.wanted is None else self.record.wanted

    def take_over(self) -> None:
        """Adopt the worker an earlier service left, settle what dead ones left, and start if wanted."""
        found = self._find_worker()
        if found is not None:
            started_at = self.record.started_at or datetime.now(UTC)
            uptime_s = max(0.0, (datetime.now(UTC) - started_at).total_seconds())
            self.adopt(found, self.record.rung, self.record.failures, uptime_s)
            self.note(EventKind.ADOPT, f"worker {found.pid} (generation {self.record.generation}) taken over")
        elif self.record.identity is not None:
            self._explain_unseen_end()
        self._do_beside(asyncio.to_thread(self.log.mask_all))
        self.settle_leftovers()
        if self.wanted and found is None:
            self.dispatch(m.Start())
        elif not self.wanted and found is not None:
            self.dispatch(m.Stop())

    def start(self, by: str) -> None:
        """Record from now on."""
        self._remember(wanted=True)
        self.note(EventKind.COMMAND, f"start asked for by {by}")
        self.dispatch(m.Start())

    def stop(self, by: str) -> None:
        """Do not record any more, also not after a restart of the service."""
        self._remember(wanted=False)
        self.note(EventKind.COMMAND, f"stop asked for by {by}")
        self.dispatch(m.Stop())

    def restart(self, by: str) -> None:
        """End the present worker and start a new one on the best rung."""
        self._remember(wanted=True)
        self._ask_again = True
        self.note(EventKind.COMMAND, f"restart asked for by {by}")
        self.dispatch(m.Restart(f"restart asked for by {by}"))

    def configure(self, camera: Camera) -> None:
        """Take over a changed configuration; a worker that runs on the old one is replaced."""
        was_wanted, before = self.wanted, self.camera
        self.camera = camera
        if camera.enabled != before.enabled:
            self._save(replace(self.record, wanted=None))  # the newer word counts
        if not self.wanted:
            self.dispatch(m.Stop())
        elif not was_wanted:
            self.dispatch(m.Start())
        elif self._runs_on_another_configuration() or (self.process is None and camera != before):
            self._ask_again = True
            self.note(EventKind.COMMAND, "configuration changed")
            self.dispatch(m.Restart("configuration changed"))

    def settle_leftovers(self) -> None:
        """See to it that what ended generations left in the spool is settled; the live one is followed by `tick`."""
        self._do_beside(self._settle_leftovers())

    async def finished(self, patience_s: float) -> bool:
        """Wait until there is no worker, then until all it left is settled; False if that cannot be done so soon."""
        await self.settled.wait()
        return await self._publisher.drained(patience_s)

    async def retire(self, patience_s: float) -> None:
        """The camera left the configuration: end its worker, settle what it left, forget its password."""
        self._save(replace(self.record, wanted=None))
        self.dispatch(m.Stop())
        await self.finished(patience_s)
        (self.folder / INPUT_SCRIPT).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of everything; the worker, if one runs, goes on."""
        self.let_go()
        for chore in self._chores:
            chore.cancel()
        self._publisher.close()
        self.log.close()

    # -- the life of the worker --------------------------------------------------------------------------------------

    async def launch(self) -> Process:
        codec = self.record.source_codec
        if self._ask_again or not codec:
            codec = await ask_camera(self.camera, codec)
        async with self._spooling:
            with ExitStack() as undo:
                try:
                    lock_fd = take_lock(self.folder / "lock")
                except LockHeld:
                    return self._adopt_holder()
                undo.callback(os.close, lock_fd)
                prepared = await asyncio.to_thread(
                    prepare, self.context, self.camera, self.log, codec, self.machine.rung, self.record.generation
                )
                undo.pop_all()  # from here on `spawn` looks after the lock, and nothing waits
                return self._spawn(prepared, codec, lock_fd)

    def _spawn(self, prepared: Launch, codec: str, lock_fd: int) -> Process:
        plan = prepared.plan
        intent = replace(
            self.record,
            name=self.camera.name,
            recordings=self.context.settings.recordings,
            generation=prepared.generation,
            identity=None,
            started_at=datetime.now(UTC),
            rung=self.machine.rung,
            failures=self.machine.failures,
            source_codec=codec,
            argv=tuple(self.context.masker.mask(part) for part in prepared.argv),
            config_digest=digest(self.camera, self.context),
            rung_name=plan.rung,
            note=plan.note,
            recording_encoder=plan.recording.encoder,
            recording_codec=plan.recording.codec,
            live_encoder=plan.live.encoder if plan.live else "",
            live_codec=plan.live.codec if plan.live else "",
        )
        self._save(intent)
        try:
            process = spawn(
                prepared.argv,
                marker=f"{self._marker()}{prepared.generation}",
                environment=worker_environment(self.context.settings),
                stdout=prepared.progress_path,
                stderr=prepared.log_path,
                lock_fd=lock_fd,
            )
        except OSError as error:
            raise StartFailed(m.Retry.LADDER, f"cannot run {prepared.argv[0]}: {error.strerror}") from None
        self._plan = plan
        self._lower_rung = prepared.lower_rung
        self._save(replace(intent, identity=process.identity))
        self.note(EventKind.START, f"worker {process.pid} (generation {prepared.generation}) started: {plan.rung}")
        return process

    def _adopt_holder(self) -> Process:
        """The camera's lock is held: by a worker of ours that we lost sight of, or by what it forked."""
        found = self._find_worker()
        if found is None:
            text = "another process holds the lock of this camera, so it may still be recorded; no second worker starts"
            raise StartFailed(m.Retry.LADDER, text)
        self._plan = None
        self.note(EventKind.ADOPT, f"worker {found.pid} (generation {self.record.generation}) found again")
        return found

    def attached(self, process: Process) -> None:
        record, adopted = self.record, self.machine.alive
        self.log.follow(record.generation, tail=adopted)
        self.run = Run(
            process.pid,
            self._spool(record.generation),
            self.folder / "progress",
            self._begun_at() if adopted else datetime.now(UTC),
            asyncio.get_running_loop().time(),
        )
        self.context.run_began.set()

    def detached(self) -> None:
        if self.run is not None:
            self.run.close()
            self.run = None

    def ended(self, exit_: Exit, uptime_s: float) -> m.Ended:
        generation, run = self.record.generation, self.run
        recorded = run is not None and run.recorded
        if run is not None:
            self._publisher.generation_ended(run.spool)
        self.log.read(everything=True)
        cause = self._cause(exit_)
        self._ask_again = cause.kind not in _CAMERA_STAYED
        retry = m.Retry.LADDER
        if self._plan is not None and self._lower_rung and can_cure(self._plan, cause):
            # After a long good run the same rung deserves another try: the device may only have been busy.
            retry = m.Retry.LADDER if uptime_s >= _LONG_RUN_S and recorded else m.Retry.FALLBACK
        elif cause.kind is ExitKind.AUTH:
            retry = m.Retry.AUTH
        elif cause.kind is ExitKind.CONFIGURATION:
            retry = m.Retry.CONFIGURATION
        self._save(replace(self.record, identity=None))
        self.note(
            EventKind.EXIT,
            f"worker (generation {generation}) ended after {uptime_s:.0f} s: {cause.text}",
            measured=f"{exit_}; {cause.evidence}" if cause.evidence else str(exit_),
        )
        return m.Ended(retry, cause.text, jitter(), uptime_s, recorded, run.good_segments if run is not None else 0)

    def _cause(self, exit_: Exit) -> ExitCause:
        abilities = self.context.abilities
        major = abilities.binary.major if abilities is not None else 0
        return explain_exit(exit_.code, exit_.signal, self.log.lines_of_run(), major, self.machine.step > 0)

    def _explain_unseen_end(self) -> None:
        """The noted worker ended while no service ran."""
        self.log.follow(self.record.generation, tail=True)
        self.log.read(everything=True)
        cause = self._cause(Exit())
        text = f"worker (generation {self.record.generation}) ended while no service looked: {cause.text}"
        self.note(EventKind.EXIT, text, measured=cause.evidence)
        self._save(replace(self.record, identity=None))

    def note(
        self, kind: EventKind, text: str, *, rule: str = "", measured: str = "", threshold: str = "", outcome: str = ""
    ) -> None:
        mask, now = self.context.masker.mask, datetime.now(UTC)
        self.events.add(Event(now, self.camera.id, kind, mask(text), rule, mask(measured), threshold, outcome))
        # In the log, too: there it stands between ffmpeg's lines, and a camera that never started has no others.
        self.context.logbook.add(now, self.camera.id, self.record.generation, LogLevel.INFO, LOG_COMPONENT, mask(text))

    # -- once a second -----------------------------------------------------------------------------------------------

    def tick(self, now_s: float, late_s: float) -> None:
        """Look at the worker. `late_s` is how much later than planned this look comes."""
        self.log.read()
        if self.run is None:
            return
        self.run.look(now_s, late_s)
        if self.run.sample is not None:
            self.samples.append(self.run.sample)

    def saw_spool(self, run: Run, view: SpoolView, now_s: float) -> None:
        """Take in what a look at the spool of a run saw; a run that is over meanwhile is none of our business."""
        if run is not self.run:
            return
        closed = run.take_in(view, now_s)
        if closed:
            self._publisher.closed(run.spool, closed)
        if run.recorded and self.machine.state is State.STARTING:
            self.dispatch(m.Footage())

    def stall(self, now_s: float) -> Finding | None:
        """What the watchdog has against this worker now."""
        if self.machine.state not in (State.STARTING, State.RECORDING) or self.run is None:
            return None
        return self.run.stall(now_s)

    def replace_stalled(self, finding: Finding) -> None:
        """Act on a finding."""
        self.note(
            EventKind.WATCHDOG,
            finding.rule,
            rule=finding.rule,
            measured=finding.measured,
            threshold=finding.threshold,
            outcome="worker is replaced",
        )
        self.dispatch(m.Stalled(str(finding)))

    # -- inside ------------------------------------------------------------------------------------------------------

    def _published(self, segment: Segment) -> None:
        self.segments.add(segment)
        if segment.verdict is SegmentVerdict.QUARANTINED:
            self.note(EventKind.SEGMENT, f"segment set aside at {segment.path}: {segment.reason}")
            return
        self.segments_closed += 1
        if self.run is not None and segment.generation == self.record.generation:
            self.run.good_segments += 1
        if segment.verdict is SegmentVerdict.PARTIAL:
            self.note(EventKind.SEGMENT, f"interrupted segment kept: {segment.path} ({segment.duration_s:.1f} s)")

    def _find_worker(self) -> Process | None:
        if self.record.identity is not None:
            known = adopt(self.record.identity)
            if known is not None:
                return known
        found = find_marked(self._marker())
        if found is not None:
            self._save(_recovered(self.record, found))
        return found

    def _runs_on_another_configuration(self) -> bool:
        known = self.record.config_digest
        return self.process is not None and bool(known) and known != digest(self.camera, self.context)

    async def _settle_leftovers(self) -> None:
        noted = {Path(folder) for folder in (self.context.settings.recordings, self.record.recordings) if folder}
        async with self._spooling:
            for recordings in noted:
                for generation in await asyncio.to_thread(layout.spooled_generations, recordings, self.camera.id):
                    if self.process is None or generation != self.record.generation:
                        self._publisher.generation_ended(Spool(recordings, self.camera, generation))

    def _do_beside(self, work: Coroutine[None, None, None]) -> None:
        """Run beside everything else; the loop itself holds its tasks only weakly."""
        chore = asyncio.get_running_loop().create_task(work)
        self._chores.add(chore)
        chore.add_done_callback(self._chores.discard)

    def _marker(self) -> str:
        return f"{self.context.installation}:{self.camera.id}:"

    def _spool(self, generation: int) -> Spool:
        return Spool(Path(self.record.recordings or self.context.settings.recordings), self.camera, generation)

    def _begun_at(self) -> datetime:
        """When the open segment of an adopted worker was begun: where the one before it ended."""
        before = self.segments.newest()
        if before is not None and before.generation == self.record.generation:
            return before.started_at + timedelta(seconds=before.duration_s)
        return self.record.started_at or datetime.now(UTC)

    def _remember(self, *, wanted: bool) -> None:
        self._save(replace(self.record, wanted=None if wanted == self.camera.enabled else wanted))

    def _save(self, record: WorkerRecord) -> None:
        self.record = record
        # A full state disk must not stop recordings: marker and lock still name the worker.
        with contextlib.suppress(OSError):
            save_record(self.folder / "worker.json", record)


def _recovered(record: WorkerRecord, found: Process) -> WorkerRecord:
    """What can be told of a worker that no note is left of: its generation by its marker, the rest by its argv."""
    generation = marker_of(found.pid).rsplit(":", 1)[-1]
    argv = tuple(Path(f"/proc/{found.pid}/cmdline").read_text(errors="replace").split("\0")[:-1])
    encoders = [value for option, value in pairwise(argv) if option == "-c:v"]
    return replace(
        record,
        generation=int(generation) if generation.isdigit() else record.generation,
        identity=found.identity,
        argv=argv,
        recording_encoder=encoders[0] if encoders else "",
        live_encoder=encoders[1] if len(encoders) > 1 else "",
    )
