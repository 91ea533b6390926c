"""One server for four cameras goes away and comes back: one incident, and one line for each camera each way."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.integration.harness import Recorder, wait_until
from vmstui.live.simulated import SimulatedCameras

NAMES = ("cam1", "cam2", "cam3", "cam4")


def test_a_server_that_goes_away_is_one_incident(
    recorder: Recorder, simulated: Callable[..., SimulatedCameras]
) -> None:
    server = simulated(4)
    recorder.configure([(name, server.url(name)) for name in NAMES])
    recorder.start()
    for name in NAMES:
        recorder.wait_recording(name)
    server.down()
    incidents = wait_until(lambda: recorder.snapshot().incidents, "an incident", recorder._explain)
    print(incidents)
    time.sleep(6)
    print(recorder.command("status").stdout)
    print(recorder.snapshot().incidents)
    server.up()
    for name in NAMES:
        recorder.wait_recording(name, 2)
    time.sleep(7)
    print(recorder.command("history").stdout)
    print(recorder.log("recorder"))
    assert 0
