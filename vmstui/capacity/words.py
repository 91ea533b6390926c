"""The words of the projection of capacity, as frozen data: what was measured, what is asked, what follows.

By the rules of `model` (units in the names, only what `codec` can carry). Percentages of CPU are of one core. Amounts
of a resource are in its own unit, the same for its cost, use and limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Resource(StrEnum):
    """What cameras need and a machine has only so much of."""

    CPU = "CPU"
    """Percent of a core."""
    MEMORY = "memory"
    """Bytes."""
    ENCODER_SESSIONS = "encoder sessions"
    """Open sessions of the GPU's encoder."""
    ENCODER = "encoder"
    """Percent of the GPU's encoder."""
    DECODER = "decoder"
    """Percent of the GPU's decoder."""
    GPU_MEMORY = "GPU memory"
    """Bytes."""
    DISK_WRITE = "disk writes"
    """Bytes per second."""
    RETENTION = "retention"
    """Bytes that have to lie on the disk for the days that are promised."""
    NETWORK = "network"
    """Bytes per second that come in."""


# --------------------------------------------------------------------------------------------------------------------
# What was measured
# --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """What one camera takes of one resource."""

    resource: Resource
    values: tuple[float | None, ...]
    """Over the window, the newest first: number `n` is the mean of the `BLOCK_S` seconds that ended so many times that
    ago, so that those of two cameras tell of the same instant. None: not known then; one of them is known. Only one
    where no more is known."""


@dataclass(frozen=True, slots=True)
class MeasuredCamera:
    """One camera that is recorded, or should be."""

    camera: str
    profile: str
    reencodes: bool = False
    """Whether any of its outputs is encoded rather than copied."""
    window_s: float = 0.0
    """How long it was measured."""
    taken: tuple[Taken, ...] = ()
    """None where it was not measured: it is counted at the cost of its like, as it will take that when it is back."""
    promised_days: float | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """How much there is of one resource."""

    resource: Resource
    limit: float | None
    """None: not known."""
    beside: float = 0.0
    """What is taken of it by all that is not a camera, and stays whatever is added: the fixed cost."""
    why: str = ""
    """Where the limit is from; or why it is not known, or does not count."""
    counts: bool = True
    """Whether it can end anything: footage whose days nobody promised never runs out of room."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A machine and its cameras. Whoever has measurements can make one: `seen` does from the control socket."""

    cameras: tuple[MeasuredCamera, ...]
    limits: tuple[Limit, ...]


# --------------------------------------------------------------------------------------------------------------------
# What is asked
# --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question:
    """What if? As things are where nothing is said."""

    profile: str | None = None
    """Of the cameras that are added; None: such as there are, in the shares there are."""
    budget_percent: float | None = None
    """CPU for everything together, 100 = one core."""
    cameras: int | None = None
    """Would so many fit?"""
    retention_days: float | None = None
    """Promised of every camera."""


# --------------------------------------------------------------------------------------------------------------------
# What follows
# --------------------------------------------------------------------------------------------------------------------


class Standing(StrEnum):
    """What is known of one resource."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    """It may end it sooner than what is known."""
    UNUSED = "unused"
    """It cannot end it: no camera takes any of it, or nothing was promised."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One resource: what a camera takes, what is in use, what there is. `typical` is the median of the window, `busy`
    its 95th percentile; they are equal where only one figure is known, and None where none is."""

    resource: Resource
    standing: Standing
    typical: float | None
    """One more camera."""
    busy: float | None
    used_typical: float
    """All that should run now, and what is there without any."""
    used_busy: float
    beside: float
    """Of that, what is no camera's."""
    limit: float | None
    more: int | None
    """Busy cameras it still has room for; negative where there are too many. None: no end to it, or it is not known."""
    why: str
    """As in `Limit`."""


@dataclass(frozen=True, slots=True)
class Row:
    """So many cameras."""

    cameras: int
    cpu_percent: float
    """The median."""
    cpu_busy_percent: float
    over: tuple[Resource, ...]
    """What there would not be enough of; empty: they fit, by all that is known."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """What the cost of one more camera rests on."""

    cameras: int
    """That were measured."""
    window_s: float
    """How long: the median over them."""
    spread: float
    """By how much the CPU of a busy camera is above the median, as a share of that."""
    variation: float
    """Coefficient of variation of their CPU: standard deviation, about the mean of each profile, by the mean."""
    provisional: tuple[str, ...]
    """Why not to rely on it, each a few words; empty: nothing speaks against it."""


@dataclass(frozen=True, slots=True)
class ProfileRoom:
    """As many more of one profile."""

    profile: str
    cameras: int
    """That were measured."""
    cpu_percent: float
    """Of one, the median."""
    more: int | None
    binding: Resource | None


@dataclass(frozen=True, slots=True)
class Change:
    """Something that would move the limit."""

    what: str
    more: int
    """By so many cameras."""
    limit: Resource | None
    """What would end it then; None: nothing that is known."""
    assumed: str = ""
    """What was assumed rather than measured."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """The answer."""

    running: int
    """Cameras that are recorded or should be; 0 where the cost was given."""
    waiting: int
    """Of them, those that do not record now, so that they are counted at the cost of their like."""
    profile: str
    """Of the cameras that are added; empty: such as there are."""
    maximum: int | None
    """The most that fit when all are busy, which is what goes; None: nothing that is known ends it."""
    typical_maximum: int | None
    """The most that fit on the median."""
    binding: Resource | None
    """What ends it."""
    costs: tuple[Cost, ...]
    """Every resource, whether known or not."""
    rows: tuple[Row, ...]
    """From those that run, or one, to the first number that does not fit."""
    confidence: Confidence
    profiles: tuple[ProfileRoom, ...] = ()
    changes: tuple[Change, ...] = ()
    asked: int | None = None
    """Cameras in the question."""

    @property
    def more(self) -> int | None:
        """Cameras that fit beside those there are; negative: there are too many."""
        return None if self.maximum is None else self.maximum - self.running

    @property
    def unknown(self) -> tuple[Resource, ...]:
        """What may end it sooner."""
        return tuple(cost.resource for cost in self.costs if cost.standing is Standing.UNKNOWN)

    @property
    def fits(self) -> bool:
        """Whether what is asked fits, and what runs; as far as is known."""
        return self.maximum is None or self.maximum >= max(self.running, self.asked or 0)

    def cost(self, resource: Resource) -> Cost:
        """Of one resource."""
        return next(cost for cost in self.costs if cost.resource is resource)
