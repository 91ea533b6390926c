"""One camera in the recorder: its worker, what the worker produces, and what is known about it.

Feeds the state machine (through `Supervised`) with what happens to the worker, and once a second (`tick`) looks at its
files: progress, log, spool. Health is judged by the product: footage on disk for the recording, packets at the server
for the live stream.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from vmstui.ffmpeg.exits import ExitKind, explain_exit
from vmstui.ffmpeg.plan import Plan, can_cure
from vmstui.model import Camera, Event, EventKind, Segment, SegmentVerdict
from vmstui.model import CameraState as State
from vmstui.recorder import machine as m
from vmstui.recorder.camera_log import CameraLog
from vmstui.recorder.context import Context
from vmstui.recorder.history import History
from vmstui.recorder.launch import ask_camera, digest, prepare, worker_environment
from vmstui.recorder.process import Exit, LockHeld, Process, adopt, find_marked, marker_of, spawn
from vmstui.recorder.publisher import Publisher, Spool
from vmstui.recorder.record import WorkerRecord, load_record, save_record
from vmstui.recorder.run import Run
from vmstui.recorder.supervised import StartFailed, Supervised, jitter
from vmstui.recorder.watchdog import Finding
from vmstui.recording import layout
from vmstui.telemetry.ring import SampleRing

EVENTS_KEPT = 200
SEGMENTS_KEPT = 1000
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
        if not self.wanted:
            self.dispatch(m.Stop())
        elif not was_wanted:
            self.dispatch(m.Start())
        elif camera != before or (
            self.process is not None
            and self.record.config_digest
            and digest(camera, self.context.settings, self.context.abilities) != self.record.config_digest
        ):
            self._ask_again = True
            self.note(EventKind.COMMAND, "configuration changed")
            self.dispatch(m.Restart("configuration changed"))

    def settle_leftovers(self) -> None:
        """Queue what ended generations left in the spool; the live one is followed by `tick`."""
        for generation in layout.spooled_generations(Path(self.context.settings.recordings), self.camera.id):
            if self.process is None or generation != self.record.generation:
                self._publisher.generation_ended(self._spool(generation))

    async def finished(self) -> None:
        """Wait until there is no worker and everything it left is settled."""
        await self.settled.wait()
        await self._publisher.drained()

    def close(self) -> None:
        """Let go of everything; the worker, if one runs, goes on."""
        self.let_go()
        self._publisher.close()
        self.log.close()

    # -- the life of the worker --------------------------------------------------------------------------------------

    async def launch(self) -> Process:
        codec = self.record.source_codec
        if self._ask_again or not codec:
            codec = await ask_camera(self.camera, codec)
        prepared = prepare(self.context, self.camera, self.log, codec, self.machine.rung, self._next_generation())
        plan = prepared.plan
        intent = replace(
            self.record,
            name=self.camera.name,
            generation=prepared.generation,
            identity=None,
            started_at=datetime.now(UTC),
            rung=self.machine.rung,
            failures=self.machine.failures,
            source_codec=codec,
            argv=tuple(self.context.masker.mask(part) for part in prepared.argv),
            config_digest=digest(self.camera, self.context.settings, self.context.abilities),
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
                environment=worker_environment(),
                stdout=prepared.progress_path,
                stderr=prepared.log_path,
                lock=self.folder / "lock",
            )
        except LockHeld:
            raise StartFailed(m.Retry.LADDER, self._held_by()) from None
        except OSError as error:
            raise StartFailed(m.Retry.LADDER, f"cannot run {prepared.argv[0]}: {error.strerror}") from None
        self._plan = plan
        self._lower_rung = prepared.lower_rung
        self._save(replace(intent, identity=process.identity))
        self.note(EventKind.START, f"worker {process.pid} (generation {prepared.generation}) started: {plan.rung}")
        return process

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

    def detached(self) -> None:
        if self.run is not None:
            self.run.close()
            self.run = None

    def ended(self, exit_: Exit, uptime_s: float) -> m.Ended:
        generation, run = self.record.generation, self.run
        self.log.read(everything=True)
        recorded = False
        if run is not None:
            run.look(asyncio.get_running_loop().time(), 0.0)
            recorded = run.recorded
            self._publisher.generation_ended(run.spool)
        asked = self.machine.step > 0
        abilities = self.context.abilities
        cause = explain_exit(
            exit_.code,
            exit_.signal,
            self.log.lines_of_run(),
            abilities.binary.major if abilities is not None else 0,
            asked,
        )
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

    def note(
        self, kind: EventKind, text: str, *, rule: str = "", measured: str = "", threshold: str = "", outcome: str = ""
    ) -> None:
        mask = self.context.masker.mask
        self.events.add(
            Event(datetime.now(UTC), self.camera.id, kind, mask(text), rule, mask(measured), threshold, outcome)
        )

    # -- once a second -----------------------------------------------------------------------------------------------

    def tick(self, now_s: float, late_s: float) -> None:
        """Look at the worker. `late_s` is how much later than planned this look comes."""
        self.log.read()
        if self.run is None:
            return
        closed = self.run.look(now_s, late_s)
        if self.run.sample is not None:
            self.samples.append(self.run.sample)
        if closed:
            self._publisher.closed(self.run.spool, closed)
        if self.run.recorded and self.machine.state is State.STARTING:
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

    def _next_generation(self) -> int:
        """Above every number used before, also when the note was lost: a worker must never write into the spool of
        another, whose segments may not be published yet."""
        spooled = layout.spooled_generations(Path(self.context.settings.recordings), self.camera.id)
        return 1 + max(self.record.generation, *spooled, 0)

    def _held_by(self) -> str:
        found = find_marked(self._marker())
        holder = f"process {found.pid}" if found is not None else "an unknown process"
        if found is not None:
            found.close()
        return f"the camera is held by {holder}, which still records it; no second one is started"

    def _marker(self) -> str:
        return f"{self.context.installation}:{self.camera.id}:"

    def _spool(self, generation: int) -> Spool:
        return Spool(Path(self.context.settings.recordings), self.camera, generation)

    def _begun_at(self) -> datetime:
        """When the open segment of an adopted worker was begun: where the one before it ended."""
        before = self.segments.newest()
        if before is not None and before.generation == self.record.generation:
            return before.started_at + timedelta(seconds=before.duration_s)
        return self.record.started_at or datetime.now(UTC)

    def _remember(self, *, wanted: bool) -> None:
        self._save(replace(self.record, wanted=wanted))

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
