"""The words of what is measured of the machine, and of what was measured over time, as frozen data; made by
`telemetry.machine`, `telemetry.gpu` and `telemetry.history_ask`.

Beside `model` and `footage`, by the same rules (no input or output, nothing of ours imported, units in the names,
instants timezone-aware UTC, and only what `control.protocol` can carry), and apart from them because few need it.
"""

from __future__ import annotations

from datetime import datetime

from vmstui.light_dataclass import dataclass

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
    overall: float | None = None
    """Mean of all that is known, each value by the time it tells of; None from a recorder that does not tell it."""
    known_s: float = 0.0
    """Of so much time."""

    @property
    def known(self) -> tuple[float, ...]:
        """The means that are known."""
        return tuple(value for value in self.mean if value is not None)

    @property
    def average(self) -> float:
        """Of all that is known; of a recorder that does not tell it, the mean of the means."""
        return self.overall if self.overall is not None else sum(self.known) / len(self.known)


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

    def counted(self, name: str) -> float | None:
        """What a rate comes to over the time that is known; None where none is."""
        column = self.column(name)
        if column is None:
            return None
        return column.average * column.known_s if column.known_s else sum(column.known) * self.step_s


@dataclass(frozen=True, slots=True)
class CpuPast:
    """CPU of everything that is measured, each by its subject, over the same time: as far as that is written."""

    until: datetime
    """Of the last mean, its end."""
    step_s: int
    """Seconds of a mean."""
    percents: dict[str, tuple[float | None, ...]]
    """Means, oldest first, as many of each; None where nothing is known."""


@dataclass(frozen=True, slots=True)
class DiskNow:
    """The disk of the recordings, over the last seconds."""

    device: str
    """Its name, such as `sda1`."""
    read_bytes_per_s: float
    write_bytes_per_s: float
    read_ms: float | None
    """What a read took on average, waiting included; None where there was none."""
    write_ms: float | None
    busy_percent: float
    """Of the time, in which it had anything to do; 100 is not yet its limit where it does several things at once."""


@dataclass(frozen=True, slots=True)
class EncoderSession:
    """A stream that a GPU encodes, for whichever process."""

    pid: int
    codec: str
    """`h264`, `h265`, `av1`, or `` for another one."""
    width: int
    height: int
    fps: int
    """On average, as the driver counts it."""


@dataclass(frozen=True, slots=True)
class SessionLimit:
    """How many sessions the GPU's encoder allowed when it refused one more. Drivers limit that on consumer models,
    differently from version to version, so it is never assumed."""

    sessions: int
    driver: str
    """Of which this was learnt; empty where it is not told."""
    at: datetime
    """When it was refused."""
    text: str
    """What ffmpeg said."""


@dataclass(frozen=True, slots=True)
class GpuNow:
    """A GPU; None for what it does not tell."""

    index: int
    name: str
    percent: float | None
    """Of the time, in which it computed anything."""
    encoder_percent: float | None
    decoder_percent: float | None
    memory_used_bytes: int | None
    memory_total_bytes: int | None
    temperature_celsius: float | None
    power_watts: float | None
    sessions: tuple[EncoderSession, ...] | None
    """Of its encoder."""


@dataclass(frozen=True, slots=True)
class MachineNow:
    """The machine, over the last seconds."""

    at: datetime
    cpu_percent: float
    """Of all cores, 100 = one core; without what the host of a virtual machine took away."""
    core_percents: tuple[float, ...]
    steal_percent: float
    """What the host took away, of all cores."""
    load: float
    """Of the last minute."""
    memory_used_bytes: int
    """What is not available to a new process."""
    memory_total_bytes: int
    disk: DiskNow | None
    """None where the recordings are on no disk of this machine: in memory, on the network, on an overlay."""
    received_bytes_per_s: float
    """Over its network cards, the loopback apart."""
    sent_bytes_per_s: float
    temperature_celsius: float | None
    """Of the CPU, where that is told."""
    gpus: tuple[GpuNow, ...] = ()
