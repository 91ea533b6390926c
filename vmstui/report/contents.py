"""The whole report, in the order in which its owner would write it: first what came of it, then what that rests on.
Pure."""

from __future__ import annotations

from datetime import timedelta

from vmstui.capacity.words import Capacity
from vmstui.footage import SegmentVerdict
from vmstui.footage_accounts import percent_text
from vmstui.model import CameraState, StabilityVerdict
from vmstui.report.cpu import TONES, cpu_section
from vmstui.report.document import Block, Bullets, Code, Inline, Report, Section, Table, Tone, Verdict, said
from vmstui.report.endurance import endurance_section, judged_runs, leak_summary
from vmstui.report.gathered import Gathered
from vmstui.report.interruptions import ends_unasked, interruptions_section, losses, recorded_percent, starts
from vmstui.report.layouts import layouts_section
from vmstui.report.meanings import TONES as MEANT
from vmstui.report.meanings import meanings
from vmstui.report.messages import grouped, warnings_section
from vmstui.report.names import megabytes, minute, percent, window
from vmstui.report.processes import processes_section
from vmstui.report.scalability import scalability_section, short
from vmstui.report.stages import stages_section
from vmstui.report.steadiness import drift, steadiness
from vmstui.report.verification import verification_section
from vmstui.spoken import decimal_size, length, names, plural, span

LATER_S = 120.0
"""By so much the report may begin later than asked for before it says so."""


def report(gathered: Gathered) -> Report:
    """Everything there is to tell."""
    snapshot = gathered.snapshot
    since, until = minute(gathered.since, gathered.zone), minute(gathered.until, gathered.zone)
    zone = snapshot.timezone if snapshot.timezone != "local" else "local time"
    ffmpeg = f"ffmpeg {snapshot.ffmpeg.version}" if snapshot.ffmpeg is not None else "no usable ffmpeg"
    blocks: list[Block] = [
        said(f"{since} to {until} ({zone}), {window(gathered.seconds)}. vmstui {snapshot.version}, {ffmpeg}."),
        _summary(gathered),
    ]
    if gathered.since - gathered.asked_since > timedelta(seconds=LATER_S):
        asked = window((gathered.until - gathered.asked_since).total_seconds())
        blocks.insert(1, said(f"Asked for were {asked}; of the time before {since} nothing is known."))
    if gathered.troubles:
        blocks.append(said("This report is not whole:"))
        blocks.append(Bullets(tuple((trouble,) for trouble in gathered.troubles)))
    sections = (
        cpu_section(gathered),
        processes_section(gathered),
        layouts_section(gathered.layouts),
        verification_section(gathered),
        stages_section(gathered),
        scalability_section(gathered),
        warnings_section(gathered),
        interruptions_section(gathered),
        endurance_section(gathered),
        _made(),
    )
    return Report(f"Report of the recorder on {snapshot.host}", tuple(blocks), sections)


def _summary(gathered: Gathered) -> Table:
    rows = (
        ("Recording", *_recording(gathered)),
        ("CPU", *_cpu(gathered)),
        ("Processes", *_processes(gathered)),
        ("Footage", *_footage(gathered)),
        ("Segments", *_segments(gathered)),
        ("Live", *_live(gathered)),
        ("Restarts", *_restarts(gathered)),
        ("Warnings", *_warnings(gathered)),
        ("Memory", *_memory(gathered)),
        ("Capacity", *_capacity(gathered)),
    )
    return Table(("what", "verdict", "measured"), rows)


def _recording(gathered: Gathered) -> tuple[Inline, Inline]:
    wanted = [one.camera for one in gathered.cameras if one.camera.wanted]
    up = sum(camera.state is CameraState.RECORDING for camera in wanted)
    off = len(gathered.cameras) - len(wanted)
    stopped = f", {plural(off, 'camera')} not wanted" if off else ""
    ill = [f"{camera.id} ({camera.state.value})" for camera in wanted if camera.state is not CameraState.RECORDING]
    tone = Tone.GOOD if up == len(wanted) and wanted else Tone.BAD if wanted else Tone.OPEN
    verdict = Verdict(f"{up} of {len(wanted)} cameras record", tone)
    return verdict, (names(ill, 4) + stopped).lstrip(", ")


def _cpu(gathered: Gathered) -> tuple[Inline, Inline]:
    found = steadiness(gathered.together)
    if found is None:
        return Verdict(StabilityVerdict.TOO_FEW.value, Tone.OPEN), ""
    moved = drift(gathered.together)
    creeps = (
        "" if moved is None or not moved.drifts else ", and rising" if moved.last > moved.first else ", and falling"
    )
    count = sum(one.camera.pid is not None for one in gathered.cameras)
    each = f", {percent(found.mean / count)} a camera" if count else ""
    budget = f" of {gathered.snapshot.cpu_budget_percent:.0f} %"
    extent = f"mean {percent(found.mean)}{budget} (min {found.minimum:.1f}, max {found.maximum:.1f}){each}"
    tone = Tone.WARN if creeps else TONES[found.verdict]
    return Verdict(found.verdict.value + creeps, tone), extent


def _processes(gathered: Gathered) -> tuple[Inline, Inline]:
    workers = sum(one.camera.pid is not None for one in gathered.cameras)
    return plural(workers, "ffmpeg process", "ffmpeg processes"), f"{megabytes(gathered.snapshot.rss_bytes)} in all"


def _footage(gathered: Gathered) -> tuple[Inline, Inline]:
    share, gaps = recorded_percent(gathered), losses(gathered)
    if share is None:
        return Verdict("nothing recorded yet", Tone.OPEN), ""
    lost_s = sum(one.recordings.account.lost_s for one in gathered.cameras if one.recordings.account is not None)
    if not gaps:
        return Verdict(f"{percent_text(share)} of what should be", Tone.GOOD), "no gap"
    verdict = Verdict(f"{percent_text(share)} of what should be", Tone.WARN)
    return verdict, f"{plural(len(gaps), 'gap')}, {length(lost_s)} lost"


def _segments(gathered: Gathered) -> tuple[Inline, Inline]:
    counts = {verdict: 0 for verdict in SegmentVerdict}
    for one in gathered.cameras:
        for verdict, count in one.recordings.verdicts:
            counts[verdict] += count
    total = sum(counts.values())
    if not total:
        return Verdict("none closed yet", Tone.OPEN), ""
    told = ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)
    good = counts[SegmentVerdict.GOOD] == total
    tone = Tone.GOOD if good else Tone.BAD if counts[SegmentVerdict.BROKEN] else Tone.WARN
    size_bytes = sum(one.recordings.size_bytes for one in gathered.cameras)
    return Verdict(told, tone), decimal_size(size_bytes)


def _live(gathered: Gathered) -> tuple[Inline, Inline]:
    checks = [one.live for one in gathered.cameras if one.live is not None]
    if not checks:
        return Verdict("not watched", Tone.OPEN), ""
    well = sum(check.well for check in checks)
    ill = [f"{check.camera}: {check.reason}" for check in checks if not check.well]
    verdict = Verdict(f"{well} of {len(checks)} streams accessible", Tone.GOOD if well == len(checks) else Tone.BAD)
    return verdict, names(ill, 2)


def _restarts(gathered: Gathered) -> tuple[Inline, Inline]:
    begun = sum(starts(one, gathered) for one in gathered.cameras)
    ended = sum(ends_unasked(one, gathered) for one in gathered.cameras)
    absent = f", {plural(len(gathered.absences), 'time')} without a recorder" if gathered.absences else ""
    told = f"{plural(begun, 'start of a worker', 'starts of workers')}{absent}"
    if not ended:
        return Verdict("no worker ended unasked", Tone.GOOD), told
    return Verdict(f"{plural(ended, 'worker')} ended unasked", Tone.WARN), told


def _warnings(gathered: Gathered) -> tuple[Inline, Inline]:
    lines = len(gathered.lines)
    told = f"{plural(lines, 'line')} of {plural(len(grouped(gathered.lines)), 'kind')}, in the log" if lines else ""
    trouble = [one for one in meanings(gathered) if one.severity in MEANT and not one.known]
    if trouble:
        worst = trouble[0].severity
        count = sum(one.severity is worst for one in trouble)
        return Verdict(f"{plural(count, 'kind')} {worst.value}", MEANT[worst]), told
    if not lines:
        return Verdict("none", Tone.GOOD), "in the log"
    return plural(lines, "line"), f"of {plural(len(grouped(gathered.lines)), 'kind')}, in the log"


def _memory(gathered: Gathered) -> tuple[Inline, Inline]:
    judged = judged_runs(gathered)
    longest_s = max((one.judgement.observed_s for one in judged), default=0.0)
    return leak_summary(judged), f"runs of up to {span(longest_s)}, without their first ten minutes"


def _capacity(gathered: Gathered) -> tuple[Inline, Inline]:
    found = gathered.capacity
    text = short(found)
    if not isinstance(found, Capacity) or found.more is None:
        return Verdict("not known", Tone.OPEN), text
    return Verdict(f"{found.more:+d}", Tone.GOOD if found.more > 0 else Tone.WARN), text


def _made() -> Section:
    text = (
        "By the recorder itself: CPU and memory from the kernel's accounts of each process once a second, kept for an "
        "hour, in means of ten seconds for a day, of a minute for 30 days; footage from the catalogue of segments and "
        "gaps; events from the histories of cameras. Passwords are masked. Another one: "
    )
    return Section("How this was made", (said(text, Code("vmstui report --since 24h -o FILE.md"), "."),))
