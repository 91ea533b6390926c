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
    block = raw[raw.rfind(b"\nprogress=", 0, end) + 1 : end]
    values = {key: value.strip() for key, _, value in (line.partition(b"=") for line in block.split(b"\n"))}
    if b"frame" not in values:  # cut off at its front, or no video output
        return None
    return Progress(
        frame=int(_number(values[b"frame"])),
        fps=_number(values.get(b"fps", b"")),
        speed=_number(values.get(b"speed", b"").removesuffix(b"x")),
        out_time_s=_number(values.get(b"out_time_us", b"")) / 1e6,
        dup_frames=int(_number(values.get(b"dup_frames", b""))),
        drop_frames=int(_number(values.get(b"drop_frames", b""))),
    )


def _number(text: bytes) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0
