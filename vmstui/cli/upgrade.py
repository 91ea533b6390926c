"""`vmstui upgrade`: the version this command belongs to takes the place of the running service; no worker is touched.

The service does the work; this asks it, and then asks whoever answers at its socket what came of it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from vmstui.cli.recorder_socket import socket_path
from vmstui.codec import Json
from vmstui.control.call import call
from vmstui.control.errors import RecorderError, RecorderLost
from vmstui.own_process import PACKAGE_ROOT, own_python

ASK_TIMEOUT_S = 90.0
"""A trial of 30 s, a guardian that starts, publications that end."""
OUTCOME_TIMEOUT_S = 150.0
"""A new version that does not get ready within 30 s, and three attempts with the old one."""
POLL_S = 0.1


def upgrade(python: str | None, *, as_json: bool) -> int:
    """0 when the new version runs, 1 when it was refused or rolled back: then the old one runs."""
    path = socket_path()
    target: dict[str, Json] = {"python": own_python(), "package_root": PACKAGE_ROOT}
    if python is not None:
        found = shutil.which(python)
        if found is None:
            print(f"vmstui upgrade: --python: found no program {python!r}, accepted an interpreter", file=sys.stderr)
            return 2
        target = {"python": os.path.abspath(found), "package_root": None}
    call(path, "hello")
    token = uuid.uuid4().hex
    try:
        call(path, "upgrade", {**target, "token": token}, timeout_s=ASK_TIMEOUT_S)
    except RecorderLost:
        pass  # it hung up to become another
    except RecorderError as error:
        return _tell({"outcome": "refused", "reason": str(error)}, as_json)
    return _tell(_outcome(path, token), as_json)


def _outcome(path: Path, token: str) -> dict[str, Json]:
    """Ask until a service answers that came out of this upgrade. Raises RecorderLost."""
    deadline = time.monotonic() + OUTCOME_TIMEOUT_S
    while True:
        try:
            hello = call(path, "hello", timeout_s=5.0)
        except RecorderLost:
            if time.monotonic() > deadline:
                raise
            hello = None
        given = hello.get("upgrade") if isinstance(hello, dict) else None
        if isinstance(hello, dict) and isinstance(given, dict) and given.get("token") == token and hello.get("ready"):
            rolled_back = given.get("rolled_back")
            outcome: dict[str, Json] = {
                "outcome": "rolled back" if rolled_back else "done",
                "reason": rolled_back or "",
            }
            return {**outcome, "pid": hello.get("pid"), **{name: given.get(name) for name in _TOLD}}
        if time.monotonic() > deadline:
            reason = "the service that answers did not come out of this upgrade; `vmstui logs` may tell more"
            return {"outcome": "unknown", "reason": reason}
        time.sleep(POLL_S)


_TOLD = ("old_version", "new_version", "workers", "gap_s")


def _tell(outcome: Mapping[str, Json], as_json: bool) -> int:
    done = outcome["outcome"] == "done"
    if as_json:
        print(json.dumps(outcome))
    else:
        print(_sentence(outcome), file=sys.stdout if done else sys.stderr)
    return 0 if done else 1


def _sentence(outcome: Mapping[str, Json]) -> str:
    old, new, reason = outcome.get("old_version"), outcome.get("new_version"), outcome["reason"]
    match outcome["outcome"]:
        case "done":
            return f"upgraded: {old} to {new}, process {outcome['pid']}; {_workers(outcome)}"
        case "rolled back":
            again = f"{old} runs again, process {outcome['pid']}"
            return f"rolled back: {new} failed ({reason}); {again}; {_workers(outcome)}"
        case "refused":
            return f"refused, nothing changed: {reason}"
        case _:
            return str(reason)


def _workers(outcome: Mapping[str, Json]) -> str:
    count = outcome["workers"]
    workers = f"{count} worker{'' if count == 1 else 's'} went on untouched"
    return f"{workers}; for {outcome['gap_s']:.1f} s nobody looked after them"
