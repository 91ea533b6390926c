"""The check of the recordings folder on real file systems: full, read-only, not mounted. Each in a mount namespace of
its own, so that nothing of it is left and no other process sees it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.peers import unavailable

CHECK = """
import dataclasses, json, sys
from vmstui.recording.storage import check_storage
path, mount, floor = sys.argv[1:4]
print(json.dumps(dataclasses.asdict(check_storage(path, mount or None, int(floor)))))
"""


@pytest.fixture(autouse=True)
def _mounts_are_allowed(tmp_path: Path) -> None:
    probe = ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]
    try:
        allowed = subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        allowed = False
    if not allowed:
        unavailable("mounting in a namespace of its own is not allowed here (needs root and unshare)")


def _check(setup: str, path: Path, expected_mount: Path | None = None, floor_bytes: int = 0) -> dict[str, object]:
    """Run shell commands in a new mount namespace, then the check in it."""
    script = f'set -e; {setup}; exec "$0" -c "$1" "$2" "$3" "$4"'
    command = ["unshare", "-m", "sh", "-c", script, sys.executable, CHECK, str(path)]
    command += [str(expected_mount or ""), str(floor_bytes)]
    output = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert output.returncode == 0, output.stderr
    found: dict[str, object] = json.loads(output.stdout)
    return found


def test_a_mounted_disk_with_room_is_usable_and_measured(tmp_path: Path) -> None:
    disk = tmp_path / "my disk"
    disk.mkdir()
    recordings = disk / "rec"
    found = _check(f"mount -t tmpfs -o size=8m tmpfs '{disk}'; mkdir '{recordings}'", recordings, disk)
    assert found["usable"], found
    assert found["mount_point"] == str(disk)
    assert found["total_bytes"] == 8 << 20


def test_a_full_disk_is_found_by_writing_to_it(tmp_path: Path) -> None:
    fill = f"mount -t tmpfs -o size=1m tmpfs {tmp_path}; head -c 2000000 /dev/zero > {tmp_path}/x 2>/dev/null || true"
    found = _check(fill, tmp_path, tmp_path)
    assert not found["usable"]
    assert "is full (No space left on device): free space" in str(found["reason"])
    assert found["free_bytes"] == 0


def test_a_disk_without_inodes_is_full_although_it_has_space(tmp_path: Path) -> None:
    found = _check(f"mount -t tmpfs -o size=1m,nr_inodes=1 tmpfs {tmp_path}", tmp_path, tmp_path)
    assert not found["usable"]
    assert "is full" in str(found["reason"])


def test_a_read_only_disk_is_named_as_such(tmp_path: Path) -> None:
    found = _check(f"mount -t tmpfs -o size=1m,ro tmpfs {tmp_path}", tmp_path, tmp_path)
    assert not found["usable"]
    assert "is mounted read-only" in str(found["reason"])


def test_a_disk_that_was_unmounted_is_told_from_the_folder_below_it(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = f"mount -t tmpfs tmpfs {disk}"
    assert _check(mounted, disk, disk)["usable"]
    found = _check(f"{mounted}; umount {disk}", disk, disk)
    assert not found["usable"]
    assert f"is not on the file system mounted at {disk}" in str(found["reason"])
