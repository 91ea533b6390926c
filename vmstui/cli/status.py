"""`vmstui status`: what the recorder does now, as a table or as the JSON it sent.

With `--json` the answer of the service is passed on as it came: nothing is decoded, so the command needs little more
time than Python's own start.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

from vmstui.cli.recorder_socket import socket_path
from vmstui.control.call import call

if TYPE_CHECKING:
    from vmstui.codec import Json


def status(*, as_json: bool, watch: bool) -> int:
    """Print it once, or every second until interrupted. Exit code 1 when not all is well."""
    while True:
        answer = call(socket_path(), "snapshot")
        if as_json:
            print(json.dumps(answer))
        else:
            from vmstui.cli.picture import picture
            from vmstui.cli.printing import terminal_width

            print(picture(answer, terminal_width()))
        if not watch:
            return 0 if all_well(answer) else 1
        sys.stdout.flush()
        time.sleep(1.0)


def all_well(snapshot: Json) -> bool:
    """Whether every wanted camera is recorded, so that it plays, and none is failing; one that records again after that
    is on trial."""
    cameras = snapshot.get("cameras") if isinstance(snapshot, dict) else None
    if not isinstance(cameras, list):
        return False
    wanted = [camera for camera in cameras if isinstance(camera, dict) and camera["wanted"]]
    return all(
        camera["state"] == "recording" and camera.get("failing_since") is None and not _is_down(camera)
        for camera in wanted
    )


def _is_down(camera: dict[str, Json]) -> bool:
    """Whether nothing of worth is recorded, though a worker does what it can."""
    outputs = camera.get("outputs")
    if not isinstance(outputs, list):
        return False
    return any(one["kind"] == "recording" and one["state"] == "down" for one in outputs if isinstance(one, dict))
