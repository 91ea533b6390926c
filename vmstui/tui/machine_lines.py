"""The machine now as lines: CPU and each core, memory, the disk of the recordings, network, heat, GPUs. Pure.

Only what the service measured is told; what this machine does not tell has no line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vmstui.measured import DiskNow, EncoderSession, GpuNow, MachineNow
from vmstui.model import RecorderSnapshot
from vmstui.quantities import written
from vmstui.storage import StorageProjection
from vmstui.tui import glyphs
from vmstui.tui.bars import bar
from vmstui.tui.format import fit, plural, size, wrap
from vmstui.tui.lines import Line, Role, Span, cut, width_of
from vmstui.tui.stay import kept_days

LABEL_CELLS = 9
BAR_CELLS = 14
CORE_CELLS = 10


def machine_lines(snapshot: RecorderSnapshot, storage: StorageProjection | None, cells: int) -> list[Line]:
    """All of it, for that width."""
    now = snapshot.machine
    if now is None:
        return [(("the machine is read every five seconds; the first figures are on their way", Role.DIM),)]
    rows = [
        *_cpu(now, snapshot, cells),
        _Row("memory", _memory(now), drawn=bar(now.memory_used_bytes, now.memory_total_bytes, BAR_CELLS)),
        *_disk(now.disk, snapshot, storage),
        _Row("network", f"in {_rate(now.received_bytes_per_s)}, out {_rate(now.sent_bytes_per_s)}"),
    ]
    if now.temperature_celsius is not None:
        rows.append(_Row("heat", f"{now.temperature_celsius:.0f} °C, the CPU"))
    for gpu in now.gpus:
        rows += _gpu(gpu, snapshot)
    return [cut(line, cells) for row in rows for line in row.lines(cells)]


@dataclass(frozen=True, slots=True)
class _Row:
    """What it is, how much of it is in use, and that in words; these go on below where they have no room."""

    label: str
    words: str
    role: Role = Role.TEXT
    drawn: Line = ()
    """The bar."""
    more: Line = ()
    """Behind the words."""

    def lines(self, cells: int) -> list[Line]:
        drawn: Line = (*self.drawn, (" ", Role.TEXT)) if self.drawn else ()
        left = LABEL_CELLS + width_of(drawn)
        first, *rest = wrap(self.words, max(cells - left, 12)) if self.words else [""]
        lines: list[Line] = [((fit(self.label, LABEL_CELLS), Role.LABEL), *drawn, (first, self.role))]
        lines += [((" " * left, Role.TEXT), (text, self.role)) for text in rest]
        if not self.more:
            return lines
        if width_of(lines[-1]) + width_of(self.more) > cells and self.drawn:
            return [*lines, ((" " * left, Role.TEXT), *self.more)]
        return [*lines[:-1], (*lines[-1], *self.more)]


def _cpu(now: MachineNow, snapshot: RecorderSnapshot, cells: int) -> list[_Row]:
    whole = 100.0 * snapshot.cpu_count
    words = f"{now.cpu_percent:.0f} % of {whole:.0f} %, load {now.load:.2f}"
    if now.steal_percent >= 1:
        words += f", the host takes {now.steal_percent:.0f} %"
    ours = (
        f"{snapshot.cpu_percent:.1f} % of {snapshot.cpu_budget_percent:.0f} % budget, memory {size(snapshot.rss_bytes)}"
    )
    over = snapshot.cpu_percent > snapshot.cpu_budget_percent
    rows = [
        _Row("CPU", words, drawn=bar(now.cpu_percent, whole, BAR_CELLS)),
        _Row(
            "recorder",
            f"{glyphs.WARN} {ours}" if over else ours,
            Role.WARN if over else Role.TEXT,
            bar(snapshot.cpu_percent, snapshot.cpu_budget_percent, BAR_CELLS),
        ),
    ]
    across = max((cells - LABEL_CELLS) // (CORE_CELLS + 14), 1)
    for first in range(0, len(now.core_percents), across):
        spans: list[Span] = []
        for number, percent in enumerate(now.core_percents[first : first + across], first):
            drawn = bar(percent, 100.0, CORE_CELLS, runs_out=False)
            spans += [(f"{number:>4} ", Role.DIM), *drawn, (f"{percent:5.0f} %  ", Role.TEXT)]
        rows.append(_Row("cores" if first == 0 else "", "", more=tuple(spans)))
    return rows


def _memory(now: MachineNow) -> str:
    return f"{size(now.memory_used_bytes)} of {size(now.memory_total_bytes)}"


def _disk(disk: DiskNow | None, snapshot: RecorderSnapshot, storage: StorageProjection | None) -> list[_Row]:
    space = snapshot.storage
    used = space.total_bytes - space.free_bytes
    words = f"{size(space.free_bytes)} free of {size(space.total_bytes)} at {space.mount_point or space.path}"
    if space.usable:
        # What fills it is our own footage, and that is deleted in time: a full bar is no trouble by itself.
        days, kept = kept_days(storage) if storage is not None else ("", True)
        words += f", keeps {days}" if days else ""
        role = Role.TEXT if kept else Role.WARN
        rows = [_Row("space", words, role, bar(used, space.total_bytes, BAR_CELLS, runs_out=False))]
    else:
        rows = [_Row("space", f"{glyphs.BAD} not usable: {space.reason}", Role.BAD)]
    if disk is None:
        return [*rows, _Row("disk", "the recordings are on no disk of this machine", Role.DIM)]
    writes, reads = _each(disk.write_bytes_per_s, disk.write_ms), _each(disk.read_bytes_per_s, disk.read_ms)
    busy = f"busy {disk.busy_percent:.0f} %, writes {writes}, reads {reads}, {disk.device}"
    return [*rows, _Row("disk", busy, drawn=bar(disk.busy_percent, 100.0, BAR_CELLS))]


def _rate(bytes_per_s: float) -> str:
    return written("_bytes_per_s", bytes_per_s)


def _each(bytes_per_s: float, each_ms: float | None) -> str:
    """Throughput and latency."""
    return _rate(bytes_per_s) + (f" ({each_ms:.1f} ms each)" if each_ms is not None else "")


def _gpu(gpu: GpuNow, snapshot: RecorderSnapshot) -> list[_Row]:
    facts = [f"{gpu.percent:.0f} %"] if gpu.percent is not None else []
    facts.append(gpu.name)
    shares = (("encoder", gpu.encoder_percent), ("decoder", gpu.decoder_percent))
    facts += [f"{name} {percent:.0f} %" for name, percent in shares if percent is not None]
    facts += [f"{gpu.temperature_celsius:.0f} °C"] if gpu.temperature_celsius is not None else []
    facts += [f"{gpu.power_watts:.0f} W"] if gpu.power_watts is not None else []
    drawn = bar(gpu.percent, 100.0, BAR_CELLS, runs_out=False) if gpu.percent is not None else ()
    rows = [_Row(f"GPU {gpu.index}", ", ".join(facts), drawn=drawn)]
    if gpu.memory_used_bytes is not None and gpu.memory_total_bytes is not None:
        words = f"{size(gpu.memory_used_bytes)} of {size(gpu.memory_total_bytes)} of its memory"
        rows.append(_Row("", words, drawn=bar(gpu.memory_used_bytes, gpu.memory_total_bytes, BAR_CELLS)))
    return rows if gpu.sessions is None else [*rows, *_sessions(gpu.sessions, snapshot)]


def _sessions(sessions: Sequence[EncoderSession], snapshot: RecorderSnapshot) -> list[_Row]:
    limit = snapshot.session_limit
    told = plural(len(sessions), "encoder session")
    drawn: Line = ()
    if limit is not None:
        drawn = bar(len(sessions), limit.sessions, BAR_CELLS)
        told += f", at most {limit.sessions}: it refused one more"
    rows = [_Row("", told, drawn=drawn)]
    names = {camera.pid: camera.name for camera in snapshot.cameras if camera.pid is not None}
    for one in sessions:
        what = f"{one.codec or 'video'} {one.width}x{one.height} at {one.fps} fps"
        rows.append(_Row("", f"{what}, {names.get(one.pid, 'another process')} (PID {one.pid})"))
    return rows
