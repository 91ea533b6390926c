"""What a worker spends its CPU time on, as bars for the details of a camera: pure."""

from __future__ import annotations

from vmstui.stages import Stage, StageBreakdown
from vmstui.tui.format import cpu, fit, wrap
from vmstui.tui.glyphs import BLOCK
from vmstui.tui.lines import Line, Role

LABEL = 11
NAME = 17
MOST_CELLS = 60
"""Longer bars tell no more."""

_WORDS = {stage: stage.value for stage in Stage} | {Stage.OTHER: "other threads"}


def stage_lines(found: StageBreakdown | None, cells: int) -> list[Line]:
    """A bar for each stage, or why there are none; nothing before the recorder has answered."""
    if found is None:
        return []
    if found.reason:
        return [
            ((f"{'stages' if row == 0 else '':<{LABEL}}", Role.LABEL), (text, Role.DIM))
            for row, text in enumerate(wrap(found.reason, cells - LABEL))
        ]
    whole = max(found.cpu_percent, 1e-9)
    room = min(max(cells - LABEL - NAME - 15, 0), MOST_CELLS)
    narrow = cells < LABEL + NAME + 15
    lines: list[Line] = []
    for row, share in enumerate(found.shares):
        part = share.cpu_percent / whole
        label = f"{'stages' if row == 0 else '':<{LABEL}}"
        figures = f"{_WORDS[share.stage]:<{NAME}}{cpu(share.cpu_percent):>5} %{100 * part:>4.0f} % "
        if narrow:
            figures = fit(f"{cpu(share.cpu_percent):>5} % {_WORDS[share.stage]}", cells - LABEL)
        lines.append(((label, Role.LABEL), (figures, Role.TEXT), (BLOCK * round(part * room), Role.SPARK)))
    over = wrap(f"{cpu(found.cpu_percent)} % of a core in all, over {found.elapsed_s:.0f} s", cells - LABEL)
    return [*lines, *(((" " * LABEL, Role.LABEL), (text, Role.DIM)) for text in over)]
