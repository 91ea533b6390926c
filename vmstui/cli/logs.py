"""`vmstui logs [CAMERA] [-f] [-p] [--level L]`: masked lines of the workers and of the recorder, newest last."""

from __future__ import annotations

import json
import sys
import time

from vmstui.cli.lifecycle import socket_path
from vmstui.codec import from_json, to_json
from vmstui.control.call import call
from vmstui.model import LogLevel, LogLine, LogPage, RunLog

POLL_S = 0.5
_ORDER = (LogLevel.FATAL, LogLevel.ERROR, LogLevel.WARNING, LogLevel.INFO)


def logs(camera: str | None, *, follow: bool, level: str | None, count: int, as_json: bool) -> int:
    """Print the newest lines, then with `follow` what comes, until interrupted. Lines of unknown level always show."""
    path = socket_path()
    after, limit = 0, count
    while True:
        page = from_json(LogPage, call(path, "logs", {"camera": camera, "after": after, "limit": min(limit, 2000)}))
        if page.missed:
            print(f"({page.missed} lines came faster than they could be shown)", file=sys.stderr)
        for line in page.lines:
            if level is None or line.level is LogLevel.UNKNOWN or line.level in _worse(LogLevel(level)):
                print(json.dumps(to_json(line)) if as_json else _text(line))
        if not follow:
            return 0
        sys.stdout.flush()
        # 0 asks for the newest lines, so a log that was empty so far is followed from its first line on.
        after, limit = max(page.next_seq, 1 if page.lines else 0), 2000
        time.sleep(POLL_S)


def previous(camera: str, *, level: str | None, count: int, as_json: bool) -> int:
    """Print the newest lines of the run before the present one. Where nobody knows when a line came, none is told."""
    run = from_json(RunLog, call(socket_path(), "run_log", {"camera": camera, "back": 1, "limit": min(count, 2000)}))
    if run.older:
        print(f"(run {run.generation} has more lines than these)", file=sys.stderr)
    for number, line in enumerate(run.lines):
        if level is None or line.level is LogLevel.UNKNOWN or line.level in _worse(LogLevel(level)):
            timed = number >= run.untimed
            said = to_json(line)
            if isinstance(said, dict) and not timed:
                said["at"] = None
            print(json.dumps(said) if as_json else _text(line) if timed else " " * 19 + _text(line)[19:])
    return 0


def _worse(level: LogLevel) -> tuple[LogLevel, ...]:
    return _ORDER[: _ORDER.index(level) + 1]


def _text(line: LogLine) -> str:
    at = line.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    component = f"{line.component}: " if line.component else ""
    return f"{at} {line.camera} {line.level.value:<7} {component}{line.text}"
