"""Two clocks that are read as they are together."""

from __future__ import annotations

import pytest

from vmstui.recorder.clocks import at_one_instant, boot_and_wall_s
from vmstui.recording.clock import WallClock

EPOCH_S = 1_760_000_000.0


class Machine:
    """Reading a clock takes the time that is said for each reading in turn, and an instant from then on."""

    def __init__(self, *takes_s: float) -> None:
        self.now_s = 0.0
        self._takes_s = list(takes_s)

    def boot(self) -> float:
        return self._read()

    def wall(self) -> float:
        return EPOCH_S + self._read()

    def _read(self) -> float:
        self.now_s += self._takes_s.pop(0) if self._takes_s else 1e-6
        return self.now_s


@pytest.mark.parametrize("takes_s", [(0, 3), (0, 3, 0, 0, 2), (0, 0, 3, 0, 0.9, 0.9)])
def test_a_machine_that_stops_us_between_two_clocks_has_not_set_one_of_them(takes_s: tuple[float, ...]) -> None:
    busy = Machine(*takes_s)
    clock, _ = WallClock("boot").seen(*at_one_instant(busy.boot, busy.wall))
    for _ in range(3):
        clock, step_s = clock.seen(*at_one_instant(busy.boot, busy.wall))
        assert step_s == 0.0
    assert clock.eras[0].offset_s == pytest.approx(EPOCH_S, abs=0.01)


def test_a_machine_that_is_always_too_slow_gets_the_nearest_readings() -> None:
    busy = Machine(0, 3, 3, 0, 0.4, 0.4, *[1] * 30)
    boot_s, wall_s = at_one_instant(busy.boot, busy.wall)
    assert wall_s - boot_s == pytest.approx(EPOCH_S)


def test_the_clocks_of_this_machine_are_read_together() -> None:
    offsets = [wall_s - boot_s for boot_s, wall_s in (boot_and_wall_s() for _ in range(100))]
    assert max(offsets) - min(offsets) < 0.5
