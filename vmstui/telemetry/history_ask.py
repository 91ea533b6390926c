"""Questions to the history of samples: what was measured of a subject over a time, and the CPU of all of them lately.

A question about a subject is answered from the tier it asks for and, for what is not in it yet, from the ones below;
and from what the service has not written so far. Blocks, and belongs into a thread; reads beside whoever writes.
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from vmstui.measured import MACHINE, CpuPast, Measured
from vmstui.telemetry.history import SELECT, mark_of, part_of
from vmstui.telemetry.history_batch import CPU, Readings, Rows, unpacked
from vmstui.telemetry.history_file import NOTHING_YET, HistoryError, open_reading, said_as
from vmstui.telemetry.history_grid import measured, plan
from vmstui.telemetry.history_rows import (
    CHUNK_LONGEST_S,
    COARSE_S,
    FINE_S,
    MIDDLE_S,
    NoChunk,
    Part,
    Points,
    fine_column,
    pack,
    slices,
    unpack,
)

MACHINE_S = 6
"""The machine is read every five seconds, and a little later at times."""


def ask(
    path: Path,
    subject: str,
    since_s: float,
    until_s: float,
    now_s: float,
    width: int,
    pending: Sequence[Rows | Readings] = (),
) -> Measured:
    """What was measured of a subject, at no more than `MAX_POINTS` points, about `width` of them. `pending` is what is
    not written yet, if that is known. Raises HistoryError, also where
    nothing is known of anything yet."""
    if subject == MACHINE:  # read less often than each second: no columns without a reading in between
        width = min(width, max(1, int((until_s - since_s) // MACHINE_S)))
    asked = plan(since_s, until_s, now_s, width)
    parts: list[Part] = []
    spans: list[tuple[float, float]] = []
    oldest_s: float | None = None
    connection = open_reading(path)
    if connection is not None:
        try:
            oldest_s = _read(connection, subject, asked.since_s, asked.until_s, asked.tier_s, parts, spans)
        except (sqlite3.Error, NoChunk) as error:
            raise said_as(path, error) from error
        finally:
            connection.close()
    elif not pending:
        raise HistoryError(NOTHING_YET)
    for batch in pending:
        quantities, points = unpacked(batch)
        for chunk in pack(points, quantities, FINE_S):
            spans.append((chunk.since_s, chunk.until_s))
            parts.append(Part(unpack(chunk.since_s, chunk.data, quantities, FINE_S), quantities))
            oldest_s = min(chunk.since_s, oldest_s if oldest_s is not None else chunk.since_s)
    return measured(subject, asked, parts, spans, oldest_s)


def cpu_past(path: Path, since_s: float, until_s: float, step_s: int) -> CpuPast:
    """CPU of everything, from the finest tier: of the last hour, and without what is not written yet, which is known
    of the rings. Raises HistoryError."""
    count = max(math.ceil((until_s - since_s) / step_s), 1)
    first_s = until_s - count * step_s
    percents: dict[str, tuple[float | None, ...]] = {}
    connection = open_reading(path)
    if connection is not None:
        try:
            connection.execute("BEGIN")
            for number, name in connection.execute("SELECT id, name FROM subjects").fetchall():
                means = _cpu_means(connection, number, first_s, step_s, count)
                if any(mean is not None for mean in means):
                    percents[name] = means
        except (sqlite3.Error, NoChunk) as error:
            raise said_as(path, error) from error
        finally:
            connection.close()
    return CpuPast(datetime.fromtimestamp(until_s, UTC), step_s, percents)


def _cpu_means(
    connection: sqlite3.Connection, subject: int, first_s: float, step_s: int, count: int
) -> tuple[float | None, ...]:
    sums, known_s = [0.0] * count, [0.0] * count
    chunks = connection.execute(
        "SELECT since_s, data, quantities FROM chunks JOIN layouts ON layouts.id = chunks.layout "
        "WHERE subject = ? AND tier_s = ? AND since_s BETWEEN ? AND ? AND until_s > ? ORDER BY chunks.id",
        (subject, FINE_S, first_s - CHUNK_LONGEST_S, first_s + count * step_s, first_s),
    )
    for since_s, data, quantities in chunks:
        names = [name for name, _ in json.loads(quantities)]
        if CPU.name not in names:
            continue
        times, values = fine_column(since_s, data, names.index(CPU.name))
        lasts_s = Points.of_samples(times, ()).lasts_s()
        for cell, start, end in slices(times, first_s, step_s):
            if 0 <= cell < count:
                for value, last_s in zip(values[start:end], lasts_s[start:end], strict=True):
                    if value == value:
                        sums[cell] += value * last_s
                        known_s[cell] += last_s
    return tuple(round(sum_ / over_s, 3) if over_s else None for sum_, over_s in zip(sums, known_s, strict=True))


def subjects(path: Path) -> tuple[str, ...]:
    """All of which anything is known. Raises HistoryError."""
    connection = open_reading(path)
    if connection is None:
        return ()
    try:
        return tuple(name for (name,) in connection.execute("SELECT name FROM subjects ORDER BY name"))
    except sqlite3.Error as error:
        raise said_as(path, error) from error
    finally:
        connection.close()


def _read(
    connection: sqlite3.Connection,
    subject: str,
    since_s: float,
    until_s: float,
    tier_s: int,
    parts: list[Part],
    spans: list[tuple[float, float]],
) -> float | None:
    """Add what there is between two instants; gives when the oldest of all began."""
    connection.execute("BEGIN")  # all of it as of one instant
    known = connection.execute("SELECT id FROM subjects WHERE name = ?", (subject,)).fetchone()
    if known is None:
        return None
    number = known[0]
    mark = 0
    for tier in (COARSE_S, MIDDLE_S, FINE_S):
        if tier <= tier_s:
            rows = connection.execute(
                f"{SELECT} WHERE subject = ? AND tier_s = ? AND since_s BETWEEN ? AND ? AND until_s > ? "
                "AND chunks.id > ? ORDER BY chunks.id",
                (number, tier, since_s - CHUNK_LONGEST_S, until_s, since_s, mark),
            )
            for row in rows:
                spans.append((row[1], row[2]))
                parts.append(part_of(row))
            mark = mark_of(connection, number, tier)
    oldest = connection.execute(
        "SELECT min(since_s) FROM chunks WHERE subject = ? AND tier_s IN (?, ?, ?)",
        (number, FINE_S, MIDDLE_S, COARSE_S),
    ).fetchone()
    return float(oldest[0]) if oldest[0] is not None else None
