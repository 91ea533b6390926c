"""`vmstui history [CAMERA]`: what happened to cameras and why, with rule, measured value, threshold and outcome."""

from __future__ import annotations

import json
from collections.abc import Iterator

from vmstui.cli.lifecycle import socket_path
from vmstui.codec import from_json, to_json
from vmstui.control.call import call
from vmstui.model import Event
from vmstui.sanitise import clean

LONGEST = 2000


def history(camera: str | None, *, count: int, as_json: bool) -> int:
    """Print the newest events, oldest first."""
    answer = call(socket_path(), "history", {"camera": camera, "limit": min(count, LONGEST)}, timeout_s=30.0)
    for event in from_json(tuple[Event, ...], answer):
        print(json.dumps(to_json(event)) if as_json else "\n".join(lines(event)))
    return 0


def lines(event: Event) -> Iterator[str]:
    """One event, its evidence indented below it."""
    at = event.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    yield clean(f"{at} {event.camera} {event.kind.value:<10} {event.text}")
    indent = " " * len(at)
    for name, value in event.evidence:
        yield clean(f"{indent} {name}: {value}")
