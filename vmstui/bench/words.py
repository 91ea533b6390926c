"""The words of the layout bench, as frozen data: what was measured, and what follows.

By the rules of `model`: units in the names, only what `codec` can carry, so that the last result is a file that
`vmstui report` and programs read (`kept`). 100 % of CPU is one core.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

FORMAT = 1
"""Of the file; a reader refuses another one."""


class Layout(StrEnum):
    """How the outputs of a camera map to processes, and what makes them; heaviest first, as a rule."""

    SEPARATE_SOFTWARE = "separate, software"
    SEPARATE_BEST = "separate, best"
    SINGLE = "single"
    SINGLE_COPY = "single, copy"

    @property
    def separate(self) -> bool:
        """A process per output."""
        return self in (Layout.SEPARATE_SOFTWARE, Layout.SEPARATE_BEST)


@dataclass(frozen=True, slots=True)
class Source:
    """A camera as it was seen before the first round."""

    camera: str
    codec: str
    """`h264` or `h265`."""
    width: int
    height: int
    fps: float
    bitrate_bps: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One layout over one window of one round, all cameras together."""

    layout: Layout
    round: int
    """From 1."""
    elapsed_s: float
    cpu_s: float
    """User and system time of all its processes, by the kernel's clock of each."""
    even_cpu_s: float
    """The same had each kept exactly up: what counts. Other than `cpu_s` where one fell behind or caught up."""
    processes: int
    rss_bytes: int
    """At the end of the window, of all of them."""
    speed: float
    """Frames that the slowest process took in, by those its camera sent: below 1 it did not keep up."""


@dataclass(frozen=True, slots=True)
class LayoutResult:
    """One layout over all rounds; percentages are medians, least and most over the rounds."""

    layout: Layout
    encoders: str
    """`libx265 + libx264`, `copy + copy`: of the recording and of the live stream."""
    processes: int
    cpu_percent: float
    """All cameras together."""
    camera_percent: float
    camera_least_percent: float
    camera_most_percent: float
    rss_bytes: int
    maximum: int | None
    """Cameras that fit into the CPU budget."""
    kept_up: bool
    """In every round. Where not, its CPU is reckoned from the frames it took in."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A layout that was not measured."""

    layout: Layout
    why: str


@dataclass(frozen=True, slots=True)
class Difference:
    """CPU of one layout against that of another in the same round, in percent: -42 is 42 % less."""

    layout: Layout
    against: Layout
    percent: float
    least_percent: float
    most_percent: float


@dataclass(frozen=True, slots=True)
class Setting:
    """What it was measured on and with."""

    at: datetime
    host: str
    machine: str
    """Model of the CPU and number of cores."""
    ffmpeg: str
    version: str
    """Of vmstui."""
    simulated: bool
    profile: str
    recording: str
    """What the profile asks for: `H.265, 1.5 Mbit/s`."""
    live: str
    rounds: int
    window_s: float
    budget_percent: float
    budget_why: str


@dataclass(frozen=True, slots=True)
class BenchResult:
    """All that `vmstui bench` found."""

    format: int
    setting: Setting
    sources: tuple[Source, ...]
    layouts: tuple[LayoutResult, ...]
    differences: tuple[Difference, ...]
    """Of every layout against every other one."""
    left_out: tuple[LeftOut, ...]
    turns: tuple[Turn, ...]

    def layout(self, layout: Layout) -> LayoutResult | None:
        """Of one layout, None where it was left out."""
        return next((one for one in self.layouts if one.layout is layout), None)

    def difference(self, layout: Layout, against: Layout) -> Difference | None:
        """Of one layout against another."""
        return next((one for one in self.differences if (one.layout, one.against) == (layout, against)), None)
