"""`vmstui start|stop|restart CAMERA… [--wait]`; with `--wait` a restart tells what it cost, as measured."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from vmstui.cli.recorder_socket import socket_path
from vmstui.codec import Json
from vmstui.control.call import call

if TYPE_CHECKING:
    from vmstui.model import Changeover

WAIT_S = 90.0
"""For one camera; of many that wait for each other's turn, for the next one."""
LONGEST_SEGMENT_S = 3600.0
MEASURE_S = 15.0
"""What a restart cost is known some seconds after it: the last segment of the old worker is looked through first."""
POLL_S = 0.25


def command(
    name: str, cameras: tuple[str, ...], how: Mapping[str, bool | str | None], *, every: bool, wait: bool, as_json: bool
) -> int:
    """Ask the service; with `wait`, until the cameras are what was asked for. 1 when they do not get there.

    `how` are further parameters of the request.
    """
    if every == bool(cameras):
        print(f"vmstui {name}: name cameras, or --all for all of them", file=sys.stderr)
        return 2
    path = socket_path()
    before = _cameras(path)
    chosen: Json = "all" if every else list(cameras)
    call(path, name, {"cameras": chosen, "by": f"vmstui {name}", **how})
    ids = tuple(before) if every else cameras
    # A restart of all concerns those that are to be recorded: what a person stopped stays stopped.
    asked = tuple(camera for camera in ids if name != "restart" or before.get(camera, {}).get("wanted"))
    limit_s = WAIT_S + (LONGEST_SEGMENT_S if how.get("at_boundary") else 0.0)
    after = _waited(path, name, asked, before, limit_s) if wait else _cameras(path)
    reached = [camera for camera in asked if _reached(name, before.get(camera, {}), after.get(camera, {}))]
    if as_json:
        print(json.dumps({camera: after.get(camera) for camera in ids}))
    else:
        for camera in ids:
            now = after.get(camera, {})
            reason = f" ({now['reason']})" if now.get("reason") else ""
            more = f"; {_cost(now)}" if wait and name == "restart" and camera in reached else ""
            more = more if camera in asked else f"; left as it is, start it with: vmstui start {camera}"
            print(f"{camera}: {now.get('state', 'gone')}{reason}, generation {now.get('generation', '-')}{more}")
    return 0 if not wait or len(reached) == len(asked) else 1


def _waited(
    path: Path, name: str, ids: tuple[str, ...], before: Mapping[str, Mapping[str, Json]], limit_s: float
) -> dict[str, dict[str, Json]]:
    deadline = time.monotonic() + limit_s
    measured_by = 0.0
    reached = 0
    while True:
        now = _cameras(path)
        reached_before = reached
        reached = sum(_reached(name, before.get(camera, {}), now.get(camera, {})) for camera in ids)
        if reached > reached_before:
            deadline = max(deadline, time.monotonic() + WAIT_S)
        if reached == len(ids):
            measured_by = measured_by or time.monotonic() + MEASURE_S
            recorded = [camera for camera in ids if before.get(camera, {}).get("state") == "recording"]
            known = name != "restart" or all(_measured(now.get(camera, {})) is not None for camera in recorded)
            if known or time.monotonic() > measured_by:
                return now
        if time.monotonic() > deadline:
            return now
        time.sleep(POLL_S)


def _reached(name: str, before: Mapping[str, Json], now: Mapping[str, Json]) -> bool:
    if name == "stop":
        return now.get("state") == "stopped"
    again = name != "restart" or now.get("generation") != before.get("generation")
    return now.get("state") == "recording" and again


def _measured(now: Mapping[str, Json]) -> Changeover | None:
    """What lies between the present generation and the one before it; None while it is not known."""
    from vmstui.codec import from_json
    from vmstui.model import Changeover

    raw = now.get("changeover")
    found = None if raw is None else from_json(Changeover, raw)
    return found if found is not None and found.after == now.get("generation") and not now.get("beside_pid") else None


def _cost(now: Mapping[str, Json]) -> str:
    return str(_measured(now) or "what it cost could not be measured")


def _cameras(path: Path) -> dict[str, dict[str, Json]]:
    snapshot = call(path, "snapshot")
    cameras = snapshot.get("cameras") if isinstance(snapshot, dict) else None
    entries = cameras if isinstance(cameras, list) else []
    return {str(entry["id"]): entry for entry in entries if isinstance(entry, dict)}
