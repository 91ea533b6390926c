"""The section about CPU: samples, and how steady they are. Pure."""

from __future__ import annotations

from vmstui.measured import Measured
from vmstui.model import Stability, StabilityVerdict
from vmstui.report.document import Block, Chart, Inline, Line, Section, Table, Tone, Verdict, said
from vmstui.report.gathered import Gathered
from vmstui.report.names import called, window
from vmstui.report.steadiness import Steadiness, steadiness
from vmstui.spoken import span
from vmstui.telemetry.stability import STABLE_RATIO, VERY_STABLE_POINTS, VERY_STABLE_RATIO

LINES = 8
"""Of a chart; of more cameras only the total is drawn."""
TONES = {
    StabilityVerdict.VERY_STABLE: Tone.GOOD,
    StabilityVerdict.STABLE: Tone.GOOD,
    StabilityVerdict.VARYING: Tone.WARN,
    StabilityVerdict.TOO_FEW: Tone.OPEN,
}
RULE = (
    f"Very stable: within {VERY_STABLE_POINTS:g} percent point or {100 * VERY_STABLE_RATIO:g} % of the mean, whichever "
    f"is more; stable: within {2 * VERY_STABLE_POINTS:g} points or {100 * STABLE_RATIO:g} %. "
)


def cpu_section(gathered: Gathered) -> Section:
    """Samples and stability: of the last 30 s as top would show them, and over the time of the report."""
    blocks: list[Block] = [said("Percent of one core: 100 % is one core kept busy. ", RULE)]
    blocks += _samples(gathered)
    blocks += _over_time(gathered)
    return Section("CPU usage and stability", tuple(blocks))


def _samples(gathered: Gathered) -> list[Block]:
    """The reading an owner takes by hand: six of five seconds each."""
    named: list[tuple[str, Stability | None]] = [("all together", gathered.snapshot.stability)]
    named += [(called(one.camera), one.details.stability if one.details else None) for one in gathered.cameras]
    rows: list[tuple[Inline, ...]] = []
    for name, one in named:
        if one is None or not one.samples:
            continue
        samples = [f"{value:.1f}" for value in one.samples]
        samples += [""] * (6 - len(samples))
        extent = (f"{one.minimum:.1f}", f"{one.mean:.1f}", f"{one.maximum:.1f}")
        rows.append((name, *samples[:6], *extent, Verdict(one.verdict.value, TONES[one.verdict])))
    if not rows:
        return [said("No worker runs that could be sampled now.")]
    header = ("last 30 s", "1", "2", "3", "4", "5", "6", "min", "mean", "max", "verdict")
    return [Table(header, tuple(rows), frozenset(range(1, 10)))]


def _over_time(gathered: Gathered) -> list[Block]:
    named: list[tuple[str, Measured | None]] = [("all together", gathered.together)]
    named += [(called(one.camera), one.measured) for one in gathered.cameras]
    named += [(one.name, one.measured) for one in gathered.processes]
    found = [(name, steadiness(measured)) for name, measured in named]
    rows = tuple(_row(name, one) for name, one in found if one is not None)
    if not rows:
        return [said("The history of samples knows nothing of this time yet.")]
    header = (f"last {window(gathered.seconds)}", "min", "median", "mean", "max", "9 of 10 within", "verdict")
    step_s = next(one.step_s for _, one in found if one is not None)
    blocks: list[Block] = [
        Table(header, rows, frozenset(range(1, 6))),
        said(
            f"Over the time of this report each value is a mean of {span(step_s)}, and the verdict goes by the range "
            "that nine of ten of them lie in."
        ),
    ]
    return blocks + _chart(gathered)


def _chart(gathered: Gathered) -> list[Block]:
    together = gathered.together
    total = together.column("cpu_percent") if together is not None else None
    if together is None or total is None:
        return []
    lines = [Line("all together", total.mean, total.minimum, total.maximum)]
    if len(gathered.cameras) <= LINES:
        for one in gathered.cameras:
            column = one.measured.column("cpu_percent") if one.measured is not None else None
            if column is not None and one.measured is not None and one.measured.step_s == together.step_s:
                lines.append(Line(called(one.camera), column.mean))
    limit = gathered.snapshot.cpu_budget_percent
    return [Chart("CPU", "% of a core", together.since, together.until, tuple(lines), limit)]


def _row(name: str, one: Steadiness) -> tuple[Inline, ...]:
    values = (one.minimum, one.median, one.mean, one.maximum)
    verdict = Verdict(one.verdict.value, TONES[one.verdict])
    return (name, *(f"{value:.1f}" for value in values), f"{one.low:.1f} to {one.high:.1f}", verdict)
