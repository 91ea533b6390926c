"""The section about restarts, downtime and gaps: what stopped, for how long, why, and what it cost. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from vmstui.footage import Gap
from vmstui.footage_accounts import percent_of, percent_text
from vmstui.model import Event, EventKind
from vmstui.report.document import (
    Block,
    Bullets,
    Code,
    Inline,
    Section,
    Stretch,
    Strips,
    Table,
    Tone,
    Verdict,
    said,
)
from vmstui.report.gathered import Gathered, OfCamera
from vmstui.report.names import called, minute
from vmstui.spoken import day_and_clock, length, plural

GAPS, EVENTS = 40, 40
_TOLD = frozenset(
    (
        EventKind.NO_START,
        EventKind.EXIT,
        EventKind.WATCHDOG,
        EventKind.FALLBACK,
        EventKind.COMMAND,
        EventKind.ADOPT,
        EventKind.CHANGEOVER,
        EventKind.ALARM,
        EventKind.HEALTHY,
    )
)


def interruptions_section(gathered: Gathered) -> Section:
    """Restarts, downtime and gaps."""
    return Section("Restarts, downtime and gaps", (_footage(gathered), _restarts(gathered), _service(gathered)))


def starts(one: OfCamera, gathered: Gathered) -> int:
    """Workers that started in the time of the report."""
    return sum(event.kind is EventKind.START and event.at >= gathered.since for event in one.events)


def ends_unasked(one: OfCamera, gathered: Gathered) -> int:
    """Workers that ended by themselves, or were ended by the watchdog or by somebody else."""
    return sum(event.kind is EventKind.EXIT and event.at >= gathered.since for event in one.events)


def recorded_percent(gathered: Gathered) -> float | None:
    """Of what all cameras should have recorded."""
    accounts = (one.recordings.account for one in gathered.cameras)
    return percent_of(account for account in accounts if account is not None)


def losses(gathered: Gathered) -> list[Gap]:
    """Gaps in which something was lost."""
    return [gap for one in gathered.cameras for gap in one.recordings.gaps if gap.lost]


def _footage(gathered: Gathered) -> Section:
    accounts = [(one, one.recordings.account) for one in gathered.cameras]
    rows: list[tuple[Inline, ...]] = []
    for one, account in accounts:
        if account is None:
            rows.append((called(one.camera), Verdict("no footage", Tone.OPEN), "–", "–", "–", "–"))
            continue
        whole = account.lost_s <= 0
        verdict = Verdict(percent_text(account.percent), Tone.GOOD if whole else Tone.WARN)
        spans = (length(account.recorded_s), length(account.lost_s), length(account.off_s))
        rows.append((called(one.camera), verdict, *spans, str(account.gaps)))
    header = ("camera", "of what it should", "recorded", "lost", "not wanted", "gaps")
    blocks: list[Block] = [Table(header, tuple(rows), frozenset((2, 3, 4, 5))), _strips(gathered)]
    gaps = sorted((gap for one in gathered.cameras for gap in one.recordings.gaps), key=lambda gap: gap.started_at)
    if not gaps:
        blocks.append(said("No gap: nothing was lost."))
        return Section("Footage", tuple(blocks))
    lost: Counter[str] = Counter()
    for gap in gaps:
        if gap.lost:
            lost[gap.cause.value] += round(gap.length_s * 10)
    if lost:
        causes = ", ".join(f"{cause} {length(tenths / 10)}" for cause, tenths in lost.most_common())
        blocks.append(said(f"Lost by cause: {causes}."))
    shown = gaps[-GAPS:]
    left_out = f" The newest {GAPS} of {len(gaps)} gaps:" if len(gaps) > GAPS else ""
    if left_out:
        blocks.append(said(left_out.strip()))
    of_name = {one.camera.id: called(one.camera) for one in gathered.cameras}
    rows = [_gap(gap, of_name, gathered) for gap in shown]
    blocks.append(Table(("camera", "since", "length", "cause", "why"), tuple(rows), frozenset((2,))))
    return Section("Footage", tuple(blocks))


def _gap(gap: Gap, of_name: dict[str, str], gathered: Gathered) -> tuple[Inline, ...]:
    on = " (until now)" if gathered.until - gap.ended_at < timedelta(seconds=5) else ""
    since = day_and_clock(gap.started_at, gathered.zone)
    return (of_name.get(gap.camera, gap.camera), since, length(gap.length_s), gap.cause.value, gap.detail + on)


def _strips(gathered: Gathered) -> Strips:
    strips = []
    for one in gathered.cameras:
        stretches = [Stretch(0.0, 1.0, Tone.GOOD if one.recordings.count else Tone.OPEN)]
        known = [gap.started_at for gap in one.recordings.gaps]
        known += [one.recordings.oldest_at] if one.recordings.oldest_at is not None else []
        if known and (share := _share(min(known).timestamp(), gathered)) > 0:
            stretches.append(Stretch(0.0, share, Tone.OPEN))
        for gap in one.recordings.gaps:
            tone = Tone.BAD if gap.lost else Tone.OPEN
            at = (_share(gap.started_at.timestamp(), gathered), _share(gap.ended_at.timestamp(), gathered))
            stretches.append(Stretch(*at, tone))
        strips.append((called(one.camera), tuple(stretches)))
    return Strips("Footage", gathered.since, gathered.until, tuple(strips))


def _share(at_s: float, gathered: Gathered) -> float:
    return min(max((at_s - gathered.since.timestamp()) / max(gathered.seconds, 1.0), 0.0), 1.0)


def _restarts(gathered: Gathered) -> Section:
    rows: list[tuple[Inline, ...]] = []
    told: list[tuple[OfCamera, Event]] = []
    for one in gathered.cameras:
        within = [event for event in one.events if event.at >= gathered.since]
        told += [(one, event) for event in within if event.kind in _TOLD]
        kinds = Counter(event.kind for event in within)
        ends = kinds[EventKind.EXIT]
        rows.append(
            (
                called(one.camera),
                str(kinds[EventKind.START]),
                Verdict(str(ends), Tone.WARN) if ends else "0",
                str(kinds[EventKind.WATCHDOG]),
                str(kinds[EventKind.STOP]),
                str(kinds[EventKind.FALLBACK]),
                minute(one.camera.started_at, gathered.zone) if one.camera.started_at is not None else "–",
            )
        )
    header = (
        "camera",
        "starts",
        "ends unasked",
        "of these by the watchdog",
        "ends on demand",
        "fallbacks",
        "runs since",
    )
    blocks: list[Block] = [Table(header, tuple(rows), frozenset(range(1, 6)))]
    told.sort(key=lambda entry: entry[1].at)
    if told:
        more = f", the newest {EVENTS} of {len(told)}" if len(told) > EVENTS else ""
        blocks.append(said(f"What happened, with its reason{more} (all of it: ", Code("vmstui history"), "):"))
        lines = [_event(event, called(one.camera), gathered) for one, event in told[-EVENTS:]]
        blocks.append(Table(("when", "camera", "what", "why"), tuple(lines)))
    else:
        blocks.append(said("No worker ended, and none was restarted."))
    return Section("Restarts of workers", tuple(blocks))


def _event(event: Event, name: str, gathered: Gathered) -> tuple[Inline, ...]:
    evidence = "; ".join(f"{what}: {value}" for what, value in event.evidence)
    text = f"{event.text} ({evidence})" if evidence else event.text
    return (day_and_clock(event.at, gathered.zone), name, event.kind.value, text)


def _service(gathered: Gathered) -> Section:
    up_s = (gathered.until - gathered.snapshot.started_at).total_seconds()
    since = minute(gathered.snapshot.started_at, gathered.zone)
    blocks: list[Block] = [said(f"The recorder runs since {since}: {length(up_s)}.")]
    if not gathered.absences:
        blocks.append(said("There was no time without one that it knows of."))
        return Section("Downtime of the recorder", tuple(blocks))
    items = []
    for absence in gathered.absences:
        lasted = length((absence.until - absence.since).total_seconds())
        why = "the machine was started anew" if absence.new_boot else "workers recorded on, unless a gap says otherwise"
        items.append((f"{day_and_clock(absence.since, gathered.zone)}, at most {lasted}: {why}",))
    blocks += [said(f"{plural(len(items), 'time')} without one:"), Bullets(tuple(items))]
    return Section("Downtime of the recorder", tuple(blocks))
