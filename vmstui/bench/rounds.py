"""Rounds of the bench: who has its turn when, and what the turns come to. Pure.

A machine gets slower and faster while it is measured: neighbours, temperature. So every layout has its turn in every
round, the next round goes backwards, and layouts are compared within a round; what is told is the median over them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from vmstui.bench.words import Difference, Layout, LayoutResult, Turn

KEEPS_UP = 0.95
"""Of the frames a camera sends; a window holds a few more or less at its edges."""


def order(layouts: Sequence[Layout], rounds: int) -> tuple[tuple[int, Layout], ...]:
    """Round and layout of each turn; every second round backwards."""
    turns: list[tuple[int, Layout]] = []
    for number in range(1, rounds + 1):
        turns += ((number, layout) for layout in (layouts if number % 2 else reversed(layouts)))
    return tuple(turns)


def summarised(
    turns: Sequence[Turn], cameras: int, encoders: Mapping[Layout, str], maximum: Callable[[float], int | None]
) -> tuple[LayoutResult, ...]:
    """Each layout, in the order of its first turn; `maximum` tells how many cameras of so many percent fit."""
    return tuple(
        _summary([turn for turn in turns if turn.layout is layout], cameras, encoders[layout], maximum)
        for layout in dict.fromkeys(turn.layout for turn in turns)
    )


def differences(turns: Sequence[Turn]) -> tuple[Difference, ...]:
    """Of every layout against every other one, round by round."""
    percents: dict[Layout, dict[int, float]] = {}
    for turn in turns:
        percents.setdefault(turn.layout, {})[turn.round] = percent_of(turn)
    return tuple(
        _difference(layout, against, percents[layout], percents[against])
        for layout in percents
        for against in percents
        if layout is not against
    )


def percent_of(turn: Turn) -> float:
    """CPU of all cameras together."""
    return 100.0 * turn.even_cpu_s / turn.elapsed_s


def evened(cpu_s: float, speed: float) -> float:
    """CPU time of a process at the rate of its camera; `speed` is frames it took in by frames sent.

    A few frames more or less are the edges of a window. More than that, on a busy machine, is a process that fell
    behind or catches up, and by its CPU time alone it would look cheap or dear.
    """
    return cpu_s if speed <= 0 or KEEPS_UP <= speed <= 1 / KEEPS_UP else cpu_s / speed


def _summary(
    turns: Sequence[Turn], cameras: int, encoders: str, maximum: Callable[[float], int | None]
) -> LayoutResult:
    percents = [percent_of(turn) for turn in turns]
    each = median(percents) / cameras
    return LayoutResult(
        layout=turns[0].layout,
        encoders=encoders,
        processes=turns[0].processes,
        cpu_percent=median(percents),
        camera_percent=each,
        camera_least_percent=min(percents) / cameras,
        camera_most_percent=max(percents) / cameras,
        rss_bytes=round(median(turn.rss_bytes for turn in turns)),
        maximum=maximum(each),
        kept_up=all(turn.speed >= KEEPS_UP for turn in turns),
    )


def _difference(layout: Layout, against: Layout, own: Mapping[int, float], other: Mapping[int, float]) -> Difference:
    found = [100.0 * (own[number] / other[number] - 1.0) for number in own if other.get(number)]
    if not found:
        return Difference(layout, against, 0.0, 0.0, 0.0)
    return Difference(layout, against, median(found), min(found), max(found))
