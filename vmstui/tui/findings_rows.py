"""What the findings screen lists, in its order: pure, from what the recorder explains.

What cameras have in common comes first, with its cameras and their findings folded below it. Then cameras that are not
recorded though no message says why, problems that go on, problems that are over, the rest; the worst of each first,
then the most frequent. What somebody acknowledged and incidents that are over are one line each at the end, which can
be opened: nothing is hidden for good, and nothing that is unknown at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from vmstui.findings import ExplainedFinding, FindingsPage, Incident, UntoldLines
from vmstui.model import CameraSnapshot, RecorderSnapshot
from vmstui.tui.format import plural
from vmstui.tui.severity import PROBLEM, finding_span, weight
from vmstui.tui.verdict import Health, health

QUIET, OVER = "fold:quiet", "fold:over"
"""Keys of the lines that stand for many."""

LEADS_TO_IT = timedelta(minutes=2)
"""What a camera said so shortly before it was not recorded any more may be why."""
_NO_ROOM = "an answer about all cameras has no room for them; tab asks about one"


class Kind(StrEnum):
    """What a row is."""

    INCIDENT = "incident"
    DOWN = "down"
    """A camera that is not recorded, of which no message says why."""
    MEMBER = "member"
    """A camera of an incident of which there is no finding."""
    FINDING = "finding"
    UNTOLD = "untold"
    MORE = "more"
    FOLD = "fold"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    key: str
    """The same from one answer to the next."""
    kind: Kind
    camera: str = ""
    """Id, where it is of one camera."""
    explained: ExplainedFinding | None = None
    incident: Incident | None = None
    untold: UntoldLines | None = None
    text: str = ""
    """Of a fold, or of what there is no room for."""
    depth: int = 0
    opened: bool | None = None
    """Whether what is below it is shown; None: there is nothing below it."""
    over: bool = False
    """It does not go on."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a person wants to see."""

    camera: str | None = None
    """Only of this one."""
    pattern: str = ""
    """Only with this text; with `!` in front, without it."""
    opened: frozenset[str] = field(default_factory=frozenset)
    """Keys of rows that are opened."""


def finding_key(row: ExplainedFinding) -> str:
    """What a finding is known by."""
    return f"{row.finding.camera}\n{row.finding.origin}\n{row.finding.fingerprint}"


def rows(page: FindingsPage, snapshot: RecorderSnapshot | None, look: Look) -> tuple[Row, ...]:
    """All rows, top to bottom."""
    cameras = {camera.id: camera for camera in snapshot.cameras} if snapshot is not None else {}
    down = not_recorded(snapshot)
    found = [row for row in page.rows if look.camera in {None, row.finding.camera}]
    found = [row for row in found if _matches(look.pattern, _finding_texts(row, cameras))]
    common = [incident for incident in page.incidents if look.camera is None or look.camera in incident.cameras]
    common = [incident for incident in common if _matches(look.pattern, _incident_texts(incident, cameras))]
    going_on = [incident for incident in common if incident.over_at is None]
    parts: dict[tuple[str, str], list[ExplainedFinding]] = {}
    """By incident and camera."""
    by_id = {incident.id: incident for incident in going_on}
    for row in found:
        if row.incident in by_id and _is_part(row, by_id[row.incident]):
            parts.setdefault((row.incident, row.finding.camera), []).append(row)
    within = {finding_key(row) for part in parts.values() for row in part}
    shown: list[Row] = []
    for incident in sorted(going_on, key=lambda one: (-one.severity.rank, -len(one.cameras), one.since)):
        shown += _incident(incident, parts, look)
    explained = {row.finding.camera for row in page.rows if weight(row.finding) >= PROBLEM and goes_on(row, down)}
    explained |= {camera for one in page.incidents if one.over_at is None and one.is_of_ends for camera in one.cameras}
    shown += (
        Row(f"down:{camera}", Kind.DOWN, camera)
        for camera in sorted(down.keys() - explained)
        if look.camera in {None, camera} and _matches(look.pattern, (*_names(camera, cameras), cameras[camera].reason))
    )
    loud = [row for row in found if not row.is_quiet and finding_key(row) not in within]
    shown += (_finding(row, down) for row in sorted(loud, key=lambda row: _place(row, down)))
    shown += (
        Row(f"untold:{lines.camera}", Kind.UNTOLD, lines.camera, untold=lines)
        for lines in page.untold
        if look.camera in {None, lines.camera} and _matches(look.pattern, (*_names(lines.camera, cameras), "lines"))
    )
    if page.more:
        shown.append(Row("more", Kind.MORE, text=f"{plural(page.more, 'finding')} more, the least of all: {_NO_ROOM}"))
    quiet = [row for row in found if row.is_quiet and finding_key(row) not in within]
    quiet.sort(key=lambda row: _place(row, down))
    words = f"{plural(len(quiet), 'acknowledged finding')}"
    shown += _fold(QUIET, words, [_finding(row, down, depth=1) for row in quiet], look)
    over = [Row(f"incident:{one.id}", Kind.INCIDENT, incident=one, depth=1, over=True) for one in common if one.over_at]
    shown += _fold(OVER, plural(len(over), "incident that is over", "incidents that are over"), over, look)
    return tuple(shown)


def not_recorded(snapshot: RecorderSnapshot | None) -> dict[str, datetime | None]:
    """Cameras that should be recorded, and are not, and since when that is known."""
    if snapshot is None:
        return {}
    cameras = (camera for camera in snapshot.cameras if health(camera, snapshot.at) <= Health.FAILED)
    return {camera.id: camera.offline_since for camera in cameras}


def goes_on(row: ExplainedFinding, down: Mapping[str, datetime | None]) -> bool:
    """Whether it does. What a camera that is not recorded said last is what it suffers from, however long its next try
    takes to come; but not what it said long before it came to that, or before a try that came to nothing for another
    reason."""
    if row.outlived:
        return False
    if row.active:
        return True
    if row.finding.camera not in down or weight(row.finding) < PROBLEM:
        return False
    since, last = down[row.finding.camera], row.finding.last.at
    return since is None or last is None or last >= since - LEADS_TO_IT


def counted(page: FindingsPage, listed: Iterable[Row], camera: str | None = None) -> dict[str, int]:
    """How many problems go on that nobody acknowledged, by their word, the worst first; before them incidents, of which
    no part is counted twice, and cameras that are down for no reason that is `listed`."""
    going_on = [one for one in page.incidents if one.over_at is None and (camera is None or camera in one.cameras)]
    counts = {"incident": len(going_on)} if going_on else {}
    if down := sum(row.kind is Kind.DOWN for row in listed):
        counts["down"] = down
    within = {one.id for one in going_on}
    mine = [row for row in page.rows if camera in {None, row.finding.camera}]
    loud = [row for row in mine if row.active and not row.is_quiet and row.incident not in within]
    for row in sorted(loud, key=lambda row: -weight(row.finding)):
        if weight(row.finding) >= PROBLEM:
            word = row.finding.severity.value if row.finding.severity else "unknown"
            counts[word] = counts.get(word, 0) + 1
    return counts


def _place(row: ExplainedFinding, down: Mapping[str, datetime | None]) -> tuple[float, ...]:
    finding, heavy = row.finding, weight(row.finding)
    over = not goes_on(row, down)
    group = 2 if heavy < PROBLEM else 1 if over else 0
    seen_s = finding.last.at.timestamp() if finding.last.at is not None else 0.0
    return group, -heavy, over, -(finding.rate_per_min or 0.0), -seen_s


def _finding(row: ExplainedFinding, down: Mapping[str, datetime | None], depth: int = 0) -> Row:
    return Row(
        finding_key(row), Kind.FINDING, row.finding.camera, explained=row, depth=depth, over=not goes_on(row, down)
    )


def _incident(incident: Incident, parts: Mapping[tuple[str, str], list[ExplainedFinding]], look: Look) -> Iterable[Row]:
    key = f"incident:{incident.id}"
    opened = key in look.opened
    yield Row(key, Kind.INCIDENT, incident=incident, opened=opened)
    if not opened:
        return
    for camera in incident.cameras:
        if look.camera not in {None, camera}:
            continue
        of_camera = parts.get((incident.id, camera), [])
        for row in of_camera:
            yield Row(f"{key}\n{finding_key(row)}", Kind.FINDING, camera, explained=row, depth=1)
        if not of_camera:
            yield Row(
                f"{key}\n{camera}", Kind.MEMBER, camera, incident=incident, depth=1, over=camera in incident.cured
            )


def _is_part(row: ExplainedFinding, incident: Incident) -> bool:
    """Whether it is told by its incident: noise is not, and nothing of a camera that is cured."""
    camera = row.finding.camera
    return camera in incident.cameras and camera not in incident.cured and weight(row.finding) >= PROBLEM


def _fold(key: str, words: str, below: list[Row], look: Look) -> Iterable[Row]:
    if below:
        opened = key in look.opened
        yield Row(key, Kind.FOLD, text=words, opened=opened)
        yield from below if opened else ()


def _names(camera: str, cameras: Mapping[str, CameraSnapshot]) -> tuple[str, ...]:
    return (camera, cameras[camera].name) if camera in cameras else (camera,)


def _finding_texts(row: ExplainedFinding, cameras: Mapping[str, CameraSnapshot]) -> tuple[str, ...]:
    finding = row.finding
    said = (finding.fingerprint, finding.last.text, row.cause, row.action, *finding.examples)
    return *_names(finding.camera, cameras), finding_span(finding)[0], finding.origin.value, *said


def _incident_texts(incident: Incident, cameras: Mapping[str, CameraSnapshot]) -> tuple[str, ...]:
    names = (name for camera in incident.cameras for name in _names(camera, cameras))
    return incident.text, incident.action, incident.severity.value, *names


def _matches(pattern: str, texts: Iterable[str]) -> bool:
    inverse = pattern.startswith("!")
    needle = pattern[inverse:].casefold()
    return not needle or (needle in "\n".join(texts).casefold()) is not inverse
