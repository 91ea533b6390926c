"""`vmstui systemd-unit`: the shipped systemd unit, with the command as it is installed here and the folders in use.

It is printed, not installed: for which systemd, that of the machine or that of a user, is for the person to say.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from vmstui.own_process import own_argv
from vmstui.resources import config_folder

SHIPPED = "vmstui.service"
SHIPPED_COMMAND = "/usr/local/bin/vmstui"
CARRIED = ("VMSTUI_CONFIG", "VMSTUI_STATE", "VMSTUI_RUNTIME")
"""Variables that say where this recorder has its things: the service must look where the commands look."""


def systemd_unit(config: str | None) -> int:
    """Print the unit."""
    given = {name: os.environ[name] for name in CARRIED if os.environ.get(name)}
    if config is not None:
        given["VMSTUI_CONFIG"] = config
    shipped = (config_folder() / SHIPPED).read_text(encoding="utf-8")
    print(unit_text(shipped, _own_command(), given), end="")
    return 0


def unit_text(shipped: str, command: Sequence[str], places: Mapping[str, str]) -> str:
    """The shipped unit for a command, with variables whose values are paths, made absolute."""
    lines = [f"Environment={quoted(f'{name}={os.path.abspath(path)}')}\n" for name, path in places.items()]
    text = shipped.replace(f"={SHIPPED_COMMAND} ", f"={' '.join(map(quoted, command))} ")
    return text.replace("\n[Install]", f"{''.join(lines)}\n[Install]")


def quoted(word: str) -> str:
    """A word as systemd.syntax(7) and systemd.unit(5) want it: specifiers and quotes escaped."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if escaped != word or any(sign in word for sign in " \t';") else word


def _own_command() -> list[str]:
    """How this very program was called: by its command, or as a module of a Python."""
    called = sys.argv[0]
    return own_argv("vmstui") if called.endswith(".py") else [os.path.abspath(called)]
