"""What a reload does to a camera, and that it is what was foretold: in every state, for every change.

No process here: the worker's machine is put into a state, and the events it is sent are what is done to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.unit.ffmpeg_examples import SOURCE_PROFILE, abilities, camera
from vmstui.configured import Camera, RestartMode, Secret, Settings
from vmstui.model import CameraState, CameraTouch, RestartCost, Touch
from vmstui.recorder import machine_events as ev
from vmstui.recorder.camera import CameraWorker
from vmstui.recorder.context import Context
from vmstui.recorder.launch import Surroundings, digest, shape, surroundings
from vmstui.recorder.logbook import LogBook
from vmstui.recorder.machine_state import Machine
from vmstui.recorder.policy import WORKER_POLICY
from vmstui.recorder.process import Process
from vmstui.recorder.worker import Worker
from vmstui.recorder.worker_notes import SUCCESSOR
from vmstui.recording.clock import WallClock
from vmstui.triage.masking import Masker

LOBBY = camera()
SETTINGS = Settings("/etc/vmstui.yaml", "/srv/recordings", (LOBBY,))
UNTOUCHED = CameraTouch("lobby", Touch.UNTOUCHED)
MAY_LIVE = (CameraState.STARTING, CameraState.RECORDING, CameraState.STALLED, CameraState.STOPPING)
CHANGES: dict[str, Callable[[Camera], Camera]] = {
    "nothing": lambda before: before,
    "name": lambda before: replace(before, name="Hall"),
    "url": lambda before: replace(before, url="rtsp://other.example/1"),
    "password": lambda before: replace(before, password=Secret("other")),
    "where the password is": lambda before: replace(before, password=Secret("hunter2", "file:/p")),
    "profile's name": lambda before: replace(before, profile=replace(SOURCE_PROFILE, name="same")),
    "profile.live.codec": lambda before: replace(before, profile=replace(SOURCE_PROFILE, live=None)),
    "restart": lambda before: replace(before, restart=RestartMode.STOP_FIRST),
    "enabled": lambda before: replace(before, enabled=not before.enabled),
}
TOUCHES_NO_WORKER = ("nothing", "where the password is", "profile's name", "restart")


@dataclass
class Bench:
    """A camera whose worker is in any state, and everything that is dispatched to it."""

    worker: CameraWorker
    context: Context
    sent: list[tuple[Worker, ev.Event]]

    def put(self, state: CameraState, *, lives: bool, wanted: bool = True, hold: str = "") -> None:
        """Bring the worker into a state, on the present configuration."""
        self.worker.worker.machine = Machine(state, wanted=wanted, alive=lives, hold=hold, policy=WORKER_POLICY)
        self.worker.worker.process = cast(Process, SimpleNamespace(pid=1)) if lives else None
        now = digest(shape(self.worker.camera, surroundings(self.context)))
        record = replace(self.worker.worker.record, config_digest=now, generation=1)
        self.worker.worker.save(replace(record, wanted=None if wanted == self.worker.camera.enabled else wanted))

    def reload(self, changed: Camera) -> tuple[CameraTouch, CameraTouch]:
        """What was foretold, and what was done."""
        self.sent.clear()
        foretold = self.worker.consequence(changed, surroundings(self.context))
        assert not self.sent, "to ask changes nothing"
        return foretold, self.worker.configure(changed)

    def events(self) -> list[type[ev.Event]]:
        """What the worker that was there before was sent."""
        return [type(event) for worker, event in self.sent if worker is self.worker.worker]


@contextmanager
def bench(folder: Path, found: Camera = LOBBY) -> Iterator[Bench]:
    """A camera as configured."""
    live = SimpleNamespace(publish_url=lambda name: f"rtsp://127.0.0.1:8554/{name}")
    sent: list[tuple[Worker, ev.Event]] = []
    with ThreadPoolExecutor(1) as threads, pytest.MonkeyPatch.context() as patch:
        context = Context(
            SETTINGS,
            folder,
            "me",
            Masker(()),
            LogBook(1),
            cast(Any, live),
            threads,
            None,
            WallClock("boot"),
            abilities=abilities(),
        )
        patch.setattr(Worker, "dispatch", lambda worker, event: sent.append((worker, event)))
        worker = CameraWorker(found, context)
        try:
            yield Bench(worker, context, sent)
        finally:
            for one in worker.workers:
                one.process = None
            worker.close()


@pytest.mark.parametrize("change", CHANGES)
async def test_a_worker_that_records_is_replaced_for_what_shapes_it_and_for_nothing_else(
    tmp_path: Path, change: str
) -> None:
    with bench(tmp_path) as made:
        made.put(CameraState.RECORDING, lives=True)
        foretold, done = made.reload(CHANGES[change](LOBBY))
        assert foretold == done
        if change in TOUCHES_NO_WORKER:
            assert done == UNTOUCHED
            assert made.sent == []
        elif change == "enabled":
            assert done == CameraTouch("lobby", Touch.ENDS, ("enabled",))
            assert made.events() == [ev.Stop]
        else:
            assert done == CameraTouch("lobby", Touch.RESTARTS, done.why, RestartCost.SEAMLESS)
            assert change in done.why
            assert made.worker.succession.successor is not None


@hypothesis_settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    state=st.sampled_from(CameraState),
    lives=st.booleans(),
    wanted=st.booleans(),
    enabled=st.booleans(),
    hold=st.sampled_from(["", "no disk"]),
    ffmpeg_known=st.booleans(),
    takes_one=st.booleans(),
    leaving=st.sampled_from([None, CameraState.STOPPING, CameraState.UNKILLABLE]),
    mode=st.sampled_from(RestartMode),
    change=st.sampled_from(sorted(CHANGES)),
)
def test_what_is_foretold_is_what_is_done(
    tmp_path_factory: pytest.TempPathFactory,
    state: CameraState,
    lives: bool,
    wanted: bool,
    enabled: bool,
    hold: str,
    ffmpeg_known: bool,
    takes_one: bool,
    leaving: CameraState | None,
    mode: RestartMode,
    change: str,
) -> None:
    lives = (lives or state is not CameraState.STARTING) and state in (*MAY_LIVE, CameraState.UNKILLABLE)

    async def run() -> None:
        before = replace(LOBBY, enabled=enabled, restart=mode)
        with bench(tmp_path_factory.mktemp("state"), before) as made:
            made.put(state, lives=lives, wanted=wanted, hold=hold)
            one_since = datetime.now(UTC) if takes_one else None
            made.worker.worker.save(replace(made.worker.worker.record, one_connection_since=one_since))
            if leaving is not None:
                note = tmp_path_factory.mktemp("old") / "n"
                goes = Worker(made.worker, made.worker.succession, made.worker.worker.record, note)
                goes.machine = Machine(leaving, alive=True)
                made.worker.succession.leaving = goes
            made.context.abilities = abilities() if ffmpeg_known else None
            old = made.worker.worker
            foretold, done = made.reload(CHANGES[change](before))
            assert foretold == done
            events = [type(event) for worker, event in made.sent if worker is old]
            beside = made.worker.succession.successor is not None
            # Nothing is done to a worker that records before the one that leaves has left.
            waits = leaving is CameraState.STOPPING and state is CameraState.RECORDING
            match done.touch, done.cost:
                case Touch.UNTOUCHED, None:
                    assert events == ([] if made.worker.wanted else [ev.Stop])
                    assert not beside
                case Touch.STARTS, _:
                    assert events == [ev.Start]
                case Touch.ENDS, None:
                    assert events == [ev.Stop]
                case Touch.RESTARTS, RestartCost.SEAMLESS:
                    assert beside is not waits
                    assert ev.Restart not in events
                    assert state is CameraState.RECORDING
                case Touch.RESTARTS, RestartCost.LATER:
                    assert events == []
                    assert not beside
                    assert lives
                case Touch.RESTARTS, cost:
                    assert events == ([] if waits else [ev.Restart])
                    assert (state is CameraState.RECORDING) == (cost is RestartCost.STOP_FIRST)
                case other:
                    raise AssertionError(other)
            assert made.reload(made.worker.camera)[1].touch is Touch.UNTOUCHED or lives, "asked again: nothing to do"

    asyncio.run(run())


@pytest.mark.parametrize("change", CHANGES)
async def test_a_refused_password_is_tried_again_only_for_another_login(tmp_path: Path, change: str) -> None:
    with bench(tmp_path) as made:
        made.put(CameraState.AUTH_FAILED, lives=False)
        again = made.reload(CHANGES[change](LOBBY))[1].touch is Touch.RESTARTS
        assert again == (change in ("url", "password"))


async def test_what_records_is_never_ended_while_no_new_worker_may_start(tmp_path: Path) -> None:
    """A reload while ffmpeg is missing, or the disk: the worker goes on and is replaced once there is what it needs."""
    with bench(tmp_path) as made:
        made.put(CameraState.RECORDING, lives=True, hold="no usable ffmpeg")
        made.context.abilities = None
        assert made.reload(CHANGES["url"](LOBBY))[1].cost is RestartCost.LATER
        assert made.events() == []
        made.context.abilities = abilities()
        made.worker.dispatch(ev.Release())
        made.worker.worker.machine = replace(made.worker.worker.machine, hold="")
        made.worker.tick(asyncio.get_running_loop().time(), 0.0)
        assert made.worker.succession.successor is not None


async def test_a_second_reload_leaves_a_hand_over_alone_that_brings_what_it_asks_for(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        made.put(CameraState.RECORDING, lives=True)
        changed = CHANGES["password"](LOBBY)
        made.reload(changed)
        coming = made.worker.succession.successor
        assert coming is not None
        assert coming.note_path == made.worker.folder / SUCCESSOR
        assert made.reload(changed) == (UNTOUCHED, UNTOUCHED), "it is still to be started"
        coming.process = cast(Process, SimpleNamespace(pid=2))
        coming.save(replace(coming.record, config_digest=digest(shape(changed, surroundings(made.context)))))
        assert made.reload(changed) == (UNTOUCHED, UNTOUCHED), "it comes up on the new configuration"
        assert made.worker.succession.successor is coming


async def test_what_changes_again_during_a_hand_over_is_taken_over_after_it_and_as_seamlessly(tmp_path: Path) -> None:
    with bench(tmp_path) as made:
        made.put(CameraState.RECORDING, lives=True)
        made.reload(CHANGES["password"](LOBBY))
        first = made.worker.succession.successor
        foretold, done = made.reload(CHANGES["url"](LOBBY))
        assert foretold == done == CameraTouch("lobby", Touch.RESTARTS, ("url", "password"), RestartCost.SEAMLESS)
        assert made.worker.succession.leaving is first
        assert first is not None
        made.worker.succession.worker_changed(first)  # it has ended
        assert made.worker.succession.successor is not None
        assert ev.Restart not in made.events()


async def test_a_worker_on_an_older_configuration_than_the_last_one_is_told_though_nothing_differs(
    tmp_path: Path,
) -> None:
    with bench(tmp_path) as made:
        made.put(CameraState.RECORDING, lives=True)
        made.worker.worker.save(replace(made.worker.worker.record, config_digest="of an earlier service"))
        foretold, done = made.reload(LOBBY)
        assert foretold == done == CameraTouch("lobby", Touch.RESTARTS, (), RestartCost.SEAMLESS)


@pytest.mark.parametrize(
    ("around", "keys"),
    [
        (Surroundings(SETTINGS, "embedded", lambda name: f"rtsp://127.0.0.1:8554/{name}"), ()),
        (Surroundings(SETTINGS, None, lambda name: f"rtsp://127.0.0.1:8554/{name}"), ()),
        (Surroundings(SETTINGS, "/usr/bin/ffmpeg", lambda name: f"rtsp://127.0.0.1:8554/{name}"), ("ffmpeg",)),
        (Surroundings(SETTINGS, "embedded", lambda name: f"rtsp://127.0.0.1:9000/{name}"), ("live",)),
        (
            Surroundings(
                replace(SETTINGS, segment_length_s=60, recordings="/mnt/r", timezone="UTC", retention_days=3),
                "embedded",
                lambda name: f"rtsp://127.0.0.1:8554/{name}",
            ),
            ("recordings", "segment.length"),
        ),
    ],
)
async def test_what_all_cameras_share_touches_workers_only_where_it_shapes_them(
    tmp_path: Path, around: Surroundings, keys: tuple[str, ...]
) -> None:
    with bench(tmp_path) as made:
        made.put(CameraState.RECORDING, lives=True)
        assert made.worker.consequence(LOBBY, around).why == keys
        silent = replace(LOBBY, profile=replace(SOURCE_PROFILE, live=None))
        made.worker.configure(silent)
        made.worker.succession.successor = None
        made.put(CameraState.RECORDING, lives=True)
        assert made.worker.consequence(silent, around).why == tuple(key for key in keys if key != "live")
