"""How a person wants to see the fleet: which cameras in which order, and which columns. Pure.

Without a wish it is problems first. What cannot be compared (a camera that does not run has no CPU) goes to the end in
either direction, and equal ones stay as configured, so that rows do not change places for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from vmstui.configured import OutputKind
from vmstui.model import CameraSnapshot, OutputState, RecorderSnapshot
from vmstui.tui.fleet_rows import BY_KEY, COLUMNS, NAME, RowContext, bitrate_bps, matches, ordered
from vmstui.tui.format import plural
from vmstui.tui.severity import rank
from vmstui.tui.verdict import Health, health

PROBLEMS = "problems"
"""What the usual order is called where a column could be named."""


@dataclass(frozen=True, slots=True)
class View:
    """What a person wants."""

    sort: str = ""
    """Key of a column; empty for problems first."""
    backwards: bool = False
    """The other way round than is usual for that column."""
    hidden: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    """Columns that others make room for, where there is little."""
    pattern: str = ""
    faults: bool = False
    """Only cameras with which something is not right."""

    @property
    def leaves_out(self) -> bool:
        """Whether cameras may be missing in it."""
        return bool(self.pattern or self.faults)


Value = Callable[[CameraSnapshot, RowContext], object]
"""What a column is sorted by; None: this camera has none."""


def _natural(text: str) -> tuple[object, ...]:
    """Camera 9 before camera 10."""
    return tuple(
        (1, int(part), "") if part.isdecimal() else (0, 0, part) for part in re.split(r"(\d+)", text.casefold())
    )


def _cpu(camera: CameraSnapshot, context: RowContext) -> object:
    return camera.sample.cpu_percent if camera.sample else None


def _spark(camera: CameraSnapshot, context: RowContext) -> object:
    known = [value for value in context.cpu.get(camera.id, ()) if value is not None]
    return sum(known) / len(known) if known else None


def _live(camera: CameraSnapshot, context: RowContext) -> object:
    output = camera.output(OutputKind.LIVE)
    order = (OutputState.DOWN, OutputState.UNKNOWN, OutputState.OFF, OutputState.UP)
    return None if output is None else (order.index(output.state), -(output.readers or 0))


def _today(camera: CameraSnapshot, context: RowContext) -> object:
    return context.strips.percent_today(camera, context.now) if context.strips is not None else None


def _day(camera: CameraSnapshot, context: RowContext) -> object:
    footage = context.strips.cameras.get(camera.id) if context.strips is not None else None
    return sum(cell.lost_s * cell.count for cell in footage.strip) if footage is not None else None


VALUES: Mapping[str, tuple[Value, bool]] = {
    "state": (lambda camera, context: (health(camera, context.now), -rank(camera)), False),
    "name": (lambda camera, context: _natural(camera.name), False),
    "severity": (lambda camera, context: rank(camera), True),
    "cpu": (_cpu, True),
    "spark": (_spark, True),
    "fps": (lambda camera, context: camera.progress.fps if camera.progress else None, False),
    "speed": (lambda camera, context: camera.progress.speed if camera.progress else None, False),
    "bitrate": (lambda camera, context: bitrate_bps(camera), True),
    "open": (lambda camera, context: camera.open_segment.started_at if camera.open_segment else None, False),
    "last": (lambda camera, context: camera.last_segment.started_at if camera.last_segment else None, False),
    "last_name": (lambda camera, context: _natural(camera.last_segment.path) if camera.last_segment else None, False),
    "live": (_live, False),
    "pid": (lambda camera, context: camera.pid, False),
    "restarts": (lambda camera, context: camera.restarts, True),
    "warnings": (lambda camera, context: camera.warnings_per_min, True),
    "today": (_today, False),
    "strip": (_day, True),
}
"""Of each column: its value, and whether the greatest comes first. What is in trouble comes first: the slowest, the one
with the least footage, the oldest open segment."""


def downwards(view: View) -> bool:
    """Whether the greatest value is at the top."""
    return view.sort in VALUES and VALUES[view.sort][1] is not view.backwards


def arranged(snapshot: RecorderSnapshot, view: View, context: RowContext) -> tuple[CameraSnapshot, ...]:
    """The cameras to show, in their order."""
    cameras = ordered(snapshot) if view.sort not in VALUES else snapshot.cameras
    kept = [camera for camera in cameras if shows(camera, view, snapshot)]
    if view.sort not in VALUES:
        return tuple(reversed(kept)) if view.backwards else tuple(kept)
    value, _ = VALUES[view.sort]
    valued = [(value(camera, context), camera) for camera in kept]
    known = [pair for pair in valued if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=downwards(view))  # type: ignore[arg-type, return-value]
    return (*(camera for _, camera in known), *(camera for found, camera in valued if found is None))


def shows(camera: CameraSnapshot, view: View, snapshot: RecorderSnapshot) -> bool:
    """Whether a view leaves a camera in."""
    if view.faults and health(camera, snapshot.at) >= Health.FINE:
        return False
    return matches(camera, view.pattern)


def left_out(snapshot: RecorderSnapshot, view: View, back: str) -> tuple[str, bool]:
    """What is not seen, as a sentence with the key that shows all, and whether any of it is in trouble."""
    if not view.leaves_out:
        return "", False
    hidden = [camera for camera in snapshot.cameras if not shows(camera, view, snapshot)]
    wishes = (repr(view.pattern) if view.pattern else "", "faults only" if view.faults else "")
    how = ", ".join(wish for wish in wishes if wish)
    bad = sum(health(camera, snapshot.at) < Health.FINE for camera in hidden)
    trouble = f" {bad} not shown {'is' if bad == 1 else 'are'} in trouble." if bad else ""
    count = f"{len(snapshot.cameras) - len(hidden)} of {plural(len(snapshot.cameras), 'camera')}"
    return f"{count} shown: {how}.{trouble} {back} shows all.", bool(bad)


# --------------------------------------------------------------------------------------------------------- changing it


def sorted_by(view: View, column: str, *, backwards: bool = False) -> View:
    """By that column (`PROBLEMS` or nothing: the usual order), which is shown from then on."""
    key = "" if column == PROBLEMS else column
    return replace(view, sort=key, backwards=backwards, hidden=tuple(one for one in view.hidden if one != key))


def sorted_by_next(view: View, by: int, seen: tuple[str, ...]) -> View:
    """By the next of the columns that are seen, in their order; before the first one is problems first."""
    order = ("", *seen)
    at = order.index(view.sort) if view.sort in order else 0
    return sorted_by(view, order[(at + by) % len(order)])


def hides(view: View, column: str) -> View:
    """Without that column; what is sorted by it is no more. The name of a camera stays."""
    if column == NAME:
        return view
    usual = {"sort": "", "backwards": False} if view.sort == column else {}
    return replace(
        view,
        hidden=(*(one for one in view.hidden if one != column), column),
        wanted=tuple(one for one in view.wanted if one != column),
        **usual,  # type: ignore[arg-type]
    )


def with_column(view: View, column: str) -> View:
    """With that column, for which others make room."""
    hidden = tuple(one for one in view.hidden if one != column)
    return replace(view, hidden=hidden, wanted=(*(one for one in view.wanted if one != column), column))


def usual(view: View) -> View:
    """Order and columns as they are for somebody who asked for nothing."""
    return View(pattern=view.pattern, faults=view.faults)


def column_names() -> dict[str, str]:
    """What each column is called in a command, by its key."""
    return {column.key: column.called for column in COLUMNS}


def title(key: str) -> str:
    """What a column is called in a sentence."""
    return BY_KEY[key].called if key in BY_KEY else "problems first"
