"""What ails many cameras at once is not cured by restarting each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vmstui.footage import SegmentVerdict
from vmstui.recorder.common_cause import PATIENCE_S, TRIAL_AGAIN_S, CommonCause, Decision, Look, common_cause
from vmstui.recorder.watchdog import START_GRACE_S, Closed, Vitals, judge, judge_closed, still

STOPPED_S = 90.0
"""When the footage of all cameras stops."""


def test_more_than_half_of_three_or_more_is_a_common_cause() -> None:
    assert common_cause(ill=6, running=10)
    assert not common_cause(ill=5, running=10)
    assert not common_cause(ill=2, running=2)
    assert common_cause(ill=2, running=3)


def recorded(every_s: int, until_s: float) -> Vitals:
    """Of a camera with a keyframe every so many seconds, of which nothing came after that instant."""
    vitals = Vitals(started_s=0.0)
    for second in range(int(until_s) + 1):
        vitals = vitals.saw(second, "000000.mp4", 10_000 * (second // every_s + 1), float(second))
    return vitals


class Stalls:
    """A fleet of which nothing grows after the instants given; who is replaced has no next worker yet."""

    def __init__(self, vitals: Mapping[str, Vitals]) -> None:
        self.vitals = dict(vitals)
        self.replaced_s: dict[str, float] = {}
        self.held: set[str] = set()
        self.begun: list[str] = []
        self._cause = CommonCause()

    def watch(self, since_s: float, until_s: float) -> None:
        for now_s in map(float, range(int(since_s), int(until_s))):
            looks = [Look(name, judge(one, now_s), still(one, now_s), Closed()) for name, one in self.vitals.items()]
            if all(look.finding is None for look in looks):
                self._cause.all_well()
                continue
            for decision in self._cause.decide(looks, now_s):
                self.held.update(decision.held)
                self.begun += [decision.text] * decision.begins
                for name in decision.replaced:
                    self.replaced_s[name] = now_s
                    del self.vitals[name]


def test_half_with_many_keyframes_and_half_with_few_that_stop_at_once_are_held_back_for_a_minute_all_of_them() -> None:
    names = {f"cam{n}" for n in range(8)}
    fleet = Stalls({name: recorded(1 if name < "cam4" else 9, STOPPED_S) for name in sorted(names)})
    fleet.watch(STOPPED_S, STOPPED_S + 20 + PATIENCE_S)
    assert fleet.replaced_s == {}
    assert fleet.held == names, "each of them is told"
    assert fleet.begun == ["8 of 8 cameras look stalled at once: a common cause, no restarts for now"]
    fleet.watch(STOPPED_S + 20 + PATIENCE_S, STOPPED_S + 30 + PATIENCE_S)
    assert set(fleet.replaced_s) == names, "the benefit of the doubt ends"


def test_a_camera_that_stops_alone_is_replaced_at_once_beside_those_with_few_keyframes() -> None:
    now_s = STOPPED_S + 22
    fleet = Stalls({"cam0": recorded(1, STOPPED_S), **{f"cam{n}": recorded(9, now_s) for n in range(1, 8)}})
    fleet.watch(STOPPED_S, now_s)
    assert set(fleet.replaced_s) == {"cam0"}


def test_who_was_replaced_in_the_last_minute_counts_among_those_that_stall() -> None:
    """Cameras that stop one after the other, every twenty seconds: a switch that dies port by port."""
    fleet = Stalls({f"cam{n}": recorded(1, 60.0 + 20 * n) for n in range(5)})
    fleet.vitals |= {"cam5": recorded(1, 400.0)}
    fleet.watch(60.0, 60.0 + 20 * 3 + 22)
    assert {"cam0", "cam1", "cam2"} == set(fleet.replaced_s)
    assert fleet.held == {"cam3"}


class Garbage:
    """Cameras that record; of some, what is closed does not play from the first round on."""

    def __init__(self, count: int, spoilt: Iterable[int], cured_by_restart: Iterable[int] = ()) -> None:
        self.names = [f"cam{number}" for number in range(count)]
        self._spoilt = {f"cam{number}" for number in spoilt}
        self._cured_by_restart = {f"cam{number}" for number in cured_by_restart}
        self.restarts: list[str] = []
        self.held: set[str] = set()
        self.begun: list[str] = []
        self._closed = dict.fromkeys(self.names, Closed(valid=9))
        self._cause = CommonCause()
        self._now_s = 1000.0

    def close_one_each(self, every_s: float = 180.0) -> None:
        """One camera after the other closes a segment, and the watchdog looks after each."""
        for name in self.names:
            self._now_s += every_s / len(self.names)
            verdict = SegmentVerdict.BROKEN if name in self._spoilt else SegmentVerdict.GOOD
            self._closed[name] = self._closed[name].saw(verdict, "does not play")
            self._look()

    def _look(self) -> None:
        vitals = Vitals(started_s=self._now_s - 2 * START_GRACE_S, grew_s=self._now_s)
        looks = [Look(name, judge_closed(one, vitals, self._now_s), False, one) for name, one in self._closed.items()]
        if all(look.finding is None for look in looks):
            self._cause.all_well()
            return
        for decision in self._cause.decide(looks, self._now_s):
            self._obey(decision)

    def _obey(self, decision: Decision) -> None:
        self.held.update(decision.held)
        self.begun += [decision.text] * decision.begins
        for name in decision.replaced:
            self.restarts.append(name)
            self._closed[name] = Closed()
            if name in self._cured_by_restart:
                self._spoilt.discard(name)


def test_a_camera_that_alone_writes_what_does_not_play_is_replaced_each_time() -> None:
    fleet = Garbage(count=4, spoilt=[2])
    for _ in range(9):
        fleet.close_one_each()
    assert fleet.restarts == ["cam2"] * 3


def test_a_disk_that_spoils_everything_costs_one_restart_in_ten_minutes_not_one_of_each() -> None:
    fleet = Garbage(count=8, spoilt=range(8))
    rounds = 20
    for _ in range(rounds):
        fleet.close_one_each()
    assert set(fleet.restarts) == {"cam0"}
    assert len(fleet.restarts) <= 1 + rounds * 180.0 / TRIAL_AGAIN_S
    assert fleet.held == {f"cam{n}" for n in range(1, 8)}
    assert fleet.begun == ["segments of 8 of 8 cameras do not play: a common cause, no restarts but one to try"]


def test_where_a_restart_helps_the_one_that_is_tried_the_others_follow() -> None:
    fleet = Garbage(count=5, spoilt=range(4), cured_by_restart=range(4))
    for _ in range(6):
        fleet.close_one_each()
    assert sorted(fleet.restarts) == ["cam0", "cam1", "cam2", "cam3"]
    assert fleet.restarts[0] == "cam0"


def test_what_stalls_and_what_does_not_play_are_counted_apart() -> None:
    """One camera of four fell silent, and one writes garbage: neither is a common cause."""
    cause, now_s = CommonCause(), 1000.0
    silent = recorded(1, STOPPED_S)
    garbage = Closed(broken_in_a_row=3, reason="does not play")
    well = Vitals(started_s=0.0, grew_s=now_s)
    looks = [
        Look("silent", judge(silent, now_s), still(silent, now_s), Closed(valid=9)),
        Look("garbage", judge_closed(garbage, well, now_s), False, garbage),
        Look("well", None, False, Closed(valid=9)),
        Look("weller", None, False, Closed(valid=9)),
    ]
    assert [decision.replaced for decision in cause.decide(looks, now_s)] == [("silent",), ("garbage",)]
