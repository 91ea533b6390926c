"""The section about stability over the time of the report: does memory grow, does CPU creep. Pure.

The verdict on memory is `telemetry.leak`'s, over each run of a process by itself: a restart begins another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from vmstui.measured import Measured
from vmstui.model import EventKind
from vmstui.report.document import Block, Chart, Code, Inline, Line, Section, Table, Tone, Verdict, said
from vmstui.report.gathered import Gathered
from vmstui.report.names import MB, called, megabytes, minute, signed, window
from vmstui.report.steadiness import drift
from vmstui.spoken import plural, span
from vmstui.telemetry.leak import DAY_S, Judgement, LeakVerdict, judge, runs

HOUR_S = 3600.0
LINES = 8
RULE = (
    "Judged is the floor of the memory that is resident: the lowest tenth of each of 24 equal times after the first "
    "ten minutes of a run. The slope is the median of all slopes between them, with its 95 % interval. A leak: the "
    "interval lies above zero, the floor rises from each quarter of the run to the next, and by a tenth in all (in "
    "less than a day by a half, as day and night differ). Steady: no leak, and the interval ends below 1 MB/h."
)
_TONES = {LeakVerdict.LEAK: Tone.BAD, LeakVerdict.STEADY: Tone.GOOD, LeakVerdict.UNKNOWN: Tone.OPEN}


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """One run of one process."""

    name: str
    started_at: datetime | None
    """None: before the time of the report."""
    present: bool
    """It runs on."""
    judgement: Judgement


def judged_runs(gathered: Gathered) -> list[JudgedRun]:
    """Of each process its last run, and before it those that leaked, or the longest one where the last is not known."""
    found: list[JudgedRun] = []
    for one in gathered.cameras:
        begun = [event.at for event in one.events if event.kind is EventKind.START]
        if one.camera.started_at is not None:
            begun.append(one.camera.started_at)
        found += _judged(called(one.camera), one.measured, begun, one.camera.pid is not None)
    for process in gathered.processes:
        began = [process.started_at] if process.started_at is not None else []
        found += _judged(process.name, process.measured, began, True)
    return found


def endurance_section(gathered: Gathered) -> Section:
    """Memory and drift."""
    return Section(f"Stability over {window(gathered.seconds)}", (_memory(gathered), _drift(gathered)))


def leak_summary(judged: list[JudgedRun]) -> Verdict:
    """In one line."""
    counts = {verdict: [one for one in judged if one.judgement.verdict is verdict] for verdict in LeakVerdict}
    if leaking := counts[LeakVerdict.LEAK]:
        named = ", ".join(dict.fromkeys(one.name for one in leaking))
        return Verdict(f"memory leaks: {named}", Tone.BAD)
    steady, open_ = len(counts[LeakVerdict.STEADY]), len(counts[LeakVerdict.UNKNOWN])
    if not steady:
        return Verdict("not known yet", Tone.OPEN)
    rest = f", {open_} not known yet" if open_ else ""
    return Verdict(f"no leak: {plural(steady, 'process', 'processes')} steady{rest}", Tone.GOOD)


def _judged(name: str, measured: Measured | None, begun: list[datetime], lives: bool) -> list[JudgedRun]:
    column = measured.column("rss_bytes") if measured is not None else None
    if measured is None or column is None:
        return []
    since_s, step_s = measured.since.timestamp(), measured.step_s
    times_s = [since_s + number * step_s for number in range(len(column.minimum))]
    starts_s = sorted({at.timestamp() for at in begun})
    starts_s = [at_s for number, at_s in enumerate(starts_s) if number == 0 or at_s - starts_s[number - 1] > 1.0]
    series = runs(times_s, column.minimum, starts_s, step_s)
    if not series:
        return []
    all_ = []
    for number, run in enumerate(series, 1):
        started_at = datetime.fromtimestamp(run.started_s, UTC) if run.started_s is not None else None
        all_.append(JudgedRun(name, started_at, lives and number == len(series), judge(run)))
    last = all_[-1]
    kept = [one for one in all_[:-1] if one.judgement.verdict is LeakVerdict.LEAK]
    if last.judgement.verdict is LeakVerdict.UNKNOWN and not kept:
        known = [one for one in all_[:-1] if one.judgement.verdict is not LeakVerdict.UNKNOWN]
        kept = [max(known, key=lambda one: one.judgement.observed_s)] if known else []
    return [*kept, last]


def _memory(gathered: Gathered) -> Section:
    judged = judged_runs(gathered)
    if not judged:
        return Section("Memory", (said("The history of samples knows nothing of this time yet."),))
    rows = tuple(_row(one, gathered) for one in judged)
    header = ("process", "run since", "judged over", "floor, first", "last", "slope, MB/h", "95 % interval", "verdict")
    blocks: list[Block] = [Table((*header, "because"), rows, frozenset((2, 3, 4, 5, 6))), said(RULE)]
    needed_s = max((one.judgement.needed_s for one in judged), default=0.0)
    if needed_s > gathered.seconds:
        days = max(2, -(-needed_s // DAY_S)) if needed_s > DAY_S else 1
        blocks.append(said("A longer time is judged by ", Code(f"vmstui report --since {days:.0f}d -o FILE"), "."))
    return Section("Memory", (*blocks, *_chart(gathered)))


def _row(one: JudgedRun, gathered: Gathered) -> tuple[Inline, ...]:
    found = one.judgement
    ended = "" if one.present else " (ended)"
    since = minute(one.started_at, gathered.zone) if one.started_at is not None else "before this time"
    slope = interval = first = last = "–"
    if found.trend is not None:
        each = HOUR_S / MB
        slope = signed(found.trend.slope * each, 2)
        interval = f"{signed(found.trend.low * each, 2)} to {signed(found.trend.high * each, 2)}"
        first, last = megabytes(found.first_bytes), megabytes(found.last_bytes)
    why = found.why
    if found.verdict is LeakVerdict.LEAK and found.trend is not None:
        why += f"; another GB in {span(1000 * MB / found.trend.slope)}"
    if found.verdict is LeakVerdict.UNKNOWN and found.needed_s > 0:
        why += f"; {span(found.needed_s)} of a run may tell"
    verdict = Verdict(found.verdict.value, _TONES[found.verdict])
    return (one.name, f"{since}{ended}", span(found.observed_s), first, last, slope, interval, verdict, why)


def _chart(gathered: Gathered) -> list[Block]:
    if len(gathered.cameras) > LINES:
        return []
    named = [(called(one.camera), one.measured) for one in gathered.cameras]
    named += [(one.name, one.measured) for one in gathered.processes]
    lines: list[Line] = []
    first: Measured | None = None
    for name, measured in named:
        column = measured.column("rss_bytes") if measured is not None else None
        if measured is None or column is None or (first is not None and measured.step_s != first.step_s):
            continue
        first = first or measured
        lines.append(Line(name, tuple(value / MB if value is not None else None for value in column.mean)))
    return [Chart("Memory", "MB", first.since, first.until, tuple(lines))] if first is not None else []


def _drift(gathered: Gathered) -> Section:
    named = [("all together", gathered.together)]
    named += [(called(one.camera), one.measured) for one in gathered.cameras]
    rows: list[tuple[Inline, ...]] = []
    for name, measured in named:
        found = drift(measured)
        if found is None:
            continue
        seconds = gathered.seconds
        low, high = found.trend.low * seconds, found.trend.high * seconds
        verdict = Verdict("no drift", Tone.GOOD)
        if found.drifts:
            verdict = Verdict("rises" if found.last > found.first else "falls", Tone.WARN)
        values = (f"{found.first:.1f}", f"{found.last:.1f}", signed(found.trend.slope * seconds))
        rows.append((name, *values, f"{signed(low)} to {signed(high)}", verdict))
    if not rows:
        return Section("Drift of CPU", (said("Not known yet: too little was measured."),))
    header = ("CPU, % of a core", "first quarter", "last quarter", f"change in {window(gathered.seconds)}")
    blocks = (
        Table((*header, "95 % interval", "verdict"), tuple(rows), frozenset(range(1, 5))),
        said(
            "A drift: the interval lies on one side of zero, and the last quarter of the time differs from the first "
            "by more than one percent point and more than a tenth of the mean."
        ),
    )
    return Section("Drift of CPU", blocks)
