"""Kills for want of memory are told from other kills, by what the kernel itself counts and logs."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vmstui.recorder.oom import OomWatch, find_kill, kill_count

GLOBAL = (
    "3,2301,98765432,-;Out of memory: Killed process 4711 (ffmpeg) total-vm:912340kB, anon-rss:523456kB, "
    "file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1540kB oom_score_adj:0"
)
CGROUP = GLOBAL.replace("Out of memory", "Memory cgroup out of memory")


def test_the_kernel_counts_its_kills() -> None:
    assert kill_count("pgfault 12\noom_kill 3\nnuma_hit 1\n") == 3
    assert kill_count("pgfault 12\n") is None


@pytest.mark.parametrize(("record", "of"), [(GLOBAL, "want of memory"), (CGROUP, "want of memory of its cgroup")])
def test_the_kernel_names_whom_it_killed_and_how_large_it_was(record: str, of: str) -> None:
    told = find_kill(["6,1,2,-;something else", record], 4711, 90.0)
    assert told == f"the kernel log tells that process 4711 with 511 MiB was killed for {of}"


def test_another_process_or_an_earlier_one_with_the_same_pid_is_not_meant() -> None:
    assert find_kill([GLOBAL], 4712, 90.0) == ""
    assert find_kill([GLOBAL], 4711, 99.0) == ""


def test_without_a_new_kill_nothing_is_blamed_on_the_kernel(tmp_path: Path) -> None:
    vmstat, kmsg = tmp_path / "vmstat", tmp_path / "kmsg"
    vmstat.write_text("oom_kill 3\n")
    kmsg.write_text(GLOBAL)
    watch = OomWatch(vmstat, kmsg)
    assert watch.evidence(4711, 90.0) == ""
    vmstat.write_text("oom_kill 4\n")
    assert "4711" in watch.evidence(4711, 90.0)
    vmstat.write_text("oom_kill 5\n")
    kmsg.unlink()  # not for everybody to read
    assert watch.evidence(4711, 90.0) == "the kernel counts 1 more kills for want of memory"


def test_a_death_beside_a_kill_of_another_process_is_not_blamed_on_the_kernel(tmp_path: Path) -> None:
    vmstat, kmsg = tmp_path / "vmstat", tmp_path / "kmsg"
    vmstat.write_text("oom_kill 3\n")
    kmsg.write_text(GLOBAL)
    watch = OomWatch(vmstat, kmsg)
    vmstat.write_text("oom_kill 4\n")
    assert watch.evidence(4712, 90.0) == ""


@pytest.mark.parametrize("readable", [True, False])
def test_of_two_workers_that_were_killed_at_once_both_are_told(tmp_path: Path, readable: bool) -> None:
    vmstat, kmsg = tmp_path / "vmstat", tmp_path / "kmsg"
    vmstat.write_text("oom_kill 3\n")
    if readable:
        kmsg.write_text(f"{GLOBAL}\n{GLOBAL.replace('4711', '4712')}")
    watch = OomWatch(vmstat, kmsg)
    vmstat.write_text("oom_kill 5\n")
    for pid in (4711, 4712):
        assert "for want of memory" in watch.evidence(pid, 90.0)


@pytest.fixture
def small_cgroup() -> Iterator[Path]:
    """A memory cgroup of 32 MiB; needs root and cgroup v1 or v2, and is skipped by name without."""
    for parent, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
        folder = Path(parent, f"vmstui-test-{time.monotonic_ns()}")
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            (folder / limit).write_text(str(32 * 1024 * 1024))
        except OSError:
            folder.rmdir()
            continue
        yield folder
        folder.rmdir()
        return
    pytest.skip("memory cgroups cannot be made here")


def test_a_real_kill_for_want_of_memory_is_recognised(small_cgroup: Path) -> None:
    watch = OomWatch()
    program = "import sys; sys.stdin.read(1); data = b'x' * (256 * 1024 * 1024)"
    greedy = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)
    (small_cgroup / "cgroup.procs").write_text(str(greedy.pid))
    greedy.communicate(b"g", timeout=60)
    if greedy.returncode != -9:
        pytest.skip(f"this kernel does not kill in a memory cgroup (it ended with {greedy.returncode})")
    assert "want of memory" in watch.evidence(greedy.pid, 0.0)
