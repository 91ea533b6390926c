"""How another process of our own program is started: the service, the relay, simulated cameras.

With `-P`, so that a file in the current directory can never pass for a module of ours or of Python (somebody may type
`sudo vmstui up` in a folder that others can write to), and with the folder this very package lies in on the path.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import vmstui

PACKAGE_ROOT = str(Path(vmstui.__file__).resolve().parents[1])

_FOR_US_ALONE = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
"""How systemd and this very process talk to each other; a child that spoke there would be taken for us."""


def own_python() -> str:
    """The interpreter that runs us, by a path that means it also once `make install` has put another version in place.

    Links to its folder are followed; its own is not, since its place is what makes a virtual environment.
    """
    folder, name = os.path.split(sys.executable)
    return os.path.join(os.path.realpath(folder), name)


def own_argv(module: str, *arguments: str) -> list[str]:
    """The command line of a module of ours."""
    return [own_python(), "-P", "-m", module, *arguments]


def own_environment(without: Iterable[str] = ()) -> dict[str, str]:
    """Our environment for a child, less the variables named in `without` (those that hold passwords).

    Not for an `execve` of this process itself: what systemd gave to it stays with it then.
    """
    dropped = {*without, *_FOR_US_ALONE}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    given = [entry for entry in kept.get("PYTHONPATH", "").split(os.pathsep) if os.path.isabs(entry)]
    return {**kept, "PYTHONPATH": os.pathsep.join([PACKAGE_ROOT, *(entry for entry in given if entry != PACKAGE_ROOT)])}
