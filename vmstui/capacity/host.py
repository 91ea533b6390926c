"""What the machine has, as far as a file of the kernel tells it at once: memory, CPU by control group, the network's
speed. Reads `/proc` and `/sys`; what cannot be read is None.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, slots=True)
class Host:
    """One look at a machine."""

    memory_bytes: int | None = None
    """That the recorder may have: of the machine, or of its control group where that is less."""
    memory_used_bytes: int = 0
    """By whatever process, without what the kernel would give back (page cache)."""
    memory_of: str = "the machine"
    cpu_quota_percent: float | None = None
    """That the control group of the recorder allows, 100 = one core; None: all there are."""
    interface: str = ""
    """The one that the default route leads through."""
    network_bytes_per_s: float | None = None
    """What that carries in one direction."""


def look(pid: int | None = None, proc: Path = Path("/proc"), sys: Path = Path("/sys")) -> Host:
    """The machine, and the control group of a process."""
    memory_bytes, used_bytes, of = *_memory(_text(proc / "meminfo")), "the machine"
    quota: float | None = None
    for group in _groups(_text(proc / str(pid) / "cgroup") if pid is not None else "", sys / "fs" / "cgroup"):
        limit, stat = _text(group / "memory.max").strip(), _fields(_text(group / "memory.stat"))
        if limit.isdecimal() and (memory_bytes is None or int(limit) < memory_bytes):
            current = _text(group / "memory.current").strip()
            given_back = stat.get("inactive_file", 0) + stat.get("active_file", 0)
            used_bytes = max(int(current) - given_back, 0) if current.isdecimal() else 0
            memory_bytes, of = int(limit), "the control group of the recorder"
        allowed = _quota(_text(group / "cpu.max"))
        quota = min((value for value in (quota, allowed) if value is not None), default=None)
    interface = _default_interface(_text(proc / "net" / "route"))
    speed = _text(sys / "class" / "net" / interface / "speed").strip() if interface else ""
    rate = int(speed) * 1e6 / 8 if speed.isdecimal() and int(speed) else None
    return Host(memory_bytes, used_bytes, of, quota, interface, rate)


def _memory(meminfo: str) -> tuple[int | None, int]:
    kib = _fields(meminfo.replace(":", " "))
    total, available = kib.get("MemTotal"), kib.get("MemAvailable")
    if total is None or available is None:
        return None, 0
    return total * 1024, (total - available) * 1024


def _groups(cgroup: str, root: Path) -> list[Path]:
    """The control group (version 2) of a process, and those above it, as far as they can be seen from here."""
    path = next((line[3:] for line in cgroup.split("\n") if line.startswith("0::/")), None)
    if path is None or ".." in PurePosixPath(path).parts:
        return []
    inner = PurePosixPath(path.lstrip("/"))
    return [root / inner, *(root / above for above in inner.parents)]


def _quota(cpu_max: str) -> float | None:
    parts = cpu_max.split()
    if len(parts) == 2 and all(part.isdecimal() for part in parts) and int(parts[1]):
        return 100.0 * int(parts[0]) / int(parts[1])
    return None


def _default_interface(route: str) -> str:
    """Of the table of routes (IPv4), the interface of the default route that is preferred."""
    found = []
    for line in route.split("\n")[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[1] == "00000000" and fields[7] == "00000000" and fields[6].isdecimal():
            found.append((int(fields[6]), fields[0]))
    return min(found)[1] if found else ""


def _fields(text: str) -> dict[str, int]:
    """Lines of a name and a number."""
    found = {}
    for line in text.split("\n"):
        fields = line.split()
        if len(fields) >= 2 and fields[1].isdecimal():
            found[fields[0]] = int(fields[1])
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except (OSError, ValueError):
        return ""
