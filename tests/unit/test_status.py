"""The exit code of `vmstui status`: what a script is told."""

from __future__ import annotations

import pytest

from vmstui.cli.status import all_well
from vmstui.codec import Json

RECORDING: dict[str, Json] = {"state": "recording", "wanted": True, "failing_since": None}


@pytest.mark.parametrize(
    ("camera", "well"),
    [
        (RECORDING, True),
        ({"state": "recording", "wanted": True}, True),  # an older recorder
        ({"state": "recording", "wanted": True, "failing_since": "2026-11-22T03:12:00+00:00"}, False),
        ({**RECORDING, "outputs": [{"kind": "recording", "state": "up"}, {"kind": "live", "state": "down"}]}, True),
        ({**RECORDING, "outputs": [{"kind": "recording", "state": "down"}]}, False),
        ({"state": "failing", "wanted": True, "failing_since": "2026-11-22T03:12:00+00:00"}, False),
        ({"state": "backoff", "wanted": True, "failing_since": None}, False),
        ({"state": "stopped", "wanted": False, "failing_since": None}, True),
    ],
)
def test_all_is_well_when_what_is_wanted_records_and_is_not_on_trial(camera: Json, well: bool) -> None:
    assert all_well({"cameras": [RECORDING, camera]}) is well
