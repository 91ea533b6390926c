"""`vmstui logs [CAMERA] [-f] [-p] [--level L]`: masked lines of the workers and of the recorder, newest last.

As the recorder sent them, without the words of the model: to load them takes longer than all the rest.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, cast

from vmstui.cli.recorder_socket import socket_path
from vmstui.control.call import call

if TYPE_CHECKING:
    from typing import TypedDict

    from vmstui.codec import Json

    class _Line(TypedDict):
        """Of `model.LogLine`, what is shown."""

        at: str | None
        camera: str
        level: str
        component: str
        text: str

    class _Page(TypedDict):
        """`model.LogPage`."""

        lines: list[_Line]
        next_seq: int
        missed: int

    class _Run(TypedDict):
        """Of `model.RunLog`, what is shown."""

        generation: int
        lines: list[_Line]
        untimed: int
        older: bool


POLL_S = 0.5
LEVELS = ("fatal", "error", "warning", "info")
"""Worst first. Lines of any other level always show."""


def logs(camera: str | None, *, follow: bool, level: str | None, count: int, as_json: bool) -> int:
    """Print the newest lines, then with `follow` what comes, until interrupted. Lines of unknown level always show."""
    path = socket_path()
    after, limit = 0, count
    while True:
        page = cast("_Page", call(path, "logs", {"camera": camera, "after": after, "limit": min(limit, 2000)}))
        if page["missed"]:
            print(f"({page['missed']} lines came faster than they could be shown)", file=sys.stderr)
        for line in page["lines"]:
            if _shows(line, level):
                print(json.dumps(line) if as_json else _text(line))
        if not follow:
            return 0
        sys.stdout.flush()
        # 0 asks for the newest lines, so a log that was empty so far is followed from its first line on.
        after, limit = max(page["next_seq"], 1 if page["lines"] else 0), 2000
        time.sleep(POLL_S)


def previous(camera: str, back: int, *, level: str | None, count: int, as_json: bool) -> int:
    """Print the newest lines of the run so many before the present one. Where nobody knows when a line came, no time is
    told."""
    asked: dict[str, Json] = {"camera": camera, "back": back, "limit": min(count, 2000)}
    run = cast("_Run", call(socket_path(), "run_log", asked))
    if run["older"]:
        print(f"(run {run['generation']} has more lines than these)", file=sys.stderr)
    for number, line in enumerate(run["lines"]):
        if _shows(line, level):
            if number < run["untimed"]:
                line["at"] = None
            print(json.dumps(line) if as_json else _text(line))
    return 0


def _shows(line: _Line, level: str | None) -> bool:
    return level is None or line["level"] not in LEVELS[LEVELS.index(level) + 1 :]


def _text(line: _Line) -> str:
    at = line["at"]
    told = " " * 19 if at is None else datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    component = f"{line['component']}: " if line["component"] else ""
    return f"{told} {line['camera']} {line['level']:<7} {component}{line['text']}"
