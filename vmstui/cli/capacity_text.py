"""For `vmstui capacity`: the answer as lines of at most 80 columns, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from vmstui.capacity.told import amount, change, confidence, name, room, sentence, whole
from vmstui.capacity.words import Capacity, Cost, ProfileRoom, Row, Standing
from vmstui.cli.table import table
from vmstui.codec import Json, to_json
from vmstui.spoken import fit, plural, width

COLUMNS = 80
ROWS = 12
"""Of the table of cameras; what is left out is said."""
LONGEST = 36
"""Name of a profile in a table."""
_INDENT = 12


def lines(found: Capacity) -> Iterator[str]:
    """For a person."""
    if found.running:
        yield from _running(found)
    else:
        yield from _said("maximum", sentence(found))
    if found.asked is not None:
        fits = "fit, by all that is known" if found.fits else "do not fit"
        yield from _said("asked", f"{plural(found.asked, 'camera')} {fits}")
    yield from _said("confidence", confidence(found.confidence))
    yield ""
    yield from _cameras(found)
    yield ""
    yield from _resources(found)
    if found.profiles:
        yield ""
        yield from _profiles(found.profiles)
    if found.changes:
        yield ""
        yield "what would move the limit:"
        for one in found.changes:
            yield from wrap(change(one, found.binding), COLUMNS, initial_indent="  ", subsequent_indent="    ")


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


def _running(found: Capacity) -> Iterator[str]:
    most = "not known" if found.maximum is None else plural(found.maximum, "camera")
    on_the_median = "" if found.typical_maximum == found.maximum else f" ({found.typical_maximum} on the median)"
    yield from _said("maximum", most + on_the_median)
    waiting = f", of them {found.waiting} not recorded now: counted as its like" if found.waiting else ""
    yield from _said("now", plural(found.running, "camera") + waiting)
    new = f"profile {found.profile}" if found.profile else "new ones mixed as those there are"
    yield from _said("room", f"{sentence(found)} ({new})")


def _said(what: str, text: str) -> list[str]:
    return wrap(text, COLUMNS, initial_indent=f"{what:<{_INDENT}}", subsequent_indent=" " * _INDENT)


def _cameras(found: Capacity) -> Iterator[str]:
    shown = _shown(found)
    busy = any(row.cpu_busy_percent != row.cpu_percent for row in found.rows)
    header = ("CAMERAS", "CPU", "BUSY", "") if busy else ("CAMERAS", "CPU", "")
    rows = []
    for row in shown:
        cells = [str(row.cameras), f"{whole(row.cpu_percent)} %", f"{whole(row.cpu_busy_percent)} %", _mark(row, found)]
        rows.append(cells if busy else [*cells[:2], cells[3]])
    text = table(header, rows, frozenset(range(len(header) - 1))).split("\n")
    yield text[0]
    for before, row, line in zip([None, *shown], shown, text[1:], strict=False):
        if before is not None and row.cameras > before.cameras + 1:
            yield f"{'…':>{len('CAMERAS')}}"
        yield line[:COLUMNS]


def _shown(found: Capacity) -> Sequence[Row]:
    """All; of many, the first and those about the maximum and the question."""
    if len(found.rows) <= ROWS:
        return found.rows
    ends = found.rows[-1].cameras if found.maximum is None else found.maximum
    telling = {found.running, found.asked, ends - 1, ends, ends + 1, found.rows[-1].cameras}
    some = set(range(found.rows[0].cameras, found.rows[0].cameras + ROWS - len(telling)))
    return [row for row in found.rows if row.cameras in some | telling]


def _mark(row: Row, found: Capacity) -> str:
    said = [
        word
        for word, at in (("now", found.running), ("asked", found.asked), ("maximum", found.maximum))
        if row.cameras == at
    ]
    if row.over:
        said.append("over: " + ", ".join(name(resource) for resource in row.over))
    return ", ".join(said)


def _resources(found: Capacity) -> Iterator[str]:
    known = [cost for cost in found.costs if cost.standing is Standing.KNOWN]
    header = ("RESOURCE", "A CAMERA", "BUSY", "IN USE", "LIMIT", "ROOM FOR", "")
    rows = [_resource(cost, found) for cost in known]
    yield from table(header, rows, frozenset(range(1, 6))).split("\n")
    for cost in known:
        if cost.why:
            yield from wrap(f"{name(cost.resource)} limit: {cost.why}", COLUMNS, subsequent_indent="  ")
    for standing, said in ((Standing.UNKNOWN, "not known"), (Standing.UNUSED, "no limit")):
        by_reason: dict[str, list[str]] = {}
        for cost in found.costs:
            if cost.standing is standing:
                by_reason.setdefault(cost.why, []).append(name(cost.resource))
        for why, resources in by_reason.items():
            yield from wrap(f"{said}: {', '.join(resources)} ({why})", COLUMNS, subsequent_indent="  ")


def _resource(cost: Cost, found: Capacity) -> tuple[str, ...]:
    assert cost.limit is not None
    assert cost.typical is not None
    assert cost.busy is not None
    of = cost.resource
    amounts = (cost.typical, cost.busy, cost.used_busy, cost.limit)
    ends = "ends" if of is found.binding else ""
    return (name(of), *(amount(of, value) for value in amounts), room(cost), ends)


def _profiles(profiles: Sequence[ProfileRoom]) -> Iterator[str]:
    rows = [
        (
            one.profile if width(one.profile) <= LONGEST else fit(one.profile, LONGEST),
            str(one.cameras),
            f"{one.cpu_percent:.1f} %",
            "not known" if one.more is None else f"{one.more:+d}",
            name(one.binding) if one.binding is not None else "",
        )
        for one in profiles
    ]
    yield from table(("MORE OF PROFILE", "MEASURED", "CPU", "ROOM FOR", "ENDED BY"), rows, frozenset((1, 2, 3))).split(
        "\n"
    )
