"""The pure parts of the layout bench: rounds and what they come to, which layouts there are, what forbids it, words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.bench_examples import AT, result, turn, turns
from tests.unit.ffmpeg_examples import NVENC, REENCODE, SOFTWARE, SOURCE_PROFILE, abilities, camera
from vmstui.bench import danger, told
from vmstui.bench.kept import BENCH_FILE, keep, last
from vmstui.bench.layouts import NothingToCompare, argvs, found_here
from vmstui.bench.rounds import differences, evened, order, summarised
from vmstui.bench.turn import speed_of
from vmstui.bench.words import Layout, LeftOut
from vmstui.cli.table import table
from vmstui.codec import to_json
from vmstui.ffmpeg.command import WorkerFiles, worker_argv
from vmstui.model import CameraSnapshot, CameraState, ProcessSnapshot, Progress, RecorderSnapshot, StorageSnapshot
from vmstui.spoken import width

BOTH = (Layout.SEPARATE_SOFTWARE, Layout.SINGLE)
FILES = WorkerFiles("/s/input.ffconcat", "/r/spool")
LIVE = "rtsp://127.0.0.1:8554/lobby"

# -- rounds -----------------------------------------------------------------------------------------------------------


def test_every_layout_has_its_turn_in_every_round_and_the_next_round_goes_backwards() -> None:
    assert order(BOTH, 3) == (
        (1, Layout.SEPARATE_SOFTWARE),
        (1, Layout.SINGLE),
        (2, Layout.SINGLE),
        (2, Layout.SEPARATE_SOFTWARE),
        (3, Layout.SEPARATE_SOFTWARE),
        (3, Layout.SINGLE),
    )


def test_a_layout_is_told_by_the_median_of_its_rounds_with_least_and_most() -> None:
    single = result().layout(Layout.SINGLE)
    assert single is not None
    assert single.cpu_percent == pytest.approx(46.7)
    assert single.camera_percent == pytest.approx(23.35)
    assert (single.camera_least_percent, single.camera_most_percent) == pytest.approx((23.25, 23.4))
    assert (single.processes, single.maximum, single.kept_up) == (2, 8, True)


def test_the_figures_of_the_owner_come_out_as_he_wrote_them() -> None:
    found = result()
    against_phase_1 = found.difference(Layout.SINGLE, Layout.SEPARATE_BEST)
    against_baseline = found.difference(Layout.SINGLE, Layout.SEPARATE_SOFTWARE)
    assert against_phase_1 is not None
    assert against_baseline is not None
    assert round(against_phase_1.percent) == -42
    assert round(against_baseline.percent) == -75
    assert "one process instead of 2: -41.8 % CPU, 8 cameras instead of 5" in list(told.sentences(found))


def test_rounds_that_disagree_are_told_as_that_and_not_as_a_gain_or_a_loss() -> None:
    found = result()
    disagreeing = tuple(replace(one, least_percent=-3.0, most_percent=20.5) for one in found.differences)
    said = list(told.sentences(replace(found, differences=disagreeing)))
    assert said[0] == "one process instead of 2: -3.0 to +20.5 % CPU: the rounds disagree, more --rounds may tell"


def test_layouts_are_compared_within_a_round_so_that_a_machine_that_slows_down_changes_nothing() -> None:
    slowing = [
        turn(layout, number, base * number)
        for number in (1, 2, 3)
        for layout, base in zip(BOTH, (100, 80), strict=True)
    ]
    found = differences(slowing)
    assert [one.percent for one in found] == pytest.approx([25.0, -20.0])
    assert [one.least_percent for one in found] == pytest.approx([25.0, -20.0])


def test_a_layout_that_fell_behind_in_one_round_is_marked() -> None:
    some = (*turns(), turn(Layout.SINGLE, 4, 46.0, speed=0.5))
    [single] = [
        one for one in summarised(some, 2, dict.fromkeys(Layout, "x"), lambda _: None) if one.layout is Layout.SINGLE
    ]
    assert not single.kept_up
    shown = told.layouts(result(some))
    assert [row[0] for row in shown.rows if row[0].startswith("single *")] == ["single *"]
    assert list(told.sentences(result(some))) == [], "nothing follows from it"


def test_a_process_that_fell_behind_or_catches_up_is_reckoned_at_the_rate_of_its_camera() -> None:
    assert evened(2.0, 0.5) == 4.0
    assert evened(2.0, 1.25) == 1.6
    assert evened(2.0, 0.96) == evened(2.0, 1.04) == evened(2.0, 0.0) == 2.0


def test_speed_is_frames_between_two_reports_by_the_time_between_them() -> None:
    assert speed_of((10, 5.0), (25, 6.0), 15.0) == 1.0
    assert speed_of((10, 5.0), (10, 5.0), 15.0) == 0.0
    assert speed_of(None, (25, 6.0), 15.0) == 0.0


# -- layouts ----------------------------------------------------------------------------------------------------------


def test_without_hardware_encoders_the_best_are_the_software_ones_and_left_out_with_the_reason() -> None:
    found = found_here(REENCODE, ["h264"], abilities(SOFTWARE))
    assert list(found.plans) == [Layout.SEPARATE_SOFTWARE, Layout.SINGLE, Layout.SINGLE_COPY]
    [left_out] = found.left_out
    assert left_out.layout is Layout.SEPARATE_BEST
    assert "hevc_nvenc: Cannot load libcuda.so.1" in left_out.why
    assert found.encoders(Layout.SINGLE) == "libx265 + libx264"
    assert found.encoders(Layout.SINGLE_COPY) == "copy + copy"


def test_with_hardware_encoders_there_are_all_four() -> None:
    found = found_here(REENCODE, ["h264"], abilities(SOFTWARE | NVENC))
    assert list(found.plans) == list(Layout)
    assert found.encoders(Layout.SEPARATE_SOFTWARE) == "libx265 + libx264"
    assert found.encoders(Layout.SEPARATE_BEST) == found.encoders(Layout.SINGLE) == "hevc_nvenc + h264_nvenc"


def test_what_cannot_be_copied_is_encoded_in_the_copying_layout() -> None:
    found = found_here(REENCODE, ["h265"], abilities(SOFTWARE))
    assert found.encoders(Layout.SINGLE_COPY) == "copy + libx264"


def test_a_profile_that_only_copies_or_has_no_live_stream_has_nothing_to_compare() -> None:
    with pytest.raises(NothingToCompare, match="--profile reencode"):
        found_here(SOURCE_PROFILE, ["h264"], abilities())
    with pytest.raises(NothingToCompare, match="no live stream"):
        found_here(replace(REENCODE, live=None), ["h264"], abilities())


def test_single_is_a_worker_to_the_letter() -> None:
    here = abilities()
    plan = found_here(REENCODE, ["h264"], here).plans[Layout.SINGLE]["h264"]
    [own] = argvs(Layout.SINGLE, here, plan, camera(), FILES, 180, LIVE)
    assert own == worker_argv(here, plan, camera(), FILES, 180, LIVE)


def test_separate_makes_the_very_same_outputs_in_two_processes() -> None:
    here = abilities()
    plan = found_here(REENCODE, ["h264"], here).plans[Layout.SINGLE]["h264"]
    [both] = argvs(Layout.SINGLE, here, plan, camera(), FILES, 180, LIVE)
    recording, live = argvs(Layout.SEPARATE_SOFTWARE, here, plan, camera(), FILES, 180, LIVE)
    before = both.index("-map")
    assert recording[:before] == live[:before] == both[:before]
    assert recording[before:] + live[before:] == both[before:]


def test_a_separate_process_opens_only_the_devices_of_its_own_output() -> None:
    here = abilities(SOFTWARE | {"h264_vaapi"}, vaapi_device="/dev/dri/renderD128")
    plan = found_here(REENCODE, ["h264"], here).plans[Layout.SINGLE]["h264"]
    recording, live = argvs(Layout.SEPARATE_BEST, here, plan, camera(), FILES, 180, LIVE)
    assert "-vaapi_device" not in recording
    assert "-vaapi_device" in live


# -- danger -----------------------------------------------------------------------------------------------------------


def snapshot(*cameras: CameraSnapshot, cpu_percent: float = 50.0, budget: float = 170.0) -> RecorderSnapshot:
    process = ProcessSnapshot(1, "running")
    return RecorderSnapshot(
        at=AT,
        host="nvr",
        version="1",
        config_path="/c",
        timezone="UTC",
        service=process,
        relay=process,
        storage=StorageSnapshot("/r", True, "", 10**12, 10**12, "/"),
        ffmpeg=None,
        ffmpeg_reason="",
        cameras=cameras,
        started_at=AT,
        cpu_percent=cpu_percent,
        cpu_budget_percent=budget,
        cpu_count=2,
        rss_bytes=0,
    )


def recorded(
    name: str = "gate", state: CameraState = CameraState.RECORDING, speed: float = 1.0, *, seamless: bool = True
) -> CameraSnapshot:
    return CameraSnapshot(
        id=name,
        name=name,
        state=state,
        reason="",
        since=AT - timedelta(hours=1),
        wanted=True,
        profile="source",
        outputs=(),
        pid=100,
        progress=Progress(100, 15.0, speed, 60.0, 0, 0),
        seamless=seamless,
    )


TRIAL = danger.Trial(cpu_percent=50.0, rss_bytes=100_000_000, speed=1.0)
PLENTY = 10**10


def refusals(found: RecorderSnapshot, trial: danger.Trial = TRIAL, cameras: int = 2, memory: int = PLENTY) -> list[str]:
    return list(danger.load_refusals(found, trial, cameras, memory))


def test_what_the_heaviest_layout_needs_has_to_be_left_of_the_budget() -> None:
    assert refusals(snapshot(recorded(), cpu_percent=59.0)) == []
    [reason] = refusals(snapshot(recorded(), cpu_percent=61.0))
    assert reason == (
        "the heaviest layout needs 110 % of a core for 2 cameras, and recording uses 61 % of its budget of 170 %: "
        "109 % are left"
    )


def test_a_trial_that_fell_behind_tells_that_there_is_no_cpu_left_whatever_the_budget_says() -> None:
    [reason] = refusals(snapshot(recorded(), cpu_percent=1.0), replace(TRIAL, cpu_percent=20.0, speed=0.6))
    assert "took in only 60% of its frames" in reason


def test_a_camera_that_is_waiting_for_its_start_forbids_it() -> None:
    [reason] = refusals(snapshot(recorded(), recorded("yard", CameraState.BACKOFF)))
    assert reason == "1 camera should be recorded and is not (yard): their start needs the CPU"


def test_memory_that_is_not_there_forbids_it() -> None:
    assert refusals(snapshot(recorded()), memory=400_000_000) == []
    [reason] = refusals(snapshot(recorded()), memory=399_000_000)
    assert "of memory" in reason


def test_a_camera_that_may_serve_one_connection_only_is_left_alone_while_it_is_recorded() -> None:
    found = snapshot(recorded("gate", seamless=False), recorded("yard"), replace(recorded("attic"), pid=None))
    [reason] = danger.connection_refusals(found, ("gate", "yard", "attic"))
    assert reason.startswith("camera gate is being recorded and is not known to serve a second connection")
    assert not list(danger.connection_refusals(found, ("yard", "attic")))


def test_the_floor_of_the_disk_stays_free() -> None:
    enough = danger.Disk("/tmp/x", 1_040_000_000, 1_000_000_000, "retention.min_free")
    assert danger.disk_refusal(enough, 2, 10.0) == ""
    assert "1.0 GB have to stay free (retention.min_free)" in danger.disk_refusal(enough, 2, 10.1)


@pytest.mark.parametrize(
    ("now", "what"),
    [
        (recorded(), ""),
        (recorded(state=CameraState.STALLED), "gate is not recorded any more (stalled)"),
        (recorded(speed=0.8), "the worker of gate falls behind its camera: speed 0.80"),
        (replace(recorded(state=CameraState.STOPPED), wanted=False), ""),
    ],
)
def test_a_recording_that_suffers_ends_the_bench_and_one_that_was_stopped_does_not(
    now: CameraSnapshot, what: str
) -> None:
    assert danger.harm(snapshot(recorded()), snapshot(now)) == what


def test_what_was_not_well_before_is_no_harm_of_the_bench() -> None:
    before = snapshot(recorded("gate", CameraState.BACKOFF), recorded("yard", speed=0.5))
    now = snapshot(recorded("gate", CameraState.FAILING), recorded("yard", speed=0.4), recorded("new"))
    assert danger.harm(before, now) == ""


# -- told and kept ----------------------------------------------------------------------------------------------------


def test_the_tables_fit_a_terminal_of_80_columns() -> None:
    for shown in (told.layouts(result()), told.differences(result())):
        assert max(width(line) for line in table(shown.header, shown.rows, shown.right).split("\n")) <= 80


def test_differences_of_many_times_are_told_as_times() -> None:
    rows = told.differences(result()).rows
    assert rows[2] == ("3 single", "-75.2 %", "-41.8 %", "", "x47")


def test_markdown_has_every_layout_and_nothing_that_others_could_format() -> None:
    hostile = replace(result(left_out=(LeftOut(Layout.SEPARATE_BEST, "a | <b> `c`"),)))
    text = told.markdown(hostile)
    assert "| separate, best | 40.1 % | 40.0–40.3 | 80.3 % | 4 | 191 M | 5 |" in text
    assert "a \\| \\<b\\> \\`c\\`" in text
    assert "copying takes 47 times less CPU than encoding" in text


def test_the_last_result_is_read_as_it_was_written_by_its_owner_alone(tmp_path: Path) -> None:
    assert last(tmp_path) is None
    path = keep(tmp_path / "state", result())
    assert path == tmp_path / "state" / BENCH_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert last(tmp_path / "state") == result()
    assert [file.name for file in path.parent.iterdir()] == [BENCH_FILE]


def test_a_result_of_another_format_or_that_is_broken_is_none(tmp_path: Path) -> None:
    other = to_json(result())
    assert isinstance(other, dict)
    for content in (json.dumps({**other, "format": 2}), "{", "[]", "null"):
        (tmp_path / BENCH_FILE).write_text(content)
        assert last(tmp_path) is None
