"""What is handed to the history once a minute: rows cut out of the rings on the loop, unpacked here in a thread. Pure.

Quantities of each kind of subject are named here, and nowhere else. A rate at which ffmpeg counts (frames, and of those
dropped and duplicated) is known between two of its reports, and holds for each second in between; warnings of the log
are counted along, across the ends of workers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from vmstui.measured import MachineNow
from vmstui.telemetry.history_rows import Points, Quantity, Values
from vmstui.telemetry.ring import Report, report_rows, sample_columns

MIB = 1024.0 * 1024.0
CPU, RSS, WRITTEN = Quantity("cpu_percent"), Quantity("rss_bytes", MIB), Quantity("write_bytes_per_s", MIB)
FPS, DROPPED = Quantity("fps"), Quantity("dropped_frames_per_s")
DUPLICATED, WARNINGS = Quantity("duplicated_frames_per_s"), Quantity("warnings_per_s")
CAMERA = (CPU, RSS, FPS, DROPPED, DUPLICATED, WRITTEN, WARNINGS)
PROCESS = (CPU, RSS)
TOGETHER = (CPU, RSS, WRITTEN)
_NAN = math.nan


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


@dataclass(frozen=True, slots=True)
class Readings:
    """Of the machine: instants by the wall clock, and what was read then."""

    subject: str
    readings: tuple[tuple[float, MachineNow], ...]


def unpacked(batch: Rows | Readings) -> tuple[tuple[Quantity, ...], Points]:
    """As points of the finest tier."""
    return _of_machine(batch) if isinstance(batch, Readings) else (batch.quantities, _points_of(batch))


def _of_machine(batch: Readings) -> tuple[tuple[Quantity, ...], Points]:
    from vmstui.telemetry.machine import columns  # loaded by then: it has made the readings

    found = [columns(now) for _, now in batch.readings]
    quantities = tuple([Quantity(name, scale) for name, (scale, _) in found[-1].items()])
    values = [[one[what.name][1] / what.scale if what.name in one else _NAN for one in found] for what in quantities]
    return quantities, Points.of_samples([at_s for at_s, _ in batch.readings], values)


def _points_of(rows: Rows) -> Points:
    """The samples, in the order of `rows.quantities`."""
    if not rows.samples:
        return _warnings_only(rows)
    seconds, fractions, cpu, rss_kib, _, _, written_mib = sample_columns(rows.samples)
    times = [second + fraction / 256 for second, fraction in zip(seconds, fractions, strict=True)]
    columns: dict[str, Values] = {CPU.name: cpu, RSS.name: [kib / 1024 for kib in rss_kib], WRITTEN.name: written_mib}
    if rows.quantities is CAMERA:
        columns |= _counted(rows, times)
    return Points.of_samples(times, [columns[quantity.name] for quantity in rows.quantities])


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
    for high, counted in (*marks, (count, max(rows.warnings, marks[-1][1] if marks else 0))):
        if counted > told and (high > low or low == count):
            start = min(low, count - 1)
            end = max(high, start + 1)
            lasts_s = Points.of_samples(times, ()).lasts_s()
            for number in range(start, end):
                values[number] += (counted - told) / sum(lasts_s[start:end])
            told = counted
        low = max(low, high)
    return values


def _warnings_only(rows: Rows) -> Points:
    """No worker ran long enough for a sample, but what it said is known: as if it was said in a second."""
    untold = rows.warnings - rows.told
    if untold <= 0:
        return Points((), (), ())
    known = [(float(untold),) if quantity is WARNINGS else (_NAN,) for quantity in rows.quantities]
    return Points.of_samples((rows.at_s,), known)
