"""What ffmpeg writes with `-progress`: blocks of `key=value` lines, each ended by a `progress=` line.

Source: fftools/ffmpeg.c, print_report. Values that ffmpeg does not know yet are `N/A` and read as 0. Pure; called
with the tail of the progress file, which may begin in the middle of a block and end in the middle of another.
"""

from __future__ import annotations

import math

from vmstui.model import Progress


def parse_progress(raw: bytes) -> Progress | None:
    """The last complete block of the tail, None if there is none."""
    end = raw.rfind(b"\nprogress=")
    while end >= 0 and b"\n" not in raw[end + 1 :]:  # the closing line itself is still being written
        end = raw.rfind(b"\nprogress=", 0, end)
    if end < 0:
        return None
    start = raw.rfind(b"\nprogress=", 0, end) + 1
    values = {}
    for line in raw[start:end].splitlines():
        key, found, value = line.partition(b"=")
        if found:
            values[key.decode("ascii", "replace")] = value.decode("ascii", "replace").strip()
    if "frame" not in values:  # cut off at its front, or no video output
        return None
    return Progress(
        frame=int(_number(values["frame"])),
        fps=_number(values.get("fps", "")),
        speed=_number(values.get("speed", "").removesuffix("x")),
        out_time_s=_number(values.get("out_time_us", "")) / 1e6,
        dup_frames=int(_number(values.get("dup_frames", ""))),
        drop_frames=int(_number(values.get("drop_frames", ""))),
    )


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0
