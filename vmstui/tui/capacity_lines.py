"""How many more cameras fit, as lines of a screen: side by side where it is wide, below each other where not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from vmstui.capacity import tables
from vmstui.capacity.tables import Table
from vmstui.capacity.told import change
from vmstui.capacity.words import Capacity, Question, Resource, Row, Standing
from vmstui.tui.format import fit, width, wrap
from vmstui.tui.glyphs import BAD, BLOCK, DASH, DOT, REST
from vmstui.tui.lines import Line, Role, cut, width_of

WIDE = 130
"""Cells from which there are two columns."""
ROWS = 14
"""Of cameras, at the most, beside or above all else."""
_LEFT = 62
_LEAST_BAR, _MOST_BAR = 10, 40
"""Cells of the bars beside the table of cameras."""
_INDENT = 12


def capacity_lines(found: Capacity, question: Question, cells: int) -> list[Line]:
    """The answer in that many cells."""
    lines: list[Line] = [cut(question_line(question, found), cells), *_facts(found, cells), ()]
    if cells < WIDE:
        return [*lines, *_cameras(found, cells), (), *_resources(found, cells), *_changes(found, cells)]
    right = cells - _LEFT - 2
    lefts, rights = _cameras(found, _LEFT), [*_resources(found, right), *_changes(found, right)]
    lines += [
        (*left, (" " * max(_LEFT + 2 - width_of(left), 1), Role.TEXT), *line)
        for left, line in zip_longest(lefts, rights, fillvalue=())
    ]
    return lines


def question_line(question: Question, found: Capacity | None) -> Line:
    """What is asked: the figures a person changed stand out."""
    cameras, days = question.cameras, question.retention_days
    parts = (
        (question.profile, f"profile {question.profile or 'as now'}"),
        (question.budget_percent, f"budget {_budget(question, found)}"),
        (cameras, f"{cameras} cameras" if cameras is not None else "cameras as now"),
        (days, f"{days:g} days" if days is not None else "days as set"),
    )
    line: list[tuple[str, Role]] = [(f"{'what if':<{_INDENT}}", Role.LABEL)]
    for index, (changed, words) in enumerate(parts):
        if index:
            line.append((f" {DOT} ", Role.DIM))
        line.append((words, Role.KEY if changed is not None else Role.DIM))
    return tuple(line)


def _budget(question: Question, found: Capacity | None) -> str:
    if question.budget_percent is not None:
        return f"{question.budget_percent:g} %"
    limit = found.cost(Resource.CPU).limit if found is not None else None
    return "as set" if limit is None else f"{limit:g} %"


def _facts(found: Capacity, cells: int) -> list[Line]:
    lines: list[Line] = []
    for what, text in tables.facts(found):
        role = Role.STRONG if what in ("maximum", "room") else Role.TEXT
        if what == "confidence" and found.confidence.provisional:
            role = Role.WARN
        if (what == "asked" and text.endswith("do not fit")) or (what == "room" and (found.more or 0) < 0):
            role = Role.BAD
        for index, part in enumerate(wrap(text, cells - _INDENT)):
            label = what if not index else ""
            lines.append(((f"{label:<{_INDENT}}", Role.LABEL), (part, role)))
    return lines


def _cameras(found: Capacity, cells: int) -> list[Line]:
    table, rows = tables.cameras(found, ROWS)
    roles = []
    for row in rows:
        over = row is not None and bool(row.over)
        ends = row is not None and row.cameras == found.maximum
        roles.append(Role.BAD if over else Role.OK if ends else Role.TEXT)
    return _charted(_table(table, roles, cells), rows, found.cost(Resource.CPU).limit, cells)


def _charted(lines: list[Line], rows: Sequence[Row | None], limit: float | None, cells: int) -> list[Line]:
    """With a bar beside each row: its CPU, on the scale of what may be used; beyond that it goes on."""
    used = max(map(width_of, lines))
    room = min(cells - used - 2, _MOST_BAR)
    percents = [row.cpu_busy_percent for row in rows if row is not None]
    if limit is None or limit <= 0 or room < _LEAST_BAR or not percents:
        return lines
    top = max(limit, *percents)
    scale = f"CPU, 0{DASH}{top:.0f} %"
    blank = [(" " * (used + 2 - width_of(line)), Role.TEXT) for line in lines]
    drawn: list[Line] = [(*lines[0], blank[0], (fit(scale, room).rstrip(), Role.DIM))]
    for line, gap, row in zip(lines[1:], blank[1:], rows, strict=True):
        drawn.append((*line, gap, *_bar(row.cpu_busy_percent, limit, top, room)) if row is not None else line)
    return drawn


def _bar(percent: float, limit: float, top: float, room: int) -> Line:
    """Up to the limit and, in another sign, beyond it."""
    within, whole, end = (round(min(value, top) / top * room) for value in (min(percent, limit), percent, limit))
    beyond = whole - within
    left = max(end - whole, 0)
    drawn: Line = ((BLOCK * within, Role.SPARK), (BAD * beyond, Role.BAD), (REST * left, Role.DIM))
    return tuple(span for span in drawn if span[0])


def _resources(found: Capacity, cells: int) -> list[Line]:
    table, costs = tables.resources(found)
    roles = [Role.WARN if cost.resource is found.binding else Role.TEXT for cost in costs]
    lines = _table(table, roles, cells) if costs else []
    unknown = any(cost.standing is Standing.UNKNOWN for cost in found.costs)
    for note in tables.notes(found):
        role = Role.WARN if unknown and note.startswith("not known") else Role.DIM
        lines += _wrapped(note, cells, role)
    by_profile = tables.profiles(found)
    if by_profile.rows:
        lines += [(), *_table(by_profile, [Role.TEXT] * len(by_profile.rows), cells)]
    return lines


def _changes(found: Capacity, cells: int) -> list[Line]:
    if not found.changes:
        return []
    lines: list[Line] = [(), (("what would move the limit", Role.LABEL),)]
    for one in found.changes:
        lines += _wrapped("  " + change(one, found.binding), cells, Role.TEXT)
    return lines


def _wrapped(text: str, cells: int, role: Role) -> list[Line]:
    first, *rest = wrap(text, cells - 4)
    return [((first, role),), *(((f"    {line}", role),) for line in rest)]


def _table(table: Table, roles: Sequence[Role], cells: int) -> list[Line]:
    widths = [max(width(row[column]) for row in (table.header, *table.rows)) for column in range(len(table.header))]

    def line(row: Iterable[str], role: Role) -> Line:
        cells_of_row = (fit(cell, widths[column], right=column in table.right) for column, cell in enumerate(row))
        return cut((("  ".join(cells_of_row).rstrip(), role),), cells)

    return [line(table.header, Role.LABEL), *(line(row, role) for row, role in zip(table.rows, roles, strict=True))]
