"""Memory of processes as it may run, from a seed: what does not leak in all the ways known of, and what does.

A day at a point in two minutes where nothing else is said, as a report over 24 h has it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator

from vmstui.telemetry.leak import Run

MB = 1e6
HOUR_S, DAY_S = 3600.0, 86_400.0

Shape = Callable[[random.Random, list[float], float], Iterator[float]]


def made(shape: Shape, seed: int, hours: float = 24.0, step_s: float = 120.0) -> Run:
    """One run of a process that begins with what it is shown."""
    chance = random.Random(seed)
    times_s = [number * step_s for number in range(int(hours * HOUR_S / step_s))]
    level = chance.uniform(30, 300) * MB
    return Run(tuple(times_s), tuple(shape(chance, times_s, level)), 0.0)


def noise(chance: random.Random, times_s: list[float], level: float) -> Iterator[float]:
    for _ in times_s:
        yield level + chance.gauss(0, MB)


def wandering(chance: random.Random, times_s: list[float], level: float) -> Iterator[float]:
    """Each value resembles the one before, for minutes up to a day."""
    kept, spread, away = chance.choice((0.9, 0.99, 0.999)), chance.uniform(0.5, 3) * MB, 0.0
    for _ in times_s:
        away = kept * away + chance.gauss(0, spread * math.sqrt(1 - kept * kept))
        yield level + away


def steps(chance: random.Random, times_s: list[float], level: float) -> Iterator[float]:
    """An allocator that takes some more now and then, and keeps it."""
    taken = [(chance.uniform(0, times_s[-1]), chance.uniform(0.5, 8) * MB) for _ in range(chance.randint(1, 6))]
    for at_s in times_s:
        yield level + sum(size for since_s, size in taken if at_s >= since_s) + chance.gauss(0, 0.2 * MB)


def sawtooth(chance: random.Random, times_s: list[float], level: float) -> Iterator[float]:
    """It grows and gives back, every few minutes up to every three hours."""
    period_s, height, phase = chance.uniform(300, 3 * HOUR_S), chance.uniform(1, 60) * MB, chance.random()
    for at_s in times_s:
        yield level + height * ((at_s / period_s + phase) % 1) + chance.gauss(0, 0.2 * MB)


def daily(chance: random.Random, times_s: list[float], level: float) -> Iterator[float]:
    """Night noise makes packets larger, and queues with them."""
    height, phase = chance.uniform(0.01, 0.12) * level, chance.uniform(0, 2 * math.pi)
    for at_s in times_s:
        yield level + height * math.sin(2 * math.pi * at_s / DAY_S + phase) + chance.gauss(0, 0.3 * MB)


def segment_starts(chance: random.Random, times_s: list[float], level: float) -> Iterator[float]:
    """More for some seconds whenever a segment begins."""
    for at_s in times_s:
        yield level + (chance.uniform(1, 10) * MB if at_s % 180 < 10 else 0) + chance.gauss(0, 0.1 * MB)


def levelling_off(chance: random.Random, times_s: list[float], level: float) -> Iterator[float]:
    """Caches that fill for hours."""
    slow_s, height = chance.uniform(0.05, 0.35) * times_s[-1], chance.uniform(0.05, 0.5) * level
    for at_s in times_s:
        yield level + height * (1 - math.exp(-at_s / slow_s)) + chance.gauss(0, 0.2 * MB)


def random_walk(chance: random.Random, times_s: list[float], level: float) -> Iterator[float]:
    away = 0.0
    for _ in times_s:
        away += chance.gauss(0, 0.1 * MB)
        yield max(level + away, MB)


def flat(chance: random.Random, times_s: list[float], level: float) -> Iterator[float]:
    for _ in times_s:
        yield level


def leaking(per_hour: float, chunk: float = 4096.0, wave: float = 0.0) -> Shape:
    """So many bytes an hour, in chunks; with `wave` it also differs by day and night, by that share of its level."""

    def shape(chance: random.Random, times_s: list[float], level: float) -> Iterator[float]:
        phase = chance.uniform(0, 2 * math.pi)
        for at_s in times_s:
            grown = at_s * per_hour / HOUR_S // chunk * chunk
            day = wave * level * math.sin(2 * math.pi * at_s / DAY_S + phase)
            yield level + grown + day + chance.gauss(0, 0.3 * MB)

    return shape


STEADY: tuple[Shape, ...] = (
    flat,
    noise,
    wandering,
    steps,
    sawtooth,
    daily,
    segment_starts,
    levelling_off,
    random_walk,
)
