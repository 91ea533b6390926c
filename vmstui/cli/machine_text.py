"""The machine as `vmstui status` shows it: CPU and memory, disk and network, a line or two for each GPU. Pure."""

from __future__ import annotations

from vmstui.measured import DiskNow, EncoderSession, GpuNow, MachineNow
from vmstui.model import RecorderSnapshot
from vmstui.quantities import written
from vmstui.sanitise import clean
from vmstui.spoken import plural, size

CORES_SHOWN = 16
"""Of more, only the busiest is told."""
SESSIONS_SHOWN = 8


def machine_lines(snapshot: RecorderSnapshot) -> list[str]:
    """Nothing where nothing is known of it yet."""
    now = snapshot.machine
    if now is None:
        return []
    lines = [f"machine: {_cpu(now, snapshot.cpu_count)} · load {now.load:.2f} · {_memory(now)}"]
    lines.append("         " + " · ".join((_disk(now.disk), _network(now), *_heat(now.temperature_celsius))))
    for gpu in now.gpus:
        lines += _gpu(gpu, snapshot)
    return lines


def _cpu(now: MachineNow, count: int) -> str:
    text = f"CPU {now.cpu_percent:.0f} % of {100 * count} %"
    cores = now.core_percents
    if len(cores) > CORES_SHOWN:
        text += f" (busiest core {max(cores):.0f} %)"
    elif len(cores) > 1:
        text += f" (cores {' '.join(f'{core:.0f}' for core in cores)})"
    return f"{text}, {now.steal_percent:.0f} % taken by the host" if now.steal_percent >= 1 else text


def _memory(now: MachineNow) -> str:
    return f"memory {size(now.memory_used_bytes)} of {size(now.memory_total_bytes)}"


def _disk(disk: DiskNow | None) -> str:
    if disk is None:
        return "recordings on no disk of this machine"
    writes, reads = _rate(disk.write_bytes_per_s, disk.write_ms), _rate(disk.read_bytes_per_s, disk.read_ms)
    return f"disk {clean(disk.device)}: writes {writes}, reads {reads}, busy {disk.busy_percent:.0f} %"


def _rate(bytes_per_s: float, each_ms: float | None) -> str:
    """`2.6 M/s (4.0 ms each)`: throughput and latency."""
    latency = f" ({each_ms:.1f} ms each)" if each_ms is not None else ""
    return written("_bytes_per_s", bytes_per_s) + latency


def _network(now: MachineNow) -> str:
    into, out = (written("_bytes_per_s", rate) for rate in (now.received_bytes_per_s, now.sent_bytes_per_s))
    return f"network in {into}, out {out}"


def _heat(celsius: float | None) -> tuple[str, ...]:
    return () if celsius is None else (f"{celsius:.0f} °C",)


def _gpu(gpu: GpuNow, snapshot: RecorderSnapshot) -> list[str]:
    shares = (("", gpu.percent), ("encoder ", gpu.encoder_percent), ("decoder ", gpu.decoder_percent))
    facts = [f"{name}{percent:.0f} %" for name, percent in shares if percent is not None]
    if gpu.memory_used_bytes is not None and gpu.memory_total_bytes is not None:
        facts.append(f"memory {size(gpu.memory_used_bytes)} of {size(gpu.memory_total_bytes)}")
    facts += _heat(gpu.temperature_celsius)
    facts += [f"{gpu.power_watts:.0f} W"] if gpu.power_watts is not None else []
    lines = [f"GPU {gpu.index} {clean(gpu.name)}: {' · '.join(facts) or 'tells nothing'}"]
    if gpu.sessions is None:
        return lines
    limit = snapshot.session_limit
    told = f"{plural(len(gpu.sessions), 'encoder session')}"
    told += f", at most {limit.sessions} as it refused one more" if limit is not None else ""
    shown = [_session(session, snapshot) for session in gpu.sessions[:SESSIONS_SHOWN]]
    more = len(gpu.sessions) - len(shown)
    shown += [f"and {more} more"] if more > 0 else []
    return [*lines, f"         {told}{': ' if shown else ''}{', '.join(shown)}"]


def _session(session: EncoderSession, snapshot: RecorderSnapshot) -> str:
    whose = next((clean(one.name) for one in snapshot.cameras if one.pid == session.pid), "another process")
    return f"{session.codec or 'video'} {session.width}x{session.height} of {whose} (PID {session.pid})"
