"""Storage as a chart: what the disk of the recordings holds, and for how many days the footage of each camera stays.

Pure, from what the recorder projected of the bytes it measured. Both scales are fixed: the whole disk, and the longest
that any footage stays or was promised to.
"""

from __future__ import annotations

from datetime import tzinfo

from vmstui.storage import CameraStorage, StorageProjection
from vmstui.tui import glyphs
from vmstui.tui.bars import bar, parts_bar
from vmstui.tui.format import day_and_clock, decimal_size, fit, width, wrap
from vmstui.tui.lines import Line, Role, Span, cut, join, lines_of
from vmstui.tui.stay import camera_facts, kept_days

LOCKED, RECORDED, OTHER, FREE, FLOOR = "┃", glyphs.BLOCK, "━", glyphs.REST, "┈"
"""Signs of the parts of the disk."""
INDENT = 12
CAMERAS = 64
"""Of more, only those of which the least is kept."""


def storage_lines(storage: StorageProjection, names: dict[str, str], where: tzinfo | None, cells: int) -> list[Line]:
    """All of it in that many cells; `names` are those of the cameras by their ids."""
    days, kept = kept_days(storage)
    lines: list[Line] = []
    room = cells - INDENT
    parts = _parts(storage)
    lines.append(((f"{'storage':<{INDENT}}", Role.LABEL), *parts_bar([(size, sign) for size, _, sign in parts], room)))
    legend: list[Line] = [
        ((f"{sign[0]} ", sign[1]), (f"{word} {decimal_size(size)}", Role.DIM)) for size, word, sign in parts if size > 0
    ]
    lines += [((" " * INDENT, Role.TEXT), *line) for line in lines_of(legend, room, ("  ", Role.DIM))]
    told = [f"{decimal_size(storage.bytes_per_s * 86400)} a day"]
    told += [f"keeps {days}"] if days else []
    if storage.full_at is not None:
        told.append(f"full at {day_and_clock(storage.full_at, where)[:-3]}, then the oldest goes for new")
    if storage.held_at is not None:
        told.append(f"recording is held at {day_and_clock(storage.held_at, where)[:-3]}: too much is locked")
    role = Role.TEXT if kept and storage.held_at is None else Role.WARN
    lines += [((" " * INDENT, Role.TEXT), (text, role)) for text in wrap(f" {glyphs.DOT} ".join(told), room)]
    return [cut(line, cells) for line in [*lines, *_cameras(storage, names, where, cells)]]


def _parts(storage: StorageProjection) -> list[tuple[float, str, Span]]:
    """Bytes, word and sign of each part; together the whole disk."""
    floor = min(storage.floor_bytes, storage.free_bytes)
    other = max(storage.total_bytes - storage.free_bytes - storage.size_bytes, 0)
    return [
        (storage.locked_bytes, "locked", (LOCKED, Role.BUSY)),
        (max(storage.size_bytes - storage.locked_bytes, 0), "recordings", (RECORDED, Role.SPARK)),
        (other, "other files", (OTHER, Role.LABEL)),
        (storage.free_bytes - floor, "free", (FREE, Role.DIM)),
        (floor, "kept free", (FLOOR, Role.OFF)),
    ]


def _cameras(storage: StorageProjection, names: dict[str, str], where: tzinfo | None, cells: int) -> list[Line]:
    known = sorted((one for one in storage.cameras if one.days is not None), key=lambda one: one.days or 0.0)
    if not known:
        return []
    top = max(max(one.days or 0.0, one.promised_days or 0.0) for one in known)
    called = min(max(width(names.get(one.camera, one.camera)) for one in known), 20)
    across = max(min(cells - called - 44, 48), 10)
    left = max(INDENT, called + 1)
    scale = f"{f'0{glyphs.DASH}{top:.3g} days':<{left}}"
    lines: list[Line] = [(), ((fit("DAYS KEPT", left), Role.LABEL), (scale.strip(), Role.DIM))]
    for one in known[:CAMERAS]:
        words, role = _words(one, storage, where)
        drawn = bar(one.days or 0.0, top, across, runs_out=False)
        if not one.kept:
            drawn = ((drawn[0][0], Role.WARN), drawn[1])
        name = fit(names.get(one.camera, one.camera), left - 1)
        lines.append(join([((name, Role.NAME),), drawn, ((words, role),)], (" ", Role.TEXT)))
    if len(known) > CAMERAS:
        lines.append(((f"and {len(known) - CAMERAS} more, of which more is kept", Role.DIM),))
    return lines


def _words(one: CameraStorage, storage: StorageProjection, where: tzinfo | None) -> tuple[str, Role]:
    about = "~" if one.provisional else ""
    days = f"{about}{one.days or 0.0:.1f}"
    if not one.kept:
        _, why = camera_facts(one, storage.at, where)
        return f"{glyphs.WARN} {days} of {one.promised_days:g} days, {one.rule}" if why else days, Role.WARN
    promised = f" of {one.promised_days:g}" if one.promised_days is not None else ""
    return f"{days}{promised} days, {decimal_size(one.bytes_per_s * 86400)} a day, {one.rule}", Role.TEXT
