"""The recorder as a picture: what the fleet screen, the details and `status` show, taken from the live objects."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from vmstui import __version__
from vmstui.configured import CORE_BUDGET_PERCENT, OutputKind
from vmstui.model import (
    CameraDetails,
    CameraSnapshot,
    CameraState,
    Event,
    FfmpegInfo,
    OutputHealth,
    OutputState,
    ProcessSnapshot,
    RecorderSnapshot,
    Sample,
)
from vmstui.recorder.camera import CameraWorker
from vmstui.recording import layout
from vmstui.sanitise import clean
from vmstui.settings.names import camera_folder
from vmstui.telemetry.stability import stability

if TYPE_CHECKING:
    from vmstui.live_check import LiveCheck
    from vmstui.recorder.fleet_triage import Summary
    from vmstui.recorder.service import Service

SAMPLES_SHOWN = 60
EVENTS_SHOWN = 50
CALM_SAMPLES = 5


def recorder_snapshot(service: Service) -> RecorderSnapshot:
    """All of it."""
    checks = service.live_checks
    summary, incident = service.triager.summary, service.incidents.of_end
    cameras = tuple(
        camera_snapshot(worker, checks.latest(name), summary(name), incident(name))
        for name, worker in service.fleet.cameras.items()
    )
    relay = service.live.snapshot()
    own = ProcessSnapshot(os.getpid(), "running", sample=service.own_sample)
    total = next(iter(service.total_samples.last(1)), None)
    abilities = service.resources.abilities
    cpu_count = os.cpu_count() or 1
    return RecorderSnapshot(
        at=datetime.now(UTC),
        host=socket.gethostname(),
        version=__version__,
        config_path=service.settings.path,
        timezone=service.settings.timezone,
        service=own,
        relay=relay,
        storage=service.resources.snapshot(),
        ffmpeg=None
        if abilities is None
        else FfmpegInfo(
            abilities.binary.path,
            abilities.binary.version,
            abilities.binary.origin,
            tuple(sorted(abilities.encoders)),
        ),
        ffmpeg_reason=service.resources.ffmpeg_reason,
        ffmpeg_pending=service.resources.ffmpeg_pending,
        cameras=cameras,
        started_at=service.started_at,
        cpu_percent=_mean(service.total_samples.cpu_percents(CALM_SAMPLES)),
        cpu_budget_percent=service.settings.cpu_budget_percent or CORE_BUDGET_PERCENT * cpu_count,
        cpu_count=cpu_count,
        rss_bytes=total.rss_bytes if total is not None else 0,
        total=total,
        stability=stability(service.total_samples.cpu_percents(SAMPLES_SHOWN)),
        warnings=service.warnings,
        machine=service.historian.machine,
        session_limit=service.encoder_sessions.limit,
        incidents=service.incidents.going_on,
    )


def camera_snapshot(
    worker: CameraWorker, check: LiveCheck | None = None, finding: Summary = (None, ""), incident: str = ""
) -> CameraSnapshot:
    """One row of the fleet table. `check`: how its live stream was last seen; `finding`: what is worst of its messages;
    `incident`: id of the one that it does not record for."""
    machine, record = worker.worker.machine, worker.worker.record
    run = worker.worker.run
    beside = worker.succession.beside
    return CameraSnapshot(
        id=worker.camera.id,
        name=clean(worker.camera.name),  # what a person configures may hold anything
        state=machine.state,
        reason=worker.worker.delayed or worker.succession.waits or worker.context.masker.mask(machine.reason),
        since=worker.worker.since,
        wanted=worker.wanted,
        profile=worker.camera.profile.name,
        outputs=_outputs(worker, check),
        generation=record.generation,
        pid=worker.process.pid if worker.process is not None else None,
        started_at=record.started_at if worker.process is not None else None,
        restarts=max(0, record.generation - 1),
        next_start_at=worker.worker.next_start_at,
        failing_since=worker.worker.failing_since,
        fallback=f"{record.rung_name}: {record.note}" if record.note else "",
        sample=_calm(worker) if run is not None and run.sample is not None else None,
        progress=run.progress if run else None,
        open_segment=run.open if run else None,
        grew_at=worker.worker.grew_at,
        last_segment=worker.segments.newest(),
        segments_closed=worker.segments_closed,
        warnings_per_min=worker.context.logbook.warnings_since(
            worker.camera.id, datetime.now(UTC) - timedelta(minutes=1)
        ),
        severity=finding[0],
        finding=finding[1],
        offline_since=worker.outages.since,
        incident=incident,
        seamless=worker.succession.may_hand_over(),
        beside_pid=beside.process.pid if beside is not None and beside.process is not None else None,
        changeover=worker.succession.costs.changeover,
        event_at=newest.at if (newest := worker.events.newest()) is not None else None,
    )


def _calm(worker: CameraWorker) -> Sample | None:
    """The newest sample, its rates averaged over some seconds: the kernel counts CPU in ticks of 10 ms, so that a
    single second of a worker that needs 0.4 % reads 0 or 1, and files are written once per keyframe."""
    recent = worker.samples.last(CALM_SAMPLES)
    if not recent:
        return None
    return replace(
        recent[-1],
        cpu_percent=_mean(tuple(entry.cpu_percent for entry in recent)),
        read_bytes_per_s=_mean(tuple(entry.read_bytes_per_s for entry in recent)),
        write_bytes_per_s=_mean(tuple(entry.write_bytes_per_s for entry in recent)),
    )


def camera_details(worker: CameraWorker, events: tuple[Event, ...]) -> CameraDetails:
    """What the details of one camera show beyond its row; `events` are the last `EVENTS_SHOWN` of its history."""
    recordings = Path(worker.context.settings.recordings)
    record = worker.worker.record
    cpu_percents = worker.samples.cpu_percents(SAMPLES_SHOWN) if worker.process is not None else ()
    return CameraDetails(
        id=worker.camera.id,
        source=worker.context.masker.mask(worker.camera.url),
        source_codec=record.source_codec,
        command=record.argv,
        stability=stability(cpu_percents),
        samples=worker.samples.last(SAMPLES_SHOWN),
        events=events,
        log_path=str(worker.worker.log.path(record.generation)),
        spool_path=str(layout.generation_spool(recordings, worker.camera.id, record.generation)),
    )


def _mean(values: tuple[float, ...]) -> float:
    return round(sum(values) / len(values), 1) if values else 0.0


def _outputs(worker: CameraWorker, check: LiveCheck | None) -> tuple[OutputHealth, ...]:
    record, camera, machine = worker.worker.record, worker.camera, worker.worker.machine
    run = worker.worker.run
    down = machine.reason if machine.state is not CameraState.RECORDING else run.unplayable if run is not None else ""
    up = machine.state is CameraState.RECORDING and not down
    recording = OutputHealth(
        OutputKind.RECORDING,
        OutputState.UP if up else OutputState.DOWN,
        codec=record.recording_codec or record.source_codec,
        encoder=record.recording_encoder,
        address=str(Path(worker.context.settings.recordings) / camera_folder(camera)),
        reason=down,
    )
    if camera.profile.live is None:
        return (recording,)
    return (recording, _live(worker, check))


def _live(worker: CameraWorker, check: LiveCheck | None) -> OutputHealth:
    record, live = worker.worker.record, worker.context.live
    address = live.play_url(worker.camera.id)
    if worker.process is None:
        return OutputHealth(OutputKind.LIVE, OutputState.DOWN, address=address, reason="the worker does not run")
    if not record.live_encoder:
        return OutputHealth(OutputKind.LIVE, OutputState.OFF, reason=record.note or "given up to keep recording")
    state, reason, readers = live.health(worker.camera.id)
    codec = record.live_codec or record.source_codec
    if check is None or record.started_at is None or check.at < record.started_at:  # of another worker
        return OutputHealth(OutputKind.LIVE, state, codec, record.live_encoder, address, reason, readers)
    if not reason and check.reason:
        reason = f"when last watched: {check.reason}"
    return OutputHealth(
        OutputKind.LIVE, state, codec, record.live_encoder, address, reason, readers, check.summary, check.at
    )
