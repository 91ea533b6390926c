"""The systemd unit the service runs in: whether it would end recordings, and whether it is being shut down.

A recorder is only as safe as the unit around it: with systemd's defaults a restart of the service ends every recording,
and a login session may end with all that was started in it. What is found is said at the start, with what to do; it
never keeps the service from starting.

`unit_of`, `harms` and `ends_at_logout` are pure. `look` and `being_shut_down` ask systemd, each question bounded in
time; they block, so they are called in a thread.
"""

from __future__ import annotations

import os
import pwd
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from vmstui.light_dataclass import dataclass
from vmstui.own_process import own_environment

ANSWER_TIMEOUT_S = 5.0
TASKS_PER_CAMERA = 64
"""Threads a worker may come to need: some 16 as a rule, more with software encoders on many cores."""
DOCUMENTATION = "docs/service.md"


@dataclass(frozen=True, slots=True)
class Unit:
    """A service or scope that processes of ours belong to."""

    name: str
    of_user: bool
    """Kept by the systemd of a user, not by that of the system."""


def unit_of(cgroups: str) -> Unit | None:
    """The unit in the content of `/proc/self/cgroup`, None where there is none, as outside systemd."""
    paths = [line.split(":", 2)[2] for line in cgroups.splitlines() if re.match(r"(0::|\d+:name=systemd:)", line)]
    for path in paths:  # of the hierarchies of both versions of cgroups, only one need be in use
        parts = path.split("/")
        managers = [place for place, part in enumerate(parts) if re.fullmatch(r"user@\d+\.service", part)]
        below = parts[managers[0] + 1 :] if managers else parts
        for part in below:
            if part.endswith((".service", ".scope")):
                return Unit(part, of_user=bool(managers))
    return None


def harms(unit: Unit, properties: Mapping[str, str], cameras: int) -> tuple[str, ...]:
    """What about a service would end recordings, a sentence each: unit, what was found, what is accepted, and why."""
    if not unit.name.endswith(".service"):
        return ()  # a scope has no process of its own that could be restarted without the others
    tasks_needed = TASKS_PER_CAMERA * (cameras + 1)
    found: list[str] = []
    kill_mode = properties.get("KillMode", "process")
    if kill_mode != "process":
        harm = (
            "a service that hangs cannot be replaced"
            if kill_mode == "none"
            else "when the service is restarted or fails, systemd ends all recordings with it"
        )
        found.append(f"{unit.name}: found KillMode={kill_mode}, accepted KillMode=process: {harm}")
    oom_policy = properties.get("OOMPolicy", "continue")
    if oom_policy != "continue":
        whom = "all recordings" if oom_policy == "kill" or kill_mode != "process" else "the service"
        harm = f"when memory runs out and one worker is killed, systemd ends {whom} too"
        found.append(f"{unit.name}: found OOMPolicy={oom_policy}, accepted OOMPolicy=continue: {harm}")
    tasks_max = properties.get("TasksMax", "infinity")
    if tasks_max.isdecimal() and int(tasks_max) < tasks_needed:
        harm = f"{cameras} cameras may need more threads than that, and workers then fail to start"
        accepted = f"TasksMax=infinity or at least {tasks_needed}"
        found.append(f"{unit.name}: found TasksMax={tasks_max}, accepted {accepted}: {harm}")
    return tuple(f"{text}; see {DOCUMENTATION}" for text in found)


def ends_at_logout(unit: Unit, user: str, lingers: bool | None, logind: Mapping[str, str]) -> tuple[str, ...]:
    """Whether logging out would end the recorder, by what logind says of itself and of this user (None: not told)."""
    if unit.of_user and lingers is False:
        found = f"{unit.name} belongs to user {user}: found Linger=no, accepted Linger=yes"
        cure = f"recording ends with the last logout of {user}; cure: loginctl enable-linger {user}"
        return (f"{found}: {cure}",)
    if unit.of_user or not unit.name.startswith("session-"):
        return ()
    if user in logind.get("KillExcludeUsers", "").split():
        return ()
    only = logind.get("KillOnlyUsers", "").split()
    if user in only or (not only and logind.get("KillUserProcesses") == "yes"):
        setting = f"KillOnlyUsers={' '.join(only)}" if only else "KillUserProcesses=yes"
        found = (
            f"{unit.name} is a login session: found {setting}, accepted KillUserProcesses=no, or running as a service"
        )
        return (f"{found}: recording ends when {user} logs out; see {DOCUMENTATION}",)
    return ()


def look(cameras: int) -> tuple[str, ...]:
    """All that is to be said about the unit we run in. Silent where systemd does not run or does not answer."""
    unit = own_unit()
    if unit is None:
        return ()
    properties = _ask(["systemctl", *_whose(unit), "show", "--property=KillMode,OOMPolicy,TasksMax", "--", unit.name])
    user = _user()
    lingers: bool | None = None
    logind: dict[str, str] = {}
    if unit.of_user:
        lingers = {"yes": True, "no": False}.get(_ask(["loginctl", "show-user", "--", user]).get("Linger", ""))
    elif unit.name.startswith("session-"):
        logind = _ask(["loginctl", "show-session"])  # without the name of one: settings of logind itself
    return (*harms(unit, properties, cameras), *ends_at_logout(unit, user, lingers, logind))


def being_shut_down() -> bool:
    """Whether the system (for a unit of a user: that user's systemd) goes down, and with it all that is recorded."""
    unit = own_unit()
    return unit is not None and answer(["systemctl", *_whose(unit), "is-system-running"]).strip() == "stopping"


def own_unit() -> Unit | None:
    """The unit of this process, None where the machine was not booted with systemd: sd_booted(3)."""
    try:
        return unit_of(Path("/proc/self/cgroup").read_text()) if Path("/run/systemd/system").is_dir() else None
    except OSError:
        return None


def _whose(unit: Unit) -> list[str]:
    return ["--user"] if unit.of_user else []


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _ask(argv: list[str]) -> dict[str, str]:
    """The properties it prints, `Name=value` a line."""
    return dict(line.split("=", 1) for line in answer(argv).splitlines() if "=" in line)


def answer(argv: Sequence[str], limit_s: float = ANSWER_TIMEOUT_S) -> str:
    """What a program prints, whatever its exit code; nothing when it is missing or does not end within the limit."""
    try:
        done = subprocess.run(
            argv,
            env=own_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=limit_s,
            check=False,
            close_fds=False,  # see recorder/bare_thread.py
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace")
