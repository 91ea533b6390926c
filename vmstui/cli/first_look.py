"""What a person wants to know while the dashboard is still being loaded: whether everything records, and what does not.

Loading takes half a second, on a slow or busy machine two; this needs nothing but the recorder's answer. It is printed
below the command and taken away again before the dashboard has the screen.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vmstui.control.call import call
from vmstui.control.errors import RecorderError
from vmstui.sanitise import clean

if TYPE_CHECKING:
    from vmstui.codec import Json

LIMIT_S = 0.5
MOST_LINES = 12
WELL = "recording"


def first_look(path: Path) -> int:
    """Print it; how many lines that were, for `take_away`. Nothing where the recorder does not answer at once."""
    try:
        lines = looked(call(path, "snapshot", timeout_s=LIMIT_S), *shutil.get_terminal_size())
    except (RecorderError, KeyError, TypeError, AttributeError):  # whatever it is, the dashboard will tell
        return 0
    text = "".join(f"{line}\n" for line in lines)
    sys.stdout.write(text.encode(sys.stdout.encoding, "replace").decode(sys.stdout.encoding))
    sys.stdout.flush()
    return len(lines)


def take_away(lines: int) -> None:
    """So many lines above the cursor, and whatever is below it."""
    if lines:
        sys.stdout.write(f"\x1b[{lines}A\x1b[J")
        sys.stdout.flush()


def looked(snapshot: Json, columns: int, rows: int) -> list[str]:
    """Of a snapshot as it came over the socket, for a terminal of that size: no line is wider, nor are there more."""
    assert isinstance(snapshot, dict)
    cameras = snapshot["cameras"]
    assert isinstance(cameras, list)
    wanted = [camera for camera in cameras if isinstance(camera, dict) and camera["wanted"]]
    unwell = [camera for camera in wanted if camera["state"] != WELL]
    told = [f"{snapshot['host']}: {len(wanted) - len(unwell)}/{len(wanted)} recording"]
    told += [f"  {one['name']}: {str(one['state']).replace('_', ' ')}: {one['reason']}" for one in unwell]
    most = max(min(rows - 2, MOST_LINES), 1)
    if len(told) > most:
        told = [*told[: most - 1], f"  and {len(told) - most + 1} more"]
    return [_cut(clean(line), columns - 1) for line in told]


def _cut(line: str, cells: int) -> str:
    """A character may take two cells; a line that wraps could not be taken away."""
    return line[: cells if line.isascii() else cells // 2]
