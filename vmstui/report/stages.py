"""The section about what workers spend their CPU time on: as last measured, and over the time of the report. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from vmstui.measured import Column, Measured
from vmstui.report.document import Bar, Bars, Block, Chart, Inline, Line, Section, Table, said
from vmstui.report.gathered import Gathered
from vmstui.report.names import called, percent, window
from vmstui.spoken import span
from vmstui.stages import Stage, StageBreakdown

POINT_S = 1200.0
"""Of a chart, at least: each worker is measured every ten minutes, for some seconds."""
CHARTS = 4
"""Of more cameras there is the table of means alone."""


def stages_section(gathered: Gathered) -> Section:
    """All of it; and of workers of which nothing is known, why."""
    blocks = [*_last(gathered), *_over_time(gathered)]
    if not blocks:
        blocks.append(said("No worker runs of which it could be measured."))
    return Section("CPU breakdown by stage", tuple(blocks))


def _last(gathered: Gathered) -> list[Block]:
    found = [(called(one.camera), one.stages) for one in gathered.cameras if one.stages is not None]
    measured = [(name, stages) for name, stages in found if stages.shares]
    blocks: list[Block] = []
    if measured:
        shown = [stage for stage in Stage if any(share.stage is stage for _, one in measured for share in one.shares)]
        rows = [
            _row(name, [_share(one, stage) for stage in shown], one.cpu_percent, one.elapsed_s)
            for name, one in measured
        ]
        if len(rows) > 1:
            sums = [sum(_share(one, stage) or 0.0 for _, one in measured) for stage in shown]
            rows.append(_row("all", sums, sum(one.cpu_percent for _, one in measured)))
        blocks.append(
            said(
                "By the names of ffmpeg's threads, as last measured of each worker. The total is what the kernel "
                "charges the process."
            )
        )
        blocks.append(_table("last measured", shown, rows))
        bars = tuple(Bar(name, tuple(_share(one, stage) or 0.0 for stage in shown)) for name, one in measured)
        blocks.append(Bars("CPU by stage", "%", tuple(stage.value for stage in shown), bars))
    reasons: dict[str, list[str]] = {}
    for name, one in found:
        if not one.shares:
            reasons.setdefault(one.reason or "it is still being measured", []).append(name)
    return blocks + [said(f"{', '.join(names)}: no breakdown: {reason}.") for reason, names in reasons.items()]


def _over_time(gathered: Gathered) -> list[Block]:
    """Means over the time of the report, and how they went."""
    named = [(called(one.camera), one.measured, _columns(one.measured)) for one in gathered.cameras]
    known = [(name, measured, columns) for name, measured, columns in named if measured is not None and columns]
    if not known:
        return []
    shown = [stage for stage in Stage if any(stage in columns for _, _, columns in known)]
    rows = []
    for name, _, columns in known:
        means = [columns[stage].average if stage in columns else None for stage in shown]
        seconds = max(column.known_s for column in columns.values())
        rows.append(_row(name, means, sum(mean for mean in means if mean is not None), seconds))
    told = "Over the time of this report: means of the moments in which it was measured, rarely where nobody looked."
    blocks: list[Block] = [said(told), _table(f"last {window(gathered.seconds)}", shown, rows)]
    for name, measured, columns in known if len(known) <= CHARTS else ():
        every = max(1, ceil(POINT_S / measured.step_s))
        lines = tuple(Line(stage.value, _coarser(column.mean, every)) for stage, column in columns.items())
        if any(value is not None for value in lines[0].values[1:]):
            title = f"CPU of {name} by stage"
            blocks.append(Chart(title, "% of a core", measured.since, measured.until, lines))
    return blocks


def _columns(measured: Measured | None) -> dict[Stage, Column]:
    found = {stage: measured.column(stage.column) for stage in Stage} if measured is not None else {}
    return {stage: column for stage, column in found.items() if column is not None and column.known}


def _coarser(values: Sequence[float | None], every: int) -> tuple[float | None, ...]:
    """Means of so many points each."""
    parts = [values[first : first + every] for first in range(0, len(values), every)]
    known = [[value for value in part if value is not None] for part in parts]
    return tuple(sum(part) / len(part) if part else None for part in known)


def _table(what: str, shown: Sequence[Stage], rows: Sequence[tuple[Inline, ...]]) -> Table:
    header = (what, *(stage.value for stage in shown), "total", "over")
    return Table(header, tuple(rows), frozenset(range(1, len(header))))


def _row(name: str, shares: Sequence[float | None], total: float, over_s: float = 0.0) -> tuple[Inline, ...]:
    cells = ("–" if share is None else percent(share) for share in shares)
    return (name, *cells, percent(total), span(over_s) if over_s else "")


def _share(one: StageBreakdown, stage: Stage) -> float | None:
    return next((share.cpu_percent for share in one.shares if share.stage is stage), None)
