"""What is handed to the history once a minute: rows cut out of the rings on the loop, unpacked here in a thread. Pure.

Quantities of each kind of subject are named here, and nowhere else. A rate at which ffmpeg counts (frames, and of those
dropped and duplicated) is known between two of its reports, and holds for each second in between; warnings of the log
are counted along, across the ends of workers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from vmstui.telemetry.history_rows import Points, Quantity
from vmstui.telemetry.ring import report_rows, sample_rows

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
    warnings: int = 0
    """In the log, that no report tells of."""
    at_s: float = 0.0
    """When the rows were cut out, by the wall clock."""


def points_of(rows: Rows) -> Points:
    """The samples as points of the finest tier, in the order of `rows.quantities`."""
    samples = sample_rows(rows.samples)
    if not samples:
        return _warnings_only(rows)
    seconds, fractions, cpu, rss_kib, _, _, written_mib = zip(*samples, strict=True)
    times = [second + fraction / 256 for second, fraction in zip(seconds, fractions, strict=True)]
    columns = {
        CPU.name: cpu,
        RSS.name: [kib * 1024.0 for kib in rss_kib],
        WRITTEN.name: [mib * MIB for mib in written_mib],
    }
    if rows.quantities is CAMERA:
        columns |= _counted(rows, len(samples))
    return Points.of_samples(times, [columns[quantity.name] for quantity in rows.quantities])


def _counted(rows: Rows, count: int) -> dict[str, list[float]]:
    """Rates of what is counted, for each sample."""
    fps, dropped, duplicated = ([_NAN] * count for _ in range(3))
    warnings = [rows.warnings / count if rows.warnings else _NAN] * count
    reports = report_rows(rows.reports)
    for before, after in pairwise(reports):
        low, high = max(before[0] - rows.first, 0), min(after[0] - rows.first, count)
        elapsed_s = after[1] - before[1]
        if high <= low or elapsed_s <= 0:
            continue
        length = high - low
        warnings[low:high] = [_grown(before[5], after[5]) / elapsed_s] * length
        if before[6] != after[6] or after[2] < before[2]:
            continue  # another worker, which counts anew
        fps[low:high] = [(after[2] - before[2]) / elapsed_s] * length
        dropped[low:high] = [_grown(before[3], after[3]) / elapsed_s] * length
        duplicated[low:high] = [_grown(before[4], after[4]) / elapsed_s] * length
    return {FPS.name: fps, DROPPED.name: dropped, DUPLICATED.name: duplicated, WARNINGS.name: warnings}


def _warnings_only(rows: Rows) -> Points:
    """No worker ran long enough for a sample, but what it said is known: as if it was said over a minute."""
    if not rows.warnings:
        return Points((), (), ())
    known = [(rows.warnings / 60.0,) if quantity is WARNINGS else (_NAN,) for quantity in rows.quantities]
    return Points.of_samples((rows.at_s,), known)


def _grown(before: int, after: int) -> float:
    """A counter that may have been begun anew."""
    return float(after - before) if after >= before else 0.0
