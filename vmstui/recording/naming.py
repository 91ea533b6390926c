"""Names of published segments: `<Name>/<YYYY-MM-DD>/<Name>_YYYYMMDD_HHMMSS.mp4`. Pure.

Times in names are those of the wall clock where people look for footage; two segments may then want one name when
clocks go back, which is settled by a suffix, never by replacing.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from pathlib import PurePath

from vmstui.model import Camera
from vmstui.settings.names import camera_folder


def segment_path(camera: Camera, started_at: datetime, zone: tzinfo | None) -> PurePath:
    """Path of a segment below the recordings folder. `zone` None is the machine's local time."""
    stem = camera_folder(camera)
    local = started_at.astimezone(zone)
    return PurePath(stem, f"{local:%Y-%m-%d}", f"{stem}_{local:%Y%m%d_%H%M%S}.mp4")


def with_suffix(name: str, number: int) -> str:
    """The name a clash leads to: `…_075459_2.mp4` for number 2; number 1 is the name itself."""
    if number <= 1:
        return name
    stem, dot, extension = name.rpartition(".")
    return f"{stem}_{number}{dot}{extension}"
