"""For `vmstui capacity`: the answer as lines of at most 80 columns, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from vmstui.capacity import tables
from vmstui.capacity.told import change, sentence, whole
from vmstui.capacity.words import Capacity
from vmstui.cli.table import table
from vmstui.codec import Json, to_json
from vmstui.spoken import fit, width

COLUMNS = 80
ROWS = 12
"""Of the table of cameras."""
_INDENT = 12


def lines(found: Capacity) -> Iterator[str]:
    """For a person."""
    for what, text in tables.facts(found):
        yield from wrap(text, COLUMNS, initial_indent=f"{what:<{_INDENT}}", subsequent_indent=" " * _INDENT)
    by_count, _ = tables.cameras(found, ROWS)
    by_resource, _ = tables.resources(found)
    for one in (by_count, by_resource, tables.profiles(found)):
        if one.rows:
            yield ""
            yield from (_cut(line) for line in table(one.header, one.rows, one.right).split("\n"))
        if one is by_resource:
            for note in tables.notes(found):
                yield from wrap(note, COLUMNS, subsequent_indent="  ")
    if found.changes:
        yield ""
        yield "what would move the limit:"
        for change_ in found.changes:
            yield from wrap(change(change_, found.binding), COLUMNS, initial_indent="  ", subsequent_indent="    ")


def as_json(found: Capacity) -> dict[str, Json]:
    """With what follows from it in words, and CPU in whole percent as an owner writes it."""
    data = to_json(found)
    assert isinstance(data, dict)
    rows: list[Json] = [
        {
            "cameras": row.cameras,
            "cpu_percent": whole(row.cpu_percent),
            "cpu_busy_percent": whole(row.cpu_busy_percent),
            "cpu_percent_exact": row.cpu_percent,
            "cpu_busy_percent_exact": row.cpu_busy_percent,
            "over": [resource.value for resource in row.over],
        }
        for row in found.rows
    ]
    return data | {
        "rows": rows,
        "more": found.more,
        "fits": found.fits,
        "sentence": sentence(found),
        "provisional": bool(found.confidence.provisional),
        "unknown": [resource.value for resource in found.unknown],
    }


def _cut(line: str) -> str:
    return line if width(line) <= COLUMNS else fit(line, COLUMNS)
