"""Where things lie below the recordings folder. One place, so that all who write there agree.

    <recordings>/<Name>/<YYYY-MM-DD>/<Name>_YYYYMMDD_HHMMSS.mp4     published segments, for people
    <recordings>/.vmstui/spool/<camera>/<generation>/000000.mp4     being written, by one worker
    <recordings>/.vmstui/spool/<camera>/<generation>/segments.csv   what that worker has closed, in order
    <recordings>/.vmstui/quarantine/<camera>/                       what does not play, with the reason

Everything is on one file system, so that publishing is a rename.
"""

from __future__ import annotations

from pathlib import Path

INTERNAL = ".vmstui"
SEGMENT_LIST = "segments.csv"
SEGMENT_SUFFIX = ".mp4"


def spool_root(recordings: Path, camera: str) -> Path:
    """The folder of all generations of a camera."""
    return recordings / INTERNAL / "spool" / camera


def spool_folder(recordings: Path, camera: str, generation: int) -> Path:
    """The folder one worker writes into."""
    return spool_root(recordings, camera) / f"{generation:06d}"


def recordings_of(spool: Path) -> Path:
    """The recordings folder that a generation's spool folder belongs to, also after the configuration changed."""
    return spool.parents[3]


def quarantine_folder(recordings: Path, camera: str) -> Path:
    """Where files of a camera go that do not play."""
    return recordings / INTERNAL / "quarantine" / camera
