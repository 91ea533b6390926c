"""Quantities that are measured, by the names of their columns: what they are called, and a value with its unit.

For commands and the dashboard alike. Pure.
"""

from __future__ import annotations

from vmstui.spoken import size

_TITLES = {
    "cpu_percent": "CPU",
    "rss_bytes": "memory",
    "memory_used_bytes": "memory",
    "write_bytes_per_s": "written",
    "steal_percent": "CPU taken by the host",
    "disk_read_bytes_per_s": "disk: read",
    "disk_write_bytes_per_s": "disk: written",
    "disk_read_ms": "disk: a read takes",
    "disk_write_ms": "disk: a write takes",
    "disk_busy_percent": "disk: busy",
    "received_bytes_per_s": "network: in",
    "sent_bytes_per_s": "network: out",
}
_UNITS = ("_percent", "_bytes_per_s", "_bytes", "_per_s", "_celsius", "_watts", "_ms")


def title(name: str) -> str:
    """`CPU`, `dropped frames`."""
    if name in _TITLES:
        return _TITLES[name]
    for unit in _UNITS:
        name = name.removesuffix(unit)
    return name.replace("_", " ").replace("gpu ", "GPU ")


def written(name: str, value: float) -> str:
    """A value with its unit, by the name of its quantity."""
    if name.endswith("_percent"):
        return f"{value:.1f} %"
    if name.endswith("_bytes"):
        return size(value)
    if name.endswith("_bytes_per_s"):
        return f"{size(value)}/s"
    if name.endswith("_ms"):
        return f"{value:.1f} ms"
    if name.endswith("_celsius"):
        return f"{value:.0f} °C"
    if name.endswith("_watts"):
        return f"{value:.0f} W"
    if name.endswith("_per_s"):
        return f"{value:.2f}/s" if value < 100 else f"{value:.0f}/s"
    return f"{value:.1f}"


def bit_rate(bits_per_s: float) -> str:
    """`3.02 Mbit/s`: in powers of 1000, as bitrates are set."""
    for unit, power in (("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3)):
        if bits_per_s >= power:
            return f"{bits_per_s / power:.3g} {unit}"
    return f"{bits_per_s:.0f} bit/s"
