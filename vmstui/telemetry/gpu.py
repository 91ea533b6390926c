"""NVIDIA GPUs by NVML, the library that comes with their driver: utilisation, encoders, sessions, memory, heat.

Called through `ctypes`, a dozen functions of it: NVIDIA's own binding (`nvidia-ml-py`) takes 17 MB of memory and the
service has 40 for everything; the tests hold our structures against it. Without a driver, which is normal, there is
no GPU here, and the service does not even load this. A call may hang with a broken driver, so it belongs into a
thread that nothing else waits for. What a GPU does not tell (data centre models have no encoder) is None.
"""

from __future__ import annotations

import ctypes
from typing import Any

from vmstui.measured import EncoderSession, GpuNow

_LIBRARY = "libnvidia-ml.so.1"
_SUCCESS, _INSUFFICIENT_SIZE = 0, 7
_TEMPERATURE_OF_GPU = 0
_NAME_BYTES = 96
CODECS = {0: "h264", 1: "h265", 2: "av1"}
"""nvmlEncoderType_t."""
_MORE = 16
"""Sessions that may begin between the count and the list."""


class Utilization(ctypes.Structure):
    """nvmlUtilization_t."""

    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class Memory(ctypes.Structure):
    """nvmlMemory_t."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class Session(ctypes.Structure):
    """nvmlEncoderSessionInfo_t."""

    _fields_ = (
        ("sessionId", ctypes.c_uint),
        ("pid", ctypes.c_uint),
        ("vgpuInstance", ctypes.c_uint),
        ("codecType", ctypes.c_uint),
        ("hResolution", ctypes.c_uint),
        ("vResolution", ctypes.c_uint),
        ("averageFps", ctypes.c_uint),
        ("averageLatency", ctypes.c_uint),
    )


class Gpus:
    """Those of this machine, none where there is no driver. `driver` is its version."""

    def __init__(self) -> None:
        self.driver = ""
        self._nvml = _loaded()
        self._handles: list[ctypes.c_void_p] = []
        if self._nvml is not None:
            self._open(self._nvml)

    def read(self) -> tuple[GpuNow, ...]:
        """As they are now."""
        if self._nvml is None:
            return ()
        return tuple(_read(self._nvml, index, handle) for index, handle in enumerate(self._handles))

    def _open(self, nvml: Any) -> None:
        count = ctypes.c_uint()
        if nvml.nvmlInit_v2() != _SUCCESS or nvml.nvmlDeviceGetCount_v2(ctypes.byref(count)) != _SUCCESS:
            self._nvml = None
            return
        text = ctypes.create_string_buffer(_NAME_BYTES)
        if nvml.nvmlSystemGetDriverVersion(text, ctypes.c_uint(_NAME_BYTES)) == _SUCCESS:
            self.driver = text.value.decode(errors="replace")
        for index in range(count.value):
            handle = ctypes.c_void_p()
            if nvml.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(handle)) == _SUCCESS:
                self._handles.append(handle)


def session_of(entry: Any) -> EncoderSession:
    """A `Session`, or the same of NVIDIA's binding, in our words."""
    return EncoderSession(
        pid=int(entry.pid),
        codec=CODECS.get(int(entry.codecType), ""),
        width=int(entry.hResolution),
        height=int(entry.vResolution),
        fps=int(entry.averageFps),
    )


def _loaded() -> Any | None:
    try:
        return ctypes.CDLL(_LIBRARY)
    except OSError:
        return None


def _read(nvml: Any, index: int, handle: ctypes.c_void_p) -> GpuNow:
    name = ctypes.create_string_buffer(_NAME_BYTES)
    named = nvml.nvmlDeviceGetName(handle, name, ctypes.c_uint(_NAME_BYTES)) == _SUCCESS
    utilization, memory = Utilization(), Memory()
    utilised = nvml.nvmlDeviceGetUtilizationRates(handle, ctypes.byref(utilization)) == _SUCCESS
    remembered = nvml.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) == _SUCCESS
    milliwatts = _number(nvml.nvmlDeviceGetPowerUsage, handle)
    degrees = ctypes.c_uint()
    warm = nvml.nvmlDeviceGetTemperature(handle, ctypes.c_uint(_TEMPERATURE_OF_GPU), ctypes.byref(degrees)) == _SUCCESS
    return GpuNow(
        index=index,
        name=name.value.decode(errors="replace") if named else "",
        percent=utilization.gpu if utilised else None,
        encoder_percent=_share(nvml.nvmlDeviceGetEncoderUtilization, handle),
        decoder_percent=_share(nvml.nvmlDeviceGetDecoderUtilization, handle),
        memory_used_bytes=memory.used if remembered else None,
        memory_total_bytes=memory.total if remembered else None,
        temperature_celsius=degrees.value if warm else None,
        power_watts=milliwatts / 1000 if milliwatts is not None else None,
        sessions=_sessions(nvml, handle),
    )


def _number(function: Any, handle: ctypes.c_void_p) -> int | None:
    value = ctypes.c_uint()
    return value.value if function(handle, ctypes.byref(value)) == _SUCCESS else None


def _share(function: Any, handle: ctypes.c_void_p) -> int | None:
    value, period_us = ctypes.c_uint(), ctypes.c_uint()
    return value.value if function(handle, ctypes.byref(value), ctypes.byref(period_us)) == _SUCCESS else None


def _sessions(nvml: Any, handle: ctypes.c_void_p) -> tuple[EncoderSession, ...] | None:
    count = ctypes.c_uint(0)
    told = nvml.nvmlDeviceGetEncoderSessions(handle, ctypes.byref(count), None)
    if told not in (_SUCCESS, _INSUFFICIENT_SIZE):
        return None
    if not count.value:
        return ()
    count = ctypes.c_uint(count.value + _MORE)
    entries = (Session * count.value)()
    if nvml.nvmlDeviceGetEncoderSessions(handle, ctypes.byref(count), entries) != _SUCCESS:
        return None
    return tuple(session_of(entry) for entry in entries[: count.value])
