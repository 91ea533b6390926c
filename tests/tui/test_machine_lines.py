"""The machine as lines: only what was measured, each figure with its unit, and nothing wider than there is room."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tui.fakes import GIB, MIB, NOW, camera, recorder_snapshot
from vmstui.measured import DiskNow, EncoderSession, GpuNow, MachineNow, SessionLimit
from vmstui.model import RecorderSnapshot, StorageSnapshot
from vmstui.tui.lines import Role, text_of, width_of
from vmstui.tui.machine_lines import machine_lines

SESSIONS = (EncoderSession(101613, "h265", 1920, 1080, 15), EncoderSession(7, "", 640, 360, 25))
GPU = GpuNow(0, "NVIDIA T4", 31.0, 41.0, None, 3 * GIB, 16 * GIB, 58.0, None, SESSIONS)
MACHINE = MachineNow(
    NOW, 123.4, (20.0, 98.6, 1.0, 3.8), 0.0, 1.25, 5 * GIB, 8 * GIB,
    DiskNow("sda1", 0.2 * MIB, 2.6 * MIB, None, 4.0, 9.0), 3.1 * MIB, 0.9 * MIB, 61.0, (GPU,),
)  # fmt: skip


def snapshot(machine: MachineNow | None = MACHINE, **changes: object) -> RecorderSnapshot:
    return recorder_snapshot(camera("lobby"), machine=machine, **changes)


def told(of: RecorderSnapshot, cells: int = 120) -> str:
    return "\n".join(text_of(line) for line in machine_lines(of, None, cells))


def test_each_figure_has_its_unit_and_its_whole() -> None:
    text = told(snapshot())
    for words in (
        "123 % of 400 %, load 1.25", "20 %", "99 %", "5.0 G of 8.0 G", "76.0 G free of 200 G at /srv",
        "busy 9 %, writes 2.6 M/s (4.0 ms each), reads 205 K/s, sda1", "in 3.1 M/s, out 922 K/s", "61 °C, the CPU",
        "GPU 0", "31 %, NVIDIA T4, encoder 41 %, 58 °C", "3.0 G of 16.0 G of its memory", "2 encoder sessions",
        "23.4 % of 205 % budget",
    ):  # fmt: skip
        assert words in text


def test_an_encoder_session_tells_whose_it_is() -> None:
    text = told(snapshot())
    assert "h265 1920x1080 at 15 fps, Lobby (PID 101613)" in text
    assert "video 640x360 at 25 fps, another process (PID 7)" in text
    assert "at most" not in text
    limit = SessionLimit(2, "550", NOW, "OpenEncodeSessionEx failed")
    assert "2 encoder sessions, at most 2: it refused one more" in told(snapshot(session_limit=limit))


def test_what_is_not_known_has_no_line() -> None:
    bare = replace(MACHINE, disk=None, temperature_celsius=None, gpus=())
    text = told(snapshot(bare))
    assert "recordings are on no disk of this machine" in text
    assert "°C" not in text
    assert "GPU" not in text
    assert "decoder" not in told(snapshot())
    assert "on their way" in told(snapshot(None))


def test_what_runs_out_is_told_by_number_and_role() -> None:
    nearly = replace(MACHINE, memory_used_bytes=int(7.9 * GIB))
    lines = machine_lines(snapshot(nearly, cpu_percent=300.0), None, 120)
    memory = next(line for line in lines if text_of(line).startswith("memory"))
    assert any(role is Role.BAD for _, role in memory)
    recorder = next(line for line in lines if text_of(line).startswith("recorder"))
    assert "▲ 300.0 % of 205 % budget" in text_of(recorder)
    storage = StorageSnapshot("/srv", False, "Input/output error", 0, 0, "/srv")
    assert "✖ not usable: Input/output error" in told(snapshot(storage=storage))


@pytest.mark.parametrize("cells", [30, 48, 58, 78, 118, 198])
def test_lines_are_never_wider_than_there_is_room(cells: int) -> None:
    many = replace(MACHINE, core_percents=tuple(range(64)), steal_percent=4.0)
    assert [line for line in machine_lines(snapshot(many), None, cells) if width_of(line) > cells] == []
