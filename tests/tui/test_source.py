"""The door of the dashboard: cheap to import, patient with a service that is gone."""

from __future__ import annotations

import subprocess
import sys
from itertools import islice

from vmstui.tui.leave import Leave
from vmstui.tui.source import reconnect_delays


def test_importing_the_package_does_not_import_textual() -> None:
    code = "import sys, vmstui.tui, vmstui.tui.source; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_lost_service_is_tried_after_1_2_4_8_and_then_every_10_seconds() -> None:
    assert list(islice(reconnect_delays(), 6)) == [1, 2, 4, 8, 10, 10]


def test_every_way_out_says_how_recording_stands() -> None:
    assert "recording goes on" in Leave.DETACHED.sentence
    assert "Recording is stopped" in Leave.STOPPED.sentence
    assert "nobody can say" in Leave.LOST.sentence
