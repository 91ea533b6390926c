"""`vmstui samples [CAMERA]`: what was measured over a time: what did it look like at 03:12?

Asks the recorder; where none runs, reads what the last one wrote. A line for each quantity, with its mean, least and
most, and a spark over the time; of all cameras, a line for each.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from vmstui.cli.asked import InUse
from vmstui.cli.recorder_socket import socket_path
from vmstui.cli.table import table
from vmstui.codec import from_json, to_json
from vmstui.control.call import call
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.measured import ALL, OWN_SUBJECTS, Column, Measured
from vmstui.quantities import title, written
from vmstui.sanitise import clean
from vmstui.settings import default_folders
from vmstui.spoken import day_and_clock, length, plural, short_span
from vmstui.telemetry.history_ask import ask, subjects
from vmstui.telemetry.history_file import FILE_NAME, HistoryError

NOT_WELL = 1
AROUND_S = 300.0
"""With `--at`: so much before and after."""
JSON_WIDTH, SPARK_WIDTH = 300, 40
LEVELS, ASCII_LEVELS = "▁▂▃▄▅▆▇█", "_.-=+*%#"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says."""

    subject: str | None
    since: str | None
    until: str | None
    at: str | None


def samples(config: str | None, wanted: Wanted, *, as_json: bool, ascii_only: bool) -> int:
    """Print it; exit code 1 when nothing is known of that time."""
    using = InUse(config)
    since, until = _span(wanted, using)
    width = JSON_WIDTH if as_json else SPARK_WIDTH
    known = False
    found: list[Measured] = []
    for subject in _subjects(wanted.subject, using):
        one = _asked(subject, since, until, width)
        known |= bool(one.columns)
        if as_json:
            print(json.dumps(to_json(one)))
        else:
            found.append(one)
    if not as_json:
        plain = ascii_only or not (sys.stdout.encoding or "").lower().startswith("utf")
        print("\n".join(clean(line) for line in lines(found, using.zone, LEVELS if not plain else ASCII_LEVELS)))
    return 0 if known else NOT_WELL


def lines(found: Sequence[Measured], zone: tzinfo | None, levels: str = LEVELS) -> list[str]:
    """For a person."""
    if not found:
        return ["nothing is measured: no camera is configured"]
    first = found[0]
    told = [
        f"{day_and_clock(first.since, zone)} to {day_and_clock(first.until, zone)}, "
        f"{length(first.step_s) if first.step_s < 60 else short_span(first.step_s)} a column, "
        f"kept to {plural(first.tier_s, 'second')}"
    ]
    if len(found) == 1:
        told += _of_one(first, levels)
    else:
        told += _of_all(found, levels)
    for one in found:
        for overlap in one.overlaps:
            told.append(
                f"{one.subject}: the clock was put back: {day_and_clock(overlap.since, zone)} to "
                f"{day_and_clock(overlap.until, zone)} passed more than once, and is shown as one"
            )
    return told


def spark(values: Sequence[float | None], top: float, levels: str = LEVELS) -> str:
    """From 0 to `top`; blank where nothing is known."""
    last = len(levels) - 1
    scale = last / top if top > 0 else 0.0
    return "".join(" " if value is None else levels[min(max(round(value * scale), 0), last)] for value in values)


def _of_one(one: Measured, levels: str) -> list[str]:
    if not one.columns:
        return [_nothing(one)]
    rows = []
    for column in one.columns:
        low = min(value for value in column.minimum if value is not None)
        high = max(value for value in column.maximum if value is not None)
        mean = _overall(column)
        name = column.name
        picture = spark(column.maximum if name.endswith("frames_per_s") else column.mean, high, levels)
        rows.append((title(name), *(written(name, value) for value in (mean, low, high)), picture))
    return table((one.subject, "MEAN", "LEAST", "MOST", ""), rows, frozenset((1, 2, 3))).split("\n")


def _of_all(found: Sequence[Measured], levels: str) -> list[str]:
    rows = []
    for one in found:
        cpu, rss, fps = (one.column(name) for name in ("cpu_percent", "rss_bytes", "fps"))
        dropped, warnings = one.column("dropped_frames_per_s"), one.column("warnings_per_s")
        if cpu is None:
            continue
        rows.append(
            (
                one.subject,
                *(_mean(column) for column in (cpu, rss, fps)),
                *(_counted(column) for column in (dropped, warnings)),
                spark(cpu.mean, max(100.0, max(cpu.known)), levels),
            )
        )
    if not rows:
        return [_nothing(found[0])]
    header = ("SUBJECT", "CPU", "MEMORY", "FPS", "DROPPED", "WARNINGS", "CPU, TO 100 % OR MORE")
    return table(header, rows, frozenset((1, 2, 3, 4, 5))).split("\n")


def _nothing(one: Measured) -> str:
    since = f"the oldest is of {one.oldest_at:%Y-%m-%d %H:%M} UTC" if one.oldest_at is not None else "nothing ever was"
    return f"nothing is known of that time; {since}"


def _mean(column: Column | None) -> str:
    return written(column.name, _overall(column)) if column is not None else ""


def _overall(column: Column) -> float:
    return column.overall if column.overall is not None else sum(column.known) / len(column.known)


def _counted(column: Column | None) -> str:
    """What a rate comes to over the time that is known."""
    return f"{_overall(column) * column.known_s:.0f}" if column is not None else ""


def _span(wanted: Wanted, using: InUse) -> tuple[datetime, datetime]:
    from vmstui.times import parse_time

    now, zone = datetime.now(UTC), using.zone
    try:
        if wanted.at is not None:
            at = parse_time(wanted.at, now, zone)
            return at - timedelta(seconds=AROUND_S), at + timedelta(seconds=AROUND_S)
        until = parse_time(wanted.until, now, zone) if wanted.until is not None else now
        since = parse_time(wanted.since, now, zone) if wanted.since is not None else until - timedelta(hours=1)
    except ValueError as error:
        raise RecorderError(str(error)) from None
    if until <= since:
        raise RecorderError(f"--to must be later than --from: found {wanted.since} to {wanted.until or 'now'}")
    return since, until


def _subjects(subject: str | None, using: InUse) -> tuple[str, ...]:
    known = (*using.cameras, *OWN_SUBJECTS)
    if subject is None:
        return (*using.cameras, ALL)
    if subject not in known and subject not in _ever():
        raise RecorderError(f"no camera {subject!r}; known: {', '.join(known)}")
    return (subject,)


def _ever() -> tuple[str, ...]:
    """Also cameras that are not configured any more."""
    try:
        return subjects(_path())
    except HistoryError:
        return ()


def _asked(subject: str, since: datetime, until: datetime, width: int) -> Measured:
    asked = {"subject": subject, "since": to_json(since), "until": to_json(until), "width": width}
    try:
        return from_json(Measured, call(socket_path(), "telemetry", asked))
    except RecorderLost:
        try:
            return ask(_path(), subject, since.timestamp(), until.timestamp(), time.time(), width)
        except HistoryError as error:
            raise RecorderError(str(error)) from None
    except RecorderError as error:
        if "unknown method" in str(error):
            raise RecorderError("the recorder that runs is older than this command: vmstui upgrade") from None
        raise


def _path() -> Path:
    return Path(default_folders().state) / FILE_NAME
