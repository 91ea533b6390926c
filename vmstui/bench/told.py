"""The layout bench as a person reads it: rows of cells, sentences, and Markdown made of both. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vmstui.bench.words import BenchResult, Difference, Layout, LayoutResult
from vmstui.capacity.tables import Table
from vmstui.spoken import codec_name, plural, size

_NOT_KEPT_UP = " *"
_TIMES_FROM = 900.0
KEPT_UP_NOTE = "* fell behind its cameras in a round: CPU is reckoned from the frames it took in"


def layouts(found: BenchResult) -> Table:
    """What each layout took."""
    header = ("LAYOUT", "CPU/CAMERA", "LEAST–MOST", "CPU", "PROCESSES", "MEMORY", "CAMERAS")
    rows = tuple(_layout_row(one) for one in found.layouts)
    return Table(header, rows, frozenset(range(1, 7)))


def differences(found: BenchResult) -> Table:
    """Of the layout of each row against that of each column, which goes by its number."""
    layouts = [one.layout for one in found.layouts]
    numbers = range(1, len(layouts) + 1)
    rows = tuple(
        (f"{number} {layout}", *(_against(found.difference(layout, against)) for against in layouts))
        for number, layout in zip(numbers, layouts, strict=True)
    )
    return Table(("CPU AGAINST", *map(str, numbers)), rows, frozenset(numbers))


def facts(found: BenchResult) -> Iterator[tuple[str, str]]:
    """What it was measured on and with, by name."""
    setting = found.setting
    cameras = plural(len(found.sources), "simulated camera" if setting.simulated else "camera")
    seen = dict.fromkeys(
        f"{codec_name(one.codec, '?')} {one.width}x{one.height}, {one.fps:.3g} fps, {one.bitrate_bps / 1e6:.2g} Mbit/s"
        for one in found.sources
    )
    yield "cameras", f"{cameras}: {'; '.join(seen)}"
    yield "outputs", f"profile {setting.profile}: recording {setting.recording}; live {setting.live}"
    for encoders, made in _by_encoders(found.layouts).items():
        yield "encoders", f"{encoders}: {'; '.join(made)}"
    yield "measured", f"{plural(setting.rounds, 'round')} of {setting.window_s:g} s for each layout, in turn"
    yield "budget", f"{setting.budget_percent:g} % of a core: {setting.budget_why}"
    yield "machine", f"{setting.machine}; ffmpeg {setting.ffmpeg}"
    for one in found.left_out:
        yield "left out", f"{one.layout}: {one.why}"


def sentences(found: BenchResult) -> Iterator[str]:
    """What follows from it, for an owner; nothing from layouts that fell behind: there was no CPU to measure them."""
    single, best, copy = (
        one if one is not None and one.kept_up else None
        for one in (
            found.layout(Layout.SINGLE),
            found.layout(Layout.SEPARATE_BEST) or found.layout(Layout.SEPARATE_SOFTWARE),
            found.layout(Layout.SINGLE_COPY),
        )
    )
    if single is not None and best is not None:
        difference = found.difference(single.layout, best.layout)
        instead = f"one process instead of {best.processes // single.processes}"
        if difference is not None and difference.least_percent < 0 < difference.most_percent:
            spread = f"{difference.least_percent:+.1f} to {difference.most_percent:+.1f} %"
            yield f"{instead}: {spread} CPU: the rounds disagree, more --rounds may tell"
        elif difference is not None:
            fit = ""
            if single.maximum is not None and best.maximum is not None:
                fit = f", {plural(single.maximum, 'camera')} instead of {best.maximum}"
            yield f"{instead}: {percent(difference)} CPU{fit}"
    if single is not None and copy is not None and copy.cpu_percent > 0:
        yield f"copying takes {single.cpu_percent / copy.cpu_percent:.0f} times less CPU than encoding"


def percent(difference: Difference) -> str:
    """`-42.0 %`, `+3.1 %`; from ten times on `x167`, where percent say nothing any more."""
    if difference.percent >= _TIMES_FROM:
        return f"x{difference.percent / 100 + 1:.0f}"
    return f"{difference.percent:+.1f} %"


def markdown(found: BenchResult) -> str:
    """The whole result, as a section of a document."""
    lines = ["## Layouts", "", *(f"- {name}: {_plain(text)}" for name, text in facts(found))]
    lines += [f"- measured at: {found.setting.at.isoformat(timespec='seconds')} on {_plain(found.setting.host)}", ""]
    for table in (layouts(found), differences(found)):
        lines += [*_markdown_table(table), ""]
    if any(not one.kept_up for one in found.layouts):
        lines += [KEPT_UP_NOTE.replace("*", "\\*"), ""]
    lines += [f"- {_plain(text)}" for text in sentences(found)]
    return "\n".join(lines) + "\n"


def _layout_row(one: LayoutResult) -> tuple[str, ...]:
    return (
        one.layout.value + ("" if one.kept_up else _NOT_KEPT_UP),
        f"{one.camera_percent:.1f} %",
        f"{one.camera_least_percent:.1f}–{one.camera_most_percent:.1f}",
        f"{one.cpu_percent:.1f} %",
        str(one.processes),
        size(one.rss_bytes),
        "?" if one.maximum is None else str(one.maximum),
    )


def _by_encoders(layouts: Sequence[LayoutResult]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in layouts:
        found.setdefault(one.encoders, []).append(one.layout.value)
    return found


def _against(difference: Difference | None) -> str:
    return "" if difference is None else percent(difference)


def _markdown_table(table: Table) -> Sequence[str]:
    ruler = "|".join("---:" if column in table.right else "---" for column in range(len(table.header)))
    rows = [f"| {' | '.join(_plain(cell) for cell in row)} |" for row in (table.header, *table.rows)]
    return [rows[0], f"|{ruler}|", *rows[1:]]


def _plain(text: str) -> str:
    """Text of others in a table of Markdown."""
    for character in "\\|*_`<>[]":
        text = text.replace(character, f"\\{character}")
    return text
