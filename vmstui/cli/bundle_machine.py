"""What a bundle tells of the machine: versions, environment, processes, disks, systemd unit, clock.

Each part is text, and bounded in time: a disk or a systemd that does not answer costs its part alone.
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shlex
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vmstui import __version__
from vmstui.recorder.unit import Unit, answer, unit_of
from vmstui.recording.storage import mount_point_of
from vmstui.spoken import decimal_size, span

PATIENCE_S = 10.0
_ask = partial(answer, limit_s=PATIENCE_S)
UNIT_LINES = 500
"""Of the journal."""
PACKAGES = ("textual", "rich", "psutil", "PyYAML", "imageio-ffmpeg")
SHOWN_VARIABLES = frozenset((
    "COLORTERM", "COLUMNS", "CUDA_VISIBLE_DEVICES", "HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "LIBVA_DRIVER_NAME",
    "LINES", "NO_COLOR", "NVIDIA_VISIBLE_DEVICES", "PATH", "PYTHONIOENCODING", "PYTHONPATH", "PYTHONUTF8", "SHELL",
    "SSH_TTY", "TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TMPDIR", "TMUX", "TZ", "USER", "VIRTUAL_ENV",
    "VMSTUI_CONFIG", "VMSTUI_GRAPHICS", "VMSTUI_OPENER", "VMSTUI_PROCESS", "VMSTUI_RUNTIME", "VMSTUI_STATE",
    "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "container",
))  # fmt: skip
"""Each by its full name: a password may be in a variable of any other."""
_SHOWN_BEGINNING = "LC_"
_STATUS = ("Name", "State", "PPid", "Uid", "Threads", "FDSize", "VmRSS", "VmSwap", "SigBlk", "SigIgn", "SigCgt")
_UNIT_VARIABLE = re.compile(r"^(\s*Environment\s*=\s*)(.*)$", re.MULTILINE)
_UNIT_LOADED = re.compile(r"^(\s*(?:Set|Load)Credential\w*\s*=\s*[^:\n]+:).*$", re.MULTILINE)


class NoAnswer(Exception):
    """Something did not answer in time."""


def patiently(look: Callable[[], str], what: str, limit_s: float = PATIENCE_S) -> str:
    """What `look` tells, unless it hangs, as a dead disk makes it. Raises NoAnswer, OSError."""
    told: list[str | OSError] = []

    def run() -> None:
        try:
            told.append(look())
        except OSError as error:
            told.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(limit_s)
    if not told:
        raise NoAnswer(f"{what} did not answer within {limit_s:.0f} s")
    if isinstance(told[0], OSError):
        raise told[0]
    return told[0]


def versions(ffmpegs: Iterable[str]) -> str:
    """Of everything that takes part; `ffmpegs` are programs."""
    lines = [f"vmstui {__version__}, in {Path(__file__).parents[1]}", f"Python {sys.version} ({sys.executable})"]
    for package in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            lines.append(f"{package} {version(package)}")
    uname = platform.uname()
    lines += [f"{uname.system} {uname.release} {uname.version} {uname.machine}", _distribution()]
    lines.append("libc " + " ".join(platform.libc_ver()))
    for path in ffmpegs:
        lines += [
            "",
            path,
            _ask([path, "-hide_banner", "-version"]).strip() or "does not tell its version",
        ]
    return "\n".join(lines)


def environment(variables: Mapping[str, str]) -> str:
    """The variables that matter, by name; of the others only how many there are."""
    shown = {name: value for name, value in variables.items() if _is_shown(name)}
    lines = [f"{name}={value}" for name, value in sorted(shown.items())]
    return "\n".join([*lines, f"({len(variables) - len(shown)} more, which are not told)"])


def environment_of(pid: int) -> dict[str, str]:
    """The environment of a process as it began; empty where that cannot be read."""
    try:
        entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    return dict(entry.decode(errors="replace").partition("=")[::2] for entry in entries if b"=" in entry)


def process(name: str, pid: int) -> str:
    """What the kernel tells of a process of ours."""
    folder = Path(f"/proc/{pid}")
    try:
        argv = (folder / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line)
    except OSError as error:
        return f"{name}: process {pid}: {error.strerror}"
    lines = [f"{name}: process {pid}", f"  {shlex.join(word.decode(errors='replace') for word in argv)}"]
    lines += [f"  {key}: {status[key].strip()}" for key in _STATUS if key in status]
    with contextlib.suppress(OSError):
        lines.append(f"  waits in: {(folder / 'wchan').read_text() or '-'}")
    with contextlib.suppress(OSError):
        lines.append(f"  open files: {len(os.listdir(folder / 'fd'))}")
    with contextlib.suppress(OSError):
        limits = (folder / "limits").read_text().splitlines()
        lines += [f"  {line}" for line in limits if line.startswith(("Max open files", "Max processes"))]
    return "\n".join(lines)


def disk(path: str) -> str:
    """Room and mount of a folder. Raises NoAnswer, OSError."""

    def look() -> str:
        room = os.statvfs(path)
        free, total = room.f_bavail * room.f_frsize, room.f_blocks * room.f_frsize
        where = mount_point_of(path)
        lines = [path, f"  {decimal_size(free)} of {decimal_size(total)} free, {room.f_favail:,} inodes free"]
        mounts = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
        lines += [f"  {line}" for line in mounts if line.split(" ")[4:5] == [where]]
        about = os.stat(path)
        mode, owner = f"{about.st_mode & 0o7777:04o}", f"{about.st_uid}:{about.st_gid}"
        lines.append(f"  mode {mode}, owner {owner}, asked by {os.geteuid()}")
        return "\n".join(lines)

    return patiently(look, path)


def unit(pid: int) -> Iterator[tuple[str, str, str]]:
    """The systemd unit a process belongs to and the end of its journal, as name, meaning and text of a file each."""
    with contextlib.suppress(OSError):
        found = unit_of(Path(f"/proc/{pid}/cgroup").read_text())
        if found is not None and found.name.endswith(".service"):
            whose = ["--user"] if found.of_user else []
            yield (
                "unit.txt",
                f"systemd unit {found.name}",
                unit_text(_ask(["systemctl", *whose, "cat", found.name])),
            )
            yield "journal.txt", f"the end of the journal of {found.name}", _journal(found, whose)


def unit_text(text: str) -> str:
    """A unit without the values of variables that are not of ours, and without credentials."""

    def shown(match: re.Match[str]) -> str:
        try:
            words = shlex.split(match[2])
        except ValueError:
            return f"{match[1]}***"
        return match[1] + " ".join(map(_variable, words))

    return _UNIT_LOADED.sub(r"\1***", _UNIT_VARIABLE.sub(shown, text))


def clock(timezone: str, started_at: datetime | None) -> str:
    """What the clocks say, and whether anybody sets them."""
    now, up_s = datetime.now(UTC), time.clock_gettime(time.CLOCK_BOOTTIME)
    lines = [
        f"now: {now.isoformat()}, here {now.astimezone().isoformat()}",
        f"time zone of the recorder: {timezone}; of the machine: {os.path.realpath('/etc/localtime')}",
        f"up since {datetime.fromtimestamp(now.timestamp() - up_s, UTC).isoformat()}: {span(up_s)}",
    ]
    if started_at is not None:
        lines.append(f"recorder started: {started_at.isoformat()}")
    told = _ask(["timedatectl", "show"])
    return "\n".join([*lines, *(line for line in told.splitlines() if line.startswith(("NTP", "CanNTP", "LocalRTC")))])


def _journal(found: Unit, whose: Sequence[str]) -> str:
    which = "--user-unit" if found.of_user else "--unit"
    return answer(
        ["journalctl", *whose, "--no-pager", "-o", "short-iso", "-n", str(UNIT_LINES), which, found.name], PATIENCE_S
    )


def _variable(word: str) -> str:
    name, equals, _ = word.partition("=")
    return shlex.quote(word) if _is_shown(name) or not equals else f"{name}=***"


def _is_shown(name: str) -> bool:
    return name in SHOWN_VARIABLES or name.startswith(_SHOWN_BEGINNING)


def _distribution() -> str:
    with contextlib.suppress(OSError):
        release = platform.freedesktop_os_release()
        return release.get("PRETTY_NAME", "unknown distribution")
    return "unknown distribution"
