"""Cameras whose connections broke are looked at until they flow again, and no others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from vmstui.model import CameraState, OutputState
from vmstui.recorder.flow_watch import TELL_S, FlowWatch
from vmstui.recorder.triage_inbox import Flows, Inbox


class Site:
    """Three cameras that record, with a live server that has their streams."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.inbox = Inbox()
        self.asked: list[str] = []
        self.health = dict.fromkeys(("cam1", "cam2", "cam3"), OutputState.UP)
        self.cameras: dict[str, Any] = {
            name: SimpleNamespace(
                camera=SimpleNamespace(id=name),
                worker=SimpleNamespace(
                    run=SimpleNamespace(still=lambda now_s: False),
                    record=SimpleNamespace(generation=7),
                    machine=SimpleNamespace(state=CameraState.RECORDING),
                ),
            )
            for name in self.health
        }
        self.watch = FlowWatch(lambda: cast(Any, self.cameras), self._health, self.inbox)

    def _health(self, camera: str) -> tuple[OutputState, str, int | None]:
        self.asked.append(camera)
        return self.health[camera], "", None

    def tick(self, seconds: float, *names: str) -> None:
        for _ in range(round(seconds)):
            self.now_s += 1.0
            self.watch.tick(frozenset(names), self.now_s)

    def told(self) -> dict[str, tuple[float, float]]:
        """What was told last of each camera since this was last asked."""
        found = {}
        while (item := self.inbox.take()) is not None:
            assert isinstance(item, Flows)
            assert item.generation == self.cameras[item.camera].worker.record.generation
            found[item.camera] = item.recorded_for_s, item.live_for_s
        return found


def test_nobody_is_looked_at_as_long_as_no_connection_broke() -> None:
    site = Site()
    site.cameras.clear()
    site.tick(100)
    assert site.asked == []
    assert not site.inbox


def test_for_how_long_a_camera_has_flowed_is_told_every_few_seconds_and_wakes_triage() -> None:
    site = Site()
    site.tick(20 * TELL_S + 1, "cam2")
    assert set(site.asked) == {"cam2"}
    assert site.told() == {"cam2": (20 * TELL_S, 20 * TELL_S)}
    assert site.inbox.hurry


def test_a_pause_begins_anew_each_by_itself() -> None:
    site = Site()
    site.tick(10, "cam1", "cam2", "cam3")
    site.health["cam1"] = OutputState.DOWN
    site.cameras["cam2"].worker.run.still = lambda now_s: True
    site.cameras["cam3"].worker.machine.state = CameraState.BACKOFF
    site.tick(1, "cam1", "cam2", "cam3")
    site.health["cam1"] = OutputState.UP
    site.cameras["cam2"].worker.run.still = lambda now_s: False
    site.cameras["cam3"].worker.machine.state = CameraState.RECORDING
    site.told()
    site.tick(9, "cam1", "cam2", "cam3")
    told = site.told()
    for name, recorded, live in (("cam1", True, False), ("cam2", False, True), ("cam3", False, True)):
        assert (told[name][0] > 10, told[name][1] > 10) == (recorded, live), name


def test_another_worker_and_another_break_begin_anew() -> None:
    site = Site()
    site.tick(20, "cam1", "cam2")
    site.told()
    site.cameras["cam1"].worker.record.generation = 8
    site.tick(1, "cam1")
    site.tick(9, "cam1", "cam2")
    assert {name: max(times) < 10 for name, times in site.told().items()} == {"cam1": True, "cam2": True}


def test_a_camera_without_a_worker_or_without_a_configuration_flows_not() -> None:
    site = Site()
    site.cameras["cam1"].worker.run = None
    site.tick(20, "cam1", "gone")
    assert site.told() == {}
