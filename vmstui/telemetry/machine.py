"""The machine: CPU per core, load, memory, the disk of the recordings, network and temperature.

From `/proc` and `/sys`: psutil would take another 2.5 MB of memory. Pure functions read the text of the
files; `MachineReader` opens them, every few seconds, in a thread: no file of the recordings disk is touched, so that a
dead one does not stop it. Rates are over the time since the reading before, CPU in percent of one core. What a machine
does not tell is None.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from vmstui.measured import DiskNow, GpuNow, MachineNow

_SECTOR_BYTES = 512
"""Of `/proc/diskstats`, whatever the disk has."""
_CPU_SENSORS = frozenset({"coretemp", "k10temp", "zenpower", "cpu_thermal", "soc_thermal", "x86_pkg_temp", "acpitz"})
_LOOPBACK = "lo"
_LOOK_EVERY = 12
"""Readings, after which it is looked again what is mounted there."""


class CpuTicks(NamedTuple):
    """Of one core, or of all together, since the boot."""

    busy: int
    """At work for somebody: neither idle, nor waiting for a disk, nor taken away by the host."""
    stolen: int
    total: int


class DiskCounters(NamedTuple):
    """Of one block device since the boot (Documentation/admin-guide/iostats.rst)."""

    reads: int
    read_bytes: int
    read_ms: int
    writes: int
    written_bytes: int
    write_ms: int
    busy_ms: int


@dataclass(frozen=True, slots=True)
class Counters:
    """Everything that is counted, at one instant."""

    monotonic_s: float
    cpus: tuple[CpuTicks, ...]
    """All together first, then each core."""
    disk: DiskCounters | None
    received_bytes: int
    sent_bytes: int


def parse_stat(raw: bytes) -> tuple[CpuTicks, ...]:
    """`/proc/stat`: all cores together, then each that is online."""
    found: list[CpuTicks] = []
    for line in raw.split(b"\n"):
        if not line.startswith(b"cpu"):
            break  # they come first
        # user, nice, system, idle, iowait, irq, softirq, steal; that of guests is part of user and nice.
        ticks = [int(field) for field in line.split()[1:9]]
        ticks += [0] * (8 - len(ticks))
        busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]
        found.append(CpuTicks(busy, ticks[7], sum(ticks)))
    return tuple(found)


def parse_meminfo(raw: bytes) -> tuple[int, int]:
    """`/proc/meminfo`: bytes of memory in use (what is not available to a new process), and of all of it."""
    known = {line[: line.find(b":")]: line.split()[1] for line in raw.split(b"\n")[:8] if b":" in line}
    total, available = (int(known.get(name, b"0")) * 1024 for name in (b"MemTotal", b"MemAvailable"))
    return max(0, total - available), total


def parse_diskstats(raw: bytes, device: tuple[int, int]) -> DiskCounters | None:
    """`/proc/diskstats`: one device by its numbers, None where it is not there."""
    major, minor = (b"%d" % number for number in device)
    for line in raw.split(b"\n"):
        fields = line.split()
        if len(fields) >= 13 and fields[0] == major and fields[1] == minor:
            reads, _, sectors_read, read_ms, writes, _, sectors_written, write_ms, _, busy_ms = map(int, fields[3:13])
            read_bytes, written_bytes = sectors_read * _SECTOR_BYTES, sectors_written * _SECTOR_BYTES
            return DiskCounters(reads, read_bytes, read_ms, writes, written_bytes, write_ms, busy_ms)
    return None


def parse_net_dev(raw: bytes) -> dict[str, tuple[int, int]]:
    """`/proc/net/dev`: bytes received and sent of each interface but the loopback."""
    found: dict[str, tuple[int, int]] = {}
    for line in raw.split(b"\n")[2:]:
        name, _, rest = line.partition(b":")
        fields = rest.split()
        if len(fields) >= 9 and name.strip() != _LOOPBACK.encode():
            found[name.strip().decode(errors="replace")] = int(fields[0]), int(fields[8])
    return found


def parse_mountinfo(raw: bytes, mount_point: str) -> tuple[tuple[int, int], str] | None:
    """`/proc/self/mountinfo`: numbers and name of the device that is mounted there, of the last mount on top."""
    found = None
    for line in raw.decode(errors="surrogateescape").split("\n"):
        fields = line.split(" ")
        if len(fields) > 6 and _unescaped(fields[4]) == mount_point:
            major, _, minor = fields[2].partition(":")
            after = fields[fields.index("-") + 1 :] if "-" in fields else []
            found = (int(major), int(minor)), _unescaped(after[1]) if len(after) > 1 else ""
    return found


def rates(
    before: Counters,
    after: Counters,
    at: datetime,
    *,
    load: float,
    memory: tuple[int, int],
    device: str = "",
    temperature_celsius: float | None = None,
    gpus: tuple[GpuNow, ...] = (),
) -> MachineNow:
    """What happened between two readings."""
    elapsed_s = max(after.monotonic_s - before.monotonic_s, 1e-6)
    shares = [_shares(then, now) for then, now in zip(before.cpus, after.cpus, strict=False)]
    cores = shares[1:] if len(before.cpus) == len(after.cpus) else []  # one was put online or offline
    all_busy, all_stolen = shares[0] if shares else (0.0, 0.0)
    count = max(len(after.cpus) - 1, 1)
    return MachineNow(
        at=at,
        cpu_percent=round(all_busy * count, 1),
        core_percents=tuple(round(busy, 1) for busy, _ in cores),
        steal_percent=round(all_stolen * count, 1),
        load=load,
        memory_used_bytes=memory[0],
        memory_total_bytes=memory[1],
        disk=_disk(device, before.disk, after.disk, elapsed_s),
        received_bytes_per_s=max(0, after.received_bytes - before.received_bytes) / elapsed_s,
        sent_bytes_per_s=max(0, after.sent_bytes - before.sent_bytes) / elapsed_s,
        temperature_celsius=temperature_celsius,
        gpus=gpus,
    )


class MachineReader:
    """Reads all of it. `mount_point` gives that of the recordings, empty while it is not known; `gpus` what is known
    of those."""

    def __init__(
        self, mount_point: Callable[[], str], gpus: Callable[[], tuple[GpuNow, ...]], root: Path = Path("/")
    ) -> None:
        """`root` is where `proc` and `sys` are."""
        self._mount_point = mount_point
        self._gpus = gpus
        self._root = root
        self._before: Counters | None = None
        self._mounted = ""
        self._looks = 0
        self._device: tuple[tuple[int, int], str] | None = None
        self._interfaces: tuple[tuple[str, ...], frozenset[str]] = ((), frozenset())
        self._sensors: tuple[Path, ...] | None = None

    def read(self, monotonic_s: float) -> MachineNow | None:
        """What happened since the last call; None at the first. Raises OSError where there is no `/proc`."""
        self._look_for_disk()
        device, name = self._device or (None, "")
        disk = parse_diskstats(self._raw("proc/diskstats"), device) if device is not None else None
        received, sent = self._network()
        now = Counters(monotonic_s, parse_stat(self._raw("proc/stat")), disk, received, sent)
        before, self._before = self._before, now
        if before is None:
            return None
        return rates(
            before,
            now,
            datetime.now(UTC),
            load=float(self._raw("proc/loadavg").split(None, 1)[0]),
            memory=parse_meminfo(self._raw("proc/meminfo")),
            device=name,
            temperature_celsius=self._temperature(),
            gpus=self._gpus(),
        )

    def _raw(self, name: str) -> bytes:
        return (self._root / name).read_bytes()

    def _look_for_disk(self) -> None:
        mounted, before = self._mount_point(), self._device
        self._looks += 1
        if mounted == self._mounted and self._looks % _LOOK_EVERY:
            return
        self._mounted, self._device = mounted, None
        with contextlib.suppress(OSError, ValueError):
            self._device = _device(parse_mountinfo(self._raw("proc/self/mountinfo"), mounted))
        if self._device != before:
            self._before = None  # counts of another disk

    def _network(self) -> tuple[int, int]:
        counted = parse_net_dev(self._raw("proc/net/dev"))
        names = tuple(counted)
        if names != self._interfaces[0]:
            physical = frozenset(name for name in names if (self._root / "sys/class/net" / name / "device").exists())
            # What goes through a bridge or a tunnel goes through a card as well; a container has none.
            self._interfaces = names, physical or frozenset(names)
        chosen = [counted[name] for name in self._interfaces[1]]
        return sum(received for received, _ in chosen), sum(sent for _, sent in chosen)

    def _temperature(self) -> float | None:
        if self._sensors is None:
            self._sensors = tuple(_sensors(self._root))
        found: list[float] = []
        for sensor in self._sensors:
            with contextlib.suppress(OSError, ValueError):
                found.append(int(sensor.read_bytes()) / 1000)
        return max(found, default=None)


def columns(now: MachineNow) -> Mapping[str, tuple[float, float]]:
    """A reading for the history: for each quantity its scale and its value, NaN where that is not known."""
    gib, mib, nan = 2.0**30, 2.0**20, float("nan")
    disk = now.disk
    found: dict[str, tuple[float, float]] = {
        "cpu_percent": (1.0, now.cpu_percent),
        "steal_percent": (1.0, now.steal_percent),
        "load": (1.0, now.load),
        "memory_used_bytes": (gib, now.memory_used_bytes),
        "received_bytes_per_s": (mib, now.received_bytes_per_s),
        "sent_bytes_per_s": (mib, now.sent_bytes_per_s),
    }
    if now.temperature_celsius is not None:
        found["temperature_celsius"] = (1.0, now.temperature_celsius)
    if disk is not None:
        found |= {
            "disk_read_bytes_per_s": (mib, disk.read_bytes_per_s),
            "disk_write_bytes_per_s": (mib, disk.write_bytes_per_s),
            "disk_read_ms": (1.0, disk.read_ms if disk.read_ms is not None else nan),
            "disk_write_ms": (1.0, disk.write_ms if disk.write_ms is not None else nan),
            "disk_busy_percent": (1.0, disk.busy_percent),
        }
    for number, percent in enumerate(now.core_percents):
        found[f"core_{number}_percent"] = (1.0, percent)
    for gpu in now.gpus:
        of_gpu = {
            "percent": (1.0, gpu.percent),
            "encoder_percent": (1.0, gpu.encoder_percent),
            "decoder_percent": (1.0, gpu.decoder_percent),
            "memory_used_bytes": (gib, gpu.memory_used_bytes),
            "encoder_sessions": (1.0, None if gpu.sessions is None else len(gpu.sessions)),
            "temperature_celsius": (1.0, gpu.temperature_celsius),
            "power_watts": (1.0, gpu.power_watts),
        }
        for name, (scale, value) in of_gpu.items():
            found[f"gpu_{gpu.index}_{name}"] = (scale, nan if value is None else float(value))
    return found


def _shares(before: CpuTicks, after: CpuTicks) -> tuple[float, float]:
    """Percent of the time between."""
    total = after.total - before.total
    if total <= 0:
        return 0.0, 0.0
    busy, stolen = max(0, after.busy - before.busy), max(0, after.stolen - before.stolen)
    return 100.0 * busy / total, 100.0 * stolen / total


def _disk(device: str, before: DiskCounters | None, after: DiskCounters | None, elapsed_s: float) -> DiskNow | None:
    if before is None or after is None:
        return None
    # The kernel counts some of them in 32 bits, and a device that was replaced counts anew.
    reads, read_bytes, read_ms, writes, written_bytes, write_ms, busy_ms = (
        max(0, now - then) for then, now in zip(before, after, strict=True)
    )
    return DiskNow(
        device=device,
        read_bytes_per_s=read_bytes / elapsed_s,
        write_bytes_per_s=written_bytes / elapsed_s,
        read_ms=round(read_ms / reads, 2) if reads else None,
        write_ms=round(write_ms / writes, 2) if writes else None,
        busy_percent=round(min(100.0, busy_ms / elapsed_s / 10), 1),
    )


def _device(mounted: tuple[tuple[int, int], str] | None) -> tuple[tuple[int, int], str] | None:
    """Numbers and name of the disk below a mount; None where there is none. Raises OSError."""
    if mounted is None:
        return None
    numbers, source = mounted
    if numbers[0] == 0 and source.startswith("/dev/"):
        # btrfs and the like have numbers of their own for each mount; the device is that of the name.
        status = os.stat(source)
        numbers = os.major(status.st_rdev), os.minor(status.st_rdev)
    # Else in memory, on the network, or an overlay: no disk of ours.
    return (numbers, Path(source).name) if numbers[0] != 0 else None


def _sensors(root: Path) -> Sequence[Path]:
    """Of the CPU alone: asking some others, such as those of sleeping disks, takes long."""
    found: list[Path] = []
    for name in sorted((root / "sys/class/hwmon").glob("hwmon*/name")):
        with contextlib.suppress(OSError):
            if name.read_text().strip() in _CPU_SENSORS:
                found += sorted(name.parent.glob("temp*_input"))
    if found:
        return found
    for kind in sorted((root / "sys/class/thermal").glob("thermal_zone*/type")):
        with contextlib.suppress(OSError):
            if kind.read_text().strip().replace("-", "_") in _CPU_SENSORS:
                found.append(kind.parent / "temp")
    return found


def _unescaped(text: str) -> str:
    """Blanks and backslashes are written in octal there."""
    for code in ("040", "011", "012", "134"):
        text = text.replace(f"\\{code}", chr(int(code, 8)))
    return text
