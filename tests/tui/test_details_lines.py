"""The details of a camera as lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fakes import NOW, camera, camera_details, recorder_snapshot
from vmstui.model import CameraState, Event, EventKind, Stability, StabilityVerdict
from vmstui.tui.details_lines import details_lines, stability_lines
from vmstui.tui.lines import text_of, width_of


@given(st.integers(30, 200), st.sampled_from(list(CameraState)))
def test_no_line_is_wider_than_the_pane(cells: int, state: CameraState) -> None:
    shown = camera(state=state, reason="a reason that is rather long " * 4, fallback="software encoders " * 6)
    lines = details_lines(recorder_snapshot(shown), shown, camera_details("lobby"), cells)
    assert (
        max(width_of(line) for line in lines if "samples" not in text_of(line) and "mean" not in text_of(line)) <= cells
    )


def test_what_is_wrong_and_what_to_do_come_first() -> None:
    bad = camera(state=CameraState.AUTH_FAILED, reason="401 Unauthorized", next_start_at=NOW + timedelta(minutes=9))
    texts = [text_of(line) for line in details_lines(recorder_snapshot(bad), bad, None, 140)]
    assert texts[0].startswith("state      ✖ auth failed  since 04:56:00 (3 h 00 min)")
    assert "next start in 9 min" in texts[0]
    assert texts[1] == "why        401 Unauthorized"
    assert texts[2].startswith("what to do Correct its login")


def test_an_automatic_action_shows_rule_measured_value_limit_and_outcome() -> None:
    event = Event(NOW, "lobby", EventKind.WATCHDOG, "no footage", "no_growth", "31 s", "30 s", "ended")
    details = replace(camera_details("lobby"), events=(event,))
    shown = camera()
    text = "\n".join(text_of(line) for line in details_lines(recorder_snapshot(shown), shown, details, 120))
    assert "07:56:00  watchdog   no footage (rule no_growth, measured 31 s, limit 30 s) – ended" in text


@pytest.mark.parametrize(
    ("samples", "verdict", "words"),
    [
        ((), StabilityVerdict.TOO_FEW, "no samples yet"),
        ((1.0, 2.0), StabilityVerdict.TOO_FEW, "2 of 6 samples: 1.0  2.0 %"),
        ((46.7, 46.5, 46.5, 46.7, 46.8, 46.8), StabilityVerdict.VERY_STABLE, "6 samples over 30 s: 46.7  46.5"),
    ],
)
def test_stability_is_that_of_the_report(samples: tuple[float, ...], verdict: StabilityVerdict, words: str) -> None:
    stability = Stability(samples, 46.5, 46.8, 46.7, verdict)
    text = "\n".join(text_of(line) for line in stability_lines(stability, 100))
    assert words in text
    assert not samples or str(verdict) in text
