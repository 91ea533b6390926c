"""What is handed to the history once a minute: rows cut out of the rings on the loop, unpacked here in a thread. Pure.

Quantities of each kind of subject are named here, and nowhere else. A rate at which ffmpeg counts (frames, and of those
dropped and duplicated) is known between two of its reports, and holds for each second in between; warnings of the log
are counted along, across the ends of workers. What workers spend their CPU time on is measured over a few seconds in
ten minutes, or while somebody looks; a minute in which it was has columns for that, and the others have none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from vmstui.light_dataclass import dataclass
from vmstui.measured import MachineNow
from vmstui.stages import Stage, StageBreakdown
from vmstui.telemetry.history_rows import Points, Quantity, Values
from vmstui.telemetry.ring import Report, report_rows, sample_columns

MIB = 1024.0 * 1024.0
CPU, RSS, WRITTEN = Quantity("cpu_percent"), Quantity("rss_bytes", MIB), Quantity("write_bytes_per_s", MIB)
FPS, DROPPED = Quantity("fps"), Quantity("dropped_frames_per_s")
DUPLICATED, WARNINGS = Quantity("duplicated_frames_per_s"), Quantity("warnings_per_s")
CAMERA = (CPU, RSS, FPS, DROPPED, DUPLICATED, WRITTEN, WARNINGS)
PROCESS = (CPU, RSS)
TOGETHER = (CPU, RSS, WRITTEN)
STAGES = tuple(Quantity(stage.column) for stage in Stage)
_NAN = math.nan


class Staged(NamedTuple):
    """What a worker spent its CPU time on, over a time by the wall clock."""

    since_s: float
    until_s: float
    percents: tuple[float, ...]
    """In the order of STAGES; NaN for a stage that it has not."""

    @classmethod
    def of(cls, found: StageBreakdown) -> Staged | None:
        """None where nothing was measured."""
        if found.at is None or not found.shares:
            return None
        percents = {share.stage: share.cpu_percent for share in found.shares}
        until_s = found.at.timestamp()
        return cls(until_s - found.elapsed_s, until_s, tuple(percents.get(stage, _NAN) for stage in Stage))


@dataclass(frozen=True, slots=True)
class Rows:
    """Of one subject, as they lie in its rings."""

    subject: str
    quantities: tuple[Quantity, ...]
    first: int
    """Number of the first sample."""
    samples: bytes
    reports: bytes = b""
    """From the one before the first sample on."""
    told: int = 0
    """Warnings of the log that were handed over before."""
    warnings: int = 0
    """Those of the log by the end of this, with the ones that were told."""
    at_s: float = 0.0
    """When the rows were cut out, by the wall clock."""
    over_s: float = 0.0
    """So long before that others were."""
    staged: tuple[Staged, ...] = ()
    """What was measured lately, oldest first; some of it may be of other samples."""


@dataclass(frozen=True, slots=True)
class Readings:
    """Of the machine: instants by the wall clock, and what was read then."""

    subject: str
    readings: tuple[tuple[float, MachineNow], ...]


def unpacked(batch: Rows | Readings) -> tuple[tuple[Quantity, ...], Points]:
    """As points of the finest tier."""
    return _of_machine(batch) if isinstance(batch, Readings) else _of_rows(batch)


def _of_machine(batch: Readings) -> tuple[tuple[Quantity, ...], Points]:
    from vmstui.telemetry.machine import columns  # loaded by then: it has made the readings

    found = [columns(now) for _, now in batch.readings]
    quantities = tuple([Quantity(name, scale) for name, (scale, _) in found[-1].items()])
    values = [[one[what.name][1] / what.scale if what.name in one else _NAN for one in found] for what in quantities]
    return quantities, Points.of_samples([at_s for at_s, _ in batch.readings], values)


def _of_rows(rows: Rows) -> tuple[tuple[Quantity, ...], Points]:
    """The samples, in the order of `rows.quantities`, with the stages that are known of any of them."""
    if not rows.samples:
        return rows.quantities, _warnings_only(rows)
    seconds, fractions, cpu, rss_kib, _, _, written_mib = sample_columns(rows.samples)
    times = [second + fraction / 256 for second, fraction in zip(seconds, fractions, strict=True)]
    columns: dict[str, Values] = {CPU.name: cpu, RSS.name: [kib / 1024 for kib in rss_kib], WRITTEN.name: written_mib}
    if rows.quantities is CAMERA:
        columns |= _counted(rows, times)
    stages = _staged(rows.staged, times)
    known = [*(columns[quantity.name] for quantity in rows.quantities), *stages.values()]
    return (*rows.quantities, *stages), Points.of_samples(times, known)


def _staged(staged: tuple[Staged, ...], times: list[float]) -> dict[Quantity, Values]:
    """Of each stage that is known of any sample, its values."""
    if not staged:  # so it is of most cameras in most minutes
        return {}
    values = [[_NAN] * len(times) for _ in STAGES]
    for since_s, until_s, percents in staged:
        for number, at_s in enumerate(times):
            if since_s < at_s <= until_s:
                for column, percent in zip(values, percents, strict=True):
                    column[number] = percent
    found = zip(STAGES, values, strict=True)
    return {what: column for what, column in found if any(value == value for value in column)}


def _counted(rows: Rows, times: list[float]) -> dict[str, Values]:
    """Rates of what is counted, for each sample."""
    count = len(times)
    stretches: list[tuple[int, int, float, Report, Report]] = []
    reports = report_rows(rows.reports)
    for before, after in pairwise(reports):
        low, high, elapsed_s = before[0] - rows.first, after[0] - rows.first, after[1] - before[1]
        if high > 0 and low < count and low < high and elapsed_s > 0:
            stretches.append((low if low > 0 else 0, high if high < count else count, elapsed_s, before, after))
    return {
        FPS.name: _rates(stretches, 2, count, _NAN),
        DROPPED.name: _rates(stretches, 3, count, _NAN),
        DUPLICATED.name: _rates(stretches, 4, count, _NAN),
        WARNINGS.name: _warnings(rows, reports, times),
    }


def _rates(stretches: list[tuple[int, int, float, Report, Report]], at: int, count: int, rest: float) -> list[float]:
    """How fast one of the counts of ffmpeg grew. They begin anew with each worker."""
    if stretches and stretches[0][3][at] == stretches[-1][4][at] and stretches[0][3][6] == stretches[-1][4][6]:
        return _spread([(stretches[0][0], stretches[-1][1], 0.0)], count, rest)  # so it is of most cameras all day
    found: list[tuple[int, int, float]] = []
    for low, high, elapsed_s, before, after in stretches:
        if before[6] == after[6] and after[2] >= before[2]:
            grown = after[at] - before[at]
            found.append((low, high, grown / elapsed_s if grown > 0 else 0.0))
    return _spread(found, count, rest)


def _spread(found: list[tuple[int, int, float]], count: int, rest: float) -> list[float]:
    """A value for each sample: that of its stretch, `rest` outside of all."""
    values: list[float] = []
    for low, high, value in found:
        if low > len(values):
            values += [rest] * (low - len(values))
        values += [value] * (high - len(values))
    return values + [rest] * (count - len(values))


def _warnings(rows: Rows, reports: list[Report], times: list[float]) -> list[float]:
    """Of the log, for each sample: every one of them, also those before the first report and after the last, and those
    that came when there was no sample. Where nobody reports and nothing came, nothing is known."""
    count = len(times)
    if not reports and rows.warnings <= rows.told:
        return [_NAN] * count
    marks = [(min(max(report[0] - rows.first, 0), count), report[5]) for report in reports]
    values = [0.0] * count
    low, told = 0, rows.told
    lasts_s: Sequence[float] = ()
    for high, counted in (*marks, (count, max(rows.warnings, marks[-1][1] if marks else 0))):
        if counted > told and (high > low or low == count):
            start = min(low, count - 1)
            end = max(high, start + 1)
            lasts_s = lasts_s or Points.of_samples(times, ()).lasts_s()
            rate = (counted - told) / sum(lasts_s[start:end])
            for number in range(start, end):
                values[number] += rate
            told = counted
        low = max(low, high)
    return values


def _warnings_only(rows: Rows) -> Points:
    """No worker ran long enough for a sample, but what it said is known: as if it was said all along since the last
    rows, or for a minute."""
    untold = rows.warnings - rows.told
    if untold <= 0:
        return Points((), (), ())
    seconds = max(1, min(60, int(rows.over_s)))
    known = [(untold / seconds if quantity is WARNINGS else _NAN,) * seconds for quantity in rows.quantities]
    return Points.of_samples([rows.at_s - seconds + 1 + second for second in range(seconds)], known)
