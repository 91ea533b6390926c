"""The section that compares layouts: what the last `vmstui bench` on this recorder found. Pure.

`bench.json` in the state folder holds a `BenchResult`; tables, facts and sentences are those of the bench itself.
"""

from __future__ import annotations

from vmstui.bench import told
from vmstui.bench.words import FORMAT, BenchResult
from vmstui.capacity.tables import Table as Plain
from vmstui.codec import CodecError, Json, from_json
from vmstui.report.document import Block, Code, Section, Table, said
from vmstui.report.names import minute

FILE_NAME = "bench.json"
TITLE = "Comparison of layouts"


def layouts_section(data: Json, where: str = FILE_NAME) -> Section:
    """From what the bench wrote; None: it never ran here. `where` is the file, for who has to look at it."""
    if data is None:
        text = "Not measured on this recorder yet. Process layouts and encoders are compared, with its own cameras, by "
        return Section(TITLE, (said(text, Code("vmstui bench"), "; the next report shows what it found."),))
    form = data.get("format") if isinstance(data, dict) else None
    if form != FORMAT:
        text = f", found format {form!r}, accepted {FORMAT}."
        return Section(TITLE, (said("What the last bench wrote cannot be understood: ", Code(where), text),))
    try:
        found = from_json(BenchResult, data)
    except CodecError as error:
        return Section(TITLE, (said("What the last bench wrote cannot be understood: ", Code(where), f", {error}."),))
    if not found.layouts:
        return Section(TITLE, (said("The last bench measured no layout: ", Code(where), "."),))
    at = found.setting.at
    blocks: list[Block] = [
        said(f"Measured {minute(at, at.tzinfo)} UTC. CPU is process time, 100 % is one core; medians of the rounds."),
        _table(told.layouts(found)),
    ]
    if any(not one.kept_up for one in found.layouts):
        blocks.append(said(f"{told.KEPT_UP_NOTE}."))
    if len(found.layouts) > 1:
        blocks += [said("CPU of each layout against each other one, by its number:"), _table(told.differences(found))]
    blocks += [said(f"{sentence[:1].upper()}{sentence[1:]}.") for sentence in told.sentences(found)]
    blocks.append(Table(("about it", ""), tuple(told.facts(found)), frozenset()))
    return Section(TITLE, tuple(blocks))


def _table(plain: Plain) -> Table:
    header = tuple(cell.lower().replace("cpu", "CPU") for cell in plain.header)
    return Table(header, plain.rows, plain.right)
