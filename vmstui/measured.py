"""The words of what was measured over time, as frozen data; made by `telemetry.history`.

Beside `model` and `footage`, by the same rules (no input or output, nothing of ours imported, units in the names,
instants timezone-aware UTC, and only what `control.protocol` can carry), and apart from them because few need it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MACHINE, SERVICE, RELAY, ALL = "@machine", "@service", "@relay", "@all"
"""Subjects that are no camera, which no id of a camera looks like; `@all` is all workers, the relay and the service
together."""
OWN_SUBJECTS = (ALL, SERVICE, RELAY, MACHINE)
MAX_POINTS = 1000
"""Of one answer."""


@dataclass(frozen=True, slots=True)
class Column:
    """One quantity, a value for each point; None where it is not known."""

    name: str
    """With its unit, such as `cpu_percent`."""
    minimum: tuple[float | None, ...]
    mean: tuple[float | None, ...]
    maximum: tuple[float | None, ...]

    @property
    def known(self) -> tuple[float, ...]:
        """The means that are known."""
        return tuple(value for value in self.mean if value is not None)


@dataclass(frozen=True, slots=True)
class Overlap:
    """A time by the wall clock that passed more than once, since that clock was put back."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one subject, at equal distances. Point `n` tells of `step_s` seconds from
    `since + n * step_s` on; where a time passed twice, of both."""

    subject: str
    since: datetime
    until: datetime
    """Of the last point, its end."""
    step_s: int
    tier_s: int
    """What it was kept at: 1, 10 or 60 seconds, the newest part more finely as long as that is at hand."""
    columns: tuple[Column, ...] = ()
    """None where nothing is known of that time."""
    oldest_at: datetime | None = None
    """Since when anything is known of this subject; None: it is not known at all."""
    overlaps: tuple[Overlap, ...] = ()

    def column(self, name: str) -> Column | None:
        """The quantity of that name."""
        return next((column for column in self.columns if column.name == name), None)
