"""What a recorder found, as `vmstui findings` prints it. Pure.

First what several cameras have in common, then problems one by one, then what nobody knows; what needs nobody is
folded to a line a kind: what is benign, what is over, what was acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from textwrap import wrap

from vmstui.cli.findings_text import BAD, counted, explained, labelled, listed
from vmstui.cli.table import table
from vmstui.codec import Json
from vmstui.findings import Acknowledgement, ExplainedFinding, Finding, FindingsPage, Incident, Severity, UntoldLines
from vmstui.spoken import fit, names, plural, short_count, span

UNKNOWN_SHOWN = 20
"""Kinds of unknown messages, unless all are asked for."""
Rows = list[ExplainedFinding]


def is_problem(row: ExplainedFinding) -> bool:
    """Whether it is worse than benign, goes on, and nobody said that this is known."""
    return row.active and not row.is_quiet and row.finding.is_trouble


def is_well(page: FindingsPage) -> bool:
    """Whether there is nothing for a person to do."""
    deaths = (one for one in page.incidents if one.over_at is None and one.is_of_ends)
    return not any(map(is_problem, page.rows)) and not any(one.severity in BAD for one in deaths)


def of_camera(page: FindingsPage, camera: str | None) -> FindingsPage:
    """What of it concerns one camera."""
    if camera is None:
        return page
    return replace(
        page,
        rows=tuple(row for row in page.rows if row.finding.camera == camera),
        incidents=tuple(one for one in page.incidents if camera in one.cameras),
        acknowledgements=tuple(one for one in page.acknowledgements if one.camera in ("", camera)),
        untold=tuple(one for one in page.untold if one.camera == camera),
    )


def unexplained(page: FindingsPage, cameras: Json, camera: str | None) -> list[tuple[str, str]]:
    """Cameras that are not recorded, and what the recorder says, where no incident tells that; `cameras` are those of a
    snapshot."""
    ends = [one for one in page.incidents if one.over_at is None and one.is_of_ends]
    told = {name for one in ends for name in one.cameras if name not in one.cured}
    return [
        (str(one["id"]), str(one["reason"]))
        for one in (cameras if isinstance(cameras, list) else ())
        if isinstance(one, dict) and one["wanted"] and one["state"] != "recording" and one["reason"]
        if one["id"] not in told and camera in (None, one["id"])
    ]


def unknown(page: FindingsPage) -> list[Finding]:
    """Kinds of messages that nobody knows, each once, however many cameras have it."""
    kinds: dict[str, Finding] = {}
    for row in page.rows:
        found = row.finding
        if not found.message:
            first = kinds.setdefault(found.fingerprint, found)
            if first is not found:
                kinds[found.fingerprint] = replace(first, count=first.count + found.count)
    return list(kinds.values())


def page_lines(
    page: FindingsPage,
    width: int,
    *,
    every: bool = False,
    single: bool = False,
    down: Sequence[tuple[str, str]] = (),
) -> Iterator[str]:
    """All of it; with `every` nothing is folded. What belongs to an incident is told there, unless it is about a single
    camera. `down` are cameras that are not recorded for a reason that is nowhere in the page (`unexplained`)."""
    over = [row for row in page.rows if not row.active and not row.is_quiet]
    quiet = [row for row in page.rows if row.is_quiet]
    current = [row for row in page.rows if row.active and not row.is_quiet]
    going_on = [one for one in page.incidents if one.over_at is None]
    folded = {one.id for one in going_on} if not (every or single) else set()
    own = [row for row in current if row.incident not in folded or not row.finding.message]
    yield ", ".join([*([f"{len(down)} not recorded"] if down else ()), _summary(own, quiet, over, going_on)])
    yield from _incidents(page, going_on, [row for row in current if row.finding.message], width)
    for name, reason in down:
        yield ""
        yield from wrap(f"NOT RECORDED  {name}: {reason}", width, subsequent_indent="  ")
        yield from labelled("do", f"see `vmstui status` and `vmstui history {name}`", width)
    known = [row for row in own if row.finding.message]
    problems = [row for row in known if is_problem(row)]
    harmless = [row for row in known if not is_problem(row)]
    yield from _blocks(problems, page.at, width)
    yield from _unknown([row for row in own if not row.finding.message], width, every)
    yield from _untold(page.untold, width)
    if every:
        yield from _blocks((*harmless, *quiet, *over), page.at, width)
        yield from _over_incidents(page, width)
        return
    for severity in (Severity.BENIGN, Severity.INFO):
        rows = [row for row in harmless if row.finding.severity is severity]
        yield from listed(severity.value, _kinds(rows), width)
    yield from listed("acknowledged", _kinds(quiet), width)
    past = [one.text for one in page.incidents if one.over_at is not None]
    yield from listed("over", [*_kinds(over), *past], width)


def acknowledged_text(page: FindingsPage) -> str:
    """What was acknowledged, a row each."""
    if not page.acknowledgements:
        return "nothing is acknowledged"
    rows = [
        (
            one.id,
            one.fingerprint if len(one.fingerprint) <= 40 else fit(one.fingerprint, 40),
            f"{one.camera or 'everywhere'}{f', {one.origin.value}' if one.origin is not None else ''}",
            _local(one.at),
            _local(one.until) if one.until is not None else "taken back",
            f"{one.ceiling_per_min:g}/min" if one.ceiling_per_min is not None else "-",
            one.by,
            one.note,
        )
        for one in page.acknowledgements
    ]
    return table(("ID", "FINDING", "ON", "SINCE", "UNTIL", "UP TO", "BY", "NOTE"), rows)


def promised(acknowledgement: Acknowledgement) -> str:
    """Until when it is quiet, and above which rate it is not."""
    until = f"until {_local(acknowledgement.until)}" if acknowledgement.until is not None else "until it is taken back"
    ceiling = acknowledgement.ceiling_per_min
    return until if ceiling is None else f"{until}, unless more than {ceiling:g} a minute"


# -- parts ------------------------------------------------------------------------------------------------------------


def _summary(current: Rows, quiet: Rows, over: Rows, incidents: list[Incident]) -> str:
    told = [plural(len(incidents), "incident")] if incidents else []
    told += counted(row.finding.severity if row.finding.message else None for row in current)
    told += [f"{len(quiet)} acknowledged"] if quiet else []
    told += [f"{len(over)} over"] if over else []
    return ", ".join(told) or "nothing found"


def _incidents(page: FindingsPage, going_on: list[Incident], current: Rows, width: int) -> Iterator[str]:
    for one in going_on:
        rows = [row for row in current if row.incident == one.id]
        yield ""
        word = one.severity.value.upper() if one.severity in BAD else one.severity.value
        yield from wrap(f"{word}  incident: {one.text}", width, subsequent_indent="  ")
        since = f"since {_local(one.since)} ({span((page.at - one.since).total_seconds())})"
        yield fit(f"  {since}, last {_local(one.last)}", width).rstrip()
        yield from labelled("on", ", ".join(one.cameras), width)
        if rows:
            yield from labelled("found", ", ".join(_kinds(rows)), width)
            yield from labelled("means", _cause(one, rows), width)
        yield from labelled("do", one.action, width)


def _cause(incident: Incident, rows: Rows) -> str:
    """What it means, where it is a message; how workers ended, its text says, and their messages may mean less."""
    return next((row.cause for row in rows if row.finding.fingerprint == incident.key), "")


def _over_incidents(page: FindingsPage, width: int) -> Iterator[str]:
    for one in page.incidents:
        if one.over_at is not None:
            yield ""
            yield fit(f"over  incident: {one.text}", width).rstrip()
            yield fit(f"  {_local(one.since)} to {_local(one.over_at)}", width).rstrip()
            yield from labelled("on", ", ".join(one.cameras), width)


def _blocks(rows: Iterable[ExplainedFinding], now: datetime, width: int) -> Iterator[str]:
    """One by one, those of one kind together: what they mean is told once, behind the last of them."""
    kinds: dict[tuple[str, Severity | None, bool, bool], Rows] = {}
    for row in rows:
        key = row.finding.fingerprint, row.finding.severity, row.active, row.is_quiet
        kinds.setdefault(key, []).append(row)
    for alike in kinds.values():
        yield ""
        for row in alike:
            yield from explained(
                row.finding,
                row.finding.severity,
                (row.cause, row.action) if row is alike[-1] else ("", ""),
                width,
                frequency=_frequency(row),
                places=_times(row.finding),
                notes=_notes(row, now),
            )


def _frequency(row: ExplainedFinding) -> str:
    rate, peak = row.finding.rate_per_min, row.finding.peak_per_min
    told = [f"{short_count(rate)} a minute"] if rate and row.active else []
    told += [f"up to {short_count(peak)} a minute"] if peak and peak > 1 and peak != rate else []
    return "".join(f", {one}" for one in told)


def _times(finding: Finding) -> str:
    first, last = finding.first.at, finding.last.at
    if first is None or last is None:
        return ""
    return _local(first) if finding.count == 1 else f"{_local(first)} to {_local(last)}"


def _notes(row: ExplainedFinding, now: datetime) -> list[str]:
    notes = []
    finding, known = row.finding, row.acknowledgement
    if not row.active:
        since = finding.last.at
        ago = f" for {span((now - since).total_seconds())}" if since is not None else ""
        worst = f"; it was {finding.worst.value}" if finding.worst not in (None, finding.severity) else ""
        notes.append(f"over: it has not come{ago}{worst}")
    if known is not None:
        by = f"acknowledged by {known.by} ({known.id}) {promised(known)}"
        note = f": {known.note}" if known.note else ""
        notes.append(f"{by}{note}" if row.is_quiet else f"told all the same: {by}{note}")
    return notes


def _unknown(rows: Rows, width: int, every: bool) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield f"UNKNOWN: {plural(len(rows), 'kind')} of lines that no entry matches (vmstui findings --unknown)"
    for row in rows if every else rows[:UNKNOWN_SHOWN]:
        finding = row.finding
        on = f"{finding.camera}, {finding.origin.value}: "
        said = finding.examples[0] if finding.examples else finding.fingerprint
        yield fit(f"  {finding.level:<7} x{finding.count:<6} {on}{said}", width).rstrip()
    if not every and len(rows) > UNKNOWN_SHOWN:
        yield f"  and {len(rows) - UNKNOWN_SHOWN} more kinds (--all)"


def _untold(untold: Iterable[UntoldLines], width: int) -> Iterator[str]:
    if not_kept := [one for one in untold if one.not_kept]:
        lines, errors = sum(one.not_kept for one in not_kept), sum(one.not_kept_errors for one in not_kept)
        yield ""
        text = f"{lines:,} more unknown lines, {errors:,} of them errors, were only counted"
        yield from wrap(f"{text}: {_cameras(not_kept)}", width)
    if left_out := [one for one in untold if one.left_out]:
        lines = sum(one.left_out for one in left_out)
        yield ""
        text = f"{lines:,} lines came faster than they could be looked at and are in no finding"
        yield from wrap(f"{text}: {_cameras(left_out)}", width)


def _cameras(untold: list[UntoldLines]) -> str:
    return names([one.camera for one in untold], 8)


def _kinds(rows: Rows) -> Iterator[str]:
    """`no_frame of gate x3`, or with the number of cameras where there are several: a kind of finding each."""
    kinds: dict[str, Rows] = {}
    for row in rows:
        kinds.setdefault(row.finding.fingerprint, []).append(row)
    for alike in kinds.values():
        finding = alike[0].finding
        text = finding.examples[0] if finding.examples else finding.fingerprint
        name = finding.message or repr(fit(text, 40).rstrip())
        cameras = {row.finding.camera for row in alike}
        on = f"of {finding.camera}" if len(cameras) == 1 else f"on {len(cameras)} cameras"
        yield f"{name} {on} x{sum(row.finding.count for row in alike)}"


def _local(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
