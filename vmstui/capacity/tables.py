"""The projection of capacity as rows of cells and sentences, for the command and the dashboard. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vmstui.capacity.told import amount, confidence, name, room, sentence, whole
from vmstui.capacity.words import Capacity, Cost, Row, Standing
from vmstui.spoken import fit, plural, width

LONGEST = 36
"""Name of a profile in a table."""
GAP = "…"


@dataclass(frozen=True, slots=True)
class Table:
    """A header, rows of as many cells, and which columns are aligned to the right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int]


def facts(found: Capacity) -> Iterator[tuple[str, str]]:
    """What there is to know at a glance, by name."""
    if not found.running:
        yield "maximum", sentence(found)
    else:
        most = "not known" if found.maximum is None else plural(found.maximum, "camera")
        on_the_median = "" if found.typical_maximum == found.maximum else f" ({found.typical_maximum} on the median)"
        yield "maximum", most + on_the_median
        waiting = f", of them {found.waiting} not recorded now: counted as its like" if found.waiting else ""
        yield "now", plural(found.running, "camera") + waiting
        new = f"profile {found.profile}" if found.profile else "new ones mixed as those there are"
        yield "room", f"{sentence(found)} ({new})"
    if found.asked is not None:
        fits = "fit, by all that is known" if found.maximum is None or found.maximum >= found.asked else "do not fit"
        yield "asked", f"{plural(found.asked, 'camera')} {fits}"
    yield "confidence", confidence(found.confidence)


def cameras(found: Capacity, most: int) -> tuple[Table, tuple[Row | None, ...]]:
    """The CPU that so many cameras take, and what there would not be enough of; at most so many rows, or as few as must
    be. Beside it the rows themselves; None where some are left out."""
    shown = _shown(found, most)
    busy = any(row.cpu_busy_percent != row.cpu_percent for row in found.rows)
    cells: list[tuple[str, ...]] = []
    rows: list[Row | None] = []
    for row in shown:
        if rows and (before := rows[-1]) is not None and row.cameras > before.cameras + 1:
            cells.append((GAP, "", "", "") if busy else (GAP, "", ""))
            rows.append(None)
        percents = [f"{whole(row.cpu_percent)} %", f"{whole(row.cpu_busy_percent)} %"]
        cells.append((str(row.cameras), *(percents if busy else percents[:1]), _mark(row, found)))
        rows.append(row)
    header = ("CAMERAS", "CPU", "BUSY", "") if busy else ("CAMERAS", "CPU", "")
    return Table(header, tuple(cells), frozenset(range(len(header) - 1))), tuple(rows)


def resources(found: Capacity) -> tuple[Table, tuple[Cost, ...]]:
    """Those that are known, and of which each row is."""
    known = tuple(cost for cost in found.costs if cost.standing is Standing.KNOWN)
    header = ("RESOURCE", "A CAMERA", "BUSY", "IN USE", "LIMIT", "ROOM FOR", "")
    return Table(header, tuple(_resource(cost, found) for cost in known), frozenset(range(1, 6))), known


def notes(found: Capacity) -> Iterator[str]:
    """Where limits are from, what is not known, and what cannot end it, each with its reason."""
    for cost in found.costs:
        if cost.standing is Standing.KNOWN and cost.why:
            yield f"{name(cost.resource)} limit: {cost.why}"
    for standing, said in ((Standing.UNKNOWN, "not known"), (Standing.UNUSED, "no limit")):
        by_reason: dict[str, list[str]] = {}
        for cost in found.costs:
            if cost.standing is standing:
                by_reason.setdefault(cost.why, []).append(name(cost.resource))
        for why, of in by_reason.items():
            yield f"{said}: {', '.join(of)} ({why})"


def profiles(found: Capacity) -> Table:
    """How many more of each profile there is room for; no rows where there is but one."""
    rows = tuple(
        (
            one.profile if width(one.profile) <= LONGEST else fit(one.profile, LONGEST),
            str(one.cameras),
            f"{one.cpu_percent:.1f} %",
            "not known" if one.more is None else f"{one.more:+d}",
            name(one.binding) if one.binding is not None else "",
        )
        for one in found.profiles
    )
    return Table(("MORE OF PROFILE", "MEASURED", "CPU", "ROOM FOR", "ENDED BY"), rows, frozenset((1, 2, 3)))


def _shown(found: Capacity, most: int) -> Sequence[Row]:
    """All; of many, the first and those about the maximum and the question."""
    if len(found.rows) <= most:
        return found.rows
    ends = found.rows[-1].cameras if found.maximum is None else found.maximum
    telling = {found.running, found.asked, ends - 1, ends, ends + 1, found.rows[-1].cameras}
    first = found.rows[0].cameras
    some = set(range(first, first + max(most - len(telling), 1)))
    return [row for row in found.rows if row.cameras in some | telling]


def _mark(row: Row, found: Capacity) -> str:
    places = (("now", found.running), ("asked", found.asked), ("maximum", found.maximum))
    said = [word for word, at in places if row.cameras == at]
    if row.over:
        said.append("over: " + ", ".join(name(resource) for resource in row.over))
    return ", ".join(said)


def _resource(cost: Cost, found: Capacity) -> tuple[str, ...]:
    assert cost.limit is not None
    assert cost.typical is not None
    assert cost.busy is not None
    of = cost.resource
    amounts = (cost.typical, cost.busy, cost.used_busy, cost.limit)
    return (name(of), *(amount(of, value) for value in amounts), room(cost), "ends" if of is found.binding else "")
