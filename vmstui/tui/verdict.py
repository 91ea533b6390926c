"""What a snapshot means for the person who looks: is everything recorded, what is wrong, what to do.

Pure functions from a snapshot to words. The header, the banners, the sort order of the fleet and the advice of the
summary line all come from here, so that they cannot contradict each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from vmstui.configured import OutputKind
from vmstui.findings import Incident, Severity
from vmstui.model import CameraSnapshot, CameraState, OutputState, RecorderSnapshot
from vmstui.storage import StorageProjection
from vmstui.tui import glyphs
from vmstui.tui.actions import key_of
from vmstui.tui.format import clock, coarse_size, names, plural, sentence, short_span, size, span, zone
from vmstui.tui.lines import Line, Role, Span, join
from vmstui.tui.severity import rank
from vmstui.tui.stay import headline_part

NO_GROWTH_S = 10.0
"""An open segment that has not grown for so long is worth a word, though the watchdog still waits."""
SLOW_SPEED = 0.9
SETTLED_S = 30.0
"""Speed says nothing while a worker still catches up with its first keyframe."""


class Health(IntEnum):
    """How urgently a camera wants to be looked at; the fleet is sorted by it."""

    FAILING = 0
    """Wanted, not recording, and its alarm is raised."""
    FAILED = 1
    """Wanted, and not recording."""
    CHANGING = 2
    DEGRADED = 3
    """Records, but something about it is not right."""
    FINE = 4
    OFF = 5
    """Not wanted."""


@dataclass(frozen=True, slots=True)
class Banner:
    """A sentence across the screen: what is wrong, and what to do."""

    text: str
    role: Role = Role.PILL_BAD


@dataclass(frozen=True, slots=True)
class Link:
    """How the dashboard stands with the recorder."""

    lost: str = ""
    """Why there is no connection; empty while there is one."""
    retry_in_s: float = 0.0
    age_s: float = 0.0
    """Since the last snapshot arrived."""

    @property
    def stale(self) -> bool:
        """Whether what is shown is no longer the present."""
        return bool(self.lost) or self.age_s >= 4.0


STARTING_S = 10.0
"""A start that takes longer than this has something to explain."""

_FAILED = {
    CameraState.HELD,
    CameraState.STALLED,
    CameraState.BACKOFF,
    CameraState.FAILING,
    CameraState.AUTH_FAILED,
    CameraState.CONFIG_ERROR,
    CameraState.UNKILLABLE,
}


def health(camera: CameraSnapshot, now: datetime) -> Health:
    """How urgently this camera wants to be looked at."""
    if camera.failing_since is not None and camera.state is not CameraState.RECORDING:
        return Health.FAILING
    if camera.state in _FAILED:
        return Health.FAILED
    if camera.state is CameraState.STOPPED:
        return Health.FAILED if camera.wanted else Health.OFF
    if camera.state is CameraState.STARTING:
        waits_s = (now - camera.since).total_seconds()
        return Health.FAILED if camera.reason or waits_s > STARTING_S else Health.CHANGING
    if camera.state is not CameraState.RECORDING:
        return Health.CHANGING
    return Health.DEGRADED if complaints(camera, now) else Health.FINE


def failing(camera: CameraSnapshot, now: datetime) -> list[str]:
    """That its alarm is raised, and how long it has been in trouble; nothing where there is no alarm."""
    if camera.failing_since is None:
        return []
    return [f"FAILING for {span((now - camera.failing_since).total_seconds())}"]


def incidents_of(snapshot: RecorderSnapshot) -> dict[str, Incident]:
    """Per camera the incident that goes on with it, the worst one; of a camera that is not recorded only what it is not
    recorded for."""
    recorded = {camera.id for camera in snapshot.cameras if camera.state is CameraState.RECORDING}
    found: dict[str, Incident] = {}
    for incident in snapshot.incidents:
        for camera in incident.cameras:
            if camera not in incident.cured and (incident.is_of_ends or camera in recorded):
                found.setdefault(camera, incident)
    return found


def complaints(camera: CameraSnapshot, now: datetime) -> list[str]:
    """What is not right with a camera that records, worst first."""
    found = worker_complaints(camera, now)
    if camera.state is CameraState.RECORDING and rank(camera):
        how = camera.severity or "an error that nobody knows"
        found.append(f"{how}: {camera.finding}" if camera.finding else f"a {how} finding")
    if camera.state is CameraState.RECORDING:
        for output in camera.outputs:
            if output.state is OutputState.DOWN:
                found.append(f"{output.kind} is down" + (f": {output.reason}" if output.reason else ""))
    return found


def worker_complaints(camera: CameraSnapshot, now: datetime) -> list[str]:
    """What is not right with the worker of a camera that records, apart from the state of its outputs."""
    found: list[str] = []
    if camera.state is not CameraState.RECORDING:
        return found
    if camera.failing_since is not None:
        since_s = (now - camera.failing_since).total_seconds()
        found.append(
            f"records again after trouble that began {span(since_s)} ago; on trial until two good segments are closed"
        )
    segment = camera.open_segment
    if segment and (idle_s := (now - segment.grew_at).total_seconds()) >= NO_GROWTH_S:
        found.append(f"the open segment has not grown for {span(idle_s)}")
    running_s = (now - camera.started_at).total_seconds() if camera.started_at else 0.0
    if camera.progress and running_s >= SETTLED_S and camera.progress.speed < SLOW_SPEED:
        found.append(f"does not keep up with the camera: speed {camera.progress.speed:.2f}x")
    return found


def advice(camera: CameraSnapshot, config_path: str) -> str:
    """What to do about this camera, one sentence; empty when there is nothing to do."""
    match camera.state:
        case CameraState.AUTH_FAILED:
            return f"Correct its login in {config_path} or its password file; {key_of('camera.restart')} retries."
        case CameraState.CONFIG_ERROR:
            words = f"{key_of('view.log')} shows ffmpeg's words. Correct its profile in {config_path}"
            return f"{words}, then {key_of('camera.restart')}."
        case CameraState.BACKOFF | CameraState.FAILING:
            if "404" in camera.reason:
                return f"It answers, but not at this path: correct its url in {config_path}."
            tries = f"{key_of('camera.restart')} tries now."
            if "453" in camera.reason or "503" in camera.reason:
                return f"Tried again by itself. It is busy: too many clients at a time? {tries}"
            return f"Tried again by itself. Is it powered, is it reachable? {key_of('view.log')} its log, {tries}"
        case CameraState.STALLED:
            return f"Its worker is being replaced by itself; {key_of('view.log')} shows its log."
        case CameraState.HELD:
            return "Goes on by itself as soon as that is cured."
        case CameraState.UNKILLABLE:
            return "The kernel does not let it end: look at its disk (dmesg). No second one starts."
        case CameraState.STOPPED if not camera.wanted:
            return f"Not recorded. {key_of('camera.toggle')} starts it."
        case CameraState.STOPPED:
            return f"{key_of('camera.toggle')} starts it."
        case _:
            return ""


def headline(
    snapshot: RecorderSnapshot,
    projection: StorageProjection | None = None,
    recorded: Span | None = None,
    room: tuple[int, Line] | None = None,
) -> list[tuple[int, Line]]:
    """The header, most important words first, as ranked parts for `lines.pack`. `recorded` is the share of today,
    `room` how many more cameras fit."""
    parts = [*_verdict(snapshot)]
    if recorded is not None and recorded[0]:
        parts.append((2, (recorded,)))
    over = snapshot.cpu_percent > snapshot.cpu_budget_percent
    cpu = f"CPU {snapshot.cpu_percent:.1f} % of {snapshot.cpu_budget_percent:.0f} %"
    parts.append((3, ((cpu, Role.WARN if over else Role.TEXT),)))
    storage = snapshot.storage
    stays = headline_part(projection) if projection is not None and storage.usable else None
    if stays is not None:
        parts.append(stays)
    disk = f"disk {coarse_size(storage.free_bytes)} free" if storage.usable else "disk not usable"
    if stays is None or storage.reason:
        parts.append((2, ((disk, Role.BAD if not storage.usable else Role.WARN if storage.reason else Role.TEXT),)))
    if room is not None:
        parts.append(room)
    if live := _live(snapshot):
        parts.append((5, live))
    parts.append((6, ((f"up {short_span((snapshot.at - snapshot.started_at).total_seconds())}", Role.TEXT),)))
    missing = "looking for ffmpeg" if snapshot.ffmpeg_pending else "no ffmpeg"
    ffmpeg = f"ffmpeg {snapshot.ffmpeg.version}" if snapshot.ffmpeg else missing
    parts.append((7, ((ffmpeg, Role.DIM if snapshot.ffmpeg or snapshot.ffmpeg_pending else Role.BAD),)))
    parts.append((8, ((f"memory {coarse_size(snapshot.rss_bytes)}", Role.DIM),)))
    return parts


def _verdict(snapshot: RecorderSnapshot) -> list[tuple[int, Line]]:
    wanted = [camera for camera in snapshot.cameras if camera.wanted]
    recording = [camera for camera in wanted if camera.state is CameraState.RECORDING]
    healths = [health(camera, snapshot.at) for camera in wanted]
    failed = [camera for camera, one in zip(wanted, healths, strict=True) if one <= Health.FAILED]
    degraded = healths.count(Health.DEGRADED)
    stopped = len(snapshot.cameras) - len(wanted)
    common = incidents_of(snapshot) if snapshot.incidents else {}
    parts: list[tuple[int, Line]] = []
    if not snapshot.cameras:
        return [(0, ((" No camera is configured ", Role.PILL_WARN),))]
    if failed:
        words = f" {glyphs.BAD} {len(failed)} of {len(wanted)} not recording "
        parts.append((0, ((words, Role.PILL_BAD),)))
        if alarms := [camera.failing_since for camera in failed if camera.failing_since]:
            longest = short_span((snapshot.at - min(alarms)).total_seconds())
            words = f" {len(alarms)} FAILING for {'up to ' if len(alarms) > 1 else ''}{longest} "
            parts.append((1, ((words, Role.PILL_BAD),)))
        if not all(camera.id in common for camera in failed):  # else the incident is what to read
            parts.append((1, ((names([camera.name for camera in failed], 2), Role.BAD),)))
        parts.append((9, ((f"{len(recording)} recording", Role.TEXT),)))
    elif len(recording) < len(wanted):
        parts.append((0, ((f" {glyphs.BUSY} {len(recording)}/{len(wanted)} recording", Role.BUSY),)))
        parts.append((1, ((f"{len(wanted) - len(recording)} starting or stopping", Role.BUSY),)))
    elif wanted:
        parts.append((0, ((f" {glyphs.OK} {len(recording)}/{len(wanted)} recording", Role.OK),)))
    else:
        parts.append((0, ((" Nothing is recorded ", Role.PILL_WARN),)))
    if snapshot.incidents:
        worst = snapshot.incidents[0]
        still = len(common)
        role = Role.BAD if still and worst.severity is Severity.CRITICAL else Role.WARN
        of_them = plural(still, "camera") if still else "all back"
        words = f"{plural(len(snapshot.incidents), 'incident')}, {of_them}"
        parts.insert(1, (1, ((words, role),)))
    if degraded:
        words = f"{glyphs.WARN} {degraded} degraded"
        parts.append((1, ((words, Role.WARN),)))
    if stopped:
        parts.append((2, ((f"{stopped} stopped", Role.OFF),)))
    return parts


def _live(snapshot: RecorderSnapshot) -> Line:
    """How many live streams are up; how many should be, only where these differ."""
    states = [
        output.state
        for camera in snapshot.cameras
        if camera.wanted and (output := camera.output(OutputKind.LIVE)) and output.state is not OutputState.OFF
    ]
    if not states:
        return ()
    up = sum(state is OutputState.UP for state in states)
    down = any(state is OutputState.DOWN for state in states)
    return ((f"{up} live" if up == len(states) else f"{up} of {len(states)} live", Role.WARN if down else Role.TEXT),)


def banners(snapshot: RecorderSnapshot | None, link: Link) -> list[Banner]:
    """What concerns the whole recorder, worst first."""
    found: list[Banner] = []
    if link.lost:
        wait = f"Trying again in {span(link.retry_in_s)}."
        seen = f" What is shown is {span(link.age_s)} old; the workers may well go on recording." if snapshot else ""
        said = _sentence(link.lost)
        lost = said if said.casefold().startswith("no recorder answers") else f"No recorder answers: {said}"
        found.append(Banner(f"{lost} {wait} Start it from a shell with: vmstui up.{seen}"))
    elif link.stale:
        found.append(Banner(f"The recorder has sent nothing for {span(link.age_s)}; what is shown is that old."))
    if snapshot is None:
        return found
    if not snapshot.storage.usable:
        recording = any(camera.state is CameraState.RECORDING for camera in snapshot.cameras)
        state = "No worker can start" if recording else "Nothing is recorded"
        found.append(
            Banner(
                f"Recordings folder {snapshot.storage.path} is not usable: {_sentence(snapshot.storage.reason)}"
                f" {state} until that is cured; then it goes on by itself."
            )
        )
    if snapshot.ffmpeg is None and not snapshot.ffmpeg_pending:
        found.append(
            Banner(
                f"No usable ffmpeg: {_sentence(snapshot.ffmpeg_reason)}"
                f" Install ffmpeg 5.1 or newer, or set `ffmpeg: embedded` in {snapshot.config_path}."
            )
        )
    common = _incidents(snapshot)
    found += [banner for banner in common if banner.role is Role.PILL_BAD]
    found += _alarm(snapshot)
    found += [banner for banner in common if banner.role is not Role.PILL_BAD]
    if not snapshot.cameras:
        found.append(
            Banner(
                "No camera is configured, so nothing is recorded."
                f" {key_of('camera.add')} adds one here, `vmstui add` on the command line, to {snapshot.config_path}.",
                Role.PILL_WARN,
            )
        )
    if snapshot.storage.usable and snapshot.storage.reason:
        found.append(Banner(f"Recordings folder: {_sentence(snapshot.storage.reason)}", Role.PILL_WARN))
    found += [Banner(_sentence(warning), Role.PILL_WARN) for warning in snapshot.warnings]
    if snapshot.relay.state == "down":
        reason = f": {_sentence(snapshot.relay.reason)}" if snapshot.relay.reason else "."
        found.append(Banner(f"The live relay is down{reason} Recording is not affected.", Role.PILL_WARN))
    return found


def _of_them(count: int) -> str:
    return "1 of them is" if count == 1 else f"{count} of them are"


def _incidents(snapshot: RecorderSnapshot) -> list[Banner]:
    """What cameras have in common, the worst of it in full."""
    if not snapshot.incidents:
        return []
    worst, *others = snapshot.incidents
    since = f"for {span((snapshot.at - worst.since).total_seconds())}"
    back = f" {_of_them(len(worst.cured))} well again." if worst.cured else ""
    text = f"{plural(len(snapshot.incidents), 'incident')}: {worst.text}, {since}.{back}"
    action = f" {sentence(worst.action)}" if worst.action else ""
    more = f" And: {'; '.join(other.text for other in others)}." if others else ""
    still = len(worst.cured) < len(worst.cameras)
    role = Role.PILL_BAD if still and worst.severity is Severity.CRITICAL else Role.PILL_WARN
    return [Banner(f"{text}{action}{more}", role)]


def _alarm(snapshot: RecorderSnapshot) -> list[Banner]:
    """The cameras that are failing; what several have in common has a banner of its own."""
    common = incidents_of(snapshot)
    alarmed = [
        (camera.failing_since, camera)
        for camera in snapshot.cameras
        if camera.failing_since is not None
        and camera.state not in {CameraState.RECORDING, CameraState.HELD}
        and camera.id not in common
    ]
    if not alarmed:
        return []
    alarmed.sort(key=lambda entry: entry[0])
    if len(alarmed) == 1:
        since, camera = alarmed[0]
        why = f": {_sentence(camera.reason)}" if camera.reason else "."
        return [Banner(f"{camera.name} has been FAILING for {span((snapshot.at - since).total_seconds())}{why}")]
    each = [f"{camera.name} for {span((snapshot.at - since).total_seconds())}" for since, camera in alarmed]
    return [Banner(f"{len(alarmed)} cameras are FAILING: {names(each, 3)}.")]


def summary(snapshot: RecorderSnapshot, camera: CameraSnapshot, recorded: Span | None = None) -> tuple[Line, Line]:
    """Two lines about the selected camera: how it is, and what to do; or, where all is well, what its row omits, and
    the share of today that is `recorded`."""
    where = zone(snapshot.timezone)
    dot = (f" {glyphs.DOT} ", Role.DIM)
    since: Line = ((f"{glyphs.WORD[camera.state]} since {clock(camera.since, where)}", Role.DIM),)
    if alarm := failing(camera, snapshot.at) if camera.state is not CameraState.RECORDING else []:
        since = ((alarm[0], Role.BAD),)
    name: Line = ((f" {camera.name}", Role.STRONG),)
    said = health(camera, snapshot.at)
    incident = incidents_of(snapshot).get(camera.id)
    if incident is not None:
        first = join([name, ((f"incident: {incident.text}", Role.WARN),), since], dot)
        return first, ((f" {sentence(incident.action or camera.reason)}", Role.TEXT),)
    if why := [camera.reason] if camera.reason else complaints(camera, snapshot.at):
        role = {Health.FAILING: Role.BAD, Health.FAILED: Role.BAD, Health.DEGRADED: Role.WARN}.get(said, Role.TEXT)
        first = join([name, *(((words, role),) for words in why), since], dot)
    else:
        ways = [f"{output.kind} {output.codec} {output.encoder}".replace("  ", " ") for output in camera.outputs]
        first = join([name, since, *(((words.strip(), Role.TEXT),) for words in ways)], dot)
    if todo := advice(camera, snapshot.config_path):
        return first, ((f" {todo}", Role.TEXT),)
    restarts = (plural(camera.restarts, "restart"), Role.WARN if camera.restarts else Role.DIM)
    warnings = (f"{camera.warnings_per_min} warn/min", Role.WARN if camera.warnings_per_min else Role.DIM)
    parts: list[Line] = [((" " + restarts[0], restarts[1]),), (warnings,)]
    if segment := camera.last_segment:
        at = clock(segment.started_at, where)
        parts.insert(0, ((f" last segment {at} {size(segment.size_bytes)} {segment.verdict}", Role.DIM),))
        parts[1] = (restarts,)
    if recorded is not None and recorded[0]:
        parts.insert(1, (recorded,))
    if camera.fallback:
        parts.append((("fallback: " + camera.fallback, Role.BUSY),))
    return first, join(parts, dot)


def _sentence(words: str) -> str:
    words = words.strip()
    return words if words.endswith((".", "!", "?")) else words + "."
