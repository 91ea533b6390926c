"""Plain tables for terminals and files: aligned columns, no colour."""

from __future__ import annotations

from collections.abc import Sequence

from vmstui.spoken import fit, width


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> str:
    """Rows under a header, two spaces between columns; the columns in `right` are aligned to the right."""
    widths = [max(width(row[column]) for row in (header, *rows)) for column in range(len(header))]
    return "\n".join(
        "  ".join(fit(cell, widths[column], right=column in right) for column, cell in enumerate(row)).rstrip()
        for row in (header, *rows)
    )


def table_within(
    cells: int | None,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: frozenset[int] = frozenset(),
    *,
    spare: Sequence[int],
) -> str:
    """The same in so many cells (None: as wide as it comes). Where it does not fit, columns in `spare` go, the first of
    them first, and a line below names them: a terminal would wrap each row, and none could be read any more."""
    kept, gone = list(range(len(header))), list(spare)
    left_out: list[int] = []
    while True:
        places = frozenset(place for place, column in enumerate(kept) if column in right)
        made = table([header[column] for column in kept], [[row[column] for column in kept] for row in rows], places)
        if cells is None or not gone or max(map(width, made.splitlines())) <= cells:
            break
        left_out.append(gone.pop(0))
        kept.remove(left_out[-1])
    if not left_out:
        return made
    named = ", ".join(header[column] for column in sorted(left_out))
    return f"{made}\n(no room for: {named})"
