"""GPUs: there is none on most machines, and that is not to be noticed.

No GPU ran in these tests. Structures and numbers are held against NVIDIA's own binding, which is made from the header
of the library.
"""

from __future__ import annotations

import ctypes

import pynvml
import pytest

from vmstui.measured import EncoderSession
from vmstui.telemetry import gpu
from vmstui.telemetry.gpu import Gpus, session_of


def test_without_a_driver_there_is_no_gpu() -> None:
    try:
        ctypes.CDLL(gpu._LIBRARY)
    except OSError:
        found = Gpus()
        assert (found.read(), found.driver) == ((), "")
    else:
        pytest.skip("this machine has a driver")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (gpu.Utilization, pynvml.c_nvmlUtilization_t),
        (gpu.Memory, pynvml.c_nvmlMemory_t),
        (gpu.Session, pynvml.c_nvmlEncoderSession_t),
    ],
)
def test_structures_are_laid_out_as_in_the_binding_of_the_vendor(ours: type, theirs: type) -> None:
    assert ctypes.sizeof(ours) == ctypes.sizeof(theirs)
    offsets = [getattr(ours, field[0]).offset for field in ours._fields_]  # type: ignore[attr-defined]
    assert offsets == [getattr(theirs, field[0]).offset for field in theirs._fields_]  # type: ignore[attr-defined]


def test_numbers_are_those_of_the_binding_of_the_vendor() -> None:
    assert gpu._SUCCESS == pynvml.NVML_SUCCESS
    assert gpu._INSUFFICIENT_SIZE == pynvml.NVML_ERROR_INSUFFICIENT_SIZE
    assert gpu._TEMPERATURE_OF_GPU == pynvml.NVML_TEMPERATURE_GPU
    assert gpu._NAME_BYTES >= pynvml.NVML_DEVICE_NAME_V2_BUFFER_SIZE
    assert gpu.CODECS == {
        pynvml.NVML_ENCODER_QUERY_H264: "h264",
        pynvml.NVML_ENCODER_QUERY_HEVC: "h265",
        pynvml.NVML_ENCODER_QUERY_AV1: "av1",
    }


def test_a_session_is_told_in_our_words() -> None:
    entry = pynvml.c_nvmlEncoderSession_t()
    entry.sessionId, entry.pid, entry.codecType = 5, 4321, pynvml.NVML_ENCODER_QUERY_HEVC
    entry.hResolution, entry.vResolution, entry.averageFps = 1920, 1080, 25
    wanted = EncoderSession(pid=4321, codec="h265", width=1920, height=1080, fps=25)
    assert session_of(entry) == wanted
    assert session_of(gpu.Session.from_buffer_copy(bytes(entry))) == wanted
    entry.codecType = 77
    assert session_of(entry).codec == ""
