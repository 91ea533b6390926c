"""A report as Markdown that reads well in a terminal and on a forge. Pure.

Tables are aligned, lines are at most `COLUMNS` wide where they can be broken, and no more is escaped than has to be: a
name with a bar, a star or a bracket stays that name, and becomes neither a column, nor emphasis, nor a link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from textwrap import wrap

from vmstui.report.document import (
    Bars,
    Block,
    Bullets,
    Chart,
    Code,
    Inline,
    Listing,
    Paragraph,
    Report,
    Section,
    Strips,
    Table,
    Text,
    Tone,
    Verdict,
)
from vmstui.sanitise import clean
from vmstui.spoken import day_and_clock, fit, width

COLUMNS = 100
_HELD = "\x00"
"""A blank that no line is broken at; no text has one of these, as all are cleaned."""
WIDEST_CELL = 60
"""A longer cell is not waited for by the others of its column."""
SIGNS = {Tone.GOOD: "✔", Tone.OPEN: "·", Tone.WARN: "▲", Tone.BAD: "✖"}
_LEVELS = "▁▂▃▄▅▆▇█"
_SPARK = 60
_MARKUP = re.compile(r"([\\`*\[\]<>|~]|&(?=#?\w+;)|(?<![^\W_])_|_(?![^\W_]))")
_LINE_START = re.compile(r"^(\d*)([-#+=.)])(?=[-#=\s]|$)")
"""What would begin a list, a heading or a rule at the start of a line."""


def markdown(report: Report, zone: tzinfo | None) -> str:
    """The whole file, with its last line end. Times of charts are those of `zone`."""
    lines = [f"# {escaped(report.title)}", ""]
    lines += _blocks(report.blocks, 1, zone)
    for section in report.sections:
        lines += _section(section, 2, zone)
    return "\n".join(lines).rstrip("\n") + "\n"


def escaped(text: str) -> str:
    """Harmless, and shown as it is."""
    return _MARKUP.sub(r"\\\1", clean(text))


def _section(section: Section, level: int, zone: tzinfo | None) -> Iterator[str]:
    yield f"{'#' * level} {escaped(section.title)}"
    yield ""
    yield from _blocks(section.blocks, level, zone)


def _blocks(blocks: Sequence[Block | Section], level: int, zone: tzinfo | None) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Section):
            yield from _section(block, level + 1, zone)
            continue
        lines = list(_block(block, zone))
        if lines:
            yield from lines
            yield ""


def _block(block: Block, zone: tzinfo | None) -> Iterator[str]:
    match block:
        case Paragraph(text):
            yield from _wrapped(_text(text))
        case Bullets(items):
            for item in items:
                yield from _wrapped(_text(item), first="- ", rest="  ")
        case Table():
            yield from _table(block)
        case Listing(lines, language):
            yield from _fenced([clean(line) for line in lines], language)
        case Chart():
            yield from _fenced(list(_sparks(block, zone)), "text")
        case Bars() | Strips():
            return


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    lines = wrap(text, COLUMNS - len(rest), break_long_words=False, break_on_hyphens=False)
    lines = [_LINE_START.sub(_escaped_start, line).replace(_HELD, " ") for line in lines]
    return [f"{rest if number else first}{line}" for number, line in enumerate(lines)]


def _escaped_start(found: re.Match[str]) -> str:
    return f"{found[1]}\\{found[2]}"


def _text(pieces: Text) -> str:
    """To be wrapped, but not within code, where nothing could be escaped at the beginning of a line."""
    return "".join(
        _inline(piece).replace(" ", _HELD) if isinstance(piece, Code) else _inline(piece) for piece in pieces
    )


def _inline(piece: Inline) -> str:
    match piece:
        case Verdict(text, tone):
            return f"**{SIGNS[tone]} {escaped(text)}**"
        case Code(text):
            return _code(clean(text))
        case _:
            return escaped(piece)


def _code(text: str) -> str:
    """Fenced by more backticks than it holds in a row."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}" if text else ""


def _cell(piece: Inline) -> str:
    text = _inline(piece)
    return text.replace("|", "\\|") if isinstance(piece, Code) else text  # a bar ends a cell even in code


def _table(table: Table) -> Iterator[str]:
    rows = [[escaped(cell) for cell in table.header], *([_cell(cell) for cell in row] for row in table.rows)]
    count = len(table.header)
    widths = []
    for column in range(count):
        cells = [width(row[column]) for row in rows]
        usual = [cells_ for cells_ in cells if cells_ <= WIDEST_CELL]
        widths.append(max([3, *usual]))
    for number, row in enumerate(rows):
        cells_of_row = [
            fit(cell, widths[column], right=column in table.right) if width(cell) <= widths[column] else cell
            for column, cell in enumerate(row)
        ]
        yield f"| {' | '.join(cells_of_row)} |"
        if number == 0:
            rules = (
                "-" * (widths[column] + 1) + ":" if column in table.right else "-" * (widths[column] + 2)
                for column in range(count)
            )
            yield f"|{'|'.join(rules)}|"


def _fenced(lines: Sequence[str], language: str) -> Iterator[str]:
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}{language}"
    yield from lines
    yield fence


def _sparks(chart: Chart, zone: tzinfo | None) -> Iterator[str]:
    """A line for each, from 0 to the top of them all."""
    names = max((width(clean(line.name)) for line in chart.lines), default=0)
    known = [value for line in chart.lines for value in line.values if value is not None]
    top = max(known, default=0.0)
    yield f"{clean(chart.title)}, 0 to {top:.1f} {chart.unit}"
    for line in chart.lines:
        yield f"{fit(clean(line.name), names)}  {_spark(line.values, top)}".rstrip()
    span = f"{day_and_clock(chart.since, zone)[:16]} to {day_and_clock(chart.until, zone)[:16]}"
    yield f"{' ' * names}  {span}"


def _spark(values: Sequence[float | None], top: float) -> str:
    """At most `_SPARK` cells, each with the greatest of what falls into it; blank where nothing is known."""
    cells = min(_SPARK, len(values))
    shown = []
    for cell in range(cells):
        part = [
            value
            for value in values[cell * len(values) // cells : (cell + 1) * len(values) // cells]
            if value is not None
        ]
        level = round(max(part) / top * (len(_LEVELS) - 1)) if part and top > 0 else 0
        shown.append(_LEVELS[min(max(level, 0), len(_LEVELS) - 1)] if part else " ")
    return "".join(shown)
