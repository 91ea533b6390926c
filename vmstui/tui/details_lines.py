"""The details of one camera as lines: pure, from what the recorder says, for a given width.

What is wrong comes first, then the two outputs and what was recorded of the last day, then the figures, the history and
the command.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from vmstui.configured import OutputKind
from vmstui.model import (
    CameraDetails,
    CameraSnapshot,
    CameraState,
    Event,
    OutputHealth,
    RecorderSnapshot,
    Stability,
    StabilityVerdict,
)
from vmstui.stages import StageBreakdown
from vmstui.storage import CameraStorage
from vmstui.tui import glyphs
from vmstui.tui.actions import key_of
from vmstui.tui.fleet_rows import OUTPUT_ROLE, REASON_ROLE, state_span
from vmstui.tui.footage_lines import LastDay, footage_lines
from vmstui.tui.format import clock, command_lines, flow, plural, size, span, timer, wrap, zone
from vmstui.tui.lines import Line, Role, Span
from vmstui.tui.segment_lines import VERDICT_ROLE
from vmstui.tui.severity import camera_span
from vmstui.tui.stage_lines import stage_lines
from vmstui.tui.stay import camera_facts
from vmstui.tui.verdict import advice, failing, incidents_of, worker_complaints

LABEL = 11

_STABILITY_ROLE = {
    StabilityVerdict.VERY_STABLE: Role.OK,
    StabilityVerdict.STABLE: Role.OK,
    StabilityVerdict.VARYING: Role.WARN,
    StabilityVerdict.TOO_FEW: Role.DIM,
}


def details_lines(
    snapshot: RecorderSnapshot,
    camera: CameraSnapshot,
    details: CameraDetails | None,
    cells: int,
    storage: CameraStorage | None = None,
    day: LastDay | None = None,
    stages: StageBreakdown | None = None,
) -> list[Line]:
    """Everything there is to say about a camera; without `details`, what its snapshot tells."""
    where = zone(snapshot.timezone)
    lines = [*_state(snapshot, camera, cells)]
    for output in camera.outputs:
        lines += _output(output, where, cells)
    if camera.fallback:
        lines += _field("fallback", camera.fallback, cells, Role.BUSY)
    if day is not None:
        lines += footage_lines(day, where, cells, LABEL)
    lines += _worker(camera, snapshot.at, where, cells)
    lines += _segments(camera, snapshot.at, where, cells)
    if storage is not None:
        facts, wrong = camera_facts(storage, snapshot.at, where)
        lines += _block("storage", flow(facts, cells - LABEL), Role.TEXT)
        lines += _field("", wrong, cells, Role.WARN) if wrong else []
    if details is None:
        return [*lines, *_field("", f"asking for more{glyphs.ELLIPSIS}", cells, Role.DIM)]
    source = [details.source, f"sends {details.source_codec}"] if details.source_codec else [details.source]
    lines += stability_lines(details.stability, cells)
    lines += stage_lines(stages, cells) if camera.pid is not None else []
    lines += _block("source", flow(source, cells - LABEL), Role.TEXT)
    if details.events:
        lines.append(())
        lines += [line for event in reversed(details.events) for line in _event(event, where, cells)]
    lines.append(())
    lines += _field("spool", details.spool_path, cells, Role.DIM)
    lines += _field("log file", details.log_path, cells, Role.DIM)
    if details.command:
        lines += _block("command", command_lines(details.command, cells - LABEL), Role.TEXT)
        lines += _field("", f"{key_of('camera.copy')} copies the command", cells, Role.DIM)
    return lines


def stability_lines(stability: Stability, cells: int) -> list[Line]:
    """The six samples of the last half minute and how steady they are, as in a report."""
    if not stability.samples:
        return _field("CPU", "no samples yet", cells, Role.DIM)
    few = stability.verdict is StabilityVerdict.TOO_FEW
    count = f"{len(stability.samples)} of 6 samples" if few else f"{plural(len(stability.samples), 'sample')} over 30 s"
    lines = _field("CPU", f"{count}: " + "  ".join(f"{value:.1f}" for value in stability.samples) + " %", cells)
    extent = f"min {stability.minimum:.1f}  max {stability.maximum:.1f}  mean {stability.mean:.1f} %  "
    verdict: Span = (f"{glyphs.DOT} {stability.verdict}", _STABILITY_ROLE[stability.verdict])
    return [*lines, (_label(""), (extent, Role.DIM), verdict)]


def _state(snapshot: RecorderSnapshot, camera: CameraSnapshot, cells: int) -> list[Line]:
    where = zone(snapshot.timezone)
    # A camera that is failing enters that state anew with every try; what counts is when it was last well.
    failed_at = camera.failing_since if camera.state is CameraState.FAILING else None
    begun_at = failed_at or camera.since
    since = f"since {clock(begun_at, where)} ({span((snapshot.at - begun_at).total_seconds())})"
    facts = [
        f"no healthy run {since}" if failed_at else since,
        f"profile {camera.profile}",
        plural(camera.restarts, "restart"),
    ]
    if camera.next_start_at:
        left_s = (camera.next_start_at - snapshot.at).total_seconds()
        facts.insert(1, f"next start in {span(left_s)}" if left_s > 0 else "starting now")
    if camera.state not in {CameraState.RECORDING, CameraState.FAILING}:
        facts = [*failing(camera, snapshot.at), *facts]
    lines: list[Line] = []
    word, role = state_span(camera, snapshot.at)
    rest = flow(facts, cells - LABEL - len(word) - 2)
    lines.append((_label("state"), (word + "  ", role), (rest[0], Role.DIM)))
    lines += [(_label(""), (line, Role.DIM)) for line in rest[1:]]
    if camera.reason:
        lines += _field("why", camera.reason, cells, REASON_ROLE[camera.state])
    if (incident := incidents_of(snapshot).get(camera.id)) is not None:
        lines += _field("incident", incident.text, cells, Role.WARN)
    if (worst := camera_span(camera)) is not None:
        word, role = worst
        first, *others = wrap(camera.finding, cells - LABEL - len(word) - 2)
        lines.append((_label("finding"), (word + "  ", role), (first, Role.TEXT)))
        lines += [(_label(""), (" " * (len(word) + 2) + line, Role.TEXT)) for line in others]
        lines += _field("", f"{key_of('view.findings')} shows all findings", cells, Role.DIM)
    for words in worker_complaints(camera, snapshot.at):
        lines += _field("look", words, cells, Role.WARN)
    if todo := advice(camera, snapshot.config_path):
        lines += _field("what to do", todo, cells, Role.STRONG)
    return lines


def _output(output: OutputHealth, where: tzinfo | None, cells: int) -> list[Line]:
    sign = f"{glyphs.OUTPUT[output.state]} {output.state:<8}"
    made = f"{output.codec or '?'} by {output.encoder}" if output.encoder else output.codec or "?"
    arrow = "into" if output.kind is OutputKind.RECORDING else "at"
    facts = [f"{made} {arrow} {output.address}" if output.address else made]
    if output.readers is not None:
        facts.append(plural(output.readers, "viewer"))
    if output.seen and output.seen_at is not None:
        facts.append(f"seen at {clock(output.seen_at, where)}: {output.seen}")
    first, *rest = flow(facts, cells - LABEL - len(sign))
    lines: list[Line] = [(_label(output.kind.value), (sign, OUTPUT_ROLE[output.state]), (first, Role.TEXT))]
    lines += [(_label(""), (" " * len(sign) + line, Role.TEXT)) for line in rest]
    if output.reason:
        lines += _field("", output.reason, cells, OUTPUT_ROLE[output.state])
    return lines


def _worker(camera: CameraSnapshot, now: datetime, where: tzinfo | None, cells: int) -> list[Line]:
    if camera.pid is None:
        return []
    parts = [f"PID {camera.pid}", f"generation {camera.generation}"]
    if camera.started_at:
        parts.append(f"runs for {span((now - camera.started_at).total_seconds())}")
    if sample := camera.sample:
        parts += [f"{size(sample.rss_bytes)} memory", plural(sample.threads, "thread")]
        parts.append(f"writes {size(sample.write_bytes_per_s)}/s")
    if camera.beside_pid:
        parts.append(f"hand-over: PID {camera.beside_pid} beside it")
    if cost := camera.changeover:
        parts.append(str(cost))
    lines = _block("worker", flow(parts, cells - LABEL), Role.TEXT)
    if progress := camera.progress:
        facts = [f"{progress.fps:.1f} fps", f"speed {progress.speed:.2f}x", f"{progress.frame} in all"]
        facts += [f"{progress.dup_frames} duplicated", f"{progress.drop_frames} dropped"]
        lines += _block("frames", flow(facts, cells - LABEL), Role.TEXT)
    return lines


def _segments(camera: CameraSnapshot, now: datetime, where: tzinfo | None, cells: int) -> list[Line]:
    lines: list[Line] = []
    if opened := camera.open_segment:
        age = timer((now - opened.started_at).total_seconds())
        lines += _block("open", flow([opened.name, age, size(opened.size_bytes)], cells - LABEL), Role.TEXT)
    if last := camera.last_segment:
        name = last.path.rpartition("/")[2]
        facts = (name, timer(last.duration_s), size(last.size_bytes), f"{last.codec} {last.width}x{last.height}")
        role = VERDICT_ROLE[last.verdict]
        verdict = f"{glyphs.VERDICT[last.verdict]} {last.verdict}"
        first, *rest = flow(facts, cells - LABEL - len(verdict) - 2)
        lines.append((_label("last"), (verdict + "  ", role), (first, Role.TEXT)))
        lines += [(_label(""), (line, Role.TEXT)) for line in rest]
        if last.reason:
            lines += _field("", last.reason, cells, role)
    return lines


def _event(event: Event, where: tzinfo | None, cells: int) -> list[Line]:
    evidence = ", ".join(
        f"{what} {value}"
        for what, value in (("rule", event.rule), ("measured", event.measured), ("limit", event.threshold))
        if value
    )
    text = (
        event.text
        + (f" ({evidence})" if evidence else "")
        + (f" {glyphs.DASH} {event.outcome}" if event.outcome else "")
    )
    head = f"{clock(event.at, where)}  {event.kind:<10} "
    first, *rest = wrap(text, cells - len(head))
    return [
        ((head, Role.LABEL), (first, Role.TEXT)),
        *(((" " * len(head) + line, Role.TEXT),) for line in rest),
    ]


def _label(text: str) -> Span:
    return f"{text:<{LABEL}}", Role.LABEL


def _field(label: str, text: str, cells: int, role: Role = Role.TEXT) -> list[Line]:
    return _block(label, wrap(text, cells - LABEL), role)


def _block(label: str, lines: list[str], role: Role) -> list[Line]:
    return [(_label(label if index == 0 else ""), (line, role)) for index, line in enumerate(lines)]
