"""One server for four cameras goes away and comes back: one incident, and one line for each camera each way, though the
service is killed meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.integration.harness import Recorder, read_json, wait_until
from vmstui.live.simulated import SimulatedCameras
from vmstui.model import Event, EventKind

NAMES = ("cam1", "cam2", "cam3", "cam4")


def told(recorder: Recorder, name: str, kind: EventKind) -> list[Event]:
    """What the history of a camera tells of that kind."""
    return [event for event in recorder.details(name).events if event.kind is kind]


def not_recorded_s(text: str) -> float:
    """Seconds in `back after 20.2 s, 17.5 s not recorded`."""
    found = re.search(r", (?:(\d+) min )?([\d.]+) s not recorded", text)
    assert found is not None, text
    return int(found[1] or 0) * 60 + float(found[2])


def catalogued_gaps(recorder: Recorder) -> dict[str, float]:
    """Seconds that were not recorded of each camera, once that is known of all from the segments around it."""
    lines = [read_json(line) for line in recorder.command("gaps", "--json").stdout.splitlines()]
    found = {name: 0.0 for name in NAMES}
    for line in lines:
        if "gap" in line and not line["ongoing"]:
            found[line["gap"]["camera"]] += line["gap"]["length_s"]
    return found if all(found.values()) else {}


def noted_cameras(note: Path) -> set[str]:
    """Those that the noted incidents have reached."""
    return {name for one in read_json(note.read_text()) for name in one["cameras"]} if note.exists() else set()


def test_a_server_that_goes_away_is_one_incident_and_each_camera_is_offline_and_back_once(
    recorder: Recorder, simulated: Callable[..., SimulatedCameras]
) -> None:
    server = simulated(4)
    recorder.configure([(name, server.url(name)) for name in NAMES])
    recorder.start()
    for name in NAMES:
        recorder.wait_recording(name)
    server.down()
    (incident,) = wait_until(
        lambda: [one for one in recorder.snapshot().incidents if len(one.cameras) == len(NAMES)],
        "an incident of all cameras",
        recorder._explain,
    )
    for name in NAMES:
        recorder.wait_for("offline", lambda camera: camera.offline_since is not None, name)
        assert recorder.camera(name).incident == incident.id
    assert re.fullmatch(r"the RTSP server on this host (refused|ended the streams): 4 cameras", incident.text)
    note = recorder.folder / "state" / "incidents.json"
    wait_until(lambda: noted_cameras(note) == set(NAMES), "the note of the incident")
    recorder.kill_service()
    server.up()
    recorder.start()
    for name in NAMES:
        wait_until(partial(told, recorder, name, EventKind.BACK), f"{name} is back", recorder._explain)
    wait_until(lambda: not recorder.snapshot().incidents, "the incident is over", recorder._explain)
    gaps = wait_until(lambda: catalogued_gaps(recorder), "gaps in the catalogue", recorder._explain)
    for name in NAMES:
        (back,) = told(recorder, name, EventKind.BACK)
        (offline,) = told(recorder, name, EventKind.OFFLINE)
        assert offline.at < back.at
        reached, over = told(recorder, name, EventKind.INCIDENT)
        assert re.match(rf"incident {incident.id} has (begun|spread): ", reached.text)
        assert over.text.startswith(f"incident {incident.id} is over: ")
        assert recorder.camera(name).offline_since is None
        assert not_recorded_s(back.text) == pytest.approx(gaps[name], abs=1.0)
    said = [text for text in recorder.log(None) if text.startswith("incident ")]
    assert [text.split(":")[0] for text in said] == [f"incident {incident.id} is over"]  # the rest, the killed one said
