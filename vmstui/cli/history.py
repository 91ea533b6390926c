"""`vmstui history [CAMERA]`: what happened to cameras and why, with rule, measured value, threshold and outcome.

As the recorder sent it, without the words of the model: to load them takes longer than all the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, cast

from vmstui.cli.recorder_socket import socket_path
from vmstui.control.call import call
from vmstui.sanitise import clean

if TYPE_CHECKING:
    from vmstui.codec import Json

LONGEST = 2000
_EVIDENCE = {"rule": "rule", "measured": "measured", "threshold": "limit", "outcome": "outcome"}
"""What an event tells beside its text, and what that is called here; as `model.Event.evidence` has it."""


def history(camera: str | None, *, count: int, as_json: bool) -> int:
    """Print the newest events, oldest first."""
    answer = call(socket_path(), "history", {"camera": camera, "limit": min(count, LONGEST)}, timeout_s=30.0)
    for event in cast("list[dict[str, Json]]", answer):
        print(json.dumps(event) if as_json else "\n".join(lines(event)))
    return 0


def lines(event: Mapping[str, Json]) -> Iterator[str]:
    """One event, its evidence indented below it."""
    at = datetime.fromisoformat(str(event["at"])).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    yield clean(f"{at} {event['camera']} {event['kind']:<10} {event['text']}")
    indent = " " * len(at)
    for key, name in _EVIDENCE.items():
        value = event.get(key)
        if value and not (key == "rule" and value == event["text"]):
            yield clean(f"{indent} {name}: {value}")
