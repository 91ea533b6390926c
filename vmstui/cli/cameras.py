"""`vmstui start|stop|restart CAMERA… [--wait]`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from vmstui.cli.lifecycle import socket_path
from vmstui.codec import Json
from vmstui.control.call import call

WAIT_S = 60.0
POLL_S = 0.25


def command(name: str, cameras: tuple[str, ...], *, every: bool, wait: bool, as_json: bool) -> int:
    """Ask the service; with `wait`, until the cameras are what was asked for. 1 when they do not get there."""
    if every == bool(cameras):
        print(f"vmstui {name}: name cameras, or --all for all of them", file=sys.stderr)
        return 2
    path = socket_path()
    before = _cameras(path)
    chosen: Json = "all" if every else list(cameras)
    call(path, name, {"cameras": chosen, "by": f"vmstui {name}"})
    ids = tuple(before) if every else cameras
    after = _waited(path, name, ids, before) if wait else _cameras(path)
    reached = [camera for camera in ids if _reached(name, before.get(camera, {}), after.get(camera, {}))]
    if as_json:
        print(json.dumps({camera: after.get(camera) for camera in ids}))
    else:
        for camera in ids:
            now = after.get(camera, {})
            reason = f" ({now['reason']})" if now.get("reason") else ""
            print(f"{camera}: {now.get('state', 'gone')}{reason}, generation {now.get('generation', '-')}")
    return 0 if not wait or len(reached) == len(ids) else 1


def _waited(
    path: Path, name: str, ids: tuple[str, ...], before: Mapping[str, Mapping[str, Json]]
) -> dict[str, dict[str, Json]]:
    deadline = time.monotonic() + WAIT_S
    while True:
        now = _cameras(path)
        done = all(_reached(name, before.get(camera, {}), now.get(camera, {})) for camera in ids)
        if done or time.monotonic() > deadline:
            return now
        time.sleep(POLL_S)


def _reached(name: str, before: Mapping[str, Json], now: Mapping[str, Json]) -> bool:
    if name == "stop":
        return now.get("state") == "stopped"
    again = name != "restart" or now.get("generation") != before.get("generation")
    return now.get("state") == "recording" and again


def _cameras(path: Path) -> dict[str, dict[str, Json]]:
    snapshot = call(path, "snapshot")
    cameras = snapshot.get("cameras") if isinstance(snapshot, dict) else None
    entries = cameras if isinstance(cameras, list) else []
    return {str(entry["id"]): entry for entry in entries if isinstance(entry, dict)}
