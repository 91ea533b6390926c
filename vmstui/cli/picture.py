"""A snapshot of the recorder as plain text: one line on the recorder, a row per camera, what is wrong below it."""

from __future__ import annotations

from datetime import datetime

from vmstui.cli.machine_text import machine_lines
from vmstui.cli.table import table_within
from vmstui.codec import Json, from_json
from vmstui.configured import OutputKind
from vmstui.model import CameraSnapshot, CameraState, OutputHealth, OutputState, RecorderSnapshot
from vmstui.sanitise import clean
from vmstui.spoken import clock, coarse_size, size, span, timer, zone

HEADER = (
    "CAMERA",
    "STATE",
    "PID",
    "CPU %",
    "FPS",
    "SPEED",
    "OPEN SEGMENT",
    "LAST SEGMENT",
    "RECORDING",
    "LIVE",
    "RESTARTS",
)
RIGHT = frozenset({2, 3, 4, 5, 10})
_SPARE = tuple(map(HEADER.index, ("LAST SEGMENT", "SPEED", "RECORDING", "LIVE", "RESTARTS", "FPS", "CPU %")))
"""The first is missed least: what is down is told below the table in any case."""
_NONE = "-"


def picture(answer: Json, cells: int | None = None) -> str:
    """Everything at a glance; the table of cameras in so many cells, if anything is said of that."""
    snapshot = from_json(RecorderSnapshot, answer)
    lines = [headline(snapshot), *incidents(snapshot)]
    if snapshot.cameras:
        rows = [_row(camera, snapshot.at, snapshot.timezone) for camera in snapshot.cameras]
        lines += ["", table_within(cells, HEADER, rows, RIGHT, spare=_SPARE)]
    else:
        lines += ["", f"no camera is configured in {snapshot.config_path}"]
    below = [*_stability(snapshot), *machine_lines(snapshot)]
    lines += ["", *below] if below else []
    found = troubles(snapshot)
    return "\n".join([*lines, *([""] if found else []), *found])


def headline(snapshot: RecorderSnapshot) -> str:
    """The recorder in one line."""
    recording = sum(camera.state == "recording" for camera in snapshot.cameras)
    wanted = sum(camera.wanted for camera in snapshot.cameras)
    return " · ".join(
        (
            f"{snapshot.host}: {recording}/{wanted} recording",
            f"CPU {snapshot.cpu_percent:.1f} % of {snapshot.cpu_budget_percent:g} %",
            f"memory {coarse_size(snapshot.rss_bytes)}",
            f"disk {coarse_size(snapshot.storage.free_bytes)} free",
            f"up {span((snapshot.at - snapshot.started_at).total_seconds())}",
            f"ffmpeg {snapshot.ffmpeg.version}" if snapshot.ffmpeg else "no ffmpeg yet",
        )
    )


def _stability(snapshot: RecorderSnapshot) -> list[str]:
    """The six samples over 30 s that an owner would take by hand."""
    seen = snapshot.stability
    if seen is None or not seen.samples:
        return []
    values = "  ".join(f"{value:.1f}" for value in seen.samples)
    spread = f"min {seen.minimum:.1f}, max {seen.maximum:.1f}, mean {seen.mean:.1f}"
    return [f"CPU %, {len(seen.samples)} samples over {5 * len(seen.samples)} s: {values}  ({spread}; {seen.verdict})"]


def incidents(snapshot: RecorderSnapshot) -> list[str]:
    """What several cameras have in common, with those that are not recorded for it; none of them has a line of its own
    below."""
    told = []
    where = zone(snapshot.timezone)
    for incident in snapshot.incidents:
        since = clock(incident.since, where)
        told.append(f"{incident.severity.value.upper()} {clean(incident.text)}, since {since} ({incident.id})")
        told.append(f"  what to do: {clean(incident.action)}")
        cameras = [camera for camera in snapshot.cameras if camera.incident == incident.id]
        if cameras:
            next_starts = [camera.next_start_at for camera in cameras if camera.next_start_at is not None]
            tried = f"; next try at {clock(min(next_starts), where)}" if next_starts else ""
            told.append(f"  not recorded: {', '.join(clean(camera.name) for camera in cameras)}{tried}")
    return ["", *told] if told else []


def troubles(snapshot: RecorderSnapshot) -> list[str]:
    """What is not as it should be, a line each."""
    found = []
    told = {incident.id for incident in snapshot.incidents}
    if snapshot.storage.reason:
        found.append(f"recordings: {snapshot.storage.reason}")
    if snapshot.ffmpeg is None and not snapshot.ffmpeg_pending:
        found.append(f"ffmpeg: {snapshot.ffmpeg_reason}")
    if snapshot.relay.state == "down":
        found.append(f"live relay: {snapshot.relay.reason or 'down'}")
    for camera in snapshot.cameras:
        if camera.failing_since is not None:
            known = span((snapshot.at - camera.failing_since).total_seconds())
            found.append(f"{clean(camera.name)}: FAILING for {known}: no healthy run since its first failure")
        if camera.reason and camera.incident not in told:
            since = f"since {clock(camera.since, zone(snapshot.timezone))}"
            if camera.next_start_at is not None:
                since += f", next try at {clock(camera.next_start_at, zone(snapshot.timezone))}"
            found.append(f"{clean(camera.name)}: {camera.state.value} {since}: {clean(camera.reason)}")
        if camera.fallback:
            found.append(f"{clean(camera.name)}: {clean(camera.fallback)}")
        recording = camera.output(OutputKind.RECORDING)
        if recording is not None and recording.state is OutputState.DOWN and camera.state is CameraState.RECORDING:
            found.append(f"{clean(camera.name)}: recording is down: {clean(recording.reason)}")
        live = camera.output(OutputKind.LIVE)
        if live is not None and live.state is OutputState.DOWN and camera.pid is not None:
            found.append(f"{clean(camera.name)}: live is down: {clean(live.reason)}")
        elif live is not None and live.state is OutputState.UP and live.reason:
            found.append(f"{clean(camera.name)}: live: {clean(live.reason)}")
    return found


def _row(camera: CameraSnapshot, now: datetime, timezone: str) -> tuple[str, ...]:
    progress, opened, last = camera.progress, camera.open_segment, camera.last_segment
    age = timer((now - opened.started_at).total_seconds()) if opened else ""
    return (
        clean(camera.name),
        camera.state.value,
        str(camera.pid or _NONE),
        f"{camera.sample.cpu_percent:.1f}" if camera.sample else _NONE,
        f"{progress.fps:.1f}" if progress else _NONE,
        f"{progress.speed:.2f}x" if progress else _NONE,
        f"{size(opened.size_bytes)} {age}" if opened else _NONE,
        f"{clock(last.started_at, zone(timezone))} {size(last.size_bytes)} {last.duration_s:.0f} s" if last else _NONE,
        _output(camera.output(OutputKind.RECORDING)),
        _output(camera.output(OutputKind.LIVE)),
        str(camera.restarts),
    )


def _output(output: OutputHealth | None) -> str:
    if output is None:
        return _NONE
    return f"{output.state.value} {output.codec}/{output.encoder}" if output.encoder else output.state.value
