"""The history of a camera as lines: pure, from what the recorder noted, for a given width.

An event is its time, what it is about (a sign, a word and its colour), and its text; below it, weakly, the evidence:
rule, measured value, limit, outcome. Events come oldest first, as the recorder gives them, and are shown newest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from vmstui.model import Event, EventKind
from vmstui.tui import glyphs
from vmstui.tui.format import day_and_clock, flow, width, wrap
from vmstui.tui.lines import Line, Role

KIND_ROLE = {
    EventKind.START: Role.BUSY,
    EventKind.NO_START: Role.BAD,
    EventKind.EXIT: Role.BAD,
    EventKind.STOP: Role.OFF,
    EventKind.WATCHDOG: Role.WARN,
    EventKind.FALLBACK: Role.WARN,
    EventKind.COMMAND: Role.LABEL,
    EventKind.HOLD: Role.WARN,
    EventKind.ADOPT: Role.OK,
    EventKind.SEGMENT: Role.WARN,
    EventKind.CHANGEOVER: Role.BUSY,
    EventKind.ALARM: Role.PILL_BAD,
    EventKind.HEALTHY: Role.OK,
    EventKind.RETENTION: Role.LABEL,
    EventKind.OFFLINE: Role.BAD,
    EventKind.BACK: Role.OK,
    EventKind.INCIDENT: Role.WARN,
}
WIDE = 100
"""Cells from which a time shows its year as well."""
_WORD = max(len(kind) for kind in EventKind)


def event_lines(event: Event, where: tzinfo | None, cells: int, whose: str = "") -> list[Line]:
    """One event; `whose` is the name of its camera, where there are events of several."""
    at = day_and_clock(event.at, where)
    at = at if cells >= WIDE else at[5:]
    kind = f"{glyphs.EVENT[event.kind]} {event.kind}"
    blank = " " * (_WORD + 2 - width(kind) + 2)
    beside, below = len(at) + 2 + _WORD + 4, len(at) + 4
    name: Line = ((f"{whose}: ", Role.NAME),) if whose else ()
    first, *rest = wrap(f"{whose}: {event.text}" if whose else event.text, cells - beside)
    if name and first.startswith(name[0][0]):
        first = first[len(name[0][0]) :]
    else:
        name = ()  # too narrow even for the name
    lines: list[Line] = [
        ((f"{at}  ", Role.DIM), (kind, KIND_ROLE[event.kind]), (blank, Role.TEXT), *name, (first, Role.TEXT)),
        *(((" " * beside + line, Role.TEXT),) for line in rest),
    ]
    if facts := [f"{name}: {value}" for name, value in event.evidence]:
        lines += [((" " * below + line, Role.DIM),) for line in flow(facts, cells - below)]
    return lines


def grown(known: Sequence[Event], fresh: Sequence[Event]) -> tuple[Event, ...] | None:
    """What is known with what is new among the newest events; None where others may lie between the two."""
    if not known or known[-1] not in fresh:
        return None
    return (*known, *fresh[list(fresh).index(known[-1]) + 1 :])
