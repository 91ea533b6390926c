"""The packets of a file whose camera set its clock ahead while it sent, with the time taken out that never was. Pure.

`check` says for how long a segment was recorded; what its packets claim beyond that lies in their longest steps. Called
by `exporting`, before it cuts.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from vmstui.recording.check import DURATION_SLACK_S

SHORTEST_S = 2.0
"""A step that is shorter is a hole like any other."""


@dataclass(frozen=True, slots=True)
class Jump:
    """A step of the camera's clock."""

    index: int
    """Of the first packet after it, in the order of decoding."""
    ticks: int
    """So much of it was never recorded."""


def jumps(dts: Sequence[int], length: int, tick_s: Fraction, recorded_s: float) -> tuple[Jump, ...]:
    """In a file of that length, in ticks, that was recorded for so many seconds; by index."""
    surplus = length - round(recorded_s / tick_s)
    if surplus * tick_s <= DURATION_SLACK_S:
        return ()
    steps = [after - before for before, after in pairwise(dts)]
    usual = sorted(steps)[(len(steps) - 1) // 2] if steps else 0
    found = []
    for number in sorted(range(len(steps)), key=steps.__getitem__, reverse=True):
        ticks = min(steps[number] - usual, surplus)
        if steps[number] * tick_s <= SHORTEST_S or ticks <= 0:
            break
        found.append(Jump(number + 1, ticks))
        surplus -= ticks
    return tuple(sorted(found, key=lambda jump: jump.index))


def without(times: Sequence[int], found: Sequence[Jump]) -> array[int]:
    """Times of packets, in the order of decoding, as they were without jumps."""
    steady = array("q", times)
    for jump in found:
        for index in range(jump.index, len(steady)):
            steady[index] -= jump.ticks
    return steady


def before(found: Sequence[Jump], index: int) -> int:
    """By how much the packet of an index was ahead."""
    return sum(jump.ticks for jump in found if jump.index <= index)
