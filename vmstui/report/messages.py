"""The section about warnings: what they mean, and what the log held, alike ones together, with counts. Pure.

A line is shown as ffmpeg, or the recorder, wrote it; what it means is told by `meanings`, where that is known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vmstui.logged import LogLevel, LogLine
from vmstui.report.document import Block, Code, Inline, Section, Table, Tone, Verdict, said
from vmstui.report.gathered import Gathered
from vmstui.report.meanings import meaning_blocks
from vmstui.report.names import minute
from vmstui.spoken import names, plural

SHOWN = 40
LONGEST = 200
_NUMBERS = re.compile(r"0x[0-9a-fA-F]+|\d+(?:[.,:]\d+)*")
_TONES = {LogLevel.FATAL: Tone.BAD, LogLevel.ERROR: Tone.BAD, LogLevel.WARNING: Tone.WARN}


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that differ by nothing but numbers."""

    level: LogLevel
    """The worst of them."""
    component: str
    text: str
    """Of the newest."""
    count: int
    cameras: tuple[str, ...]
    first_at: datetime
    last_at: datetime


def grouped(lines: Sequence[LogLine]) -> list[Group]:
    """Those of the worst level first, then by how many there are."""
    order = list(LogLevel)
    alike: dict[tuple[str, str], list[LogLine]] = {}
    for line in lines:
        component = line.component.partition("/")[0].partition("#")[0]
        alike.setdefault((component, _NUMBERS.sub("#", line.text)), []).append(line)
    found = [
        Group(
            min((line.level for line in of_it), key=order.index),
            component,
            of_it[-1].text,
            len(of_it),
            tuple(dict.fromkeys(line.camera for line in of_it)),
            min(line.at for line in of_it),
            max(line.at for line in of_it),
        )
        for (component, _), of_it in alike.items()
    ]
    return sorted(found, key=lambda group: (order.index(group.level), -group.count, group.text))


def warnings_section(gathered: Gathered) -> Section:
    """Lines of level warning or worse."""
    title = "Warnings"
    notes = [*(said(text, ".") for text in gathered.snapshot.warnings), *meaning_blocks(gathered)]
    since = gathered.lines_since
    held = f"since {minute(since, gathered.zone)}" if since is not None else "in all of this time"
    older = "; older ones are in the files of `vmstui logs`" if since is not None else ""
    if not gathered.lines:
        counted = _counted_more(gathered)
        text = f"The log holds no line of level warning or worse, {held}{older.replace('`', '')}."
        return Section(title, (*notes, said(text), *counted))
    groups = grouped(gathered.lines)
    text = (
        f"{plural(len(gathered.lines), 'line')} of level warning or worse that the log holds {held}, "
        f"{plural(len(groups), 'kind')}: lines that differ by numbers alone are one kind, shown as the newest of them."
    )
    rows = tuple(_row(group, gathered) for group in groups[:SHOWN])
    header = ("level", "count", "cameras", "from", "first", "last", "message")
    blocks: list[Block] = [*notes, said(text), Table(header, rows, frozenset((1,)))]
    if len(groups) > SHOWN:
        blocks.append(said(f"{len(groups) - SHOWN} more kinds are left out."))
    blocks += _counted_more(gathered)
    ill = _not_well(gathered)
    impact = (
        f"Now not well: {ill}."
        if ill
        else "All outputs are up now. What was lost in this time stands under gaps, with its cause."
    )
    blocks.append(said("Impact: ", impact, " All lines of a camera: ", Code("vmstui logs CAMERA --level warning"), "."))
    return Section(title, tuple(blocks))


def _row(group: Group, gathered: Gathered) -> tuple[Inline, ...]:
    text = group.text if len(group.text) <= LONGEST else f"{group.text[:LONGEST]} …"
    return (
        Verdict(group.level.value, _TONES.get(group.level, Tone.OPEN)),
        str(group.count),
        names(list(group.cameras), 3),
        group.component,
        minute(group.first_at, gathered.zone),
        minute(group.last_at, gathered.zone),
        text,
    )


def _counted_more(gathered: Gathered) -> list[Block]:
    """What the history of samples has counted beyond what the log still holds."""
    counted = 0.0
    for one in gathered.cameras:
        if one.measured is not None:
            counted += one.measured.counted("warnings_per_s") or 0.0
    if round(counted) <= len(gathered.lines):
        return []
    return [said(f"The history of samples has counted about {counted:,.0f} such lines over the whole time.")]


def _not_well(gathered: Gathered) -> str:
    ill = [
        f"{output.kind.value} of {one.camera.id} ({output.reason or output.state.value})"
        for one in gathered.cameras
        for output in one.camera.outputs
        if one.camera.wanted and output.state.value == "down"
    ]
    return ", ".join(ill)
