"""What is read of the machine, held against psutil and the kernel's own words."""

from __future__ import annotations

import math
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from vmstui.codec import from_json, to_json
from vmstui.measured import EncoderSession, GpuNow, MachineNow
from vmstui.telemetry.machine import (
    Counters,
    CpuTicks,
    DiskCounters,
    MachineReader,
    columns,
    parse_diskstats,
    parse_meminfo,
    parse_mountinfo,
    parse_net_dev,
    parse_stat,
    rates,
)

AT = datetime(2026, 1, 2, tzinfo=UTC)
MOUNTINFO = rb"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
40 27 0:36 / /srv/re\040cord\134ings rw,relatime shared:7 master:2 - btrfs /dev/sdb1 rw,subvol=/
41 27 0:40 / /srv/nas rw - nfs4 nas:/export rw
42 27 0:41 / /mnt rw - tmpfs tmpfs rw
43 27 8:17 / /mnt rw - xfs /dev/sdb1 rw
"""


def _work() -> None:
    until_s = time.process_time() + 0.4
    while time.process_time() < until_s:
        math.sqrt(2)


def _busy_s() -> list[float]:
    """Of all cores together and of each, by psutil."""
    told = [psutil.cpu_times(), *psutil.cpu_times(percpu=True)]
    return [times.user + times.nice + times.system + times.irq + times.softirq for times in told]


def test_cpu_is_what_psutil_makes_of_the_same_seconds() -> None:
    reader = MachineReader(lambda: "", lambda: ())
    assert reader.read(time.monotonic()) is None
    before, begun_s = _busy_s(), time.monotonic()
    _work()
    time.sleep(0.4)
    found, after = reader.read(time.monotonic()), _busy_s()
    elapsed_s = time.monotonic() - begun_s
    assert found is not None
    wanted = [100 * (now - then) / elapsed_s for now, then in zip(after, before, strict=True)]
    assert found.cpu_percent == pytest.approx(wanted[0], abs=8)  # ticks of 10 ms, on each core
    assert len(found.core_percents) == len(wanted) - 1
    assert found.core_percents == pytest.approx(wanted[1:], abs=6)
    assert found.cpu_percent == pytest.approx(sum(found.core_percents), abs=8)


def test_memory_and_load_are_what_others_tell() -> None:
    used, total = parse_meminfo(Path("/proc/meminfo").read_bytes())
    told = psutil.virtual_memory()
    assert total == told.total
    assert used == pytest.approx(told.total - told.available, rel=0.1)
    reader = MachineReader(lambda: "", lambda: ())
    reader.read(0.0)
    found = reader.read(1.0)
    assert found is not None
    assert found.load == pytest.approx(os.getloadavg()[0], abs=0.5)


def test_disks_and_network_are_counted_as_psutil_counts_them() -> None:
    raw = Path("/proc/diskstats").read_bytes()
    told = psutil.disk_io_counters(perdisk=True, nowrap=False) or {}
    names = [line.split() for line in raw.decode().splitlines()]
    compared = 0
    for major, minor, name, *_ in names:
        found = parse_diskstats(raw, (int(major), int(minor)))
        if name in told and found is not None:
            compared += 1
            assert found.reads <= told[name].read_count
            assert found.writes == pytest.approx(told[name].write_count, rel=0.01, abs=50)
            assert found.written_bytes == pytest.approx(told[name].write_bytes, rel=0.01, abs=10_000_000)
    assert compared or not told
    cards = parse_net_dev(Path("/proc/net/dev").read_bytes())
    by_psutil = psutil.net_io_counters(pernic=True, nowrap=False)
    assert set(cards) == set(by_psutil) - {"lo"}
    for name, (received, sent) in cards.items():
        assert received == pytest.approx(by_psutil[name].bytes_recv, rel=0.01, abs=100_000)
        assert sent == pytest.approx(by_psutil[name].bytes_sent, rel=0.01, abs=100_000)


def test_the_disk_is_that_of_the_mount_point(tmp_path: Path) -> None:
    """By the numbers the kernel itself gives for a file there, where it is a disk."""
    mounted = tmp_path
    while not mounted.is_mount():
        mounted = mounted.parent
    found = parse_mountinfo(Path("/proc/self/mountinfo").read_bytes(), str(mounted))
    assert found is not None
    device = os.stat(tmp_path).st_dev
    assert found[0] == (os.major(device), os.minor(device))


@pytest.mark.parametrize(
    ("mount_point", "wanted"),
    [
        ("/", ((254, 1), "/dev/vda1")),
        ("/srv/re cord\\ings", ((0, 36), "/dev/sdb1")),
        ("/srv/nas", ((0, 40), "nas:/export")),
        ("/mnt", ((8, 17), "/dev/sdb1")),
        ("/srv", None),
    ],
)
def test_mounts_are_read_as_the_kernel_writes_them(mount_point: str, wanted: object) -> None:
    assert parse_mountinfo(MOUNTINFO, mount_point) == wanted


def test_recordings_in_memory_are_on_no_disk() -> None:
    assert Path("/dev/shm").is_mount()
    reader = MachineReader(lambda: "/dev/shm", lambda: ())
    reader.read(0.0)
    found = reader.read(1.0)
    assert found is not None
    assert found.disk is None
    assert not any(name.startswith("disk") for name in columns(found))


def test_a_machine_without_anything_but_proc_is_told_of(tmp_path: Path) -> None:
    """An old kernel in a container: no sensors, no cards, a line of eight fewer fields."""
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/net").mkdir()
    for name, text in (
        ("stat", "cpu 100 0 100 800\ncpu0 100 0 100 800\nintr 5\n"),
        ("meminfo", "MemTotal: 1000 kB\nMemFree: 200 kB\nMemAvailable: 400 kB\n"),
        ("loadavg", "0.50 0.40 0.30 1/100 5\n"),
        ("diskstats", ""),
        ("net/dev", "Inter-|\n face |\n    lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\n  eth0:5000 9 0 0 0 0 0 0 70 9\n"),
        ("self/mountinfo", ""),
    ):
        (tmp_path / "proc" / name).write_text(text)
    reader = MachineReader(lambda: "/srv", lambda: (), tmp_path)
    reader.read(10.0)
    (tmp_path / "proc/stat").write_text("cpu 150 0 100 850\ncpu0 150 0 100 850\nintr 5\n")
    (tmp_path / "proc/net/dev").write_text("Inter-|\n face |\n  eth0: 15000 9 0 0 0 0 0 0 2070 9\n")
    found = reader.read(20.0)
    assert found is not None
    assert (found.cpu_percent, found.core_percents, found.steal_percent) == (50.0, (50.0,), 0.0)
    assert (found.memory_used_bytes, found.memory_total_bytes) == (600 * 1024, 1000 * 1024)
    assert (found.received_bytes_per_s, found.sent_bytes_per_s) == (1000.0, 200.0)
    assert (found.temperature_celsius, found.disk, found.gpus) == (None, None, ())
    (tmp_path / "proc/stat").unlink()
    with pytest.raises(OSError, match="stat"):
        reader.read(30.0)


def test_cards_count_and_what_is_built_on_them_does_not(tmp_path: Path) -> None:
    (tmp_path / "sys/class/net/eth0/device").mkdir(parents=True)
    (tmp_path / "sys/class/net/docker0").mkdir()
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/net").mkdir()
    for name, text in (
        ("stat", "cpu 1 0 1 8\ncpu0 1 0 1 8\n"),
        ("meminfo", "MemTotal: 1000 kB\nMemAvailable: 400 kB\n"),
        ("loadavg", "0.50 0.40 0.30 1/100 5\n"),
        ("net/dev", "\n\neth0: 0 9 0 0 0 0 0 0 0 9\ndocker0: 0 9 0 0 0 0 0 0 0 9\n"),
    ):
        (tmp_path / "proc" / name).write_text(text)
    reader = MachineReader(lambda: "", lambda: (), tmp_path)
    reader.read(0.0)
    (tmp_path / "proc/net/dev").write_text("\n\neth0: 100 9 0 0 0 0 0 0 50 9\ndocker0: 900 9 0 0 0 0 0 0 900 9\n")
    found = reader.read(1.0)
    assert found is not None
    assert (found.received_bytes_per_s, found.sent_bytes_per_s) == (100.0, 50.0)


def test_sensors_of_the_cpu_are_found(tmp_path: Path) -> None:
    for number, (name, degrees) in enumerate((("nvme", 80_000), ("coretemp", 51_500))):
        folder = tmp_path / f"sys/class/hwmon/hwmon{number}"
        folder.mkdir(parents=True)
        (folder / "name").write_text(f"{name}\n")
        (folder / "temp1_input").write_text(f"{degrees}\n")
    assert MachineReader(lambda: "", lambda: (), tmp_path)._temperature() == 51.5
    (tmp_path / "sys/class/hwmon/hwmon1/temp1_input").unlink()
    assert MachineReader(lambda: "", lambda: (), tmp_path)._temperature() is None


def test_rates_are_those_between_two_readings() -> None:
    before = Counters(100.0, (CpuTicks(0, 0, 0),) * 3, DiskCounters(10, 0, 5, 10, 0, 10, 0), 0, 0)
    after = Counters(
        105.0,
        (CpuTicks(600, 100, 1000), CpuTicks(500, 100, 500), CpuTicks(100, 0, 500)),
        DiskCounters(10, 0, 5, 60, 50_000_000, 260, 2500),
        0,
        0,
    )
    found = rates(before, after, AT, load=1.0, memory=(1, 2), device="sda1")
    assert (found.cpu_percent, found.core_percents, found.steal_percent) == (120.0, (100.0, 20.0), 20.0)
    assert found.disk is not None
    assert (found.disk.write_bytes_per_s, found.disk.write_ms, found.disk.read_ms) == (1e7, 5.0, None)
    assert found.disk.busy_percent == 50.0


def test_counters_that_begin_anew_make_no_negative_rates() -> None:
    before = Counters(0.0, (CpuTicks(500, 0, 900),) * 2, DiskCounters(9, 9, 9, 9, 9, 9, 9), 10**9, 10**9)
    after = Counters(5.0, (CpuTicks(400, 0, 1000),) * 3, DiskCounters(1, 1, 1, 1, 1, 1, 1), 5, 5)
    found = rates(before, after, AT, load=0.0, memory=(0, 0))
    assert found.core_percents == ()
    assert min(value for _, value in columns(found).values() if value == value) >= 0


def test_a_reading_crosses_the_socket_and_has_its_columns() -> None:
    gpu = GpuNow(0, "T4", 50, 20, None, 2**30, 2**34, 60, 70.5, (EncoderSession(7, "h265", 1920, 1080, 25),))
    before = Counters(0.0, (CpuTicks(0, 0, 0),) * 3, None, 0, 0)
    after = Counters(5.0, (CpuTicks(500, 0, 1000),) * 3, None, 0, 0)
    found = rates(before, after, AT, load=0.5, memory=(2**31, 2**33), gpus=(gpu,), temperature_celsius=40.0)
    assert from_json(MachineNow, to_json(found)) == found
    named = columns(found)
    assert named["gpu_0_encoder_sessions"] == (1.0, 1.0)
    assert math.isnan(named["gpu_0_decoder_percent"][1])
    assert named["memory_used_bytes"] == (2.0**30, 2**31)


def test_numbers_of_a_cpu_that_is_not_online_are_left_out() -> None:
    told = parse_stat(b"cpu  10 0 10 80 0 0 0 0 0 0\ncpu0 5 0 5 40 0 0 0 0 0 0\ncpu3 5 0 5 40 0 0 0 0 0 0\nintr 1\n")
    assert [ticks.total for ticks in told] == [100, 50, 50]
