"""Whether the recordings folder is a place to record to. Real mounts are in tests/integration."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vmstui.recording.storage import StorageStatus, check_storage, mount_point_of, mount_points

MOUNTINFO = (
    b"22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    b"30 22 8:17 / /srv/my\\040disk\\134x rw - xfs /dev/sdb1 rw\n"
    b"31 22 8:18 / /srv/caf\xc3\xa9 rw - xfs /dev/sdc1 rw\n"
    b"garbage\n"
)


def test_a_folder_that_can_be_written_is_usable_and_stays_empty(tmp_path: Path) -> None:
    status = check_storage(str(tmp_path), None, 0)
    assert status == StorageStatus(True, "", status.free_bytes, status.total_bytes, mount_point_of(str(tmp_path)))
    assert 0 < status.free_bytes <= status.total_bytes
    assert os.listdir(tmp_path) == []


def test_the_file_system_it_is_on_is_accepted_by_name(tmp_path: Path) -> None:
    assert check_storage(str(tmp_path), mount_point_of(str(tmp_path)), 0).usable


@pytest.mark.parametrize("path", ["/nowhere/recordings", "/etc/hostname", "/proc/self", "with\0nul", ""])
def test_what_cannot_be_used_is_said_and_never_raised(path: str) -> None:
    status = check_storage(path, None, 0)
    assert not status.usable
    assert status.reason.partition(": ")[2], "says what to do"


def test_a_disk_that_is_not_mounted_is_named(tmp_path: Path) -> None:
    status = check_storage(str(tmp_path / "missing"), "/srv/disk", 0)
    assert not status.usable
    assert status.reason == (
        f"the recordings folder {tmp_path / 'missing'} is not on the file system mounted at /srv/disk "
        f"(it is on {mount_point_of(str(tmp_path))}): mount it, or change recordings_mount"
    )


def test_less_free_space_than_the_floor_is_not_usable(tmp_path: Path) -> None:
    status = check_storage(str(tmp_path), None, 1 << 60)
    assert not status.usable
    assert "less than 1152921.5 TB: free space" in status.reason


def test_mount_points_are_read_with_their_escapes() -> None:
    assert mount_points(MOUNTINFO) == ("/", "/srv/my disk\\x", "/srv/café")


def test_a_link_leads_to_the_mount_point_of_its_target(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/proc")
    assert mount_point_of(str(tmp_path / "link")) == "/proc"
