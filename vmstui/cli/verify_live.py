"""`vmstui verify --live`: the recorder watches its live streams as a player does, one after the other, and tells what
they are. What the recorder sees by itself every few minutes is in `vmstui status` and on the dashboard."""

from __future__ import annotations

import json
import sys

from vmstui.cli.recorder_socket import socket_path
from vmstui.codec import from_json, to_json
from vmstui.configured import OutputKind
from vmstui.control.call import call
from vmstui.live_check import LiveCheck
from vmstui.model import RecorderSnapshot
from vmstui.sanitise import clean
from vmstui.spoken import codec_name

PATIENCE_S = 60.0
"""One look takes some seconds, but somebody else may be waiting for another one."""


def verify_live(camera: str | None, *, as_json: bool) -> int:
    """Print what was seen; exit code 1 when a stream is not well."""
    path = socket_path()
    snapshot = from_json(RecorderSnapshot, call(path, "snapshot"))
    published = [entry.id for entry in snapshot.cameras if entry.wanted and entry.output(OutputKind.LIVE) is not None]
    well = 0
    cameras = [camera] if camera is not None else published
    for number, name in enumerate(cameras, 1):
        _progress(f"watching {name}, {number} of {len(cameras)}")
        found = from_json(LiveCheck, call(path, "live_check", {"camera": name}, timeout_s=PATIENCE_S))
        _progress("")
        well += found.well
        print(json.dumps(to_json(found)) if as_json else "\n".join(lines(found)), flush=True)
    if not as_json:
        print(f"{well} of {len(cameras)} live streams are well" if cameras else "no camera has a live stream")
    return 0 if well == len(cameras) else 1


def lines(found: LiveCheck) -> list[str]:
    """One stream, as an owner would write it into a report."""
    shown = [f"{found.camera}: {found.url}"]
    if found.first_picture_s is not None:
        shown.append(f"  stream accessible via RTSP, first picture after {found.first_picture_s:.2f} s")
    if found.pictures:
        shown += [
            f"  codec       {codec_name(found.codec, 'not known')}",
            f"  resolution  {found.width}x{found.height}" if found.width else "  resolution  not told",
            f"  frame rate  {found.fps:.2f} fps",
            f"  bitrate     {found.bitrate_bps / 1e6:.2f} Mbit/s, over {found.watched_s:.1f} s",
        ]
    if not found.well:
        shown.append(f"  NOT WELL: {found.reason}")
    return [clean(line) for line in shown]


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{clean(text)[:100]}", end="", file=sys.stderr, flush=True)
