"""The words of what a worker spends its CPU time on, as frozen data; measured by `telemetry.stages`.

Beside `model`, by the same rules (no input or output, nothing of ours imported, units in the names, instants
timezone-aware UTC, and only what `control.protocol` can carry), and apart from it because few need it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from vmstui.light_dataclass import dataclass


class Stage(StrEnum):
    """A part of the work of a worker, in the order of the way of a frame through it."""

    DEMUX = "demux (RTSP)"
    """Receiving the camera's stream and taking it apart into packets."""
    DECODE = "decode"
    FILTER = "filter"
    """Scaling, frame rate, pixel format."""
    ENCODE_RECORDING = "encode recording"
    ENCODE_LIVE = "encode live"
    ENCODE = "encode"
    """Of several outputs where one filter graph feeds them all, so that their threads cannot be told apart."""
    MUX = "mux"
    """Writing segments and publishing the live stream."""
    OTHER = "other"
    """ffmpeg's main thread, threads of drivers, and threads that ended while it was measured."""

    @property
    def column(self) -> str:
        """What its CPU time is called in the history of samples."""
        return f"stage_{self.name.lower()}_percent"


@dataclass(frozen=True, slots=True)
class StageShare:
    """One stage. 100 % is one core."""

    stage: Stage
    cpu_percent: float


@dataclass(frozen=True, slots=True)
class StageBreakdown:
    """CPU time of one worker by stages, over `elapsed_s` until `at`."""

    camera: str
    pid: int | None
    at: datetime | None
    """None: not measured."""
    elapsed_s: float
    cpu_percent: float
    """Of the process as a whole, by its own clock: what the shares have to add up to."""
    shares: tuple[StageShare, ...]
    """Those that the worker has, in the order of `Stage`."""
    reason: str
    """Why there are no shares; empty when there are."""
    pending: bool = False
    """There will be some soon: it is being measured, or the worker has only just started."""
