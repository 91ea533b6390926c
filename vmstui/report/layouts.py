"""The section that compares layouts: what the last `vmstui bench` on this recorder found. Pure.

The bench leaves `bench.json` in the state folder; of it is read what `LayoutBench` names, and the rest is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vmstui.codec import CodecError, Json, from_json
from vmstui.report.document import Block, Code, Inline, Section, Table, said
from vmstui.report.names import megabytes, minute, percent, signed
from vmstui.spoken import plural

FILE_NAME = "bench.json"
TITLE = "Comparison of layouts"


@dataclass(frozen=True, slots=True)
class LayoutFigures:
    """One layout, medians over the rounds."""

    name: str
    cpu_percent: float
    """Of all its workers together, by process times; 100 = one core."""
    cpu_percent_per_camera: float
    processes: int
    rss_bytes: int = 0
    """0: not measured."""
    spread_percent: float = 0.0
    """Greatest round less least one, as a share of the median."""
    maximum_cameras: int | None = None


@dataclass(frozen=True, slots=True)
class LayoutBench:
    """One run of the bench."""

    at: datetime
    layouts: tuple[LayoutFigures, ...]
    cameras: int = 0
    rounds: int = 0
    seconds: float = 0.0
    """Of each round."""
    machine: str = ""


def layouts_section(data: Json, where: str = FILE_NAME) -> Section:
    """From what the bench wrote; None: it never ran here. `where` is the file, for who has to look at it."""
    if data is None:
        text = "Not measured on this recorder yet. Process layouts and encoders are compared, with its own cameras, by "
        return Section(TITLE, (said(text, Code("vmstui bench"), "; the next report shows what it found."),))
    try:
        bench = from_json(LayoutBench, data)
    except CodecError as error:
        return Section(TITLE, (said("What the last bench wrote cannot be understood: ", Code(where), f", {error}."),))
    if not bench.layouts:
        return Section(TITLE, (said("The last bench measured no layout: ", Code(where), "."),))
    rows = tuple(_row(one) for one in bench.layouts)
    header = ("layout", "CPU", "spread", "per camera", "processes", "memory", "most cameras")
    blocks: list[Block] = [said(_about(bench)), Table(header, rows, frozenset(range(1, 7)))]
    if len(bench.layouts) > 1:
        blocks += [said("CPU of each layout against each other one:"), _differences(bench)]
    return Section(TITLE, tuple(blocks))


def _about(bench: LayoutBench) -> str:
    facts = [f"Measured {minute(bench.at, bench.at.tzinfo)} UTC" if bench.at.tzinfo is not None else "Measured"]
    if bench.cameras:
        facts.append(f"with {plural(bench.cameras, 'camera')}")
    if bench.rounds:
        facts.append(f"in {plural(bench.rounds, 'round')} of {bench.seconds:.0f} s")
    machine = f", on {bench.machine}" if bench.machine else ""
    return f"{' '.join(facts)}{machine}. CPU is process time, 100 % is one core; medians of the rounds."


def _row(one: LayoutFigures) -> tuple[Inline, ...]:
    return (
        one.name,
        percent(one.cpu_percent),
        f"{one.spread_percent:.0f} %" if one.spread_percent else "–",
        percent(one.cpu_percent_per_camera),
        str(one.processes),
        megabytes(one.rss_bytes) if one.rss_bytes else "–",
        str(one.maximum_cameras) if one.maximum_cameras is not None else "–",
    )


def _differences(bench: LayoutBench) -> Table:
    header = ("", *(f"than {one.name}" for one in bench.layouts))
    rows = tuple((one.name, *(_difference(one, other) for other in bench.layouts)) for one in bench.layouts)
    return Table(header, rows, frozenset(range(1, len(header))))


def _difference(one: LayoutFigures, other: LayoutFigures) -> str:
    if one is other or other.cpu_percent <= 0:
        return "–"
    return f"{signed(100 * (one.cpu_percent / other.cpu_percent - 1), 0)} %"
