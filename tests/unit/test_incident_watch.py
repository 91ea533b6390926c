"""One cause is one incident, in whatever way it shows; it is said once, and outlives the service."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from vmstui.configured import Camera, OutputSettings, Profile
from vmstui.ffmpeg.exits import ExitKind
from vmstui.findings import Incident, Severity
from vmstui.footage import GapCause
from vmstui.logged import LogLevel
from vmstui.model import CameraState, EventKind
from vmstui.recorder.incident_watch import FLAPS_S, LATE_S, IncidentWatch
from vmstui.triage import incidents
from vmstui.triage.incidents import Common

SOURCE = Profile("source", OutputSettings(), None)
REFUSED = "10.0.0.5:554 refused the connection: nothing listens there"
LOSS = Common("packets of the camera are lost", "see to the network", Severity.DEGRADED)


@dataclass
class Site:
    """Cameras at addresses that a test gives, looked at by the second."""

    folder: Path
    hosts: list[str]
    now_s: float = 1000.0
    said: list[tuple[LogLevel, str]] = field(default_factory=list)
    noted: list[tuple[str, EventKind, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cameras: dict[str, Any] = {}
        for number, host in enumerate(self.hosts, 1):
            name = f"cam{number}"
            self.cameras[name] = SimpleNamespace(
                camera=Camera(name, name, f"rtsp://{host}:554/{number}", SOURCE),
                worker=SimpleNamespace(
                    machine=SimpleNamespace(state=CameraState.RECORDING, wanted=True, hold=""),
                    cause_of_hold=lambda: GapCause.DISK,
                ),
                note_beside=lambda kind, text, name=name: self.noted.append((name, kind, text)),
            )
        self.begin()

    def begin(self) -> None:
        """A service comes."""
        self.watch = IncidentWatch(
            self.folder,
            lambda: cast(Any, self.cameras),
            lambda: self.now_s,
            lambda level, text: self.said.append((level, text)),
            lambda work: work(),
        )
        self.watch.restore()
        self.tick()

    def tick(self, seconds: float = 1.0) -> None:
        """The clock of the wall, which incidents are counted on, stands still as good as: a test takes milliseconds."""
        for _ in range(round(seconds)):
            self.now_s += 1.0
            self.watch.tick()

    def ends(self, *names: str, kind: ExitKind = ExitKind.NETWORK, text: str = REFUSED) -> None:
        for name in names:
            self.state(name, CameraState.BACKOFF)
            self.watch.ended(self.cameras[name].camera, kind, text)

    def state(self, name: str, state: CameraState) -> None:
        self.cameras[name].worker.machine.state = state

    @property
    def only(self) -> Incident:
        (incident,) = self.watch.going_on
        return incident


def site(tmp_path: Path, *hosts: str) -> Site:
    return Site(tmp_path, list(hosts))


@pytest.fixture
def nvr(tmp_path: Path) -> Site:
    """Twelve cameras of one recorder, and others."""
    return site(tmp_path, *["10.0.0.5"] * 12, *(f"10.0.1.{number}" for number in range(1, 9)))


NVR = [f"cam{number}" for number in range(1, 13)]
OTHERS = [f"cam{number}" for number in range(13, 21)]


def test_cameras_of_one_host_are_one_incident_that_names_it(nvr: Site) -> None:
    nvr.ends(*NVR, kind=ExitKind.CLOSED, text="the camera ended the stream")
    nvr.ends(*NVR)
    nvr.tick(LATE_S + 2)
    assert nvr.only.text == "nothing answers at 10.0.0.5: 12 cameras"
    assert nvr.only.cameras == tuple(NVR)
    assert {nvr.watch.of_end(name) for name in NVR} == {nvr.only.id}
    assert nvr.watch.of_end("cam13") == ""
    begun = f"incident {nvr.only.id} has begun: nothing answers at 10.0.0.5: 12 cameras"
    assert nvr.said == [(LogLevel.ERROR, begun)]
    assert sorted(nvr.noted) == sorted((name, EventKind.INCIDENT, begun) for name in NVR)


def test_cameras_of_many_hosts_are_one_incident_of_all(nvr: Site) -> None:
    nvr.ends(*OTHERS, text="10.0.1.1 did not answer within 5 s")
    nvr.tick()
    assert nvr.watch.going_on == ()
    nvr.tick(LATE_S)
    assert nvr.only.text == "there is no connection to the cameras: 8 cameras"
    assert {nvr.watch.of_end(name) for name in OTHERS} == {nvr.only.id}


def test_two_cameras_are_none(nvr: Site) -> None:
    nvr.ends("cam1", "cam13")
    nvr.tick(LATE_S + 60)
    assert nvr.watch.all == ()


def test_what_messages_of_a_dying_worker_mean_is_no_second_incident(nvr: Site) -> None:
    refused = Common("the connection was refused", "", Severity.DEGRADED)
    for name in NVR:
        nvr.watch.saw(name, "connection_refused", refused, datetime.now(UTC))
    nvr.ends(*NVR)
    for name in NVR:
        nvr.watch.saw(name, "connection_refused", refused, datetime.now(UTC))
    nvr.tick(LATE_S + 2)
    assert nvr.only.key.startswith("exit:")
    assert nvr.watch.of("cam1", "connection_refused") == nvr.only.id


def test_what_messages_meant_just_before_the_ends_is_told_by_these_from_then_on(nvr: Site) -> None:
    """ffmpeg says that a camera is silent seconds before it ends for that."""
    for name in NVR:
        nvr.watch.saw(name, "connection_timed_out", LOSS, datetime.now(UTC))
    nvr.tick(LATE_S + 1)
    assert nvr.only.key == "connection_timed_out"
    nvr.ends(*NVR)
    nvr.tick()
    assert nvr.only.key.startswith("exit:")
    assert nvr.watch.of("cam1", "connection_timed_out") == nvr.only.id
    turns = [text.split(":")[0].split(" ", 2)[2] for name, _, text in nvr.noted if name == "cam1"]
    assert turns == ["has begun", "is over", "has begun"] or turns == ["has begun", "has begun", "is over"]


def test_what_messages_meant_before_a_camera_was_recorded_again_is_no_incident_afterwards(nvr: Site) -> None:
    nvr.ends(*NVR)
    nvr.tick(LATE_S + 1)
    before = datetime.now(UTC)
    for name in NVR:
        nvr.state(name, CameraState.RECORDING)
    nvr.tick()
    for name in NVR:
        nvr.watch.saw(name, "input_lost", LOSS, before)
    nvr.tick(LATE_S + 1)
    assert [incident.key for incident in nvr.watch.going_on if len(incident.cured) < len(incident.cameras)] == []
    for name in NVR:
        nvr.watch.saw(name, "input_lost", LOSS, datetime.now(UTC))
    nvr.tick(LATE_S + 1)
    assert "input_lost" in [incident.key for incident in nvr.watch.going_on]


def test_what_messages_of_cameras_mean_that_record_is_an_incident(nvr: Site) -> None:
    for name in OTHERS:
        nvr.watch.saw(name, "packets_lost", LOSS, datetime.now(UTC))
    nvr.tick(LATE_S + 1)
    assert nvr.only.text == "packets of the camera are lost: 8 cameras"
    assert nvr.watch.of("cam13", "packets_lost") == nvr.only.id
    assert nvr.watch.of_end("cam13") == ""
    for name in OTHERS:
        nvr.watch.cured(name, "packets_lost", datetime.now(UTC))
    assert nvr.only.cured == tuple(OTHERS)


def test_a_full_disk_is_one_incident_from_the_first_death_to_the_hold(nvr: Site) -> None:
    nvr.ends(*NVR, kind=ExitKind.DISK, text="the recording cannot be written: No space left on device")
    nvr.tick()
    for name in nvr.cameras:
        nvr.cameras[name].worker.machine.hold = "the disk is full: 1 MB free"
        nvr.state(name, CameraState.HELD)
    nvr.tick(LATE_S + 2)
    assert nvr.only.text == "the disk is full: 1 MB free: 20 cameras"
    assert len(nvr.said) == 1


def test_a_hold_is_told_by_who_holds(nvr: Site) -> None:
    for camera in nvr.cameras.values():
        camera.worker.machine.hold, camera.worker.machine.state = "the disk is full", CameraState.HELD
    nvr.tick(10)
    assert nvr.only.cameras == tuple(nvr.cameras)
    for camera in nvr.cameras.values():
        camera.worker.machine.state = CameraState.RECORDING
    nvr.tick()
    assert nvr.only.cured == tuple(nvr.cameras)
    assert (nvr.said, nvr.noted) == ([], [])


def test_what_a_service_that_just_came_waits_for_is_no_incident(nvr: Site) -> None:
    for camera in nvr.cameras.values():
        camera.worker.cause_of_hold = lambda: GapCause.SERVICE
        camera.worker.machine.state = CameraState.HELD
    nvr.tick(10)
    assert nvr.watch.all == ()


def loses(nvr: Site, *names: str) -> None:
    """Packets of these cameras are lost from now on; it is said, and told."""
    for name in names:
        nvr.watch.saw(name, "packets_lost", LOSS, datetime.now(UTC))
    nvr.tick(LATE_S + 1)


def cured(nvr: Site, *names: str) -> None:
    for name in names:
        nvr.watch.cured(name, "packets_lost", datetime.now(UTC))
    nvr.tick()


@pytest.fixture
def calm_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody has is over with the next look: the clock of the wall is not waited for."""
    monkeypatch.setattr(incidents, "CALM_S", 0.0)


@pytest.mark.usefixtures("calm_at_once")
def test_what_comes_and_goes_is_one_incident_that_is_told_once_to_each_camera(nvr: Site) -> None:
    loses(nvr, *OTHERS[:4])
    begun = nvr.only
    for turn in range(3):
        cured(nvr, *OTHERS[: 4 + turn])
        assert nvr.watch.going_on == ()
        nvr.tick(FLAPS_S / 2)
        loses(nvr, *OTHERS[: 4 + turn])
        assert nvr.only.id == begun.id
    assert [text for _, text in nvr.said] == [f"incident {begun.id} has begun: {begun.text}"]
    assert {name: [text.split()[3] for one, _, text in nvr.noted if one == name] for name in OTHERS[:6]} == {
        **{name: ["begun:"] for name in OTHERS[:4]},
        **{name: ["spread:"] for name in OTHERS[4:6]},
    }
    cured(nvr, *OTHERS[:6])
    nvr.tick(FLAPS_S - 2)
    assert len(nvr.said) == 1
    nvr.tick(2)
    assert [text.split(":")[0] for _, text in nvr.said[1:]] == [f"incident {begun.id} is over"]
    loses(nvr, *OTHERS[:4])
    assert [text.split(":")[0] for _, text in nvr.said[2:]] == [f"incident {begun.id} is back"]


@pytest.mark.usefixtures("calm_at_once")
def test_what_is_over_is_told_when_the_service_leaves_and_no_later_one_tells_it_again(nvr: Site) -> None:
    loses(nvr, *OTHERS[:3])
    cured(nvr, *OTHERS[:3])
    (over,) = nvr.watch.all
    nvr.watch.close()
    assert len(nvr.said) == 2
    nvr.begin()
    nvr.tick(FLAPS_S + 1)
    assert len(nvr.said) == 2
    assert nvr.watch.all == (over,)


@pytest.mark.parametrize("how", ["records", "is not wanted", "is not configured"])
def test_a_camera_that_is_well_has_left_the_incident(nvr: Site, how: str) -> None:
    nvr.ends(*NVR)
    nvr.tick()
    if how == "records":
        nvr.state("cam1", CameraState.RECORDING)
    elif how == "is not wanted":
        nvr.cameras["cam1"].worker.machine.wanted = False
    else:
        del nvr.cameras["cam1"]
    nvr.tick()
    assert nvr.watch.of_end("cam1") == ""
    assert nvr.only.cured == (() if how == "is not configured" else ("cam1",))


def test_what_went_on_when_the_service_was_killed_goes_on(nvr: Site) -> None:
    nvr.ends(*NVR)
    nvr.tick()
    before = nvr.only
    nvr.state("cam1", CameraState.RECORDING)
    nvr.begin()
    assert (nvr.only.id, nvr.only.since) == (before.id, before.since)
    assert nvr.only.cured == ("cam1",)
    nvr.ends(*NVR[1:])
    nvr.tick(LATE_S + 2)
    assert nvr.only.id == before.id
    assert len(nvr.said) == 1


def test_a_mistake_of_ours_is_told_once_and_ends_nothing(nvr: Site) -> None:
    del nvr.cameras["cam3"].worker.machine
    nvr.tick(5)
    assert len(nvr.said) == 1
    assert nvr.said[0][1].startswith("incidents: AttributeError: ")


@pytest.mark.parametrize("noted", [b"", b"[{", b'{"a": 1}', b"[1]"])
def test_a_note_that_cannot_be_read_is_none(nvr: Site, noted: bytes) -> None:
    (nvr.folder / "incidents.json").write_bytes(noted)
    nvr.begin()
    assert nvr.watch.all == ()


def test_hostile_words_are_made_harmless(nvr: Site) -> None:
    hostile = Common("lost\x1b[2J\u202e" + "x" * 5000, "\x1b]52;c;QQ==\x07do", Severity.DEGRADED)
    for name in OTHERS:
        nvr.watch.saw(name, "k", hostile, datetime.now(UTC))
    nvr.tick(LATE_S + 1)
    assert nvr.only.text.isprintable()
    assert nvr.only.action == "do"
    assert len(nvr.only.text) < 400
