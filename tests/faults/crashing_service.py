"""The service in a build for tests: it can be made to kill itself at any transition, and is the same otherwise.

    python -m tests.faults.crashing_service up --foreground

Wherever a point is passed, it looks whether the file `crash` in its state folder names that point. The points are
laid around the service from here, so that nothing of them is in what users run:

- `EVENT before`, `EVENT after`: a worker's machine takes in an event of that type, and all that follows from it;
- `ACTION before`, `ACTION after`: one of the machine's actions is carried out;
- `NAME KIND written`, `NAME KIND renamed`: the note of that file name is on disk under another name, or in its place.
  KIND is `intent` while no process is noted in it, `identity` else; life notes have none;
- `STEP before`, `STEP after`: one of the functions in `STEPS`.

`limits` in the same folder may hold other limits than those of `policy.py` and `watchdog.py`, for points that would
otherwise take minutes to come to. It looks after cameras more often than once a second. While a file `full` lies there,
the recordings disk is taken for full; while `no_fork` does, no process can be started, for the reason of that number.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vmstui.recorder import history, policy, publisher, resources, service, succession, watchdog
from vmstui.recorder import worker as worker_module
from vmstui.recorder.record import WorkerRecord
from vmstui.recording import spool

worker: Any = worker_module
STATE = Path(os.environ.get("VMSTUI_STATE", "/nowhere"))
STEPS: dict[str, tuple[Any, str]] = {
    "spawn": (worker, "spawn"),
    "ended": (worker.Worker, "ended"),
    "promote": (succession.Succession, "_promote"),
    "forget": (succession, "forget_worker"),
    "left": (succession.Succession, "_left"),
    "publish": (spool, "publish"),
    "quarantine": (spool, "quarantine"),
    "noted in history": (history.History, "add"),
    "spool removed": (publisher, "_remove"),
}


def passed(point: str) -> None:
    """Die here if this is the point."""
    try:
        here = (STATE / "crash").read_text() == point
    except OSError:
        return
    if here:
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)


def around(owner: Any, name: str, called: Callable[..., str]) -> None:
    """Put a point before and one after a function; `called` names it by its arguments."""
    original = getattr(owner, name)

    def wrapped(*arguments: Any, **options: Any) -> Any:
        point = called(*arguments, **options)
        passed(f"{point} before")
        result = original(*arguments, **options)
        passed(f"{point} after")
        return result

    setattr(owner, name, wrapped)


def around_notes() -> None:
    """Notes are replaced as a whole: written beside, then renamed."""
    kinds: dict[str, str] = {}
    rename, save = os.rename, worker.save_record

    def renamed(source: Any, target: Any, **options: Any) -> None:
        name = Path(target).name
        point = f"{name} {kinds[name]}" if name in kinds else name
        passed(f"{point} written")
        rename(source, target, **options)
        passed(f"{point} renamed")

    def saved(path: Path, record: WorkerRecord, **options: Any) -> None:
        kinds[path.name] = "intent" if record.identity is None else "identity"
        save(path, record, **options)

    os.rename = renamed  # type: ignore[assignment]
    worker.save_record = saved


def change_limits() -> None:
    """Look often, and go by the limits of the file: `{"healthy_s": 2, "healthy_segments": 0, "stale_s": 4}`."""
    service.TICK_S = 0.25
    service.CHECK_PERIOD_S = 1.0  # type: ignore[attr-defined]
    try:
        limits = json.loads((STATE / "limits").read_text())
    except OSError:
        return
    worker.WORKER_POLICY = dataclasses.replace(
        worker.WORKER_POLICY, healthy_s=limits.get("healthy_s", policy.HEALTHY_UPTIME_S)
    )
    policy.HEALTHY_SEGMENTS = limits.get("healthy_segments", policy.HEALTHY_SEGMENTS)
    watchdog.STALE_S = limits.get("stale_s", watchdog.STALE_S)


def fill_disk() -> None:
    """Whenever the switch says so."""
    floor = resources.full_bytes
    resources.full_bytes = lambda settings: 1 << 60 if (STATE / "full").exists() else floor(settings)


def forbid_forks() -> None:
    """Whenever the switch says so: as at a limit of processes (EAGAIN) or without memory (ENOMEM)."""
    posix_spawn = os.posix_spawn

    def spawn(*arguments: Any, **options: Any) -> int:
        if (STATE / "no_fork").exists():
            number = int((STATE / "no_fork").read_text())
            raise OSError(number, os.strerror(number))
        return posix_spawn(*arguments, **options)

    os.posix_spawn = spawn


def main(arguments: list[str]) -> int:
    """`vmstui` with points in it."""
    from vmstui.cli import main as command

    around(worker.Worker, "dispatch", lambda _, event: type(event).__name__)
    around(worker.Worker, "_carry_out", lambda _, action: type(action).__name__)
    for point, (owner, name) in STEPS.items():
        around(owner, name, lambda *_, point=point, **__: point)
    around_notes()
    change_limits()
    fill_disk()
    forbid_forks()
    return command(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
