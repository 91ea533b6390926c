"""What `vmstui status` tells of the machine."""

from __future__ import annotations

from dataclasses import replace

from tests.tui.fakes import GIB, MIB, NOW, camera, recorder_snapshot
from vmstui.cli.machine_text import machine_lines
from vmstui.cli.picture import picture
from vmstui.codec import to_json
from vmstui.measured import DiskNow, EncoderSession, GpuNow, MachineNow, SessionLimit

DISK = DiskNow("sda1", 0.0, 2.6 * MIB, None, 4.0, 9.0)
PLAIN = MachineNow(NOW, 312.4, (81.0, 77.2, 79.1, 75.1), 0.0, 3.41, 5 * GIB, 16 * GIB, DISK, 3.1 * MIB, 0.0, 61.0)
SESSIONS = (EncoderSession(101613, "h265", 1920, 1080, 15), EncoderSession(7, "", 640, 360, 25))
GPU = GpuNow(0, "NVIDIA T400\x1b[2J", 41.0, 20.0, 0.0, GIB, 4 * GIB, 58.0, 20.4, SESSIONS)


def told(now: MachineNow | None, **changes: object) -> str:
    return "\n".join(machine_lines(recorder_snapshot(camera(), machine=now, **changes)))


def test_cpu_memory_disk_network_and_heat_are_told_in_two_lines() -> None:
    first, second = told(PLAIN).split("\n")
    assert first == "machine: CPU 312 % of 400 % (cores 81 77 79 75) · load 3.41 · memory 5.0 G of 16.0 G"
    assert second.strip().split(" · ") == [
        "disk sda1: writes 2.6 M/s (4.0 ms each), reads 0 B/s, busy 9 %",
        "network in 3.1 M/s, out 0 B/s",
        "61 °C",
    ]


def test_what_is_not_known_is_left_out() -> None:
    assert told(None) == ""
    bare = replace(PLAIN, disk=None, temperature_celsius=None, core_percents=())
    assert "recordings on no disk of this machine · network" in told(bare)
    assert "°C" not in told(bare)
    assert "cores" not in told(bare)


def test_many_cores_are_summed_up_and_a_busy_host_is_told() -> None:
    assert "(busiest core 97 %)" in told(replace(PLAIN, core_percents=(3.0,) * 63 + (97.0,)))
    assert "12 % taken by the host" in told(replace(PLAIN, steal_percent=12.0))


def test_a_gpu_tells_its_sessions_with_codec_and_process() -> None:
    shown = told(replace(PLAIN, gpus=(GPU,))).split("\n")
    assert shown[2] == "GPU 0 NVIDIA T400: 41 % · encoder 20 % · decoder 0 % · memory 1.0 G of 4.0 G · 58 °C · 20 W"
    assert shown[3].strip() == (
        "2 encoder sessions: h265 1920x1080 of Lobby (PID 101613), video 640x360 of another process (PID 7)"
    )
    limit = SessionLimit(2, "550.1", NOW, "OpenEncodeSessionEx failed: out of memory (10): (no details)")
    assert "2 encoder sessions, at most 2 as it refused one more" in told(
        replace(PLAIN, gpus=(GPU,)), session_limit=limit
    )
    many = replace(GPU, sessions=SESSIONS * 10)
    assert told(replace(PLAIN, gpus=(many,))).endswith("and 12 more")
    silent = GpuNow(1, "H100", None, None, None, None, None, None, None, None)
    assert told(replace(PLAIN, gpus=(silent,))).endswith("GPU 1 H100: tells nothing")


def test_it_is_in_the_status() -> None:
    shown = picture(to_json(recorder_snapshot(camera(), machine=PLAIN)))
    assert "\n\nmachine: CPU 312 %" in shown
