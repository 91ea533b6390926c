"""When a camera is offline and when it is back, and that what it lost is what the gaps tell."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from vmstui.codec import from_json, to_json
from vmstui.footage import GapCause, Segment, SegmentVerdict, Uptime
from vmstui.model import CameraState, Event, EventKind
from vmstui.recorder.history import EVENTS_KEPT, History
from vmstui.recorder.outage import (
    OFFLINE_AFTER_S,
    PATIENCE_S,
    STEADY_S,
    SURELY_AFTER_S,
    Outage,
    not_recorded,
    of_return,
    offline_text,
    why_offline,
)
from vmstui.recorder.outages import Outages
from vmstui.recorder.process import boot_id, boot_time_s
from vmstui.recording.gaps import Moment

BEGAN = datetime(2026, 11, 30, 3, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def moment(seconds: float, step_s: float = 0.0) -> Moment:
    """On both clocks; that of the wall was put forward by `step_s`."""
    return Moment(at(seconds + step_s), Uptime("boot", 1000.0 + seconds))


def footage(
    generation: int, since_s: float, length_s: float, step_s: float = 0.0, verdict: SegmentVerdict = SegmentVerdict.GOOD
) -> Segment:
    begin = moment(since_s, step_s)
    return Segment(
        "gate",
        generation,
        f"/{generation}-{since_s}",
        begin.at,
        length_s,
        1,
        "h264",
        1,
        1,
        verdict,
        number=0,
        uptime=begin.uptime,
    )


def event(seconds: float, cause: GapCause, kind: EventKind = EventKind.EXIT) -> Event:
    return Event(at(seconds), "gate", kind, f"worker ended: {cause}", cause=cause)


def lost(
    outage: Outage, generation: int, first: Moment, segments: list[Segment], events: list[Event]
) -> tuple[str, float]:
    back = of_return(outage, first, not_recorded("gate", outage, generation, first, segments, events, ()))
    return back.text, back.lost_s


@pytest.mark.parametrize(
    ("missing_s", "failed", "asked", "offline"),
    [
        (1.0, 0, False, False),
        (OFFLINE_AFTER_S, 0, False, False),
        (OFFLINE_AFTER_S + 1, 0, False, True),
        (OFFLINE_AFTER_S + 1, 0, True, False),
        (PATIENCE_S + 1, 0, True, True),
        (1.0, 1, False, False),
        (SURELY_AFTER_S + 1, 1, False, True),
        (SURELY_AFTER_S + 1, 1, True, True),
    ],
)
def test_a_restart_of_a_second_is_no_outage_a_start_that_fails_is_one(
    missing_s: float, failed: int, asked: bool, offline: bool
) -> None:
    assert bool(why_offline(Outage(moment(0), 1, asked), missing_s, failed)) is offline


def test_what_was_not_recorded_is_counted_from_frame_to_frame() -> None:
    outage = Outage(moment(2), 1, told=True)
    text, lost_s = lost(outage, 4, moment(341), [footage(1, -180, 180)], [event(0.5, GapCause.NETWORK)])
    assert lost_s == pytest.approx(341)
    assert text == "back after 5 min 41 s, 5 min 41 s not recorded"


@pytest.mark.parametrize("step_s", [-7200.0, 7200.0])
def test_a_clock_that_is_set_meanwhile_does_not_change_what_was_lost(step_s: float) -> None:
    outage = Outage(moment(0), 1, told=True)
    text, lost_s = lost(outage, 2, moment(90, step_s), [footage(1, -180, 180)], [event(0.5, GapCause.NETWORK)])
    assert lost_s == pytest.approx(90)
    assert text == "back after 1 min 30 s, 1 min 30 s not recorded"


def test_what_was_recorded_in_between_is_not_lost() -> None:
    outage = Outage(moment(0), 1, told=True)
    segments = [footage(1, -180, 180), footage(2, 100, 20), footage(3, 200, 5, verdict=SegmentVerdict.BROKEN)]
    text, lost_s = lost(outage, 4, moment(300), segments, [event(0.5, GapCause.NETWORK)])
    assert lost_s == pytest.approx(280)
    assert text == "back after 5 min 00 s, 4 min 40 s not recorded"


def test_the_time_in_which_nobody_wanted_it_is_not_lost() -> None:
    outage = Outage(moment(0), 1, told=True)
    events = [
        event(0.5, GapCause.NETWORK),
        event(60, GapCause.OFF, EventKind.COMMAND),
        event(3600, GapCause.OPERATOR, EventKind.COMMAND),
    ]
    text, lost_s = lost(outage, 2, moment(3602), [footage(1, -180, 180)], events)
    assert lost_s == pytest.approx(62)
    assert text == "back after 1 h 00 min, 1 min 02 s not recorded; for 59 min 00 s it was not wanted"


def test_of_a_camera_that_never_recorded_no_loss_is_told() -> None:
    text, _ = lost(Outage(moment(0), 0, told=True), 1, moment(90), [], [])
    assert text == "back after 1 min 30 s; nothing was recorded before"


def test_it_is_told_since_when_with_the_day_where_that_is_another_one() -> None:
    assert offline_text(at(0), at(60), "refused", UTC) == "offline since 03:12:00 (refused)"
    assert offline_text(at(0), at(86400), "", UTC) == "offline since 2026-11-30 03:12:00"


# -- one camera --------------------------------------------------------------------------------------------------------


@dataclass
class Stand:
    """A camera whose worker does what a test says, with histories on a disk; looked at by the second."""

    folder: Path
    now_s: float = 0.0
    works: list[Any] = field(default_factory=list)
    """What was handed to the thread for slow work."""
    outages: Outages = field(init=False)

    def __post_init__(self) -> None:
        self.worker = SimpleNamespace(
            machine=SimpleNamespace(state=CameraState.STOPPED, wanted=False, over=False, reason="refused"),
            run=None,
            record=SimpleNamespace(generation=0),
            failed_starts=0,
            grew_at=None,
        )
        self.surveyed = asyncio.Event()
        self.surveyed.set()
        self.wanted = False
        self.begin()

    def begin(self) -> None:
        """A service comes, after none or a dead one."""
        self.events: History[Event] = History(self.folder / "events.jsonl", Event, EVENTS_KEPT)
        self.segments: History[Segment] = History(self.folder / "segments.jsonl", Segment, 2000)
        context = SimpleNamespace(state_folder=self.folder, zone=UTC, surveyed=self.surveyed)
        publisher = SimpleNamespace(unsettled=frozenset())
        self.camera = SimpleNamespace(
            folder=self.folder,
            camera=SimpleNamespace(id="gate"),
            context=context,
            worker=self.worker,
            events=self.events,
            segments=self.segments,
            published_last=self.segments.read,
            publisher=publisher,
            unsettled=False,
            settling=0,
            note=self.note,
            wanted=self.wanted,
        )
        self.outages = Outages(cast(Any, self.camera), self.works.append, lambda: self.now_s)

    def note(self, kind: EventKind, text: str, **evidence: Any) -> None:
        self.events.add(Event(datetime.now(UTC), "gate", kind, text, **evidence))

    def told(self) -> list[tuple[EventKind, str]]:
        """What stands in the history."""
        return [(one.kind, one.text) for one in self.events.read(100)]

    def want(self, wanted: bool = True) -> None:
        self.wanted = self.camera.wanted = self.worker.machine.wanted = wanted

    def records(self, generation: int, first: Moment | None = None) -> None:
        self.worker.machine.state, self.worker.record.generation = CameraState.RECORDING, generation
        closed = SimpleNamespace(unplayable=False, valid=0)
        self.worker.run = SimpleNamespace(
            closed=closed, still=lambda now_s: False, footage_from=first, fresh=first is not None, open=None
        )
        self.worker.failed_starts = 0

    def ends(self, state: CameraState = CameraState.BACKOFF) -> None:
        self.worker.machine.state, self.worker.run = state, None
        self.worker.grew_at = datetime.now(UTC)

    async def look(self, seconds: float = 1.0) -> None:
        """So many looks, a second each; then what was handed to the thread is done."""
        for _ in range(round(seconds)):
            self.now_s += 1.0
            self.outages.look(self.now_s)
            while self.works:
                self.works.pop(0)()
                await asyncio.sleep(0)


def now(ago_s: float = 0.0) -> Moment:
    return Moment(datetime.now(UTC) - timedelta(seconds=ago_s), Uptime(boot_id(), boot_time_s() - ago_s))


def past_footage(generation: int, began_ago_s: float, length_s: float) -> Segment:
    begin = now(began_ago_s)
    return replace(footage(generation, 0, length_s), started_at=begin.at, uptime=begin.uptime)


@pytest.fixture
async def stand(tmp_path: Path) -> Stand:
    """A camera that has recorded for a while."""
    made = Stand(tmp_path)
    made.want()
    made.records(1)
    await made.look(60)
    assert made.told() == []
    return made


def since(stand: Stand, ago_s: float) -> None:
    """The outage that has just begun did so long ago."""
    assert stand.outages.present is not None
    stand.outages.present = replace(stand.outages.present, since=now(ago_s))


async def go_offline(stand: Stand) -> None:
    stand.ends()
    stand.worker.failed_starts = 1
    stand.worker.grew_at = now(SURELY_AFTER_S + 1).at
    await stand.look()
    assert [kind for kind, _ in stand.told()] == [EventKind.OFFLINE]


async def test_one_line_each_way_however_often_it_is_tried(stand: Stand) -> None:
    stand.segments.add(past_footage(1, 400, 180))
    stand.ends()
    await stand.look()
    assert stand.told() == []
    since(stand, SURELY_AFTER_S + 1)
    for failed in range(1, 50):
        stand.worker.failed_starts = failed
        await stand.look()
    assert stand.outages.since is not None
    stand.records(3, now(0))
    await stand.look(10)
    kinds = [kind for kind, _ in stand.told()]
    assert kinds == [EventKind.OFFLINE, EventKind.BACK]
    assert stand.told()[1][1].endswith("3 min 40 s not recorded")
    assert stand.outages.since is None
    assert not (stand.folder / "outage.json").exists()


async def test_a_worker_that_is_replaced_at_once_is_no_matter_for_a_line(stand: Stand) -> None:
    for generation in range(2, 20):
        stand.ends()
        await stand.look()
        stand.records(generation, now())
        await stand.look(STEADY_S + 2)
    assert stand.told() == []
    assert not (stand.folder / "outage.json").exists()


async def test_a_camera_that_is_stopped_is_not_offline(stand: Stand) -> None:
    stand.want(False)
    stand.ends(CameraState.STOPPED)
    await stand.look(60)
    assert stand.told() == []
    stand.want()
    stand.worker.machine.state = CameraState.STARTING
    await stand.look(5)
    stand.records(2, now())
    await stand.look(10)
    assert stand.told() == []


async def test_an_outage_goes_on_while_somebody_stops_the_camera(stand: Stand) -> None:
    stand.segments.add(past_footage(1, 400, 180))
    await go_offline(stand)
    stand.want(False)
    stand.worker.machine.state = CameraState.STOPPED
    await stand.look(10)
    assert stand.outages.since is None  # nobody wants it
    stand.want()
    stand.records(2, now())
    await stand.look(10)
    assert [kind for kind, _ in stand.told()] == [EventKind.OFFLINE, EventKind.BACK]


async def test_a_service_that_is_killed_amid_an_outage_costs_no_line_and_adds_none(stand: Stand) -> None:
    stand.segments.add(past_footage(1, 400, 180))
    await go_offline(stand)
    stand.begin()
    stand.worker.failed_starts = 5
    await stand.look(20)
    assert [kind for kind, _ in stand.told()] == [EventKind.OFFLINE]
    stand.records(2, now())
    await stand.look(10)
    assert [kind for kind, _ in stand.told()] == [EventKind.OFFLINE, EventKind.BACK]


async def test_a_service_that_is_killed_between_a_line_and_its_note_does_not_tell_it_again(stand: Stand) -> None:
    stand.segments.add(past_footage(1, 400, 180))
    stand.ends()
    await stand.look(2)
    before = (stand.folder / "outage.json").read_bytes()
    since(stand, SURELY_AFTER_S + 1)
    stand.worker.failed_starts = 1
    await stand.look()
    (stand.folder / "outage.json").write_bytes(before)
    stand.begin()
    await stand.look(60)
    assert [kind for kind, _ in stand.told()] == [EventKind.OFFLINE]
    noted = (stand.folder / "outage.json").read_bytes()
    stand.records(2, now())
    await stand.look(10)
    (stand.folder / "outage.json").write_bytes(noted)
    stand.begin()
    await stand.look(60)
    assert [kind for kind, _ in stand.told()] == [EventKind.OFFLINE, EventKind.BACK]


async def test_what_happened_while_no_service_looked_is_told_once_it_is_over(stand: Stand) -> None:
    stand.segments.add(past_footage(1, 4000, 180))
    stand.begin()
    stand.worker.grew_at = now(3820).at
    stand.worker.run = None
    stand.outages.ended_unseen()
    stand.worker.machine.state = CameraState.STARTING
    stand.worker.grew_at = None
    stand.records(2, now())
    await stand.look(10)
    (offline, _), (back, text) = stand.told()
    assert (offline, back) == (EventKind.OFFLINE, EventKind.BACK)
    assert text == "back after 1 h 03 min, 1 h 03 min not recorded"


async def test_what_began_before_a_service_was_killed_is_told_by_the_next_one(stand: Stand) -> None:
    stand.segments.add(past_footage(1, 4000, 180))
    stand.ends()
    stand.worker.grew_at = now(5).at
    await stand.look(2)
    assert stand.told() == []
    note = stand.folder / "outage.json"
    noted = from_json(Outage, json.loads(note.read_bytes()))
    note.write_text(json.dumps(to_json(replace(noted, since=now(3820)))))  # as if an hour had passed
    stand.begin()
    stand.records(2, now())
    await stand.look(10)
    assert [kind for kind, _ in stand.told()] == [EventKind.OFFLINE, EventKind.BACK]


async def test_nothing_recorded_for_ten_seconds_is_an_outage_also_without_a_start(stand: Stand) -> None:
    stand.ends(CameraState.STARTING)
    stand.worker.grew_at = now(OFFLINE_AFTER_S + 1).at
    await stand.look()
    assert [kind for kind, _ in stand.told()] == [EventKind.OFFLINE]


async def test_a_restart_that_somebody_asked_for_has_its_time(stand: Stand) -> None:
    stand.outages.asked()
    stand.ends(CameraState.STOPPING)
    stand.worker.grew_at = now(PATIENCE_S - 1).at
    await stand.look()
    assert stand.told() == []
    stand.worker.machine.state, stand.worker.failed_starts = CameraState.BACKOFF, 1
    await stand.look()
    assert [kind for kind, _ in stand.told()] == [EventKind.OFFLINE]


async def test_a_recorder_that_is_being_stopped_tells_of_no_outage(stand: Stand) -> None:
    stand.worker.machine.over, stand.worker.machine.wanted = True, False
    stand.ends(CameraState.STOPPED)
    await stand.look(60)
    assert stand.told() == []


async def test_a_note_that_cannot_be_read_is_none(stand: Stand) -> None:
    (stand.folder / "outage.json").write_bytes(b'{"since": 1')
    stand.begin()
    assert stand.outages.present is None
