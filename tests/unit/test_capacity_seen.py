"""From what the control socket tells, and the files of the kernel, to measurements."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from tests.tui.fakes import GIB, MIB, NOW, camera, recorder_snapshot
from vmstui.capacity.host import Host, look
from vmstui.capacity.projection import project
from vmstui.capacity.seen import SETTLE_S, measured
from vmstui.capacity.window import blocks
from vmstui.capacity.words import Limit, Measured, MeasuredCamera, Question, Resource, Standing
from vmstui.configured import OutputKind
from vmstui.measured import CpuPast, EncoderSession, GpuNow, MachineNow, SessionLimit
from vmstui.model import (
    CameraSnapshot,
    CameraState,
    OutputHealth,
    OutputState,
    ProcessSnapshot,
    RecorderSnapshot,
    Sample,
)
from vmstui.storage import CameraStorage, StorageProjection

GB = 10**9
HOST = Host(16 * GIB, 4 * GIB, "the machine", None, "eth0", 125e6)
STEADY = (23.4,) * 300
UNKNOWN = "the catalogue is being filled"


def stored(*cameras: tuple[str, float, float | None], **changes: object) -> StorageProjection:
    """Cameras with bytes per second and promised days, on a disk with 1,000 GB for footage."""
    values: dict[str, object] = {
        "at": NOW, "size_bytes": 300 * GB, "locked_bytes": 0, "free_bytes": 800 * GB, "total_bytes": 2000 * GB,
        "floor_bytes": 100 * GB, "bytes_per_s": sum(rate for _, rate, _ in cameras),
        "cameras": tuple(
            CameraStorage(name, True, rate, 86400.0, False, 100 * GB, 0, NOW, days) for name, rate, days in cameras
        ),
    }  # fmt: skip
    return StorageProjection(**(values | changes))  # type: ignore[arg-type]


def encoded(name: str, recording: str, live: str) -> CameraSnapshot:
    return camera(
        name,
        outputs=(
            OutputHealth(OutputKind.RECORDING, OutputState.UP, "h265", recording),
            OutputHealth(OutputKind.LIVE, OutputState.UP, "h264", live),
        ),
    )


def one(found: Measured, name: str = "lobby") -> MeasuredCamera:
    return next(camera for camera in found.cameras if camera.camera == name)


def taken(found: Measured, resource: Resource, name: str = "lobby") -> tuple[float | None, ...] | None:
    return next((one.values for one in one(found, name).taken if one.resource is resource), None)


def limit(found: Measured, resource: Resource) -> Limit:
    return next(limit for limit in found.limits if limit.resource is resource)


# -- samples ----------------------------------------------------------------------------------------------------------


def test_samples_are_taken_as_means_of_ten_seconds_from_the_newest_back() -> None:
    samples = [0.0] * 5 + [10.0] * 10 + [20.0] * 5 + [40.0] * 5
    assert blocks(samples) == (30.0, 10.0)
    assert blocks(samples[-9:]) == blocks(()) == ()
    assert len(blocks([1.0] * 5000)) == 90


def test_what_the_history_tells_comes_where_there_are_no_samples() -> None:
    """25 samples, and means of ten seconds that were asked for 20 s before the newest of them."""
    past = (50.0, 60.0, None, 70.0)
    assert blocks([1.0] * 25, past, 10, 20.0) == (1.0, 1.0, 70.0, None, 60.0, 50.0)
    assert blocks((), (7.0, 8.0), 10, 0.0) == (8.0, 7.0)
    assert blocks([1.0] * 900, past, 10, 0.0) == (1.0,) * 90
    assert blocks((), (1.0,) * 500, 10, 0.0) == (1.0,) * 90


def test_the_start_of_a_worker_is_not_counted() -> None:
    """It has been recorded for 60 s, and of these the first are of probing and filling queues."""
    young = camera("lobby", since=NOW - timedelta(seconds=60), started_at=NOW - timedelta(seconds=65))
    samples = (5.0,) * 240 + (90.0,) * 20 + (20.0,) * 40
    found = measured(recorder_snapshot(young), {"lobby": samples}, UNKNOWN, HOST)
    assert SETTLE_S < 20
    assert taken(found, Resource.CPU) == (20.0,) * 4
    assert one(found).window_s == 40.0


def restarted(ago_s: float, worker_s: float, since_s: float) -> RecorderSnapshot:
    """The service started so long ago, its worker so long; and it was found to record so long ago."""
    then = NOW - timedelta(seconds=worker_s)
    lobby = camera("lobby", since=NOW - timedelta(seconds=since_s), started_at=then)
    return recorder_snapshot(lobby, started_at=NOW - timedelta(seconds=ago_s))


LONG_AGO = CpuPast(NOW, 10, {"lobby": (30.0,) * 90, "@relay": (4.0,) * 90, "@service": (2.0,) * 90})


def test_a_worker_that_outlived_the_service_is_known_of_its_whole_time() -> None:
    """The service is back for 35 s, of which 30 are sampled; the worker has run for an hour."""
    snapshot, newest = restarted(35.0, 3600.0, 34.0), {"lobby": (20.0,) * 30}
    found = measured(snapshot, newest, UNKNOWN, HOST, past=LONG_AGO)
    assert one(found).window_s == 900.0
    assert taken(found, Resource.CPU) == (24.0,) * 3 + (34.0,) * 87, "with its share of the relay"
    assert limit(found, Resource.CPU).beside == 2.0


def test_of_the_worker_before_the_present_one_nothing_is_counted() -> None:
    young = restarted(3600.0, 65.0, 60.0)
    assert one(measured(young, {"lobby": (20.0,) * 300}, UNKNOWN, HOST, past=LONG_AGO)).window_s == 40.0


def test_a_worker_that_was_found_waiting_for_its_camera_is_not_counted_for_that_time() -> None:
    late = restarted(600.0, 3600.0, 115.0)
    assert one(measured(late, {"lobby": (20.0,) * 300}, UNKNOWN, HOST, past=LONG_AGO)).window_s == 100.0


def test_the_relay_and_the_service_count_from_when_all_cameras_ran() -> None:
    """A camera came 65 s ago: what the relay took before was without it."""
    snapshot = recorder_snapshot(
        camera("lobby"),
        camera("gate", since=NOW - timedelta(seconds=65), started_at=NOW - timedelta(seconds=66)),
    )
    samples = {"lobby": STEADY, "gate": STEADY, "@relay": (2.0,) * 240 + (6.0,) * 60, "@service": STEADY}
    found = measured(snapshot, samples, UNKNOWN, HOST, past=LONG_AGO)
    assert {round(value, 6) for value in taken(found, Resource.CPU, "gate") or () if value} == {26.4}


@pytest.mark.parametrize("state", [state for state in CameraState if state is not CameraState.RECORDING])
def test_a_camera_that_does_not_record_is_counted_and_not_measured(state: CameraState) -> None:
    found = measured(recorder_snapshot(camera("lobby", state)), {"lobby": STEADY}, UNKNOWN, HOST)
    assert one(found).taken == ()


def test_a_camera_nobody_wants_is_not_counted() -> None:
    stopped = camera("gate", CameraState.STOPPED, wanted=False)
    found = measured(recorder_snapshot(camera(), stopped), {"lobby": STEADY, "gate": ()}, UNKNOWN, HOST)
    assert [camera.camera for camera in found.cameras] == ["lobby"]


def test_the_relay_is_shared_by_the_cameras_it_serves_and_the_service_by_none() -> None:
    silent = replace(camera("gate"), outputs=camera("gate").outputs[:1])
    snapshot = recorder_snapshot(
        camera("lobby"),
        camera("yard"),
        silent,
        relay=ProcessSnapshot(901, "running", sample=Sample(NOW, 3.0, 20 * MIB, 1, 0.0, 0.0)),
        service=ProcessSnapshot(900, "running", sample=Sample(NOW, 1.5, 30 * MIB, 5, 0.0, 0.0)),
    )
    found = measured(snapshot, dict.fromkeys(("lobby", "yard", "gate"), (20.0,) * 10), UNKNOWN, HOST)
    assert taken(found, Resource.CPU) == taken(found, Resource.CPU, "yard") == (21.5,)
    assert taken(found, Resource.CPU, "gate") == (20.0,)
    assert limit(found, Resource.CPU).beside == 1.5
    assert project(found).rows[0].cpu_percent == pytest.approx(3 * 20 + 3 + 1.5)


# -- limits -----------------------------------------------------------------------------------------------------------


def test_the_budget_is_that_of_the_recorder() -> None:
    found = measured(recorder_snapshot(camera()), {}, UNKNOWN, HOST)
    assert (limit(found, Resource.CPU).limit, limit(found, Resource.CPU).why) == (205.0, "capacity.cpu_budget")


def test_the_budget_that_nobody_set_says_why_it_is_not_all() -> None:
    found = measured(recorder_snapshot(camera(), cpu_budget_percent=340.0, cpu_count=4), {}, UNKNOWN, HOST)
    assert limit(found, Resource.CPU).why == "85 % of 4 cores: the rest is for bursts and the system"


def test_a_control_group_that_allows_less_is_the_limit() -> None:
    found = measured(recorder_snapshot(camera()), {}, UNKNOWN, replace(HOST, cpu_quota_percent=100.0))
    assert limit(found, Resource.CPU).limit == 85.0
    assert "control group" in limit(found, Resource.CPU).why
    enough = measured(recorder_snapshot(camera()), {}, UNKNOWN, replace(HOST, cpu_quota_percent=400.0))
    assert limit(enough, Resource.CPU).limit == 205.0


def test_memory_is_that_of_the_machine_less_what_others_use() -> None:
    found = measured(recorder_snapshot(camera()), {"lobby": STEADY}, UNKNOWN, HOST)
    cost = project(found).cost(Resource.MEMORY)
    assert cost.limit == pytest.approx(0.9 * 16 * GIB)
    assert cost.used_busy == 4 * GIB
    assert cost.busy == 122 * MIB
    assert cost.more == int((0.9 * 16 * GIB - 4 * GIB) // (122 * MIB))


def test_sessions_are_counted_from_the_encoders_and_their_limit_is_not_known() -> None:
    snapshot = recorder_snapshot(encoded("lobby", "hevc_nvenc", "h264_nvenc"), encoded("gate", "copy", "h264_nvenc"))
    found = measured(snapshot, {"lobby": STEADY, "gate": STEADY}, UNKNOWN, HOST)
    assert taken(found, Resource.ENCODER_SESSIONS) == (2.0,)
    assert taken(found, Resource.ENCODER_SESSIONS, "gate") == (1.0,)
    capacity = project(found)
    assert capacity.cost(Resource.ENCODER_SESSIONS).used_busy == 3.0
    gpu = {Resource.ENCODER_SESSIONS, Resource.ENCODER, Resource.DECODER, Resource.GPU_MEMORY}
    assert gpu < set(capacity.unknown)


def test_without_a_gpu_nothing_of_it_ends_anything() -> None:
    found = project(measured(recorder_snapshot(camera()), {"lobby": STEADY}, UNKNOWN, HOST))
    for resource in (Resource.ENCODER_SESSIONS, Resource.ENCODER, Resource.DECODER, Resource.GPU_MEMORY):
        assert found.cost(resource).standing is Standing.UNUSED
        assert found.cost(resource).why == "no camera is encoded on a GPU"


def test_copied_recordings_tell_what_comes_over_the_network_and_encoded_ones_do_not() -> None:
    snapshot = recorder_snapshot(encoded("lobby", "copy", "copy"))
    storage = stored(("lobby", 1e6, None))
    copied = project(measured(snapshot, {"lobby": STEADY}, storage, HOST)).cost(Resource.NETWORK)
    assert (copied.busy, copied.limit) == (1e6, 0.85 * 125e6)
    reencoded = measured(recorder_snapshot(camera()), {"lobby": STEADY}, storage, HOST)
    assert Resource.NETWORK in project(reencoded).unknown
    no_speed = measured(snapshot, {"lobby": STEADY}, storage, replace(HOST, network_bytes_per_s=None))
    assert limit(no_speed, Resource.NETWORK).why == "the speed of eth0 is not known"


# -- retention --------------------------------------------------------------------------------------------------------


def test_promised_days_need_room_on_the_disk() -> None:
    """1 MB/s for ten days are 864 GB of 1,000: one camera fits, two do not."""
    found = measured(recorder_snapshot(camera()), {"lobby": (1.0,) * 60}, stored(("lobby", 1e6, 10.0)), HOST)
    capacity = project(found)
    assert (capacity.maximum, capacity.binding) == (1, Resource.RETENTION)
    assert capacity.cost(Resource.RETENTION).limit == 1000 * GB
    assert capacity.changes[0].what == "keeping footage 5.7 days instead of 10"


def test_other_days_are_a_question() -> None:
    snapshot, storage = recorder_snapshot(camera()), stored(("lobby", 1e6, 10.0))
    five = project(measured(snapshot, {"lobby": (1.0,) * 60}, storage, HOST, Question(retention_days=5.0)))
    assert (five.maximum, five.binding) == (2, Resource.RETENTION)


def test_a_size_that_is_set_and_what_is_locked_leave_less_room() -> None:
    snapshot = recorder_snapshot(camera())
    storage = stored(("lobby", 1e6, 10.0), max_bytes=500 * GB, locked_bytes=100 * GB)
    found = limit(measured(snapshot, {"lobby": STEADY}, storage, HOST), Resource.RETENTION)
    assert (found.limit, found.why) == (400 * GB, "retention.max_size and what is locked")


def test_days_that_nobody_promised_end_nothing() -> None:
    found = measured(recorder_snapshot(camera()), {"lobby": STEADY}, stored(("lobby", 1e6, None)), HOST)
    assert project(found).cost(Resource.RETENTION).standing is Standing.UNUSED


def test_why_the_storage_is_not_known_is_told() -> None:
    found = project(measured(recorder_snapshot(camera()), {"lobby": STEADY}, UNKNOWN, HOST))
    assert found.cost(Resource.RETENTION).standing is Standing.UNKNOWN
    assert found.cost(Resource.RETENTION).why == UNKNOWN


def test_a_camera_of_which_nothing_was_recorded_yet_is_counted_as_its_like() -> None:
    snapshot = recorder_snapshot(camera("lobby"), camera("gate"))
    storage = stored(("lobby", 1e6, 3.0), ("gate", 0.0, 3.0))
    cost = project(measured(snapshot, {"lobby": STEADY, "gate": STEADY}, storage, HOST)).cost(Resource.RETENTION)
    assert cost.used_busy == pytest.approx(2 * 3 * 86400e6)


# -- the machine ------------------------------------------------------------------------------------------------------


def test_the_memory_of_this_machine_is_what_psutil_says() -> None:
    found, told = look(os.getpid()), psutil.virtual_memory()
    if found.memory_of == "the machine":
        assert found.memory_bytes == told.total
        assert found.memory_used_bytes == pytest.approx(told.total - told.available, abs=0.05 * told.total)


def kernel(folder: Path, files: dict[str, str]) -> tuple[Path, Path]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "proc", folder / "sys"


MEMINFO = "MemTotal:       16384 kB\nMemFree:         1024 kB\nMemAvailable:   12288 kB\n"
ROUTE = (
    "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\n"
    "wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\n"
    "eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\n"
    "eth1\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\n"
)


def test_a_machine_without_control_groups_has_all_its_memory(tmp_path: Path) -> None:
    files = {"proc/meminfo": MEMINFO, "proc/net/route": ROUTE, "sys/class/net/eth0/speed": "1000\n"}
    assert look(7, *kernel(tmp_path, files)) == Host(16 * MIB, 4 * MIB, "the machine", None, "eth0", 125e6)


def test_the_control_group_of_the_recorder_and_those_above_it_are_the_limit(tmp_path: Path) -> None:
    group = "sys/fs/cgroup/system.slice"
    files = {
        "proc/meminfo": MEMINFO,
        "proc/7/cgroup": "0::/system.slice/vmstui.service\n",
        f"{group}/vmstui.service/memory.max": "max\n",
        f"{group}/vmstui.service/cpu.max": "max 100000\n",
        f"{group}/memory.max": str(8 * MIB),
        f"{group}/memory.current": str(5 * MIB),
        f"{group}/memory.stat": f"anon {MIB}\ninactive_file {2 * MIB}\nactive_file {MIB}\n",
        f"{group}/cpu.max": "150000 100000\n",
    }
    found = look(7, *kernel(tmp_path, files))
    assert (found.memory_bytes, found.memory_used_bytes) == (8 * MIB, 2 * MIB)
    assert found.memory_of == "the control group of the recorder"
    assert found.cpu_quota_percent == 150.0


def test_what_cannot_be_read_is_not_known(tmp_path: Path) -> None:
    assert look(7, *kernel(tmp_path, {})) == Host()
    odd = {
        "proc/meminfo": "MemTotal: many kB\n",
        "proc/7/cgroup": "0::/../../etc\n",
        "proc/net/route": "Iface\nx\ty\n",
    }
    assert look(7, *kernel(tmp_path, odd)) == Host()


@pytest.mark.parametrize("speed", ["-1\n", "0\n", "", "fast\n"])
def test_a_line_without_a_speed_has_none(tmp_path: Path, speed: str) -> None:
    files = {"proc/net/route": ROUTE, "sys/class/net/eth0/speed": speed}
    assert look(None, *kernel(tmp_path, files)).network_bytes_per_s is None


# -- sessions of the GPU's encoder ------------------------------------------------------------------------------------


def test_sessions_that_the_encoder_allows_are_learnt_and_those_of_others_are_beside() -> None:
    nvenc = tuple(replace(output, encoder="hevc_nvenc") for output in camera().outputs)
    gpu = GpuNow(0, "T400", 1.0, 20.0, 0.0, 1, 2, None, None, (session(101613), session(101613), session(7)))
    now = MachineNow(NOW, 1.0, (), 0.0, 0.0, 1, 2, None, 0.0, 0.0, None, (gpu,))
    snapshot = recorder_snapshot(camera(outputs=nvenc), machine=now)
    unknown = limit(measured(snapshot, {"lobby": STEADY}, UNKNOWN, HOST), Resource.ENCODER_SESSIONS)
    assert (unknown.limit, unknown.counts) == (None, True)
    text = "OpenEncodeSessionEx failed: out of memory (10): (no details)"
    told = replace(snapshot, session_limit=SessionLimit(8, "550.1", NOW, text))
    found = measured(told, {"lobby": STEADY}, UNKNOWN, HOST)
    known = limit(found, Resource.ENCODER_SESSIONS)
    assert (known.limit, known.beside, known.counts) == (8.0, 1.0, True)
    assert known.why == "learnt on 2025-10-20, when the encoder refused one more, driver 550.1"
    projected = project(found)
    assert (projected.maximum, projected.binding) == (3, Resource.ENCODER_SESSIONS), "2 of 7 each"


def session(pid: int) -> EncoderSession:
    return EncoderSession(pid, "h265", 1920, 1080, 25)
