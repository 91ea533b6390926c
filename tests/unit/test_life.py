"""What a later service is told of failures, alarms and signals, whatever happened to clocks and files in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vmstui.configured import OutputKind, OutputSettings
from vmstui.ffmpeg.exits import ExitCause, ExitKind
from vmstui.ffmpeg.plan import OutputPlan, Plan, Rung
from vmstui.live.client import ProbeErrorKind
from vmstui.model import CameraState
from vmstui.recorder.causes import OF_EXIT, OF_PROBE, WHY_NOTHING_IS_RECORDED, WHY_NOTHING_STARTED, after_exit
from vmstui.recorder.life import Life, Now, load_life, save_life
from vmstui.recorder.machine_events import Past
from vmstui.recorder.policy import Retry

AT = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)
PAST = Past(
    signals=2,
    signalled_s=4990.0,
    unwell_since_s=3620.0,
    failing=True,
    waiting=CameraState.AUTH_FAILED,
    reason="401",
    next_start_s=5300.0,
)
LIFE = Life(Now("boot", 5000.0, AT), generation=7, camera="digest", failures=4, past=PAST)


def test_a_life_is_read_back_as_it_was_noted(tmp_path: Path) -> None:
    save_life(tmp_path / "life.json", LIFE)
    assert load_life(tmp_path / "life.json") == LIFE


@pytest.mark.parametrize("torn", [b"", b"{", b'{"failures": "x"}', b'{"past": 3}', b"null"])
def test_a_torn_life_is_an_empty_one(tmp_path: Path, torn: bytes) -> None:
    (tmp_path / "life.json").write_bytes(torn)
    life = load_life(tmp_path / "life.json")
    assert life.recalled(LIFE.noted or Now("", 0, AT), 7, "digest") == (0, Past())


@pytest.mark.parametrize("step", [timedelta(0), timedelta(days=-4000), timedelta(days=4000)])
def test_within_a_boot_the_wall_clock_does_not_matter(step: timedelta) -> None:
    assert LIFE.recalled(Now("boot", 5100.0, AT + step), 7, "digest") == (4, PAST)


def test_signals_are_those_of_one_worker_only() -> None:
    _, past = LIFE.recalled(Now("boot", 5100.0, AT), 8, "digest")
    assert past == replace(PAST, signals=0, signalled_s=0.0)


def test_nothing_is_waited_for_once_the_camera_was_configured_anew() -> None:
    _, past = LIFE.recalled(Now("boot", 5100.0, AT), 7, "another")
    assert (past.waiting, past.failing) == (None, True)


@pytest.mark.parametrize(("away", "unwell_s"), [(600.0, 1980.0), (-90_000.0, 1380.0)])
def test_over_a_reboot_trouble_goes_on_and_all_else_begins_anew(away: float, unwell_s: float) -> None:
    failures, past = LIFE.recalled(Now("next boot", 30.0, AT + timedelta(seconds=away)), 7, "digest")
    assert (failures, past) == (4, Past(unwell_since_s=30.0 - unwell_s, failing=True))


# -- classes of cause ------------------------------------------------------------------------------------------------


def test_every_end_and_every_refusal_has_its_class() -> None:
    assert set(OF_EXIT) == set(ExitKind)
    assert set(OF_PROBE) == set(ProbeErrorKind)
    assert set(WHY_NOTHING_IS_RECORDED) == set(ExitKind)
    assert set(WHY_NOTHING_STARTED) == set(Retry)
    assert Retry.FALLBACK not in {*OF_EXIT.values(), *OF_PROBE.values()}


def test_the_fallback_ladder_is_taken_before_the_class_of_a_driver_waits() -> None:
    recording = OutputPlan(OutputKind.RECORDING, "hevc_nvenc", "h265", OutputSettings())
    encoded = Plan(Rung.GPU_FRAMES, recording, None, True, "")
    no_gpu = ExitCause(ExitKind.ENCODER, "the GPU driver is missing", "")

    def retry(cause: ExitCause, *, lower_rung: bool = True, uptime_s: float = 1.0, recorded: bool = False) -> Retry:
        return after_exit(cause, encoded, lower_rung=lower_rung, uptime_s=uptime_s, recorded=recorded)

    assert retry(no_gpu) is Retry.FALLBACK
    assert retry(no_gpu, lower_rung=False) is Retry.DRIVER
    assert retry(no_gpu, uptime_s=3600.0, recorded=True) is Retry.DRIVER, "after a long good run the same rung again"
    assert retry(ExitCause(ExitKind.DISK, "full", "")) is Retry.DISK
