"""What published recordings are called: `Duc_Tai_Dendo_1/2025-10-20/Duc_Tai_Dendo_1_20251020_075459.mp4`. Pure.

The part that comes from the camera's name is made by `settings.names`, whose rule the configuration uses as well, to
refuse two cameras with one folder. Times in names are those of the configured zone, the machine's own by
default; an hour that comes twice in autumn brings names that are taken, which `with_suffix` resolves.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

SUFFIX = ".mp4"


def segment_path(folder: str, started_at: datetime, zone: tzinfo | None) -> tuple[tuple[str, str], str]:
    """Folders below `recordings`, and file name, of a segment that began at a time (UTC).

    `folder` is that of the camera (`settings.names.camera_folder`); `zone` None is the zone of the machine.
    """
    local = started_at.astimezone(zone)
    return (folder, local.strftime("%Y-%m-%d")), f"{folder}_{local.strftime('%Y%m%d_%H%M%S')}{SUFFIX}"


def zone_of(name: str) -> tzinfo | None:
    """The zone of file names, by its name in the configuration; None is that of the machine, for `local`."""
    if name in ("local", "UTC"):
        return None if name == "local" else UTC
    from zoneinfo import ZoneInfo  # here, since most need it not, and it takes a megabyte

    return ZoneInfo(name)


def with_suffix(name: str, number: int) -> str:
    """The name for the `number`-th file that would have had it: `…_075459_2.mp4`; the first keeps it."""
    if number < 2:
        return name
    stem, dot, extension = name.rpartition(".")
    return f"{stem}_{number}{dot}{extension}" if stem else f"{name}_{number}"
