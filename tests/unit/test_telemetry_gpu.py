"""GPUs: there is none on most machines, and that is not to be noticed; and what there is to learn from refusals.

No GPU ran in these tests. Structures and numbers are held against NVIDIA's own binding, which is made from the header
of the library.
"""

from __future__ import annotations

import ctypes
from dataclasses import replace
from datetime import UTC, datetime

import pynvml
import pytest

from vmstui.measured import EncoderSession
from vmstui.telemetry import gpu
from vmstui.telemetry.gpu import Gpus, SessionLimit, is_refusal, learnt, session_of, still_holds

AT = datetime(2026, 1, 2, tzinfo=UTC)
OLD = "[h264_nvenc @ 0x55d0] OpenEncodeSessionEx failed: out of memory (10): (no details)"
NEW = "[hevc_nvenc @ 0x55d0] OpenEncodeSessionEx failed: incompatible client key (21): (no details)"


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


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        (OLD, True),
        (NEW, True),
        ("OpenEncodeSessionEx failed: unsupported device (2)", False),
        ("OpenEncodeSessionEx failed: out of memory (100)", False),
        ("CreateInputBuffer failed: out of memory (10)", False),
        ("Cannot allocate memory", False),
        ("", False),
    ],
)
def test_both_refusals_are_known_and_nothing_else(line: str, refused: bool) -> None:
    assert is_refusal(line) is refused


def test_the_limit_is_learnt_from_refusals_and_nothing_else() -> None:
    assert learnt(None, "Starting", 8, "550.1", AT) is None
    first = learnt(None, OLD, 5, "550.1", AT)
    assert first == SessionLimit(5, "550.1", AT, OLD)
    assert learnt(first, "Starting", 9, "550.1", AT) is first
    assert learnt(first, NEW, 0, "550.1", AT) is first  # nobody knows how many were in use
    assert learnt(first, NEW, 3, "550.1", AT) is first  # the memory was short, or one had just ended
    assert learnt(first, NEW, 8, "550.1", AT) == SessionLimit(8, "550.1", AT, NEW)
    assert learnt(first, NEW, 3, "560.2", AT) == SessionLimit(3, "560.2", AT, NEW)


def test_a_limit_is_forgotten_with_its_driver_and_when_it_was_passed() -> None:
    limit = SessionLimit(5, "550.1", AT, OLD)
    assert still_holds(limit, "550.1", 5)
    assert not still_holds(limit, "560.2", 1)
    assert not still_holds(limit, "550.1", 6)
    assert still_holds(replace(limit, sessions=8), "550.1", 6)
