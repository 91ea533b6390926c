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
