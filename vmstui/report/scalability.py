"""The section about how many more cameras fit, and what ends it. Pure: `capacity` has worked it out."""

from __future__ import annotations

from vmstui.capacity import tables
from vmstui.capacity.told import change, name
from vmstui.capacity.words import Capacity, Resource, Standing
from vmstui.report.document import Bar, Bars, Block, Bullets, Code, Section, Table, said
from vmstui.report.gathered import Gathered
from vmstui.spoken import plural

ROWS = 16


def scalability_section(gathered: Gathered) -> Section:
    """As of now, from the cameras that run."""
    found = gathered.capacity
    title = "Scalability"
    if isinstance(found, str):
        how = " From a figure of yours instead: "
        return Section(title, (said(f"Not projected: {found}.{how}", Code("vmstui capacity --per-camera 23.4%")),))
    blocks: list[Block] = [Bullets(tuple((f"{what}: {text}",) for what, text in tables.facts(found)))]
    by_count, _ = tables.cameras(found, ROWS)
    blocks.append(_table(by_count, "cameras"))
    blocks.append(_bars(found))
    by_resource, _ = tables.resources(found)
    blocks += [said("What a camera takes, and what there is:"), _table(by_resource, "resource")]
    notes = tuple((note,) for note in tables.notes(found))
    if notes:
        blocks.append(Bullets(notes))
    profiles = tables.profiles(found)
    if profiles.rows:
        blocks.append(_table(profiles, "profile"))
    if found.changes:
        blocks.append(said("What would move the limit:"))
        blocks.append(Bullets(tuple((change(one, found.binding),) for one in found.changes)))
    blocks.append(said("Other budgets, profiles and numbers are asked of ", Code("vmstui capacity"), "."))
    return Section(title, tuple(blocks))


def short(found: Capacity | str) -> str:
    """For the summary."""
    if isinstance(found, str):
        return f"not projected: {found}"
    if found.maximum is None or found.binding is None or found.more is None:
        return "nothing that is known ends it"
    many = f"{plural(found.more, 'more camera')} fit" if found.more != 1 else "1 more camera fits"
    if found.more < 1:
        many = "no more camera fits" if found.more == 0 else f"{plural(-found.more, 'camera')} too many"
    doubt = "; provisional" if found.confidence.provisional else ""
    return f"{many}, {found.maximum} in all: {name(found.binding)} ends it{doubt}"


def _table(of: tables.Table, first: str) -> Table:
    header = (first, *(cell.lower() if cell != "CPU" else cell for cell in of.header[1:]))
    return Table(header, of.rows, of.right)


def _bars(found: Capacity) -> Bars:
    cpu = found.cost(Resource.CPU)
    limit = cpu.limit if cpu.standing is Standing.KNOWN else None
    rows = found.rows[:24]
    bars = tuple(Bar(plural(row.cameras, "camera"), (row.cpu_busy_percent,)) for row in rows)
    return Bars("Projected CPU, all busy", "%", ("CPU",), bars, limit)
